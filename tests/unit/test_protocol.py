"""Nobody learns from whom he is judged on; differences are between the same clients."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.calibrate import fit_beta
from training.evaluation import Costs
from training.experiment import measure
from training.folds import Split, assign_folds, splits
from training.protocol import HIDDEN, REPEATS, calibrated, compare, judge, out_of_fold

COSTS = Costs.theoretical()


def _clients(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 3)).astype(np.float32)
    target = (random.random(n) < 1 / (1 + np.exp(1.8 - matrix[:, 0]))).astype(np.int8)
    return matrix, target


@dataclass
class _Watching:
    """Scores by the first column and remembers what it was shown."""

    name: str = "watching"
    shown: list[tuple[np.ndarray, Split, int]] = field(default_factory=list)

    def margin(self, matrix, target, split, *, seed):
        self.shown.append((target.copy(), split, seed))
        return matrix[split.score, 0].astype(float)


def test_the_outcomes_of_the_rows_to_score_are_hidden_and_all_others_true():
    matrix, target = _clients()
    learner = _Watching()

    out_of_fold(learner, matrix, target)

    assert len(learner.shown) == 5 * len(REPEATS)
    for seen, split, _ in learner.shown:
        assert (seen[split.score] == HIDDEN).all()
        trained = np.concatenate([split.fit, split.stop])
        assert np.array_equal(seen[trained], target[trained])
        assert len(trained) + len(split.score) == len(target)


def test_every_candidate_gets_the_folds_of_its_seed():
    matrix, target = _clients()
    learner = _Watching()

    found = out_of_fold(learner, matrix, target, seeds=(0, 7))

    for repeat, seed in enumerate((0, 7)):
        assigned = assign_folds(target, seed=seed)
        assert np.array_equal(found.folds[repeat], assigned)
        expected = splits(target, assigned, seed=seed)
        shown = [(split, given_) for _, split, given_ in learner.shown[5 * repeat : 5 * repeat + 5]]
        for (split, given_), wanted in zip(shown, expected, strict=True):
            assert given_ == seed
            assert all(
                np.array_equal(getattr(split, part), getattr(wanted, part))
                for part in ("fit", "stop", "score")
            )


def test_each_margin_is_that_of_the_model_that_did_not_see_the_client():
    matrix, target = _clients()

    found = out_of_fold(_Watching(), matrix, target)

    assert np.array_equal(found.margins, np.tile(matrix[:, 0].astype(float), (3, 1)))
    assert found.seconds > 0


def test_one_repeat_is_judged_as_a_training_judges_itself():
    matrix, target = _clients(2000)
    margin = matrix[:, 0] - 2.0

    found = judge(target, margin[None], COSTS)

    expected, _ = measure(margin, target, fit_beta(margin, target), COSTS, seed=0)
    for name, estimate in expected.items():
        assert (found[name].value, found[name].low, found[name].high) == pytest.approx(
            (estimate.value, estimate.low, estimate.high)
        ), name


def test_savings_are_those_of_the_calibrated_probabilities():
    matrix, target = _clients(2000)
    margin = matrix[:, 0] - 2.0

    found = judge(target, margin[None], COSTS, draws=20)

    cost = found["cost_per_file"].value
    pd_ = calibrated(target, margin[None])[0]
    at_half = (10 * target[pd_ < 0.5].sum() + (1 - target[pd_ >= 0.5]).sum()) / 2000
    assert found["cost_against_accepting_all"].value == pytest.approx(cost / (10 * target.mean()) - 1)
    assert found["cost_against_half"].value == pytest.approx(cost / at_half - 1)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_difference_is_the_difference_of_what_is_judged_and_zero_with_oneself(seed):
    matrix, target = _clients(500, seed)
    random = np.random.default_rng(seed)
    a, b = (matrix[:, 0] - 2 + random.normal(0, spread, (2, 500)) for spread in (0.3, 1.0))

    found, same = compare(target, a, b, COSTS, draws=10), compare(target, a, a, COSTS, draws=10)

    one, other = (judge(target, margins, COSTS, draws=2) for margins in (a, b))
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(one[name].value - other[name].value, abs=1e-12), name
        assert same[name].value == 0, name
