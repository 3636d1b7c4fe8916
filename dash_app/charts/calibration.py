"""Calibration: what was predicted against what happened, in bins that hold the same number of files.

A dot on the diagonal is a bin whose probability is right; its thin bar is the interval of the
observed rate. Out of fold, and cross-fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dash_app.charts.template import (
    LIVE,
    Figure,
    Look,
    Table,
    caption,
    figure_of,
    line,
    nice_ticks,
    spread,
    text,
)
from dash_app.i18n import plural, t
from model import locale


class Bin(NamedTuple):
    """One bin of files.

    Attributes
    ----------
    n : files
    predicted, observed : mean probability, and share in default
    low, high : interval of `observed`
    """

    n: int
    predicted: float
    observed: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the interval of what was observed holds what was predicted."""
        return self.low <= self.predicted <= self.high


class CalibrationData(NamedTuple):
    """Bins by rising probability, and the cut-off."""

    bins: tuple[Bin, ...]
    cutoff: float


def data(rows: Sequence[Mapping[str, float]], *, cutoff: float) -> CalibrationData:
    """Read the bins of an evaluation."""
    bins = [
        Bin(int(row["n"]), row["predicted"], row["observed"], row["observed_low"], row["observed_high"])
        for row in rows
    ]
    return CalibrationData(tuple(sorted(bins, key=lambda one: one.predicted)), cutoff)


def figure(d: CalibrationData, language: str, *, narrow: bool = False, look: Look = LIVE) -> Figure:
    """Dots with intervals against the diagonal."""
    top = 1.04 * max((max(one.high, one.predicted) for one in d.bins), default=1.0)
    ticks = nice_ticks(0, top, 3 if narrow else 5)
    words = [locale.percent(tick, language, digits=0) for tick in ticks]
    dots: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [one.predicted for one in d.bins],
        "y": [one.observed for one in d.bins],
        "marker": {"color": look("ink"), "size": 8, "line": {"color": look("page"), "width": 1.5}},
        "error_y": spread(
            [one.observed for one in d.bins],
            [one.low for one in d.bins],
            [one.high for one in d.bins],
            color=look("c-all"),
        ),
        "customdata": [_hover(one, language) for one in d.bins],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return figure_of(
        [dots],
        language,
        look=look,
        height=320,
        margin=(48, 12, 30, 44),
        xaxis={
            "range": [0, top],
            "tickvals": ticks,
            "ticktext": words,
            "showline": True,
            "title": {
                "text": t("chart.calibration.across", language),
                "font": {"size": 11.5, "color": look("axis")},
                "standoff": 8,
            },
        },
        yaxis={"range": [0, top], "tickvals": ticks, "ticktext": words},
        shapes=[
            line(0, top, 0, top, color=look("line-strong"), layer="below"),
            line(d.cutoff, d.cutoff, 0, 1, color=look("ink"), dash="dash", yref="paper", layer="below"),
        ],
        annotations=[
            caption(t("chart.calibration.caption", language), look=look, yshift=8),
            text(
                t("chart.cut_off", language, value=locale.percent(d.cutoff, language)),
                x=d.cutoff,
                y=top,
                yanchor="top",
                xshift=5,
                color=look("ink"),
            ),
        ],
    )


def table(d: CalibrationData, language: str) -> Table:
    """Every bin."""
    return Table(
        columns=tuple(
            t(f"chart.calibration.column_{name}", language)
            for name in ("predicted", "observed", "interval", "files")
        ),
        rows=tuple(
            (
                locale.percent(one.predicted, language),
                locale.percent(one.observed, language),
                locale.interval(one.low, one.high, language),
                locale.number(one.n, language),
            )
            for one in d.bins
        ),
        numeric=(True, True, True, True),
    )


def sentence(d: CalibrationData, language: str) -> str:
    """How many bins are right, to within their interval."""
    return plural(
        "chart.calibration.sentence",
        sum(one.holds for one in d.bins),
        language,
        total=locale.number(len(d.bins), language),
    )


def _hover(one: Bin, language: str) -> str:
    return t(
        "chart.calibration.hover",
        language,
        predicted=locale.percent(one.predicted, language),
        observed=locale.percent(one.observed, language),
        interval=locale.interval(one.low, one.high, language),
        files=locale.number(one.n, language),
    )
