"""A small real bundle and client book for unit tests, made in seconds from made-up clients.

2,000 clients with raw rows of six tables, the product's own feature reader, a real LightGBM
booster on about 50 real feature names, beta calibration, every table of the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model.book_writing import Block, write_book
from model.bundle import Bundle, load_bundle
from model.bundle_writing import BundleParts, golden_rows, write_bundle
from model.calibration import BetaCalibration
from model.contributions import Reference, contributions
from model.dictionary import CODES, direction
from model.features import Reader, Vocabulary, feature_names, origin, text_columns
from model.neighbours import LEAVES, OUTCOMES, leaves_of
from model.policy import Policy
from model.population import build_dependences, build_population, one_hot_groups
from model.recourse import PAYMENT_RATES, payment_rates
from model.score_tables import ScoreTables
from model.tables import APPLICATION, HISTORY

CLIENTS = 2_000
WAITING = 300
"""The last clients have no known outcome."""

STRANGERS = 400
"""Rows of the reference of similar files that are no client."""

FIRST_ID = 900_001

_CATEGORIES = {
    "NAME_CONTRACT_TYPE": ("Cash loans", "Revolving loans"),
    "NAME_INCOME_TYPE": ("Commercial associate", "Pensioner", "Working"),
    "NAME_EDUCATION_TYPE": ("Higher education", "Secondary / secondary special"),
    "OCCUPATION_TYPE": ("Drivers", "Laborers", "Managers"),
    "FLAG_OWN_CAR": ("N", "Y"),
    "FLAG_OWN_REALTY": ("N", "Y"),
    "CODE_GENDER": ("F", "M"),
    "CREDIT_ACTIVE": ("Active", "Closed"),
    "NAME_CONTRACT_STATUS": ("Active", "Approved", "Completed", "Refused"),
}

_FEATURES = frozenset(
    """
    EXT_SOURCE_1 EXT_SOURCE_2 EXT_SOURCE_3 EXT_SOURCE_MEAN EXT_SOURCE_MIN EXT_SOURCE_COUNT AMT_CREDIT
    AMT_GOODS_PRICE AMT_ANNUITY AMT_INCOME_TOTAL CREDIT_TO_GOODS PAYMENT_RATE ANNUITY_INCOME_PERC
    INCOME_CREDIT_PERC DAYS_EMPLOYED DAYS_REGISTRATION DAYS_ID_PUBLISH DAYS_LAST_PHONE_CHANGE OWN_CAR_AGE
    FLAG_OWN_CAR FLAG_OWN_REALTY FLAG_DOCUMENT_3 AMT_REQ_CREDIT_BUREAU_YEAR
    BURO_DAYS_CREDIT_MIN BURO_DAYS_CREDIT_MAX BURO_AMT_CREDIT_SUM_SUM BURO_AMT_CREDIT_SUM_DEBT_SUM
    BURO_CREDIT_DAY_OVERDUE_MAX BURO_CREDIT_ACTIVE_Active_MEAN ACTIVE_AMT_CREDIT_SUM_DEBT_SUM
    PREV_AMT_APPLICATION_MEAN PREV_DAYS_DECISION_MAX PREV_CNT_PAYMENT_MEAN
    PREV_NAME_CONTRACT_STATUS_Refused_MEAN POS_COUNT POS_SK_DPD_DEF_MAX
    INSTAL_DPD_MEAN INSTAL_PAYMENT_DIFF_MEAN INSTAL_COUNT
""".split()  # noqa: SIM905 - a list to read, not to index
)


class Made(NamedTuple):
    """Made-up clients and what a bundle is made of."""

    payloads: list[dict[str, Any]]
    target: NDArray[np.int8]
    matrix: NDArray[np.float32]
    oof_margins: NDArray[np.float64]
    parts: BundleParts


def vocabulary() -> Vocabulary:
    return {
        table: {column: _CATEGORIES.get(column, ("A", "B")) for column in columns}
        for table, columns in text_columns().items()
    }


def served_features() -> tuple[str, ...]:
    """About 50 features of the definition, one-hot groups included, in the matrix's order."""
    groups = ("NAME_CONTRACT_TYPE_", "NAME_INCOME_TYPE_", "NAME_EDUCATION_TYPE_", "OCCUPATION_TYPE_")
    return tuple(n for n in feature_names(vocabulary()) if n in _FEATURES or n.startswith(groups))


