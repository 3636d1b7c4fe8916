"""Sessions: a signed cookie outside, a record in the store inside; and the demonstration sign-in.

The cookie holds a random name of 256 bits and a signature; the store holds the name's
SHA-256 only, so neither a copied store nor a guessed cookie opens a session. Who the user
is, is read at every request: signing out ends the session in every worker at once.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Request, redirect, request
from itsdangerous import BadSignature, Signer
from werkzeug.wrappers import Response

from dash_app.errors import NotFoundError, RequestError
from dash_app.security.rights import ANONYMOUS, STAFF, User
from dash_app.settings import Settings
from dash_app.store.sessions import SessionRecord, SessionTable
from model.errors import UnavailableError

log = logging.getLogger(__name__)

COOKIE = "pad_session"
SECURE_COOKIE = "__Host-pad_session"
TOUCH_EVERY = timedelta(minutes=1)


class Sessions:
    """Who a request's cookie stands for.

    Parameters
    ----------
    table : the records
    key : signs the cookie
    settings : lifetimes, environment
    """

    def __init__(self, table: SessionTable, key: bytes, settings: Settings) -> None:
        self.table = table
        self.signer = Signer(key, salt="pad-session", digest_method=hashlib.sha256)
        self.settings = settings
        self.cookie = COOKIE if settings.demo else SECURE_COOKIE

    def user(self, asked: Request) -> User:
        """The signed-in person, or the visitor when there is no valid session."""
        digest = self._digest(asked.cookies.get(self.cookie, ""))
        if digest is None:
            return ANONYMOUS
        record = self.table.find(digest)
        now = datetime.now(UTC)
        if record is None or not self._alive(record, now):
            return ANONYMOUS
        if now - record.seen_at > TOUCH_EVERY:
            self._touch(digest, now)
        return User(id=record.user_id, role=record.role, name=record.name, fictional=self.settings.demo)

    def _touch(self, digest: str, now: datetime) -> None:
        """Note that the person is still there; a store that cannot be written stops nobody from reading."""
        try:
            self.table.touch(digest, now)
        except UnavailableError as error:
            log.warning("session not prolonged: %s", error.detail)

    def start(self, user: User, answer: Response) -> None:
        """Open a new session for `user`; any cookie from before stands for nothing."""
        token = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        record = SessionRecord(user_id=user.id, role=user.role, name=user.name, started_at=now, seen_at=now)
        self.table.add(_hash(token), record)
        answer.set_cookie(
            self.cookie,
            self.signer.sign(token).decode(),
            httponly=True,
            samesite="Lax",
            secure=not self.settings.demo,
            path="/",
        )

    def end(self, asked: Request, answer: Response) -> None:
        """End the session of this request's cookie, for every copy of it."""
        digest = self._digest(asked.cookies.get(self.cookie, ""))
        if digest is not None:
            self.table.remove(digest)
        answer.delete_cookie(self.cookie, path="/", secure=not self.settings.demo, samesite="Lax")

    def _digest(self, cookie: str) -> str | None:
        try:
            return _hash(self.signer.unsign(cookie).decode()) if cookie else None
        except BadSignature:
            return None

    def _alive(self, record: SessionRecord, now: datetime) -> bool:
        idle = timedelta(minutes=self.settings.session_idle_minutes)
        whole = timedelta(hours=self.settings.session_hours)
        return now - record.seen_at <= idle + TOUCH_EVERY and now - record.started_at <= whole


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


DEMO_USERS = {role: User(id=f"demo:{role}", role=role, name=role, fictional=True) for role in sorted(STAFF)}
"""One fictional person a role; screens translate the name."""


def register_sign_in(server: Flask, sessions: Sessions, settings: Settings) -> None:
    """Routes ``POST /sign-in/demo`` (demo only) and ``POST /sign-out``."""
    routes = Blueprint("sessions", __name__)

    @routes.post("/sign-in/demo")
    def sign_in_demo() -> Response:
        if not settings.demo:
            raise NotFoundError("no demonstration users in production")
        user = DEMO_USERS.get(request.form.get("role", ""))
        if user is None:
            raise RequestError("role is one of advisor, manager, auditor", code="unknown_role")
        answer = redirect(own_path(request.form.get("next")), code=303)
        sessions.end(request, answer)
        sessions.start(user, answer)
        return answer

    @routes.post("/sign-out")
    def sign_out() -> Response:
        answer = redirect("/sign-in", code=303)
        sessions.end(request, answer)
        return answer

    server.register_blueprint(routes)


def own_path(target: str | None) -> str:
    """`target` when it is a path of this site, else the home page: no open redirect."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or "\\" in target or any(ord(letter) < 32 for letter in target):
        return "/"
    return target
