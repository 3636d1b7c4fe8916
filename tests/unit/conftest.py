"""A small real bundle and client book, made once a test process."""

from __future__ import annotations

import pytest

from model.book import Book, load_book
from model.bundle import Bundle
from tests.bundles import load_small_bundle, write_small_book


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_small_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def small_book(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Book:
    return load_book(write_small_book(tmp_path_factory.mktemp("books"), small_bundle))
