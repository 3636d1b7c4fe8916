"""What if: only what was edited moves, and what an edit cannot move is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.assess import assess
from model.book import Book
from model.bundle import Bundle
from model.case import case_from_features, case_from_rows
from model.errors import InputError
from model.features import origin
from model.simulation import SMALLEST_MOVE, simulate, with_changes
from tests.bundles import CLIENTS, made


@given(st.integers(0, CLIENTS - 1), st.data())
def test_L23_an_unchanged_what_if_returns_the_same_margin_bit_for_bit(
    small_bundle: Bundle, small_book: Book, row: int, data: st.DataObject
) -> None:
    case = small_book.case_at(row)
    assert case.application is not None
    names = data.draw(st.sets(st.sampled_from(sorted(case.application)), max_size=8))

    found = simulate(small_bundle, case, {name: case.application[name] for name in names})

    assert found.after.margin == found.before.margin == assess(small_bundle, case).margin
    assert found.after.values.tobytes() == case.features.tobytes()
    assert found.after.contributions.tobytes() == found.before.contributions.tobytes()
    assert (found.changed, found.moved) == ((), ())


def test_L23_recomputing_every_column_of_the_file_gives_the_bits_that_are_stored(
    small_bundle: Bundle, small_book: Book
) -> None:
    for row in range(0, CLIENTS, 17):
        case = small_book.case_at(row)
        assert case.application is not None

        again = small_bundle.reader.recompute(case.application, case.features)

        assert again.tobytes() == case.features.tobytes()


@pytest.mark.parametrize(
    ("field", "value"), [("CODE_GENDER", "M"), ("DAYS_BIRTH", -9_000), ("CNT_CHILDREN", 5)]
)
def test_L24_an_edit_outside_the_model_changes_nothing_and_is_told(
    small_bundle: Bundle, small_book: Book, field: str, value: Any
) -> None:
    for row in range(0, CLIENTS, 211):
        case = small_book.case_at(row)
        if case.application is not None and case.application[field] == value:
            continue

        found = simulate(small_bundle, case, {field: value})

        assert found.outside == found.changed == (field,)
        assert found.after.margin == found.before.margin
        assert found.after.contributions.tobytes() == found.before.contributions.tobytes()
        assert found.after.reasons == found.before.reasons
        assert found.moved == ()


def test_an_edit_scores_as_the_same_rows_sent_with_the_new_value(small_bundle: Bundle) -> None:
    changes = {
        "AMT_CREDIT": 150_000,
        "AMT_ANNUITY": 9_000.5,
        "EXT_SOURCE_2": None,
        "OCCUPATION_TYPE": "Drivers",
    }
    for payload in made().payloads[::97]:
        edited = {**payload, "application": {**payload["application"], **changes}}

        found = simulate(small_bundle, case_from_rows(small_bundle, payload), changes)

        whole = assess(small_bundle, case_from_rows(small_bundle, edited))
        assert found.after.margin == whole.margin
        assert found.after.codes == whole.codes
        assert found.after.reasons == whole.reasons


def test_history_aggregates_stay_as_they_are(small_bundle: Bundle, small_book: Book) -> None:
    ours = [origin(name).table != "application" for name in small_bundle.features]
    case = small_book.case_at(5)

    edited = with_changes(small_bundle, case, {"AMT_INCOME_TOTAL": 1, "AMT_CREDIT": 2, "EXT_SOURCE_1": 0.5})

    assert any(ours)
    assert edited.features[ours].tobytes() == case.features[ours].tobytes()
    assert edited.counts == case.counts


def test_a_derived_column_follows_its_field(small_bundle: Bundle, small_book: Book) -> None:
    case = small_book.case_at(5)
    assert case.application is not None
    annuity = case.application["AMT_ANNUITY"]

    edited = with_changes(small_bundle, case, {"AMT_CREDIT": 200_000})

    assert edited.features[small_bundle.index["PAYMENT_RATE"]] == np.float32(annuity / 200_000)


def test_codes_that_moved_a_tenth_of_a_point_are_listed_by_size(
    small_bundle: Bundle, small_book: Book
) -> None:
    found = simulate(small_bundle, small_book.case_at(9), {"EXT_SOURCE_2": 0.01, "EXT_SOURCE_3": 0.01})

    listed = {one.code: one.move for one in found.moved}
    assert listed
    sizes = [abs(move) for move in listed.values()]
    assert sizes == sorted(sizes, reverse=True)
    for code, before in found.before.codes.items():
        move = found.after.codes[code] - before
        assert (code in listed) == (abs(move) >= SMALLEST_MOVE)
        assert listed.get(code, move) == move


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"AMT_CREDITS": 1}, "/changes/AMT_CREDITS", "unknown_column"),
        ({"PAYMENT_RATE": 0.1}, "/changes/PAYMENT_RATE", "unknown_column"),
        ({"BURO_DAYS_CREDIT_MIN": -5}, "/changes/BURO_DAYS_CREDIT_MIN", "unknown_column"),
        ({"AMT_CREDIT": "1000"}, "/changes/AMT_CREDIT", "wrong_type"),
        ({"AMT_CREDIT": -1}, "/changes/AMT_CREDIT", "out_of_range"),
        ({"AMT_CREDIT": float("nan")}, "/changes/AMT_CREDIT", "not_finite"),
        ({"AMT_CREDIT": 1.00005}, "/changes/AMT_CREDIT", "too_many_decimals"),
        ({"CNT_CHILDREN": 1.5}, "/changes/CNT_CHILDREN", "not_whole"),
        ({"SK_ID_CURR": 7}, "/changes/SK_ID_CURR", "not_an_input"),
        ({"TARGET": None}, "/changes/TARGET", "not_an_input"),
        ([], "/changes", "not_an_object"),
    ],
)
def test_an_unknown_field_or_a_value_outside_the_rules_is_named(
    small_bundle: Bundle, small_book: Book, changes: Any, pointer: str, code: str
) -> None:
    with pytest.raises(InputError) as refusal:
        simulate(small_bundle, small_book.case_at(0), changes)

    assert [(one.pointer, one.code) for one in refusal.value.errors] == [(pointer, code)]


def test_a_case_of_feature_values_has_no_field_to_edit(small_bundle: Bundle) -> None:
    with pytest.raises(InputError) as refusal:
        simulate(small_bundle, case_from_features(small_bundle, {}), {"AMT_CREDIT": 1})

    assert refusal.value.errors[0].code == "no_raw_columns"


def test_a_category_that_the_model_has_not_seen_is_flagged(small_bundle: Bundle, small_book: Book) -> None:
    found = simulate(small_bundle, small_book.case_at(3), {"NAME_INCOME_TYPE": "Astronaut"})

    assert ("unseen_category", "NAME_INCOME_TYPE") in {
        (flag.kind, flag.feature) for flag in found.after.data_quality.flags
    }


def test_a_changed_file_has_no_out_of_fold_score_of_its_own(small_bundle: Bundle, small_book: Book) -> None:
    labelled = small_book.case_at(0)

    found = simulate(small_bundle, labelled, {"AMT_CREDIT": 123_456})

    assert found.before.oof_probability is not None
    assert (found.after.learning, found.after.oof_probability) == (True, None)
    assert found.after.inputs_digest != found.before.inputs_digest


def test_the_columns_behind_a_ratio_are_read_by_the_model(small_bundle: Bundle) -> None:
    only_a_ratio = replace(small_bundle, features=("CREDIT_TO_GOODS",))

    assert only_a_ratio.columns_read == {"AMT_CREDIT", "AMT_GOODS_PRICE"}
    assert "CODE_GENDER" not in small_bundle.columns_read


def test_the_reader_of_some_columns_gives_the_bits_of_the_whole_reader(
    small_bundle: Bundle, small_book: Book
) -> None:
    case = small_book.case_at(4)
    assert case.application is not None
    edited = {**case.application, "AMT_CREDIT": 333_333.33}

    positions, reader = small_bundle.reader_of(["AMT_CREDIT"])

    names = {small_bundle.features[position] for position in positions}
    assert {"PAYMENT_RATE", "CREDIT_TO_GOODS", "AMT_CREDIT", "INCOME_CREDIT_PERC"} == names
    whole = small_bundle.reader.recompute(edited, case.features)
    assert reader.recompute(edited, case.features[positions]).tobytes() == whole[positions].tobytes()
    assert np.delete(whole, positions).tobytes() == np.delete(case.features, positions).tobytes()
