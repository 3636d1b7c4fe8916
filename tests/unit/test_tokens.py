"""The colours that Plotly gets are those of the style sheet, and no other sheet defines any."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dash_app.ui.tokens import COLOURS, THEMES, colour

ROOT = Path(__file__).resolve().parents[2]
SHEET = (ROOT / "assets" / "ux.css").read_text(encoding="utf-8")
BLOCKS = {
    "light": r":root,\[data-bs-theme=light\]\{(?P<body>[^}]*)\}",
    "dark": r"(?m)^\[data-bs-theme=dark\]\{(?P<body>[^}]*)\}",
}


def declared(theme: str) -> dict[str, str]:
    """Colours of a theme as the style sheet declares them."""
    block = re.search(BLOCKS[theme], SHEET)
    assert block is not None
    return dict(re.findall(r"--pd-([a-z-]+):(#[0-9a-f]{6})\b", block["body"]))


def luminance(code: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = (int(code[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_colour_table_equals_the_style_sheet(theme: str) -> None:
    assert COLOURS[theme] == declared(theme)


def test_both_themes_name_the_same_colours() -> None:
    assert COLOURS["light"].keys() == COLOURS["dark"].keys()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("words", ["text", "muted", "ink", "fav", "mid", "unf", "axis"])
@pytest.mark.parametrize("ground", ["page", "surface", "side"])
def test_words_are_readable_on_every_ground(theme: str, words: str, ground: str) -> None:
    assert contrast(colour(words, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", ["fav-fill", "mid-fill", "unf-fill", "c-me", "c-sim"])
def test_marks_of_a_chart_stand_out_from_the_page(theme: str, mark: str) -> None:
    assert contrast(colour(mark, theme), colour("page", theme)) >= 3


def test_a_forged_theme_reads_as_light() -> None:
    assert colour("page", "<script>") == COLOURS["light"]["page"]


def test_the_frame_sheet_uses_tokens_only() -> None:
    sheet = (ROOT / "assets" / "ux_frame.css").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])|rgba?\(|hsla?\(", sheet) == []


def test_every_token_that_a_sheet_reads_is_declared() -> None:
    sheets = SHEET + (ROOT / "assets" / "ux_frame.css").read_text(encoding="utf-8")
    assert set(re.findall(r"var\(--pd-([a-z0-9-]+)\)", sheets)) <= set(
        re.findall(r"--pd-([a-z0-9-]+):", SHEET)
    )


def test_nothing_is_loaded_from_another_host() -> None:
    for sheet in (ROOT / "assets").rglob("*.css"):
        addresses = re.findall(r"url\(\s*['\"]?([^'\")]+)", sheet.read_text(encoding="utf-8"))
        assert [address for address in addresses if address.startswith(("http", "//"))] == [], sheet


def test_every_icon_that_code_names_is_in_the_subset() -> None:
    known = set(re.findall(r"\.bi-([a-z0-9-]+)::before", SHEET))
    code = [
        path.read_text(encoding="utf-8")
        for room in ("dash_app", "pages")
        for path in (ROOT / room).rglob("*.py")
    ]
    named = {name for text in code for name in re.findall(r"(?:parts\.)?\bicon\(\"([a-z0-9-]+)\"", text)}
    assert named
    assert named <= known
