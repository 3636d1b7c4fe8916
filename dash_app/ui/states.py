"""What a screen shows when all is not well: loading, empty, unknown, refused, failed, nothing to serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dash import dcc, html

from dash_app.i18n import t
from dash_app.ui import parts
from dash_app.ui.parts import Content

START_COMMANDS: Final[tuple[tuple[str, str], ...]] = (
    ("fictional", "make run"),
    ("archive", "make run DATA=home-credit-default-risk.zip"),
)


def message(
    symbol: str, title: Content, body: Content, *actions: Content, tone: str = "muted", level: int = 2
) -> html.Div:
    """Return a state: icon, heading, a sentence, and what to do about it."""
    heading = {1: html.H1, 2: html.H2, 3: html.H3}[level]
    return html.Div(
        [
            html.Div(parts.icon(symbol, tone, "fs-4")),
            html.Div(
                [
                    heading(title, className="msg-title mb-1"),
                    html.P(body, className="mb-2"),
                    *(action for action in actions if action is not None),
                ]
            ),
        ],
        className="msg",
    )


def bars(shape: Sequence[tuple[str, int]], *, label: str) -> html.Div:
    """Return a skeleton: one grey bar per (width, height in px), named for screen readers.

    The bars stay invisible for 150 ms (``ux_frame.css``), so that a quick answer never flickers.
    """
    return html.Div(
        [
            parts.hidden(label),
            *(html.Div(className="sk", style={"width": width, "height": height}) for width, height in shape),
        ],
        className="skeleton",
        **{"aria-busy": "true"},
    )


def loading(language: str, *, lines: int = 4, height: int = 14) -> html.Div:
    """Return a skeleton of text lines."""
    widths = ("70%", "92%", "84%", "60%")
    return bars(
        [(widths[line % len(widths)], height) for line in range(lines)], label=t("state.loading", language)
    )


def retry_id(panel: str) -> dict[str, str]:
    """Id of the «Réessayer» button of a panel.

    The callback that fills the panel takes it as ``Input(retry_id("client-similar"), "n_clicks",
    allow_optional=True)``: absent while the panel is well.
    """
    return {"type": "retry", "panel": panel}


def failed(what: str, language: str, *, code: str, panel: str, level: int = 3) -> html.Div:
    """Return the state of a panel that could not be computed; the others stay.

    Parameters
    ----------
    what
        The panel's name in words.
    code
        Identifier that is also in the log.
    panel
        Name of the panel, as given to :func:`retry_id`.
    """
    button = html.Button(
        [parts.icon("arrow-repeat"), t("state.retry", language)],
        id=retry_id(panel),
        className="btn btn-line btn-xs",
        type="button",
    )
    return message(
        "exclamation-circle",
        t("state.failed.title", language, what=what),
        t("state.failed.body", language, code=code),
        button,
        tone="unf",
        level=level,
    )


def unknown_client(client: str, language: str) -> html.Div:
    """Return the state of a file that does not exist, or is outside the reader's scope: the same words."""
    return message(
        "file-earmark-x",
        t("state.unknown.title", language, client=client),
        t("state.unknown.body", language),
        back(language),
        level=1,
    )


def unknown_page(language: str) -> html.Div:
    return message(
        "file-earmark-x",
        t("state.page.heading", language),
        t("state.page.body", language),
        back(language),
        level=1,
    )


def forbidden(role: str, language: str) -> html.Div:
    """Return the state of a page that the reader's role may not open."""
    return message(
        "lock",
        t("state.forbidden.heading", language),
        t("state.forbidden.body", language, role=t(f"role.{role}", language)),
        back(language),
        level=1,
    )


def nothing_to_serve(language: str) -> html.Div:
    """Return the start page: what to run, and a wait that ends by itself (``assets/frame.js`` polls)."""
    commands = [
        html.Div([html.Dt(t(f"state.start.{name}", language)), html.Dd(html.Code(command))])
        for name, command in START_COMMANDS
    ]
    return html.Div(
        [
            message(
                "database",
                t("state.start.heading", language),
                t("state.start.body", language),
                html.Dl(commands, className="start"),
                html.P(t("state.start.keep", language), className="muted sm mt-2 mb-0"),
                level=1,
            ),
            html.P(
                [html.Span(className="spinner-grow spinner-grow-sm"), t("state.start.waiting", language)],
                className="waiting muted sm",
                role="status",
            ),
        ],
        className="panel",
        **{"data-wait-ready": "true"},
    )


def empty_queue(language: str) -> html.Div:
    return message(
        "check-circle-fill", t("state.empty.title", language), t("state.empty.body", language), tone="fav"
    )


def back(language: str, href: str = "/") -> dcc.Link:
    return dcc.Link(t("state.back", language), href=href, className="btn btn-line btn-xs")


def skeleton_table(language: str, *, rows: int = 8, **attributes: Any) -> html.Div:
    """Return the shape of a table that is on its way."""
    return html.Div(bars([("100%", 22)] * rows, label=t("state.loading", language)), **attributes)
