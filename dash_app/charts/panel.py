"""A chart as a Dash component: the drawing with its one-sentence label, and the table behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts.template import CONFIG, Figure, Table
from dash_app.ui import parts
from dash_app.ui.light import element

LOOK = "chart-look"
"""Id of the store that ``assets/charts.js`` touches when the theme or the width changes."""


def graph_id(name: Any) -> dict[str, Any]:
    """Id of the ``dcc.Graph`` of a chart, the output of the browser's own drawing callback."""
    return {"type": "chart", "name": name}


def figures_id(name: Any) -> dict[str, Any]:
    """Id of the store that holds a chart's figures."""
    return {"type": "chart-figures", "name": name}


def look() -> dcc.Store:
    """The store that a page with charts holds once."""
    return dcc.Store(id=LOOK)


def plot(
    name: str, draw: Callable[[bool], Figure], *, narrow_below: int = 520, className: str = "plot"
) -> html.Div:
    """The drawing: both variants travel, the browser draws the one that fits.

    Parameters
    ----------
    draw : ``draw(narrow) -> figure`` in the live look
    narrow_below : width of its place, px, under which the narrow variant is drawn
    """
    wide, narrow = draw(False), draw(True)
    return html.Div(
        [
            dcc.Store(id=figures_id(name), data={"wide": wide, "narrow": narrow}),
            dcc.Graph(id=graph_id(name), config=CONFIG, responsive="auto"),
        ],
        id=f"plot-{name}",
        className=className,
        style={"minHeight": f"{wide['layout']['height']}px"},
        **{"data-narrow-below": str(narrow_below)},
    )


def chart(
    name: str,
    draw: Callable[[bool], Figure],
    *,
    sentence: str,
    table: Table,
    language: str,
    narrow_below: int = 520,
    caption: Any = None,
    above_table: Sequence[Component] = (),
    labelled_by: str | None = None,
) -> html.Figure:
    """Drawing, label, and «Voir le tableau».

    Parameters
    ----------
    sentence : what the chart says, read in the place of the drawing and over the table
    caption : words under the drawing
    above_table : what stands between the drawing and its table
    """
    figure = parts.chart_figure(
        plot(name, draw, narrow_below=narrow_below),
        sentence,
        table_of(table, caption=sentence),
        language,
        caption=caption,
        labelled_by=labelled_by,
    )
    *drawn, behind = figure.children
    figure.children = [*drawn, *above_table, behind]
    return figure


def table_of(
    table: Table, *, caption: str | None = None, first: Callable[[int], Any] | None = None
) -> html.Div:
    """The table; `first` may turn a row's heading into something to press."""
    classes = ["r" if numeric else None for numeric in table.numeric]
    heads = [
        element("Th", words, scope="col", className=css)
        for words, css in zip(table.columns, classes, strict=True)
    ]
    rows = []
    for i, (heading, *cells) in enumerate(table.rows):
        row = [element("Th", first(i) if first else heading, scope="row", className=classes[0])]
        row += [element("Td", cell, className=css) for cell, css in zip(cells, classes[1:], strict=True)]
        rows.append(element("Tr", row))
    parts_of = [element("Caption", caption)] if caption is not None else []
    parts_of += [element("Thead", element("Tr", heads)), element("Tbody", rows)]
    # A box that scrolls must be reachable with the keyboard.
    return html.Div(element("Table", parts_of, className="t"), className="scroll", tabIndex=0)
