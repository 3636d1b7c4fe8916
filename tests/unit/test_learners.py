"""No candidate knows whom it scores: with shuffled outcomes none of them finds anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.over_sampling import RandomOverSampler
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from training import boosting
from training.boosting import Recipe, dataset, rank
from training.evaluation import Costs
from training.folds import assign_folds, splits
from training.imbalance import TREATMENTS, Treated, good_to_bad, shifted_log_loss
from training.learners import Boosted, Logistic, Prior, is_flag
from training.protocol import Learner, calibrated, compare, judge, out_of_fold

COSTS = Costs.theoretical()
FEATURES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "AMT_CREDIT", "AMT_ANNUITY", "FLAG_A", "FLAG_B")
RECIPE = Recipe(FEATURES, (0,) * len(FEATURES))

LEARNERS: tuple[Learner, ...] = (
    Prior(),
    Logistic(),
    Boosted("lightgbm", RECIPE),
    Boosted("pruned", Recipe(FEATURES, (-1, 0, 0, 0, 0, 0, 1), keep=3)),
    *(Treated(treatment, RECIPE) for treatment in TREATMENTS),
)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(boosting, "MAXIMUM_TREES", 60)
    monkeypatch.setattr(boosting, "PATIENCE", 10)
    monkeypatch.setitem(boosting.PARAMETERS, "learning_rate", 0.1)


def _clients(n: int = 1200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Five numbers, missing here and there, two 0/1 features; every seventh client defaults."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, len(FEATURES))).astype(np.float32)
    matrix[:, 5:] = matrix[:, 5:] > 0.5
    logit = -3.4 - 1.2 * matrix[:, 0] + 0.8 * np.abs(matrix[:, 1]) + 0.7 * matrix[:, 5]
    target = (random.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    matrix[random.random(n) < 0.1, 1] = np.nan
    return matrix, target


SHUFFLES = range(5)
"""Outcomes are shuffled so many times: an interval at 95 % is left by chance alone now and then."""


def _shuffled(seed: int) -> tuple[np.ndarray, np.ndarray]:
    matrix, target = _clients(seed=seed)
    return matrix, np.random.default_rng(seed).permutation(target)


def _found_in(learner_of: Callable[[np.ndarray], Learner]) -> Counter[str]:
    """In how many shuffles a learner finds order, probabilities, savings; it may see the outcomes."""
    found: Counter[str] = Counter()
    for seed in SHUFFLES:
        matrix, target = _shuffled(seed)
        margins = out_of_fold(learner_of(target), matrix, target, seeds=(0,)).margins
        found.update(_finds_something(target, margins))
    return found


def _finds_something(target: np.ndarray, margins: np.ndarray) -> list[str]:
    """What margins of shuffled outcomes must not show: order, probabilities or savings."""
    metrics = judge(target, margins, COSTS, draws=200)
    prior = np.full_like(margins, np.log(target.mean() / (1 - target.mean())))
    gap = compare(target, margins, prior, COSTS, draws=200)
    # At a default rate above the cut-off, knowing nothing means to refuse everybody.
    nothing = min(COSTS.fn * target.mean(), COSTS.fp * (1 - target.mean()))
    return [
        name
        for name, found in (
            ("order", not metrics["auc"].low <= 0.5 <= metrics["auc"].high),
            ("probabilities", gap["log_loss"].high < 0 or gap["brier"].high < 0),
            ("savings at the cut-off", metrics["cost_per_file"].high < nothing),
        )
        if found
    ]


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_shuffled_outcomes_give_no_order_no_probability_and_no_saving(learner):
    assert all(times <= 1 for times in _found_in(lambda _: learner).values())


@dataclass
class _ResamplesBeforeSplitting:
    """The mistake of many comparisons: over-sample all clients, then split.

    Attributes
    ----------
    labels : outcomes that it brings itself; without them it has those that the protocol shows
    """

    labels: np.ndarray | None
    name: str = "leaking"

    def margin(self, matrix, target, split, *, seed):
        known = np.maximum(target, 0) if self.labels is None else self.labels
        rows, outcome = RandomOverSampler(random_state=seed).fit_resample(matrix, known)
        parameters = {"objective": "binary", "min_child_samples": 5, "num_leaves": 31, "verbosity": -1}
        booster = lgb.train({**parameters, "num_threads": 1}, lgb.Dataset(rows, outcome), num_boost_round=60)
        return booster.predict(matrix[split.score], raw_score=True)


def test_resampling_before_the_split_would_be_seen_in_every_shuffle():
    found = _found_in(_ResamplesBeforeSplitting)

    assert found == dict.fromkeys(("order", "probabilities", "savings at the cut-off"), len(SHUFFLES))


def test_resampling_before_the_split_finds_nothing_in_what_the_protocol_shows():
    """The same mistake without outcomes of its own: those of the scored rows are hidden."""
    assert all(times <= 1 for times in _found_in(lambda _: _ResamplesBeforeSplitting(None)).values())


@pytest.mark.parametrize("learner", LEARNERS[1:], ids=lambda learner: learner.name)
def test_every_learner_finds_what_is_there(learner):
    matrix, target = _clients()

    found = out_of_fold(learner, matrix, target, seeds=(0,))

    assert judge(target, found.margins, COSTS, draws=2)["auc"].low > 0.62


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_the_same_seed_gives_the_same_margins(learner):
    matrix, target = _clients(600)

    one, again = (out_of_fold(learner, matrix, target, seeds=(3,)).margins for _ in range(2))

    assert np.array_equal(one, again)


def test_the_dummy_gives_everybody_the_rate_of_the_training_part():
    matrix, target = _clients()

    found = out_of_fold(Prior(), matrix, target, seeds=(0,))

    for fold in range(5):
        others = target[found.folds[0] != fold].mean()
        assert 1 / (1 + np.exp(-found.margins[0, found.folds[0] == fold])) == pytest.approx(others)


def test_the_logistic_regression_bends_and_tells_missing_apart():
    """A U-shaped effect and an effect of being missing: a straight line sees neither."""
    random = np.random.default_rng(1)
    matrix = random.normal(size=(3000, 2)).astype(np.float32)
    missing = random.random(3000) < 0.3
    target = (random.random(3000) < 1 / (1 + np.exp(2.5 - matrix[:, 0] ** 2 - 2 * missing))).astype(np.int8)
    matrix[missing, 1] = np.nan

    found = out_of_fold(Logistic(), matrix, target, seeds=(0,))

    assert judge(target, found.margins, COSTS, draws=2)["auc"].low > 0.75


# Treatments -----------------------------------------------------------------------------


def _mean_raw(name: str, matrix: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Mean probability as the trees give it, and after calibration."""
    treatment = next(one for one in TREATMENTS if one.name == name)
    margins = out_of_fold(Treated(treatment, RECIPE), matrix, target, seeds=(0,)).margins
    return float((1 / (1 + np.exp(-margins))).mean()), float(calibrated(target, margins).mean())


