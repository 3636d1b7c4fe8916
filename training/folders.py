"""Replacing a folder in one move: a reader sees the old one or the new one, whole."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.processes import alive

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target`; it takes the target's place when the block succeeds.

    When the block fails or is interrupted the new folder is removed and the old target is
    untouched. What a killed process left behind is removed by the next call.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}.new-"
    _remove_leftovers(target.parent, prefix)
    fresh = target.parent / f"{prefix}{os.getpid()}"
    fresh.mkdir()
    try:
        yield fresh
        _exchange(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _remove_leftovers(parent: Path, prefix: str) -> None:
    for path in parent.glob(f"{prefix}*"):
        process = path.name.removeprefix(prefix)
        if not process.isdigit() or int(process) == os.getpid() or not alive(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _exchange(fresh: Path, target: Path) -> None:
    """Swap the two names; afterwards `fresh` is what stood at `target`, if anything."""
    if not target.exists():
        fresh.rename(target)
        return
    if _exchange_at_once(fresh, target):
        return
    # File systems without exchange (some network mounts): two renames, the old one kept between them.
    old = fresh.with_name(f"{fresh.name}-old")
    target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        old.rename(target)
        raise
    old.rename(fresh)


def _exchange_at_once(one: Path, other: Path) -> bool:
    """``renameat2(RENAME_EXCHANGE)`` of Linux, which Python does not offer."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    done: int = call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return done == 0
