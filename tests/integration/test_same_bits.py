"""Same client, same bits: from the client book, and from his own rows as a caller posts them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest

from model.assess import as_answer, assess
from model.book import Book, load_book
from model.bundle import Bundle, check_golden, load_bundle
from model.case import case_from_rows
from model.home import Home
from model.pointer import read_pointer
from model.tables import TABLES

CLIENTS = 120


@pytest.fixture(scope="module")
def bundle(small_home: Home) -> Bundle:
    pointer = read_pointer(small_home)
    assert pointer is not None
    return load_bundle(small_home.bundles / pointer.bundle)


@pytest.fixture(scope="module")
def book(small_home: Home) -> Book:
    pointer = read_pointer(small_home)
    assert pointer is not None
    assert pointer.book is not None
    return load_book(small_home.books / pointer.book)


@pytest.fixture(scope="module")
def posted(small_home: Home, book: Book) -> Mapping[int, dict[str, Any]]:
    """Client → body of a request with his rows of all tables, through JSON."""
    clients = np.random.default_rng(5).choice(book.ids, CLIENTS, replace=False).tolist()
    bodies: dict[int, dict[str, Any]] = {client: {} for client in clients}
    with duckdb.connect() as connection:
        for name in TABLES:
            _add_rows(connection, small_home, name, bodies)
    return {client: json.loads(json.dumps(body)) for client, body in bodies.items()}


def _add_rows(
    connection: duckdb.DuckDBPyConnection, home: Home, name: str, bodies: dict[int, dict[str, Any]]
) -> None:
    lake = f"read_parquet('{home.lake}/{name}.parquet')"
    if name == "bureau_balance":
        lake += f" join (select SK_ID_BUREAU, SK_ID_CURR from read_parquet('{home.lake}/bureau.parquet'))"
        lake += " using (SK_ID_BUREAU)"
    found = connection.execute(f"select * from {lake} where SK_ID_CURR in (select unnest(?))", [list(bodies)])
    columns = [column[0] for column in found.description]
    known = TABLES[name].by_name
    for values in found.fetchall():
        row = dict(zip(columns, values, strict=True))
        body = bodies[row["SK_ID_CURR"]]
        told = {
            column: float(value) if isinstance(value, Decimal) else value
            for column, value in row.items()
            if column in known and column != "TARGET"
        }
        if name == "application":
            body[name] = told
        else:
            body.setdefault(name, []).append(told)


def test_the_bundle_in_force_scores_its_golden_rows_as_in_training(bundle: Bundle) -> None:
    check_golden(bundle)


def test_rows_give_the_features_of_the_book_bit_for_bit(
    bundle: Bundle, book: Book, posted: Mapping[int, dict[str, Any]]
) -> None:
    for client, body in posted.items():
        rows, kept = case_from_rows(bundle, body), book.case(client)

        differing = rows.features.view(np.uint32) != kept.features.view(np.uint32)
        assert not differing.any(), [bundle.features[j] for j in np.flatnonzero(differing)]
        assert rows.application == kept.application
        assert rows.counts == kept.counts
        assert rows.unseen == kept.unseen


def test_rows_give_the_answer_of_the_book(
    bundle: Bundle, book: Book, posted: Mapping[int, dict[str, Any]]
) -> None:
    for client, body in posted.items():
        rows = as_answer(assess(bundle, case_from_rows(bundle, body)), bundle, "fr", limit=None)
        kept = as_answer(assess(bundle, book.case(client)), bundle, "fr", limit=None)
        kept.pop("learning", None)

        assert rows == kept


def test_lists_show_the_probability_of_the_page(bundle: Bundle, book: Book) -> None:
    for row in range(0, len(book), 37):
        assert assess(bundle, book.case_at(row)).default_probability == book.default_probability[row]


def test_the_first_reason_of_the_list_is_the_first_of_the_page(bundle: Bundle, book: Book) -> None:
    for row in book.waiting.tolist():
        one = assess(bundle, book.case_at(row))

        if one.opinion != "favourable":
            assert book.first_code(row, adverse=True) == (one.reasons[0].code if one.reasons else None)
        strongest = one.strengths[0].code if one.strengths else None
        assert book.first_code(row, adverse=False) == strongest
        assert book.flags[row] == len(one.data_quality.to_check)
