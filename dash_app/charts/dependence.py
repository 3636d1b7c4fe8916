"""Dependence: effect of a feature by its value, over the portfolio.

Line: mean effect of the files with about this value; band: 80 % of them; points: a sample of
files. Missing values are their own column at the left, hatched, never joined by the line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dash_app.charts.template import (
    LIVE,
    Figure,
    Look,
    Table,
    caption,
    figure_of,
    hatching,
    line,
    nice_ticks,
    row_axis,
    row_name,
    spread,
    tick_digits,
)
from dash_app.i18n import t
from model import locale


class Missing(NamedTuple):
    """Files without the value: their share and effect, points."""

    share: float
    mean: float
    low: float
    high: float
    label: str


class DependenceData(NamedTuple):
    """One feature; effects in points of probability.

    Attributes
    ----------
    feature : its words
    column : its name in the data
    direction : imposed on the model along the axis: −1 more never raises the risk, +1 never lowers it, 0 free
    at : values of the line, ascending, in the unit of `write`
    mean, low, high : effect at each of them; the band holds 80 % of the files
    files : how many behind each of them
    sample : (value, effect) of some files
    missing : files without the value, or None
    labels : words of each value where they have no order; then `at` counts rows
    """

    feature: str
    column: str
    direction: int
    at: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    files: tuple[int, ...]
    sample: tuple[tuple[float, float], ...]
    missing: Missing | None
    labels: tuple[str, ...] = ()


_FLAT = 0.01
"""Mean effects closer than this, in points, are told as none."""

Write = Callable[[float, str], str]
"""Writes a value of the feature in words: value, language."""


def data(
    *,
    feature: str,
    column: str,
    direction: int,
    line: Sequence[tuple[float, float, float, float, int]],
    sample: Sequence[tuple[float, float]],
    missing: Missing | None,
    labels: Sequence[str] = (),
) -> DependenceData:
    """Gather the picture.

    Parameters
    ----------
    line : (value, mean, low, high, files) by rising value
    """
    rows = [row for row in line if all(math.isfinite(x) for x in row[:4])]
    at, mean, low, high, files = zip(*rows, strict=True) if rows else ((),) * 5
    return DependenceData(
        feature=feature,
        column=column,
        direction=direction,
        at=tuple(at),
        mean=tuple(mean),
        low=tuple(low),
        high=tuple(high),
        files=tuple(int(n) for n in files),
        sample=tuple((float(x), float(y)) for x, y in sample),
        missing=missing if missing and missing.share > 0 else None,
        labels=tuple(labels),
    )


def figure(
    d: DependenceData, language: str, write: Write, *, narrow: bool = False, look: Look = LIVE
) -> Figure:
    """Line, band, sample, the missing column at the left; a dot and an interval a row for categories."""
    if d.labels:
        return _figure_across(d, language, narrow=narrow, look=look)
    low, high = _reach(d)
    first, last = (d.at[0], d.at[-1]) if d.at else (0.0, 1.0)
    span = (last - first) or 1.0
    apart = span * (0.19 if narrow else 0.1)
    missing_at = first - apart
    left = missing_at - apart * 0.5 if d.missing else first - span * 0.02
    ticks_y = nice_ticks(low, high, 5)
    ticks_x = _value_ticks(d, first, last, 3 if narrow else 5)
    return figure_of(
        [
            *_band(d, look),
            _points(d, language, write, look),
            *_line(d, language, write, look),
            *_missing(d, language, missing_at, look),
        ],
        language,
        look=look,
        height=330,
        margin=(42, 10, 24, 44),
        xaxis={
            "range": [left, last + span * 0.02],
            "tickvals": [*([missing_at] if d.missing else []), *ticks_x],
            "ticktext": [*([d.missing.label] if d.missing else []), *(write(x, language) for x in ticks_x)],
            "showline": True,
            "title": {"text": d.feature, "font": {"size": 11.5, "color": look("axis")}, "standoff": 8},
            "tickangle": 0,
        },
        yaxis={
            "range": [low, high],
            "tickvals": ticks_y,
            "ticktext": [_signed(tick, ticks_y, language) for tick in ticks_y],
        },
        shapes=[
            line(0, 1, 0, 0, color=look("line-strong"), xref="paper", layer="below"),
            *_hatched(d, missing_at, apart, look),
        ],
        annotations=[caption(t("chart.dependence.caption", language), look=look, yshift=4)],
    )


def _figure_across(d: DependenceData, language: str, *, narrow: bool, look: Look) -> Figure:
    """Categories as rows: mean effect and the interval that holds 80 % of the files."""
    rows = [
        (label, mean, low, high, "accent")
        for label, mean, low, high in zip(d.labels, d.mean, d.low, d.high, strict=True)
    ]
    if d.missing:
        rows.append((d.missing.label, d.missing.mean, d.missing.low, d.missing.high, "c-all"))
    _, means, lows, highs, _ = zip(*rows, strict=True) if rows else ((),) * 5
    low, high = _reach(d)
    row = 44 if narrow else 30
    ticks = nice_ticks(low, high, 5)
    known = sum(d.files) or 1
    shares = [count / known for count in d.files] + ([d.missing.share] if d.missing else [])
    dots: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": list(means),
        "y": list(range(len(rows))),
        "marker": {"size": 10, "color": [look(token) for *_, token in rows]},
        "error_x": spread(means, lows, highs, color=look("c-all")),
        "customdata": [
            t(
                "chart.dependence.hover",
                language,
                value=label,
                points=locale.points(mean, language, digits=2),
                share=locale.percent(share, language),
            )
            for (label, mean, *_), share in zip(rows, shares, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return figure_of(
        [dots],
        language,
        look=look,
        height=row * len(rows) + 28 + 26,
        margin=(10 if narrow else 190, 10, 28, 26),
        xaxis={
            "range": [low, high],
            "showgrid": True,
            "tickvals": ticks,
            "ticktext": [_signed(tick, ticks, language) for tick in ticks],
        },
        yaxis=row_axis(len(rows) - 1),
        shapes=[line(0, 0, -0.5, len(rows) - 0.5, color=look("line-strong"), layer="below")],
        annotations=[
            caption(t("chart.dependence.caption", language), look=look, yshift=6),
            *(
                row_name(label, i, look=look, narrow=narrow, width=48 if narrow else 28, above=7)
                for i, (label, *_) in enumerate(rows)
            ),
        ],
    )


def table(d: DependenceData, language: str, write: Write) -> Table:
    """The line's figures, the missing files first."""
    rows = []
    if d.missing:
        m = d.missing
        rows.append(
            (
                m.label,
                locale.points(m.mean, language, short=True, digits=2),
                _span(m.low, m.high, language),
                locale.percent(m.share, language),
            )
        )
    known = sum(d.files) or 1
    present = 1 - (d.missing.share if d.missing else 0)
    rows += [
        (
            write(x, language),
            locale.points(mean, language, short=True, digits=2),
            _span(low, high, language),
            locale.percent(count / known * present, language),
        )
        for x, mean, low, high, count in zip(d.at, d.mean, d.low, d.high, d.files, strict=True)
    ]
    return Table(
        columns=(
            d.feature,
            t("chart.dependence.column_mean", language),
            t("chart.dependence.column_band", language),
            t("chart.column_share", language),
        ),
        rows=tuple(rows),
        numeric=(True, True, True, True),
    )


