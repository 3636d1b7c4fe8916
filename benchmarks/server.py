"""Starts the product as the Procfile does: gunicorn with the project's configuration, on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Running:
    """A server: `process` is gunicorn's master, `started` the seconds from launch to its first answer."""

    port: int
    process: subprocess.Popen[bytes]
    started: float


@contextlib.contextmanager
def launched(
    home: Path, *, path: str = "/health/ready", output: IO[bytes] | None = None, **environment: str
) -> Iterator[Running]:
    """Serve `home` until the block ends, which begins when `path` answers 200.

    Raises
    ------
    TimeoutError
        The server ended, or did not answer in time.
    """
    port = _free_port()
    variables = {"PAD_HOME": str(home), "PORT": str(port), "OMP_NUM_THREADS": "1", **environment}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:server"],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )
    try:
        _wait(f"http://127.0.0.1:{port}{path}", process)
        yield Running(port, process, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running(home: Path, *, workers: int, threads: int = 4) -> Iterator[Running]:
    """A server under measurement: quiet, and with a store of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        launched(
            home,
            PAD_WORKERS=str(workers),
            PAD_THREADS=str(threads),
            PAD_LOG_LEVEL="WARNING",
            PAD_DATABASE_URL=f"sqlite:///{folder}/store.db",
        ) as server,
    ):
        yield server


def _wait(url: str, process: subprocess.Popen[bytes], seconds: float = 90) -> None:
    limit = time.perf_counter() + seconds
    while time.perf_counter() < limit and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise TimeoutError(f"the server did not answer {url}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
