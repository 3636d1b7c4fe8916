"""Queues of the files that wait for a decision, and the orders they are listed in."""

from __future__ import annotations

from typing import Literal, get_args

Queue = Literal["all", "review", "unfavourable", "favourable"]
Sort = Literal["oldest", "closest", "amount"]

QUEUES: tuple[Queue, ...] = get_args(Queue)
"""All waiting files, or those of one opinion; in the order of the screens."""

SORTS: tuple[Sort, ...] = get_args(Sort)
"""First come, closest to the cut-off, largest amount."""
