"""Client: one file, from the opinion to the data behind it, in the order in which people doubt.

Everything on the page comes from one assessment, recorded before it is shown. Each panel is
built on its own: one that fails says so, the others stay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache, partial
from typing import Any, Final, Literal, cast, get_args
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts import axis, panel, position, scale, spark, waterfall
from dash_app.i18n import current_language, plural, t
from dash_app.security.context import request_id
from dash_app.security.rights import AUDITOR, STAFF
from dash_app.services.assessments import Opened
from dash_app.services.clients import QUEUES, SORTS, Fact, Identity, Place, Queue, Sort
from dash_app.services.portfolio import Position
from dash_app.ui import parts, states
from dash_app.ui.light import Element, element
from dash_app.ui.parts import Content
from model import dictionary, locale, quality, reasons
from model.population import FeatureBins
from model.reasons import Reason
from pages.worklist import waited

log = logging.getLogger(__name__)

View = Literal["waterfall", "features", "table"]
VIEWS: Final[tuple[View, ...]] = get_args(View)

_DOCUMENT: Final = "FLAG_DOCUMENT_"


def _title(client_id: str = "", **_: str) -> str:
    language = current_language()
    number = locale.identifier(int(client_id)) if client_id.isascii() and client_id.isdigit() else client_id
    return t("app.title", language, page=t("client.title", language, number=number))


PAGE = {"path_template": "/client/<client_id>", "roles": STAFF, "title": _title}


class Ids:
    FILE = "client-file"
    """Store: number of the file."""
    ASKED = "client-asked"
    """Store: the same with what the address asks for, as the browser knows it."""
    BODY = "client-body"
    VIEW = "client-view"
    FEATURE = "client-feature"
    POSITION = "client-position"

    @staticmethod
    def view(name: str) -> str:
        """Panel of one form of the calculation."""
        return f"client-view-{name}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: the form of the calculation, the feature of the position, and the list that
    one came from."""

    client_id: int
    view: View = "waterfall"
    feature: str | None = None
    queue: Queue = "all"
    sort: Sort = "oldest"

    @classmethod
    def read(cls, values: Mapping[str, object]) -> Asked | None:
        """Read a store of the browser; ``None`` when it names no file."""
        number, view, feature = (values.get(name) for name in ("client_id", "view", "feature"))
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        queue, sort = values.get("queue"), values.get("sort")
        return cls(
            number,
            cast(View, view) if view in VIEWS else "waterfall",
            feature if isinstance(feature, str) and 0 < len(feature) <= 200 else None,
            cast(Queue, queue) if queue in QUEUES else "all",
            cast(Sort, sort) if sort in SORTS else "oldest",
        )


@dataclass(frozen=True)
class File:
    """What the page shows.

    Attributes
    ----------
    opened : the recorded assessment, the case, what is in force
    identity : facts of the strip
    place : rank and neighbours in the list, ``None`` when the file is in none
    position : this file in the bins of the chosen feature
    refused : feature of the address that the model does not have
    features : names that the position chart accepts
    read : raw columns that the model reads
    asked : form and feature of the address
    now : when the page was drawn
    role : of the reader
    """

    opened: Opened
    identity: Identity
    place: Place | None
    position: Position
    refused: str | None
    features: Sequence[str]
    read: frozenset[str]
    asked: Asked
    now: datetime
    role: str

    @property
    def currency(self) -> str:
        return self.opened.serving.currency

    @cached_property
    def bounds(self) -> tuple[float, float, float]:
        """Probabilities at which something changes: ends of the review zone, cut-off."""
        low, high = self.opened.serving.policy.zone()
        return low, self.opened.assessment.cut_off, high

    @cached_property
    def digits(self) -> int:
        """Decimals of per cent figures: two where one could seem to contradict the opinion."""
        return locale.probability_digits(self.opened.assessment.default_probability, self.bounds)

    def entry(self, feature: str | None) -> str | None:
        """Population entry of a reason's feature; ``None`` for one that the model does not hold."""
        if feature is None:
            return None
        population = self.opened.serving.bundle.population
        name = population.groups.get(feature, feature)
        return name if name in population.entries else None

    def by_code(self, language: str) -> waterfall.WaterfallData:
        """The calculation by reason code."""
        given = self.opened.assessment
        values = {
            r.code: reasons.value_shown(r, language, self.currency)
            for r in (*given.reasons, *given.strengths)
        }
        summands = [
            waterfall.Part(code, reasons.label(code, language), effect, values.get(code, ""))
            for code, effect in given.codes.items()
        ]
        return self._waterfall(summands, "code")

    def by_feature(self, language: str) -> waterfall.WaterfallData:
        """The calculation by feature."""
        given, bundle = self.opened.assessment, self.opened.serving.bundle
        labels = _labels(bundle.features, language)
        summands = [
            waterfall.Part(name, label, effect)
            for name, label, effect in zip(bundle.features, labels, given.contributions.tolist(), strict=True)
        ]
        data = self._waterfall(summands, "feature")
        row = bundle.index
        return data.with_values(
            lambda name: dictionary.shown(name, float(given.values[row[name]]), language, self.currency)
        )

    def _waterfall(self, summands: Sequence[waterfall.Part], kind: str) -> waterfall.WaterfallData:
        given = self.opened.assessment
        return waterfall.data(
            summands,
            base=given.base_probability,
            default_probability=given.default_probability,
            cut_off=given.cut_off,
            digits=self.digits,
            kind=kind,
        )


