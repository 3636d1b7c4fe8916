"""The client page as an advisor meets it, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from model.home import Home
from tests.browser.conftest import LOOKS, Open, axe_violations

pytestmark = pytest.mark.xdist_group("browser")

OPINIONS = ("favourable", "review", "unfavourable")


@pytest.fixture(scope="session")
def files(small_home: Home) -> dict[str, int]:
    """A waiting file of each opinion, and one that the model has learned from."""
    from model.book import load_book
    from model.bundle import load_bundle
    from model.pointer import read_pointer

    pointer = read_pointer(small_home)
    assert pointer is not None
    assert pointer.book is not None
    bundle = load_bundle(small_home.bundles / pointer.bundle)
    book = load_book(small_home.books / pointer.book)
    codes = book.opinions(bundle.policy)[book.waiting]
    waiting = {
        opinion: int(book.ids[book.waiting[int((codes == code).nonzero()[0][0])]])
        for code, opinion in enumerate(OPINIONS)
        if (codes == code).any()
    }
    return waiting | {"learning": int(book.ids[0])}


def opened(page: Page) -> Page:
    """Wait until the page of a file is drawn."""
    page.locator("#plot-client-scale .main-svg").first.wait_for()
    page.locator("#plot-client-position .main-svg").first.wait_for()
    return page


def per_cent(text: str) -> float:
    return float(re.search(r"[\d,.]+", text).group().replace(",", "."))  # type: ignore[union-attr]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("opinion", [*OPINIONS, "learning"])
def test_A11Y1_axe_finds_nothing(
    open_as: Open, files: dict[str, int], opinion: str, look: dict[str, object]
) -> None:
    page = opened(open_as("advisor", f"/client/{files[opinion]}", **look))

    assert axe_violations(page) == []
    assert page.problems == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", ["features", "table"])
def test_A11Y1_axe_finds_nothing_in_the_other_forms(open_as: Open, files: dict[str, int], view: str) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}?view={view}"))

    assert page.locator(f"#client-view-{view}").is_visible()
    assert axe_violations(page) == []


def test_unknown_file_says_so_in_both_languages(open_as: Open) -> None:
    page = open_as("advisor", "/client/123")

    expect(page.locator("#client-body h1")).to_have_text("Le dossier 123 n’existe pas")
    assert axe_violations(page) == []


def test_A11Y3_title_names_the_file_and_there_is_one_heading(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))

    assert re.sub(r"\D", "", page.title()) == str(files["unfavourable"])
    assert page.locator("h1").count() == 1


def test_written_sum_leads_to_the_probability_of_the_verdict(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))

    words = page.locator("#client-view-waterfall > p").inner_text()
    figures = [float(n.replace(",", ".")) for n in re.findall(r"\d+,\d+", words.split("=")[0])]
    signs = [1.0, *(1.0 if sign == "+" else -1.0 for sign in re.findall(r"[+−]", words.split("=")[0]))]
    total = sum(sign * figure for sign, figure in zip(signs, figures, strict=True))

    assert total == pytest.approx(per_cent(page.locator(".verdict .score").inner_text()), abs=0.051)


def test_favourable_file_gives_strengths_only(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['favourable']}"))

    expect(page.locator("#reasons h3")).to_have_text(["Ce qui réduit le risque"])
    assert page.locator("#reasons .unf").count() == 0


def test_feature_chosen_is_in_the_address_and_back_undoes_it(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))
    first = page.locator("#client-feature").input_value()

    page.select_option("#client-feature", "AMT_CREDIT")
    expect(page.locator("#client-position figure > p")).to_contain_text("Montant demandé")
    assert "f=AMT_CREDIT" in page.url
    expect(page.locator("#live")).to_contain_text("Montant demandé")

    page.go_back()
    expect(page.locator("#client-feature")).to_have_value(first)


def test_reason_opens_the_position_on_its_feature(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))
    reason = page.locator("#reasons a[data-feature]").nth(1)
    feature = reason.get_attribute("data-feature")

    reason.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#client-feature")).to_have_value(str(feature))
    expect(page.locator("#client-feature")).to_be_focused()
    assert f"f={feature}" in page.url


def test_form_of_the_calculation_is_in_the_address(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))

    page.locator("#client-view label").nth(1).click()

    page.locator("#plot-client-features .main-svg").first.wait_for()
    assert "view=features" in page.url
    assert page.locator("#client-view-waterfall").is_hidden()


def test_language_switch_keeps_feature_and_form(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))
    page.select_option("#client-feature", "AMT_CREDIT")
    page.locator("#client-view label").nth(2).click()
    expect(page.locator("#client-view-table")).to_be_visible()

    page.locator("[data-language=en]").first.click()

    expect(page.locator("h1")).to_contain_text("File")
    expect(page.locator("#client-feature")).to_have_value("AMT_CREDIT")
    expect(page.locator("#client-view-table")).to_be_visible()
    expect(page.locator("#client-position figure > p")).to_contain_text("of files")


def test_theme_switch_redraws_the_charts_without_asking_the_server(
    open_as: Open, files: dict[str, int]
) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))
    bar = page.locator("#plot-client-scale .bars path").nth(10)
    before = bar.evaluate("e => getComputedStyle(e).fill")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "_dash-update" in request.url else None)

    page.locator("#theme-toggle").click()

    expect(bar).not_to_have_css("fill", before)
    assert asked == []


def test_narrow_place_gets_the_narrow_drawing_and_no_sideways_scroll(
    open_as: Open, files: dict[str, int]
) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}", width=390, height=844))

    assert page.locator("#plot-client-scale").get_attribute("data-drawn") == "narrow"
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator("#plot-client-scale")).to_have_attribute("data-drawn", "wide")


def test_previous_and_next_follow_the_list_that_one_came_from(open_as: Open) -> None:
    page = open_as("advisor", "/?queue=unfavourable&sort=closest")
    page.locator("#main table.rows a.id").first.wait_for()
    listed = [re.sub(r"\D", "", text) for text in page.locator("#main a.id").all_inner_texts()]

    page.locator("#main a.id").first.click()
    opened(page)
    expect(page.locator(".crumb")).to_contain_text("1 sur")
    page.keyboard.press("j")

    expect(page.locator(".crumb")).to_contain_text("2 sur")
    assert page.url.endswith(f"/client/{listed[1]}")


def test_A11Y4_every_chart_has_a_sentence_and_a_table(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}"))

    for figure in page.locator("figure:visible").all():
        assert len(str(figure.locator("[role=img]").first.get_attribute("aria-label"))) > 30
        assert figure.locator("details table").count() == 1


def test_sparks_follow_the_theme_of_the_page(open_as: Open, files: dict[str, int]) -> None:
    page = opened(open_as("advisor", f"/client/{files['unfavourable']}", theme="dark"))
    picture = page.locator("#reasons .sp img").first

    assert picture.evaluate("e => getComputedStyle(e).colorScheme") == "dark"
    assert len(str(picture.get_attribute("alt"))) > 20
    assert picture.evaluate("e => e.naturalWidth") == 148


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Portefeuille fictif"), ("en", "Fictional portfolio")]
)
def test_paper_says_that_the_portfolio_is_fictional(
    open_as: Open, files: dict[str, int], language: str, words: str
) -> None:
    page = opened(open_as("advisor", f"/client/{files['review']}", language=language))
    page.emulate_media(media="print")

    expect(page.locator(".strip .fiction")).to_be_visible()
    expect(page.locator(".strip .fiction")).to_have_text(words)
    expect(page.locator("#fiction")).to_be_hidden()
