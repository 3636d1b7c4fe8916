"""One application a process (Dash keeps globals), on a small real bundle and client book."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from model.bundle import load_bundle
from model.home import Home
from model.pointer import replace_pointer
from tests.bundles import write_small_book, write_small_bundle

ORIGIN = "http://127.0.0.1:8050"
ROLES = ("advisor", "manager", "auditor")


def make_home(root: Path) -> Home:
    """A home with a bundle and a client book in force."""
    home = Home(root)
    bundle = write_small_bundle(home.bundles)
    book = write_small_book(home.books, load_bundle(bundle))
    replace_pointer(home, bundle=bundle.name, book=book.name)
    return home


@pytest.fixture(scope="session")
def web_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def app(web_home: Home) -> Flask:
    """The whole application, pages and API."""
    import wsgi
    from dash_app.settings import load_settings

    return wsgi.build(load_settings({"PAD_HOME": str(web_home.root)}))


class Visitor:
    """A browser on our own pages: same origin, its own cookies."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, base_url=ORIGIN, **options)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Any:
        return self.client.post(
            path, base_url=ORIGIN, headers={"Origin": ORIGIN, **(headers or {})}, **options
        )

    def sign_in(self, role: str) -> Visitor:
        assert self.post("/sign-in/demo", data={"role": role}).status_code == 303
        return self


class Program:
    """A program on this machine: no cookie, no origin."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client(use_cookies=False)

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, base_url=ORIGIN, **options)

    def post(self, path: str, payload: Any = None, **options: Any) -> Any:
        if payload is not None:
            options["json"] = payload
        return self.client.post(path, base_url=ORIGIN, **options)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def as_role(app: Flask) -> Callable[[str], Visitor]:
    """A browser signed in as a role, or not signed in for ``visitor``."""

    def make(role: str) -> Visitor:
        return Visitor(app) if role == "visitor" else Visitor(app).sign_in(role)

    return make


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


@pytest.fixture
def kept(web_home: Home) -> Iterator[Callable[[str], list[sqlite3.Row]]]:
    """Ask the store's file itself, past the product's own code."""
    connection = sqlite3.connect(web_home.store)
    connection.row_factory = sqlite3.Row
    yield lambda query: connection.execute(query).fetchall()
    connection.close()