# ------------------------------------------------------------------ shell and whole page


def layout(client_id: str, language: str = "fr") -> html.Div:
    """Return the page before its file is opened: the shape of what comes."""
    return html.Div(
        [
            dcc.Store(id=Ids.FILE, data={"client_id": int(client_id)}),
            dcc.Store(id=Ids.ASKED),
            panel.look(),
            html.Div(_skeleton(language), id=Ids.BODY),
        ]
    )


def body(file: File, language: str) -> list[Component]:
    """Return the page of an opened file."""
    by_code = file.by_code(language)
    alone = partial(_alone, language=language)
    return [
        crumb(file.place, file.role, language, back=_list_address(file.asked)),
        _head(file, language),
        alone("identity", lambda: _identity(file, language)),
        alone("verdict", lambda: _verdict(file, language)),
        _anchors(language),
        html.Div(
            [
                html.Div(
                    [
                        alone("reasons", lambda: _reasons(file, by_code, language)),
                        alone("calculation", lambda: _calculation(file, by_code, language)),
                    ]
                ),
                html.Aside(
                    alone("quality", lambda: _quality(file, language)),
                    className="rail",
                    **_aria(label=t("client.rail", language)),
                ),
            ],
            className="split",
        ),
        html.Div(
            [
                alone("position", lambda: _position(file, language)),
                alone("values", lambda: _values(file, language)),
            ],
            className="g2 row2",
        ),
    ]


def _alone(name: str, build: Callable[[], Component], *, language: str) -> Component:
    """Build one panel; a failure stays inside it, with a code that is also in the log."""
    try:
        return build()
    except Exception:  # the edge of a panel: whatever happened, the rest of the page is right
        code = request_id()[:8].upper()
        log.exception("client page: panel %s failed (%s)", name, code)
        what = t(f"client.panel.{name}", language)
        return html.Section(states.failed(what, language, code=code, panel=f"client-{name}"), className="sec")


def _skeleton(language: str) -> list[Component]:
    return [
        states.bars([("120px", 14), ("260px", 30), ("100%", 40)], label=t("client.loading", language)),
        html.Div(
            [
                html.Div(
                    states.bars([("70%", 26), ("45%", 56), ("90%", 14), ("80%", 14)], label=""),
                    className="say",
                ),
                html.Div(states.bars([("100%", 180)], label=""), className="see"),
            ],
            className="panel verdict mt-4",
            **{"aria-hidden": "true"},
        ),
    ]


# ------------------------------------------------------------------ way back, title, identity


def _list_address(asked: Asked) -> str:
    """The list that one came from, with its filter and order."""
    view = {"queue": (asked.queue, "all"), "sort": (asked.sort, "oldest")}
    query = urlencode({name: value for name, (value, usual) in view.items() if value != usual})
    return f"/?{query}" if query else "/"


def crumb(place: Place | None, role: str, language: str, *, back: str = "/") -> html.Div:
    """Return the way back to the list, and to its neighbours (keys k and j)."""
    words = t("worklist.requests" if role == AUDITOR else "worklist.title", language)
    pieces: list[Component] = [
        html.A([parts.icon("arrow-left"), " ", words], href=back, **{"data-nav": "true"})
    ]
    if place is not None:
        rank, total = (locale.number(n, language) for n in (place.rank, place.total))
        pieces += [
            html.Span("·", **{"aria-hidden": "true"}),
            html.Span(t("client.place", language, rank=rank, total=total), className="num"),
        ]
        for key, symbol, neighbour in (
            ("k", "chevron-left", place.previous),
            ("j", "chevron-right", place.next),
        ):
            if neighbour is not None:
                pieces.append(
                    html.A(
                        parts.icon(symbol),
                        href=f"/client/{neighbour}",
                        className="btn btn-quiet btn-xs step",
                        **{"data-nav": "true", "data-key": key},
                        **_aria(label=t(f"client.step_{key}", language)),
                    )
                )
    return html.Div(pieces, className="crumb")


