"""Spark: where a value lies in the portfolio, as a small SVG picture made by the server.

A picture in ``<img>`` cannot read the page's CSS variables; it holds both themes and follows the
``color-scheme`` of the element that shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash_app.charts.template import DARK, LIGHT, Look

WIDTH, HEIGHT, FLOOR = 148, 34, 28
_HIGHEST_BAR = 22
_ESCAPED = str.maketrans({c: f"%{ord(c):02X}" for c in '%#<>"'})
"""All that a data URI may not hold as it is; ``urllib`` would look at each letter."""


class SparkData(NamedTuple):
    """Bars of the portfolio and two places on their axis.

    Attributes
    ----------
    counts : files in each bin
    value : this client's place, 0 (left end) to 1 (right end)
    reference : place of the accepted clients' median, or None
    """

    counts: tuple[int, ...]
    value: float
    reference: float | None

    def turned(self) -> SparkData:
        """The same with its axis the other way round."""
        reference = None if self.reference is None else 1 - self.reference
        return SparkData(self.counts[::-1], 1 - self.value, reference)


def data(counts: Sequence[int], value: float, reference: float | None) -> SparkData:
    """Places are clipped to the axis."""
    return SparkData(
        tuple(int(n) for n in counts), _clip(value), None if reference is None else _clip(reference)
    )


def place(edges: Sequence[float], value: float) -> float:
    """Place of a value on an axis that gives each bin the same width.

    Parameters
    ----------
    edges : bin bounds, ascending; the first and the last may be infinite
    value : in the same unit

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> place([0, 10, 30], 20)
    0.75
    """
    bins = len(edges) - 1
    inside = next((i for i in range(bins) if value < edges[i + 1]), bins - 1)
    low, high = edges[inside], edges[inside + 1]
    width = high - low
    within = 0.5 if not 0 < width < float("inf") else min(max((value - low) / width, 0.0), 1.0)
    return (inside + within) / bins


def svg(d: SparkData) -> str:
    """The picture: soft bars, dashed accepted median, this client in ink."""
    step = WIDTH / len(d.counts)
    highest = max(*d.counts, 1)
    bars = "".join(
        f'<rect class="b" x="{i * step + 0.6:.1f}" y="{FLOOR - h:.1f}" '
        f'width="{max(step - 1.2, 0.6):.1f}" height="{h:.1f}" rx="1"/>'
        for i, h in enumerate(max(n / highest * _HIGHEST_BAR, 0.8 if n else 0) for n in d.counts)
    )
    dashed = ""
    if d.reference is not None:
        x = f"{d.reference * WIDTH:.1f}"
        dashed = f'<line class="r" x1="{x}" x2="{x}" y1="7" y2="29"/>'
    me = f"{min(max(d.value * WIDTH, 5.5), WIDTH - 5.5):.1f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"<style>{_rules(LIGHT)}@media(prefers-color-scheme:dark){{{_rules(DARK)}}}</style>"
        f'<line class="l" x1="0" x2="{WIDTH}" y1="28.5" y2="28.5"/>{bars}{dashed}'
        f'<line class="m" x1="{me}" x2="{me}" y1="3" y2="29"/>'
        f'<circle class="c" cx="{me}" cy="{FLOOR}" r="4.5"/></svg>'
    )


def source(d: SparkData) -> str:
    """Data URI of the picture, for ``html.Img(src=…)``."""
    return "data:image/svg+xml," + svg(d).translate(_ESCAPED)


def _rules(look: Look) -> str:
    return (
        f".b{{fill:{look('c-all-soft')}}}.l{{stroke:{look('line-strong')}}}"
        f".r{{stroke:{look('muted')};stroke-width:1.25;stroke-dasharray:2 2}}"
        f".m{{stroke:{look('c-me')};stroke-width:1.5}}"
        f".c{{fill:{look('c-me')};stroke:{look('page')};stroke-width:2}}"
    )


def _clip(place: float) -> float:
    return min(max(place, 0.0), 1.0)
