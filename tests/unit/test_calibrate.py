"""Beta calibration: the maximum of its likelihood, strictly increasing, honest."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from model.errors import InputError
from training.calibrate import cross_fitted, fit_beta
from training.folds import assign_folds


def _margins(n: int, *, slope: float = 1.0, shift: float = 0.0, seed: int = 0):
    """Margins whose true log-odds are ``slope·m + shift``."""
    random = np.random.default_rng(seed)
    margin = random.normal(-2.5, 1.2, n)
    target = (random.random(n) < 1 / (1 + np.exp(-(slope * margin + shift)))).astype(int)
    return margin, target


def test_it_is_the_maximum_of_the_likelihood():
    """With both slopes inside the positive range, an unpenalised logistic regression agrees."""
    margin, target = _margins(30_000, slope=0.7, shift=0.2)
    s = 1 / (1 + np.exp(-margin))
    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    oracle.fit(np.column_stack([np.log(s), -np.log1p(-s)]), target)
    assert (oracle.coef_ > 0).all()

    fitted = fit_beta(margin, target)

    assert (fitted.a, fitted.b) == pytest.approx(tuple(oracle.coef_[0]), abs=2e-3)
    assert fitted.c == pytest.approx(oracle.intercept_[0], abs=2e-3)


def test_a_distorted_score_becomes_right_on_average_at_both_ends():
    margin, target = _margins(40_000, slope=0.6, shift=-0.3, seed=1)

    probability = fit_beta(margin, target).probability(margin)

    for part in np.array_split(np.argsort(margin), 5):
        expected = probability[part].sum()
        assert abs(target[part].sum() - expected) < 4 * np.sqrt(expected)


@pytest.mark.parametrize("slope", [-1.0, 0.0, 1.0])
def test_L5_the_curve_rises_even_when_the_scores_order_is_wrong(slope):
    margin, target = _margins(3000, slope=slope, shift=-1.5, seed=2)

    probability = fit_beta(margin, target).probability(np.linspace(-8, 8, 10_000))

    assert (np.diff(probability) > 0).all()


def test_L8_cross_fitted_probabilities_expect_what_is_observed():
    margin, target = _margins(20_000, slope=0.8, seed=3)

    probability = cross_fitted(margin, target)

    assert target.sum() / probability.sum() == pytest.approx(1.0, abs=0.02)


def test_nobody_is_calibrated_by_a_curve_that_saw_him():
    """Each fold's probabilities are those of a curve fitted on the other nine."""
    margin, target = _margins(2000, seed=4)
    before = cross_fitted(margin, target)
    fold = np.flatnonzero(assign_folds(target, folds=10) == 0)
    changed = target.copy()
    changed[fold] = 0

    others = np.ones(2000, dtype=bool)
    others[fold] = False
    expected = fit_beta(margin[others], target[others]).probability(margin[fold])
    assert np.array_equal(before[fold], expected)
    assert not np.array_equal(fit_beta(margin, changed).probability(margin[fold]), expected)


def test_one_outcome_only_is_refused():
    with pytest.raises(InputError, match="both outcomes"):
        fit_beta(np.array([0.0, 1.0]), np.array([1, 1]))
