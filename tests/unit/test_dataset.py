"""What the champion is given to read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.errors import InputError, UnavailableError
from model.home import Home
from training.dataset import read_clients

NAN = np.float32("nan")

COLUMNS = {
    "AMT_CREDIT": [1, 2, 3, 4],
    "CODE_GENDER": [0, 1, 0, 1],
    "DAYS_BIRTH": [-9000, -12000, -15000, -20000],
    "APARTMENTS_AVG": [0.1, 0.2, NAN, 0.3],
    "AMT_ANNUITY": [5, 5, 5, 6],
    "OWN_CAR_AGE": [7, NAN, 7, 7],
    "EXT_SOURCE_1": [NAN, NAN, NAN, 0.4],
}


def _home(tmp_path, target: list[int | None], columns: dict = COLUMNS) -> Home:
    table = pa.table(
        {"SK_ID_CURR": pa.array([1, 2, 3, 4]), "TARGET": pa.array(target, pa.int8())}
        | {name: pa.array(np.array(values, dtype=np.float32)) for name, values in columns.items()}
    )
    pq.write_table(table, tmp_path / "features.parquet")
    return Home(tmp_path)


def test_excluded_groups_and_what_is_constant_among_known_outcomes_are_left_out(tmp_path):
    clients = read_clients(_home(tmp_path, [0, 1, 0, None]))

    # AMT_ANNUITY and EXT_SOURCE_1 vary for the waiting client alone; a value that is there
    # or not there (OWN_CAR_AGE) varies.
    assert clients.features == ("AMT_CREDIT", "OWN_CAR_AGE")
    assert clients.matrix.dtype == np.float32
    assert np.array_equal(clients.matrix[:, 1], np.array([7, NAN, 7, 7], np.float32), equal_nan=True)


def test_waiting_clients_are_read_and_not_labelled(tmp_path):
    clients = read_clients(_home(tmp_path, [0, 1, None, None]))

    assert len(clients.matrix) == 4
    assert clients.labelled.tolist() == [0, 1]


def test_constraints_are_those_of_the_dictionary(tmp_path):
    clients = read_clients(_home(tmp_path, [0, 1, 0, 1]))

    directions = dict(zip(clients.features, clients.directions, strict=True))
    assert directions == {"AMT_CREDIT": 0, "AMT_ANNUITY": 0, "OWN_CAR_AGE": 1, "EXT_SOURCE_1": -1}


def test_no_matrix_yet_says_what_to_run(tmp_path):
    with pytest.raises(UnavailableError, match="python -m training features"):
        read_clients(Home(tmp_path))


def test_a_lake_without_any_known_outcome_is_refused(tmp_path):
    with pytest.raises(InputError, match="no client has a known outcome"):
        read_clients(_home(tmp_path, [None] * 4))
