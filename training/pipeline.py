"""The whole line, step by step: each step runs only when what it reads has changed.

portfolio (or the archive) → ingest → features → train → promote (with pull and client
book); then the challenger, once something is served. After a step succeeds its stamp in
``$PAD_HOME/stamps`` keeps the fingerprint of what it read; a step whose fingerprint is
unchanged and whose result is still there is skipped without importing anything heavy. A step
that is stopped leaves no stamp and runs again; every step replaces its result in one move, so
nothing half-written is ever read.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from model.errors import InputError, PadError, UnavailableError
from model.home import Home
from training.progress import Progress

INGEST_MODULES = ("ingest", "sources", "folders", "table_file", "reading", "refusals", "table_checks")
"""What only the ingest reads: a change here leaves the trained model as it is."""

TRAIN_MODULES = (
    "boosting",
    "bundle_model",
    "calibrate",
    "dataset",
    "evaluation",
    "evidence",
    "experiment",
    "export",
    "fairness",
    "figures",
    "folds",
    "history",
    "importance",
    "matrix",
    "pruning",
    "recipe",
    "record",
    "stability",
    "train",
    "uncertainty",
)
"""What makes the trained model; the rest of this room compares, registers or shows it."""

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the line.

    Attributes
    ----------
    name : as shown to people and used for the stamp
    fingerprint : digest of everything the step reads, data and code
    present : whether its result is in place
    work : does it; returns one line that names what was made
    """

    name: str
    fingerprint: Callable[[], str]
    present: Callable[[], bool]
    work: Callable[[], str]


def run(
    home: Home,
    source: Path | None = None,
    *,
    clients: int = 20_000,
    seed: int = 7,
    allow_missing: tuple[str, ...] = (),
    progress: Progress,
) -> str:
    """Bring the model in force up to date with `source` (default: the fictional portfolio).

    Parameters
    ----------
    home : where everything is written
    source : archive (zip) or folder of the seven tables; ``None`` = fictional portfolio
    clients, seed : size and seed of the fictional portfolio
    allow_missing : tables that the archive may lack
    progress : receives one line per event

    Returns
    -------
    str
        One closing line that names the pointer.

    Raises
    ------
    PadError
        From the step that refuses; the steps before it keep their result.
    """
    if source is not None and not source.exists():
        raise InputError(f"{source}: no such archive or folder. Give the path of the zip, or of the folder.")
    steps = _steps(home, source, clients, seed, allow_missing, progress)
    preparation = Preparation(home, [step.name for step in steps])
    try:
        for number, step in enumerate(steps, start=1):
            _run_step(home, step, f"[{number}/{len(steps)}] {step.name}", progress, preparation)
    except PadError as error:
        preparation.failed(error.detail)
        raise
    preparation.ended()
    _run_beside(home, _challenger(home, progress), progress)
    return f"in force: {home.pointer}"


def _run_beside(home: Home, step: Step, progress: Progress) -> None:
    """A step that nothing served depends on: its failure is told and ends nothing."""
    try:
        _run_step(home, step, step.name, progress)
    except PadError as error:
        progress(f"{step.name}: failed, what is served has not changed: {error.detail}")


def _run_step(
    home: Home, step: Step, title: str, progress: Progress, preparation: Preparation | None = None
) -> None:
    fingerprint = step.fingerprint()
    if _read_stamp(home, step.name) == fingerprint and step.present():
        progress(f"{title}: unchanged, skipped")
        return
    progress(f"{title}: started")
    if preparation is not None:
        preparation.started(step.name)
    started = time.monotonic()
    made = step.work()
    _write_stamp(home, step.name, fingerprint)
    progress(f"{title}: done in {time.monotonic() - started:.0f} s, {made}")


class Preparation:
    """What the start page shows while the line runs: ``$PAD_HOME/preparation.json``.

    ``{"steps": [...], "running": name or null, "since": epoch seconds, "process": pid,
    "error": sentence or null}``; the file goes when the line has ended.
    """

    def __init__(self, home: Home, steps: list[str]) -> None:
        self._path = home.preparation
        self._state: dict[str, object] = {
            "steps": steps,
            "running": None,
            "since": time.time(),
            "process": os.getpid(),
            "error": None,
        }

    def started(self, step: str) -> None:
        self._state |= {"running": step, "since": time.time()}
        self._write()

    def failed(self, sentence: str) -> None:
        self._state |= {"error": sentence}
        self._write()

    def ended(self) -> None:
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        _replace_text(self._path, json.dumps(self._state))


