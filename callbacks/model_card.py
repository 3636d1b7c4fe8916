"""Model card: the card of the model in force."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State

from dash_app import champion
from dash_app.i18n import known
from dash_app.security.context import current_user
from dash_app.security.register import GuardedDash
from dash_app.services.model_card import read_card
from dash_app.ui import states
from dash_app.ui.shell import Ids as Frame
from model.errors import UnavailableError
from pages.model_card import PAGE, Ids, body, without_figures


def register(app: GuardedDash) -> None:
    """Register what moves on the page."""
    app.callback(
        Output(Ids.BODY, "children"),
        Input(Ids.PAGE, "data"),
        State(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
    )(show_card)


def show_card(_: Any, language: Any) -> Any:
    """Show the card of the model in force."""
    language = known(language)
    try:
        return body(read_card(current_user(), champion.current(), language=language), language)
    except UnavailableError as error:
        return without_figures(language) if error.code == "no_evidence" else states.nothing_to_serve(language)
