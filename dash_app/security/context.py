"""What the current request knows of its caller, set by the guard and read everywhere."""

from __future__ import annotations

from flask import g, has_request_context

from dash_app.security.rights import ANONYMOUS, User


def current_user() -> User:
    """Who asks: from the session or the key alone, never from a value of the browser."""
    return g.get("user", ANONYMOUS) if has_request_context() else ANONYMOUS


def request_id() -> str:
    """Name of this request in the answer's ``X-Request-Id`` and in the log."""
    return g.get("request_id", "-") if has_request_context() else "-"
