"""Roles and rights as data; the guard and the services read them, nobody else decides.

Three kinds of doors: *pages* carry their roles in ``PAGE["roles"]``, *callbacks* in
``@app.callback(..., roles=...)``, *routes* in the table ``ROUTES`` below. What is in none of
them does not open.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from dash_app.errors import ForbiddenError, UnauthenticatedError

ADVISOR = "advisor"
MANAGER = "manager"
AUDITOR = "auditor"
INTEGRATOR = "integrator"
"""A program: an API key, or in demo a loopback caller without key or cookie."""
VISITOR = "visitor"
"""Somebody who is not signed in."""

STAFF = frozenset({ADVISOR, MANAGER, AUDITOR})
ANYONE = STAFF | {VISITOR}
ROLES = STAFF | {VISITOR, INTEGRATOR}


class Action(StrEnum):
    """What a service does on behalf of somebody."""

    SEARCH = "client:list:searched"
    OPEN_FILE = "client:file:opened"
    READ_MODEL = "model:read"
    PREDICT = "assessment:asked"
    EXPLAIN = "assessment:explained"
    SIMULATE = "scenario:tried"
    COMPARE = "client:similar:compared"


RIGHTS: dict[Action, frozenset[str]] = {
    Action.SEARCH: STAFF,
    Action.OPEN_FILE: STAFF,
    Action.READ_MODEL: STAFF | {INTEGRATOR},
    Action.PREDICT: frozenset({INTEGRATOR}),
    Action.EXPLAIN: frozenset({INTEGRATOR}),
    # An auditor reads what was decided; he tries nothing himself.
    Action.SIMULATE: frozenset({ADVISOR, MANAGER, INTEGRATOR}),
    Action.COMPARE: STAFF | {INTEGRATOR},
}
"""Roles that may ask a service for an action."""


class Door(StrEnum):
    """How the guard treats a route."""

    OPEN = "open"
    """No sign-in: static files, health, sign-in itself. Holds no data of a person or a model."""
    PAGE = "page"
    """The page's own roles, looked up by path."""
    CALLBACK = "callback"
    """The callback's own roles, looked up by the outputs in the body."""
    API = "api"
    """A key with the scope, or a session of one of the roles."""
    CLOSED = "closed"
    """Not found for everybody."""


@dataclass(frozen=True, slots=True)
class Access:
    """Rights of one route: `scope` for keys, `roles` for sessions (API doors only)."""

    door: Door
    scope: str = ""
    roles: frozenset[str] = frozenset()


OPEN = Access(Door.OPEN)
CLOSED = Access(Door.CLOSED)

ROUTES: dict[str, Access] = {
    # Dash's own routes. The layout holds the empty frame, the dependencies are the wiring: no data.
    "/": Access(Door.PAGE),
    "/<path:path>": Access(Door.PAGE),
    "/_dash-update-component": Access(Door.CALLBACK),
    "/_dash-layout": OPEN,
    "/_dash-dependencies": OPEN,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": OPEN,
    "/_favicon.ico": OPEN,
    "/_reload-hash": CLOSED,
    "_dash_assets.static": OPEN,
    # Ours.
    "sessions.sign_in_demo": OPEN,
    "sessions.sign_out": OPEN,
    "health.live": OPEN,
    "health.ready": OPEN,
    "api.document": OPEN,
    "api.docs": OPEN,
    "api.unknown": OPEN,
    "api.predict": Access(Door.API, scope="predict"),
    "api.predict_batch": Access(Door.API, scope="batch"),
    "api.explain": Access(Door.API, scope="explain"),
    "api.simulate": Access(Door.API, scope="simulate"),
    "api.recourse": Access(Door.API, scope="simulate"),
    "api.similar": Access(Door.API, scope="explain"),
    "api.model": Access(Door.API, scope="model", roles=STAFF),
    "api.model_features": Access(Door.API, scope="model", roles=STAFF),
    "api.policy": Access(Door.API, scope="model", roles=STAFF),
    "api.reasons": Access(Door.API, scope="model", roles=STAFF),
}
"""Rights of each route by endpoint name."""


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: a person with a session, a visitor, or a program.

    Attributes
    ----------
    id : stable name kept in the record (``demo:advisor``, ``loopback``, ``key:…``)
    role : one of ``ROLES``
    name : what a screen shows; empty for a visitor or a program
    fictional : a one-click user of the demonstration
    scopes : what a program may ask for; empty for persons
    """

    id: str
    role: str
    name: str = ""
    fictional: bool = False
    scopes: frozenset[str] = frozenset()

    @property
    def signed_in(self) -> bool:
        return self.role in STAFF


ANONYMOUS = User(id="visitor", role=VISITOR)


def authorise(user: User, action: Action) -> None:
    """Raise unless `user` may do `action`; services call this before they compute.

    Raises
    ------
    UnauthenticatedError : nobody is signed in
    ForbiddenError : the role does not carry the right
    """
    if user.role not in RIGHTS[action]:
        refuse(user, what=str(action))


def demand(user: User, roles: Collection[str], *, what: str) -> None:
    """Raise unless the user's role is one of `roles`; `what` names the door in the log."""
    if user.role not in roles:
        refuse(user, what=what)


def refuse(user: User, *, what: str) -> None:
    """Raise 401 for a visitor, 403 for anybody else."""
    if user.role == VISITOR:
        raise UnauthenticatedError(f"{what} asks for a sign-in", what=what)
    raise ForbiddenError(f"{what} is not open to the role {user.role}", what=what)
