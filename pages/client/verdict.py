"""Verdict: opinion, probability, distance to the cut-off, and on what they rest."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.charts import panel, scale
from dash_app.i18n import plural, t
from dash_app.ui import parts
from dash_app.ui.parts import Content
from model import locale
from pages.client.file import File


def section(file: File, language: str) -> html.Section:
    """Return the block of the page."""
    given = file.opened.assessment
    text = locale.probability(given.default_probability, language, file.bounds)
    figure = text.rstrip("%\u00a0")
    bars = file.opened.serving.bundle.scale
    data = scale.data(
        bars.counts,
        bars.defaults,
        default_probability=given.default_probability,
        cut_off=given.cut_off,
        zone=(file.bounds[0], file.bounds[2]),
        interval=(given.interval.low, given.interval.high),
        share_below=given.percentile / 100,
    )
    say = html.Div(
        [
            parts.opinion_title(given.opinion, language, title_id="verdict"),
            html.Div([figure, html.Small(text[len(figure) :])], className="score mt-3"),
            html.Div(t("client.verdict.pd", language), className="muted sm"),
            html.P(distance(file, language), className="mt-3 mb-0"),
        ],
        className="say",
    )
    see = panel.chart(
        "client-scale",
        lambda narrow: scale.figure(data, language, narrow=narrow),
        sentence=scale.sentence(data, language),
        table=scale.table(data, language),
        language=language,
        labelled_by="verdict",
    )
    return html.Section(
        [say, html.Div(see, className="see"), _foot(file, language)],
        className="panel verdict",
        **parts.aria(labelledby="verdict"),
    )


def distance(file: File, language: str) -> list[Content]:
    """«3,3 points au-dessus du seuil de 9,1 %. Sur 100 dossiers notés ainsi, 12 ou 13 font défaut.»."""
    given = file.opened.assessment
    # From the figures as shown, so that the subtraction is right for who checks it.
    gap = round(
        round(100 * given.default_probability, file.digits) - round(100 * given.cut_off, file.digits), 2
    )
    side = "above" if gap > 0 else "below" if gap < 0 else "at"
    bold = html.B(
        t(
            f"client.verdict.{side}",
            language,
            points=locale.points(abs(gap), language, signed=False, digits=file.digits),
        ),
        className="ink w6",
    )
    if given.opinion == "review":
        count = len(given.data_quality.to_check)
        advice = (
            plural("client.verdict.check", count, language) if count else t("client.verdict.study", language)
        )
        doubt = t("client.verdict.too_close", language)
        return [bold, doubt, " ", advice]
    cut_off = locale.percent(given.cut_off, language, digits=file.digits)
    return [
        bold,
        " ",
        t("client.verdict.cut_off", language, value=cut_off),
        " ",
        frequency(given.default_probability, language),
    ]


def frequency(default_probability: float, language: str) -> str:
    """«Sur 100 dossiers notés ainsi, 12 ou 13 font défaut.» A thousand files below 1 %."""
    base = 100 if default_probability >= 0.0095 else 1000
    expected = default_probability * base
    low = int(expected)
    words = locale.number(base, language)
    if 0.25 <= expected - low < 0.75 and low >= 1:
        span = {"low": locale.number(low, language), "high": locale.number(low + 1, language)}
        return t("client.verdict.frequency_span", language, base=words, **span)
    return plural("client.verdict.frequency", max(round(expected), 0), language, base=words)


def _outside(file: File, language: str) -> list[Component]:
    """A sentence when the interval of the nearest scores does not hold the probability."""
    given = file.opened.assessment
    low, high = given.interval.low, given.interval.high
    if low <= given.default_probability <= high:
        return []
    side = "above" if given.default_probability > high else "below"
    return [html.Span(t(f"client.foot.{side}{'_end' if _at_end(file, side) else ''}", language))]


def _at_end(file: File, side: str) -> bool:
    """Whether fewer than half of the nearest scores can lie beyond this one: nearly all are on one side."""
    beyond = file.opened.assessment.percentile / 100
    if side == "above":
        beyond = 1 - beyond
    return beyond * len(file.opened.serving.bundle.intervals.margins) < file.opened.assessment.interval.n / 2


def _certainty(file: File, language: str) -> list[Component]:
    """How often such intervals hold, and the models that would decide otherwise, if any."""
    bundle, given = file.opened.serving.bundle, file.opened.assessment
    said: list[Component] = []
    coverage = bundle.evaluation.get("coverage")
    if coverage:
        held = locale.percent(coverage["agreement"], language, digits=0)
        said.append(html.Span(t("client.foot.held", language, share=held)))
    table = bundle.disagreement
    against = table.against(given.default_probability, given.cut_off) if table else 0
    if table and against:
        words = plural("client.foot.against", against, language, of=locale.number(table.models, language))
        said.append(html.Span(words))
    return said


def _foot(file: File, language: str) -> html.Div:
    given = file.opened.assessment
    near = given.interval
    return html.Div(
        [
            html.Span(
                t(
                    "client.foot.near",
                    language,
                    count=locale.number(near.n, language),
                    rate=locale.percent(near.observed, language),
                    interval=locale.interval(near.low, near.high, language),
                )
            ),
            *_outside(file, language),
            *_certainty(file, language),
            html.Span(
                t(
                    "client.foot.grade",
                    language,
                    grade=given.grade,
                    points=locale.number(given.points, language),
                )
            ),
            html.Span(
                t(
                    "client.foot.versions",
                    language,
                    model=given.versions["model"],
                    policy=given.versions["policy"],
                )
            ),
            html.Span(
                t(
                    "client.foot.time",
                    language,
                    time=locale.when(file.opened.assessed_at.astimezone(), language),
                )
            ),
        ],
        className="foot",
    )
