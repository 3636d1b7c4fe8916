"""Colours of ``assets/ux.css``, for what cannot read a CSS variable (Plotly).

``ux.css`` is the source; ``tests/unit/test_tokens.py`` holds this table equal to it. A colour is named as its
token without the ``--pd-`` prefix: ``COLOURS["dark"]["fav-soft"]``.
"""

from collections.abc import Mapping
from typing import Final, Literal

Theme = Literal["light", "dark"]

THEMES: Final[tuple[Theme, ...]] = ("light", "dark")

COLOURS: Final[Mapping[Theme, Mapping[str, str]]] = {
    "light": {
        "page": "#ffffff",
        "side": "#f7f8fa",
        "surface": "#ffffff",
        "sunken": "#f3f5f8",
        "hover": "#f6f7f9",
        "line": "#e3e7ed",
        "line-strong": "#ccd3dd",
        "control": "#7f8998",
        "ink": "#121826",
        "text": "#2c3544",
        "muted": "#586274",
        "accent": "#453bb0",
        "accent-bg": "#eeecfb",
        "on-ink": "#ffffff",
        "fav": "#17609f",
        "fav-bg": "#eaf3fb",
        "fav-fill": "#3f8bcf",
        "fav-soft": "#c5dff5",
        "mid": "#4b5567",
        "mid-bg": "#eff1f5",
        "mid-fill": "#8790a1",
        "mid-soft": "#d0d6df",
        "unf": "#a84300",
        "unf-bg": "#fdf2e9",
        "unf-fill": "#d96f1e",
        "unf-soft": "#f7d5b8",
        "c-all": "#8b95a7",
        "c-all-soft": "#dde2e9",
        "c-sim": "#6d5cc4",
        "c-sim-soft": "#d9d3f2",
        "c-me": "#121826",
        "c-na": "#c6cdd8",
        "grid": "#edf0f4",
        "axis": "#586274",
    },
    "dark": {
        "page": "#10141b",
        "side": "#0b0e14",
        "surface": "#161b24",
        "sunken": "#1d232e",
        "hover": "#1a202a",
        "line": "#262d39",
        "line-strong": "#3a4353",
        "control": "#707b8d",
        "ink": "#f2f4f8",
        "text": "#d2d8e2",
        "muted": "#9ba6b7",
        "accent": "#b3aafb",
        "accent-bg": "#262346",
        "on-ink": "#11151d",
        "fav": "#82bff5",
        "fav-bg": "#13293e",
        "fav-fill": "#4f98d8",
        "fav-soft": "#214766",
        "mid": "#bec7d4",
        "mid-bg": "#242b37",
        "mid-fill": "#808b9d",
        "mid-soft": "#3a4352",
        "unf": "#f6aa6b",
        "unf-bg": "#37220f",
        "unf-fill": "#e0792a",
        "unf-soft": "#5b3818",
        "c-all": "#6f7a8c",
        "c-all-soft": "#303846",
        "c-sim": "#9d8eec",
        "c-sim-soft": "#3c3666",
        "c-me": "#f2f4f8",
        "c-na": "#495364",
        "grid": "#222935",
        "axis": "#9ba6b7",
    },
}

FONT: Final[str] = 'Inter UX, Inter, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'


def colour(name: str, theme: str) -> str:
    """Return one colour as ``#rrggbb``; an unknown theme (a forged store) reads as light."""
    return COLOURS["dark" if theme == "dark" else "light"][name]
