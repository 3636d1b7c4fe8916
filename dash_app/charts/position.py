"""Position: where this client's value lies, and how often each bin defaulted.

Two pictures on one axis: share of all files, and default rate of the files whose outcome is
known. Missing values are their own column at the right, hatched, never imputed.
"""

from __future__ import annotations

import math
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
    hatching,
    line,
    nice_ticks,
    row_axis,
    row_name,
    spread,
    text,
)
from dash_app.i18n import t
from model import locale
from model.score_tables import wilson

FEWEST = 30
"""A rate on fewer files with a known outcome is not drawn."""

_BAR = 0.91


class Bin(NamedTuple):
    """Files of one bin; `label` reads on its own, `tick` is its short form under the axis."""

    label: str
    tick: str
    files: int
    known: int
    defaults: int


class PositionData(NamedTuple):
    """One feature over the portfolio.

    Attributes
    ----------
    feature : its words
    bins : in order
    missing : files without the value, or None when all have it
    here : index of this client's bin; ``len(bins)`` is the missing column; None when unknown
    value : this client's value in words
    total, known : files, and those with a known outcome
    rate : default rate of all files with a known outcome
    across : bins are rows (words too long for an axis)
    """

    feature: str
    bins: tuple[Bin, ...]
    missing: Bin | None
    here: int | None
    value: str
    total: int
    known: int
    rate: float
    across: bool = False


def data(
    bins: Sequence[Bin],
    missing: Bin | None,
    *,
    feature: str,
    here: int | None,
    value: str,
    across: bool = False,
) -> PositionData:
    """Gather the picture; totals are sums of the bins."""
    every = [*bins, *([missing] if missing else [])]
    known = sum(b.known for b in every)
    return PositionData(
        feature=feature,
        bins=tuple(bins),
        missing=missing if missing and missing.files else None,
        here=here,
        value=value,
        total=sum(b.files for b in every),
        known=known,
        rate=sum(b.defaults for b in every) / known if known else math.nan,
        across=across,
    )


def figure(d: PositionData, language: str, *, narrow: bool = False, look: Look = LIVE) -> Figure:
    """Shares and default rates, aligned: one above the other, or side by side where bins are rows."""
    if d.across:
        return _figure_across(d, language, narrow=narrow, look=look)
    columns = _columns(d)
    xs = [x for x, _ in columns]
    shares = [b.files / d.total if d.total else 0.0 for _, b in columns]
    top = max(shares) * 1.22 or 1.0
    drawn = [(x, b, i) for i, (x, b) in enumerate(columns) if b.known >= FEWEST]
    highest = max((wilson(b.defaults, b.known)[1] for _, b, _ in drawn), default=0.1) * 1.05
    share_ticks, rate_ticks = nice_ticks(0, top, 3), nice_ticks(0, highest, 4)
    return figure_of(
        [_bars(d, columns, shares, language, look), *_rates(d, drawn, language, look)],
        language,
        look=look,
        height=300,
        margin=(44, 8, 18, 26),
        xaxis={
            "range": [-0.6, xs[-1] + 0.6],
            "tickvals": [x for x, _ in _ticked(d, columns, narrow)],
            "ticktext": [tick for _, tick in _ticked(d, columns, narrow)],
            "anchor": "y2",
            "showline": False,
            "tickangle": 0,
        },
        yaxis=_axis(share_ticks, top, language, (0.57, 1)),
        yaxis2={**_axis(rate_ticks, highest, language, (0, 0.43)), "anchor": "x"},
        shapes=_mean(d, xs, look),
        annotations=_captions(d, columns, shares, language, look),
    )


def table(d: PositionData, language: str) -> Table:
    """The columns of the picture; intervals beside the rates."""
    rows = []
    for _, b in _columns(d):
        if b.known >= FEWEST:
            low, high = wilson(b.defaults, b.known)
            rate = locale.percent(b.defaults / b.known, language)
            interval = locale.interval(low, high, language)
        else:
            rate = interval = t("chart.too_few", language)
        share = locale.percent(b.files / d.total, language) if d.total else "–"
        rows.append((b.label, locale.number(b.files, language), share, rate, interval))
    return Table(
        columns=(
            d.feature,
            t("chart.column_files", language),
            t("chart.column_share", language),
            t("chart.column_rate", language),
            t("chart.column_interval", language),
        ),
        rows=tuple(rows),
        numeric=(False, True, True, True, True),
        selected=d.here,
    )


