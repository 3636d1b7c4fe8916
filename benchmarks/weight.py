"""What a browser downloads: first visit, change of client, second visit.

    python -m benchmarks.weight [HOME]

A real Chromium counts the bytes that crossed the network, compressed as served. The first
visit opens a client's file with every chart; the second visit is a reload with a warm cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.server import running
from model.home import Home
from model.pointer import read_pointer
from tests.browser.chromium import find


@dataclass
class Traffic:
    """Bytes on the wire by request, and the scripts among them."""

    sizes: dict[str, float] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)

    @property
    def kilobytes(self) -> float:
        return sum(self.sizes.values()) / 1000


@contextmanager
def counted(page: Page) -> Iterator[Traffic]:
    """Count what `page` downloads until the block ends and the network is quiet."""
    traffic = Traffic()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, tuple[str, str]] = {}

    def received(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = (event["type"], event["response"]["url"])

    def finished(event: dict[str, Any]) -> None:
        kind, url = kinds.get(event["requestId"], ("", ""))
        if event["encodedDataLength"] and not url.startswith("data:"):
            traffic.sizes[event["requestId"]] = event["encodedDataLength"]
            if kind == "Script":
                traffic.scripts.append(url)

    session.on("Network.responseReceived", received)
    session.on("Network.loadingFinished", finished)
    yield traffic
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_000)
    session.detach()


@click.command()
@click.argument("home", type=click.Path(exists=True, file_okay=False, path_type=Path), default="var")
def main(home: Path) -> None:
    """Weigh the pages of what is in force in HOME."""
    first, second = _two_clients(home)
    with running(home, workers=2) as server, sync_playwright() as playwright:
        url = f"http://127.0.0.1:{server.port}"
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.context.request.post(f"{url}/sign-in/demo", form={"role": "advisor"}, headers={"Origin": url})
        with counted(page) as visit:
            page.goto(f"{url}/client/{first}")
            page.wait_for_selector("h1")
        with counted(page) as change:
            page.evaluate(
                "path => { history.pushState({}, '', path);"
                " window.dispatchEvent(new CustomEvent('_dashprivate_pushstate')); }",
                f"/client/{second}",
            )
            page.wait_for_timeout(1_500)
        with counted(page) as again:
            page.goto(f"{url}/client/{first}")
            page.wait_for_selector("h1")
        browser.close()
    click.echo(f"first visit     {visit.kilobytes:8.0f} kB in {len(visit.sizes)} requests")
    click.echo(f"change of file  {change.kilobytes:8.1f} kB in {len(change.sizes)} requests")
    click.echo(f"second visit    {again.kilobytes:8.0f} kB, scripts downloaded again: {len(again.scripts)}")


def _two_clients(home: Path) -> tuple[int, int]:
    pointer = read_pointer(Home(home.resolve()))
    if pointer is None or pointer.book is None:
        raise click.ClickException(f"nothing is in force in {home}: run `make run` first")
    ids = np.load(home / "books" / pointer.book / "ids.npy")
    return int(ids[0]), int(ids[-1])


if __name__ == "__main__":
    main()
