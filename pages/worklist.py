"""Worklist: which files wait, in which order to open them.

The list is read a page of 25 rows at a time from the server: a plain table keeps the first visit light (a
grid component weighs more than all the rest of the frame) and prints, and the address says where one is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dash_app.i18n import plural, t
from dash_app.security.rights import STAFF
from dash_app.services.clients import QUEUES, SORTS, Queue, RecentFile, Sort, WorklistRow
from dash_app.ui import parts, shell, states
from dash_app.ui.parts import Content
from model import dictionary, locale, reasons

PAGE: dict[str, Any] = {"path": "/", "roles": STAFF, "title": shell.page_title("worklist.title")}

ROWS: Final = 25
"""Files on one page of the list."""


class Ids:
    VIEW = "worklist-view"
    BODY = "worklist-body"
    SORT = "worklist-sort"


@dataclass(frozen=True, slots=True)
class View:
    """Where one is in the list; its fields are those of the address.

    Attributes
    ----------
    queue
        ``all`` or an opinion.
    sort
        ``oldest``, ``closest`` (to the cut-off) or ``amount``.
    page
        From 1.
    """

    queue: Queue = "all"
    sort: Sort = "oldest"
    page: int = 1

    @classmethod
    def read(cls, values: Mapping[str, object]) -> View:
        """Read an address or a store; what makes no sense is the default."""
        queue, sort, page = (values.get(name) for name in ("queue", "sort", "page"))
        number = str(page)
        return cls(
            queue=cast(Queue, queue) if queue in QUEUES else "all",
            sort=cast(Sort, sort) if sort in SORTS else "oldest",
            page=min(max(int(number), 1), 10**6) if number.isascii() and number.isdigit() else 1,
        )

    def address(self, **changes: object) -> str:
        """Return the address of this view, or of a neighbouring one, without its defaults."""
        values = {"queue": self.queue, "sort": self.sort, "page": self.page, **changes}
        query = {name: value for name, value in values.items() if value != getattr(View(), name)}
        return f"/?{urlencode(query)}" if query else "/"


@dataclass(frozen=True, slots=True)
class Listing:
    """What the page shows.

    Attributes
    ----------
    view
        Where one is; ``page`` is one that exists.
    lines
        The files of this page.
    total
        Files of the queue.
    counts
        Files by queue.
    now
        When the list was read.
    zone, cut_off
        Policy in force, probabilities.
    currency
        Code shown with amounts, or empty.
    reader_decides
        The reader decides on these files (an auditor reads only).
    recent
        Files opened lately, the last one first.
    """

    view: View
    lines: Sequence[WorklistRow]
    total: int
    counts: Mapping[str, int]
    now: datetime
    zone: tuple[float, float]
    cut_off: float
    currency: str
    reader_decides: bool = True
    recent: Sequence[RecentFile] = field(default_factory=tuple)

    @property
    def pages(self) -> int:
        """Pages of this queue, one at least."""
        return max(1, -(-self.total // ROWS))


def layout(
    queue: str | None = None, sort: str | None = None, page: str | None = None, language: str = "fr"
) -> html.Div:
    """Return the page before its list is known: the title and the shape of what comes."""
    view = View.read({"queue": queue, "sort": sort, "page": page})
    return html.Div(
        [
            dcc.Store(id=Ids.VIEW, data={"queue": view.queue, "sort": view.sort, "page": view.page}),
            html.Div(
                [
                    parts.page_head(t("worklist.title", language)),
                    states.bars(
                        [("60%", 16), ("45%", 30), *([("100%", 24)] * 10)],
                        label=t("worklist.loading", language),
                        slow=t("state.stale", language),
                    ),
                ],
                id=Ids.BODY,
            ),
        ]
    )


def body(listing: Listing, language: str) -> list[Component]:
    """Return the page with its list."""
    title = "worklist.title" if listing.reader_decides else "worklist.requests"
    return [
        parts.page_head(t(title, language), subtitle=_lead(listing, language)),
        _controls(listing, language),
        *_list(listing, language),
        *_recent(listing, language),
    ]


def _lead(listing: Listing, language: str) -> str:
    """The counts in one sentence."""
    key = "worklist.lead" if listing.reader_decides else "worklist.lead_read"
    waiting, near = listing.counts["all"], listing.counts["review"]
    sentences = [plural(key, waiting, language)]
    if near:
        sentences.append(plural("worklist.near", near, language))
    return " ".join(sentences)


def _controls(listing: Listing, language: str) -> html.Div:
    chips = [
        html.Button(
            [
                *([parts.icon(parts.ICONS[queue]), " "] if queue in parts.ICONS else []),
                t(f"worklist.queue.{queue}", language),
                " ",
                html.Span(locale.number(listing.counts[queue], language), className="muted"),
            ],
            className="chip",
            type="button",
            **{"data-queue": queue, "aria-pressed": "true" if queue == listing.view.queue else "false"},
        )
        for queue in QUEUES
    ]
    label = html.Label(t("worklist.sort", language), htmlFor=Ids.SORT, className="visually-hidden")
    sort = dbc.Select(
        id=Ids.SORT,
        options=[{"label": t(f"worklist.{name}", language), "value": name} for name in SORTS],
        value=listing.view.sort,
        class_name="form-select-sm ms-md-auto",
        style={"width": "210px"},
    )
    group = html.Div(
        chips, className="chips", role="group", **{"aria-label": t("worklist.queue.label", language)}
    )
    return html.Div([group, label, sort], className="d-flex gap-2 flex-wrap mb-3 align-items-center")


def _list(listing: Listing, language: str) -> list[Component]:
    if not listing.lines:
        return [_nothing(listing, language)]
    return [
        html.Div(_table(listing, language), className="scroll"),
        _foot(listing, language),
    ]


def _nothing(listing: Listing, language: str) -> html.Div:
    """Nothing waits at all, or nothing in this queue: then the filter can be taken away."""
    if not listing.counts["all"]:
        return parts.panel(states.empty_queue(language))
    queue = t(f"worklist.queue.{listing.view.queue}", language)
    action = html.Button(
        t("state.no_result.action", language),
        className="btn btn-line btn-xs",
        type="button",
        **{"data-queue": "all"},
    )
    return parts.panel(
        states.message(
            "search",
            t("state.no_result.title", language),
            t("state.no_result.body", language, queue=queue),
            action,
        )
    )


def _table(listing: Listing, language: str) -> html.Table:
    cut_off = locale.percent(listing.cut_off, language)
    columns = (
        parts.Column(t("worklist.column.client", language)),
        parts.Column(t("worklist.column.request", language)),
        parts.Column(t("worklist.column.amount", language), right=True),
        parts.Column(t("worklist.column.opinion", language)),
        parts.Column(
            html.Abbr(t("worklist.column.pd", language), title=t("worklist.column.pd_full", language)),
            right=True,
        ),
        parts.Column(t("worklist.column.scale", language, cut_off=cut_off)),
        parts.Column(t("worklist.column.reason", language)),
        parts.Column(t("worklist.column.data", language)),
        parts.Column(t("worklist.column.since", language), right=True),
    )
    head = html.Tr([html.Th(column.label, scope="col", className=column.classes) for column in columns])
    rows = [_row(line, listing, language) for line in listing.lines]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="t rows stack")


def _row(line: WorklistRow, listing: Listing, language: str) -> html.Tr:
    pd = locale.probability(line.default_probability, language, (*listing.zone, listing.cut_off))
    label = t("worklist.scale.label", language, pd=pd, cut_off=locale.percent(listing.cut_off, language))
    scale = parts.mini_scale(
        line.default_probability, zone=listing.zone, cut_off=listing.cut_off, label=label
    )
    return html.Tr(
        [
            html.Td(_file(line.client_id)),
            html.Td(_contract(line.product, language)),
            html.Td(_amount(line.amount, language, listing.currency), className="r"),
            html.Td(parts.opinion_tag(line.opinion, language)),
            html.Td(pd, className="r w6 ink"),
            html.Td(scale, className="hide"),
            html.Td(_reason(line, language), className="hide"),
            html.Td(_to_check(line.flags, language), className="hide"),
            html.Td(waited(line.waiting_since, listing.now, language), className="r muted"),
        ]
    )


def _file(client_id: int) -> html.A:
    return html.A(
        locale.identifier(client_id), href=f"/client/{client_id}", className="id num", **{"data-nav": "true"}
    )


def _contract(contract: str | None, language: str) -> str:
    if contract is None:
        return t("state.missing", language)
    return parts.capital(dictionary.category("NAME_CONTRACT_TYPE", contract, language))


def _amount(amount: float | None, language: str, currency: str) -> str:
    """In whole units: the list compares, the file gives the exact amount."""
    if amount is None:
        return t("state.missing", language)
    return locale.money(amount, language, currency, digits=0)


def _reason(line: WorklistRow, language: str) -> Content:
    if line.reason_code is None:
        return html.Span(t("worklist.none", language), className="muted")
    return reasons.label(line.reason_code, language)


def _to_check(flags: int, language: str) -> Content:
    if not flags:
        return None
    return html.Span(
        [parts.icon("exclamation-triangle"), " ", plural("worklist.check", flags, language)],
        className="muted",
    )


def waited(since: datetime | None, now: datetime, language: str) -> str:
    """Return how long a file has waited: «6 h», «hier», «2 j»; empty where it is not known."""
    if since is None:
        return ""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 1:
        return t("since.now", language)
    if minutes < 60:
        return t("since.minutes", language, count=minutes)
    days = (now.date() - since.date()).days
    if minutes < 24 * 60 and days == 0:
        return t("since.hours", language, count=minutes // 60)
    if days <= 1:
        return t("since.yesterday", language)
    return t("since.days", language, count=locale.number(days, language))


def _foot(listing: Listing, language: str) -> html.Div:
    view = listing.view
    first = (view.page - 1) * ROWS + 1
    last = first + len(listing.lines) - 1
    numbers = {"first": first, "last": last, "total": listing.total}
    turns: list[Component] = [
        html.Span(
            t(
                "worklist.range",
                language,
                **{name: locale.number(value, language) for name, value in numbers.items()},
            )
        )
    ]
    for key, page in (("previous", view.page - 1), ("next", view.page + 1)):
        if 1 <= page <= listing.pages:
            turns.append(
                html.A(
                    t(f"worklist.{key}", language),
                    href=view.address(page=page),
                    className="q",
                    **{"data-page": str(page)},
                )
            )
    return html.Div(
        [*turns, html.Span(_hint(language), className="ms-auto desk")],
        className="d-flex muted sm mt-3 align-items-center gap-3 flex-wrap",
    )


def _hint(language: str) -> list[Content]:
    """Keys that help in this list."""
    hints = (("j", "k"), "move"), (("↵",), "open"), (("/",), "search"), (("?",), "all")
    return parts.key_hints([(keys, t(f"worklist.hint.{does}", language)) for keys, does in hints])


def _recent(listing: Listing, language: str) -> list[Component]:
    if not listing.recent:
        return []
    bounds = (*listing.zone, listing.cut_off)
    rows = [
        (
            _file(opened.client_id),
            locale.probability(opened.default_probability, language, bounds),
            parts.opinion_tag(opened.opinion, language),
        )
        for opened in listing.recent
        if opened.opinion is not None and opened.default_probability is not None
    ]
    columns = (
        t("worklist.recent", language),
        parts.Column(t("worklist.column.pd", language), right=True),
        t("worklist.column.opinion", language),
    )
    return [html.Div(parts.table(columns, rows), className="g2 mt-5")]
