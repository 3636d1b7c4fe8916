"""The model card as an auditor reads it, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from model.bundle import load_bundle
from model.card import model_card
from model.home import Home
from model.pointer import read_pointer
from tests.browser.conftest import LOOKS, Open, axe_violations

pytestmark = pytest.mark.xdist_group("browser")


def opened(page: Page) -> Page:
    """Wait until both charts are drawn."""
    page.locator("#plot-card-calibration .main-svg").first.wait_for()
    page.locator("#plot-card-cost .main-svg").first.wait_for()
    return page


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("role", ["advisor", "manager", "auditor"])
def test_A11Y1_axe_finds_nothing(open_as: Open, role: str, look: dict[str, object]) -> None:
    page = opened(open_as(role, "/model-card", **look))

    assert axe_violations(page) == []
    assert page.problems == []  # type: ignore[attr-defined]
    assert page.evaluate("document.documentElement.scrollWidth") <= int(str(look["width"]))


def test_the_page_shows_the_card_of_the_bundle_in_force(open_as: Open, small_home: Home) -> None:
    pointer = read_pointer(small_home)
    assert pointer is not None
    bundle = load_bundle(small_home.bundles / pointer.bundle, pointer.bundle)
    card = model_card(bundle, "en", fictional=True)

    page = opened(open_as("auditor", "/model-card", language="en"))

    assert page.locator("h1").inner_text() == card.title
    for section in card.sections:
        shown = page.locator(f"#{section.name}")
        expect(shown.locator("h2")).to_have_text(section.title)
        for block in section.blocks:
            for row in getattr(block, "rows", ()):
                expect(shown).to_contain_text(row[-1].strip("`"), use_inner_text=True)


def test_the_menu_leads_here_and_the_language_changes_on_the_spot(open_as: Open) -> None:
    page = open_as("manager", "/importance")

    page.locator("#side a[href='/model-card']").click()
    expect(page.locator("h1")).to_have_text("Fiche du modèle")
    opened(page)
    page.locator("[data-language=en]").first.click()

    expect(page.locator("h1")).to_have_text("Model card")
    expect(page.locator("#limits h2")).to_have_text("Limits")


def test_contents_lead_to_their_section(open_as: Open) -> None:
    page = opened(open_as("manager", "/model-card"))

    page.locator(".toc a[href='#limits']").click()

    expect(page.locator("#limits h2")).to_be_in_viewport()
