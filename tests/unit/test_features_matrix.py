"""The matrix of all clients: what the files hold, and what cannot change it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from model.errors import InputError
from model.features import SpecError, feature_names
from model.home import Home
from tests.lakes import write_lake
from training.__main__ import cli
from training.matrix import build_matrix, compute_features, learn_vocabulary, read_vocabulary

APPLICATIONS = [
    {"SK_ID_CURR": 30, "TARGET": None, "AMT_CREDIT": 100.125, "NAME_CONTRACT_TYPE": "Revolving loans"},
    {"SK_ID_CURR": 10, "TARGET": 1, "AMT_CREDIT": 2.5, "NAME_CONTRACT_TYPE": "Cash loans"},
    {"SK_ID_CURR": 20, "TARGET": 0, "AMT_CREDIT": None, "NAME_CONTRACT_TYPE": None},
]
PAYMENTS = [
    {"SK_ID_CURR": 10, "SK_ID_PREV": 1, "DAYS_INSTALMENT": -9, "DAYS_ENTRY_PAYMENT": -4, "AMT_PAYMENT": 7.1},
    {"SK_ID_CURR": 10, "SK_ID_PREV": 1, "DAYS_INSTALMENT": -5, "DAYS_ENTRY_PAYMENT": -6, "AMT_PAYMENT": 0.2},
    {
        "SK_ID_CURR": 30,
        "SK_ID_PREV": 2,
        "DAYS_INSTALMENT": -3,
        "DAYS_ENTRY_PAYMENT": None,
        "AMT_PAYMENT": 0.1,
    },
    {"SK_ID_CURR": 99, "SK_ID_PREV": 3, "DAYS_INSTALMENT": -3, "DAYS_ENTRY_PAYMENT": -3, "AMT_PAYMENT": 1.0},
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return write_lake(tmp_path, {"application": APPLICATIONS, "installments_payments": PAYMENTS})


def column(matrix: np.ndarray, home: Home, name: str) -> list[float]:
    found: list[float] = matrix[:, feature_names(learn_vocabulary(home)).index(name)].tolist()
    return found


def test_the_file_has_one_row_a_client_with_outcome_then_float32_features(home: Home) -> None:
    path = build_matrix(home)

    table = pq.read_table(path)
    assert path == home.features
    assert table.column("SK_ID_CURR").to_pylist() == [10, 20, 30]
    assert table.column("TARGET").to_pylist() == [1, 0, None]
    assert table.schema.field("TARGET").type == pa.int8()
    assert table.column_names[2:] == list(feature_names(read_vocabulary(home)))
    assert {str(field.type) for field in table.schema} == {"int64", "int8", "float"}


def test_a_missing_number_is_nan(home: Home) -> None:
    credit = pq.read_table(build_matrix(home)).column("AMT_CREDIT").to_numpy()

    assert credit[[0, 2]].tolist() == [2.5, 100.125]
    assert np.isnan(credit[1])


def test_the_vocabulary_is_every_category_of_the_lake_sorted(home: Home) -> None:
    build_matrix(home)

    stored = json.loads((home.root / "vocabulary.json").read_text())
    assert stored["application"]["NAME_CONTRACT_TYPE"] == ["Cash loans", "Revolving loans"]
    assert stored["bureau"]["CREDIT_ACTIVE"] == []


def test_nothing_but_the_two_files_is_left_behind(home: Home) -> None:
    build_matrix(home)

    assert sorted(path.name for path in home.root.iterdir()) == [
        "features.parquet",
        "lake",
        "vocabulary.json",
    ]


def test_a_failed_write_leaves_the_former_matrix_and_nothing_half_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = build_matrix(home).read_bytes()

    def full_disk(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(OSError, match="no space"):
        build_matrix(home)

    assert home.features.read_bytes() == before
    assert not list(home.root.glob(".*partial*"))


def test_rows_of_unknown_clients_are_left_out(home: Home) -> None:
    ids, matrix = compute_features(home, learn_vocabulary(home))

    assert ids.tolist() == [10, 20, 30]
    counts = column(matrix, home, "INSTAL_COUNT")
    assert (counts[0], counts[2]) == (2, 1)
    assert np.isnan(counts[1])


def test_the_order_of_rows_in_the_lake_changes_no_bit(tmp_path: Path) -> None:
    shuffler = random.Random(5)
    rows = [
        {
            "SK_ID_CURR": client,
            "AMT_PAYMENT": shuffler.randint(1, 10**9) / 1000,
            "AMT_INSTALMENT": shuffler.randint(1, 10**6) / 1000,
        }
        for client in (10, 20, 30)
        for _ in range(200)
    ]
    found = []
    for name in ("one", "other"):
        shuffler.shuffle(rows)
        home = write_lake(tmp_path / name, {"application": APPLICATIONS, "installments_payments": rows})
        found.append(np.array(compute_features(home, learn_vocabulary(home))[1]))

    assert found[0].view(np.uint32).tolist() == found[1].view(np.uint32).tolist()


def test_a_lake_without_a_table_is_refused_with_the_way_out(home: Home) -> None:
    (home.lake / "bureau.parquet").unlink()

    with pytest.raises(InputError, match=r"bureau\.parquet.*ingest"):
        build_matrix(home)


def test_an_unknown_feature_is_refused_by_name(home: Home) -> None:
    with pytest.raises(SpecError, match="NO_SUCH"):
        compute_features(home, learn_vocabulary(home), ("NO_SUCH",))


def test_a_lake_without_clients_gives_an_empty_matrix(tmp_path: Path) -> None:
    home = write_lake(tmp_path, {})

    ids, matrix = compute_features(home, learn_vocabulary(home))

    assert ids.shape == (0,)
    assert matrix.shape == (0, len(feature_names(learn_vocabulary(home))))


def test_the_command_names_what_it_wrote(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAD_HOME", str(home.root))

    result = CliRunner().invoke(cli, ["features"])

    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == f"wrote {home.features}"
