"""Importance: what counts for the model in general, and how an effect goes with a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts import axis, dependence, importance, panel
from dash_app.i18n import plural, t
from dash_app.security.rights import STAFF
from dash_app.services.importance import LEVELS, FeatureDependence, ImportanceRow, Level
from dash_app.ui import features, parts, shell, states
from model import dictionary, locale, reasons

PAGE = {"path": "/importance", "roles": STAFF, "title": shell.page_title("importance.title")}

USUAL: Final[Level] = "code"
CHART: Final = "importance"
"""Name of the ranking's chart."""


class Ids:
    PAGE = "importance-page"
    LEVEL = "importance-level"
    FEATURE = "importance-feature"
    """Store: the chosen feature."""
    RANKING = "importance-ranking"
    DEPENDENCE = "importance-dependence"
    OTHER = "importance-other"
    """Choice among the features of the same code or theme."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What the left side shows.

    Attributes
    ----------
    level : ``code``, ``theme`` or ``feature``
    rows : the most important first
    chosen : name of the row that the chosen feature belongs to
    leading : row name → its most important feature
    clients : random clients over whom the means were taken
    """

    level: Level
    rows: Sequence[ImportanceRow]
    chosen: str | None
    leading: Mapping[str, str]
    clients: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the right side shows: one feature, and the others of its group.

    Attributes
    ----------
    found : bins and effects
    others : features of the same code, the most important first; the shown one among them
    currency : code for amounts
    """

    found: FeatureDependence
    others: Sequence[str]
    currency: str


def level_of(value: object) -> Level:
    """Read a level of the browser; what makes no sense is the usual one."""
    return cast(Level, value) if value in LEVELS else USUAL


def layout(language: str = "fr") -> html.Div:
    """Return the page before its figures are read."""
    return html.Div(
        [
            dcc.Store(id=Ids.PAGE, data=True),
            dcc.Store(id=Ids.FEATURE),
            panel.look(),
            parts.page_head(t("importance.title", language), subtitle=t("importance.lead", language)),
            html.Div(
                [
                    parts.section(
                        "imp",
                        t("importance.ranking.title", language),
                        html.Div(
                            states.bars([("100%", 18)] * 15, label=t("state.loading", language)),
                            id=Ids.RANKING,
                        ),
                        subtitle=t("importance.ranking.lead", language),
                        end=parts.segmented(
                            Ids.LEVEL,
                            t("importance.level", language),
                            [(name, t(f"importance.levels.{name}", language)) for name in LEVELS],
                            None,
                        ),
                    ),
                    html.Div(
                        states.bars([("50%", 20), ("100%", 300)], label=t("state.loading", language)),
                        id=Ids.DEPENDENCE,
                    ),
                ],
                className="ig",
            ),
        ]
    )


# ------------------------------------------------------------------ ranking


def ranking(shown: Ranking, language: str) -> list[Component]:
    """Return the bars, what is not drawn, and the table whose rows can be chosen."""
    data = ranking_data(shown, language)
    table = importance.table(data, language)
    words = importance.sentence(data, language)
    hidden, weight = importance.rest(data)
    rest = (
        [
            html.P(
                plural(
                    f"importance.rest_{shown.level}",
                    hidden,
                    language,
                    points=locale.points(weight, language, signed=False),
                ),
                className="muted sm mt-2 mb-0",
            )
        ]
        if hidden
        else []
    )
    choose = html.P(t("importance.choose", language), className="muted xs mb-2")
    return [
        html.Figure(
            [
                html.Div(
                    panel.plot(
                        CHART,
                        lambda narrow: ranking_figure(shown, data, language, narrow=narrow),
                        className="plot pick",
                    ),
                    role="img",
                    **{"aria-label": words},
                ),
                *rest,
                parts.table_behind(
                    html.Div(
                        [
                            choose,
                            panel.table_of(
                                table,
                                caption=words,
                                first=lambda i: _row_link(data.bars[i], shown, table.rows[i][0]),
                            ),
                        ]
                    ),
                    language,
                ),
            ],
            **{"aria-labelledby": "imp-title"},
        )
    ]


def ranking_data(shown: Ranking, language: str) -> importance.ImportanceData:
    """The rows in words and points."""
    bars = [
        importance.Bar(
            row.name,
            _name(row.name, shown.level, language),
            _theme(row.name, shown.level, language),
            100 * row.mean,
            100 * min(row.folds, default=row.mean),
            100 * max(row.folds, default=row.mean),
        )
        for row in shown.rows
    ]
    return importance.data(bars, kind=shown.level, selected=shown.chosen)


def ranking_figure(
    shown: Ranking, data: importance.ImportanceData, language: str, *, narrow: bool
) -> dict[str, Any]:
    """The bars; each carries the feature that a click on it chooses."""
    figure = importance.figure(data, language, narrow=narrow)
    figure["data"][0]["customdata"] = [
        [*custom, shown.leading.get(bar.name, bar.name)]
        for custom, bar in zip(figure["data"][0]["customdata"], data.drawn, strict=True)
    ]
    return figure


def ranking_figures(shown: Ranking, language: str) -> dict[str, Any]:
    """Both variants of the bars, for the store behind the chart."""
    data = ranking_data(shown, language)
    return {
        name: ranking_figure(shown, data, language, narrow=name == "narrow") for name in ("wide", "narrow")
    }


def _row_link(bar: importance.Bar, shown: Ranking, label: str) -> html.A:
    feature = shown.leading.get(bar.name, bar.name)
    chosen = {"aria-current": "true"} if bar.name == shown.chosen else {}
    return html.A(
        label,
        href=f"/importance?level={shown.level}&f={feature}",
        className="pick",
        **{"data-importance": feature, "data-row": bar.name, **chosen},
    )


def _name(name: str, level: Level, language: str) -> str:
    if level == "code":
        return reasons.label(name, language)
    return (
        dictionary.theme_label(name, language) if level == "theme" else dictionary.entry(name).label(language)
    )


def _theme(name: str, level: Level, language: str) -> str:
    if level == "theme":
        return ""
    theme = dictionary.theme_of(name) if level == "code" else dictionary.entry(name).theme
    return dictionary.theme_label(theme, language)


# ------------------------------------------------------------------ dependence


def dependence_panel(chosen: Chosen, language: str) -> html.Section:
    """Return the effect of one feature by its value, its sentence, its facts and its table."""
    data, write = dependence_data(chosen.found, chosen.currency, language)
    words = dependence.sentence(data, language, write)
    return parts.section(
        "dep",
        data.feature,
        *_other_features(chosen, language),
        panel.chart(
            "importance-dependence",
            lambda narrow: dependence.figure(data, language, write, narrow=narrow),
            sentence=words,
            table=dependence.table(data, language, write),
            language=language,
            narrow_below=460,
            caption=None,
            labelled_by="dep-title",
            above_table=[
                html.Div([parts.icon("info-circle"), html.P(words)], className="note mt-3"),
                _facts(data, language),
            ],
        ),
        subtitle=t("importance.dependence.lead", language),
    )


def dependence_data(
    found: FeatureDependence, currency: str, language: str
) -> tuple[dependence.DependenceData, dependence.Write]:
    """The effects of a feature on its axis, in points, and how its values are written."""
    bins, effects = found.bins, found.dependence
    drawn = axis.binned(bins, language, currency)
    label = dictionary.entry(bins.name).label(language)
    total = sum(effects.counts) or 1
    missing = _missing(found, total, language)
    common: dict[str, Any] = {
        "feature": label,
        "column": bins.name,
        "direction": dictionary.direction(bins.name),
        "missing": missing,
    }
    if drawn.across:
        rows = [i for i in drawn.order if effects.mean[i] is not None]
        words = [drawn.bins[drawn.here(i)].label for i in rows]
        line = [_point(found, i, float(place)) for place, i in enumerate(rows)]
        data = dependence.data(line=line, sample=(), labels=words, **common)
        return data, lambda place, _language: words[int(place)]
    scale = axis.axis_of(bins, currency)
    common["direction"] *= scale.sign  # told as the axis runs: more time passed, not more negative days
    line = sorted(
        _point(found, i, scale.place(centre))
        for i, centre in enumerate(_centres(found))
        if effects.mean[i] is not None
    )
    reach = [row[0] for row in line]
    sample = [
        (scale.place(float(value)), 100 * float(effect))
        for value, effect in zip(effects.values, effects.effects, strict=True)
        if value == value
    ]
    if reach:
        sample = [point for point in sample if reach[0] <= point[0] <= reach[-1]]
    return dependence.data(line=line, sample=sample, **common), scale.write


def _point(found: FeatureDependence, i: int, place: float) -> tuple[float, float, float, float, int]:
    effects = found.dependence
    mean, low, high = (100 * float(values[i] or 0.0) for values in (effects.mean, effects.low, effects.high))
    return place, mean, low, high, effects.counts[i]


def _centres(found: FeatureDependence) -> list[float]:
    """Where each bin stands: the middle of its sampled files, else of its bounds."""
    bins, effects = found.bins, found.dependence
    if bins.kind == "values":
        return list(bins.values)
    known = effects.values[effects.values == effects.values]
    codes = bins.bins_of(known)
    ends = [bins.low or 0.0, *bins.edges, bins.high or 0.0]
    centres = []
    for i in range(bins.size):
        mine = sorted(float(value) for value, code in zip(known, codes, strict=True) if code == i)
        centres.append(mine[len(mine) // 2] if mine else (ends[i] + ends[i + 1]) / 2)
    return centres


def _missing(found: FeatureDependence, total: int, language: str) -> dependence.Missing | None:
    effects = found.dependence
    if effects.mean[-1] is None:
        return None
    label = axis.missing_words(found.bins.name, language)[1]
    _, mean, low, high, count = _point(found, len(effects.mean) - 1, 0.0)
    return dependence.Missing(count / total, mean, low, high, label)


def _other_features(chosen: Chosen, language: str) -> list[Component]:
    if len(chosen.others) < 2:
        return []
    return [
        features.choice(
            Ids.OTHER,
            t("importance.dependence.feature", language),
            features.options(chosen.others, language),
            chosen.found.bins.name,
        )
    ]


def _facts(data: dependence.DependenceData, language: str) -> html.Dl:
    share = (
        locale.probability(data.missing.share, language) if data.missing else locale.percent(0.0, language)
    )
    direction = {-1: "down", 0: "free", 1: "up"}[data.direction]
    return parts.facts(
        [
            (t("importance.fact.column", language), html.Code(data.column)),
            (t("importance.fact.missing", language), share),
            (t("importance.fact.direction", language), t(f"importance.direction.{direction}", language)),
        ],
        className="facts three mt-3",
    )
