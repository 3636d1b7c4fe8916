"""Way back, title, identity strip."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from dash_app.i18n import plural, t
from dash_app.security.rights import AUDITOR
from dash_app.services.clients import Fact, Place
from dash_app.ui import parts
from dash_app.ui.light import Element, element
from dash_app.ui.parts import Content
from model import dictionary, locale
from pages.client.file import Asked, File
from pages.worklist import waited


def list_address(asked: Asked) -> str:
    """Return the address of the list that one came from, with its filter and order."""
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
                        **parts.aria(label=t(f"client.step_{key}", language)),
                    )
                )
    return html.Div(pieces, className="crumb")


def title(file: File, language: str) -> html.Div:
    """Return the title, and how the file stands."""
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


def identity(file: File, language: str) -> html.Dl:
    """Return the nine facts."""
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
    return words if read else [words, not_read(language)]


def not_read(language: str) -> Element:
    """The tag of a value that the model does not read."""
    return element(
        "Span", t("client.not_read", language), className="hm", title=t("client.not_read_hint", language)
    )
