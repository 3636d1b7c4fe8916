"""Recourse: a whole grid, bounds that hold, answers that the score itself confirms."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.assess import assess
from model.book import Book
from model.bundle import Bundle, load_bundle
from model.bundle_writing import write_bundle
from model.case import Case, case_from_features
from model.errors import InputError, UnavailableError
from model.recourse import (
    COMBINATIONS,
    MOST_ANSWERS,
    PAYMENT_RATES,
    Recourse,
    payment_rates,
    recourse,
)
from tests.bundles import CLIENTS, made


def _product(case: Case) -> object:
    return (case.application or {}).get("NAME_CONTRACT_TYPE")


@pytest.fixture(scope="module")
def refused(small_bundle: Bundle, small_book: Book) -> list[Case]:
    """Cash-loan files that are not favourable, unfavourable and to be reviewed."""
    codes = small_book.opinions(small_bundle.policy)
    cases = [small_book.case_at(int(row)) for row in np.flatnonzero(codes > 0)]
    return [one for one in cases if _product(one) == "Cash loans"][:120]


@pytest.fixture(scope="module")
def found(small_bundle: Bundle, refused: list[Case]) -> list[Recourse]:
    return [recourse(small_bundle, case, budget=math.inf) for case in refused]


def test_the_grid_has_290_different_combinations_the_request_first() -> None:
    assert len(COMBINATIONS) == len(set(COMBINATIONS)) == 290
    assert (COMBINATIONS[0].amount, COMBINATIONS[0].instalment) == (1, 1)
    assert {one.amount for one in COMBINATIONS} == {round(1 - 0.05 * i, 2) for i in range(15)}
    efforts = [one.effort for one in COMBINATIONS]
    assert efforts == sorted(efforts)


def test_effort_follows_its_formula() -> None:
    for one in COMBINATIONS:
        expected = abs(math.log(one.amount)) + 0.5 * abs(math.log(one.instalment))
        expected += 0.1 * (one.amount != 1) + 0.1 * (one.instalment != 1)
        assert one.effort == pytest.approx(expected, abs=1e-15)


def test_L25_each_answer_scored_alone_gives_the_same_probability(
    small_bundle: Bundle, refused: list[Case], found: list[Recourse]
) -> None:
    answered = 0
    for case, result in zip(refused, found, strict=True):
        for answer in result.answers:
            edited = {**(case.application or {}), **answer.changes}
            features = small_bundle.reader.recompute(edited, case.features)
            alone = assess(small_bundle, replace(case, application=edited, features=features))

            assert alone.default_probability == answer.assessment.default_probability
            assert alone.opinion == answer.assessment.opinion == answer.reaches
            answered += 1
    assert answered > 20


def test_L26_bounds_hold_and_untouched_fields_are_equal(
    small_bundle: Bundle, refused: list[Case], found: list[Recourse]
) -> None:
    policy, rates = small_bundle.policy, small_bundle.extra(PAYMENT_RATES)["Cash loans"]
    touched = np.zeros(len(small_bundle.features), dtype=bool)
    touched[small_bundle.reader_of(["AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"])[0]] = True
    for case, result in zip(refused, found, strict=True):
        for answer in result.answers:
            before = case.application or {}
            new = {**before, **answer.changes}

            assert set(answer.changes) <= {"AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"}
            assert rates["low"] <= new["AMT_ANNUITY"] / new["AMT_CREDIT"] <= rates["high"]
            today = before["AMT_ANNUITY"] / before["AMT_INCOME_TOTAL"]
            assert new["AMT_ANNUITY"] / new["AMT_INCOME_TOTAL"] <= max(today, policy.income_cap)
            assert new["AMT_CREDIT"] >= policy.smallest_amount
            same = answer.assessment.values[~touched].tobytes() == case.features[~touched].tobytes()
            assert same


def test_L26_no_amount_below_the_smallest_is_proposed(small_bundle: Bundle, refused: list[Case]) -> None:
    proposed = 0
    for case in refused[:40]:
        amount = (case.application or {})["AMT_CREDIT"]
        policy = replace(small_bundle.policy, smallest_amount=0.8 * amount)

        result = recourse(small_bundle, case, policy, budget=math.inf)

        assert all(one.changes.get("AMT_CREDIT", amount) >= 0.8 * amount for one in result.answers)
        assert result.tried < 290
        proposed += sum("AMT_CREDIT" in one.changes for one in result.answers)
    assert proposed > 5


def test_answers_differ_in_kind_and_favourable_ones_come_first(found: list[Recourse]) -> None:
    for result in found:
        kinds = [answer.kind for answer in result.answers]
        reached = [answer.reaches for answer in result.answers]

        assert len(kinds) == len(set(kinds)) <= MOST_ANSWERS
        assert reached == sorted(reached)
        for answer in result.answers:
            moved = {"AMT_CREDIT": answer.combination.amount != 1, "k": answer.combination.instalment != 1}
            expected = {(True, False): "amount", (False, True): "duration", (True, True): "both"}
            assert answer.kind == expected[moved["AMT_CREDIT"], moved["k"]]


def test_a_file_to_review_is_offered_only_what_reaches_favourable(found: list[Recourse]) -> None:
    reviewed = [result for result in found if result.before.opinion == "review"]
    refused = [result for result in found if result.before.opinion == "unfavourable"]

    assert any(result.answers for result in reviewed)
    assert all(answer.reaches == "favourable" for result in reviewed for answer in result.answers)
    assert any(answer.reaches == "review" for result in refused for answer in result.answers)


def test_the_answer_of_a_kind_is_the_one_of_least_effort_of_the_whole_grid(
    small_bundle: Bundle, refused: list[Case], found: list[Recourse]
) -> None:
    """The grid walked again, one combination at a time, by the whole reader."""
    policy, rates = small_bundle.policy, small_bundle.extra(PAYMENT_RATES)["Cash loans"]
    pairs = [pair for pair in zip(refused, found, strict=True) if pair[1].answers][:6]
    for case, result in pairs:
        raw = case.application or {}
        best: dict[tuple[str, str], float] = {}
        for a, k, scaled in itertools.product(
            [1 - 0.05 * i for i in range(15)], [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2], [False, True]
        ):
            new = {
                **raw,
                "AMT_CREDIT": round(raw["AMT_CREDIT"] * a, 2),
                "AMT_ANNUITY": round(raw["AMT_ANNUITY"] * round(a, 2) * k, 2),
                "AMT_GOODS_PRICE": round(raw["AMT_GOODS_PRICE"] * (a if scaled else 1), 2),
            }
            cap = max(raw["AMT_ANNUITY"] / raw["AMT_INCOME_TOTAL"], policy.income_cap)
            if not rates["low"] <= new["AMT_ANNUITY"] / new["AMT_CREDIT"] <= rates["high"]:
                continue
            if new["AMT_ANNUITY"] / raw["AMT_INCOME_TOTAL"] > cap:
                continue
            features = small_bundle.reader.recompute(new, case.features)
            opinion = policy.opinion(float(small_bundle.probabilities(features[None, :])[0]))
            kind = "amount" if k == 1 else "duration" if a == 1 else "both"
            effort = abs(math.log(a)) + 0.5 * abs(math.log(k)) + 0.1 * (a != 1) + 0.1 * (k != 1)
            best[kind, opinion] = min(effort, best.get((kind, opinion), math.inf))
        for answer in result.answers:
            assert answer.combination.effort == pytest.approx(best[answer.kind, answer.reaches], abs=1e-9)
        favourable = {kind for kind, opinion in best if opinion == "favourable"}
        assert favourable == {one.kind for one in result.answers if one.reaches == "favourable"}


def test_none_found_is_told_with_what_the_opinion_rests_on(found: list[Recourse]) -> None:
    none = [result for result in found if result.status == "none"]

    assert none
    assert all(result.answers == () and not result.cut and result.before.reasons for result in none)
    assert all((result.status == "found") == bool(result.answers) for result in found)


def test_L27_the_search_stops_when_the_time_is_up_and_says_so(
    small_bundle: Bundle, refused: list[Case], found: list[Recourse]
) -> None:
    case, whole = next(pair for pair in zip(refused, found, strict=True) if pair[1].tried > 100)

    late = recourse(small_bundle, case, budget=0.2, clock=itertools.count(0, 0.15).__next__)
    never = recourse(small_bundle, case, budget=0.2, clock=itertools.count(0, 5.0).__next__)

    assert not whole.cut
    assert (late.cut, 0 < late.tried < whole.tried) == (True, True)
    assert (never.cut, never.tried, never.answers) == (True, 0, ())


def test_nothing_is_offered_where_it_makes_no_sense(
    small_bundle: Bundle, small_book: Book, refused: list[Case]
) -> None:
    codes = small_book.opinions(small_bundle.policy)
    accepted = small_book.case_at(int(np.flatnonzero(codes == 0)[0]))
    revolving = next(
        case
        for row in range(CLIENTS)
        if codes[row] and _product(case := small_book.case_at(row)) == "Revolving loans"
    )
    unknown = replace(refused[0], application={**(refused[0].application or {}), "AMT_INCOME_TOTAL": None})

    statuses = [recourse(small_bundle, case).status for case in (accepted, revolving, unknown)]

    assert statuses == ["not_needed", "other_product", "incomplete"]


def test_a_case_of_feature_values_has_no_request_to_change(small_bundle: Bundle) -> None:
    with pytest.raises(InputError, match="no application"):
        recourse(small_bundle, case_from_features(small_bundle, {}))


def test_without_the_bounds_in_the_bundle_recourse_is_unavailable(
    tmp_path: Path, refused: list[Case]
) -> None:
    bare = load_bundle(write_bundle(tmp_path, replace(made().parts, extra={}), versions={"model": "1"}))

    with pytest.raises(UnavailableError) as refusal:
        recourse(bare, refused[0])

    assert refusal.value.code == "no_evidence"


def test_bounds_are_the_quantiles_of_each_contract_type() -> None:
    rng = np.random.default_rng(3)
    amounts, instalments = rng.uniform(1e5, 1e6, 900), rng.uniform(1e3, 1e5, 900)
    amounts[5], instalments[7] = 0.0, np.nan
    types = np.array(["Cash loans", "Revolving loans", None], dtype=object)[rng.integers(0, 3, 900)]

    found = payment_rates(types.tolist(), amounts, instalments)

    assert set(found) == {"Cash loans", "Revolving loans"}
    own = [i / a for t, a, i in zip(types, amounts, instalments, strict=True)
           if t == "Cash loans" and a > 0 and not np.isnan(i)]  # fmt: skip
    assert found["Cash loans"] == {
        "low": float(np.quantile(own, 0.01)), "high": float(np.quantile(own, 0.99)), "clients": len(own),
    }  # fmt: skip
