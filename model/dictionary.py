"""The words and the rules of every variable, read from ``dictionary.toml``."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("dictionary.toml")


@cache
def _rules() -> dict[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


THEMES: tuple[str, ...] = tuple(theme["name"] for theme in _rules()["themes"])
CODES: tuple[str, ...] = tuple(row["code"] for row in _rules()["codes"])
GROUNDS: tuple[str, ...] = tuple(row["ground"] for row in _rules()["exclusions"])


def _first(section: str, feature: str) -> dict[str, Any] | None:
    for pattern, row in _patterns(section):
        if pattern.search(feature):
            return row
    return None


@cache
def _patterns(section: str) -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    return tuple((re.compile(pattern), row) for row in _rules()[section] for pattern in row["patterns"])


@lru_cache(maxsize=8192)
def excluded(feature: str) -> str | None:
    """Ground on which the champion may not read `feature`, or ``None``."""
    row = _first("exclusions", feature)
    return row["ground"] if row else None


@lru_cache(maxsize=8192)
def direction(feature: str) -> int:
    """Monotone constraint: −1 more never raises the risk, +1 never lowers it, 0 free."""
    if excluded(feature):
        return 0
    row = _first("monotone", feature)
    return row["direction"] if row else 0


@lru_cache(maxsize=8192)
def code_of(feature: str) -> str | None:
    """The one reason code that speaks for `feature`; ``None`` for an excluded feature."""
    if excluded(feature):
        return None
    row = _first("codes", feature)
    return row["code"] if row else None


@cache
def theme_of(code: str) -> str:
    """Theme of a reason code."""
    return next(row["theme"] for row in _rules()["codes"] if row["code"] == code)


def theme_label(theme: str, language: str) -> str:
    """Name of a theme on screen."""
    return next(row[language] for row in _rules()["themes"] if row["name"] == theme)
