"""Cost by cut-off, per 1,000 applications, in good clients refused: the operated cut-off on its curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dash_app.charts.template import LIVE, Figure, Look, Table, caption, figure_of, line, nice_ticks, text
from dash_app.i18n import t
from model import locale

FILES = 1_000
_SHOWN_TO = 0.25
_CLOSE = 1.01
"""The grey band: within 1 % of the least cost."""

_TABLE_STEP = 0.01


class CostData(NamedTuple):
    """The curve up to 25 %.

    Attributes
    ----------
    at, cost, acceptance : cut-offs, cost per 1,000 applications, share accepted
    cutoff, own : the operated cut-off and its cost
    low, high : bounds of the optimum's 95 % interval
    """

    at: tuple[float, ...]
    cost: tuple[float, ...]
    acceptance: tuple[float, ...]
    cutoff: float
    low: float
    high: float

    @property
    def own(self) -> float:
        """Cost at the operated cut-off."""
        return self.cost[min(range(len(self.at)), key=lambda i: abs(self.at[i] - self.cutoff))]

    @property
    def best(self) -> int:
        """Position of the least cost."""
        return min(range(len(self.cost)), key=lambda i: self.cost[i])

    @property
    def flat(self) -> tuple[float, float]:
        """Cut-offs around the best one that cost at most 1 % more, without a gap."""
        first = last = self.best
        most = _CLOSE * self.cost[self.best]
        while first > 0 and self.cost[first - 1] <= most:
            first -= 1
        while last + 1 < len(self.cost) and self.cost[last + 1] <= most:
            last += 1
        return self.at[first], self.at[last]


def data(evaluation: Mapping[str, Any], *, cutoff: float, cost_fn: float, cost_fp: float) -> CostData:
    """Read the curve of an evaluation at given costs."""
    curve, clients, defaults = evaluation["cut_off"], evaluation["clients"], evaluation["defaults"]
    rows = [
        (
            at,
            FILES * (cost_fn / cost_fp * (defaults - bad) + good) / clients,
            1 - (bad + good) / clients,
        )
        for at, bad, good in zip(curve["cut_off"], curve["refused_bad"], curve["refused_good"], strict=True)
        if at <= max(_SHOWN_TO, 1.5 * cutoff)
    ]
    at, cost, acceptance = (tuple(values) for values in zip(*rows, strict=True))
    best = evaluation["metrics"]["optimal_cutoff"]
    return CostData(at, cost, acceptance, cutoff, best["low"], best["high"])


def figure(d: CostData, language: str, *, narrow: bool = False, look: Look = LIVE) -> Figure:
    """The curve, the flat part in grey, the operated cut-off."""
    least = d.cost[d.best]
    # The left end of the curve is steep: cut there, the hollow can be read.
    top = min(max(d.cost), 1.9 * least)
    low = 0.9 * least
    ticks_y, ticks_x = nice_ticks(low, top, 4), nice_ticks(0, d.at[-1], 3 if narrow else 6)
    first, last = d.flat
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": list(d.at),
        "y": list(d.cost),
        "line": {"color": look("ink"), "width": 2},
        "customdata": [
            t(
                "chart.cost.hover",
                language,
                cut_off=locale.percent(at, language),
                cost=locale.number(cost, language, digits=0),
                acceptance=locale.percent(accepted, language),
            )
            for at, cost, accepted in zip(d.at, d.cost, d.acceptance, strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    own: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [d.cutoff],
        "y": [d.own],
        "marker": {"color": look("ink"), "size": 10, "line": {"color": look("page"), "width": 2}},
        "hoverinfo": "skip",
    }
    return figure_of(
        [trace, own],
        language,
        look=look,
        height=300,
        margin=(48, 12, 30, 44),
        xaxis={
            "range": [0, d.at[-1]],
            "tickvals": ticks_x,
            "ticktext": [locale.percent(tick, language, digits=0) for tick in ticks_x],
            "showline": True,
            "title": {
                "text": t("chart.cost.across", language),
                "font": {"size": 11.5, "color": look("axis")},
                "standoff": 8,
            },
        },
        yaxis={
            "range": [low, top],
            "tickvals": ticks_y,
            "ticktext": [locale.number(tick, language, digits=0) for tick in ticks_y],
        },
        shapes=[
            {
                "type": "rect",
                "x0": first,
                "x1": last,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "fillcolor": look("sunken"),
                "line": {"width": 0},
                "layer": "below",
            },
            line(d.cutoff, d.cutoff, 0, 1, color=look("ink"), dash="dash", yref="paper", layer="below"),
        ],
        annotations=[
            caption(t("chart.cost.caption", language), look=look, yshift=8),
            text(
                t("chart.cut_off", language, value=locale.percent(d.cutoff, language)),
                x=d.cutoff,
                y=1,
                yref="paper",
                yanchor="top",
                xshift=5,
                color=look("ink"),
            ),
        ],
    )


def table(d: CostData, language: str) -> Table:
    """One row a point of probability."""
    wanted = [round(_TABLE_STEP * i, 4) for i in range(1, int(d.at[-1] / _TABLE_STEP) + 1)]
    rows = [min(range(len(d.at)), key=lambda i: abs(d.at[i] - at)) for at in wanted]
    return Table(
        columns=tuple(t(f"chart.cost.column_{name}", language) for name in ("cut_off", "cost", "acceptance")),
        rows=tuple(
            (
                locale.percent(d.at[i], language, digits=0),
                locale.number(d.cost[i], language, digits=0),
                locale.percent(d.acceptance[i], language),
            )
            for i in rows
        ),
        numeric=(True, True, True),
    )


def sentence(d: CostData, language: str) -> str:
    """Where the least cost is, and how flat the curve is there."""
    first, last = d.flat
    return t(
        "chart.cost.sentence",
        language,
        cost=locale.number(d.own, language, digits=0),
        cut_off=locale.percent(d.cutoff, language),
        best=locale.percent(d.at[d.best], language),
        flat=locale.interval(first, last, language),
    )
