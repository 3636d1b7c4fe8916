"""What is flagged in a client's data, what never is, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from model import quality
from model.quality import DataQuality, Flag, QualityPlan

NB = "\u00a0"
FEATURES = (
    "EXT_SOURCE_1",
    "EXT_SOURCE_2",
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "DAYS_EMPLOYED",
    "OWN_CAR_AGE",
    "PAYMENT_RATE",
    "BURO_DAYS_CREDIT_MIN",
    "BURO_AMT_CREDIT_SUM_SUM",
    "BURO_AMT_CREDIT_SUM_MAX",
    "ACTIVE_DAYS_CREDIT_UPDATE_MEAN",
)
WEIGHTS = (5.0, 4.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.1)
MISSING_RATES = (0.56, 0.0, 0.0, 0.0, 0.18, 0.66, 0.0, 0.14, 0.14, 0.14, 0.2)
USUAL = (0.5, 0.5, 30_000.0, 3_000.0, -1_000.0, 5.0, 0.1, -1_000.0, 5_000.0, 2_000.0, -30.0)


@dataclass(frozen=True)
class FakeBundle:
    features: tuple[str, ...] = FEATURES

    @property
    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        low = np.array(USUAL, dtype=np.float32)
        return low - np.abs(low), low + np.abs(low)

    @property
    def missing_rate(self) -> np.ndarray:
        return np.array(MISSING_RATES)

    @property
    def importance(self) -> dict[str, Any]:
        return {"features": {name: {"mean": w} for name, w in zip(FEATURES, WEIGHTS, strict=True)}}


def assess(*, unseen: tuple[tuple[str, str, str], ...] = (), **changed: float | None) -> DataQuality:
    values = np.array(USUAL, dtype=np.float32)
    for name, value in changed.items():
        values[FEATURES.index(name)] = np.nan if value is None else value
    return QualityPlan.of(FakeBundle()).assess(values, unseen)


def test_usual_data_raise_no_flag_and_are_wholly_provided() -> None:
    found = assess()
    assert found.flags == ()
    assert found.provided_share == 1.0


def test_the_provided_share_counts_the_features_that_have_a_value() -> None:
    found = assess(EXT_SOURCE_1=None, BURO_DAYS_CREDIT_MIN=None)
    assert found.provided_share == pytest.approx(9 / 11)


def test_an_important_empty_field_is_flagged_with_its_rate_and_code() -> None:
    (flag,) = assess(EXT_SOURCE_1=None).flags
    assert flag == Flag("missing", "EXT_SOURCE_1", missing_rate=0.56, code="R02")
    assert quality.flag_text(flag, "fr") == (
        f"Note de crédit externe n°{NB}1{NB}: valeur absente, comme pour 56{NB}% des dossiers."
        " Compté dans le code R02."
    )
    assert quality.flag_text(flag, "en") == (
        f"External credit score no.{NB}1: not given, as for 56% of files. Counted in code R02."
    )


def test_emptiness_that_means_something_is_no_flag() -> None:
    assert assess(DAYS_EMPLOYED=None, OWN_CAR_AGE=None).flags == ()


def test_missing_history_is_no_flag() -> None:
    assert assess(BURO_DAYS_CREDIT_MIN=None, BURO_AMT_CREDIT_SUM_SUM=None).flags == ()


def test_a_field_outside_the_weight_that_matters_is_no_flag() -> None:
    weights = [
        0.0 if name == "EXT_SOURCE_1" else weight for name, weight in zip(FEATURES, WEIGHTS, strict=True)
    ]
    low, high = FakeBundle().ranges
    plan = QualityPlan(FEATURES, low=low, high=high, missing_rate=MISSING_RATES, weight=weights)
    values = np.array(USUAL, dtype=np.float32)
    values[0] = np.nan
    assert plan.assess(values).flags == ()


def test_a_value_beyond_the_training_range_is_flagged_with_the_bound() -> None:
    (flag,) = assess(AMT_CREDIT=61_000.0).flags
    assert (flag.kind, flag.feature, flag.value, flag.low, flag.high) == (
        "outside_range", "AMT_CREDIT", 61_000.0, 0.0, 60_000.0,
    )  # fmt: skip
    assert quality.flag_text(flag, "fr", "EUR") == (
        f"Montant demandé{NB}: 61\u202f000{NB}€, au-delà de ce que le modèle a vu"
        f" (au plus 60\u202f000{NB}€). À vérifier."
    )
    assert quality.flag_text(flag, "en", "EUR") == (
        "Amount requested: €61,000, above what the model has seen (at most €60,000). To be checked."
    )


def test_a_bound_itself_is_inside() -> None:
    assert assess(AMT_CREDIT=60_000.0).flags == ()


def test_time_that_counts_back_is_above_when_longer() -> None:
    (flag,) = assess(DAYS_EMPLOYED=-4_000.0).flags
    assert f"10{NB}years 11{NB}months" in quality.flag_text(flag, "en")
    assert "above what the model has seen" in quality.flag_text(flag, "en")


def test_one_column_is_flagged_once_by_its_heaviest_aggregate() -> None:
    found = assess(BURO_AMT_CREDIT_SUM_SUM=99_000.0, BURO_AMT_CREDIT_SUM_MAX=99_000.0)
    assert [flag.feature for flag in found.flags] == ["BURO_AMT_CREDIT_SUM_MAX"]


@pytest.mark.parametrize(
    ("column", "value"), [("NAME_INCOME_TYPE", "Maternity leave"), ("ORGANIZATION_TYPE", "Religion")]
)
def test_a_category_that_tells_of_a_protected_ground_is_never_named(column: str, value: str) -> None:
    assert assess(unseen=(("application", column, value),)).flags == ()


def test_an_unseen_category_is_named() -> None:
    (flag,) = assess(unseen=(("bureau", "CREDIT_TYPE", "Lunar loan"),)).flags
    assert (flag.kind, flag.feature, flag.table, flag.value) == (
        "unseen_category", "CREDIT_TYPE", "bureau", "Lunar loan",
    )  # fmt: skip
    assert quality.flag_text(flag, "fr") == (
        f"Type de crédit{NB}: «{NB}Lunar loan{NB}», valeur que le modèle n’a jamais vue. À vérifier."
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("application", "NAME_FAMILY_STATUS"),
        ("application", "CODE_GENDER"),
        ("previous_application", "NAME_TYPE_SUITE"),
        ("application", "WALLSMATERIAL_MODE"),
        ("bureau", "CREDIT_CURRENCY"),
    ],
)
def test_what_the_model_does_not_read_is_never_flagged(table: str, column: str) -> None:
    assert assess(unseen=((table, column, "?"),)).flags == ()


def test_a_source_that_was_not_heard_of_for_a_year_is_stale() -> None:
    values = np.array(USUAL, dtype=np.float32)
    values[FEATURES.index("ACTIVE_DAYS_CREDIT_UPDATE_MEAN")] = -400.0
    plan = QualityPlan(
        FEATURES,
        low=np.full(len(FEATURES), -1e9),
        high=np.full(len(FEATURES), 1e9),
        missing_rate=MISSING_RATES,
        weight=WEIGHTS,
    )
    (flag,) = plan.assess(values).flags
    assert (flag.kind, flag.high) == ("stale", 365.0)
    assert quality.flag_text(flag, "en").endswith(f"13{NB}months. Information to be updated.")


def test_a_column_never_seen_in_training_cannot_be_outside_its_range() -> None:
    plan = QualityPlan(("AMT_CREDIT",), low=[np.nan], high=[np.nan], missing_rate=[1.0], weight=[1.0])
    assert plan.assess(np.array([5.0], dtype=np.float32)).flags == ()


def test_what_is_just_not_given_is_not_to_be_checked() -> None:
    missing = Flag("missing", "EXT_SOURCE_1", missing_rate=0.56, code="R02")
    beyond = Flag("outside_range", "AMT_CREDIT", value=9e9, high=4e6)
    assert DataQuality(0.9, (missing, beyond)).to_check == (beyond,)
