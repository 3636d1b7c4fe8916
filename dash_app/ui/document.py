"""The HTML page that Dash is poured into: language and theme of the request, style sheets in order.

Dash's own page has no ``lang``, says «Loading…» in English, and would load
``assets/vendor`` after ``ux.css``.
No script is written inline: the page passes a policy without ``'unsafe-inline'`` for scripts.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Final

import flask
from dash import Dash

from dash_app.i18n import current_language, t
from dash_app.ui.tokens import COLOURS, Theme

ASSETS: Final = Path(__file__).resolve().parents[2] / "assets"
ASSETS_IGNORE: Final = r"^(bootstrap\.min\.css|theme\.js)$"
"""Assets that this page asks for itself, in the head: ``Dash(assets_ignore=ASSETS_IGNORE)``."""

THEME_COOKIE: Final = "pad_theme"
"""The theme that a person chose; absent, the system's is followed."""
SYSTEM_COOKIE: Final = "pad_system_theme"
"""The system's theme as ``assets/theme.js`` saw it last, so that the first answer is already right."""

_HEAD = """<!doctype html>
<html lang="{language}" data-bs-theme="{theme}" data-path="{path}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="{side}">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
<link rel="preload" href="/assets/vendor/fonts/inter-var.woff2" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="{bootstrap}">
{css}
<script src="{theme_script}"></script>
</head>
"""
_PAGE = (
    _HEAD
    + """<body>
<noscript><p class="noscript">{noscript}</p></noscript>
<div id="react-entry-point"><div class="_dash-loading" role="status">{loading}</div></div>
{config}
{scripts}
{renderer}
</body>
</html>
"""
)
_MESSAGE = """<div class="panel"><div class="msg">
<div><i class="bi bi-{symbol} muted fs-4" aria-hidden="true"></i></div>
<div><h1 class="msg-title mb-1">{heading}</h1><p class="mb-2">{body}</p>
<a class="btn btn-line btn-xs" href="/">{back}</a></div>
</div></div>"""
_PLAIN = (
    _HEAD
    + """<body>
<main class="{css_class}" id="main">
<a class="brand" href="/"><span class="mark" aria-hidden="true">{mark}</span>{name}</a>
{body}
</main>
</body>
</html>
"""
)


def install(app: Dash) -> None:
    """Make ``app`` serve this page."""

    def page(**parts: Any) -> str:
        language = current_language()
        return _PAGE.format(
            **_head(parts["css"], title=t("app.name", language)),
            noscript=escape(t("app.noscript", language)),
            loading=escape(t("state.loading", language)),
            config=parts["config"],
            scripts=parts["scripts"],
            renderer=parts["renderer"],
        )

    app.interpolate_index = page


def plain_page(heading: str, body: str) -> str:
    """Return a whole HTML page around ready HTML, for reading pages that need no Dash.

    Parameters
    ----------
    heading
        Words for the title; `body` brings its own ``h1``.
    body
        HTML whose texts are already escaped.
    """
    return _plain(heading, body, css_class="alone reading")


def message_page(heading: str, body: str, *, symbol: str = "exclamation-circle") -> str:
    """Return a whole HTML page that says one thing, for answers given before Dash is reached (403, 404, 500).

    Parameters
    ----------
    heading, body
        Words in the language of the request.
    symbol
        Name of a Bootstrap icon.
    """
    message = _MESSAGE.format(
        symbol=escape(symbol),
        heading=escape(heading),
        body=escape(body),
        back=escape(t("state.back", current_language())),
    )
    return _plain(heading, message, css_class="alone")


def _plain(heading: str, body: str, *, css_class: str) -> str:
    language = current_language()
    return _PLAIN.format(
        **_head(_own_sheets(), title=t("app.title", language, page=heading)),
        mark=escape(t("app.mark", language)),
        name=escape(t("app.name", language)),
        body=body,
        css_class=css_class,
    )


def current_theme() -> Theme:
    """Return the theme of the request: the person's choice, else the system's, else light."""
    cookies = flask.request.cookies if flask.has_request_context() else {}
    return "dark" if cookies.get(THEME_COOKIE, cookies.get(SYSTEM_COOKIE)) == "dark" else "light"


def _own_sheets() -> str:
    return "".join(
        f'<link rel="stylesheet" href="{_versioned(name)}">\n' for name in ("ux.css", "ux_frame.css")
    )


def _head(css: str, *, title: str) -> dict[str, str]:
    theme = current_theme()
    return {
        "language": current_language(),
        "theme": theme,
        "path": escape(flask.request.path),
        "side": COLOURS[theme]["side"],
        "title": escape(title),
        "bootstrap": _versioned("vendor/bootstrap.min.css"),
        "css": css,
        "theme_script": _versioned("theme.js"),
    }


def _versioned(name: str) -> str:
    """Address of an asset that changes when the file does, so that it may be cached for long."""
    return f"/assets/{name}?m={int((ASSETS / name).stat().st_mtime)}"
