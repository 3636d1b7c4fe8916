"""Data quality: the share filled in, and what is to be checked."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.i18n import t
from dash_app.ui import parts
from model import locale, quality
from pages.client.file import File


def section(file: File, language: str) -> html.Section:
    """Return the block of the page."""
    found = file.opened.assessment.data_quality
    share = locale.percent(found.provided_share, language, digits=0)
    items = [
        html.Li(
            [
                parts.icon(
                    "dash-circle" if flag.kind == "missing" else "exclamation-triangle",
                    "mid" if flag.kind == "missing" else "unf",
                ),
                html.Span(quality.flag_text(flag, language, file.currency)),
            ],
            className="d-flex gap-2 mb-2",
        )
        for flag in found.flags
    ]
    rest: Component = (
        html.Ul(items, className="list-unstyled sm mb-0")
        if items
        else html.P(t("client.quality.nothing", language), className="sm muted mb-0")
    )
    return parts.section(
        "data",
        t("client.quality.title", language),
        html.Div(
            [html.B(share, className="ink w6"), " ", t("client.quality.filled", language)], className="mb-1"
        ),
        html.Div(html.Div(style={"width": f"{100 * found.provided_share:.1f}%"}), className="filled"),
        rest,
        end=html.A(t("client.quality.detail", language), href="#values", className="q sm"),
    )
