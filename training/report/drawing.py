"""Figures of the papers as marks in points; ``theme.typ`` draws them, in vectors, with real text.

A drawing knows no library: lines, areas, rectangles, dots and words, coloured by token. What a
chart means is in `training.report.figures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from model import locale

Point = tuple[float, float]
Anchor = Literal["left", "centre", "right"]

SMALL = 7.6
"""Size of the words in a figure, points."""


@dataclass(slots=True)
class Drawing:
    """Marks on a sheet whose origin is its top left corner.

    Attributes
    ----------
    width, height : points
    alt : what the figure shows, in a sentence
    marks : in the order of drawing
    """

    width: float
    height: float
    alt: str
    marks: list[dict[str, Any]] = field(default_factory=list)

    def line(
        self, points: Sequence[Point], colour: str, *, weight: float = 1.0, dashed: bool = False
    ) -> None:
        """A line through points."""
        self._add("line", p=_rounded(points), c=colour, w=weight, d=dashed)

    def area(self, points: Sequence[Point], colour: str) -> None:
        """A filled polygon."""
        self._add("area", p=_rounded(points), c=colour)

    def rect(
        self, x: float, y: float, width: float, height: float, colour: str, *, radius: float = 0.0
    ) -> None:
        """A filled rectangle."""
        self._add("rect", x=_r(x), y=_r(y), w=_r(width), h=_r(height), c=colour, r=radius)

    def dot(self, x: float, y: float, colour: str, *, radius: float = 2.6, hollow: bool = False) -> None:
        """A disc ringed in the page's colour, or a ring."""
        self._add("dot", x=_r(x), y=_r(y), c=colour, r=radius, o=hollow)

    def words(
        self,
        text: str,
        x: float,
        y: float,
        *,
        colour: str = "axis",
        size: float = SMALL,
        weight: int = 400,
        anchor: Anchor = "left",
    ) -> None:
        """Text whose middle line is at `y`."""
        self._add("text", t=text, x=_r(x), y=_r(y), c=colour, s=size, w=weight, a=anchor)

    def as_json(self) -> dict[str, Any]:
        """What ``theme.typ`` reads."""
        return {"width": self.width, "height": self.height, "alt": self.alt, "marks": self.marks}

    def _add(self, mark: str, **values: Any) -> None:
        self.marks.append({"m": mark, **values})


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to points of the sheet."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """At most so many round values within."""
        return nice_ticks(self.low, self.high, most)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most `most` round values from `low` to `high`.

    >>> nice_ticks(0, 17.3)
    [0.0, 5.0, 10.0, 15.0]
    """
    if not high > low:
        return [low]
    for power in range(-12, 13):
        for base in (1.0, 2.0, 2.5, 5.0):
            step = base * 10.0**power
            first, last = int(-(-low // step)), int(high // step)
            if last - first + 1 <= most:
                return [round(step * i, 12) for i in range(first, last + 1)]
    return [low, high]


def plain_numbers(ticks: Sequence[float], *, language: str = "fr", signed: bool = False) -> list[str]:
    """The values with the decimals that all of them need."""
    digits = next((n for n in range(5) if all(round(tick, n) == tick for tick in ticks)), 5)
    return [locale.number(tick, language, digits=digits, signed=signed) for tick in ticks]


def percents(ticks: Sequence[float], *, language: str = "fr") -> list[str]:
    """Shares as whole per cent where they are."""
    whole = all(abs(100 * tick - round(100 * tick)) < 1e-9 for tick in ticks)
    return [locale.percent(tick, language, digits=0 if whole else 1) for tick in ticks]


def grid_across(
    drawing: Drawing,
    across: Scale,
    ticks: Sequence[float],
    words: Sequence[str],
    *,
    top: float,
    bottom: float,
    grid: bool = True,
) -> None:
    """Vertical hairlines with their words under `bottom`."""
    for tick, label in zip(ticks, words, strict=True):
        if grid:
            drawing.line([(across(tick), top), (across(tick), bottom)], "grid", weight=0.7)
        drawing.words(label, across(tick), bottom + 7, anchor="centre")


def grid_up(
    drawing: Drawing, up: Scale, ticks: Sequence[float], words: Sequence[str], *, left: float, right: float
) -> None:
    """Horizontal hairlines with their words left of `left`."""
    for tick, label in zip(ticks, words, strict=True):
        drawing.line([(left, up(tick)), (right, up(tick))], "grid", weight=0.7)
        drawing.words(label, left - 5, up(tick), anchor="right")


def interval_row(
    drawing: Drawing,
    across: Callable[[float], float],
    y: float,
    estimate: dict[str, float],
    colour: str,
    *,
    radius: float = 2.8,
    hollow: bool = False,
) -> None:
    """A dot with its interval, lying."""
    drawing.line([(across(estimate["low"]), y), (across(estimate["high"]), y)], colour, weight=1.2)
    drawing.dot(across(estimate["value"]), y, colour, radius=radius, hollow=hollow)


def _r(value: float) -> float:
    return round(float(value), 2)


def _rounded(points: Sequence[Point]) -> list[list[float]]:
    return [[_r(x), _r(y)] for x, y in points]
