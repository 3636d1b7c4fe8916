"""Worklist: the page of the list that the address names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, set_props

from dash_app import champion
from dash_app.i18n import known, plural
from dash_app.security.context import current_user
from dash_app.security.register import GuardedDash
from dash_app.security.rights import AUDITOR, User
from dash_app.services import clients
from dash_app.ui import states
from dash_app.ui.shell import Ids as Frame
from model.errors import UnavailableError
from pages.worklist import PAGE, ROWS, Ids, Listing, View, body


def register(app: GuardedDash) -> None:
    """Register what moves on the page."""
    app.callback(
        Output(Ids.BODY, "children"),
        Input(Ids.VIEW, "data"),
        Input(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
    )(list_clients)


def list_clients(values: Any, language: Any) -> Any:
    """Draw one page of the list, and say how many files it holds."""
    language = known(language)
    view = View.read(values if isinstance(values, Mapping) else {})
    try:
        listing = read_listing(current_user(), view)
    except UnavailableError:
        return states.nothing_to_serve(language)
    set_props(Frame.LIVE, {"children": plural("worklist.listed", listing.total, language)})
    return body(listing, language)


def read_listing(user: User, view: View) -> Listing:
    """Return the page of the list that ``view`` names; a page past the end is the last one."""
    serving = champion.current()
    found = _page(user, view)
    if not found.rows and found.total:
        view = View(view.queue, view.sort, -(-found.total // ROWS))
        found = _page(user, view)
    return Listing(
        view=view,
        lines=found.rows,
        total=found.total,
        counts=found.counts,
        now=datetime.now(UTC),
        zone=serving.policy.zone(),
        cut_off=serving.policy.cutoff,
        currency=serving.currency,
        reader_decides=user.role != AUDITOR,
        recent=clients.recent(user),
    )


def _page(user: User, view: View) -> clients.Worklist:
    return clients.worklist(user, queue=view.queue, sort=view.sort, start=(view.page - 1) * ROWS, limit=ROWS)