def sentence(d: DependenceData, language: str, write: Write) -> str:
    """Where the effect is largest and smallest, and the direction imposed on the model."""
    parts = []
    if d.at and max(d.mean) - min(d.mean) < _FLAT:
        parts.append(t("chart.dependence.sentence_flat", language))
    elif d.at:
        most = max(range(len(d.at)), key=lambda i: d.mean[i])
        least = min(range(len(d.at)), key=lambda i: d.mean[i])
        parts.append(
            t(
                "chart.dependence.sentence",
                language,
                highest=locale.points(d.mean[most], language, digits=2),
                at_highest=write(d.at[most], language),
                lowest=locale.points(d.mean[least], language, digits=2),
                at_lowest=write(d.at[least], language),
            )
        )
    if d.missing:
        parts.append(
            t(
                "chart.dependence.sentence_missing",
                language,
                points=locale.points(d.missing.mean, language, digits=2),
                share=locale.probability(d.missing.share, language),
            )
        )
    parts.append(t(f"chart.dependence.direction_{_direction(d)}", language))
    return " ".join(parts)


def _direction(d: DependenceData) -> str:
    return {-1: "down", 0: "free", 1: "up"}[d.direction]


def _reach(d: DependenceData) -> tuple[float, float]:
    values = [*d.low, *d.high, *([d.missing.low, d.missing.high] if d.missing else [])]
    if not values:
        return -1.0, 1.0
    low, high = min(*values, 0.0), max(*values, 0.0)
    room = (high - low) * 0.08 or 0.1
    return low - room, high + room


