"""Waterfall: from the typical accepted client to this file, one bar a code or a feature.

Effects are the displayed points of ``model.contributions``: they add up, as written, to the
displayed probability. What is not drawn is one bar, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dash_app.charts.template import (
    LABEL_SIZE,
    LIVE,
    Figure,
    Look,
    Table,
    figure_of,
    line,
    nice_ticks,
    row_axis,
    row_name,
    text,
)
from dash_app.i18n import plural, t
from model import locale
from model.contributions import displayed_points

RAISING, LOWERING = 8, 4
"""Bars drawn on each side; the others are summed."""

_SMALLEST = 0.0005
"""A summand below half a displayed unit is not drawn, even where rounding gave it one."""


class Part(NamedTuple):
    """One summand: a reason code or a feature.

    Attributes
    ----------
    name : code (``R11``) or column
    label : its words
    contribution : in probability
    value : this client's value in words, or ""
    """

    name: str
    label: str
    contribution: float
    value: str = ""


class Step(NamedTuple):
    """One bar: `points` as displayed (1.0 = one point of probability)."""

    name: str
    label: str
    points: float
    value: str


class WaterfallData(NamedTuple):
    """Base, bars (raising first, each side by size), the rest in one bar, the file's PD.

    Attributes
    ----------
    base, total : displayed per cent
    others : summands behind `rest`
    rest : their sum in points
    every : all summands, in the same order
    cut_off : probability
    digits : decimals of all figures: two when one could contradict the opinion
    kind : ``code`` or ``feature``
    """

    base: float
    steps: tuple[Step, ...]
    others: int
    rest: float
    total: float
    every: tuple[Step, ...]
    cut_off: float
    digits: int
    kind: str

    def with_values(self, write: Callable[[str], str]) -> WaterfallData:
        """The same with the values of the drawn bars in words: many features, few are shown."""
        return self._replace(steps=tuple(step._replace(value=write(step.name)) for step in self.steps))


def data(
    parts: Sequence[Part], *, base: float, default_probability: float, cut_off: float, digits: int, kind: str
) -> WaterfallData:
    """Choose the bars and round them so that what is written adds up.

    Parameters
    ----------
    parts : every summand: ``base + Σ contribution = default_probability``
    """
    shown = displayed_points(base, [part.contribution for part in parts], default_probability, digits)
    every = [
        Step(part.name, part.label, points, part.value)
        for part, points in zip(parts, shown.parts, strict=True)
    ]
    exact = {part.name: part.contribution for part in parts}
    raising = sorted((s for s in every if s.points > 0), key=lambda s: (-s.points, -exact[s.name], s.name))
    lowering = sorted((s for s in every if s.points < 0), key=lambda s: (s.points, exact[s.name], s.name))
    still = sorted((s for s in every if s.points == 0), key=lambda s: (-abs(exact[s.name]), s.name))
    raised, lowered = ([s for s in side if abs(exact[s.name]) >= _SMALLEST] for side in (raising, lowering))
    steps = (*raised[:RAISING], *lowered[:LOWERING])
    rest = shown.probability - shown.base - sum(step.points for step in steps)
    return WaterfallData(
        base=shown.base,
        steps=steps,
        others=len(every) - len(steps),
        rest=round(rest, digits),
        total=shown.probability,
        every=(*raising, *lowering, *still),
        cut_off=cut_off,
        digits=digits,
        kind=kind,
    )


def figure(d: WaterfallData, language: str, *, narrow: bool = False, look: Look = LIVE) -> Figure:
    """Horizontal bars from top to bottom; labels at the left, above the bars on a phone."""
    rows = _rows(d, language)
    row = (42 if d.kind == "code" else 46) if narrow else (27 if d.kind == "code" else 34)
    reach = max(*(max(r.start, r.end) for r in rows), d.cut_off * 100)
    right = reach * 1.15
    left_margin, head = (14, 38) if narrow else (236, 22)
    bars: Figure = {
        "type": "bar",
        "orientation": "h",
        "x": [r.end - r.start for r in rows],
        "base": [r.start for r in rows],
        "y": list(range(len(rows))),
        "width": (15 / row),
        "marker": {"color": [look(r.token) for r in rows]},
        "customdata": [r.hover for r in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    ticks = nice_ticks(0, right, 5)
    return figure_of(
        [bars],
        language,
        look=look,
        height=row * len(rows) + head + 26,
        margin=(left_margin, 8, head, 26),
        xaxis={
            "range": [0, right],
            "showgrid": True,
            "tickvals": ticks,
            "ticktext": [locale.percent(tick / 100, language, digits=_decimals(ticks)) for tick in ticks],
            "automargin": False,
        },
        yaxis=row_axis(len(rows) - 1),
        shapes=[*_connectors(rows, look, row), _cut(d, rows, look)],
        annotations=[
            *_names(rows, look, narrow),
            *_values(d, rows, language, look),
            text(
                t("chart.cut_off", language, value=_percent(d.cut_off * 100, d, language)),
                x=d.cut_off * 100,
                y=1,
                yref="paper",
                yanchor="bottom",
                yshift=14 if narrow else 0,
                xanchor="center",
                color=look("axis"),
            ),
        ],
    )


def table(d: WaterfallData, language: str, *, whole: bool = False) -> Table:
    """The bars, the others in one row; `whole` lists every summand."""
    listed = d.every if whole else d.steps
    values = {step.name: step.value for step in d.steps}
    rows = [(t("chart.waterfall.base", language), "", _percent(d.base, d, language))]
    rows += [(s.label, values.get(s.name) or s.value, _points(s.points, d, language)) for s in listed]
    if not whole and d.others:
        others = plural(f"chart.waterfall.others_{d.kind}", d.others, language)
        rows.append((others, "", _points(d.rest, d, language)))
    rows.append((t("chart.waterfall.this_file", language), "", _percent(d.total, d, language)))
    return Table(
        columns=(
            t(f"chart.waterfall.column_{d.kind}", language),
            t("chart.column_value", language),
            t("chart.column_effect", language),
        ),
        rows=tuple(rows),
        numeric=(False, True, True),
        selected=len(rows) - 1,
    )


def sentence(d: WaterfallData, language: str) -> str:
    """What the picture says, for who does not see it."""
    return t(
        "chart.waterfall.sentence",
        language,
        base=_percent(d.base, d, language),
        total=_percent(d.total, d, language),
        steps=", ".join(f"{s.label} {_points(s.points, d, language)}" for s in d.steps[:3]),
    )


def written_sum(d: WaterfallData, language: str, *, whole: bool = False) -> str:
    """«3,5 + 10,7 − 1,8 = 12,4 %», exactly as the bars say it; with `whole`, as all summands do."""
    up, down = _sums(d, whole=whole)
    words = locale.number(d.base, language, digits=d.digits)
    if up:
        words += f" + {locale.number(up, language, digits=d.digits)}"
    if down:
        words += f" − {locale.number(down, language, digits=d.digits)}"
    return f"{words} = {_percent(d.total, d, language)}"


def _sums(d: WaterfallData, *, whole: bool) -> tuple[float, float]:
    bars = [s.points for s in d.every] if whole else [*(s.points for s in d.steps), d.rest]
    up = round(sum(p for p in bars if p > 0), d.digits)
    return up, round(-sum(p for p in bars if p < 0), d.digits)


class _Row(NamedTuple):
    label: str
    start: float
    end: float
    token: str
    words: str
    hover: str
    total: bool


def _rows(d: WaterfallData, language: str) -> list[_Row]:
    base = t("chart.waterfall.base", language)
    words = _percent(d.base, d, language)
    rows = [_Row(base, 0, d.base, "c-all", words, _said(base, words, language), True)]
    at = d.base
    others = plural(f"chart.waterfall.others_{d.kind}", d.others, language)
    for step in (*d.steps, Step("", others, d.rest, "")):
        if not step.name and not d.others:
            continue
        after = round(at + step.points, d.digits)
        hover = t(
            "chart.waterfall.hover" if step.value else "chart.waterfall.hover_plain",
            language,
            label=step.label,
            value=step.value,
            points=locale.points(step.points, language, digits=d.digits),
        )
        signed = locale.number(step.points, language, digits=d.digits, signed=True)
        token = "unf-fill" if step.points > 0 else "fav-fill"
        rows.append(_Row(step.label, at, after, token, signed, hover, False))
        at = after
    file = t("chart.waterfall.this_file", language)
    words = _percent(d.total, d, language)
    rows.append(_Row(file, 0, d.total, "c-me", words, _said(file, words, language), True))
    return rows


def _said(label: str, words: str, language: str) -> str:
    return t("chart.waterfall.hover_plain", language, label=label, points=words)


def _connectors(rows: Sequence[_Row], look: Look, row: int) -> list[Figure]:
    half = 7.5 / row
    return [
        line(r.end, r.end, i + half, i + 1 - half, color=look("line-strong"), layer="below")
        for i, r in enumerate(rows[:-1])
    ]


def _cut(d: WaterfallData, rows: Sequence[_Row], look: Look) -> Figure:
    cut = d.cut_off * 100
    return line(cut, cut, -0.5, len(rows) - 0.5, color=look("ink"), width=1.25, dash="3px,3px")


def _names(rows: Sequence[_Row], look: Look, narrow: bool) -> list[Figure]:
    return [
        row_name(
            r.label,
            i,
            look=look,
            narrow=narrow,
            width=52 if narrow else 34,
            strong=r.total,
            size=LABEL_SIZE,
            above=9,
            halo=look("page") if narrow else None,
        )
        for i, r in enumerate(rows)
    ]


def _values(d: WaterfallData, rows: Sequence[_Row], language: str, look: Look) -> list[Figure]:
    labels = []
    cut = d.cut_off * 100
    room = max(r.end for r in rows) * 0.06
    for i, r in enumerate(rows):
        if r.total:
            inside = r.end > room * 1.6
            color = look("on-ink" if r.token == "c-me" else "ink") if inside else look("ink")
            labels.append(
                text(
                    r.words,
                    x=r.end,
                    y=i,
                    color=color,
                    weight=620,
                    xanchor="right" if inside else "left",
                    xshift=-5 if inside else 5,
                )
            )
            continue
        rises = r.end >= r.start
        at = r.end
        # A label that would lie under the cut-off's line moves to its right.
        if rises and at < cut < at + room:
            at = cut
        labels.append(
            text(
                r.words,
                x=at,
                y=i,
                color=look("ink"),
                weight=600,
                xanchor="left" if rises else "right",
                xshift=5 if rises else -5,
                halo=look("page"),
            )
        )
    return labels


def _decimals(ticks: Sequence[float]) -> int:
    return 0 if all(float(tick).is_integer() for tick in ticks) else 1


def _percent(value: float, d: WaterfallData, language: str) -> str:
    return locale.percent(value / 100, language, digits=d.digits)


def _points(value: float, d: WaterfallData, language: str) -> str:
    return locale.points(value, language, short=True, digits=d.digits)
