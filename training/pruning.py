"""Which features are kept: the strongest by gain, and never a code that could not say its reason.

The sentence of most reason codes shows one of a few fields. A model that kept other features of
the code and none of those fields would lower or raise a client's probability without a word for
it. So a code enters the model with the strongest field that its sentence can show.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.dictionary import code_of
from model.reasons import can_be_shown


def strongest(gain: np.ndarray, features: Sequence[str], keep: int) -> np.ndarray:
    """Positions of the kept features, in column order.

    Parameters
    ----------
    gain : (k,) of a booster grown on all candidates
    features : k names of the candidates
    keep : number that is kept

    Returns
    -------
    (min(keep, k),) ascending; of two equal gains the first column is the stronger
    """
    order = np.argsort(-np.asarray(gain, dtype=np.float64), kind="stable").tolist()
    codes = [code_of(features[column]) for column in range(len(features))]
    shown: dict[str, int] = {}
    for column in reversed(order):
        code = codes[column]
        if code is not None and can_be_shown(features[column]):
            shown[code] = column
    chosen: dict[int, None] = {}
    for column in order:
        field = shown.get(codes[column] or "")
        for entering in (field, column):
            if entering is not None and len(chosen) < keep:
                chosen[entering] = None
    return np.sort(np.array(list(chosen), dtype=np.intp))