def _head(file: File, language: str) -> html.Div:
    number = locale.identifier(file.identity.client_id)
    words: list[Component] = [html.H1(t("client.title", language, number=number), className="num")]
    words += _learning(file, language) if file.identity.learning else _waiting(file, language)
    return html.Div(
        html.Div(words, className="d-flex align-items-center gap-3 flex-wrap"), className="pagehead tight"
    )


def _waiting(file: File, language: str) -> list[Component]:
    since = waited(file.identity.waiting_since, file.now, language)
    if not since or since == t("since.now", language):
        return []
    return [parts.tag(t("client.waiting", language, since=since), symbol="clock")]


def _learning(file: File, language: str) -> list[Component]:
    """A file whose outcome the model has seen: its PD by the models that had not."""
    given = file.opened.assessment
    said = [parts.tag(t("client.learning", language), symbol="bookmark")]
    if given.oof_probability is not None:
        said.append(
            html.Span(
                t(
                    "client.out_of_fold",
                    language,
                    pd=locale.probability(given.default_probability, language, file.bounds),
                    other=locale.probability(given.oof_probability, language, file.bounds),
                ),
                className="sm",
            )
        )
    outcome = "defaulted" if file.opened.case.target else "repaid"
    said.append(html.Span(t(f"client.outcome.{outcome}", language), className="sm muted"))
    return said


def _identity(file: File, language: str) -> html.Dl:
    who = file.identity
    shown = partial(_fact, language=language, currency=file.currency)
    children = dictionary.shown("CNT_CHILDREN", who.children.value, language)
    family = shown(who.family)
    if who.children.value:
        family += ", " + plural("client.children", int(float(who.children.value)), language)
    elif who.family.value is None:
        family = children
    job = [shown(fact) for fact in (who.job, who.seniority) if fact.value is not None]
    facts = [
        (_term("age", language, read=who.age.in_model), _age(who.age, language)),
        (_term("family", language, read=who.family.in_model or who.children.in_model), family),
        (
            _term("job", language, read=who.job.in_model or who.seniority.in_model),
            ", ".join(job) or shown(who.job),
        ),
        (_term("housing", language, read=who.housing.in_model), shown(who.housing)),
        (_term("income", language, read=who.income.in_model), shown(who.income)),
        (_term("product", language, read=who.product.in_model), shown(who.product)),
        (_term("amount", language, read=who.amount.in_model), shown(who.amount)),
        (_term("instalment", language, read=who.instalment.in_model), shown(who.instalment)),
        (
            _term("effort", language),
            t("state.missing", language)
            if who.effort_rate is None
            else locale.percent(who.effort_rate, language),
        ),
    ]
    return parts.facts([(term, _sentence_case(words)) for term, words in facts], className="facts idstrip")


def _fact(fact: Fact, *, language: str, currency: str) -> str:
    return dictionary.shown(fact.column, fact.value, language, currency)


def _sentence_case(words: str) -> str:
    return words[:1].upper() + words[1:]


def _age(fact: Fact, language: str) -> str:
    if fact.value is None:
        return t("state.missing", language)
    return locale.value(int(abs(float(fact.value)) / 365.25), "years", language)


def _term(name: str, language: str, *, read: bool = True) -> Content:
    words = t(f"client.fact.{name}", language)
    return words if read else [words, _not_read(language)]


def _not_read(language: str) -> Element:
    """The tag of a value that the model does not read."""
    return element(
        "Span", t("client.not_read", language), className="hm", title=t("client.not_read_hint", language)
    )


# ------------------------------------------------------------------ verdict


def _verdict(file: File, language: str) -> html.Section:
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
            html.P(_distance(file, language), className="mt-3 mb-0"),
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
        **_aria(labelledby="verdict"),
    )


def _distance(file: File, language: str) -> list[Content]:
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


