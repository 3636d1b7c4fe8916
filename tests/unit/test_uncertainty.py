"""The interval beside a probability holds on clients who did not make it, and the check can say no."""

from __future__ import annotations

import numpy as np
import pytest

from training.uncertainty import coverage

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
