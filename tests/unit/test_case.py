"""Cases from rows and from features: typed, checked, every refusal with its pointer."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.bundle import Bundle
from model.case import MOST_ERRORS, case_from_features, case_from_rows, validated_rows
from model.errors import FieldError, InputError
from tests.bundles import CLIENTS, FIRST_ID, made


@pytest.fixture
def payload() -> dict[str, Any]:
    """A client with every table that the made-up clients have."""
    full = next(p for p in made().payloads if "bureau" in p and p.get("POS_CASH_balance"))
    return copy.deepcopy(full)


def refusals(bundle: Bundle, payload: Any) -> tuple[FieldError, ...]:
    with pytest.raises(InputError) as refusal:
        case_from_rows(bundle, payload)
    return refusal.value.errors


def test_rows_give_the_features_of_the_same_client(small_bundle: Bundle) -> None:
    for i in range(50):
        case = case_from_rows(small_bundle, made().payloads[i])

        assert case.client_id == FIRST_ID + i
        np.testing.assert_array_equal(case.features, made().matrix[i])


def test_an_application_alone_is_a_case(small_bundle: Bundle) -> None:
    case = case_from_rows(small_bundle, {"application": {"AMT_CREDIT": 100000}})

    assert (case.client_id, case.has_bureau, case.has_previous) == (None, False, False)
    assert case.application is not None
    assert case.application["AMT_ANNUITY"] is None
    assert "SK_ID_CURR" not in case.application
    assert "TARGET" not in case.application
    assert not case.learning


def test_counts_say_what_history_there_is(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    case = case_from_rows(small_bundle, payload)

    assert case.counts["bureau"] == len(payload["bureau"])
    assert case.counts["credit_card_balance"] == 0
    assert (case.has_bureau, case.has_previous) == (True, True)


def test_null_absent_and_empty_text_are_the_same_case(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    payload["application"].pop("OCCUPATION_TYPE", None)
    absent = case_from_rows(small_bundle, payload)
    payload["application"]["OCCUPATION_TYPE"] = None
    null = case_from_rows(small_bundle, payload)
    payload["application"]["OCCUPATION_TYPE"] = ""
    empty = case_from_rows(small_bundle, payload)

    np.testing.assert_array_equal(absent.features, null.features)
    np.testing.assert_array_equal(absent.features, empty.features)


def test_integral_floats_are_whole_numbers(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    whole = case_from_rows(small_bundle, payload)
    payload["application"]["DAYS_BIRTH"] = float(payload["application"]["DAYS_BIRTH"])
    payload["bureau"][0]["SK_ID_BUREAU"] = float(payload["bureau"][0]["SK_ID_BUREAU"])

    case = case_from_rows(small_bundle, payload)

    assert case.features.tobytes() == whole.features.tobytes()
    assert case.inputs_digest == whole.inputs_digest


def test_inputs_digest_changes_with_any_input(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    before = case_from_rows(small_bundle, payload).inputs_digest
    payload["bureau"][0]["AMT_CREDIT_SUM"] += 0.001

    assert case_from_rows(small_bundle, payload).inputs_digest != before


def test_an_unseen_category_is_named_and_accepted(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    payload["application"]["NAME_INCOME_TYPE"] = "Astronaut"

    case = case_from_rows(small_bundle, payload)

    assert ("application", "NAME_INCOME_TYPE", "Astronaut") in case.unseen


@given(st.integers(0, 10**12))
def test_an_amount_of_three_decimals_is_never_taken_for_a_finer_one(thousandths: int) -> None:
    application, _ = validated_rows({"application": {"AMT_CREDIT": thousandths / 1000}})

    assert round(float(application["AMT_CREDIT"] or 0) * 1000) == thousandths


@pytest.mark.parametrize(
    ("column", "value", "code", "params"),
    [
        ("AMT_CREDIT", "100000", "wrong_type", {"expected": "number"}),
        ("AMT_CREDIT", True, "wrong_type", {"expected": "number"}),
        ("AMT_CREDIT", [1], "wrong_type", {"expected": "number"}),
        ("AMT_CREDIT", -1, "out_of_range", {"low": 0, "high": 1e9}),
        ("AMT_CREDIT", 10**400, "out_of_range", {"low": 0, "high": 1e9}),
        ("AMT_CREDIT", 1.2345, "too_many_decimals", {"decimals": 3, "value": 1.2345}),
        ("AMT_CREDIT", float("nan"), "not_finite", {}),
        ("EXT_SOURCE_1", float("inf"), "not_finite", {}),
        ("EXT_SOURCE_1", 1.0001, "out_of_range", {"low": 0, "high": 1}),
        ("DAYS_BIRTH", -12000.5, "not_whole", {"value": -12000.5}),
        ("DAYS_BIRTH", 10, "out_of_range", {"low": -44000, "high": -1}),
        ("NAME_INCOME_TYPE", 3, "wrong_type", {"expected": "text"}),
        ("NAME_INCOME_TYPE", "x" * 201, "too_long", {"longest": 200}),
        ("SK_ID_CURR", 1_000_000_000, "out_of_range", {"low": 1, "high": 999_999_999}),
        ("SK_ID_CURR", "100002", "wrong_type", {"expected": "number"}),
        ("TARGET", 0, "not_an_input", {}),
        ("AMT_CREDITT", 3, "unknown_column", {"near": "AMT_CREDIT"}),
        ("amt_credit", 3, "unknown_column", {"near": "AMT_CREDIT"}),
        ("zzz", 3, "unknown_column", {}),
    ],
)
def test_a_wrong_value_is_refused_with_pointer_code_and_bounds(
    small_bundle: Bundle, column: str, value: Any, code: str, params: dict[str, Any]
) -> None:
    (error,) = refusals(small_bundle, {"application": {column: value}})

    assert error == FieldError(f"/application/{column}", code, params)


def test_money_with_three_decimals_is_good(small_bundle: Bundle) -> None:
    case_from_rows(small_bundle, {"application": {"AMT_CREDIT": 123456789.123}})


@pytest.mark.parametrize(
    ("payload", "pointer", "code"),
    [
        ([], "", "not_an_object"),
        ({}, "/application", "required"),
        ({"application": None}, "/application", "required"),
        ({"application": []}, "/application", "not_an_object"),
        ({"application": {}, "bureau": {}}, "/bureau", "not_a_list"),
        ({"application": {}, "bureau": "rows"}, "/bureau", "not_a_list"),
        ({"application": {}, "bureau": [3]}, "/bureau/0", "not_an_object"),
        ({"application": {}, "bureaux": []}, "/bureaux", "unknown_table"),
        ({"application": {}, "a/b~c": []}, "/a~1b~0c", "unknown_table"),
        ({"application": {}, "bureau": [{"DAYS_CREDIT": -3}]}, "/bureau/0/SK_ID_BUREAU", "required"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_pointer(
    small_bundle: Bundle, payload: Any, pointer: str, code: str
) -> None:
    (error,) = refusals(small_bundle, payload)

    assert (error.pointer, error.code) == (pointer, code)


def test_a_near_table_name_is_proposed(small_bundle: Bundle) -> None:
    (error,) = refusals(small_bundle, {"application": {}, "pos_cash_balance": []})

    assert error.params == {"near": "POS_CASH_balance"}


def test_rows_of_another_client_are_refused(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    payload["bureau"][0]["SK_ID_CURR"] += 1

    (error,) = refusals(small_bundle, payload)

    assert error.pointer == "/bureau/0/SK_ID_CURR"
    assert (error.code, error.params["expected"]) == ("other_client", payload["application"]["SK_ID_CURR"])


def test_the_client_number_may_come_from_history_alone(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    number = payload["application"].pop("SK_ID_CURR")

    assert case_from_rows(small_bundle, payload).client_id == number


def test_history_rows_need_no_client_number(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    full = case_from_rows(small_bundle, payload)
    for table, rows in payload.items():
        if table != "application":
            for row in rows:
                row.pop("SK_ID_CURR", None)

    assert case_from_rows(small_bundle, payload).features.tobytes() == full.features.tobytes()


def test_months_of_a_loan_that_is_not_there_are_refused(
    small_bundle: Bundle, payload: dict[str, Any]
) -> None:
    payload["bureau_balance"] = [{"SK_ID_BUREAU": 5, "MONTHS_BALANCE": 0, "STATUS": "A"}]

    (error,) = refusals(small_bundle, payload)

    assert (error.pointer, error.code) == ("/bureau_balance/0/SK_ID_BUREAU", "unknown_loan")


def test_a_key_given_twice_is_refused(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    payload["POS_CASH_balance"].append(dict(payload["POS_CASH_balance"][0]))

    (error,) = refusals(small_bundle, payload)

    assert error.code == "duplicate_key"
    assert error.pointer == f"/POS_CASH_balance/{len(payload['POS_CASH_balance']) - 1}/SK_ID_PREV"


def test_instalments_have_no_key_and_may_repeat(small_bundle: Bundle, payload: dict[str, Any]) -> None:
    payload["installments_payments"].append(dict(payload["installments_payments"][0]))

    case_from_rows(small_bundle, payload)


def test_all_errors_come_at_once_up_to_fifty(small_bundle: Bundle) -> None:
    rows = [{"SK_ID_BUREAU": i + 1, "DAYS_CREDIT": 7} for i in range(80)]

    errors = refusals(small_bundle, {"application": {"AMT_CREDIT": "x"}, "bureau": rows})

    assert len(errors) == MOST_ERRORS
    assert errors[0].pointer == "/application/AMT_CREDIT"
    assert errors[1].pointer == "/bureau/0/DAYS_CREDIT"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
tables = st.sampled_from(["application", "bureau", "bureau_balance", "previous_application", "x"])
rows = st.dictionaries(
    st.sampled_from(["AMT_CREDIT", "SK_ID_CURR", "SK_ID_BUREAU", "SK_ID_PREV", "DAYS_CREDIT", "STATUS", "?"]),
    json_values,
)


cases = st.sampled_from(range(0, CLIENTS, 40)).map(lambda i: made().payloads[i])


@given(
    st.dictionaries(tables, json_values | rows | st.lists(rows, max_size=3))
    | st.builds(
        lambda case, changed: {**case, **changed}, cases, st.dictionaries(tables, st.lists(rows), max_size=1)
    )
)
def test_FLT27_any_json_is_a_case_or_a_refusal_with_pointers(small_bundle: Bundle, payload: Any) -> None:
    try:
        case = case_from_rows(small_bundle, payload)
    except InputError as refusal:
        assert refusal.errors
        assert all(error.pointer == "" or error.pointer.startswith("/") for error in refusal.errors)
        json.dumps([error.params for error in refusal.errors], default=str)
    else:
        assert case.features.shape == (len(small_bundle.features),)


def test_features_give_a_case_with_the_same_bits(small_bundle: Bundle) -> None:
    row = made().matrix[3]
    given_values = {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(small_bundle.features, row, strict=True)
    }

    case = case_from_features(small_bundle, given_values)

    np.testing.assert_array_equal(case.features, row)
    assert (case.client_id, case.application, case.source) == (None, None, "features")


def test_absent_features_are_missing(small_bundle: Bundle) -> None:
    case = case_from_features(small_bundle, {"EXT_SOURCE_2": 0.5})

    assert np.isnan(case.features).sum() == len(small_bundle.features) - 1


def test_features_of_history_tell_that_there_is_one(small_bundle: Bundle) -> None:
    none = case_from_features(small_bundle, {"EXT_SOURCE_2": 0.5, "POS_COUNT": None})
    both = case_from_features(small_bundle, {"BURO_DAYS_CREDIT_MIN": -300, "POS_COUNT": 3})

    assert (none.has_bureau, none.has_previous) == (False, False)
    assert (both.has_bureau, both.has_previous) == (True, True)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("EXT_SOURCE_22", 0.5, "unknown_feature"),
        ("EXT_SOURCE_2", "0.5", "wrong_type"),
        ("EXT_SOURCE_2", True, "wrong_type"),
        ("EXT_SOURCE_2", float("nan"), "not_finite"),
        ("AMT_CREDIT", 1e39, "out_of_range"),
        ("AMT_CREDIT", -(10**400), "out_of_range"),
    ],
)
def test_a_wrong_feature_value_is_refused(small_bundle: Bundle, name: str, value: Any, code: str) -> None:
    with pytest.raises(InputError) as refusal:
        case_from_features(small_bundle, {name: value})

    (error,) = refusal.value.errors
    assert (error.pointer, error.code) == (f"/features/{name}", code)
    if code == "unknown_feature":
        assert error.params == {"near": "EXT_SOURCE_2"}
