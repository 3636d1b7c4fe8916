"""Headers of every answer: policy for scripts, caching, identity of the request.

The script policy is computed at the first page, not at the start: Dash adds the script that
sets page titles only at the first request (its hash would be missing).
"""

from __future__ import annotations

import threading

from dash.fingerprint import check_fingerprint
from flask import Flask, Response, request

from dash_app.security.context import request_id
from dash_app.security.register import GuardedDash
from dash_app.settings import Settings

YEAR = 31_536_000
DATA_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
"""Measured in Chromium without a violation. Styles need ``unsafe-inline`` (Dash, Plotly and
AG Grid inject style elements); scripts never do, and nothing needs ``unsafe-eval``."""

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
STATIC_PREFIXES = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")


class Headers:
    """Adds the headers; one a server.

    Parameters
    ----------
    app : its inline scripts are allowed by hash; ``None`` when no page is served
    settings : HSTS in production
    """

    def __init__(self, app: GuardedDash | None, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self._page_policy: str | None = None
        self._lock = threading.Lock()

    def register(self, server: Flask) -> None:
        server.after_request(self.after)

    def after(self, answer: Response) -> Response:
        headers = answer.headers
        headers["X-Request-Id"] = request_id()
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = PERMISSIONS
        headers["Content-Security-Policy"] = self._policy(answer)
        if not self.settings.demo:
            headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
        _set_caching(answer)
        return answer

    def _policy(self, answer: Response) -> str:
        if answer.mimetype != "text/html":
            return DATA_POLICY
        if self.app is None:
            return PAGE_POLICY.format(hashes="").replace("'self' ;", "'self';")
        if self._page_policy is None:
            with self._lock:
                hashes = " ".join(f"'{value}'" for value in _hashes(self.app))
                self._page_policy = PAGE_POLICY.format(hashes=hashes)
        return self._page_policy


def _hashes(app: GuardedDash) -> list[str]:
    return [value.strip("'") for value in app.csp_hashes()]


def _set_caching(answer: Response) -> None:
    """Static files for a year, as their address changes with their content; the rest not at all.

    A file whose address carries no version keeps its own revalidation by ETag.
    """
    if not request.path.startswith(STATIC_PREFIXES) or answer.status_code not in (200, 304):
        answer.headers["Cache-Control"] = "no-store"
    elif is_versioned(request.path, request.query_string):
        answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    else:
        answer.headers["Cache-Control"] = "public, max-age=3600, stale-while-revalidate=86400"


def is_versioned(path: str, query: bytes) -> bool:
    """The address names a version: Dash's fingerprint, or ``?m=<time>`` of an asset."""
    return check_fingerprint(path)[1] or query.startswith(b"m=")
