"""What every figure shares: colours from the tokens, fonts, axes, labels, the table's shape.

Plotly cannot read CSS variables. A figure is therefore drawn in one of three *looks*: ``light`` and
``dark`` carry the tokens' values, ``live`` carries their names (``var(--pd-ink)``), which
``assets/charts.js`` resolves in the browser for the theme in force. A page sends the live look, so
a change of theme redraws what is visible without asking the server.

Figures are plain dictionaries: building them through ``plotly.graph_objects`` costs ten times
more, and a test validates each of them with it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from dash_app.ui.tokens import COLOURS, FONT

LookName = Literal["light", "dark", "live"]
Figure = dict[str, Any]

TEXT_SIZE = 11.5
LABEL_SIZE = 12.5

CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "showTips": False,
    "showAxisDragHandles": False,
}


class Look:
    """Colours of a theme by token name: ``look("c-me")``."""

    def __init__(self, name: LookName) -> None:
        self.name = name

    def __call__(self, token: str) -> str:
        if self.name == "live":
            return f"var(--pd-{token})" if token in COLOURS["light"] else _unknown(token)
        return COLOURS[self.name][token]


def _unknown(token: str) -> str:
    raise KeyError(f"no colour is named {token} in dash_app/ui/tokens.py")


LIGHT, DARK, LIVE = Look("light"), Look("dark"), Look("live")


class Table(NamedTuple):
    """The numbers behind a chart, already in words.

    Attributes
    ----------
    columns : heading of each column
    rows : texts, one tuple a row; the first is the row's heading
    numeric : whether each column holds figures (set to the right)
    selected : index of the row that is this client's, or chosen
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    selected: int | None = None


def template(look: Look) -> Figure:
    """Plotly template of a look."""
    axis = {
        "automargin": True,
        "gridcolor": look("grid"),
        "gridwidth": 1,
        "zeroline": False,
        "linecolor": look("line-strong"),
        "ticks": "",
        "tickfont": {"color": look("axis"), "size": TEXT_SIZE},
        "title": {"text": ""},
        "fixedrange": True,
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": TEXT_SIZE, "color": look("axis")},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "barcornerradius": 2,
            "hovermode": "closest",
            "dragmode": False,
            "showlegend": False,
            "hoverlabel": {
                "bgcolor": look("surface"),
                "bordercolor": look("line-strong"),
                "font": {"family": FONT, "size": TEXT_SIZE, "color": look("ink")},
                "align": "left",
                "namelength": 0,
            },
            "transition": {"duration": 0},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
        }
    }


TEMPLATES = {"pd_light": template(LIGHT), "pd_dark": template(DARK)}
_LIVE_TEMPLATE = template(LIVE)


def figure_of(
    traces: Sequence[Figure],
    language: str,
    *,
    look: Look,
    height: int,
    margin: tuple[int, int, int, int],
    **layout: Any,
) -> Figure:
    """A figure of a fixed height that takes the width it is given.

    Parameters
    ----------
    margin : left, right, top, bottom, px; axes widen them when their labels need more room
    layout : Plotly layout entries of this chart
    """
    left, right, top, bottom = margin
    chosen = _LIVE_TEMPLATE if look.name == "live" else TEMPLATES[f"pd_{look.name}"]
    return {
        "data": list(traces),
        "layout": {
            "template": chosen,
            "autosize": True,
            "height": height,
            "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
            "separators": ",\u202f" if language == "fr" else ".,",
            **layout,
        },
    }


def text(
    words: str,
    *,
    x: float | str,
    y: float | str,
    color: str,
    size: float = TEXT_SIZE,
    weight: int = 400,
    xref: str = "x",
    yref: str = "y",
    xanchor: str = "left",
    yanchor: str = "middle",
    xshift: float = 0,
    yshift: float = 0,
    halo: str | None = None,
) -> Figure:
    """A direct label: an annotation without arrow. `halo` is the colour that keeps it readable."""
    label: Figure = {
        "text": words,
        "x": x,
        "y": y,
        "xref": xref,
        "yref": yref,
        "xanchor": xanchor,
        "yanchor": yanchor,
        "xshift": xshift,
        "yshift": yshift,
        "showarrow": False,
        "font": {"color": color, "size": size, "weight": weight},
        "align": "right" if xanchor == "right" else "left",
        "borderpad": 1,
    }
    if halo is not None:
        label["bgcolor"] = halo
    return label


