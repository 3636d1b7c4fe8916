"""Values: the raw columns of the application, by theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html

from dash_app.i18n import t
from dash_app.ui import parts
from dash_app.ui.light import Element, element
from model import dictionary, locale
from pages.client.file import File
from pages.client.head import not_read

_DOCUMENT: Final = "FLAG_DOCUMENT_"
_YES_NO: Final = {"Y": 1.0, "N": 0.0}
"""Beside its label such a value needs no words of its own: «Véhicule déclaré : non»."""


def section(file: File, language: str) -> html.Section:
    """Return the block of the page."""
    application = file.opened.case.application or {}
    sections: dict[str, dict[str, Any]] = {theme: {} for theme in (*dictionary.THEMES, "building")}
    for column, value in application.items():
        group = "building" if dictionary.excluded(column) == "building" else dictionary.entry(column).theme
        sections[group][column] = value
    blocks = [
        _values_of(theme, values, file, language, opened=theme == "request")
        for theme, values in sections.items()
        if values
    ]
    return parts.section(
        "values", t("client.values.title", language), *blocks, subtitle=t("client.values.lead", language)
    )


def _values_of(
    theme: str, values: Mapping[str, Any], file: File, language: str, *, opened: bool
) -> html.Details:
    building = theme == "building"
    name = t("client.values.building", language) if building else dictionary.theme_label(theme, language)
    documents = {c: v for c, v in values.items() if c.startswith(_DOCUMENT) and v is not None}
    given = {c: v for c, v in values.items() if v is not None and c not in documents}
    absent = [column for column, value in values.items() if value is None]
    count = t(
        "client.values.count",
        language,
        given=locale.number(len(values) - len(absent), language),
        total=locale.number(len(values), language),
    )
    rows = [_value(column, value, file, language) for column, value in given.items()]
    rows += [_documents(documents, language)] if documents else []
    rows += [_absent(absent, language)] if absent else []
    return html.Details(
        [
            html.Summary([html.B(name), html.Span(count, className="muted xs")]),
            html.Dl(rows, className="raw"),
        ],
        className="group",
        open=opened,
    )


def _documents(flags: Mapping[str, Any], language: str) -> Element:
    """The twenty document columns in one row: the numbers of those provided."""
    provided = [column.removeprefix(_DOCUMENT) for column, value in flags.items() if value]
    words = t("client.values.no_document", language)
    if provided:
        words = t("client.values.numbers", language, numbers=", ".join(provided))
    return _row(t("client.values.documents", language), words)


def _absent(columns: Sequence[str], language: str) -> Element:
    """Columns without a value, in one row."""
    labels = [dictionary.entry(column).label(language) for column in columns]
    return _row(t("client.values.absent", language), " · ".join(labels), className="absent")


def _value(column: str, value: Any, file: File, language: str) -> Element:
    words = (
        locale.value(_YES_NO[value], "flag", language)
        if value in _YES_NO
        else dictionary.shown(column, value, language, file.currency)
    )
    label = dictionary.entry(column).label(language)
    return _row(label if column in file.read else [label, not_read(language)], words)


def _row(term: Any, words: str, *, className: str | None = None) -> Element:
    return element("Div", [element("Dt", term), element("Dd", words)], className=className)
