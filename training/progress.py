"""How long work speaks: a callable that takes one line of text."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

Progress = Callable[[str], None]
"""Called with one finished step in words, e.g. ``"bureau: 49,227 rows"``."""


def silent(text: str) -> None:
    """Say nothing (tests, library use)."""


def spoken() -> Progress:
    """Make a progress that prints to stderr, each line with the seconds since it was made."""
    start = time.perf_counter()

    def say(text: str) -> None:
        click.echo(f"[{time.perf_counter() - start:6.1f} s] {text}", err=True)

    return say