def sentence(d: PositionData, language: str) -> str:
    """«Ancienneté dans l'emploi : 8 mois. 7,3 % des dossiers sont dans ce cas, 11,8 % en défaut…»."""
    columns = _columns(d)
    if d.here is None or d.here >= len(columns):
        return t("chart.position.sentence_elsewhere", language, feature=d.feature, value=d.value)
    b = columns[d.here][1]
    share = locale.percent(b.files / d.total, language) if d.total else "–"
    if b.known < FEWEST:
        return t(
            "chart.position.sentence_few",
            language,
            feature=d.feature,
            value=d.value,
            share=share,
            fewest=str(FEWEST),
        )
    low, high = wilson(b.defaults, b.known)
    return t(
        "chart.position.sentence",
        language,
        feature=d.feature,
        value=d.value,
        share=share,
        rate=locale.percent(b.defaults / b.known, language),
        interval=locale.interval(low, high, language),
        mean=locale.percent(d.rate, language),
    )


def _columns(d: PositionData) -> list[tuple[float, Bin]]:
    """Bins at 0, 1, 2…; the missing column half a bin apart."""
    columns: list[tuple[float, Bin]] = [(float(i), b) for i, b in enumerate(d.bins)]
    if d.missing:
        columns.append((len(d.bins) + (0.5 if d.bins else 0.0), d.missing))
    return columns


def _ticked(d: PositionData, columns: list[tuple[float, Bin]], narrow: bool) -> list[tuple[float, str]]:
    room = 5 if narrow else 7
    every = 1 if len(d.bins) <= room else 2 if len(d.bins) <= 2 * room else 3
    bins = [(x, b.tick) for i, (x, b) in enumerate(columns) if i < len(d.bins) and i % every == 0]
    return [*bins, *((x, b.tick) for x, b in columns[len(d.bins) :])]


def _hover(b: Bin, d: PositionData, language: str) -> str:
    share = locale.percent(b.files / d.total, language) if d.total else "–"
    if b.known < FEWEST:
        return t("chart.position.hover_few", language, label=b.label, share=share)
    low, high = wilson(b.defaults, b.known)
    return t(
        "chart.position.hover",
        language,
        label=b.label,
        share=share,
        rate=locale.percent(b.defaults / b.known, language),
        interval=locale.interval(low, high, language),
    )


def _figure_across(d: PositionData, language: str, *, narrow: bool, look: Look) -> Figure:
    """The same two pictures turned: a row a bin, shares at the left, rates at the right."""
    columns = _columns(d)
    ys = [y for y, _ in columns]
    shares = [b.files / d.total if d.total else 0.0 for _, b in columns]
    drawn = [(y, b, i) for i, (y, b) in enumerate(columns) if b.known >= FEWEST]
    top = max(shares) * 1.1 or 1.0
    highest = max((wilson(b.defaults, b.known)[1] for _, b, _ in drawn), default=0.1) * 1.05
    row = 44 if narrow else 30
    bars = _turned(_bars(d, columns, shares, language, look), "y", "x") | {"orientation": "h"}
    bars["width"] = 15 / row
    rates = [_turned(trace, "y2", "x2") for trace in _rates(d, drawn, language, look)]
    for trace in rates:
        trace["mode"] = "markers"
    share_ticks, rate_ticks = nice_ticks(0, top, 3), nice_ticks(0, highest, 3)
    return figure_of(
        [bars, *rates],
        language,
        look=look,
        height=int(row * (ys[-1] + 1) + 26 + 26),
        margin=(10 if narrow else 170, 8, 26, 26),
        xaxis={**_axis(share_ticks, top, language, (0, 0.46)), "showgrid": True, "anchor": "y"},
        xaxis2={**_axis(rate_ticks, highest, language, (0.54, 1)), "showgrid": True, "anchor": "y2"},
        yaxis=row_axis(ys[-1]),
        yaxis2={**row_axis(ys[-1]), "matches": "y", "anchor": "x2"},
        shapes=[]
        if math.isnan(d.rate)
        else [
            line(
                d.rate,
                d.rate,
                -0.5,
                ys[-1] + 0.5,
                color=look("muted"),
                dash="3px,3px",
                xref="x2",
                yref="y2",
                layer="below",
            )
        ],
        annotations=[
            *_row_names(d, columns, look, language, narrow),
            caption(t("chart.position.share", language), look=look, yshift=6, weight=600),
            caption(t("chart.position.rate", language), look=look, x=0.54, yshift=6, weight=600),
        ],
    )


def _turned(trace: Figure, yaxis: str, xaxis: str) -> Figure:
    """A trace with its axes exchanged."""
    turned = {key: value for key, value in trace.items() if key not in ("x", "y", "error_y", "yaxis")}
    if "error_y" in trace:
        turned["error_x"] = trace["error_y"]
    return turned | {"x": trace["y"], "y": trace["x"], "xaxis": xaxis, "yaxis": yaxis}


