"""Nothing to serve yet: what to run, what is running, and a wait that ends by itself."""

from __future__ import annotations

from typing import Any

from dash import html

from dash_app.i18n import current_language, known
from dash_app.security.rights import ANYONE
from dash_app.ui import shell, states

PAGE: dict[str, Any] = {
    "path": "/start",
    "roles": ANYONE,
    "title": shell.page_title("state.start.title"),
}


def layout(language: str | None = None) -> html.Div:
    """Return the start page."""
    return states.nothing_to_serve(known(language) if language else current_language())
