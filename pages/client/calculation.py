"""Calculation: from the typical accepted client to this file, as bars or as a table."""

from __future__ import annotations

from functools import partial
from typing import Any

from dash import html

from dash_app.charts import panel, waterfall
from dash_app.i18n import t
from dash_app.ui import parts
from pages.client.file import VIEWS, File, Ids


def section(file: File, by_code: waterfall.WaterfallData, language: str) -> html.Section:
    """Return the block of the page."""
    by_feature = file.by_feature(language)
    chosen = file.asked.view
    views = [
        html.Div(
            [
                panel.chart(
                    f"client-{name}",
                    partial(_draw, data, language),
                    sentence=waterfall.sentence(data, language),
                    table=waterfall.table(data, language),
                    language=language,
                    narrow_below=560,
                    labelled_by="calculation-title",
                ),
                _written_sum(data, language),
            ],
            id=Ids.view(name),
            hidden=chosen != name,
        )
        for name, data in {"waterfall": by_code, "features": by_feature}.items()
    ]
    whole = panel.table_of(
        waterfall.table(by_code, language, whole=True), caption=waterfall.sentence(by_code, language)
    )
    views.append(
        html.Div(
            [whole, _written_sum(by_code, language, whole=True)],
            id=Ids.view("table"),
            hidden=chosen != "table",
        )
    )
    return parts.section(
        "calculation",
        t("client.calculation.title", language),
        *views,
        subtitle=t("client.calculation.lead", language),
        end=parts.segmented(
            Ids.VIEW,
            t("client.calculation.form", language),
            [(name, t(f"client.calculation.{name}", language)) for name in VIEWS],
            chosen,
        ),
    )


def _written_sum(data: waterfall.WaterfallData, language: str, *, whole: bool = False) -> html.P:
    added = waterfall.written_sum(data, language, whole=whole)
    words = f"{added}. {t('client.calculation.not_causes', language)}"
    return html.P(words, className="muted xs mb-0 mt-2")


def _draw(data: waterfall.WaterfallData, language: str, narrow: bool) -> dict[str, Any]:
    return waterfall.figure(data, language, narrow=narrow)
