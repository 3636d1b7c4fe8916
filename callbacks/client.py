"""Client: open the file once, draw its page, then what its controls change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import MATCH, ClientsideFunction, Input, Output, State, no_update, set_props

from dash_app import champion
from dash_app.charts import panel, position
from dash_app.i18n import known, t
from dash_app.security.context import current_user
from dash_app.security.register import GuardedDash
from dash_app.security.rights import User
from dash_app.services import assessments, clients, portfolio
from dash_app.services.assessments import Opened
from dash_app.ui import states
from dash_app.ui.shell import Ids as Frame
from model import locale
from model.errors import InputError, UnavailableError, UnknownClientError
from pages.client import PAGE, VIEWS, Asked, File, Ids, body, position_data, position_panel


def register(app: GuardedDash) -> None:
    """Register what moves on the page, and how the browser draws every chart of the product."""
    app.clientside_callback(
        ClientsideFunction("charts", "draw"),
        Output(panel.graph_id(MATCH), "figure"),
        Input(panel.figures_id(MATCH), "data"),
        Input(panel.LOOK, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("client", "ask"), Output(Ids.ASKED, "data"), Input(Ids.FILE, "data")
    )
    app.clientside_callback(
        ClientsideFunction("client", "show_view"),
        *(Output(Ids.view(name), "hidden") for name in VIEWS),
        Input(Ids.VIEW, "value"),
        prevent_initial_call=True,
    )
    app.callback(
        Output(Ids.BODY, "children"),
        Input(Ids.ASKED, "data"),
        State(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
        prevent_initial_call=True,
    )(show_file)
    app.callback(
        Output(Ids.POSITION, "children"),
        Input(Ids.FEATURE, "value"),
        State(Ids.ASKED, "data"),
        State(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
        prevent_initial_call=True,
    )(draw_position)


def show_file(values: Any, language: Any) -> Any:
    """Open the file, record that, and draw its page."""
    language = known(language)
    asked = Asked.read(values if isinstance(values, Mapping) else {})
    if asked is None:
        return no_update
    try:
        file = read_file(current_user(), asked, language=language)
    except UnknownClientError:
        return states.unknown_client(locale.identifier(asked.client_id), language)
    except UnavailableError:
        return states.nothing_to_serve(language)
    return body(file, language)


def read_file(user: User, asked: Asked, *, language: str) -> File:
    """Everything the page shows of one file.

    Raises
    ------
    UnknownClientError : no such file, or outside the reader's scope
    UnavailableError : nothing to serve, or the opening could not be recorded
    """
    opened = assessments.open_client(user, asked.client_id, language=language)
    found, refused = _chosen_position(user, opened, asked.feature)
    return File(
        opened=opened,
        identity=clients.identity(opened.serving, opened.case),
        place=clients.place_in_list(user, asked.client_id, queue=asked.queue, sort=asked.sort),
        position=found,
        refused=refused,
        features=portfolio.features(user, opened.serving),
        read=clients.columns_read(opened.serving),
        asked=asked,
        now=datetime.now(UTC),
        role=user.role,
    )


def draw_position(feature: Any, values: Any, language: Any) -> Any:
    """Show where the file stands for another feature; nothing is scored."""
    language = known(language)
    asked = Asked.read(values if isinstance(values, Mapping) else {})
    if asked is None or not isinstance(feature, str):
        return no_update
    user = current_user()
    serving = champion.current()
    try:
        clients.require(user, asked.client_id)
        case = serving.clients().case(asked.client_id)
        found = portfolio.position(user, serving, case, feature)
    except UnknownClientError:
        return states.unknown_client(locale.identifier(asked.client_id), language)
    except InputError:
        return t("client.position.refused", language, feature=feature)
    words = position.sentence(position_data(found, language=language, currency=serving.currency), language)
    set_props(Frame.LIVE, {"children": words})
    return position_panel(found, language=language, currency=serving.currency)


def _chosen_position(user: User, opened: Opened, asked: str | None) -> tuple[portfolio.Position, str | None]:
    """Position for the feature of the address, else for the first reason; and what was refused."""
    if asked is not None:
        try:
            return portfolio.position(user, opened.serving, opened.case, asked), None
        except InputError:
            pass
    given = opened.assessment
    population = opened.serving.bundle.population
    leading = (
        population.groups.get(r.feature, r.feature) for r in (*given.reasons, *given.strengths) if r.feature
    )
    first = next((name for name in leading if name in population.entries), population.names[0])
    return portfolio.position(user, opened.serving, opened.case, first), asked
