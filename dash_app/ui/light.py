"""HTML as the JSON that a Dash component becomes, for the hundreds of cells of a page.

A ``html.Td`` costs about 60 µs to make and to write, a page has a thousand of them; its JSON costs
one. Where a cell needs no id and no callback, the page writes the JSON itself.
"""

from __future__ import annotations

from typing import Any

Element = dict[str, Any]


def element(tag: str, children: Any = None, **attributes: Any) -> Element:
    """One HTML element: ``element("Td", "12,4 %", className="r")``; ``None`` attributes are left out.

    Parameters
    ----------
    tag : name of the class in ``dash.html``
    children : text, element, Dash component, or a list of them
    """
    props = {name: value for name, value in attributes.items() if value is not None}
    return {"type": tag, "namespace": "dash_html_components", "props": {"children": children, **props}}
