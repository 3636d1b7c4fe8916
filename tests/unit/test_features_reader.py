"""The Python reader: the same bits as the batch on any rows, and its rules one by one."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.dictionary import excluded
from model.features import Reader, SpecError, Vocabulary, text_columns
from model.tables import HISTORY, TABLES, Column
from tests.lakes import differing, write_lake
from training.matrix import compute_features

# Random rows ---------------------------------------------------------------------------

WORDS = ("Active", "Closed", "Approved", "Refused", "it's 'so'", "Working", "Maternity leave", "C", "0")
SMALL_VOCABULARY: Vocabulary = {
    table: dict.fromkeys(columns, WORDS[:7]) for table, columns in text_columns().items()
}


def value_of(column: Column) -> st.SearchStrategy[Any]:
    if column.kind == "text":
        return st.none() | st.sampled_from(WORDS)
    if column.kind == "money":
        return (
            st.none() | st.integers(-(10**9), 10**9).map(lambda x: x / 1000) | st.sampled_from([0.0, 45000.0])
        )
    if column.kind == "real":
        return st.none() | st.floats(-2, 2, allow_subnormal=False) | st.sampled_from([0.0, 1e-9])
    low, high = int(column.low or 0), int(column.high or 0)
    usual = st.integers(max(low, -3000), min(high, 50))
    return st.none() | usual | st.sampled_from([x for x in (low, high, 0, 1) if low <= x <= high])


def row_of(table: str, **keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    columns = {column.name: value_of(column) for column in TABLES[table].columns if column.kind != "id"}
    return st.fixed_dictionaries({**columns, **keys})


CREDITS = 6
clients = st.just({}).flatmap(
    lambda _: st.fixed_dictionaries(
        {
            "application": row_of("application"),
            **{
                table: st.lists(row_of(table), max_size=8)
                for table in HISTORY
                if table not in ("bureau", "bureau_balance", "installments_payments")
            },
            # Few contracts and few days: payments tie on everything but their amounts.
            "installments_payments": st.lists(
                row_of(
                    "installments_payments",
                    SK_ID_PREV=st.integers(1, 2),
                    DAYS_INSTALMENT=st.none() | st.integers(-3, -1),
                    DAYS_ENTRY_PAYMENT=st.none() | st.integers(-3, 0),
                ),
                max_size=10,
            ),
            "bureau": st.lists(row_of("bureau"), max_size=CREDITS),
            "bureau_balance": st.lists(
                row_of("bureau_balance", credit=st.integers(0, CREDITS - 1)), max_size=12
            ),
        }
    )
)


def numbered(
    found: list[dict[str, Any]],
) -> Iterator[tuple[int, dict[str, Any], dict[str, list[dict[str, Any]]]]]:
    """Give each client, credit and contract a number of its own."""
    for client, tables in enumerate(found, start=1):
        history = {
            table: [
                {"SK_ID_PREV": index, **row, "SK_ID_CURR": client}
                for index, row in enumerate(tables[table], start=1)
            ]
            for table in HISTORY
            if table != "bureau_balance"
        }
        for index, row in enumerate(history["bureau"]):
            row["SK_ID_BUREAU"] = client * 100 + index
        history["bureau_balance"] = [
            {**row, "SK_ID_BUREAU": client * 100 + row["credit"]}
            for row in tables["bureau_balance"]
            if row["credit"] < len(history["bureau"])
        ]
        yield client, {**tables["application"], "SK_ID_CURR": client}, history


@given(st.lists(clients, min_size=1, max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_batch_and_reader_agree_bit_for_bit_on_any_rows(found: list[dict[str, Any]]) -> None:
    reader = Reader(SMALL_VOCABULARY)
    people = list(numbered(found))
    tables: dict[str, list[dict[str, Any]]] = {"application": [row for _, row, _ in people]}
    for table in HISTORY:
        tables[table] = [row for _, _, history in people for row in history[table]]
    with tempfile.TemporaryDirectory() as folder:
        _, matrix = compute_features(write_lake(Path(folder), tables), SMALL_VOCABULARY)

    for (_, application, history), row in zip(people, matrix, strict=True):
        assert differing(reader.columns, reader.read(application, history), np.array(row)) == {}


@given(clients, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_order_of_rows_changes_no_bit(found: dict[str, Any], shuffler: random.Random) -> None:
    reader = Reader(SMALL_VOCABULARY)
    ((_, application, history),) = numbered([found])
    before = reader.read(application, history)
    for rows in history.values():
        shuffler.shuffle(rows)

    assert differing(reader.columns, reader.read(application, history), before) == {}


# Rules, one by one ---------------------------------------------------------------------


def read(application: dict[str, Any], **history: list[dict[str, Any]]) -> dict[str, float]:
    reader = Reader(SMALL_VOCABULARY)
    return dict(zip(reader.columns, reader.read(application, history).tolist(), strict=True))


def test_without_history_every_history_feature_is_missing() -> None:
    found = read({})

    prefixes = ("BURO_", "ACTIVE_", "CLOSED_", "PREV_", "APPROVED_", "REFUSED_", "POS_", "INSTAL_", "CC_")
    assert all(np.isnan(value) for name, value in found.items() if name.startswith(prefixes))


def test_a_missing_text_of_the_application_is_no_category_and_no_feature_of_its_own() -> None:
    found = read({"OCCUPATION_TYPE": None})

    assert {value for name, value in found.items() if name.startswith("OCCUPATION_TYPE_")} == {0.0}
    assert "OCCUPATION_TYPE_nan" not in found


def test_a_maternity_leave_shows_in_no_feature_that_a_score_may_use() -> None:
    leave, working = (read({"NAME_INCOME_TYPE": text}) for text in ("Maternity leave", "Working"))

    differing = {name for name in working if leave[name] != working[name] and working[name] == working[name]}
    assert differing == {"NAME_INCOME_TYPE_Maternity leave"}
    assert excluded("NAME_INCOME_TYPE_Maternity leave") == "family"


def test_a_missing_text_of_history_has_a_share_of_its_own() -> None:
    found = read({}, POS_CASH_balance=[{"NAME_CONTRACT_STATUS": None}, {"NAME_CONTRACT_STATUS": "Active"}])

    assert found["POS_NAME_CONTRACT_STATUS_nan_MEAN"] == 0.5
    assert found["POS_NAME_CONTRACT_STATUS_Active_MEAN"] == 0.5


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("CODE_GENDER", "M", 0),
        ("CODE_GENDER", "F", 1),
        ("FLAG_OWN_CAR", "N", 0),
        ("FLAG_OWN_CAR", "Y", 1),
        ("FLAG_OWN_REALTY", "Y", 0),
        ("FLAG_OWN_REALTY", "N", 1),
    ],
)
def test_the_three_codes_are_those_of_the_archive(column: str, text: str, code: int) -> None:
    assert read({column: text})[column] == code


@pytest.mark.parametrize("text", ["XNA", None])
def test_a_gender_that_is_neither_is_missing(text: str | None) -> None:
    assert np.isnan(read({"CODE_GENDER": text})["CODE_GENDER"])


def test_the_sentinel_of_days_employed_is_missing_in_the_column_and_in_its_ratio() -> None:
    found = read({"DAYS_EMPLOYED": 365243, "DAYS_BIRTH": -12000})

    assert np.isnan(found["DAYS_EMPLOYED"])
    assert np.isnan(found["DAYS_EMPLOYED_PERC"])


def test_division_by_zero_is_missing_not_infinite() -> None:
    found = read(
        {"AMT_INCOME_TOTAL": 100.0, "AMT_CREDIT": 0.0},
        installments_payments=[{"AMT_PAYMENT": 5.0, "AMT_INSTALMENT": 0.0}],
    )

    assert np.isnan(found["INCOME_CREDIT_PERC"])
    assert np.isnan(found["INSTAL_PAYMENT_PERC_MAX"])
    assert found["INSTAL_PAYMENT_PERC_SUM"] == 0.0


def test_no_feature_is_a_negative_zero() -> None:
    found = read(
        {"AMT_INCOME_TOTAL": 0.0, "AMT_CREDIT": -5.0, "EXT_SOURCE_1": -0.0},
        previous_application=[{"AMT_APPLICATION": 0.0, "AMT_CREDIT": -5.0, "RATE_DOWN_PAYMENT": -0.0}],
    )

    assert [name for name, value in found.items() if value == 0 and np.signbit(value)] == []


def test_an_instalment_without_a_payment_date_is_neither_late_nor_early() -> None:
    found = read({}, installments_payments=[{"DAYS_INSTALMENT": -10, "DAYS_ENTRY_PAYMENT": None}])

    assert (found["INSTAL_DPD_MAX"], found["INSTAL_DBD_MAX"], found["INSTAL_DPD_MEAN"]) == (0, 0, 0)


def test_a_credit_without_monthly_balance_counts_as_zero_months_in_the_sum_only() -> None:
    found = read({}, bureau=[{"SK_ID_BUREAU": 1, "CREDIT_ACTIVE": "Active"}])

    assert found["BURO_MONTHS_BALANCE_SIZE_SUM"] == 0
    assert np.isnan(found["BURO_MONTHS_BALANCE_SIZE_MEAN"])
    assert np.isnan(found["CLOSED_MONTHS_BALANCE_SIZE_SUM"])


def test_monthly_balances_of_unknown_credits_are_left_out() -> None:
    found = read(
        {},
        bureau=[{"SK_ID_BUREAU": 1}],
        bureau_balance=[{"SK_ID_BUREAU": 2, "MONTHS_BALANCE": -3, "STATUS": "0"}],
    )

    assert np.isnan(found["BURO_MONTHS_BALANCE_MIN_MIN"])


BUREAU = [
    {"SK_ID_BUREAU": 1, "CREDIT_ACTIVE": "Active", "DAYS_CREDIT": -100, "AMT_CREDIT_SUM": 1000.0,
     "AMT_CREDIT_SUM_DEBT": 400.0, "AMT_CREDIT_MAX_OVERDUE": 0.0, "CREDIT_TYPE": "Microloan"},
    {"SK_ID_BUREAU": 2, "CREDIT_ACTIVE": "Closed", "DAYS_CREDIT": -900, "AMT_CREDIT_SUM": 3000.0,
     "AMT_CREDIT_SUM_DEBT": None, "AMT_CREDIT_MAX_OVERDUE": 75.5, "CREDIT_TYPE": "Car loan"},
]  # fmt: skip


def test_a_window_without_rows_counts_zero_and_knows_nothing_else() -> None:
    found = read({}, bureau=BUREAU[1:])

    assert (found["BURO_COUNT"], found["BURO_NEW_365D"], found["BURO_ACTIVE_COUNT"]) == (1, 0, 0)
    assert np.isnan(found["BURO_WORST_OVERDUE_730D"])
    assert np.isnan(found["BURO_ACTIVE_DEBT_RATIO"])


def test_a_ratio_of_totals_takes_only_rows_that_tell_both_sides() -> None:
    found = read({}, bureau=BUREAU)

    assert found["BURO_DEBT_RATIO"] == np.float32(0.4)
    assert np.isnan(read({}, bureau=BUREAU[1:])["BURO_DEBT_RATIO"])


def test_a_total_of_what_nobody_knows_is_missing_and_of_no_row_zero() -> None:
    old = {"SK_ID_PREV": 1, "DAYS_DECISION": -900, "AMT_APPLICATION": 5.0}
    unknown = {"SK_ID_PREV": 2, "DAYS_DECISION": -9, "AMT_APPLICATION": None}

    assert read({}, previous_application=[old])["PREV_ASKED_365D"] == 0
    assert np.isnan(read({}, previous_application=[old, unknown])["PREV_ASKED_365D"])


def test_a_ratio_of_last_values_takes_both_from_the_same_row() -> None:
    months = [
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -2, "CNT_INSTALMENT": 10, "CNT_INSTALMENT_FUTURE": 4},
        {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "CNT_INSTALMENT": None, "CNT_INSTALMENT_FUTURE": 3},
    ]
    found = read({}, POS_CASH_balance=months)

    assert (found["POS_REMAINING"], found["POS_REMAINING_RATIO"]) == (3, np.float32(0.4))


def test_the_last_row_is_the_latest_that_knows_the_value_ties_going_to_the_higher_number() -> None:
    rows = [
        {"SK_ID_PREV": 7, "DAYS_DECISION": -30, "NAME_CONTRACT_STATUS": "Approved", "CNT_PAYMENT": 12},
        {"SK_ID_PREV": 9, "DAYS_DECISION": -30, "NAME_CONTRACT_STATUS": "Approved", "CNT_PAYMENT": 24},
        {"SK_ID_PREV": 8, "DAYS_DECISION": -20, "NAME_CONTRACT_STATUS": "Approved", "CNT_PAYMENT": None},
        {"SK_ID_PREV": 6, "DAYS_DECISION": -10, "NAME_CONTRACT_STATUS": "Refused", "CNT_PAYMENT": 60},
        {"SK_ID_PREV": 5, "DAYS_DECISION": None, "NAME_CONTRACT_STATUS": "Approved", "CNT_PAYMENT": 6},
    ]
    found = read({}, previous_application=rows)

    assert (found["PREV_LAST_TERM"], found["PREV_TERM_OF_LAST_3"]) == (24, 18)
    assert found["PREV_LAST_REFUSED"] == 1
    assert found["PREV_REFUSED_OF_LAST_3"] == np.float32(1 / 3)


def test_the_last_payments_are_those_that_were_made() -> None:
    due = [
        {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -60, "DAYS_ENTRY_PAYMENT": -50},
        {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -30, "DAYS_ENTRY_PAYMENT": -32},
        {"SK_ID_PREV": 1, "DAYS_INSTALMENT": -5, "DAYS_ENTRY_PAYMENT": None},
    ]
    found = read({}, installments_payments=due)

    assert (found["INSTAL_DELAY_OF_LAST_2"], found["INSTAL_DELAY_OF_LAST_5"]) == (5, 5)
    assert (found["INSTAL_LATE_90D"], found["INSTAL_LATE_SHARE"]) == (1, 0.5)


def test_a_card_without_a_limit_has_no_use_rather_than_an_infinite_one() -> None:
    month = {"SK_ID_PREV": 1, "MONTHS_BALANCE": -1, "AMT_BALANCE": 50.0, "AMT_CREDIT_LIMIT_ACTUAL": 0.0}
    found = read({}, credit_card_balance=[month])

    assert np.isnan(found["CC_USE_LAST"]) and np.isnan(found["CC_USE_12M"])
    assert found["CC_OVER_LIMIT_MONTHS"] == 1


def test_what_the_request_says_is_recomputed_and_history_stays_when_the_request_changes() -> None:
    reader = Reader(SMALL_VOCABULARY)
    request = {"AMT_CREDIT": 1000.0, "AMT_ANNUITY": 50.0, "AMT_INCOME_TOTAL": 500.0, "AMT_GOODS_PRICE": 900.0}
    stored = reader.read(request, {"bureau": BUREAU})

    changed = reader.recompute({**request, "AMT_CREDIT": 800.0, "AMT_ANNUITY": 20.0}, stored)

    found = dict(zip(reader.columns, changed.tolist(), strict=True))
    assert (found["CREDIT_TERM"], found["DOWN_PAYMENT"]) == (40, 100)
    assert (found["RESIDUAL_INCOME"], found["CREDIT_TO_INCOME"]) == (480, np.float32(1.6))
    assert found["BURO_DEBT_RATIO"] == np.float32(0.4)


def test_only_what_the_served_columns_need_is_read() -> None:
    class Watched(dict[str, Any]):
        seen: set[str]

        def get(self, key: str, default: Any = None) -> Any:
            self.seen.add(key)
            return super().get(key, default)

    row = Watched(BUREAU[0])
    row.seen = set()

    Reader(SMALL_VOCABULARY, ("BURO_NEW_365D",)).read({}, {"bureau": [row]})

    assert row.seen == {"DAYS_CREDIT"}


@pytest.mark.parametrize(
    ("scores", "count", "mean", "least"),
    [((0.2, 0.5, None), 2, 0.35, 0.2), ((None, 0.0, None), 1, 0.0, 0.0), ((0.25, 0.5, 0.75), 3, 0.5, 0.25)],
)
def test_external_scores_are_summed_up_over_those_known(
    scores: tuple[float | None, ...], count: int, mean: float, least: float
) -> None:
    found = read({f"EXT_SOURCE_{index}": score for index, score in enumerate(scores, start=1)})

    assert found["EXT_SOURCE_COUNT"] == count
    assert found["EXT_SOURCE_MEAN"] == pytest.approx(mean, rel=1e-6)
    assert found["EXT_SOURCE_MIN"] == pytest.approx(least, rel=1e-6)


def test_without_external_scores_their_count_is_zero_and_the_rest_missing() -> None:
    found = read({})

    assert found["EXT_SOURCE_COUNT"] == 0
    assert np.isnan(found["EXT_SOURCE_MEAN"])
    assert np.isnan(found["EXT_SOURCE_MIN"])


def test_reading_gives_float32() -> None:
    assert Reader(SMALL_VOCABULARY).read({}, {}).dtype == np.float32


def test_an_unknown_category_is_named_once_and_counted_by_no_share() -> None:
    reader = Reader(SMALL_VOCABULARY)
    history = {
        "bureau": [
            {"SK_ID_BUREAU": 1, "CREDIT_ACTIVE": "Frozen"},
            {"SK_ID_BUREAU": 2, "CREDIT_ACTIVE": "Frozen"},
        ],
        "bureau_balance": [{"SK_ID_BUREAU": 1, "STATUS": "Z"}],
    }

    assert reader.unseen({"OCCUPATION_TYPE": "Falconer", "WALLSMATERIAL_MODE": None}, history) == (
        ("application", "OCCUPATION_TYPE", "Falconer"),
        ("bureau", "CREDIT_ACTIVE", "Frozen"),
        ("bureau_balance", "STATUS", "Z"),
    )
    values = dict(zip(reader.columns, reader.read({}, history).tolist(), strict=True))
    assert all(value == 0 for name, value in values.items() if name.startswith("BURO_CREDIT_ACTIVE_"))


def test_only_columns_that_a_served_feature_reads_are_searched_for_unknown_categories() -> None:
    reader = Reader(SMALL_VOCABULARY, ("AMT_CREDIT", "ACTIVE_DAYS_CREDIT_MAX"))

    found = reader.unseen({"OCCUPATION_TYPE": "Falconer"}, {"bureau": [{"CREDIT_ACTIVE": "Frozen"}]})

    assert found == (("bureau", "CREDIT_ACTIVE", "Frozen"),)


def test_a_column_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match="NO_SUCH_FEATURE"):
        Reader(SMALL_VOCABULARY, ("AMT_CREDIT", "NO_SUCH_FEATURE"))


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="twice"):
        Reader(SMALL_VOCABULARY, ("AMT_CREDIT", "AMT_CREDIT"))


def test_a_vocabulary_read_back_from_json_serves_the_same() -> None:
    again = json.loads(json.dumps(SMALL_VOCABULARY))

    assert Reader(again).columns == Reader(SMALL_VOCABULARY).columns
