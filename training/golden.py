"""Load a bundle and score its golden rows in a process of its own.

``python -m training.golden FOLDER DIGEST``: exit code 0 when it may be served.

A damaged model text can abort the process that parses it; it must not be the one that
decides what is served.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from model.bundle import check_golden, library_versions, load_bundle
from model.dictionary import excluded
from model.errors import IntegrityError, PadError
from model.home import Home
from model.version import code_version

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_SECONDS = 300


def check_in_child(home: Home, folder: Path, digest: str) -> None:
    """Refuse a bundle that does not load, scores otherwise here, or reads what it may not.

    The result is kept by digest, library and code versions: a bundle already found right is
    not loaded again.

    Raises
    ------
    IntegrityError
        With the child's own words, or the signal that ended it.
    """
    note = home.stamps / f"golden-{digest}.json"
    conditions = {"libraries": library_versions(), "code": code_version()}
    if note.exists() and note.read_text() == json.dumps(conditions):
        return
    command = [sys.executable, "-m", "training.golden", str(folder), digest]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    try:
        child = subprocess.run(
            command, env=environment, cwd=_ROOT, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _refused(digest, f"the check took more than {_PATIENCE_SECONDS} s") from None
    if child.returncode != 0:
        raise _refused(digest, _last_words(child))
    home.stamps.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(conditions))
    partial.replace(note)


def _last_words(child: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in child.stderr.splitlines() if line.strip()]
    if child.returncode < 0:
        return f"the process that loaded it died by signal {-child.returncode}"
    return lines[-1] if lines else f"the process that loaded it ended with code {child.returncode}"


def _refused(digest: str, reason: str) -> IntegrityError:
    return IntegrityError(
        f"bundle {digest[:12]} is refused: {reason}. What is served has not changed.",
        code="bundle_refused",
        digest=digest,
    )


def main(folder: Path, digest: str) -> int:
    """Exit code 0 when the bundle may be served."""
    try:
        bundle = load_bundle(folder, digest)
        check_golden(bundle)
        refuse_excluded(bundle.features)
    except PadError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    return 0


def refuse_excluded(features: tuple[str, ...]) -> None:
    """L9: a model that reads an excluded group is never put in force.

    Raises
    ------
    IntegrityError
        Names the features and the ground of their exclusion.
    """
    met = {feature: ground for feature in features if (ground := excluded(feature)) is not None}
    if met:
        shown = ", ".join(f"{feature} ({ground})" for feature, ground in list(met.items())[:5])
        raise IntegrityError(
            f"the model reads {len(met)} features that a score may not use: {shown}. "
            "It can be compared, never put in force",
            code="excluded_features",
            features=sorted(met),
        )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
