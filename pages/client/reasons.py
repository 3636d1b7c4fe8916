"""Reasons: what raises the risk and what lowers it, each in the place of its value among all files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from dash_app.charts import axis, spark, waterfall
from dash_app.i18n import t
from dash_app.ui import parts
from dash_app.ui.parts import Content
from model import locale, reasons
from model.population import FeatureBins
from model.reasons import Reason
from pages.client.file import File


def section(file: File, by_code: waterfall.WaterfallData, language: str) -> html.Section:
    """Return the block of the page."""
    given = file.opened.assessment
    effects = {step.name: step.points for step in by_code.every}
    lists = [("raising", given.reasons), ("lowering", given.strengths)]
    if given.opinion == "favourable":
        lists = [("strengths", given.strengths)]
    blocks: list[Component] = []
    for name, found in lists:
        if found:
            blocks += [html.Div(className="gap-24")] if blocks else []
            blocks += _reason_list(name, found, effects, file, language)
    if not blocks:
        blocks = [html.P(t("client.reasons.none", language), className="muted")]
    return parts.section(
        "reasons",
        t("client.reasons.title", language),
        *blocks,
        subtitle=t(
            f"client.reasons.lead_{'favourable' if given.opinion == 'favourable' else 'other'}", language
        ),
    )


def _reason_list(
    name: str, found: Sequence[Reason], effects: Mapping[str, float], file: File, language: str
) -> list[Component]:
    head = html.Div(
        [
            html.H3(t(f"client.reasons.{name}", language), id=f"reasons-{name}"),
            html.Span(t("client.reasons.in_portfolio", language)),
            html.Span(t("client.reasons.effect", language), className="text-end"),
        ],
        className="rs-h",
    )
    rows = [_reason(reason, effects[reason.code], file, language) for reason in found]
    return [head, html.Ol(rows, className="rs", **parts.aria(labelledby=f"reasons-{name}"))]


def _reason(reason: Reason, effect: float, file: File, language: str) -> html.Li:
    label = reasons.label_of(reason, language)
    tone = "unf" if effect > 0 else "fav" if effect < 0 else "muted"
    words: list[Content] = [
        html.B(_to_position(label, reason.feature, file)),
        " ",
        html.Span(reason.code, className="rc", title=t("client.reasons.code", language)),
        html.P(reasons.sentence(reason, language, file.currency)),
    ]
    return html.Li(
        [
            html.Div(words),
            html.Div(_spark(reason, label, file, language), className="sp"),
            html.Div(locale.points(effect, language, short=True, digits=file.digits), className=f"pt {tone}"),
        ]
    )


def _to_position(label: str, feature: str | None, file: File) -> Content:
    """The reason's label opens the position chart on its feature."""
    entry = file.entry(feature)
    if entry is None:
        return label
    return html.A(label, href=f"?f={entry}#position", className="q quiet", **{"data-feature": entry})


def _spark(reason: Reason, label: str, file: File, language: str) -> Component | None:
    entry = file.entry(reason.feature)
    if entry is None:
        return None
    bundle = file.opened.serving.bundle
    bins = bundle.population.of(entry)
    place = _spark_place(bins, file)
    if place is None:
        return None
    counts, cuts = axis.spark_bars(bins)
    reference = bundle.medians.get(bins.name) if bins.kind == "numeric" else None
    data = spark.data(counts, place, None if reference is None else spark.place(cuts, reference))
    if bins.kind == "numeric" and (axis.axis_of(bins, "").sign < 0) != reasons.told_inverted(reason):
        data = data.turned()
    return html.Img(
        src=spark.source(data),
        alt=t("chart.spark.label", language, label=label),
        width=spark.WIDTH,
        height=spark.HEIGHT,
    )


def _spark_place(bins: FeatureBins, file: File) -> float | None:
    """Place of this file on the spark's axis; ``None`` when the value is missing."""
    if bins.kind == "category":
        value = (file.opened.case.application or {}).get(bins.name)
        index = bins.bin_of(value)
        return None if index == bins.size else (index + 0.5) / bins.size
    value = float(file.opened.assessment.values[file.opened.serving.bundle.index[bins.name]])
    if value != value:
        return None
    if bins.kind == "values":
        return (bins.bin_of(value) + 0.5) / bins.size
    return spark.place(axis.spark_bars(bins)[1], value)