def _value_ticks(d: DependenceData, first: float, last: float, most: int) -> list[float]:
    return [tick for tick in nice_ticks(first, last, most) if first <= tick <= last]


def _signed(tick: float, ticks: Sequence[float], language: str) -> str:
    return locale.number(tick, language, digits=tick_digits(ticks), signed=True)


def _span(low: float, high: float, language: str) -> str:
    return t(
        "chart.span",
        language,
        low=locale.number(low, language, digits=2, signed=True),
        high=locale.number(high, language, digits=2, signed=True),
    )


def _band(d: DependenceData, look: Look) -> list[Figure]:
    bare = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    return [
        {**bare, "x": list(d.at), "y": list(d.low)},
        {
            **bare,
            "x": list(d.at),
            "y": list(d.high),
            "fill": "tonexty",
            "fillcolor": look("c-all-soft"),
            "opacity": 0.6,
        },
    ]


def _points(d: DependenceData, language: str, write: Write, look: Look) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _ in d.sample],
        "y": [y for _, y in d.sample],
        "marker": {"size": 4, "color": look("c-all"), "opacity": 0.55},
        "hoverinfo": "skip",
    }


def _line(d: DependenceData, language: str, write: Write, look: Look) -> list[Figure]:
    known = sum(d.files) or 1
    return [
        {
            "type": "scatter",
            "mode": "lines" if len(d.at) > 2 else "lines+markers",
            "x": list(d.at),
            "y": list(d.mean),
            "line": {"color": look("accent"), "width": 2.5},
            "marker": {"size": 9, "color": look("accent")},
            "customdata": [
                t(
                    "chart.dependence.hover",
                    language,
                    value=write(x, language),
                    points=locale.points(mean, language, digits=2),
                    share=locale.percent(count / known, language),
                )
                for x, mean, count in zip(d.at, d.mean, d.files, strict=True)
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]


def _missing(d: DependenceData, language: str, at: float, look: Look) -> list[Figure]:
    if d.missing is None:
        return []
    words = t(
        "chart.dependence.hover",
        language,
        value=d.missing.label,
        points=locale.points(d.missing.mean, language, digits=2),
        share=locale.probability(d.missing.share, language),
    )
    return [
        {
            "type": "bar",
            "x": [at],
            "y": [d.missing.high - d.missing.low],
            "base": [d.missing.low],
            "width": (d.at[-1] - d.at[0] if d.at else 1.0) * 0.032 or 0.03,
            "marker": {
                "color": look("c-na"),
                "pattern": hatching(look),
            },
            "customdata": [words],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [at],
            "y": [d.missing.mean],
            "marker": {
                "size": 11,
                "color": look("accent"),
                "line": {"color": look("page"), "width": 2},
            },
            "customdata": [words],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    ]


def _hatched(d: DependenceData, at: float, apart: float, look: Look) -> list[Figure]:
    """A thin rule between the missing column and the values."""
    if d.missing is None:
        return []
    where = at + apart * 0.55
    return [line(where, where, 0, 1, color=look("grid"), yref="paper", layer="below")]
