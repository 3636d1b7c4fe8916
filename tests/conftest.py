"""Fixtures shared by every test: a small home with a model in force, and the real sample.

The small home is made once per machine and code version by the product's own commands, so
what the tests read is what a user would have.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Before any import of LightGBM, which the conftest files below this one bring in: OpenMP
# reads them once. Waiting threads that spin make a training several times slower here.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from model.home import Home

ROOT = Path(__file__).resolve().parent.parent
SMALL_CLIENTS = 1_500
SMALL_SEED = 11


@pytest.fixture(scope="session")
def sample() -> Path:
    """The real archive, or a sample of it, that ``PAD_SAMPLE`` names."""
    named = os.environ.get("PAD_SAMPLE")
    if not named:
        pytest.skip("PAD_SAMPLE names no real archive")
    path = Path(named)
    if not path.exists():
        pytest.fail(f"PAD_SAMPLE={named} does not exist")
    return path


@pytest.fixture(scope="session")
def small_home() -> Home:
    """A home on a fictional portfolio of 1,500 clients: lake, features, model in force."""
    return _prepared("small", source=None)


@pytest.fixture(scope="session")
def sample_home(sample: Path) -> Home:
    """A home on the real sample: lake, features, model in force."""
    return _prepared("sample", source=sample)


def _prepared(name: str, *, source: Path | None) -> Home:
    from training.pipeline import run

    cache = Path(tempfile.gettempdir()) / f"pad-tests-{os.getuid()}" / f"{name}-{_code_key()}"
    cache.mkdir(parents=True, exist_ok=True)
    home = Home(cache)
    with _locked(cache.with_suffix(".lock")):
        run(home, source, clients=SMALL_CLIENTS, seed=SMALL_SEED, progress=lambda _text: None)
    return home


def _code_key() -> str:
    digest = hashlib.sha256(str(ROOT).encode())
    for room in ("model", "training"):
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in {".py", ".toml"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One worker prepares, the others wait."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
