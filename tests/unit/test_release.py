"""The rules of a release: the smallest number of features, the variants, and what is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.dictionary import code_of, direction
from training.alternatives import Variant, standard_error, variants_of, worst_ratio, worth_asking
from training.boosting import Recipe
from training.folds import assign_folds, splits
from training.release import smallest_as_good

FEATURES = (
    "EXT_SOURCE_2",
    "EXT_SOURCE_3",
    "CREDIT_TO_GOODS",
    "AMT_CREDIT",
    "AMT_INCOME_TOTAL",
    "ANNUITY_INCOME_PERC",
)
RECIPE = Recipe(FEATURES, tuple(direction(name) for name in FEATURES), keep=4)


def _clients(n: int = 900) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(n, len(FEATURES))).astype(np.float32)
    logit = -1.5 - matrix[:, 0] + 0.6 * matrix[:, 2] + 0.3 * matrix[:, 5]
    return matrix, (random.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int8)


# Pruning ------------------------------------------------------------------------------


def test_the_smallest_number_within_one_standard_error_is_chosen() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 4000)
    losses = {30: 0.25 + noise, 60: 0.2502 + np.roll(noise, 1), 120: 0.249 + np.roll(noise, 2)}

    gap = losses[60] - losses[120]
    assert gap.mean() <= standard_error(gap)
    # The gap of 30 is the largest share of its own error here.
    assert smallest_as_good({60: losses[60], 120: losses[120]}) == 60
    assert smallest_as_good({30: losses[120] + 0.01, 120: losses[120]}) == 120


@given(st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=6, unique=True))
def test_the_chosen_number_is_never_larger_than_the_best(seeds: list[int]) -> None:
    losses = {10 * (i + 1): np.random.default_rng(seed).gamma(1.0, 0.2, 50) for i, seed in enumerate(seeds)}
    best = min(losses, key=lambda keep: float(losses[keep].mean()))

    chosen = smallest_as_good(losses)

    assert chosen <= best
    assert (losses[chosen] - losses[best]).mean() <= standard_error(losses[chosen] - losses[best])


# Alternatives --------------------------------------------------------------------------


def test_there_is_a_variant_without_each_code_and_one_without_the_constraints_of_each() -> None:
    variants = {one.name: one for one in variants_of(RECIPE, {})}

    codes = {code_of(name) for name in FEATURES}
    assert {name for name in variants if name.startswith("without ")} == {f"without {code}" for code in codes}
    assert variants["without R01"].dropped == {"EXT_SOURCE_2", "EXT_SOURCE_3"}
    freed = {name for one in variants.values() for name in one.freed}
    assert freed == {name for name in FEATURES if direction(name)}


def test_a_variant_never_reads_what_it_drops_and_keeps_as_many() -> None:
    matrix, target = _clients()
    split = splits(target, assign_folds(target))[0]
    variant = Variant("without R01", RECIPE, dropped=frozenset({"EXT_SOURCE_2", "EXT_SOURCE_3"}))

    before = variant.margin(matrix, target, split, seed=0)
    other = matrix.copy()
    other[split.score, :2] = 0.0

    assert np.array_equal(variant.margin(other, target, split, seed=0), before)
    (first,) = variant.rankings.values()
    assert variant._columns(first, RECIPE).tolist() == [2, 3, 4, 5]


def test_a_lifted_constraint_may_be_broken_and_the_others_hold() -> None:
    matrix, target = _clients()
    split = splits(target, assign_folds(target))[0]
    for rows in (split.fit, split.stop):
        target[rows] = matrix[rows, 5] < 0  # the wrong way for ANNUITY_INCOME_PERC
    recipe = replace(RECIPE, keep=None)
    free = Variant("free R06", recipe, freed=frozenset({"ANNUITY_INCOME_PERC"}))
    base = Variant("base", recipe)

    def slope(variant: Variant) -> float:
        margin = variant.margin(matrix, target, split, seed=0)
        return float(np.corrcoef(margin, matrix[split.score, 5])[0, 1])

    assert slope(free) < -0.3
    assert slope(base) > slope(free) + 0.3


def test_variants_rank_a_fold_once_and_share_it() -> None:
    matrix, target = _clients()
    split = splits(target, assign_folds(target))[0]
    rankings: dict[tuple[int, int], Any] = {}
    counts: dict[tuple[int, int], int] = {}

    for variant in (Variant("base", RECIPE, rankings), *variants_of(RECIPE, rankings)[:2]):
        replace(variant, counts=counts).margin(matrix, target, split, seed=0)

    assert len(rankings) == len(counts) == 1


def _row(cost: float, sex: float, age: float, error: float = 0.005) -> dict[str, Any]:
    return {
        "ratios": {"sex": {"value": sex}, "age": {"value": age}},
        "difference": {"cost_per_file": {"value": cost}},
        "standard_error": error,
    }


@pytest.mark.parametrize(
    ("variant", "asked"),
    [
        (_row(0.004, 0.88, 0.39), True),
        (_row(-0.010, 0.88, 0.39), True),
        (_row(0.006, 0.88, 0.60), False),  # it costs
        (_row(0.000, 0.99, 0.385), False),  # the worst ratio hardly moves
    ],
)
def test_the_lender_is_asked_about_a_fairer_variant_whose_cost_may_be_chance(
    variant: dict[str, Any], asked: bool
) -> None:
    base = _row(0.0, 0.88, 0.38)

    assert worth_asking(base, variant) is asked
    assert worth_asking(base, base) is False


def test_without_a_group_that_is_large_enough_no_ratio_can_be_better() -> None:
    assert worst_ratio({}) == 1.0
