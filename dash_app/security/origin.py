"""Cross-site requests refused by what the browser itself says of the origin.

Unsafe methods need ``Sec-Fetch-Site: same-origin`` or ``none``, else an ``Origin`` equal to
our own. A program sends neither and no cookie: it is let through only where the guard says
so (the API). No token extension is used: it broke on an earlier Dash (plotly/dash#3827).
"""

from __future__ import annotations

from flask import Request

from dash_app.errors import OriginError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_same_origin(request: Request) -> None:
    """Refuse an unsafe request that does not prove to come from our own pages."""
    if request.method not in SAFE_METHODS and not _same_origin(request, silent_is_own=False):
        raise OriginError("the request does not come from a page of this site")


def check_not_cross_site(request: Request) -> None:
    """Refuse any request that a browser sent from another site; silence is a program's."""
    if not _same_origin(request, silent_is_own=True):
        raise OriginError("the request comes from a page of another site")


def _same_origin(request: Request, *, silent_is_own: bool) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin == request.host_url.rstrip("/")
    return silent_is_own
