"""What a decision is judged by, computed once at training: the optional parts of the bundle.

Bounds of instalments for recourse, leaves for similar files, fairness tables, the reference of
drift. All from labelled clients, scores out of fold; no part holds a client's number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from model.errors import IntegrityError
from model.home import Home
from model.neighbours import LEAVES, OUTCOMES, leaves_of, reference_sample
from model.recourse import PAYMENT_RATES, payment_rates
from model.tables import APPLICATION
from training.experiment import Experiment
from training.fairness import FAIRNESS, as_json, fairness_tables, groups_of

_NUMBERS = (
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "DAYS_BIRTH",
    "CNT_CHILDREN",
    "REGION_RATING_CLIENT",
    "EXT_SOURCE_1",
    "EXT_SOURCE_3",
)
_TEXTS = tuple(column.name for column in APPLICATION.columns if column.kind == "text")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Raw columns of the labelled clients, in the order of `Clients.labelled`.

    Some of them the model never reads.

    Attributes
    ----------
    numbers : column → float64 (n,), NaN = missing
    texts : column → object (n,), ``None`` = missing
    """

    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, np.ndarray]


def read_labelled(home: Home, ids: np.ndarray) -> Labelled:
    """Read the raw columns of the clients with a known outcome from the lake.

    Parameters
    ----------
    ids : (n,) their numbers, ascending

    Raises
    ------
    IntegrityError
        The lake's labelled clients are other ones: it was ingested again since.
    """
    lake = str(home.lake / "application.parquet").replace("'", "''")
    columns = ", ".join(f'"{name}"' for name in ("SK_ID_CURR", *_NUMBERS, *_TEXTS))
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        table = connection.sql(
            f"select {columns} from read_parquet('{lake}') where TARGET is not null order by SK_ID_CURR"
        ).to_arrow_table()
    if not np.array_equal(table["SK_ID_CURR"].to_numpy(), ids):
        raise IntegrityError(
            "the lake and the features hold other clients: run `python -m training features` again"
        )
    return Labelled(
        numbers={
            name: np.asarray(table[name].cast("double").to_numpy(), dtype=np.float64) for name in _NUMBERS
        },
        texts={name: np.array(table[name].to_pylist(), dtype=object) for name in _TEXTS},
    )


def make_evidence(experiment: Experiment, labelled: Labelled) -> dict[str, Any]:
    """Files of the bundle, by name, for `BundleParts.extra`."""
    clients, policy = experiment.clients, experiment.policy
    tables = fairness_tables(
        groups_of(labelled.numbers, labelled.texts),
        experiment.outcome,
        experiment.calibration.probability(experiment.cross_validated.margin),
        policy,
        seed=experiment.recipe.seed,
    )
    sample = reference_sample(len(experiment.outcome), seed=experiment.recipe.seed)
    return {
        LEAVES: leaves_of(experiment.served.booster, clients.matrix[clients.labelled[sample]], threads=2),
        OUTCOMES: experiment.outcome[sample].astype(np.uint8),
        FAIRNESS: as_json(tables, policy, clients=len(experiment.outcome)),
        PAYMENT_RATES: payment_rates(
            labelled.texts["NAME_CONTRACT_TYPE"].tolist(),
            labelled.numbers["AMT_CREDIT"],
            labelled.numbers["AMT_ANNUITY"],
        ),
    }
