"""One training, promotion or client book at a time in a home."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import UnavailableError
from model.home import Home

_WORKING_FOLDERS = (
    ".training-*",
    "bundles/.pulling-*",
    "bundles/.writing-*",
    "books/.writing-*",
    "oof/.pulling-*",
)


@contextmanager
def exclusive(home: Home, command: str) -> Iterator[None]:
    """Hold the home's lock while `command` works.

    The lock belongs to the open file, so the operating system gives it back when the
    process ends, however it ends: a note left by a dead process locks nothing.

    Raises
    ------
    UnavailableError
        Somebody else holds it; the message names his command, process and start.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "training.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(_who(file.name, command), code="locked") from None
        file.truncate(0)
        json.dump({"command": command, "pid": os.getpid(), "since": time.strftime("%FT%T%z")}, file)
        file.flush()
        try:
            for pattern in _WORKING_FOLDERS:
                for leftover in home.root.glob(pattern):
                    remove_folder(leftover)
            yield
        finally:
            file.truncate(0)


def remove_folder(folder: Path) -> None:
    """Remove a folder with its sealed, read-only folders."""
    for inner in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        inner.chmod(0o755)
    shutil.rmtree(folder)


def _who(path: str, command: str) -> str:
    try:
        with open(path) as file:
            holder = json.load(file)
        held = f"`{holder['command']}` (process {holder['pid']}, since {holder['since']}) holds {path}"
    except (ValueError, KeyError):  # taken a moment ago, its note not written yet
        held = f"another command holds {path}"
    return f"{command} cannot start: {held}. Wait for it to end, or stop it."
