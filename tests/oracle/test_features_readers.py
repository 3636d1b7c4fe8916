"""The two readers of the definition on real and fictional clients: equal bits."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from model.features import Reader, Vocabulary, feature_names
from model.home import Home
from tests.lakes import client_rows, differing
from training.matrix import compute_features, learn_vocabulary

CLIENTS = 500


@pytest.fixture(scope="module")
def vocabulary(home: Home) -> Vocabulary:
    return learn_vocabulary(home)


@pytest.fixture(scope="module")
def batch(home: Home, vocabulary: Vocabulary) -> dict[int, np.ndarray]:
    ids, matrix = compute_features(home, vocabulary)
    chosen = np.linspace(0, len(ids) - 1, CLIENTS).astype(int)
    return {int(ids[row]): np.array(matrix[row]) for row in chosen}


@pytest.fixture(scope="module")
def rows(home: Home, batch: dict[int, np.ndarray]) -> dict[int, Any]:
    return client_rows(home, batch)


def test_the_reader_gives_the_bits_of_the_batch(
    vocabulary: Vocabulary, batch: dict[int, np.ndarray], rows: dict[int, Any]
) -> None:
    reader = Reader(vocabulary)

    off = {client: differing(reader.columns, reader.read(*rows[client]), batch[client]) for client in batch}

    assert {client: found for client, found in off.items() if found} == {}


def test_some_of_those_clients_have_no_history(rows: dict[int, Any]) -> None:
    assert any(not history["bureau"] for _, history in rows.values())
    assert any(history["bureau"] for _, history in rows.values())
    assert any(not history["credit_card_balance"] for _, history in rows.values())


def test_rows_that_went_through_json_give_the_same_bits(
    vocabulary: Vocabulary, batch: dict[int, np.ndarray], rows: dict[int, Any]
) -> None:
    reader = Reader(vocabulary)
    for client in list(batch)[:50]:
        application, history = json.loads(json.dumps(rows[client]))

        assert differing(reader.columns, reader.read(application, history), batch[client]) == {}


def test_a_subset_is_those_columns_in_the_order_asked_for(
    vocabulary: Vocabulary, batch: dict[int, np.ndarray], rows: dict[int, Any]
) -> None:
    names = feature_names(vocabulary)
    wanted = tuple(np.random.default_rng(3).permutation(names)[:90])
    reader = Reader(vocabulary, wanted)
    place = [names.index(name) for name in wanted]
    for client in list(batch)[:100]:
        assert differing(wanted, reader.read(*rows[client]), batch[client][place]) == {}


def test_a_batch_subset_is_those_columns_in_the_order_asked_for(
    home: Home, vocabulary: Vocabulary, batch: dict[int, np.ndarray]
) -> None:
    names = feature_names(vocabulary)
    wanted = tuple(np.random.default_rng(4).permutation(names)[:60])
    ids, matrix = compute_features(home, vocabulary, wanted)
    place = [names.index(name) for name in wanted]
    for client in list(batch)[:100]:
        row = np.array(matrix[np.searchsorted(ids, client)])
        assert differing(wanted, row, batch[client][place]) == {}


def test_an_unchanged_what_if_changes_no_bit(
    vocabulary: Vocabulary, batch: dict[int, np.ndarray], rows: dict[int, Any]
) -> None:
    reader = Reader(vocabulary)
    for client, stored in batch.items():
        assert differing(reader.columns, reader.recompute(rows[client][0], stored), stored) == {}


def test_a_what_if_is_a_fresh_reading_of_the_edited_application(
    vocabulary: Vocabulary, batch: dict[int, np.ndarray], rows: dict[int, Any]
) -> None:
    reader = Reader(vocabulary)
    for client in list(batch)[:100]:
        application, history = rows[client]
        edited = {**application, "AMT_CREDIT": 250000.5, "EXT_SOURCE_1": None, "OCCUPATION_TYPE": "Drivers"}

        changed = reader.recompute(edited, batch[client])

        assert differing(reader.columns, changed, reader.read(edited, history)) == {}
        assert changed[reader.columns.index("AMT_CREDIT")] == np.float32(250000.5)


def test_many_threads_share_one_reader(
    vocabulary: Vocabulary, batch: dict[int, np.ndarray], rows: dict[int, Any]
) -> None:
    reader = Reader(vocabulary)
    clients = list(batch)[:200]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda client: reader.read(*rows[client]), clients))

    for client, values in zip(clients, found, strict=True):
        assert differing(reader.columns, values, batch[client]) == {}
