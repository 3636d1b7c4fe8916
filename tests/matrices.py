"""A home with a feature matrix of some hundred invented clients, for searches that must be quick."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.home import Home
from training.tracking import create_database

NUMBERS = ("EXT_SOURCE_2", "AMT_CREDIT", "AMT_ANNUITY", "CREDIT_TO_GOODS", "DAYS_BIRTH")
FLAGS = ("FLAG_DOCUMENT_3", "CODE_GENDER")


def matrix_home(root: Path, *, clients: int = 400, seed: int = 0) -> Home:
    """Home whose default rate is about 15 %, falling with EXT_SOURCE_2 alone.

    One known outcome is missing in ten; the lake is a manifest and nothing else.
    """
    random = np.random.default_rng(seed)
    columns = {name: random.normal(size=clients) for name in NUMBERS}
    columns |= {name: random.integers(0, 2, clients) for name in FLAGS}
    odds = np.exp(-2.3 - 1.5 * columns["EXT_SOURCE_2"])
    target = (random.random(clients) < odds / (1 + odds)).astype(np.int8)
    columns["AMT_ANNUITY"][::7] = np.nan
    table = pa.table(
        {
            "SK_ID_CURR": pa.array(range(clients), pa.int64()),
            "TARGET": pa.array(
                [None if k % 10 == 9 else int(one) for k, one in enumerate(target)], pa.int8()
            ),
            **{name: pa.array(values.astype(np.float32)) for name, values in columns.items()},
        }
    )
    home = Home(root)
    home.lake.mkdir(parents=True)
    pq.write_table(table, home.features)
    invented = {"fictional": True, "missing": [], "tables": {"application": {"sha256": f"seed {seed}"}}}
    (home.lake / "manifest.json").write_text(json.dumps(invented))
    home.mlflow.mkdir()
    shutil.copy(_empty_mlflow(), home.mlflow / "mlflow.db")
    return home


@cache
def _empty_mlflow() -> Path:
    """A database without experiments: making its tables takes longer than most tests here."""
    home = Home(Path(tempfile.mkdtemp(prefix="pad-tests-mlflow-")))
    create_database(home.mlflow / "mlflow.db")
    return home.mlflow / "mlflow.db"
