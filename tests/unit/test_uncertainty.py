"""The interval beside a probability holds on clients who did not make it, and the check can say no."""

from __future__ import annotations

import numpy as np
import pytest

from model.calibration import BetaCalibration
from training.uncertainty import DISTANCES, coverage, disagreement

N = 12_000


@pytest.fixture(scope="module")
def scored() -> tuple[np.ndarray, np.ndarray]:
    """True log-odds and outcomes drawn from them."""
    random = np.random.default_rng(3)
    margin = random.normal(-2.8, 1.0, N)
    return margin, (random.random(N) < 1 / (1 + np.exp(-margin))).astype(np.int8)


def test_intervals_of_a_true_score_hold_about_as_often_as_they_say(
    scored: tuple[np.ndarray, np.ndarray],
) -> None:
    found = coverage(*scored)

    assert found.bands > 500
    assert 0.92 <= found.agreement <= 1.0
    assert 0.90 <= found.pd_inside <= 1.0
    assert 0.01 < found.width < 0.12


def test_a_score_that_tells_other_things_of_two_kinds_of_clients_is_caught(
    scored: tuple[np.ndarray, np.ndarray],
) -> None:
    """A rate that jumps up and down along the score is not that of the neighbouring scores."""
    margin, _ = scored
    random = np.random.default_rng(4)
    rates = random.choice([0.01, 0.6], size=600)
    rank = np.argsort(np.argsort(margin)) * 600 // N
    outcome = (random.random(N) < rates[rank]).astype(np.int8)

    assert coverage(margin, outcome, splits=4).pd_inside < 0.7


def test_the_same_seed_gives_the_same_figures(scored: tuple[np.ndarray, np.ndarray]) -> None:
    assert coverage(*scored, splits=2) == coverage(*scored, splits=2)
    assert coverage(*scored, splits=2) != coverage(*scored, splits=2, seed=1)


IDENTITY = BetaCalibration(a=1.0, b=1.0, c=0.0)


def test_disagreement_counts_the_models_on_the_other_side_by_distance() -> None:
    cutoff = 1 / (1 + np.exp(2.0))
    served = np.array([-2.01, -1.99, -2.12, -3.5])
    others = np.array([[-1.9, -1.9, -1.9, -1.9], [-2.1, -2.1, -2.1, -2.1]])

    found = disagreement(served, others, IDENTITY, cutoff)

    assert found.models == 2 and found.distances == DISTANCES
    assert found.n == (2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.share[0] == 0.5  # each of the two near files has one model of two against
    assert found.share[1] == 0.5  # no file at this distance: the share of the one before
    assert found.share[2] == 0.5
    assert found.share[-1] == 0.5


def test_models_that_say_the_same_never_disagree() -> None:
    served = np.random.default_rng(1).normal(-2.5, 1, 1_000)

    found = disagreement(served, np.stack([served, served]), IDENTITY, 1 / 11)

    assert set(found.share) == {0.0}
    assert sum(found.n) == 1_000
