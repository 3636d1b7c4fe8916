"""A real Chromium on a real server; one of each per test process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from model.home import Home
from tests.browser.chromium import find
from tests.serving import served

expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong

Open = Callable[..., Page]
LOOKS = [
    pytest.param({"language": "fr", "theme": "light", "width": 1280}, id="fr-light-1280"),
    pytest.param({"language": "en", "theme": "dark", "width": 390, "height": 844}, id="en-dark-390"),
]


@pytest.fixture(scope="session")
def live_url(small_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the product on the small fictional portfolio."""
    log = tmp_path_factory.mktemp("server") / "server.log"
    store = log.parent / "store.db"
    with served(small_home, log, PAD_DATABASE_URL=f"sqlite:///{store}") as server:
        yield server.url


@pytest.fixture(scope="session")
def playwright_session() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright_session: Playwright) -> Iterator[Browser]:
    path = find()
    if path is None:
        pytest.fail("no Chromium: run `make browser`")
    chromium = playwright_session.chromium.launch(
        executable_path=path,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    )
    yield chromium
    chromium.close()


@pytest.fixture
def open_as(browser: Browser, live_url: str) -> Iterator:
    """Make a page signed in with a role: ``open_as("advisor", path="/", language="fr")``."""
    contexts: list[BrowserContext] = []

    def make(
        role: str | None,
        path: str = "/",
        *,
        language: str = "fr",
        theme: str = "light",
        width: int = 1280,
        height: int = 900,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        contexts.append(context)
        context.add_cookies(
            [
                {"name": "pad_language", "value": language, "url": live_url},
                {"name": "pad_theme", "value": theme, "url": live_url},
            ]
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.problems = watch(page)  # type: ignore[attr-defined]
        if role is not None:
            sign_in(page, live_url, role)
        page.goto(live_url + path)
        return page

    yield make
    for context in contexts:
        context.close()


def sign_in(page: Page, url: str, role: str) -> None:
    """Do what the demonstration button of a role does, without drawing the page that holds it."""
    answer = page.request.post(f"{url}/sign-in/demo", form={"role": role}, headers={"Origin": url})
    assert answer.ok, answer.status_text


def watch(page: Page) -> list[str]:
    """Collect console errors, script errors and requests that leave the machine."""
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            else problems.append(f"request to {request.url}")
        ),
    )
    return problems


def axe_violations(page: Page) -> list[str]:
    """Violations of WCAG 2.0-2.2 A/AA and best practice, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


def screenshot(page: Page, folder: Path, name: str) -> Path:
    path = folder / f"{name}.png"
    page.screenshot(path=str(path), full_page=True)
    return path