def _row_names(
    d: PositionData, columns: list[tuple[float, Bin]], look: Look, language: str, narrow: bool
) -> list[Figure]:
    labels = []
    for i, (y, b) in enumerate(columns):
        mine = i == d.here
        words = f"{b.label} · {t('chart.this_file', language)}" if mine else b.label
        labels.append(row_name(words, y, look=look, narrow=narrow, width=48 if narrow else 26, strong=mine))
    return labels


def _bars(
    d: PositionData, columns: list[tuple[float, Bin]], shares: list[float], language: str, look: Look
) -> Figure:
    missing_at = len(d.bins) if d.missing else -1
    here = [i == d.here for i in range(len(columns))]
    return {
        "type": "bar",
        "x": [x for x, _ in columns],
        "y": shares,
        "width": _BAR,
        "marker": {
            "color": [look("c-me") if me else look("c-all") for me in here],
            "pattern": {
                **hatching(look),
                "shape": ["/" if i == missing_at else "" for i in range(len(columns))],
                "fgcolor": [look("c-me") if me else look("c-all") for me in here],
            },
        },
        "customdata": [_hover(b, d, language) for _, b in columns],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _rates(d: PositionData, drawn: list[tuple[float, Bin, int]], language: str, look: Look) -> list[Figure]:
    traces = []
    missing_at = len(d.bins)
    for group in (
        [c for c in drawn if c[2] != missing_at],
        [c for c in drawn if c[2] == missing_at],
    ):
        if not group:
            continue
        rates = [b.defaults / b.known for _, b, _ in group]
        bounds = [wilson(b.defaults, b.known) for _, b, _ in group]
        mine = [i == d.here for _, _, i in group]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [x for x, _, _ in group],
                "y": rates,
                "yaxis": "y2",
                "line": {"color": look("unf-fill"), "width": 1.75},
                "marker": {
                    "size": [13 if me else 7 for me in mine],
                    "color": [look("c-me") if me else look("unf-fill") for me in mine],
                    "line": {"color": look("page"), "width": [2 if me else 0 for me in mine]},
                    "opacity": 1,
                },
                "cliponaxis": False,
                "error_y": spread(
                    rates, [low for low, _ in bounds], [high for _, high in bounds], color=look("c-all")
                ),
                "customdata": [_hover(b, d, language) for _, b, _ in group],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    return traces


def _axis(ticks: list[float], top: float, language: str, domain: tuple[float, float]) -> Figure:
    whole = all(float(round(tick * 100, 9)).is_integer() for tick in ticks)
    return {
        "range": [0, top],
        "domain": list(domain),
        "tickvals": ticks,
        "ticktext": [locale.percent(tick, language, digits=0 if whole else 1) for tick in ticks],
    }


def _mean(d: PositionData, xs: list[float], look: Look) -> list[Figure]:
    if math.isnan(d.rate):
        return []
    return [
        line(
            -0.6, xs[-1] + 0.6, d.rate, d.rate, color=look("muted"), dash="3px,3px", yref="y2", layer="below"
        )
    ]


def _clear(shares: list[float], here: int) -> float:
    """Height above this bar and its neighbours, which the label covers."""
    return max(shares[max(here - 1, 0) : here + 2])


def _captions(
    d: PositionData,
    columns: list[tuple[float, Bin]],
    shares: list[float],
    language: str,
    look: Look,
) -> list[Figure]:
    rate = t("chart.position.rate", language)
    if not math.isnan(d.rate):
        # Beside the dashed line it would lie on the rates, which are near the mean.
        rate += " · " + t("chart.position.mean", language, value=locale.percent(d.rate, language))
    labels = [
        caption(t("chart.position.share", language), look=look, weight=600),
        caption(rate, look=look, y=0.43, weight=600),
    ]
    if d.here is not None and d.here < len(columns):
        x, b = columns[d.here]
        anchor = "left" if d.here == 0 else "right" if d.here == len(columns) - 1 else "center"
        edge = {"left": -_BAR / 2, "right": _BAR / 2, "center": 0.0}[anchor]
        labels.append(
            text(
                t("chart.this_file", language),
                x=x + edge,
                y=_clear(shares, d.here),
                xanchor=anchor,
                yanchor="bottom",
                color=look("ink"),
                size=LABEL_SIZE,
                weight=620,
                halo=look("page"),
            )
        )
        if b.known >= FEWEST:
            last = d.here == len(columns) - 1
            labels.append(
                text(
                    locale.percent(b.defaults / b.known, language),
                    x=x,
                    y=b.defaults / b.known,
                    yref="y2",
                    xanchor="right" if last else "left",
                    xshift=-9 if last else 9,
                    yshift=9,
                    color=look("ink"),
                    weight=600,
                    halo=look("page"),
                )
            )
    return labels
