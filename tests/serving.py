"""The product as a person starts it, its log kept for the failure that needs it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import ROOT, launched
from model.home import Home

__all__ = ["ROOT", "Server", "served"]


@dataclass(frozen=True)
class Server:
    """A running server; `process` is gunicorn's master."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def served(home: Home, log: Path, *, ready: bool = True, **environment: str) -> Iterator[Server]:
    """Serve `home` until the block ends; `ready` waits for ``/health/ready`` to answer 200."""
    path = "/health/ready" if ready else "/health/live"
    try:
        with log.open("wb") as output, launched(home.root, path=path, output=output, **environment) as server:
            yield Server(f"http://127.0.0.1:{server.port}", server.process, log)
    except TimeoutError as error:
        error.add_note(log.read_text()[-4000:])
        raise
