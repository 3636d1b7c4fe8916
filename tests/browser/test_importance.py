"""The importance page as a manager meets it, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS, Open, axe_violations

pytestmark = pytest.mark.xdist_group("browser")


def opened(page: Page) -> Page:
    """Wait until both charts are drawn."""
    page.locator("#plot-importance .main-svg").first.wait_for()
    page.locator("#plot-importance-dependence .main-svg").first.wait_for()
    return page


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("role", ["advisor", "manager", "auditor"])
def test_A11Y1_axe_finds_nothing(open_as: Open, role: str, look: dict[str, object]) -> None:
    page = opened(open_as(role, "/importance", **look))

    assert axe_violations(page) == []
    assert page.problems == []  # type: ignore[attr-defined]
    assert page.evaluate("document.documentElement.scrollWidth") <= int(str(look["width"]))


@pytest.mark.parametrize("level", ["theme", "feature"])
def test_level_of_the_address_is_shown(open_as: Open, level: str) -> None:
    page = opened(open_as("manager", f"/importance?level={level}"))

    assert page.locator("#importance-level input:checked").get_attribute("value") == level
    assert axe_violations(page) == []


def test_bar_chooses_a_feature_and_back_undoes_it(open_as: Open) -> None:
    page = opened(open_as("manager", "/importance"))
    first = page.locator("#dep-title").inner_text()

    page.locator("#plot-importance .bars path").nth(2).click(force=True)  # Plotly listens on a layer above

    expect(page.locator("#dep-title")).not_to_have_text(first)
    assert "f=" in page.url
    page.go_back()
    expect(page.locator("#dep-title")).to_have_text(first)


def test_table_row_chooses_the_same_by_keyboard(open_as: Open) -> None:
    page = opened(open_as("manager", "/importance"))
    first = page.locator("#dep-title").inner_text()
    page.locator("#importance-ranking summary").click()
    row = page.locator("#importance-ranking a.pick").nth(3)

    row.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#dep-title")).not_to_have_text(first)
    expect(row).to_be_focused()
    expect(row).to_have_attribute("aria-current", "true")
    expect(page.locator("#live")).to_contain_text(page.locator("#dep-title").inner_text())


def test_other_feature_of_the_same_code_can_be_shown(open_as: Open) -> None:
    page = opened(open_as("manager", "/importance?f=EXT_SOURCE_2"))
    expect(page.locator("#importance-other")).to_have_value("EXT_SOURCE_2")

    page.select_option("#importance-other", "EXT_SOURCE_3")

    expect(page.locator("#importance-dependence code")).to_have_text("EXT_SOURCE_3")
    assert "f=EXT_SOURCE_3" in page.url


def test_language_switch_keeps_level_and_feature(open_as: Open) -> None:
    page = opened(open_as("manager", "/importance?level=feature&f=AMT_CREDIT"))
    expect(page.locator("#importance-dependence code")).to_have_text("AMT_CREDIT")

    page.locator("[data-language=en]").first.click()

    expect(page.locator("#dep-title")).to_have_text("Amount requested")
    expect(page.locator("#importance-level input:checked")).to_have_value("feature")


def test_feature_that_does_not_exist_is_named(open_as: Open) -> None:
    page = open_as("manager", "/importance?f=NOPE")

    expect(page.locator("#importance-dependence .note")).to_contain_text("NOPE")
    page.locator("#plot-importance .main-svg").first.wait_for()
