"""A small real bundle and client book, made once a test process."""

from __future__ import annotations

import pytest
from hypothesis import settings

from model.book import Book, load_book
from model.bundle import Bundle
from tests.bundles import load_small_bundle, write_small_book

# A busy machine is slow, not wrong: nothing here is timed.
settings.register_profile("unit", deadline=None, print_blob=True)
settings.load_profile("unit")


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_small_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def small_book(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Book:
    return load_book(write_small_book(tmp_path_factory.mktemp("books"), small_bundle))
