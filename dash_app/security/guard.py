"""One guard before every request: size, host, origin, who asks, and whether they may.

Order matters: what is cheap and needs no caller comes first, the body is read once, and a
route without declared rights never reached this point (it stopped the start).
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Flask, Request, g, redirect, request
from werkzeug.exceptions import HTTPException

from dash_app.errors import ForbiddenError, NotFoundError, RequestError, UnauthenticatedError
from dash_app.security import bodies, origin, rights
from dash_app.security.register import ROUTER_OUTPUT, GuardedDash
from dash_app.security.rights import Access, Door, User
from dash_app.security.sessions import Sessions
from dash_app.settings import Settings

SIGN_IN_PATH = "/sign-in"
LOOPBACK = User(
    id="loopback",
    role=rights.INTEGRATOR,
    fictional=True,
    scopes=frozenset({"predict", "batch", "explain", "simulate", "model"}),
)
"""A program on the same machine, in demo."""


class Guard:
    """Deny by default over the whole server.

    Parameters
    ----------
    app : the Dash whose pages and callbacks carry roles; ``None`` when only the API is served
    settings : environment, hosts
    sessions : who a cookie stands for
    """

    def __init__(self, app: GuardedDash | None, settings: Settings, sessions: Sessions) -> None:
        self.app = app
        self.settings = settings
        self.sessions = sessions
        self._checks: dict[Door, Callable[[Access], Any]] = {
            Door.OPEN: self._check_open,
            Door.PAGE: self._check_page,
            Door.CALLBACK: self._check_callback,
            Door.API: self._check_api,
            Door.CLOSED: self._check_closed,
        }

    def register(self, server: Flask) -> None:
        """Put the guard before every request of `server`, ahead of any other hook."""
        server.before_request_funcs.setdefault(None, []).insert(0, self.before)

    def before(self) -> Any:
        """Look at one request; a returned response answers it, an error refuses it."""
        g.request_id = uuid.uuid4().hex
        self._check_host()
        if request.routing_exception is not None:
            return self._unrouted(request.routing_exception)
        access = rights.ROUTES.get(request.endpoint or "")
        if access is None:
            raise NotFoundError("no such address")
        bodies.check_length(request, self._body_cap(access))
        return self._checks[access.door](access)

    def _check_host(self) -> None:
        name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if name.lower() not in self.settings.hosts:
            raise RequestError("the Host header names another site", code="unknown_host")

    def _unrouted(self, error: HTTPException) -> Any:
        """404 or 405 (or a redirect) of the router itself: answered by the error handlers."""
        if request.path.startswith("/api"):
            return None
        g.user = self.sessions.user(request)
        return None

    @staticmethod
    def _body_cap(access: Access) -> int:
        if access.door is Door.API:
            return bodies.API_BYTES
        if access.door is Door.CALLBACK:
            return bodies.CALLBACK_BYTES
        return bodies.FORM_BYTES

    def _check_open(self, _access: Access) -> None:
        if request.method not in origin.SAFE_METHODS:
            origin.check_same_origin(request)
            g.user = self.sessions.user(request)
        elif request.endpoint == "/_dash-layout":
            g.user = self.sessions.user(request)

    def _check_closed(self, _access: Access) -> None:
        raise NotFoundError("no such address")

    def _check_page(self, _access: Access) -> Any:
        """Document of a page: sign-in first, then the page's roles."""
        assert self.app is not None
        if request.path.startswith("/api/"):  # a process that serves pages only
            raise NotFoundError("no such address")
        g.user = self.sessions.user(request)
        address = self.app.address(request.path, "?" + request.query_string.decode("latin-1"))
        g.address = address
        roles = address.page.roles if address.page else rights.STAFF
        if g.user.role in roles:
            return None
        if not g.user.signed_in:
            target = request.full_path.rstrip("?")
            return redirect(
                f"{SIGN_IN_PATH}?next={quote(target, safe='')}" if target != "/" else SIGN_IN_PATH
            )
        raise ForbiddenError("this page is not open to the role", what=request.path)

    def _check_callback(self, _access: Access) -> None:
        """Callback: its body's shape, its own roles, and for the router those of the page it draws."""
        assert self.app is not None
        origin.check_same_origin(request)
        g.user = self.sessions.user(request)
        body = bodies.read_callback_body(self.app, request)
        output = body["output"]
        rights.demand(g.user, self.app.callback_roles[output], what="callback")
        if output == ROUTER_OUTPUT:
            address = self.app.address(
                bodies.value_of(body, "_pages_location", "pathname"),
                bodies.value_of(body, "_pages_location", "search"),
            )
            roles = address.page.roles if address.page else rights.ANYONE
            rights.demand(g.user, roles, what="page")

    def _check_api(self, access: Access) -> None:
        """API: a key with the scope; in demo a loopback program; a session where roles say so."""
        origin.check_not_cross_site(request)
        user = self._api_caller(request)
        g.user = user
        if user.role == rights.INTEGRATOR:
            if access.scope not in user.scopes:
                raise ForbiddenError(f"the key has no scope {access.scope}", what=access.scope)
        elif user.role not in access.roles:
            rights.refuse(user, what="this route")

    def _api_caller(self, asked: Request) -> User:
        has_cookie = self.sessions.cookie in asked.cookies
        if "Authorization" in asked.headers:
            raise UnauthenticatedError("the key is not known", code="unknown_key")
        if has_cookie:
            return self.sessions.user(asked)
        if self.settings.demo and _is_direct_loopback(asked):
            return LOOPBACK
        return rights.ANONYMOUS


def _is_direct_loopback(asked: Request) -> bool:
    """A caller on this machine; what a proxy passes on is not one."""
    if "X-Forwarded-For" in asked.headers or "Forwarded" in asked.headers or not asked.remote_addr:
        return False
    try:
        return ipaddress.ip_address(asked.remote_addr).is_loopback
    except ValueError:
        return False
