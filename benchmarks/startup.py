"""Seconds from launch to ready, own work beyond imports, and memory of the workers.

    python -m benchmarks.startup HOME [--clients 356255] [--repeat 3]

PSS (proportional set size) counts a shared page once over all processes; it is summed over
gunicorn's master and workers after the same 240 requests, spread over the workers: the pages
of the client book that these requests touch are in both figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from statistics import median

import click
import numpy as np

from benchmarks.large_book import repeat_book
from benchmarks.server import ROOT, Running, running
from model.home import Home
from model.pointer import read_pointer

REQUESTS = 240

# What the process does itself: imports first, then the factory, timed apart.
_OWN_WORK = """
import json, time
from dash_app.lean import import_lightgbm_alone
begun = time.perf_counter()
import_lightgbm_alone()
import wsgi, model.assess, model.book, model.bundle, model.case, model.pointer
from dash_app.settings import load_settings
imported = time.perf_counter()
wsgi.build(load_settings())
print(json.dumps([imported - begun, time.perf_counter() - imported]))
"""


@click.command()
@click.argument("home", type=click.Path(exists=True, file_okay=False, path_type=Path), default="var")
@click.option("--clients", default=0, help="Repeat the client book in force to so many clients.")
@click.option("--repeat", default=3, show_default=True, help="Starts measured; the median is shown.")
def main(home: Path, clients: int, repeat: int) -> None:
    """Measure start-up and memory on what is in force in HOME."""
    home = home.resolve()
    with tempfile.TemporaryDirectory() as folder:
        if clients:
            repeat_book(Home(home), Home(Path(folder)), clients=clients)
            home = Path(folder)
        _report(home, repeat)
        _unlock(Path(folder))


def _report(home: Path, repeat: int) -> None:
    own = [_own_work(home) for _ in range(repeat)]
    starts = []
    for _ in range(repeat):
        with running(home, workers=2) as server:
            starts.append(server.started)
    one, four = _memory(home, workers=1), _memory(home, workers=4)
    imports, work = (median(part) for part in zip(*own, strict=True))
    click.echo(f"{_clients(home)} clients in the book")
    click.echo(f"launch to /health/ready: {median(starts):.2f} s (median of {repeat})")
    click.echo(f"imports {imports:.2f} s, own work {work:.2f} s (median of {repeat})")
    click.echo(
        f"PSS, master and workers: 1 worker {one:.0f} MB, 4 workers {four:.0f} MB, ratio {four / one:.2f}"
    )


def _own_work(home: Path) -> tuple[float, float]:
    told = subprocess.run(
        [sys.executable, "-c", _OWN_WORK],
        cwd=ROOT,
        env={**os.environ, "PAD_HOME": str(home), "OMP_NUM_THREADS": "1", "PAD_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    imports, work = json.loads(told.stdout.splitlines()[-1])
    return imports, work


def _memory(home: Path, *, workers: int) -> float:
    ids = _ids(home)
    with running(home, workers=workers) as server:
        for client in np.random.default_rng(0).choice(ids, REQUESTS).tolist():
            body = json.dumps({"client_id": client}).encode()
            asked = urllib.request.Request(
                f"http://127.0.0.1:{server.port}/api/predict", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(asked, timeout=30):
                pass
        return sum(_pss(process) for process in _family(server))


def _family(server: Running) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [server.process.pid, *map(int, children)]


def _pss(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this system tells no PSS")


def _ids(home: Path) -> np.ndarray:
    pointer = read_pointer(Home(home))
    assert pointer is not None and pointer.book is not None
    return np.load(home / "books" / pointer.book / "ids.npy", mmap_mode="r")


def _clients(home: Path) -> int:
    return len(_ids(home))


def _unlock(folder: Path) -> None:
    """Sealed folders are read-only: let the temporary folder go."""
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


if __name__ == "__main__":
    main()