@cache
def made() -> Made:
    """The clients and the parts; made once a process."""
    rng = np.random.default_rng(7)
    risk = rng.normal(size=CLIENTS)
    payloads = [_client(FIRST_ID + i, float(risk[i]), rng) for i in range(CLIENTS)]
    features = served_features()
    reader = Reader(vocabulary(), features)
    matrix = np.stack([reader.read(p["application"], p) for p in payloads])
    target = (rng.random(CLIENTS) < 1 / (1 + np.exp(2.9 - 1.4 * risk))).astype(np.int8)
    target[-WAITING:] = -1
    labelled = target >= 0
    oof = _out_of_fold(matrix[labelled], target[labelled], features)
    oof_margins = np.full(CLIENTS, np.nan)
    oof_margins[labelled] = oof
    parts = _parts(matrix, target, oof, features, [p["application"] for p in payloads])
    return Made(payloads, target, matrix, oof_margins, parts)


def write_small_bundle(parent: Path) -> Path:
    return write_bundle(parent, made().parts, versions={"model": "1", "run_id": "none", "data": "made up"})


def write_pruned_bundle(parent: Path, features: Sequence[str]) -> Path:
    """A bundle of the same clients that reads some of the features and no other."""
    data = made()
    columns = [data.parts.features.index(name) for name in features]
    matrix = np.ascontiguousarray(data.matrix[:, columns])
    labelled = data.target >= 0
    oof = data.oof_margins[labelled]
    parts = _parts(matrix, data.target, oof, features, [p["application"] for p in data.payloads])
    return write_bundle(parent, parts, versions={"model": "1", "run_id": "none", "data": "made up"})


def write_small_book(parent: Path, bundle: Bundle) -> Path:
    """Book of all 2,000 clients, in blocks of 700."""
    data = made()
    columns = [data.parts.features.index(name) for name in bundle.features]
    none = np.full(CLIENTS, 255, dtype=np.uint8)
    first = none.copy()
    first[-WAITING:] = CODES.index("R01")
    rows = [p["application"] for p in data.payloads]

    def blocks() -> Any:
        for start in range(0, CLIENTS, 700):
            part = slice(start, start + 700)
            features = np.ascontiguousarray(data.matrix[part][:, columns])
            yield Block(features, first[part], none[part], np.zeros_like(none[part]))

    return write_book(
        parent,
        bundle,
        ids=np.arange(FIRST_ID, FIRST_ID + CLIENTS),
        target=data.target,
        counts=np.array([[len(p.get(table, ())) for table in HISTORY] for p in data.payloads]),
        oof_margin=data.oof_margins,
        blocks=blocks(),
        application=[_batch(rows[i : i + 900]) for i in range(0, CLIENTS, 900)],
        unseen={FIRST_ID: [("application", "NAME_INCOME_TYPE", "Astronaut")]},
        codes=CODES,
        reference_rows=np.where(data.target >= 0, np.arange(CLIENTS), -1),
        source={"source": "made up", "fictional": True, "ingested_at": "2026-01-01T00:00:00Z"},
    )


def load_small_bundle(parent: Path) -> Bundle:
    return load_bundle(write_small_bundle(parent))


def _parts(
    matrix: NDArray[np.float32],
    target: NDArray[np.int8],
    oof: NDArray[np.float64],
    features: Sequence[str],
    applications: Sequence[Mapping[str, Any]],
) -> BundleParts:
    labelled = target >= 0
    outcomes = target[labelled].astype(np.int64)
    booster = _fit(matrix[labelled], outcomes, features)
    calibration = BetaCalibration(a=1.05, b=0.9, c=0.1)
    policy = Policy.theoretical(override_limit=900_000.0)
    phi = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1))
    accepted = matrix[labelled][~policy.refused(calibration.probability(oof))]
    reference = Reference.of(booster.predict(accepted, pred_contrib=True, num_threads=1))
    margins = booster.predict(matrix, raw_score=True, num_threads=1)
    effects = contributions(phi, reference, calibration, margin=margins).parts
    outcome_or_nan = np.where(labelled, target, np.nan)
    population = build_population(
        matrix, features, outcome_or_nan, groups=one_hot_groups((f, origin(f)) for f in features)
    )
    with np.errstate(all="ignore"):
        medians = {f: _number(np.nanmedian(accepted[:, j])) for j, f in enumerate(features)}
        low, high = np.nanmin(matrix, axis=0), np.nanmax(matrix, axis=0)
    importance = {
        f: {"mean": float(np.abs(effects[:, j]).mean()), "folds": []} for j, f in enumerate(features)
    }
    learned = [one for one, known in zip(applications, labelled, strict=True) if known]
    evidence = {
        PAYMENT_RATES: _payment_rates(learned),
        LEAVES: leaves_of(booster, _reference(matrix)),
        OUTCOMES: np.concatenate([outcomes, outcomes[:STRANGERS]]).astype(np.uint8),
    }
    return BundleParts(
        booster=booster.model_to_string(),
        features=tuple(features),
        vocabulary=vocabulary(),
        calibration=calibration,
        policy=policy,
        reference=reference,
        medians=medians,
        low=low,
        high=high,
        missing_rate=np.isnan(matrix).mean(axis=0),
        scores=ScoreTables.of(oof, outcomes, calibration=calibration, policy=policy),
        population=population,
        dependences=build_dependences(population, features, matrix[:500], effects[:500]),
        importance={"clients": len(matrix), "codes": {}, "themes": {}, "features": importance},
        evaluation={"clients": int(labelled.sum()), "metrics": {}},
        golden=golden_rows(matrix),
        extra={**evidence, "notes.json": {"later": True}},
    )