def _steps(
    home: Home,
    source: Path | None,
    clients: int,
    seed: int,
    allow_missing: tuple[str, ...],
    progress: Progress,
) -> list[Step]:
    archive = source if source is not None else home.portfolio

    def make_portfolio() -> str:
        from training.portfolio import write_portfolio

        write_portfolio(home.portfolio, clients=clients, seed=seed, progress=progress)
        return f"{clients} fictional clients in {home.portfolio}"

    def ingest_archive() -> str:
        from training.ingest import ingest
        from training.lock import exclusive

        with exclusive(home, "ingest"):
            ingest(archive, home, allow_missing=allow_missing, progress=progress)
        return f"seven tables in {home.lake}"

    def make_features() -> str:
        from training.lock import exclusive
        from training.matrix import build_matrix

        with exclusive(home, "features"):
            return f"matrix in {build_matrix(home, progress=progress)}"

    def train_model() -> str:
        from training.train import train

        trained = train(home, progress=progress)
        return f"version {trained.version} of credit-scoring registered"

    def put_in_force() -> str:
        from training.registry import promote_newest

        return promote_newest(home, progress=progress)

    portfolio_step = Step(
        "portfolio",
        lambda: _digest(
            "portfolio",
            clients,
            seed,
            _code("training/portfolio/*", "training/folders.py", "model/tables.py"),
        ),
        lambda: (home.portfolio / "portfolio.json").exists(),
        make_portfolio,
    )
    line = [
        Step(
            "ingest",
            lambda: _digest(
                "ingest",
                str(archive.resolve()),
                _files_state(archive),
                allow_missing,
                _code(
                    *(f"training/{name}.py" for name in INGEST_MODULES),
                    "model/tables.py",
                ),
            ),
            lambda: (home.lake / "manifest.json").exists(),
            ingest_archive,
        ),
        Step(
            "features",
            lambda: _digest(
                "features",
                _bytes_of(home.lake / "manifest.json"),
                _code("model/tables.py", "model/features/**/*", "training/matrix.py"),
            ),
            home.features.exists,
            make_features,
        ),
        Step(
            "train",
            lambda: _digest(
                "train",
                _bytes_of(home.lake / "manifest.json"),
                _files_state(home.features),
                _bytes_of(home.root / "recipe.json"),
                _code("model/**/*", *(f"training/{name}.py" for name in TRAIN_MODULES)),
            ),
            lambda: (home.mlflow / "mlflow.db").exists() or "MLFLOW_TRACKING_URI" in os.environ,
            train_model,
        ),
        Step(
            "promote",
            lambda: _digest("promote", _read_stamp(home, "train")),
            home.pointer.exists,
            put_in_force,
        ),
    ]
    return line if source is not None else [portfolio_step, *line]


def _challenger(home: Home, progress: Progress) -> Step:
    def train_beside() -> str:
        # A process of its own: whatever ends it, memory included, leaves this one and the server.
        child = subprocess.Popen(
            [sys.executable, "-m", "training", "challenger"],
            cwd=_ROOT,
            env={**os.environ, "PAD_HOME": str(home.root), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert child.stdout is not None
        last = "no word"
        for line in child.stdout:
            last = line.strip() or last
            progress(last)
        if child.wait() != 0:
            raise UnavailableError(last, code="challenger_failed")
        return last

    return Step(
        "challenger",
        lambda: _digest(
            "challenger",
            _bytes_of(home.lake / "manifest.json"),
            _files_state(home.features),
            _code(
                "model/features/**/*",
                *(
                    f"training/{name}.py"
                    for name in ("boosting", "calibrate", "challenger", "dataset", "evaluation", "folds")
                ),
            ),
        ),
        lambda: True,
        train_beside,
    )


def _read_stamp(home: Home, name: str) -> str | None:
    try:
        stamp = json.loads((home.stamps / f"{name}.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return stamp.get("fingerprint")


def _write_stamp(home: Home, name: str, fingerprint: str) -> None:
    stamp = {"fingerprint": fingerprint, "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    _replace_text(home.stamps / f"{name}.json", json.dumps(stamp))


def _replace_text(path: Path, text: str) -> None:
    """Write in one move, so that a reader sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _bytes_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "absent"


def _files_state(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and modification time of a file, or of each file of a folder."""
    files: Iterable[Path] = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [(str(f.name), f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]


def _code(*patterns: str) -> str:
    """Digest of the source files that define a step."""
    digest = hashlib.sha256()
    files = sorted({path for pattern in patterns for path in _ROOT.glob(pattern)})
    for path in files:
        if path.suffix in {".py", ".toml"}:
            digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
