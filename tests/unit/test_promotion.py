"""The rule of promotion: not worse in cost and loss, better beyond doubt in one, no group behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation import Costs, Estimate
from training.promotion import Group, Scored, compare_scores, refusals, unpaired

COSTS = Costs.theoretical()
GOOD = {"observed_expected": Estimate(1.0, 0.95, 1.05)}
BETTER = {
    "cost_per_file": Estimate(-0.01, -0.02, 0.001),
    "log_loss": Estimate(-0.002, -0.003, -0.001),
}


def _scored(version: str, noise: float, *, n: int = 4000, seed: int = 3) -> Scored:
    """A score of the same clients, the worse the noisier."""
    random = np.random.default_rng(seed)
    truth = random.normal(-2.6, 1.2, n)
    outcome = (random.random(n) < 1 / (1 + np.exp(-truth))).astype(np.int8)
    blurred = truth + np.random.default_rng(seed + 1).normal(0, noise, n)
    return Scored(version, np.arange(n), outcome, (np.arange(n) % 5).astype(np.int8), blurred, COSTS)


def _groups(n: int = 4000) -> dict[str, np.ndarray]:
    """One large group and one too small for a figure: nothing falls."""
    return {"sex": np.where(np.arange(n) < 50, "M", "F").astype(object)}


# The rule -----------------------------------------------------------------------------


def test_a_better_version_is_accepted_and_a_worse_one_refused_with_its_numbers() -> None:
    blurred, sharp = _scored("1", 1.5), _scored("2", 0.1)

    better = compare_scores(blurred, sharp, groups=_groups())
    worse = compare_scores(sharp, replace(blurred, version="3"), groups=_groups())

    assert better.refusals == ()
    assert "the rule of promotion accepts it" in better.table()
    assert [sentence.split(",")[0] for sentence in worse.refusals[:2]] == [
        "its cost per file is higher",
        "its log loss is higher",
    ]
    assert f"{worse.difference['log_loss'].value:+.5f}" in worse.refusals[1]
    assert worse.difference["auc"].value == pytest.approx(-better.difference["auc"].value)


def test_the_same_score_is_neither_better_nor_refused() -> None:
    one = _scored("1", 0.5)

    found = compare_scores(one, replace(one, version="2"), groups=_groups())

    assert found.same_scores
    assert found.refusals == ()
    assert found.difference["auc"] == Estimate(0.0, 0.0, 0.0)


def test_a_version_that_is_only_perhaps_better_is_refused() -> None:
    unsure = {name: Estimate(-0.001, -0.01, 0.01) for name in ("cost_per_file", "log_loss")}

    (sentence,) = refusals(unsure, GOOD, ())

    assert "not better beyond doubt" in sentence and "both hold 0" in sentence


@pytest.mark.parametrize("ratio", [0.89, 1.11])
def test_L8_a_version_whose_probabilities_are_off_is_refused(ratio: float) -> None:
    (sentence,) = refusals(BETTER, {"observed_expected": Estimate(ratio, ratio, ratio)}, ())

    assert sentence.startswith("L8: observed / expected is")


@pytest.mark.parametrize(("after", "refused"), [(0.781, False), (0.779, True)])
def test_a_group_may_fall_by_two_points_and_no_more(after: float, refused: bool) -> None:
    before = Estimate(0.80, 0.7, 0.9)

    found = refusals(BETTER, GOOD, (Group("sex", "M", before, Estimate(after, 0.7, 0.9)),))

    assert bool(found) is refused
    if refused:
        assert "sex M falls by 0.021, from 0.800 to 0.779" in found[0]


def test_without_the_groups_the_rule_cannot_accept() -> None:
    (sentence,) = refusals(BETTER, GOOD, None)

    assert "groups cannot be checked" in sentence


differences = st.floats(-0.05, 0.05, allow_nan=False)


@given(differences, differences, st.floats(0, 0.05), st.floats(0, 0.05))
def test_no_version_that_costs_or_loses_more_is_ever_accepted(
    cost: float, loss: float, wide: float, narrow: float
) -> None:
    found = refusals(
        {
            "cost_per_file": Estimate(cost, cost - wide, cost + wide),
            "log_loss": Estimate(loss, loss - narrow, loss + narrow),
        },
        GOOD,
        (),
    )

    if not found:
        assert cost <= 0 and loss <= 0
        assert cost + wide < 0 or loss + narrow < 0


# Pairs --------------------------------------------------------------------------------


def test_scores_of_other_clients_are_no_pairs() -> None:
    one = _scored("1", 0.5)
    other = replace(one, version="2", ids=one.ids + 10)

    assert "other clients (4,000 and 4,000, 3,990 in common)" in unpaired(one, other)


def test_a_corrected_outcome_breaks_the_pairs() -> None:
    one = _scored("1", 0.5)
    corrected = one.outcome.copy()
    corrected[:3] = 1 - corrected[:3]

    assert unpaired(one, replace(one, outcome=corrected)) == "3 clients have another outcome"


def test_other_folds_of_the_same_clients_are_pairs_and_the_table_says_so() -> None:
    one, other = _scored("1", 1.5), _scored("2", 0.1)
    other = replace(other, fold=other.fold[::-1].copy())

    found = compare_scores(one, other, groups=_groups())

    assert unpaired(one, other) is None
    assert "other folds, whose noise is not shared" in found.table()


def test_the_comparison_is_plain_json() -> None:
    import json

    found = compare_scores(_scored("1", 1.0), _scored("2", 0.5), groups=_groups())

    data = json.loads(json.dumps(found.as_json()))
    assert set(data["metrics"]) == {"1", "2"}
    assert set(data["difference"]) == {"auc", "log_loss", "brier", "cost_per_file"}
    assert [row["group"] for row in data["groups"]] == ["F"]
