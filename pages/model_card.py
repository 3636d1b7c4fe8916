"""Model card: what the model is for, what was measured, what it cannot do. A page to read and print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts import calibration, cost, panel
from dash_app.i18n import t
from dash_app.security.rights import STAFF
from dash_app.services.model_card import CardInForce
from dash_app.ui import parts, shell, states
from dash_app.ui.light import Element, element
from model.card import Block, Bullets, Card, CardTable, Facts, Paragraph, Section, pieces

PAGE = {"path": "/model-card", "roles": STAFF, "title": shell.page_title("model_card.title")}

_SEE_ALSO = {"data": ("/importance", "model_card.see_importance")}
"""Section → the page that shows more of it."""


class Ids:
    PAGE = "model-card-page"
    BODY = "model-card-body"


def layout(language: str = "fr") -> html.Div:
    """Return the page before its figures are read."""
    return html.Div(
        [
            dcc.Store(id=Ids.PAGE, data=True),
            panel.look(),
            html.Div(
                [
                    parts.page_head(t("model_card.title", language)),
                    states.bars(
                        [("60%", 20), ("92%", 14), ("84%", 14), ("92%", 200)],
                        label=t("state.loading", language),
                    ),
                ],
                id=Ids.BODY,
            ),
        ]
    )


def body(shown: CardInForce, language: str) -> list[Component]:
    """Return the card: its sections, and the contents at the right."""
    card = shown.card
    return [
        parts.page_head(card.title, subtitle=card.lead, end=_print(language)),
        html.Div(
            [
                html.Div([_section(section, shown, language) for section in card.sections]),
                _contents(card, language),
            ],
            className="mc",
        ),
    ]


def without_figures(language: str) -> list[Component]:
    """Return the page of a bundle that was made without evaluation figures."""
    return [
        parts.page_head(t("model_card.title", language)),
        parts.note(t("model_card.no_figures", language), symbol="exclamation-triangle"),
    ]


def _print(language: str) -> html.Button:
    return html.Button(
        [parts.icon("printer"), t("model_card.print", language)],
        className="btn btn-line noprint",
        type="button",
        **{"data-print": "true"},
    )


def _contents(card: Card, language: str) -> html.Nav:
    return html.Nav(
        [html.A(section.title, href=f"#{section.name}") for section in card.sections],
        className="toc noprint",
        **{"aria-label": t("model_card.contents", language)},
    )


def _section(section: Section, shown: CardInForce, language: str) -> html.Section:
    end = None
    if section.name in _SEE_ALSO:
        path, key = _SEE_ALSO[section.name]
        end = dcc.Link(t(key, language), href=path, className="q sm noprint")
    return parts.section(
        section.name,
        section.title,
        *(_block(block) for block in section.blocks),
        *_charts(section.name, shown, language),
        end=end,
    )


def _charts(section: str, shown: CardInForce, language: str) -> list[Component]:
    if section == "performance":
        bins = calibration.data(shown.evaluation["calibration"], cutoff=shown.cutoff)
        return [
            html.H3(t("chart.calibration.title", language), id="calibration-title"),
            panel.chart(
                "card-calibration",
                lambda narrow: calibration.figure(bins, language, narrow=narrow),
                sentence=calibration.sentence(bins, language),
                table=calibration.table(bins, language),
                language=language,
                caption=calibration.sentence(bins, language),
                labelled_by="calibration-title",
            ),
        ]
    if section == "policy":
        curve = cost.data(shown.evaluation, cutoff=shown.cutoff, cost_fn=shown.cost_fn, cost_fp=shown.cost_fp)
        return [
            html.H3(t("chart.cost.title", language), id="cost-title"),
            panel.chart(
                "card-cost",
                lambda narrow: cost.figure(curve, language, narrow=narrow),
                sentence=cost.sentence(curve, language),
                table=cost.table(curve, language),
                language=language,
                caption=cost.sentence(curve, language),
                labelled_by="cost-title",
            ),
        ]
    return []


def _block(block: Block) -> Component:
    if isinstance(block, Paragraph):
        if block.tone:
            return parts.note(inline(block.text), symbol="exclamation-triangle", tone=block.tone)
        return html.P(inline(block.text))
    if isinstance(block, Bullets):
        return html.Ul([html.Li(inline(item)) for item in block.items])
    return _facts(block) if isinstance(block, Facts) else _table(block)


def _facts(facts: Facts) -> html.Div:
    rows = [
        element("Tr", [element("Th", term, scope="row"), element("Td", inline(words))])
        for term, words in facts.rows
    ]
    return html.Div(element("Table", element("Tbody", rows), className="t pairs"), className="tbl")


def _table(table: CardTable) -> html.Div:
    classes = ["r" if numeric else None for numeric in table.numeric]
    head = [
        element("Th", words, scope="col", className=css)
        for words, css in zip(table.columns, classes, strict=True)
    ]
    rows = [
        element(
            "Tr",
            _cells(row, classes),
            className="own" if i == table.strong else None,
        )
        for i, row in enumerate(table.rows)
    ]
    whole = element(
        "Table",
        [element("Caption", table.caption), element("Thead", element("Tr", head)), element("Tbody", rows)],
        className="t",
    )
    # A box that scrolls must be reachable with the keyboard.
    return html.Div(whole, className="scroll tbl", tabIndex=0)


def _cells(row: Sequence[str], classes: Sequence[str | None]) -> list[Element]:
    first, *others = row
    return [
        element("Th", first, scope="row", className=classes[0]),
        *(element("Td", words, className=css) for words, css in zip(others, classes[1:], strict=True)),
    ]


def inline(text: str) -> list[Any]:
    """Return a text with its strong and code pieces."""
    made = {"plain": lambda words: words, "strong": html.B, "code": html.Code}
    return [made[kind](words) for kind, words in pieces(text)]
