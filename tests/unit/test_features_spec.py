"""The definition: names, order, origins, and the mistakes that loading refuses."""

from __future__ import annotations

from typing import Any

import pytest

from model.features import (
    HISTORIES,
    Origin,
    SpecError,
    Vocabulary,
    beyond_kernel,
    feature_names,
    features,
    is_kernel,
    origin,
    text_columns,
)
from model.features.expression import ExpressionError
from model.features.spec import Child, Source
from model.features.sql import history_query
from model.tables import TABLES

VOCABULARY: Vocabulary = {
    table: dict.fromkeys(columns, ("Cash loans", "XNA", "a_b_MEAN"))
    for table, columns in text_columns().items()
}
OWN = ("CREDIT_TO_GOODS", "ENQUIRIES_MONTH", "BURO_COUNT", "PREV_COUNT", "POS_LATE_SHARE")
OWN += ("INSTAL_CONTRACTS", "CC_UNDER_MINIMUM_SHARE")


def test_the_kernels_families_come_in_its_order_and_those_beyond_it_last_by_source() -> None:
    names = feature_names(VOCABULARY)
    families = ("CODE_GENDER", "PAYMENT_RATE", "BURO_DAYS_CREDIT_MIN", "ACTIVE_DAYS_CREDIT_MIN")
    families += ("CLOSED_DAYS_CREDIT_MIN", "PREV_AMT_ANNUITY_MIN", "APPROVED_AMT_ANNUITY_MIN")
    families += ("REFUSED_AMT_ANNUITY_MIN", "POS_COUNT", "INSTAL_COUNT", "CC_COUNT", *OWN)

    places = [names.index(name) for name in families]

    assert places == sorted(places)
    own = tuple(feature.name for feature in beyond_kernel())
    assert names[-len(own) :] == own
    assert [name for name in names if not is_kernel(name)] == list(own)


def test_no_two_features_bear_one_name() -> None:
    names = feature_names(VOCABULARY)

    assert len(set(names)) == len(names)


def test_identifier_and_outcome_are_no_features() -> None:
    assert not {"SK_ID_CURR", "SK_ID_PREV", "SK_ID_BUREAU", "TARGET"} & set(feature_names(VOCABULARY))
    assert not [name for name in feature_names(VOCABULARY) if "SK_ID_" in name]


def test_every_text_column_of_the_tables_is_read_by_the_definition() -> None:
    for table, columns in text_columns().items():
        text = {column.name for column in TABLES[table].columns if column.kind == "text"}
        assert text == set(columns)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AMT_CREDIT", Origin("application", "AMT_CREDIT")),
        ("PAYMENT_RATE", Origin("application", "PAYMENT_RATE")),
        ("EXT_SOURCE_MEAN", Origin("application", "EXT_SOURCE_MEAN")),
        ("CODE_GENDER", Origin("application", "CODE_GENDER")),
        (
            "NAME_TYPE_SUITE_Spouse, partner",
            Origin("application", "NAME_TYPE_SUITE", category="Spouse, partner"),
        ),
        ("BURO_DAYS_CREDIT_VAR", Origin("bureau", "DAYS_CREDIT", "VAR")),
        ("CLOSED_AMT_CREDIT_SUM_SUM", Origin("bureau", "AMT_CREDIT_SUM", "SUM", "CLOSED")),
        ("BURO_CREDIT_TYPE_Car loan_MEAN", Origin("bureau", "CREDIT_TYPE", "SHARE", None, "Car loan")),
        ("BURO_STATUS_0_MEAN_MEAN", Origin("bureau_balance", "STATUS", "SHARE", None, "0")),
        ("BURO_STATUS_nan_MEAN_MEAN", Origin("bureau_balance", "STATUS", "SHARE", None, "nan")),
        ("ACTIVE_MONTHS_BALANCE_SIZE_SUM", Origin("bureau_balance", "MONTHS_BALANCE_SIZE", "SUM", "ACTIVE")),
        ("REFUSED_APP_CREDIT_PERC_MAX", Origin("previous_application", "APP_CREDIT_PERC", "MAX", "REFUSED")),
        (
            "PREV_NAME_TYPE_SUITE_nan_MEAN",
            Origin("previous_application", "NAME_TYPE_SUITE", "SHARE", None, "nan"),
        ),
        ("POS_MONTHS_BALANCE_SIZE", Origin("POS_CASH_balance", "MONTHS_BALANCE", "SIZE")),
        (
            "INSTAL_NUM_INSTALMENT_VERSION_NUNIQUE",
            Origin("installments_payments", "NUM_INSTALMENT_VERSION", "NUNIQUE"),
        ),
        ("INSTAL_DPD_MEAN", Origin("installments_payments", "DPD", "MEAN")),
        (
            "CC_NAME_CONTRACT_STATUS_Active_VAR",
            Origin("credit_card_balance", "NAME_CONTRACT_STATUS", "VAR", None, "Active"),
        ),
        ("CC_COUNT", Origin("credit_card_balance", "credit_card_balance", "COUNT")),
        ("BURO_NEW_365D", Origin("bureau", "bureau", "ROWS", "LAST_365D")),
        ("BURO_DEBT_RATIO", Origin("bureau", "AMT_CREDIT_SUM_DEBT", "RATIO")),
        ("PREV_LAST_TERM", Origin("previous_application", "CNT_PAYMENT", "LAST", "APPROVED")),
        ("INSTAL_DELAY_OF_LAST_3", Origin("installments_payments", "DPD", "MEAN")),
    ],
)
def test_origin_takes_a_name_apart(name: str, expected: Origin) -> None:
    assert origin(name) == expected


