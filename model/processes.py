"""Whether a process that left its number behind is still there."""

from __future__ import annotations

import os


def alive(process: int) -> bool:
    """Whether a process of that number runs on this machine, ours or another user's."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
