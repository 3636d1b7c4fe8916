"""Importance: mean absolute effect of each code or feature, in points of probability.

The thin line on each bar is its spread over the models of the other folds: what would have
been read had the model been trained on other clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash_app.charts.template import (
    LABEL_SIZE,
    LIVE,
    Figure,
    Look,
    Table,
    caption,
    figure_of,
    nice_ticks,
    row_axis,
    row_name,
    spread,
    text,
    tick_digits,
)
from dash_app.i18n import t
from model import locale

DRAWN = 15
_ROW, _NARROW_ROW, _BAR = 29, 42, 15

_HEADINGS = {"code": "code", "feature": "feature", "theme": "group"}


class Bar(NamedTuple):
    """One code or feature.

    Attributes
    ----------
    name : code (``R11``) or column
    label, theme : their words
    mean : mean absolute effect, points
    low, high : its spread over the folds, points; the mean may lie outside
    """

    name: str
    label: str
    theme: str
    mean: float
    low: float
    high: float


class ImportanceData(NamedTuple):
    """Bars by falling effect, of which the first :data:`DRAWN` are drawn, and the chosen one.

    Attributes
    ----------
    kind : ``code``, ``theme`` or ``feature``
    selected : name of the chosen bar, or None
    """

    bars: tuple[Bar, ...]
    kind: str
    selected: str | None

    @property
    def drawn(self) -> tuple[Bar, ...]:
        """The first bars; the chosen one is always among them."""
        first = self.bars[:DRAWN]
        return first + tuple(bar for bar in self.bars[DRAWN:] if bar.name == self.selected)


def data(bars: Sequence[Bar], *, kind: str, selected: str | None) -> ImportanceData:
    """Sort the bars; ties by name."""
    return ImportanceData(tuple(sorted(bars, key=lambda bar: (-bar.mean, bar.name))), kind, selected)


def figure(d: ImportanceData, language: str, *, narrow: bool = False, look: Look = LIVE) -> Figure:
    """Horizontal bars from the largest; the chosen one in violet."""
    bars = d.drawn
    row = _NARROW_ROW if narrow else 35 if d.kind == "feature" else _ROW
    top = max((max(bar.high, bar.mean) for bar in bars), default=1.0) * 1.18 or 1.0
    ticks = nice_ticks(0, top, 4)
    chosen = [bar.name == d.selected for bar in bars]
    trace: Figure = {
        "type": "bar",
        "orientation": "h",
        "x": [bar.mean for bar in bars],
        "y": list(range(len(bars))),
        "width": _BAR / row,
        "marker": {"color": [look("accent") if mine else look("c-all") for mine in chosen]},
        "error_x": spread(
            [bar.mean for bar in bars],
            [bar.low for bar in bars],
            [bar.high for bar in bars],
            color=look("text"),
            thickness=1.25,
            width=3,
        ),
        "customdata": [[bar.name, _hover(bar, language)] for bar in bars],
        "hovertemplate": "%{customdata[1]}<extra></extra>",
    }
    return figure_of(
        [trace],
        language,
        look=look,
        height=row * len(bars) + 28 + 26,
        margin=(10 if narrow else 216, 34, 28, 26),
        xaxis={
            "range": [0, top],
            "showgrid": True,
            "tickvals": ticks,
            "ticktext": [_tick(tick, ticks, language) for tick in ticks],
            "automargin": False,
        },
        yaxis=row_axis(len(bars) - 1),
        shapes=_highlight(chosen, look, narrow),
        annotations=[
            caption(t("chart.importance.caption", language), look=look, yshift=6),
            *_names(bars, chosen, look, narrow),
            *_figures(bars, language, look),
        ],
    )


def table(d: ImportanceData, language: str) -> Table:
    """Every bar, not only the drawn ones."""
    digits = _digits(d)
    return Table(
        columns=(
            t(f"chart.importance.column_{_HEADINGS[d.kind]}", language),
            t("chart.importance.column_theme", language),
            t("chart.importance.column_mean", language),
            t("chart.importance.column_spread", language),
        ),
        rows=tuple(
            (
                bar.label,
                bar.theme,
                locale.number(bar.mean, language, digits=digits),
                t(
                    "chart.span",
                    language,
                    low=locale.number(bar.low, language, digits=digits),
                    high=locale.number(bar.high, language, digits=digits),
                ),
            )
            for bar in d.bars
        ),
        numeric=(False, False, True, True),
        selected=next((i for i, bar in enumerate(d.bars) if bar.name == d.selected), None),
    )


def sentence(d: ImportanceData, language: str) -> str:
    """The three largest in words."""
    return t(
        "chart.importance.sentence",
        language,
        bars=", ".join(
            f"{bar.label} ({locale.points(bar.mean, language, signed=False, digits=2)})" for bar in d.bars[:3]
        ),
    )


def rest(d: ImportanceData) -> tuple[int, float]:
    """How many bars are not drawn, and the sum of their effects in points."""
    hidden = set(d.bars) - set(d.drawn)
    return len(hidden), sum(bar.mean for bar in hidden)


def _digits(d: ImportanceData) -> int:
    return 3 if d.kind == "feature" else 2


def _hover(bar: Bar, language: str) -> str:
    return t(
        "chart.importance.hover",
        language,
        label=bar.label,
        points=locale.points(bar.mean, language, signed=False, digits=2),
    )


def _tick(tick: float, ticks: Sequence[float], language: str) -> str:
    return locale.number(tick, language, digits=tick_digits(ticks))


def _highlight(chosen: Sequence[bool], look: Look, narrow: bool) -> list[Figure]:
    if narrow:
        return []
    return [
        {
            "type": "rect",
            "xref": "paper",
            "yref": "y",
            "xsizemode": "pixel",
            "xanchor": 0,
            "x0": -216,
            "x1": 2000,
            "y0": i - 0.48,
            "y1": i + 0.48,
            "fillcolor": look("accent-bg"),
            "line": {"width": 0},
            "layer": "below",
        }
        for i, mine in enumerate(chosen)
        if mine
    ]


def _names(bars: Sequence[Bar], chosen: Sequence[bool], look: Look, narrow: bool) -> list[Figure]:
    return [
        row_name(
            bar.label, i, look=look, narrow=narrow, width=52 if narrow else 32, strong=mine, size=LABEL_SIZE
        )
        for i, (bar, mine) in enumerate(zip(bars, chosen, strict=True))
    ]


def _figures(bars: Sequence[Bar], language: str, look: Look) -> list[Figure]:
    return [
        text(
            locale.number(bar.mean, language, digits=2),
            x=max(bar.high, bar.mean),
            y=i,
            xshift=6,
            color=look("ink"),
            weight=600,
        )
        for i, bar in enumerate(bars)
    ]
