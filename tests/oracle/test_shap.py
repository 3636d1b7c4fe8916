"""Contributions against the shap package: the same values, and the same story.

Ours are TreeSHAP log-odds scaled to probability. The oracle is shap itself: first the same
algorithm, then interventional SHAP of the probability, another method with another question.
"""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.typing import NDArray

from model.assess import Assessment, assess
from model.bundle import Bundle
from model.case import case_from_rows
from tests.bundles import CLIENTS, load_small_bundle, made

REFUSED = 60
BACKGROUND = 100


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_small_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def refused(bundle: Bundle) -> list[Assessment]:
    """Refused clients, with everything we say of them."""
    rows = np.flatnonzero(bundle.policy.refused(bundle.probabilities(made().matrix)))[:REFUSED]
    return [assess(bundle, case_from_rows(bundle, made().payloads[i])) for i in rows]


@pytest.fixture(scope="module")
def probability_shap(bundle: Bundle, refused: list[Assessment]) -> NDArray[np.float64]:
    """Interventional SHAP of the booster's probability against accepted clients."""
    matrix = made().matrix
    accepted = matrix[~bundle.policy.refused(bundle.probabilities(matrix))]
    background = accepted[np.random.default_rng(0).permutation(len(accepted))[:BACKGROUND]]
    explainer = shap.TreeExplainer(
        bundle.booster, background.astype(np.float64), feature_perturbation="interventional",
        model_output="probability",
    )  # fmt: skip
    values = np.stack([one.values for one in refused]).astype(np.float64)
    return np.asarray(explainer.shap_values(values))


def by_code(one: Assessment, effects: NDArray[np.float64]) -> NDArray[np.float64]:
    codes = list(one.codes)
    sums = np.zeros(len(codes))
    np.add.at(sums, [codes.index(code) for code in one.feature_codes], effects)
    return sums


def ranks(values: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values))


def test_L17_log_odds_contributions_are_those_of_shap(bundle: Bundle) -> None:
    rows = made().matrix[:: CLIENTS // 200]

    expected = np.asarray(shap.TreeExplainer(bundle.booster).shap_values(rows.astype(np.float64)))

    assert len(rows) >= 200
    assert np.abs(bundle.shap(rows)[:, :-1] - expected).max() < 1e-6


def test_codes_rank_as_by_interventional_shap_of_the_probability(
    refused: list[Assessment], probability_shap: NDArray[np.float64]
) -> None:
    agreement = []
    for one, effects in zip(refused, probability_shap, strict=True):
        ours, theirs = np.array(list(one.codes.values())), by_code(one, effects)
        used = (ours != 0) | (theirs != 0)
        agreement.append(np.corrcoef(ranks(ours[used]), ranks(theirs[used]))[0, 1])

    assert np.mean(agreement) >= 0.95


def test_the_code_that_weighs_most_is_the_same_for_nine_refused_clients_of_ten(
    refused: list[Assessment], probability_shap: NDArray[np.float64]
) -> None:
    same = [
        int(np.argmax(list(one.codes.values()))) == int(np.argmax(by_code(one, effects)))
        for one, effects in zip(refused, probability_shap, strict=True)
    ]

    assert len(same) == REFUSED
    assert np.mean(same) >= 0.9