@pytest.mark.parametrize("name", [one.name for one in TREATMENTS if one.name != "none"])
def test_a_treatment_inflates_the_probabilities_and_calibration_brings_them_back(name):
    matrix, target = _clients(1500, seed=2)

    raw, repaired = _mean_raw(name, matrix, target)

    assert raw > 1.3 * target.mean()
    assert repaired == pytest.approx(target.mean(), rel=0.02)


def test_without_treatment_the_probabilities_are_right_as_they_are():
    matrix, target = _clients(1500, seed=2)

    raw, _ = _mean_raw("none", matrix, target)

    assert raw == pytest.approx(target.mean(), rel=0.1)


def test_the_untreated_row_is_the_recipe_itself():
    """Up to the edges of bins, which the recipe takes from all rows and a treatment from its own."""
    matrix, target = _clients()
    untreated = out_of_fold(Treated(TREATMENTS[0], RECIPE), matrix, target, seeds=(0,)).margins[0]
    recipe = np.empty(len(target))
    for split in splits(target, assign_folds(target)):
        booster = rank(dataset(matrix, target, RECIPE), split, RECIPE)
        recipe[split.score] = booster.margin(matrix[split.score])

    assert np.corrcoef(untreated, recipe)[0, 1] > 0.97


def test_a_flag_is_what_holds_nothing_but_zero_one_and_missing():
    nan = np.nan
    matrix = np.array([[0, 0, 2, nan, 0.5], [1, nan, 1, nan, 1], [0, 1, 0, nan, 0]], np.float32)

    assert is_flag(matrix).tolist() == [True, True, False, True, False]


def test_odds_count_the_good_for_one_bad():
    assert good_to_bad(np.array([0, 0, 0, 1])) == 3


@given(seed=st.integers(0, 10_000), moved=st.floats(-6, 6))
def test_the_stopping_loss_takes_off_any_constant_and_is_the_best_shift(seed, moved):
    random = np.random.default_rng(seed)
    margin = random.normal(-2, 1.5, 300)
    outcome = (random.random(300) < 0.1).astype(int)
    outcome[:2] = 0, 1

    found = shifted_log_loss(margin + moved, outcome)

    def loss(shift: float) -> float:
        return log_loss(outcome, 1 / (1 + np.exp(-(margin + shift))))

    assert found == pytest.approx(minimize_scalar(loss, bounds=(-10, 10), method="bounded").fun, abs=1e-6)
