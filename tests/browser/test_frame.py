"""The frame, the sign-in and the worklist as a person meets them, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from model.home import Home
from tests.browser.conftest import LOOKS, Open, axe_violations, watch
from tests.serving import served

pytestmark = pytest.mark.xdist_group("browser")

PAGES = [
    pytest.param(None, "/sign-in", id="sign-in"),
    pytest.param("advisor", "/", id="worklist"),
    pytest.param("advisor", "/?queue=review&sort=closest", id="worklist-filtered"),
    pytest.param("advisor", "/no/such/page", id="not-found"),
]
ROWS = "#main table.rows tbody tr"


def listed(page: Page) -> list[str]:
    """Numbers of the files in the list, as digits."""
    page.locator(ROWS).first.wait_for()
    return [re.sub(r"\D", "", text) for text in page.locator("#main table.rows a.id").all_inner_texts()]


def chip(page: Page, queue: str) -> int:
    """Files that a chip counts."""
    return int(re.sub(r"\D", "", page.locator(f"[data-queue={queue}] .muted").inner_text()))


def query(page: Page) -> str:
    return page.evaluate("location.search")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.outerHTML.slice(0, 300)")


# ---------- every page ----------
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("role", "path"), PAGES)
def test_A11Y1_axe_finds_nothing(open_as: Open, role: str | None, path: str, look: dict[str, object]) -> None:
    page = open_as(role, path, **look)
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")
    assert axe_violations(page) == []


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_A11Y6_no_page_scrolls_sideways(open_as: Open, role: str | None, path: str) -> None:
    page = open_as(role, path, width=1440)
    page.wait_for_load_state("networkidle")
    for width in (1440, 1024, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_A11Y3_language_heading_and_landmarks(open_as: Open, role: str | None, path: str) -> None:
    page = open_as(role, path, language="en")
    page.locator("h1").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    assert page.title().endswith(" · Prêt à dépenser")


@pytest.mark.parametrize(("width", "least"), [(1280, 24), (390, 30)])
def test_A11Y2_targets_are_large_enough(open_as: Open, width: int, least: int) -> None:
    page = open_as("advisor", "/", width=width)
    page.locator(ROWS).first.wait_for()
    small = page.evaluate(
        """least => [...document.querySelectorAll("button, a.nv, a.chip, select, summary, #find")]
            .filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([_, box]) => box.width < least || box.height < least).map(([html]) => html)""",
        least,
    )
    assert small == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_THR21_pages_run_under_the_policy_without_a_complaint(open_as: Open, theme: str) -> None:
    page = open_as("manager", "/", theme=theme)
    page.locator(ROWS).first.wait_for()
    page.locator("[data-queue=favourable]").click()
    page.locator("[data-language=en]:visible").click()
    page.wait_for_load_state("networkidle")
    assert page.problems == []  # type: ignore[attr-defined]


# ---------- sign-in ----------
def test_sign_in_offers_the_three_roles_and_no_field_that_cannot_work(open_as: Open) -> None:
    page = open_as(None, "/sign-in")
    roles = page.locator("button[name=role]")
    expect(roles).to_have_count(3)
    assert [button.get_attribute("value") for button in roles.all()] == ["advisor", "manager", "auditor"]
    assert page.locator("main input:visible").count() == 0


def test_a_visitor_is_sent_to_sign_in_and_comes_back_to_the_page_asked_for(open_as: Open) -> None:
    page = open_as(None, "/?queue=review&sort=amount")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.locator("button[name=role][value=advisor]").click()
    expect(page).to_have_url(re.compile(r"/\?queue=review&sort=amount$"))
    expect(page.locator("[data-queue=review]")).to_have_attribute("aria-pressed", "true")


def test_signing_out_closes_the_pages(open_as: Open, live_url: str) -> None:
    page = open_as("advisor", "/")
    page.locator("details.user > summary").click()
    expect(page.locator(".sheet-user .who")).to_contain_text("Sophie Laurent")
    page.locator(".sheet-user form button").click()
    expect(page).to_have_url(re.compile(r"/sign-in$"))
    page.goto(live_url + "/")
    expect(page).to_have_url(re.compile(r"/sign-in$"))


def test_a_session_that_ended_leads_to_sign_in_and_says_so(open_as: Open) -> None:
    page = open_as("advisor", "/")
    page.locator(ROWS).first.wait_for()
    page.context.clear_cookies(name="pad_session")
    page.locator("[data-queue=review]").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?ended=1&next="))
    expect(page.locator("main")).to_contain_text("Votre session a pris fin")


# ---------- language and theme ----------
def test_the_language_changes_live_and_the_view_stays(open_as: Open) -> None:
    page = open_as("advisor", "/?queue=unfavourable&sort=amount")
    page.locator("[data-queue=favourable]").click()
    expect(page.locator("[data-queue=favourable]")).to_have_attribute("aria-pressed", "true")
    before = listed(page)
    page.locator("[data-language=en]:visible").click()
    expect(page.locator("h1")).to_have_text("My queue")
    expect(page.locator("nav a.nv").first).to_contain_text("My queue")
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page).to_have_title("My queue · Prêt à dépenser")
    assert query(page) == "?queue=favourable&sort=amount"
    expect(page.locator("[data-queue=favourable]")).to_have_attribute("aria-pressed", "true")
    assert listed(page) == before
    expect(page.locator("[data-language=en]:visible")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-language=en]:visible")).to_be_focused()
    page.reload()
    expect(page.locator("h1")).to_have_text("My queue")


def test_what_is_typed_in_the_search_survives_the_language(open_as: Open) -> None:
    page = open_as("advisor", "/")
    page.locator("#search").fill("90")
    page.locator("[data-language=en]:visible").click()
    expect(page.locator("h1")).to_have_text("My queue")
    expect(page.locator("#search")).to_have_value("90")
    expect(page.get_by_role("combobox", name="Find a file")).to_be_visible()


def test_the_theme_changes_and_is_kept(open_as: Open) -> None:
    page = open_as("advisor", "/", theme="light")
    page.locator(ROWS).first.wait_for()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme-toggle").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_theme_is_the_systems_until_one_is_chosen(browser: Browser, live_url: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(live_url + "/sign-in")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_function("document.documentElement.dataset.bsTheme === 'light'")
    context.close()


def test_a_first_visit_speaks_the_language_of_the_browser(browser: Browser, live_url: str) -> None:
    for locale, heading in (("en-GB", "Sign in"), ("fr-FR", "Se connecter"), ("de-DE", "Se connecter")):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(live_url + "/sign-in")
        expect(page.locator("h1")).to_have_text(heading)
        context.close()


# ---------- search ----------
def test_the_search_lists_files_by_the_start_of_their_number(open_as: Open) -> None:
    page = open_as("advisor", "/")
    page.locator(ROWS).first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("900 0")
    options = page.locator("#search-results [role=option]")
    expect(options.first).to_be_visible()
    assert 1 <= options.count() <= 8
    numbers = [re.sub(r"\D", "", text) for text in options.locator("b").all_inner_texts()]
    assert all(number.startswith("9000") for number in numbers)
    expect(page.locator("#live")).to_have_text(re.compile(r"\d dossiers? trouvés?"))


def test_arrows_choose_and_enter_opens(open_as: Open) -> None:
    page = open_as("advisor", "/")
    page.locator("#search").fill("9000")
    field, options = page.locator("#search"), page.locator("#search-results [role=option]")
    expect(options.nth(2)).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = options.nth(1)
    expect(chosen).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "?")
    href = chosen.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{href}")
    expect(page.locator("#search-results")).to_be_hidden()


def test_a_whole_number_and_enter_goes_there_at_once(open_as: Open) -> None:
    page = open_as("advisor", "/")
    client_id = listed(page)[-1]
    page.keyboard.press("/")
    page.keyboard.type(f"{client_id[:3]} {client_id[3:]}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/client/{client_id}")


def test_an_empty_search_says_how_many_digits_a_number_has(open_as: Open) -> None:
    page = open_as("advisor", "/")
    page.locator("#search").fill("12345")
    expect(page.locator("#search-results")).to_contain_text("Aucun dossier ne commence par 12345")
    expect(page.locator("#search-results")).to_contain_text("6 chiffres")
    page.locator("#search").fill("dupont")
    expect(page.locator("#search-results")).to_contain_text("que des chiffres")


def test_escape_closes_the_list_and_keeps_what_is_typed(open_as: Open) -> None:
    page = open_as("advisor", "/")
    page.locator("#search").fill("900")
    expect(page.locator("#search-results [role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#search-results")).to_be_hidden()
    expect(page.locator("#search")).to_have_value("900")
    expect(page.locator("#search")).to_have_attribute("aria-expanded", "false")


# ---------- worklist ----------
def test_chips_count_the_queues_and_filter_them(open_as: Open) -> None:
    page = open_as("advisor", "/")
    listed(page)
    queues = ("review", "unfavourable", "favourable")
    assert sum(chip(page, queue) for queue in queues) == chip(page, "all")
    for queue, word in zip(queues, ("À étudier", "Défavorable", "Favorable"), strict=True):
        page.locator(f"[data-queue={queue}]").click()
        expect(page.locator(f"[data-queue={queue}]")).to_have_attribute("aria-pressed", "true")
        assert query(page) == f"?queue={queue}"
        assert len(listed(page)) == min(25, chip(page, queue))
        assert set(page.locator(f"{ROWS} .avis").all_inner_texts()) == {word}
        expect(page.locator(f"[data-queue={queue}]")).to_be_focused()


def test_back_undoes_a_choice(open_as: Open) -> None:
    page = open_as("advisor", "/")
    everything = listed(page)
    page.locator("[data-queue=unfavourable]").click()
    expect(page.locator("[data-queue=unfavourable]")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.locator("[data-queue=all]")).to_have_attribute("aria-pressed", "true")
    assert listed(page) == everything
    assert query(page) == ""


def test_the_order_is_part_of_the_address(open_as: Open) -> None:
    page = open_as("advisor", "/")
    listed(page)
    page.locator("#worklist-sort").select_option("amount")
    page.wait_for_function("location.search === '?sort=amount'")
    expect(page.locator("#worklist-sort")).to_have_value("amount")
    page.wait_for_function(
        """() => {
            const cells = [...document.querySelectorAll("#main table.rows td:nth-child(3)")];
            const amounts = cells.map(cell => Number(cell.innerText.replace(/\\D/g, "")));
            return amounts.length > 1 && amounts.every((amount, row) => !row || amount <= amounts[row - 1]);
        }"""
    )
    page.reload()
    listed(page)
    expect(page.locator("#worklist-sort")).to_have_value("amount")


def test_the_list_is_read_page_by_page(open_as: Open) -> None:
    page = open_as("advisor", "/")
    first, total = listed(page), chip(page, "all")
    assert len(first) == 25
    page.locator("a[data-page='2']").click()
    page.wait_for_function("location.search === '?page=2'")
    expect(page.locator("#main")).to_contain_text(re.compile(rf"26 à {min(50, total)} sur {total}"))
    second = listed(page)
    assert not set(first) & set(second)
    page.locator("a[data-page='1']").click()
    expect(page.locator("#main")).to_contain_text(f"1 à 25 sur {total}")
    assert listed(page) == first


def test_nonsense_in_the_address_reads_as_the_default(open_as: Open) -> None:
    page = open_as("advisor", "/?queue=everything&sort=best&page=-3&page=x&unknown=1")
    assert len(listed(page)) == 25
    expect(page.locator("[data-queue=all]")).to_have_attribute("aria-pressed", "true")


def test_a_page_past_the_end_is_the_last_one(open_as: Open) -> None:
    page = open_as("advisor", "/?page=999999")
    assert listed(page)
    assert page.locator("a[data-page]").count() == 1


def test_a_row_is_a_link_and_opens_the_file(open_as: Open) -> None:
    page = open_as("advisor", "/")
    client_id = listed(page)[2]
    expect(page.locator(f"{ROWS} a.id").nth(2)).to_have_attribute("href", f"/client/{client_id}")
    page.locator(ROWS).nth(2).click(position={"x": 500, "y": 18})
    page.wait_for_url(f"**/client/{client_id}")


def test_A11Y4_the_small_scale_says_the_same_in_words(open_as: Open) -> None:
    page = open_as("advisor", "/?sort=closest", language="en")
    listed(page)
    for row in page.locator(ROWS).all()[:5]:
        pd = row.locator("td:nth-child(5)").inner_text()
        expect(row.locator(".mini")).to_have_attribute(
            "aria-label", re.compile(rf"^{re.escape(pd)}, cut-off 9.1%$")
        )


def test_the_live_region_says_what_the_list_holds(open_as: Open) -> None:
    page = open_as("advisor", "/", language="en")
    listed(page)
    page.locator("[data-queue=review]").click()
    expect(page.locator("#live")).to_have_text(re.compile(r"^\d+ files? in the list$"))


def test_an_auditor_reads_requests_and_decides_nothing(open_as: Open) -> None:
    page = open_as("auditor", "/")
    expect(page.locator("h1")).to_have_text("Demandes")
    expect(page.locator(".pagehead p")).to_contain_text("attendent une décision")


# ---------- keys ----------
def test_A11Y2_rows_are_walked_with_j_and_k(open_as: Open) -> None:
    page = open_as("advisor", "/")
    numbers = listed(page)
    for key, expected in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert f"/client/{numbers[expected]}" in focused(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/client/{numbers[1]}")


def test_single_keys_can_be_turned_off(open_as: Open) -> None:
    page = open_as("advisor", "/")
    listed(page)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.locator("#keys-off").check()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()
    page.keyboard.press("/")
    assert 'id="search"' not in focused(page)
    page.reload()
    listed(page)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_hidden()


def test_single_keys_do_nothing_in_a_field(open_as: Open) -> None:
    page = open_as("advisor", "/")
    listed(page)
    page.locator("#search").press_sequentially("j?k/")
    expect(page.locator("#search")).to_have_value("j?k/")
    expect(page.locator("dialog#keys")).to_be_hidden()


def test_A11Y2_the_skip_link_comes_first_and_leads_to_the_content(open_as: Open) -> None:
    page = open_as("advisor", "/")
    listed(page)
    page.keyboard.press("Tab")
    assert 'class="skip"' in focused(page)
    page.keyboard.press("Enter")
    assert 'id="main"' in focused(page)


# ---------- navigation ----------
def test_A11Y3_a_new_page_takes_the_focus_and_the_title(open_as: Open) -> None:
    page = open_as("manager", "/no/such/page")
    expect(page).to_have_title("Page introuvable · Prêt à dépenser")
    page.locator("nav a.nv").first.click()
    expect(page).to_have_title("Ma file · Prêt à dépenser")
    assert 'id="main"' in focused(page)
    expect(page.locator("nav a.nv[aria-current=page]:visible")).to_contain_text("Ma file")


def test_navigation_holds_only_addresses_that_open(open_as: Open, live_url: str) -> None:
    for role in ("advisor", "manager", "auditor"):
        page = open_as(role, "/")
        listed(page)
        for link in page.locator("#side a.nv").all():
            answer = page.request.get(live_url + (link.get_attribute("href") or "?"))
            assert answer.status == 200


def test_the_phones_menu_opens_leads_and_closes(open_as: Open) -> None:
    page = open_as("advisor", "/no/such/page", width=390, height=844)
    page.locator("#menu-open").click()
    menu = page.locator("dialog#menu")
    expect(menu).to_be_visible()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    assert 'id="menu-open"' in focused(page)
    page.locator("#menu-open").click()
    menu.locator("a.nv").first.click()
    expect(page.locator("h1")).to_have_text("Ma file")
    expect(menu).to_be_hidden()


def test_the_phone_shows_a_file_in_three_lines(open_as: Open) -> None:
    page = open_as("advisor", "/", width=390, height=844)
    listed(page)
    row = page.locator(ROWS).first
    tops = {round(cell.bounding_box()["y"]) // 8 for cell in row.locator("td").all() if cell.is_visible()}
    assert len(tops) == 3
    expect(row.locator("td.hide").first).to_be_hidden()


# ---------- states ----------
def test_an_unknown_address_answers_404_in_words(open_as: Open, live_url: str) -> None:
    page = open_as("advisor", "/no/such/page", language="en")
    expect(page.locator("h1")).to_have_text("This page does not exist")
    assert page.request.get(live_url + "/no/such/page").status == 404


def test_a_lost_connection_is_said_and_the_page_stays(open_as: Open) -> None:
    page = open_as("advisor", "/")
    before = listed(page)
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    assert listed(page) == before
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()


def test_an_answer_that_fails_is_said_with_its_name(open_as: Open) -> None:
    page = open_as("advisor", "/")
    before = listed(page)
    page.route(
        "**/_dash-update-component*",
        lambda route: route.fulfill(status=500, body="{}", headers={"X-Request-Id": "e7k2f"}),
    )
    page.locator("[data-queue=review]").click()
    expect(page.locator("#toast")).to_contain_text("citez e7k2f au support")
    assert listed(page) == before


@pytest.mark.parametrize("width", [1280, 390])
def test_a_fictional_portfolio_says_so_on_every_screen(open_as: Open, width: int) -> None:
    page = open_as("advisor", "/no/such/page", width=width)
    expect(page.locator(".fiction:visible")).to_have_text("Portefeuille fictif")


@pytest.fixture(scope="module")
def nothing_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Home]]:
    """Address of a server that has no model yet, and its home."""
    home = Home(tmp_path_factory.mktemp("nothing"))
    log = tmp_path_factory.mktemp("server") / "server.log"
    with served(home, log, ready=False) as server:
        yield server.url, home


def test_without_a_model_the_page_says_what_to_run(browser: Browser, nothing_url: tuple[str, Home]) -> None:
    url, home = nothing_url
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    problems = watch(page)
    page.goto(url + "/sign-in")
    page.locator("button[name=role][value=advisor]").click()
    expect(page.locator("h1")).to_have_text("Aucun modèle n’est encore prêt")
    expect(page.locator("code").first).to_have_text("make run")
    expect(page.locator("#start-progress")).to_contain_text("En attente du modèle")
    home.preparation.write_text(
        '{"steps": ["portfolio", "ingest", "features", "train", "promote"], "running": "train",'
        ' "since": 1, "process": 1, "error": null}'
    )
    expect(page.locator("#start-progress")).to_contain_text("Étape 4 sur 5")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "60")
    assert axe_violations(page) == []
    # The poll itself is answered 503: the one line that the console shows.
    assert [text for text in problems if "503" not in text] == []
    context.close()


# ---------- weight ----------
def test_a_first_visit_weighs_less_than_two_megabytes(browser: Browser, live_url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    weights: dict[str, int] = {}
    page.on(
        "requestfinished",
        # What comes from the cache has a size below zero: the first answer is the one that weighs.
        lambda request: weights.setdefault(request.url, max(0, request.sizes()["responseBodySize"])),
    )
    page.goto(live_url + "/sign-in")
    page.locator("button[name=role][value=advisor]").click()
    listed(page)
    page.wait_for_load_state("networkidle")
    assert len(weights) > 10
    assert sum(weights.values()) <= 2_000_000
    assert {Path(url).suffix for url in weights if "/assets/vendor/" in url} >= {".woff2"}
    context.close()
