"""Starts the product as the Procfile does, on its own port and with its own store."""

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

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Running:
    """A server under measurement: `started` is the seconds from launch to ready."""

    port: int
    process: subprocess.Popen[bytes]
    started: float


@contextlib.contextmanager
def running(home: Path, *, workers: int, threads: int = 4) -> Iterator[Running]:
    """Serve `home` until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        environment = {
            **os.environ,
            "PAD_HOME": str(home),
            "PORT": str(port),
            "PAD_WORKERS": str(workers),
            "PAD_THREADS": str(threads),
            "PAD_LOG_LEVEL": "WARNING",
            "PAD_DATABASE_URL": f"sqlite:///{folder}/store.db",
            "OMP_NUM_THREADS": "1",
        }
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:server"],
            cwd=ROOT,
            env=environment,
        )
        try:
            _wait(port, process)
            yield Running(port, process, time.perf_counter() - begun)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    limit = time.perf_counter() + seconds
    while time.perf_counter() < limit and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise SystemExit("the server did not become ready")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