def _anchors(language: str) -> html.Nav:
    links = [
        html.A(
            t(f"client.anchor.{name}", language),
            href=f"#{name}",
            **(_aria(current="true") if name == "reasons" else {}),
        )
        for name in ("reasons", "calculation", "position", "values")
    ]
    return html.Nav(links, className="anchors noprint", **_aria(label=t("client.anchors", language)))


# ------------------------------------------------------------------ reasons


def _reasons(file: File, by_code: waterfall.WaterfallData, language: str) -> html.Section:
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
    return [head, html.Ol(rows, className="rs", **_aria(labelledby=f"reasons-{name}"))]


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


# ------------------------------------------------------------------ calculation


def _calculation(file: File, by_code: waterfall.WaterfallData, language: str) -> html.Section:
    by_feature = file.by_feature(language)
    chosen = file.asked.view
    views = [
        html.Div(
            [
                panel.chart(
                    f"client-{name}",
                    partial(_draw, data, language),
                    sentence=waterfall.sentence(data, language),
                    table=waterfall.table(data, language),
                    language=language,
                    narrow_below=560,
                    labelled_by="calculation-title",
                ),
                _written_sum(data, language),
            ],
            id=Ids.view(name),
            hidden=chosen != name,
        )
        for name, data in {"waterfall": by_code, "features": by_feature}.items()
    ]
    whole = panel.table_of(
        waterfall.table(by_code, language, whole=True), caption=waterfall.sentence(by_code, language)
    )
    views.append(
        html.Div(
            [whole, _written_sum(by_code, language, whole=True)],
            id=Ids.view("table"),
            hidden=chosen != "table",
        )
    )
    return parts.section(
        "calculation",
        t("client.calculation.title", language),
        *views,
        subtitle=t("client.calculation.lead", language),
        end=parts.segmented(
            Ids.VIEW,
            t("client.calculation.form", language),
            [(name, t(f"client.calculation.{name}", language)) for name in VIEWS],
            chosen,
        ),
    )


def _written_sum(data: waterfall.WaterfallData, language: str, *, whole: bool = False) -> html.P:
    added = waterfall.written_sum(data, language, whole=whole)
    words = f"{added}. {t('client.calculation.not_causes', language)}"
    return html.P(words, className="muted xs mb-0 mt-2")


def _draw(data: waterfall.WaterfallData, language: str, narrow: bool) -> dict[str, Any]:
    return waterfall.figure(data, language, narrow=narrow)


# ------------------------------------------------------------------ data quality


def _quality(file: File, language: str) -> html.Section:
    found = file.opened.assessment.data_quality
    share = locale.percent(found.provided_share, language, digits=0)
    items = [
        html.Li(
            [
                parts.icon(
                    "dash-circle" if flag.kind == "missing" else "exclamation-triangle",
                    "mid" if flag.kind == "missing" else "unf",
                ),
                html.Span(quality.flag_text(flag, language, file.currency)),
            ],
            className="d-flex gap-2 mb-2",
        )
        for flag in found.flags
    ]
    rest: Component = (
        html.Ul(items, className="list-unstyled sm mb-0")
        if items
        else html.P(t("client.quality.nothing", language), className="sm muted mb-0")
    )
    return parts.section(
        "data",
        t("client.quality.title", language),
        html.Div(
            [html.B(share, className="ink w6"), " ", t("client.quality.filled", language)], className="mb-1"
        ),
        html.Div(html.Div(style={"width": f"{100 * found.provided_share:.1f}%"}), className="filled"),
        rest,
        end=html.A(t("client.quality.detail", language), href="#values", className="q sm"),
    )


# ------------------------------------------------------------------ position


def _position(file: File, language: str) -> html.Section:
    files = file.position.bins
    label = html.Label(
        t("client.position.feature", language), htmlFor=Ids.FEATURE, className="form-label mb-0"
    )
    select = dbc.Select(
        id=Ids.FEATURE,
        options=_options(tuple(file.features), language),
        value=file.position.feature,
        class_name="form-select-sm",
        style={"width": "320px", "maxWidth": "100%"},
    )
    return parts.section(
        "position",
        t("client.position.title", language),
        *_refused(file, language),
        html.Div([label, select], className="mb-3 d-flex gap-2 align-items-center flex-wrap"),
        html.Div(
            position_panel(file.position, language=language, currency=file.currency),
            id=Ids.POSITION,
            **{"data-default": file.position.feature},
        ),
        subtitle=t(
            "client.position.lead",
            language,
            total=locale.number(sum(files.counts), language),
            known=locale.number(sum(files.known), language),
        ),
    )


