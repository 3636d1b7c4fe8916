"""Pieces that pages are made of. Each takes plain values and words, and returns Dash components.

Only ``html.*`` components carry ``aria-`` attributes (``dbc`` and ``dcc`` refuse them), so whatever needs a
name or a state for assistive technology is built from ``html``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dash_app.i18n import t
from model.score_tables import SCALE_TOP

Content: TypeAlias = str | int | float | Component | Sequence[Any] | None
"""What a component accepts as children."""

TONES: Final[Mapping[str, str]] = {"favourable": "fav", "review": "mid", "unfavourable": "unf"}
"""Opinion to the class that colours it in ``ux.css``."""

ICONS: Final[Mapping[str, str]] = {
    "favourable": "check-circle-fill",
    "review": "circle-half",
    "unfavourable": "slash-circle",
}


def icon(name: str, *classes: str) -> html.I:
    """Return a Bootstrap icon, silent for screen readers: the word beside it speaks."""
    return html.I(className=" ".join(("bi", f"bi-{name}", *classes)), **{"aria-hidden": "true"})


def hidden(text: Content) -> html.Span:
    """Return text for screen readers only."""
    return html.Span(text, className="visually-hidden")


def aria(**attributes: str) -> dict[str, Any]:
    """Return ARIA attributes under the names that a component takes: ``aria(label=…)``."""
    return {f"aria-{name}": value for name, value in attributes.items()}


def capital(text: str) -> str:
    """Return a word of the dictionary, written for the middle of a sentence, as it starts a cell."""
    return text[:1].upper() + text[1:]


def key(text: str, *, desk_only: bool = False) -> html.Kbd:
    return html.Kbd(text, className="desk" if desk_only else None)


def key_hints(hints: Sequence[tuple[Sequence[str], str]]) -> list[Content]:
    """Return keys and what they do, as «``j`` ``k`` move · ``↵`` open»."""
    pieces: list[Content] = []
    for names, does in hints:
        if pieces:
            pieces.append(" · ")
        for name in names:
            pieces.extend((key(name), " "))
        pieces.append(does)
    return pieces


def page_head(title: Content, *, subtitle: Content = None, end: Content = None) -> html.Div:
    """Return the head of a page: its one ``h1``, a sentence, and actions at the right."""
    words = [html.H1(title)] + ([html.P(subtitle)] if subtitle is not None else [])
    children: list[Component] = [html.Div(words)]
    if end is not None:
        children.append(html.Div(end, className="end"))
    return html.Div(children, className="pagehead")


def section(
    section_id: str,
    title: Content,
    *children: Content,
    subtitle: Content = None,
    end: Content = None,
    level: Literal[2, 3] = 2,
    className: str = "sec",
) -> html.Section:
    """Return a section named by its heading, whose id is the anchor of an address (``#reasons``)."""
    heading_id = f"{section_id}-title"
    heading = (html.H2 if level == 2 else html.H3)(title, id=heading_id)
    words = [heading] + ([html.P(subtitle, className="sub")] if subtitle is not None else [])
    head: list[Component] = [html.Div(words)]
    if end is not None:
        head.append(html.Div(end, className="end"))
    return html.Section(
        [html.Header(head), *children],
        id=section_id,
        className=className,
        **{"aria-labelledby": heading_id},
    )


def panel(*children: Content, className: str = "", **attributes: Any) -> html.Div:
    """Return a bordered surface: once per screen at most, for what the screen is about."""
    return html.Div(list(children), className=f"panel {className}".strip(), **attributes)


def opinion_tag(opinion: str, language: str) -> html.Span:
    """Return an opinion as icon, word and colour: ``favourable``, ``review`` or ``unfavourable``."""
    return html.Span(
        [icon(ICONS[opinion]), t(f"opinion.{opinion}", language)], className=f"avis {TONES[opinion]}"
    )


def opinion_title(opinion: str, language: str, *, title_id: str) -> html.H2:
    """Return the heading of a verdict: «Avis défavorable»."""
    return html.H2(
        [icon(ICONS[opinion]), t(f"opinion.full.{opinion}", language)],
        className=f"word {TONES[opinion]}",
        id=title_id,
    )


def tag(text: Content, *, symbol: str | None = None, tone: str = "") -> html.Span:
    """Return a small label; ``tone`` is ``fav``, ``mid``, ``unf`` or empty."""
    return html.Span([*([icon(symbol)] if symbol else []), html.Span(text)], className=f"tag {tone}".strip())


def note(text: Content, *, symbol: str = "info-circle", tone: str = "", **attributes: Any) -> html.Div:
    """Return a quiet banner of one sentence."""
    return html.Div(
        [icon(symbol), html.P(text)], className=f"note {tone}".strip(), **{"role": "status", **attributes}
    )


def facts(pairs: Sequence[tuple[Content, Content]], *, className: str = "facts") -> html.Dl:
    """Return terms and values, as in the identity strip."""
    return html.Dl([html.Div([html.Dt(term), html.Dd(value)]) for term, value in pairs], className=className)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and how its cells sit."""

    label: Content
    right: bool = False
    css: str = ""

    @property
    def classes(self) -> str | None:
        return " ".join(name for name in ("r" if self.right else "", self.css) if name) or None


def table(
    columns: Sequence[Column | str],
    rows: Sequence[Sequence[Content]],
    *,
    caption: Content = None,
    className: str = "t",
) -> html.Div:
    """Return a table whose first cell of each row is the row's heading, in a box that may scroll.

    Parameters
    ----------
    columns
        One per cell of a row; a plain string is a left-aligned column.
    rows
        Ready words: a table formats nothing.
    caption
        One sentence that says what the table holds.
    """
    settled = [column if isinstance(column, Column) else Column(column) for column in columns]
    head = html.Tr([html.Th(column.label, scope="col", className=column.classes) for column in settled])
    body = [
        html.Tr(
            [
                html.Th(cell, scope="row", className=column.classes)
                if position == 0
                else html.Td(cell, className=column.classes)
                for position, (column, cell) in enumerate(zip(settled, row, strict=True))
            ]
        )
        for row in rows
    ]
    parts: list[Component] = [html.Caption(caption)] if caption is not None else []
    # A box that scrolls must be reachable with the keyboard.
    return html.Div(
        html.Table([*parts, html.Thead(head), html.Tbody(body)], className=className),
        className="scroll",
        tabIndex=0,
    )


def table_behind(content: Content, language: str) -> html.Details:
    """Return «Voir le tableau», closed: the numbers of a chart for those who read them."""
    return html.Details(
        [html.Summary([icon("table"), " ", t("state.table", language)]), content],
        className="data noprint",
    )


def chart_figure(
    graph: Content,
    label: str,
    behind: Content,
    language: str,
    *,
    caption: Content = None,
    labelled_by: str | None = None,
) -> html.Figure:
    """Return a chart with its one-sentence label and the table that holds the same numbers.

    Parameters
    ----------
    graph
        ``dcc.Graph`` or picture.
    label
        One sentence that says what the chart shows, read by screen readers instead of the drawing.
    behind
        The table, from :func:`table`.
    language
        ``"fr"`` or ``"en"``.
    caption
        A sentence under the drawing.
    labelled_by
        Id of the heading above, which names the figure.
    """
    children: list[Component] = [html.Div(graph, role="img", **{"aria-label": label})]
    if caption is not None:
        children.append(html.P(caption, className="muted xs mb-0"))
    children.append(table_behind(behind, language))
    return html.Figure(children, **({"aria-labelledby": labelled_by} if labelled_by else {}))


def segmented(
    control_id: Any, legend: str, options: Sequence[tuple[str, str]], value: str | None
) -> html.Fieldset:
    """Return a choice between a few values, as real radios: ``options`` are (value, word)."""
    return html.Fieldset(
        [
            html.Legend(legend, className="visually-hidden"),
            dbc.RadioItems(
                id=control_id,
                options=[{"label": word, "value": choice} for choice, word in options],
                value=value,
                class_name="seg",
                input_class_name="btn-check",
                label_class_name="form-check-label",
            ),
        ],
        className="segfield",
    )


def mini_scale(
    default_probability: float, *, zone: tuple[float, float], cut_off: float, label: str
) -> html.Div:
    """Return one file on the scale of 0 to 30 %, small enough for a table row.

    Parameters
    ----------
    default_probability
        In [0, 1]; a value above 30 % sits on the right end.
    zone
        Bounds of the review zone, in [0, 1].
    cut_off
        In [0, 1].
    label
        The same in words, for screen readers.
    """
    low, high = zone
    return html.Div(
        [
            html.I(className="fav", style={"left": "0%", "width": _at(low)}),
            html.I(className="mid", style={"left": _at(low), "width": _at(high - low)}),
            html.I(className="unf", style={"left": _at(high), "width": _at(SCALE_TOP - high)}),
            html.B(style={"left": _at(cut_off)}),
            html.Em(style={"left": _at(default_probability)}),
        ],
        className="mini",
        role="img",
        **{"aria-label": label},
    )


def _at(probability: float) -> str:
    """Place of a probability on the scale, as a CSS length."""
    return f"{100 * min(max(probability, 0.0), SCALE_TOP) / SCALE_TOP:.2f}%"
