"""Reasons and sides under models that learned from other samples."""

from __future__ import annotations

import numpy as np
import pytest

from model.bundle import Bundle
from model.calibration import BetaCalibration
from model.policy import Policy
from tests.bundles import made
from training.boosting import Grown, Recipe, dataset, refit
from training.stability import CONTRADICTED, Explained, reason_stability, review_zone

CLIENTS = 60


@pytest.fixture(scope="module")
def clients(small_bundle: Bundle) -> Explained:
    """The riskiest clients of the small bundle."""
    matrix, payloads = made().matrix, made().payloads
    rows = np.argsort(-small_bundle.probabilities(matrix))[:CLIENTS]
    return Explained(
        matrix[rows],
        [payloads[row]["application"] for row in rows],
        np.array([bool(payloads[row].get("bureau")) for row in rows]),
        np.array([bool(payloads[row].get("previous_application")) for row in rows]),
        accepted=matrix[small_bundle.probabilities(matrix) < small_bundle.policy.cutoff],
        features=small_bundle.features,
    )


@pytest.fixture(scope="module")
def served(small_bundle: Bundle) -> Grown:
    trees = small_bundle.booster.num_trees()
    return Grown(small_bundle.booster, np.arange(len(small_bundle.features)), trees, trees)


def test_the_same_model_tells_the_same_reasons(
    small_bundle: Bundle, served: Grown, clients: Explained
) -> None:
    found = reason_stability(served, [served, served], clients, small_bundle.policy)

    assert (found["first_kept"], found["four_kept"]) == (1.0, 1.0)
    assert found["clients"] == CLIENTS
    assert found["carried"] == sorted(found["carried"]) and 0 < found["carried"][-1] <= 1
    assert sum(found["first"].values()) == pytest.approx(1.0)
    assert max(found["told"].values()) <= 1.0 < sum(found["told"].values()) <= 4.0


def test_a_model_that_reads_other_features_tells_other_reasons(
    small_bundle: Bundle, served: Grown, clients: Explained
) -> None:
    """A model of the other columns alone cannot keep a single first code."""
    own = np.array([j for j, name in enumerate(clients.features) if name.startswith(("EXT", "CREDIT_TO"))])
    left = np.setdiff1d(np.arange(len(clients.features)), own)
    known = made().target >= 0
    grown = []
    for columns in (own, left):
        recipe = Recipe(tuple(clients.features[j] for j in columns), (0,) * len(columns))
        matrix, target = made().matrix[known][:, columns], made().target[known]
        model = refit(dataset(matrix, target, recipe), matrix, target, recipe, trees=30)
        grown.append(Grown(model.booster, columns, 30, 30))

    found = reason_stability(grown[0], [grown[1]], clients, small_bundle.policy)

    assert found["first_kept"] < 0.2


# The zone of review --------------------------------------------------------------------


def test_models_that_agree_contradict_nothing() -> None:
    margin = np.random.default_rng(0).normal(-2.5, 1, 2000)

    found = review_zone(margin, np.stack([margin, margin]), _identity(), Policy.theoretical())

    assert found["smallest"] == found["rows"][0]["halfwidth"]
    assert found["disagree"] == found["spread"] == 0.0
    assert all(row["contradicted"] == 0.0 for row in found["rows"])


def test_a_wider_zone_holds_more_files_and_leaves_fewer_contradictions() -> None:
    random = np.random.default_rng(0)
    margin = random.normal(-2.5, 1, 5000)
    others = margin + random.normal(0, 0.12, (5, 5000))

    found = review_zone(margin, others, _identity(), Policy.theoretical())

    shares = [row["share"] for row in found["rows"]]
    contradicted = [row["contradicted"] for row in found["rows"]]
    assert shares == sorted(shares) and contradicted == sorted(contradicted, reverse=True)
    chosen = [row for row in found["rows"] if row["halfwidth"] == found["smallest"]]
    assert chosen[0]["contradicted"] < CONTRADICTED
    assert found["spread"] == pytest.approx(0.11, abs=0.03)


def test_no_width_is_chosen_where_models_contradict_everywhere() -> None:
    margin = np.random.default_rng(0).normal(-2.4, 2, 3000)

    found = review_zone(margin, -4.8 - margin[None, :], _identity(), Policy.theoretical())

    assert found["smallest"] is None


def _identity() -> BetaCalibration:
    return BetaCalibration(a=1.0, b=1.0, c=0.0)
