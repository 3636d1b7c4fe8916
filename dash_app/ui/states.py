"""What a screen shows when all is not well: loading, empty, unknown, refused, failed, nothing to serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.i18n import t
from dash_app.services.preparation import Preparation
from dash_app.ui import parts
from dash_app.ui.parts import Content
from model import locale

PROGRESS_ID: Final = "start-progress"
TICK_ID: Final = "start-tick"

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


def bars(shape: Sequence[tuple[str, int]], *, label: str, slow: str = "") -> html.Div:
    """Return a skeleton: one grey bar per (width, height in px), named for screen readers.

    The bars stay invisible for 150 ms, so that a quick answer never flickers; ``slow`` comes after
    four seconds (both by ``ux_frame.css``).
    """
    return html.Div(
        [
            parts.hidden(label),
            *(html.Div(className="sk", style={"width": width, "height": height}) for width, height in shape),
            *([html.P(slow, className="slow muted sm")] if slow else []),
        ],
        className="skeleton",
        **{"aria-busy": "true"},
    )


def loading(language: str, *, lines: int = 4, height: int = 14) -> html.Div:
    """Return a skeleton of text lines."""
    widths = ("70%", "92%", "84%", "60%")
    return bars(
        [(widths[line % len(widths)], height) for line in range(lines)],
        label=t("state.loading", language),
        slow=t("state.stale", language),
    )


def retry_id(panel: str) -> dict[str, str]:
    """Id of the «Réessayer» button of a panel.

    ``assets/client.js`` answers it: the page asks for its file once more.
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
    return parts.panel(
        message(
            "file-earmark-x",
            t("state.unknown.title", language, client=client),
            t("state.unknown.body", language),
            back(language),
            level=1,
        )
    )


def unknown_page(language: str) -> html.Div:
    return parts.panel(
        message(
            "file-earmark-x",
            t("state.page.heading", language),
            t("state.page.body", language),
            back(language),
            level=1,
        )
    )


def nothing_to_serve(language: str) -> html.Div:
    """Return the start page: what to run, what runs, and a wait that ends by itself.

    ``callbacks.shell`` fills the progress at each tick; ``assets/frame.js`` opens the page once it is ready.
    """
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
            html.Div(progress(None, language), id=PROGRESS_ID, className="waiting muted sm"),
            dcc.Interval(id=TICK_ID, interval=2000),
        ],
        className="panel",
        **{"data-wait-ready": "true"},
    )


def progress(preparation: Preparation | None, language: str) -> list[Component]:
    """Return where the preparation stands: the step in words and as a bar, or why it stopped."""
    if preparation is None:
        return [parts.icon("hourglass-split"), html.Span(t("state.start.waiting", language))]
    step = t(f"state.start.step.{preparation.step}", language)
    if preparation.error is not None:
        stopped = t("state.start.stopped", language, step=step)
        return [parts.icon("exclamation-circle", "unf"), html.Span([stopped, html.Code(preparation.error)])]
    numbers = {"number": preparation.number, "total": preparation.total}
    sentence = t(
        "state.start.running",
        language,
        step=step,
        elapsed=_elapsed(preparation.seconds, language),
        **{name: locale.number(value, language) for name, value in numbers.items()},
    )
    done = 100 * (preparation.number - 1) / preparation.total
    bar = html.Div(
        html.Div(style={"width": f"{done:.0f}%"}),
        className="bar",
        role="progressbar",
        **{
            "aria-label": t("state.start.progress", language),
            "aria-valuenow": f"{done:.0f}",
            "aria-valuemin": "0",
            "aria-valuemax": "100",
        },
    )
    return [bar, html.Span(sentence)]


def _elapsed(seconds: float, language: str) -> str:
    """Seconds for two minutes, then minutes."""
    unit, count = ("seconds", seconds) if seconds < 120 else ("minutes", seconds / 60)
    return t(f"since.{unit}", language, count=locale.number(int(count), language))


def empty_queue(language: str) -> html.Div:
    return message(
        "check-circle-fill", t("state.empty.title", language), t("state.empty.body", language), tone="fav"
    )


def back(language: str, href: str = "/") -> dcc.Link:
    return dcc.Link(t("state.back", language), href=href, className="btn btn-line btn-xs")
