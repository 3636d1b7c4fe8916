"""Position: where the file stands among all, feature by feature."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.charts import axis, panel, position
from dash_app.i18n import t
from dash_app.services.portfolio import Position
from dash_app.ui import features, parts
from model import dictionary, locale
from pages.client.file import File, Ids


def section(file: File, language: str) -> html.Section:
    """Return the block of the page."""
    files = file.position.bins
    return parts.section(
        "position",
        t("client.position.title", language),
        *_refused(file, language),
        features.choice(
            Ids.FEATURE,
            t("client.position.feature", language),
            features.options_by_label(tuple(file.features), language),
            file.position.feature,
        ),
        html.Div(
            position_panel(file.position, language=language, currency=file.currency),
            id=Ids.POSITION,
            **{"data-default": file.position.feature},
        ),
        subtitle=t(
            "client.position.lead",
            language,
            total=locale.number(sum(files.counts), language),
            known=locale.number(sum(files.known), language),
        ),
    )


def _refused(file: File, language: str) -> list[Component]:
    """A sentence when the address names a feature that the model does not have."""
    if file.refused is None:
        return []
    said = t("client.position.refused", language, feature=file.refused)
    return [html.Div(parts.note(said), className="mb-3")]


def position_panel(found: Position, *, language: str, currency: str) -> Component:
    """Return the position chart of one feature, its sentence and its table."""
    data = position_data(found, language=language, currency=currency)
    words = position.sentence(data, language)
    return html.Div(
        [
            panel.chart(
                "client-position",
                lambda narrow: position.figure(data, language, narrow=narrow),
                sentence=words,
                table=position.table(data, language),
                language=language,
                narrow_below=460,
                caption=words,
                labelled_by="position-title",
            )
        ]
    )


def position_data(found: Position, *, language: str, currency: str) -> position.PositionData:
    """The bins of a feature in words, with this file's among them."""
    drawn = axis.binned(found.bins, language, currency)
    return position.data(
        drawn.bins,
        drawn.missing,
        feature=dictionary.entry(found.feature).label(language),
        here=drawn.here(found.index),
        value=dictionary.shown(found.feature, found.value, language, currency),
        across=drawn.across,
    )