def caption(
    words: str, *, look: Look, x: float = 0, y: float = 1, yshift: float = 0, weight: int = 400
) -> Figure:
    """What the figures below are: over the corner of a plot, in the place of a turned axis title."""
    return text(
        words,
        x=x,
        y=y,
        xref="paper",
        yref="paper",
        yanchor="bottom",
        yshift=yshift,
        color=look("axis"),
        weight=weight,
    )


def row_name(
    words: str,
    y: float,
    *,
    look: Look,
    narrow: bool,
    width: int,
    strong: bool = False,
    size: float = TEXT_SIZE,
    above: float = 8,
    halo: str | None = None,
) -> Figure:
    """Name of a row: left of its bar, or over it where the place is narrow.

    Parameters
    ----------
    width : characters of a line
    above : px over the middle of the bar, where it is narrow
    """
    place: Figure = (
        {"xanchor": "left", "yanchor": "bottom", "yshift": above, "xshift": -2}
        if narrow
        else {"xanchor": "right", "yanchor": "middle", "xshift": -12}
    )
    return text(
        wrapped(words, width),
        x=0,
        y=y,
        xref="paper",
        color=look("ink" if strong else "text"),
        size=size,
        weight=620 if strong else 400,
        halo=halo,
        **place,
    )


def row_axis(last: float) -> Figure:
    """Axis of rows from the top down; their names are drawn by ``row_name``."""
    return {
        "range": [last + 0.5, -0.5],
        "showticklabels": False,
        "showgrid": False,
        "automargin": False,
    }


def spread(
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    color: str,
    thickness: float = 2,
    width: float = 0,
) -> Figure:
    """Thin bars from `low` to `high` around `values`."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(top - value, 0.0) for value, top in zip(values, high, strict=True)],
        "arrayminus": [max(value - bottom, 0.0) for value, bottom in zip(values, low, strict=True)],
        "color": color,
        "thickness": thickness,
        "width": width,
    }


def hatching(look: Look) -> Figure:
    """Pattern of a column of missing values."""
    return {
        "shape": "/",
        "fillmode": "replace",
        "fgcolor": look("c-all"),
        "bgcolor": look("c-all-soft"),
        "size": 6,
        "solidity": 0.6,
    }


def line(
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    *,
    color: str,
    width: float = 1,
    dash: str = "solid",
    xref: str = "x",
    yref: str = "y",
    layer: str = "above",
) -> Figure:
    """A straight line as a shape."""
    return {
        "type": "line",
        "x0": x0,
        "x1": x1,
        "y0": y0,
        "y1": y1,
        "xref": xref,
        "yref": yref,
        "layer": layer,
        "line": {"color": color, "width": width, "dash": dash},
    }


def wrapped(words: str, width: int) -> str:
    """Words on two lines at most, the second one cut with «…»."""
    lines = textwrap.wrap(words, width)
    if len(lines) > 2:
        lines = [lines[0], textwrap.shorten(" ".join(lines[1:]), width, placeholder="…")]
    return "<br>".join(lines)


def tick_digits(ticks: Sequence[float]) -> int:
    """Decimals that every tick needs, three at most."""
    return next((n for n in (0, 1, 2) if all(round(tick, n) == tick for tick in ticks)), 3)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most `most` round values from `low` to `high`; zero is one of them when it lies inside.

    >>> nice_ticks(0, 17.3)
    [0.0, 5.0, 10.0, 15.0]
    """
    span = high - low
    if not span > 0:
        return [low]
    for power in range(-12, 13):
        for base in (1.0, 2.0, 2.5, 5.0):
            step = base * 10.0**power
            first, last = -(-low // step), high // step
            if last - first + 1 <= most:
                return [round(step * i, 12) for i in range(int(first), int(last) + 1)]
    return [low, high]
