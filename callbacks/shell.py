"""The frame: its words in the language chosen, what it knows of the product, and the search."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, html, set_props
from dash.development.base_component import Component

from dash_app import champion
from dash_app.i18n import known, plural, t
from dash_app.security.context import current_user
from dash_app.security.register import GuardedDash
from dash_app.security.rights import ANYONE, STAFF, User
from dash_app.services import clients
from dash_app.services.clients import WorklistRow
from dash_app.services.preparation import read_preparation
from dash_app.ui import parts, shell, states
from dash_app.ui.parts import Content
from dash_app.ui.shell import Ids, Standing
from model import dictionary, locale
from model.errors import UnavailableError

DIGITS_SHOWN = 24
"""Longest text that the search looks at."""


def register(app: GuardedDash) -> None:
    """Register what moves in the frame."""
    app.callback(
        Output(Ids.SKIP, "children"),
        Output(Ids.SIDE, "children"),
        Output(Ids.MENU, "children"),
        Output(Ids.TOOLS, "children"),
        Output(Ids.SEARCH_LABEL, "children"),
        Output(Ids.SEARCH, "placeholder"),
        Output(Ids.OFFLINE, "children"),
        Output(Ids.KEYS_PARTS, "children"),
        Output(Ids.KEYS_OFF, "label"),
        Output(Ids.BANNER, "children", allow_duplicate=True),
        Output(Ids.BROKEN, "children"),
        Input(Ids.LANGUAGE, "data"),
        roles=ANYONE,
        prevent_initial_call=True,
    )(translate_frame)
    app.callback(
        Output(Ids.FICTION, "children"),
        Output(Ids.BANNER, "children"),
        Output(Ids.SIDE_COUNT, "children"),
        Output(Ids.MENU_COUNT, "children"),
        Input(Ids.LOCATION, "pathname"),
        State(Ids.LANGUAGE, "data"),
        roles=ANYONE,
    )(show_standing)
    app.callback(
        Output(Ids.RESULTS, "children"),
        Input(Ids.SEARCH, "value"),
        State(Ids.LANGUAGE, "data"),
        roles=STAFF,
        prevent_initial_call=True,
    )(find_clients)
    app.callback(
        Output(states.PROGRESS_ID, "children"),
        Input(states.TICK_ID, "n_intervals"),
        State(Ids.LANGUAGE, "data"),
        roles=STAFF,
    )(show_preparation)


def translate_frame(language: Any) -> tuple[Any, ...]:
    """Draw every word of the frame again, in the language chosen."""
    language = known(language)
    user = current_user()
    standing = read_standing(user)
    set_props(Ids.LIVE, {"children": t("language.changed", language)})
    return (
        t("app.skip", language),
        shell.side(language, user, standing),
        shell.menu(language, user, standing),
        shell.tools(language, user, standing),
        t("search.label", language),
        t("search.placeholder", language),
        shell.offline(language),
        shell.keys(language),
        t("keys.off", language),
        shell.banner(language, standing),
        shell.broken(language),
    )


def show_standing(_pathname: Any, language: Any) -> tuple[Any, ...]:
    """Show what the frame knows of the product, after each change of page."""
    language = known(language)
    standing = read_standing(current_user())
    waiting = shell.count(language, standing)
    return shell.fiction(language, standing), shell.banner(language, standing), waiting, waiting


def read_standing(user: User) -> Standing:
    """Return what the frame says of the product to this person; nothing to a visitor."""
    if not user.signed_in:
        return Standing()
    status = champion.status()
    refused = "refused" in (status.bundle, status.clients)
    try:
        serving = champion.current()
        waiting = clients.worklist(user, limit=0).counts["all"]
    except UnavailableError:
        return Standing(refused=refused)
    return Standing(fictional=serving.fictional, waiting=waiting, refused=refused)


def show_preparation(_ticks: Any, language: Any) -> list[Component]:
    """Show which step of ``make run`` is at work, while there is nothing to serve."""
    return states.progress(read_preparation(champion.champion().home), known(language))


def find_clients(typed: Any, language: Any) -> list[Component] | None:
    """List the files whose number starts with what is typed, and say how many."""
    language = known(language)
    prefix = "".join(str(typed or "").split())[:DIGITS_SHOWN]
    if not prefix:
        return None
    if not (prefix.isascii() and prefix.isdigit()):
        return _said(t("search.digits", language))
    try:
        found = clients.find(current_user(), prefix)
    except UnavailableError:
        return _said(t("state.start.heading", language))
    if not found:
        empty = t("search.empty", language, prefix=prefix)
        digits = len(str(champion.current().clients().ids[-1]))
        return _said(f"{empty}. {t('search.hint', language, digits=digits)}")
    set_props(Ids.LIVE, {"children": plural("search.found", len(found), language)})
    return [
        html.Small(t("search.heading", language, prefix=prefix)),
        html.Div(
            [_option(row, language) for row in found],
            id="found",
            role="listbox",
            **{"aria-label": t("search.results", language), "data-prefix": prefix},
        ),
        html.Small(_keys(language), className="desk"),
    ]


def _said(sentence: str) -> list[Component]:
    """A sentence in the place of a list, which the live region reads out."""
    set_props(Ids.LIVE, {"children": sentence})
    return [html.P(sentence, className="sm")]


def _option(row: WorklistRow, language: str) -> html.A:
    currency = champion.current().currency
    facts = (
        parts.capital(dictionary.category("NAME_CONTRACT_TYPE", row.product, language))
        if row.product
        else None,
        locale.money(row.amount, language, currency, digits=0) if row.amount is not None else None,
    )
    return html.A(
        [
            html.B(locale.identifier(row.client_id)),
            html.Span(" · ".join(fact for fact in facts if fact), className="muted"),
            html.Span(parts.opinion_tag(row.opinion, language), className="ms-auto"),
        ],
        href=f"/client/{row.client_id}",
        id=f"found-{row.client_id}",
        role="option",
        tabIndex=-1,
        **{"data-nav": "true", "aria-selected": "false"},
    )


def _keys(language: str) -> list[Content]:
    hints = (("↑", "↓"), "choose"), (("↵",), "open"), ((t("keys.esc", language),), "close")
    return parts.key_hints([(keys, t(f"search.{word}", language)) for keys, word in hints])