def _reference(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The labelled clients, and as many nobody as make a reference that is large enough."""
    labelled = matrix[:-WAITING]
    rng = np.random.default_rng(4)
    picks = rng.integers(0, len(labelled), size=(STRANGERS, labelled.shape[1]))
    return np.concatenate([labelled, np.take_along_axis(labelled, picks, axis=0)])


def _payment_rates(applications: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return payment_rates(
        [one.get("NAME_CONTRACT_TYPE") for one in applications],
        np.array([one["AMT_CREDIT"] for one in applications]),
        np.array([one["AMT_ANNUITY"] for one in applications]),
    )


def _fit(x: NDArray[np.float32], y: NDArray[np.int64], features: Sequence[str]) -> lgb.Booster:
    params = {
        "objective": "binary", "learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 20, "verbose": -1,
        "num_threads": 1, "seed": 1, "feature_fraction": 0.6, "deterministic": True,
        "monotone_constraints": [direction(f) for f in features],
    }  # fmt: skip
    return lgb.train(params, lgb.Dataset(x, y, free_raw_data=False), num_boost_round=60)


def _out_of_fold(x: NDArray[np.float32], y: NDArray[np.int8], features: Sequence[str]) -> NDArray[np.float64]:
    margins = np.empty(len(y))
    for fold in range(3):
        mine = np.arange(len(y)) % 3 == fold
        booster = _fit(x[~mine], y[~mine].astype(np.int64), features)
        margins[mine] = booster.predict(x[mine], raw_score=True, num_threads=1)
    return margins


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _batch(rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    types = {"text": pa.string(), "int": pa.int64(), "id": pa.int64(), "real": pa.float64()}
    fields = [(c.name, types.get(c.kind, pa.decimal128(15, 3))) for c in APPLICATION.columns]
    columns = []
    for name, kind in fields:
        values = [row.get(name) for row in rows]
        plain = pa.array(values, type=pa.float64() if pa.types.is_decimal(kind) else kind)
        columns.append(plain.cast(kind))
    return pa.record_batch(columns, schema=pa.schema(fields))


# Made-up clients ----------------------------------------------------------------------


def _client(client_id: int, risk: float, rng: np.random.Generator) -> dict[str, Any]:
    """One client's rows as a caller would post them; higher `risk`, likelier default."""
    goods = float(np.round(np.exp(rng.normal(12.9, 0.6)), -2))
    credit = float(np.round(goods * rng.uniform(0.95, 1.3 + 0.05 * max(risk, 0)), 1))
    income = float(np.round(np.exp(rng.normal(11.8 - 0.1 * risk, 0.4)), 0))
    application = {
        "SK_ID_CURR": client_id,
        "AMT_CREDIT": credit,
        "AMT_GOODS_PRICE": goods,
        "AMT_ANNUITY": float(np.round(credit / rng.uniform(10, 30), 3)),
        "AMT_INCOME_TOTAL": income,
        "DAYS_BIRTH": int(rng.integers(-25000, -7500)),
        "DAYS_EMPLOYED": 365243 if rng.random() < 0.15 else int(-rng.integers(30, 9000) * np.exp(-risk / 3)),
        "DAYS_REGISTRATION": int(-rng.integers(0, 12000)),
        "DAYS_ID_PUBLISH": int(-rng.integers(0, 6000)),
        "DAYS_LAST_PHONE_CHANGE": int(-rng.integers(0, 3000)),
        "FLAG_DOCUMENT_3": int(rng.random() < 0.7),
        "AMT_REQ_CREDIT_BUREAU_YEAR": int(rng.poisson(1.5)),
    }
    if rng.random() < 0.35:
        application["OWN_CAR_AGE"] = int(rng.integers(0, 30))
    for column in ("NAME_CONTRACT_TYPE", "NAME_INCOME_TYPE", "NAME_EDUCATION_TYPE", "FLAG_OWN_CAR",
                   "FLAG_OWN_REALTY", "CODE_GENDER", "OCCUPATION_TYPE"):  # fmt: skip
        if column != "OCCUPATION_TYPE" or rng.random() < 0.7:
            application[column] = str(rng.choice(_CATEGORIES[column]))
    for n, missing in ((1, 0.56), (2, 0.02), (3, 0.2)):
        if rng.random() >= missing:
            score = 1 / (1 + np.exp(0.9 * risk + rng.normal(0, 0.6)))
            application[f"EXT_SOURCE_{n}"] = float(np.round(score, 6))
    payload: dict[str, Any] = {"application": application}
    if rng.random() < 0.85:
        payload["bureau"] = [_loan(client_id, i, risk, rng) for i in range(int(rng.integers(1, 5)))]
        payload["bureau_balance"] = [
            {
                "SK_ID_BUREAU": loan["SK_ID_BUREAU"],
                "MONTHS_BALANCE": -m,
                "STATUS": str(rng.choice(["A", "B"])),
            }
            for loan in payload["bureau"][:1]
            for m in range(3)
        ]
    if rng.random() < 0.9:
        payload.update(_own_history(client_id, risk, rng))
    return payload


def _loan(client_id: int, i: int, risk: float, rng: np.random.Generator) -> dict[str, Any]:
    amount = float(np.round(np.exp(rng.normal(11.5, 0.9)), 2))
    return {
        "SK_ID_CURR": client_id,
        "SK_ID_BUREAU": client_id * 10 + i,
        "CREDIT_ACTIVE": str(rng.choice(_CATEGORIES["CREDIT_ACTIVE"])),
        "DAYS_CREDIT": int(-rng.integers(10, 2900)),
        "CREDIT_DAY_OVERDUE": int(rng.poisson(30)) if rng.random() < 0.03 + 0.02 * max(risk, 0) else 0,
        "AMT_CREDIT_SUM": amount,
        "AMT_CREDIT_SUM_DEBT": float(np.round(amount * rng.random(), 3)),
    }


def _own_history(client_id: int, risk: float, rng: np.random.Generator) -> dict[str, Any]:
    loans = range(int(rng.integers(1, 4)))
    previous, pos, instalments = [], [], []
    for i in loans:
        loan = client_id * 10 + i
        refused = rng.random() < 0.2 + 0.1 * max(risk, 0)
        previous.append(
            {
                "SK_ID_PREV": loan, "SK_ID_CURR": client_id,
                "NAME_CONTRACT_STATUS": "Refused" if refused else "Approved",
                "AMT_APPLICATION": float(np.round(np.exp(rng.normal(11.6, 0.8)), 1)),
                "DAYS_DECISION": int(-rng.integers(5, 2800)), "CNT_PAYMENT": int(rng.choice([6, 12, 24, 36])),
            }
        )  # fmt: skip
        for m in range(0 if refused else 4):
            pos.append({"SK_ID_PREV": loan, "SK_ID_CURR": client_id, "MONTHS_BALANCE": -m, "SK_DPD": 0,
                        "SK_DPD_DEF": int(rng.poisson(2)) if rng.random() < 0.05 else 0,
                        "NAME_CONTRACT_STATUS": "Active"})  # fmt: skip
            due, amount = int(-rng.integers(40, 900)), float(np.round(rng.uniform(1000, 9000), 3))
            late = int(rng.poisson(max(0.2, 1 + risk)))
            instalments.append({"SK_ID_PREV": loan, "SK_ID_CURR": client_id, "NUM_INSTALMENT_NUMBER": m + 1,
                                "DAYS_INSTALMENT": due, "DAYS_ENTRY_PAYMENT": min(due + late, 0),
                                "AMT_INSTALMENT": amount, "AMT_PAYMENT": amount})  # fmt: skip
    return {"previous_application": previous, "POS_CASH_balance": pos, "installments_payments": instalments}
