"""Which features are kept: the strongest, and with each code a field that its sentence can show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.dictionary import code_of
from model.features import feature_names
from model.reasons import can_be_shown
from tests.bundles import vocabulary
from training.pruning import strongest

CANDIDATES = tuple(name for name in feature_names(vocabulary()) if code_of(name))


def test_without_codes_the_largest_gains_are_kept_in_column_order() -> None:
    gain = np.array([1.0, 5.0, 0.0, 3.0, 5.0])

    assert strongest(gain, ("NOISE_1", "NOISE_2", "NOISE_3", "NOISE_4", "NOISE_5"), 3).tolist() == [1, 3, 4]


def test_equal_gains_go_to_the_first_column() -> None:
    assert strongest(np.zeros(4), ("A_1", "A_2", "A_3", "A_4"), 2).tolist() == [0, 1]


def test_a_code_enters_with_the_field_that_its_sentence_shows() -> None:
    features = (
        "PREV_CODE_REJECT_REASON_XAP_MEAN",
        "AMT_INCOME_TOTAL",
        "PREV_NAME_CONTRACT_STATUS_Refused_MEAN",
    )

    kept = strongest(np.array([9.0, 5.0, 0.1]), features, 2)

    assert [features[column] for column in kept] == [
        "PREV_CODE_REJECT_REASON_XAP_MEAN",
        "PREV_NAME_CONTRACT_STATUS_Refused_MEAN",
    ]


def test_the_last_place_goes_to_the_field_that_can_be_shown() -> None:
    features = ("PREV_CODE_REJECT_REASON_XAP_MEAN", "PREV_NAME_CONTRACT_STATUS_Refused_MEAN")

    assert strongest(np.array([9.0, 0.1]), features, 1).tolist() == [1]


gains = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).gamma(0.3, size=len(CANDIDATES))
)


@given(gains, st.integers(1, len(CANDIDATES) + 5))
def test_every_code_of_the_kept_features_has_a_field_to_show(gain: np.ndarray, keep: int) -> None:
    kept = [CANDIDATES[column] for column in strongest(gain, CANDIDATES, keep)]

    assert len(kept) == len(set(kept)) == min(keep, len(CANDIDATES))
    could = {code_of(name) for name in CANDIDATES if can_be_shown(name)}
    for code in {code_of(name) for name in kept} & could:
        assert any(can_be_shown(name) for name in kept if code_of(name) == code)


@given(gains, st.integers(2, 40))
def test_the_strongest_feature_is_always_kept(gain: np.ndarray, keep: int) -> None:
    assert int(gain.argmax()) in strongest(gain, CANDIDATES, keep)


@pytest.mark.parametrize(
    ("feature", "shown"),
    [
        ("AMT_CREDIT", True),
        ("AMT_GOODS_PRICE", False),
        ("OCCUPATION_TYPE_Drivers", True),
        ("CODE_GENDER", False),
    ],
)
def test_what_a_sentence_can_show(feature: str, shown: bool) -> None:
    assert can_be_shown(feature) is shown
