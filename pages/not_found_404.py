"""Unknown address or file. Dash looks for a page module of this name when no path matches."""

from __future__ import annotations

from typing import Any

from dash import html

from dash_app.i18n import current_language, known
from dash_app.security.rights import ANYONE
from dash_app.ui import shell, states

PAGE: dict[str, Any] = {
    "path": "/not-found",
    "roles": ANYONE,
    "title": shell.page_title("state.page.title"),
}


def layout(language: str | None = None) -> html.Div:
    """Return what an unknown address shows."""
    return states.unknown_page(known(language) if language else current_language())