def test_every_feature_has_an_origin_that_agrees_with_its_definition() -> None:
    for feature in features(VOCABULARY):
        found = origin(feature.name)

        assert (found.table, found.column, found.category) == (
            feature.table,
            feature.column,
            feature.category,
        )


def test_an_unknown_name_is_refused_and_near_names_are_proposed() -> None:
    with pytest.raises(SpecError, match=r"near names: .*INSTAL_DPD_MEAN"):
        origin("INSTAL_DPD_MEEN")


def test_only_the_wanted_features_are_computed() -> None:
    bureau = HISTORIES[0]

    query = history_query(bureau, VOCABULARY, {"BURO_DAYS_CREDIT_MAX"})

    assert query.names == ("BURO_DAYS_CREDIT_MAX",)
    assert "bureau_balance" not in query.sql
    assert "AMT_CREDIT_SUM" not in query.sql


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"stats": "DAYS_CREDIT: median"}, "median"),
        ({"stats": "NO_SUCH: min"}, "NO_SUCH"),
        ({"stats": "CREDIT_ACTIVE: min"}, "CREDIT_ACTIVE"),
        ({"stats": "DAYS_CREDIT min"}, "DAYS_CREDIT min"),
        ({"stats": "DAYS_CREDIT:"}, "DAYS_CREDIT"),
        ({"shares": "DAYS_CREDIT: mean"}, "DAYS_CREDIT"),
        ({"shares": "CREDIT_ACTIVE: nunique"}, "nunique"),
        ({"slices": {"X_": "DAYS_CREDIT + 1"}}, "DAYS_CREDIT"),
        ({"child": Child, "stats": ""}, "max mean"),
    ],
)
def test_a_contradictory_definition_is_refused_at_load(mistake: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as refusal:
        if mistake.pop("child", None):
            Child("bureau_balance", "SK_ID_BUREAU", "MONTHS_BALANCE: max mean", ())
        Source(table="bureau", prefix="B_", **mistake)

    assert any(word in str(refusal.value) for word in message.split())


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("median DAYS_CREDIT", "median"),
        ("total NO_SUCH", "NO_SUCH"),
        ("total CREDIT_TYPE", "CREDIT_TYPE"),
        ("total DAYS_CREDIT in NOWHERE", "NOWHERE"),
        ("rows DAYS_CREDIT", "rows"),
        ("rows last 3", "last"),
        ("mean DAYS_CREDIT last 0", "last"),
        ("last DAYS_CREDIT last 2", "last"),
        ("mean", "mean"),
        ("last DAYS_CREDIT - 1", "DAYS_CREDIT - 1"),
        ("nunique CREDIT_TYPE last 3", "nunique"),
        ("last CREDIT_TYPE", "CREDIT_TYPE"),
        ("rows / rows / rows", "TERM / TERM"),
    ],
)
def test_a_definition_beyond_the_language_of_terms_is_refused_with_its_name(
    definition: str, message: str
) -> None:
    with pytest.raises(SpecError, match="B_X") as refusal:
        Source("bureau", "B_", order=("DAYS_CREDIT", "SK_ID_BUREAU"), beyond={"B_X": definition})

    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("table", "order", "column"),
    [
        ("bureau", (), "DAYS_CREDIT"),
        ("bureau", ("DAYS_CREDIT",), "AMT_CREDIT_SUM"),
        ("installments_payments", ("DAYS_INSTALMENT", "SK_ID_PREV"), "AMT_PAYMENT"),
    ],
)
def test_an_order_that_leaves_rows_with_different_values_tied_is_refused(
    table: str, order: tuple[str, ...], column: str
) -> None:
    with pytest.raises(SpecError, match="tied"):
        Source(table, "X_", order=order, beyond={"X_LAST": f"last {column}"})


def test_an_order_of_columns_without_bounds_or_too_wide_for_64_bits_is_refused() -> None:
    with pytest.raises(SpecError, match="AMT_PAYMENT"):
        Source("installments_payments", "X_", order=("AMT_PAYMENT",))
    with pytest.raises(SpecError, match="64 bits"):
        Source("bureau", "X_", order=("SK_ID_CURR", "SK_ID_BUREAU", "DAYS_CREDIT"))


def test_a_kernel_name_that_does_not_exist_is_neither_ours_nor_the_kernels() -> None:
    with pytest.raises(SpecError, match="NO_SUCH"):
        is_kernel("NO_SUCH_FEATURE")


def test_a_derived_column_outside_the_language_is_refused_with_its_name() -> None:
    with pytest.raises(ExpressionError, match=r"bureau\.X.*abs\(DAYS_CREDIT\)"):
        Source(table="bureau", prefix="B_", rows={"X": "abs(DAYS_CREDIT)"})


def test_a_category_that_would_pass_for_missing_text_is_refused() -> None:
    spoiled = {**VOCABULARY, "bureau": {**VOCABULARY["bureau"], "CREDIT_TYPE": ("nan",)}}

    with pytest.raises(SpecError, match=r"bureau\.CREDIT_TYPE"):
        feature_names(spoiled)


def test_a_vocabulary_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match=r"bureau\.CREDIT_TYPE"):
        feature_names({**VOCABULARY, "bureau": {"CREDIT_ACTIVE": (), "CREDIT_CURRENCY": ()}})
