"""Importance: the ranking of a level, and the effect of the chosen feature."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from dash import ClientsideFunction, Input, Output, State, no_update, set_props

from dash_app import champion
from dash_app.champion import Serving
from dash_app.charts import dependence, panel
from dash_app.i18n import known, t
from dash_app.security.context import current_user
from dash_app.security.register import GuardedDash
from dash_app.security.rights import User
from dash_app.services import importance as service
from dash_app.services.importance import Level
from dash_app.ui import parts, states
from dash_app.ui.shell import Ids as Frame
from model import dictionary
from model.errors import InputError, UnavailableError
from pages.importance import (
    CHART,
    PAGE,
    Chosen,
    Ids,
    Ranking,
    dependence_data,
    dependence_panel,
    level_of,
    ranking,
    ranking_figures,
)

_LONGEST_NAME = 200


def register(app: GuardedDash) -> None:
    """Register what moves on the page."""
    app.clientside_callback(
        ClientsideFunction("importance", "ask"),
        Output(Ids.LEVEL, "value"),
        Output(Ids.FEATURE, "data"),
        Input(Ids.PAGE, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("importance", "pick"),
        Output(Ids.FEATURE, "data", allow_duplicate=True),
        Input(panel.graph_id(CHART), "clickData"),
        prevent_initial_call=True,
    )
    app.callback(
        Output(Ids.RANKING, "children"),
        Input(Ids.LEVEL, "value"),
        State(Ids.FEATURE, "data"),
        State(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
        prevent_initial_call=True,
    )(list_effects)
    app.callback(
        Output(Ids.DEPENDENCE, "children"),
        Input(Ids.FEATURE, "data"),
        Input(Ids.LEVEL, "value"),
        State(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
        prevent_initial_call=True,
    )(draw_dependence)
    app.callback(
        Output(panel.figures_id(CHART), "data"),
        Input(Ids.FEATURE, "data"),
        State(Ids.LEVEL, "value"),
        State(Frame.LANGUAGE, "data"),
        roles=PAGE["roles"],
        prevent_initial_call=True,
    )(mark_chosen)


def list_effects(level: Any, feature: Any, language: Any) -> Any:
    """List the mean effects of a level."""
    language = known(language)
    try:
        shown = read_ranking(current_user(), level_of(level), feature)
    except UnavailableError:
        return states.nothing_to_serve(language)
    return ranking(shown, language)


def draw_dependence(feature: Any, level: Any, language: Any) -> Any:
    """Show how the effect of the chosen feature goes with its value."""
    language = known(language)
    if level is None:
        return no_update
    try:
        chosen = read_dependence(current_user(), level_of(level), feature)
    except UnavailableError:
        return None
    except InputError:
        return parts.note(t("importance.refused", language, feature=str(feature)[:_LONGEST_NAME]))
    data, write = dependence_data(chosen.found, chosen.currency, language)
    words = dependence.sentence(data, language, write)
    set_props(Frame.LIVE, {"children": f"{data.feature}. {words}"})
    return dependence_panel(chosen, language)


def mark_chosen(feature: Any, level: Any, language: Any) -> Any:
    """Draw the ranking again with the chosen bar in violet."""
    try:
        return ranking_figures(read_ranking(current_user(), level_of(level), feature), known(language))
    except UnavailableError:
        return no_update


def read_ranking(user: User, level: Level, feature: Any) -> Ranking:
    """The rows of a level, and the one that the chosen feature belongs to.

    Raises
    ------
    UnavailableError : nothing to serve
    """
    serving = champion.current()
    rows = service.ranking(user, serving, level=level)
    leading = _leading(user, serving, level)
    chosen = _row_of(_chosen_feature(user, serving, level, feature), level, serving)
    return Ranking(level, rows, chosen, leading, service.clients_behind(serving))


def read_dependence(user: User, level: Level, feature: Any) -> Chosen:
    """The chosen feature, or the leading one of the first row, and the others of its row.

    Raises
    ------
    InputError : the model has no such feature
    UnavailableError : nothing to serve
    """
    serving = champion.current()
    name = _chosen_feature(user, serving, level, feature)
    found = service.dependence(user, serving, name)
    others: list[str] = []
    if level != "feature":
        row = _row_of(name, level, serving)
        population = serving.bundle.population
        for other in service.ranking(user, serving, level="feature"):
            entry = population.of(other.name).name
            if _row_of(other.name, level, serving) == row and entry not in others:
                others.append(entry)
    return Chosen(found, others, serving.currency)


def _chosen_feature(user: User, serving: Serving, level: Level, feature: Any) -> str:
    """The feature asked for as text, else the leading one of the most important row."""
    if isinstance(feature, str) and 0 < len(feature) <= _LONGEST_NAME:
        return feature
    first = service.ranking(user, serving, level=level)[0].name
    return _leading(user, serving, level).get(first, first)


def _leading(user: User, serving: Serving, level: Level) -> dict[str, str]:
    """Row → its most important feature."""
    leading: dict[str, str] = {}
    for row in service.ranking(user, serving, level="feature"):
        group = _row_of(row.name, level, serving)
        if group is not None:
            leading.setdefault(group, row.name)
    return leading


def _row_of(feature: str, level: Level, serving: Serving) -> str | None:
    """Row of a level that a feature, or a raw column of a one-hot group, belongs to."""
    groups = serving.bundle.population.groups
    members = defaultdict(list)
    for name, column in groups.items():
        members[column].append(name)
    member = members[feature][0] if feature in members else feature
    if level == "feature":
        return member if member in serving.bundle.index else None
    code = dictionary.code_of(member)
    if code is None or member not in serving.bundle.index:
        return None
    return code if level == "code" else dictionary.theme_of(code)
