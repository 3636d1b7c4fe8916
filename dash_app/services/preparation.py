"""What ``make run`` is doing while there is nothing to serve yet, for the start page."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from model.home import Home
from model.processes import alive

MOST_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Preparation:
    """Where the line of steps stands.

    Attributes
    ----------
    step
        Name of the running step, as the command line prints it.
    number, total
        Its place among the steps, from 1.
    seconds
        Time since it started.
    error
        Why the line stopped, in the command line's words; ``None`` while it runs.
    """

    step: str
    number: int
    total: int
    seconds: float
    error: str | None


def read_preparation(home: Home) -> Preparation | None:
    """Return what runs, or what stopped with an error; ``None`` when nothing does.

    The file is written by another process: half a file, another shape or a process that is gone
    read as nothing.
    """
    try:
        text = home.preparation.read_text(encoding="utf-8")[:MOST_BYTES]
        state = json.loads(text)
        steps, running = list(state["steps"]), state["running"]
        error = state.get("error")
        if running not in steps or (error is None and not alive(int(state["process"]))):
            return None
        return Preparation(
            step=str(running),
            number=steps.index(running) + 1,
            total=len(steps),
            seconds=max(0.0, time.time() - float(state["since"])),
            error=None if error is None else str(error),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
