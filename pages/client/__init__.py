"""Client: one file, from the opinion to the data behind it, in the order in which people doubt.

Everything on the page comes from one assessment, recorded before it is shown. Each panel is
built on its own: one that fails says so, the others stay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts import panel
from dash_app.i18n import current_language, t
from dash_app.security.context import request_id
from dash_app.security.rights import STAFF
from dash_app.ui import parts, states
from model import locale
from pages.client import calculation, head, position, quality, reasons, values, verdict
from pages.client.file import VIEWS, Asked, File, Ids
from pages.client.position import position_data, position_panel

__all__ = ["PAGE", "VIEWS", "Asked", "File", "Ids", "body", "layout", "position_data", "position_panel"]

log = logging.getLogger(__name__)


def _title(client_id: str = "", **_: str) -> str:
    language = current_language()
    number = locale.identifier(int(client_id)) if client_id.isascii() and client_id.isdigit() else client_id
    return t("app.title", language, page=t("client.title", language, number=number))


PAGE = {"path_template": "/client/<client_id>", "roles": STAFF, "title": _title}


def layout(client_id: str, language: str = "fr") -> html.Div:
    """Return the page before its file is opened: the shape of what comes."""
    return html.Div(
        [
            dcc.Store(id=Ids.FILE, data={"client_id": int(client_id)}),
            dcc.Store(id=Ids.ASKED),
            panel.look(),
            html.Div(_skeleton(language), id=Ids.BODY),
        ]
    )


def body(file: File, language: str) -> list[Component]:
    """Return the page of an opened file."""
    by_code = file.by_code(language)
    alone = partial(_alone, language=language)
    return [
        head.crumb(file.place, file.role, language, back=head.list_address(file.asked)),
        head.title(file, language),
        alone("identity", lambda: head.identity(file, language)),
        alone("verdict", lambda: verdict.section(file, language)),
        _anchors(language),
        html.Div(
            [
                html.Div(
                    [
                        alone("reasons", lambda: reasons.section(file, by_code, language)),
                        alone("calculation", lambda: calculation.section(file, by_code, language)),
                    ]
                ),
                html.Aside(
                    alone("quality", lambda: quality.section(file, language)),
                    className="rail",
                    **parts.aria(label=t("client.rail", language)),
                ),
            ],
            className="split",
        ),
        html.Div(
            [
                alone("position", lambda: position.section(file, language)),
                alone("values", lambda: values.section(file, language)),
            ],
            className="g2 row2",
        ),
    ]


def _alone(name: str, build: Callable[[], Component], *, language: str) -> Component:
    """Build one panel; a failure stays inside it, with a code that is also in the log."""
    try:
        return build()
    except Exception:  # the edge of a panel: whatever happened, the rest of the page is right
        code = request_id()[:8].upper()
        log.exception("client page: panel %s failed (%s)", name, code)
        what = t(f"client.panel.{name}", language)
        return html.Section(states.failed(what, language, code=code, panel=f"client-{name}"), className="sec")


def _skeleton(language: str) -> list[Component]:
    return [
        states.bars([("120px", 14), ("260px", 30), ("100%", 40)], label=t("client.loading", language)),
        html.Div(
            [
                html.Div(
                    states.bars([("70%", 26), ("45%", 56), ("90%", 14), ("80%", 14)], label=""),
                    className="say",
                ),
                html.Div(states.bars([("100%", 180)], label=""), className="see"),
            ],
            className="panel verdict mt-4",
            **{"aria-hidden": "true"},
        ),
    ]


def _anchors(language: str) -> html.Nav:
    links = [
        html.A(
            t(f"client.anchor.{name}", language),
            href=f"#{name}",
            **(parts.aria(current="true") if name == "reasons" else {}),
        )
        for name in ("reasons", "calculation", "position", "values")
    ]
    return html.Nav(links, className="anchors noprint", **parts.aria(label=t("client.anchors", language)))