def _refused(file: File, language: str) -> list[Component]:
    """A sentence when the address names a feature that the model does not have."""
    if file.refused is None:
        return []
    said = t("client.position.refused", language, feature=file.refused)
    return [html.Div(parts.note(said), className="mb-3")]


@lru_cache(maxsize=8)
def _labels(names: tuple[str, ...], language: str) -> tuple[str, ...]:
    return tuple(dictionary.entry(name).label(language) for name in names)


@lru_cache(maxsize=8)
def _options(names: tuple[str, ...], language: str) -> list[dict[str, str]]:
    """All features by their words, the same for every file of a model."""
    labelled = sorted(zip(_labels(names, language), names, strict=True), key=lambda pair: pair[0].casefold())
    return [{"label": label, "value": name} for label, name in labelled]


def position_panel(found: Position, *, language: str, currency: str) -> Component:
    """Return the position chart of one feature, its sentence and its table."""
    data = position_data(found, language=language, currency=currency)
    words = position.sentence(data, language)
    return html.Div(
        [
            panel.chart(
                "client-position",
                lambda narrow: position.figure(data, language, narrow=narrow),
                sentence=words,
                table=position.table(data, language),
                language=language,
                narrow_below=460,
                caption=words,
                labelled_by="position-title",
            )
        ]
    )


def position_data(found: Position, *, language: str, currency: str) -> position.PositionData:
    """The bins of a feature in words, with this file's among them."""
    drawn = axis.binned(found.bins, language, currency)
    return position.data(
        drawn.bins,
        drawn.missing,
        feature=dictionary.entry(found.feature).label(language),
        here=drawn.here(found.index),
        value=dictionary.shown(found.feature, found.value, language, currency),
        across=drawn.across,
    )


# ------------------------------------------------------------------ raw values


def _values(file: File, language: str) -> html.Section:
    application = file.opened.case.application or {}
    sections: dict[str, dict[str, Any]] = {theme: {} for theme in (*dictionary.THEMES, "building")}
    for column, value in application.items():
        group = "building" if dictionary.excluded(column) == "building" else dictionary.entry(column).theme
        sections[group][column] = value
    blocks = [
        _values_of(theme, values, file, language, opened=theme == "request")
        for theme, values in sections.items()
        if values
    ]
    return parts.section(
        "values", t("client.values.title", language), *blocks, subtitle=t("client.values.lead", language)
    )


def _values_of(
    theme: str, values: Mapping[str, Any], file: File, language: str, *, opened: bool
) -> html.Details:
    building = theme == "building"
    name = t("client.values.building", language) if building else dictionary.theme_label(theme, language)
    documents = {c: v for c, v in values.items() if c.startswith(_DOCUMENT) and v is not None}
    given = {c: v for c, v in values.items() if v is not None and c not in documents}
    absent = [column for column, value in values.items() if value is None]
    count = t(
        "client.values.count",
        language,
        given=locale.number(len(values) - len(absent), language),
        total=locale.number(len(values), language),
    )
    rows = [_value(column, value, file, language) for column, value in given.items()]
    rows += [_documents(documents, language)] if documents else []
    rows += [_absent(absent, language)] if absent else []
    return html.Details(
        [
            html.Summary([html.B(name), html.Span(count, className="muted xs")]),
            html.Dl(rows, className="raw"),
        ],
        className="group",
        open=opened,
    )


def _documents(flags: Mapping[str, Any], language: str) -> Element:
    """The twenty document columns in one row: the numbers of those provided."""
    provided = [column.removeprefix(_DOCUMENT) for column, value in flags.items() if value]
    words = t("client.values.no_document", language)
    if provided:
        words = t("client.values.numbers", language, numbers=", ".join(provided))
    return _row(t("client.values.documents", language), words)


def _absent(columns: Sequence[str], language: str) -> Element:
    """Columns without a value, in one row."""
    labels = [dictionary.entry(column).label(language) for column in columns]
    return _row(t("client.values.absent", language), " · ".join(labels), className="absent")


def _value(column: str, value: Any, file: File, language: str) -> Element:
    words = dictionary.shown(column, value, language, file.currency)
    label = dictionary.entry(column).label(language)
    return _row(label if column in file.read else [label, _not_read(language)], words)


def _row(term: Any, words: str, *, className: str | None = None) -> Element:
    return element("Div", [element("Dt", term), element("Dd", words)], className=className)


def _aria(**attributes: str) -> dict[str, Any]:
    return {f"aria-{name}": value for name, value in attributes.items()}
