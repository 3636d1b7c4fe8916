"""LightGBM without what it imports merely because it is installed.

``import lightgbm`` pulls scikit-learn and pandas in when it finds them: 4 s and 130 MB that a
server never uses, as it gives arrays to a ``Booster``. Hidden while LightGBM is imported, they
stay out; anything that wants them later gets them. Only gunicorn's master calls this: a
process that also trains needs the whole library.
"""

from __future__ import annotations

import importlib
import sys

UNUSED = ("sklearn", "pandas", "matplotlib", "graphviz", "dask")


def import_lightgbm_alone() -> None:
    """Import LightGBM with its optional companions hidden; nothing to do when it is there already."""
    if "lightgbm" in sys.modules:
        return
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
