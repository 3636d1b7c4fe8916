"""Scale: every file between 0 and 30 %, the zones of opinion, the cut-off, this client.

The same axis on every screen, so that a distance looks the same everywhere. Counts and default
rates are out of fold. A PD above 30 % sits on the right end with its figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dash_app.charts.template import LABEL_SIZE, LIVE, Figure, Look, Table, figure_of, line, text
from dash_app.i18n import t
from model import locale
from model.score_tables import SCALE_BINS as BINS
from model.score_tables import SCALE_TOP as TOP

_LEFT_FROM = 0.078
"""From here up to the cut-off the label stands left of the point: before, its second line would leave the
picture; it then stays at the right and «Seuil» moves down."""


class Spread(NamedTuple):
    """Files of one half-point bin: those with a known outcome, out of fold, and their defaults."""

    files: int
    defaults: int


class ScaleData(NamedTuple):
    """What the scale shows; probabilities in [0, 1].

    Attributes
    ----------
    bins : 60 bins of half a point from 0 to 30 %
    beyond : files above 30 %
    low, high : observed default rate of the nearest scores, its 95 % interval
    share_below : share of the files with a lower PD
    """

    bins: tuple[Spread, ...]
    beyond: Spread
    default_probability: float
    cut_off: float
    zone_low: float
    zone_high: float
    low: float
    high: float
    share_below: float


def data(
    counts: Sequence[int],
    defaults: Sequence[int],
    *,
    default_probability: float,
    cut_off: float,
    zone: tuple[float, float],
    interval: tuple[float, float],
    share_below: float,
) -> ScaleData:
    """Gather the scale.

    Parameters
    ----------
    counts, defaults : 61 figures each: the 60 bins and what lies above 30 %
    """
    if len(counts) != BINS + 1 or len(defaults) != BINS + 1:
        raise ValueError(f"the scale has {BINS} bins and one above, got {len(counts)} and {len(defaults)}")
    spread = [Spread(int(n), int(d)) for n, d in zip(counts, defaults, strict=True)]
    return ScaleData(
        tuple(spread[:BINS]), spread[BINS], default_probability, cut_off, *zone, *interval, share_below
    )


def figure(d: ScaleData, language: str, *, narrow: bool = False, look: Look = LIVE) -> Figure:
    """Bars, strip of zones, cut-off, this client with the interval of the nearest scores."""
    bars_px, strip, room = (86, (-4, -14), (104, -18)) if narrow else (108, (-4, -14), (132, -18))
    unit = max(*(bin.files for bin in d.bins), 1) / bars_px
    bars: Figure = {
        "type": "bar",
        "x": [(i + 0.5) / 2 for i in range(BINS)],
        "y": [bin.files for bin in d.bins],
        "width": 0.44,
        "marker": {"color": look("c-all-soft")},
        "customdata": _bins_words(d.bins, language),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    return figure_of(
        [bars, _client(d, language, look, unit)],
        language,
        look=look,
        height=190 if narrow else 212,
        margin=(4, 8, 22, 40),
        xaxis={"range": [0, TOP * 100], "showticklabels": False, "automargin": False},
        yaxis={
            "range": [room[1] * unit, room[0] * unit],
            "visible": False,
            "automargin": False,
        },
        shapes=_shapes(d, look, unit, strip, room, narrow),
        annotations=_labels(d, language, look, unit, room, narrow),
    )


def table(d: ScaleData, language: str) -> Table:
    """Files and observed default rate by steps of 2 points (the bins are too many to read)."""
    rows = _rows(d.bins, d.beyond, language)
    return Table(
        columns=(
            t("chart.scale.column_pd", language),
            t("chart.column_files", language),
            t("chart.column_rate", language),
        ),
        rows=rows,
        numeric=(False, True, True),
        selected=min(int(d.default_probability / 0.02), len(rows) - 1),
    )


@lru_cache(maxsize=8)
def _rows(bins: tuple[Spread, ...], beyond: Spread, language: str) -> tuple[tuple[str, ...], ...]:
    rows = []
    for first in range(0, BINS, 4):
        count = sum(bin.files for bin in bins[first : first + 4])
        defaults = sum(bin.defaults for bin in bins[first : first + 4])
        span = locale.interval(first / 200, (first + 4) / 200, language)
        rows.append((span, locale.number(count, language), _rate(count, defaults, language)))
    above = t("chart.scale.above", language, value=locale.percent(TOP, language, digits=0))
    rows.append(
        (above, locale.number(beyond.files, language), _rate(beyond.files, beyond.defaults, language))
    )
    return tuple(rows)


def sentence(d: ScaleData, language: str) -> str:
    """What the picture says, for who does not see it."""
    return t(
        "chart.scale.sentence",
        language,
        value=_shown(d, language),
        cut_off=_cut_off(d, language),
        rank=rank(d, language),
        interval=locale.interval(d.low, d.high, language),
    )


def rank(d: ScaleData, language: str) -> str:
    """«plus risqué que 80 % des dossiers»."""
    riskier = d.share_below >= 0.5
    share = d.share_below if riskier else 1 - d.share_below
    return t(
        "chart.scale.riskier" if riskier else "chart.scale.safer",
        language,
        share=locale.percent(share, language, digits=0),
    )


def _shown(d: ScaleData, language: str) -> str:
    return locale.probability(d.default_probability, language, (d.zone_low, d.cut_off, d.zone_high))


def _cut_off(d: ScaleData, language: str) -> str:
    """With as many decimals as a file that lies close to it."""
    return locale.probability(d.cut_off, language, (d.default_probability,))


def _rate(count: int, defaults: int, language: str) -> str:
    return locale.percent(defaults / count, language) if count else "–"


@lru_cache(maxsize=8)
def _bins_words(bins: tuple[Spread, ...], language: str) -> list[str]:
    """The same for every file of a model: written once."""
    return [_bin_words(i, bin, language) for i, bin in enumerate(bins)]


def _bin_words(index: int, bin: Spread, language: str) -> str:
    return t(
        "chart.scale.hover",
        language,
        span=locale.interval(index / 200, (index + 1) / 200, language),
        count=locale.number(bin.files, language),
        rate=_rate(bin.files, bin.defaults, language),
    )


def _client(d: ScaleData, language: str, look: Look, unit: float) -> Figure:
    at = min(d.default_probability, TOP) * 100
    low, high = min(d.low, TOP) * 100, min(d.high, TOP) * 100
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [at],
        "y": [-9 * unit],
        "cliponaxis": False,
        "marker": {
            "size": 15,
            "color": look("c-me"),
            "line": {"color": look("surface"), "width": 2},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [max(high - at, 0)],
            "arrayminus": [max(at - low, 0)],
            "color": look("c-me"),
            "thickness": 2,
            "width": 4,
        },
        "hovertemplate": f"{sentence(d, language)}<extra></extra>",
    }


def _shapes(
    d: ScaleData, look: Look, unit: float, strip: tuple[int, int], room: tuple[int, int], narrow: bool
) -> list[Figure]:
    bounds = [0, d.zone_low * 100, d.zone_high * 100, TOP * 100]
    zones = [
        {
            "type": "rect",
            "x0": min(bounds[i] + (0.04 if i else 0), TOP * 100),
            "x1": min(bounds[i + 1], TOP * 100),
            "y0": strip[0] * unit,
            "y1": strip[1] * unit,
            "fillcolor": look(f"{side}-soft"),
            "line": {"width": 0},
            "layer": "below",
        }
        for i, side in enumerate(("fav", "mid", "unf"))
    ]
    cut, at = d.cut_off * 100, min(d.default_probability, TOP) * 100
    top = room[0] - (_lowered(d, narrow) or 4)
    return [
        *zones,
        line(cut, cut, -17 * unit, top * unit, color=look("ink"), width=1.25, dash="3px,3px"),
        line(at, at, -4 * unit, room[0] * unit, color=look("c-me"), width=1.5),
    ]


def _lowered(d: ScaleData, narrow: bool) -> int:
    """How far the cut-off's label gives way to the file's label at its left, px."""
    if narrow:
        return 18 if d.default_probability < d.cut_off else 0
    return 30 if d.default_probability < min(_LEFT_FROM, d.cut_off) else 0


def _labels(
    d: ScaleData, language: str, look: Look, unit: float, room: tuple[int, int], narrow: bool
) -> list[Figure]:
    pd, cut = d.default_probability, d.cut_off
    halo = look("surface")
    to_left = pd > (0.19 if narrow else 0.22) or (not narrow and _LEFT_FROM <= pd < cut)
    anchor, shift = ("right", -6) if to_left else ("left", 6)
    at = min(pd, TOP) * 100
    words = t("chart.scale.this_file", language, value=_shown(d, language))
    labels = [
        text(
            words,
            x=at,
            y=room[0] * unit,
            color=look("ink"),
            size=LABEL_SIZE,
            weight=620,
            xanchor=anchor,
            xshift=shift,
            yanchor="middle",
            yshift=-1,
            halo=halo,
        )
    ]
    if not narrow:
        labels.append(
            text(
                rank(d, language),
                x=at,
                y=room[0] * unit,
                color=look("axis"),
                xanchor=anchor,
                xshift=shift,
                yshift=-18,
                halo=halo,
            )
        )
    right, lowered = pd < cut, _lowered(d, narrow)
    labels.append(
        text(
            t("chart.cut_off", language, value=_cut_off(d, language)),
            x=cut * 100,
            y=room[0] * unit,
            color=look("axis"),
            xanchor="left" if right else "right",
            xshift=6 if right else -6,
            yshift=-(lowered + 4 if lowered else 8),
            halo=halo,
        )
    )
    labels += [
        text(
            t("chart.scale.at_least", language, value=locale.percent(TOP, language, digits=0))
            if tick == 30
            else locale.percent(tick / 100, language, digits=0),
            x=tick,
            y=0,
            yref="paper",
            color=look("axis"),
            yanchor="top",
            yshift=-2,
            xanchor="left" if tick == 0 else "right" if tick == 30 else "center",
        )
        for tick in range(0, 31, 10 if narrow else 5)
    ]
    zone_middles = (d.zone_low / 2, (d.zone_low + d.zone_high) / 2, (d.zone_high + TOP) / 2)
    labels += [
        text(
            t(f"opinion.{opinion}", language),
            x=middle * 100,
            y=0,
            yref="paper",
            color=look(side),
            weight=600,
            xanchor="center",
            yanchor="top",
            yshift=-21,
        )
        for opinion, side, middle in zip(
            ("favourable", "review", "unfavourable"), ("fav", "mid", "unf"), zone_middles, strict=True
        )
        if not (narrow and side == "mid")
    ]
    return labels
