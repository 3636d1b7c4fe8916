"""Drift: nothing is told below the noise line, and a planted shift is found."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from model.bundle import Bundle
from model.dictionary import CODES
from model.drift import (
    AMBER,
    FEWEST,
    NO_REASON,
    RED,
    Bins,
    Drift,
    DriftReference,
    chi_square_quantile,
    compare,
    drift,
    light,
    missing_shares,
    noise_line,
    psi,
    weighty_codes,
)
from model.policy import OPINIONS
from tests.bundles import CLIENTS, WAITING, made

COUNTS = st.lists(st.integers(0, 5_000), min_size=2, max_size=12).filter(lambda counts: sum(counts) > 0)


@pytest.fixture(scope="module")
def inputs(small_bundle: Bundle) -> dict[str, np.ndarray]:
    """Probability, opinion and features of the labelled clients."""
    probabilities = small_bundle.calibration.probability(made().oof_margins[:-WAITING])
    return {
        "default_probability": probabilities,
        "opinion_codes": small_bundle.policy.opinion_codes(probabilities),
        "matrix": made().matrix[:-WAITING],
    }


@pytest.fixture(scope="module")
def reference(small_bundle: Bundle, inputs: dict[str, np.ndarray]) -> DriftReference:
    rng = np.random.default_rng(0)
    return DriftReference.of(
        **inputs,
        features=small_bundle.features,
        code_sums=rng.normal(size=(500, len(CODES))),
        codes=CODES,
        first_reasons=["R01"] * 300 + ["R05"] * 150 + [NO_REASON] * 50,
        importance={"R01": 0.9, "R05": 0.06, "R10": 0.04},
    )


def _drift(bundle: Bundle, reference: DriftReference, inputs: dict[str, Any]) -> Drift:
    codes = bundle.reason_plan.code_index
    return drift(
        reference, **inputs, features=bundle.features, feature_codes=[CODES[index] for index in codes]
    )


@given(COUNTS)
def test_L34_the_reference_against_itself_is_zero(counts: list[int]) -> None:
    assert psi(counts, counts) == 0.0


def test_L34_training_against_itself_is_green_at_zero(
    small_bundle: Bundle, reference: DriftReference, inputs: dict[str, np.ndarray]
) -> None:
    found = _drift(small_bundle, reference, inputs)

    assert (found.score.psi, found.score.light, found.data) == (0.0, "green", "green")
    assert {shift.psi for shift in found.features.values()} == {0.0}
    assert set(found.missing.values()) == {0.0}
    assert found.moved_tables == ()


def test_L35_the_order_of_rows_changes_nothing(
    small_bundle: Bundle, reference: DriftReference, inputs: dict[str, np.ndarray]
) -> None:
    order = np.random.default_rng(6).permutation(600)
    some = {name: values[:600] for name, values in inputs.items()}
    mixed = {name: values[order] for name, values in some.items()}

    plain, shuffled = _drift(small_bundle, reference, some), _drift(small_bundle, reference, mixed)

    assert plain.score == shuffled.score
    assert plain.features == shuffled.features
    assert plain.missing == pytest.approx(shuffled.missing, abs=1e-12)


@given(COUNTS, st.randoms())
def test_L35_the_order_of_bins_changes_nothing(counts: list[int], random: Random) -> None:
    today = [random.randint(0, 500) for _ in counts]
    order = list(range(len(counts)))
    random.shuffle(order)

    assert psi([counts[i] for i in order], [today[i] for i in order]) == pytest.approx(
        psi(counts, today), abs=1e-9
    )


@pytest.mark.parametrize("seed", range(5))
def test_L36_a_planted_shift_of_one_bins_mass_is_found_at_1000(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bins = Bins.of(rng.normal(size=20_000), bins=10)
    today = rng.normal(size=1_000)
    lowest = today < bins.edges[0]
    moved = np.where(lowest, 3.0, today)

    same, shifted = compare(bins.counts, bins.count(today)), compare(bins.counts, bins.count(moved))

    assert same.light == "green"
    assert shifted.psi > shifted.noise
    assert shifted.light in ("amber", "red")


def test_L37_saved_bins_reproduce_the_training_counts(
    reference: DriftReference, small_bundle: Bundle, inputs: dict[str, np.ndarray]
) -> None:
    saved = DriftReference.from_json(json.loads(json.dumps(reference.as_json(), allow_nan=False)))

    assert saved == reference
    n = CLIENTS - WAITING
    assert saved.score.count(inputs["default_probability"]).tolist() == list(saved.score.counts)
    for j, name in enumerate(small_bundle.features):
        assert saved.features[name].count(inputs["matrix"][:, j]).tolist() == list(
            saved.features[name].counts
        )
        assert sum(saved.features[name].counts) == n
    assert sum(saved.opinions.values()) == n
    assert list(saved.opinions) == list(OPINIONS)
    assert (saved.first_reasons["R01"], saved.first_reasons[NO_REASON]) == (300, 50)


def test_the_score_has_ten_bins_of_equal_mass(reference: DriftReference) -> None:
    assert len(reference.score.edges) == 9
    assert reference.score.counts[-1] == 0
    assert max(reference.score.counts[:-1]) - min(reference.score.counts[:-1]) <= 1


@pytest.mark.parametrize("values", [[0, 1], [1] * 12 + [0], [0] * 50 + [1], [2, 2, 2]])
def test_a_value_of_its_own_keeps_its_own_bin(values: list[float]) -> None:
    bins = Bins.of([*values, np.nan], bins=10)

    assert list(bins.counts) == [*np.unique(values, return_counts=True)[1].tolist(), 1]


def test_a_column_that_training_never_had_counts_only_missing_values() -> None:
    bins = Bins.of([np.nan, np.nan], bins=10)

    assert bins.counts == (0, 2)
    assert bins.count([1.0, np.nan]).tolist() == [1, 1]


@given(COUNTS, st.integers(0, 10_000))
def test_the_index_is_the_sum_of_its_formula(counts: list[int], seed: int) -> None:
    today = np.random.default_rng(seed).integers(0, 300, len(counts)).tolist()
    used = [i for i in range(len(counts)) if counts[i] or today[i]]
    p_all, q_all = sum(counts[i] + 0.5 for i in used), sum(today[i] + 0.5 for i in used)

    expected = 0.0
    for i in used:
        p, q = (counts[i] + 0.5) / p_all, (today[i] + 0.5) / q_all
        expected += (q - p) * np.log(q / p)

    assert psi(counts, today) == pytest.approx(expected, abs=1e-10)
    assert psi(counts, today) >= 0


def test_without_drift_one_in_a_hundred_passes_the_noise_line() -> None:
    rng = np.random.default_rng(12)
    above = 0
    for _ in range(3_000):
        reference, today = rng.multinomial(20_000, [0.1] * 10), rng.multinomial(1_000, [0.1] * 10)
        above += psi(reference, today) > noise_line(10, 1_000, 20_000)

    assert 0.004 < above / 3_000 < 0.018


@pytest.mark.parametrize("degrees", [1, 2, 9, 10, 40, 300])
def test_the_quantile_is_that_of_the_chi_square_law(degrees: int) -> None:
    assert chi_square_quantile(0.99, degrees) == pytest.approx(chi2.ppf(0.99, degrees), rel=1e-9)


def test_noise_lines_are_those_of_the_decision() -> None:
    for n, expected in ((200, 0.104), (500, 0.044), (1_000, 0.021), (5_000, 0.004)):
        assert noise_line(10, n, 10**9) == pytest.approx(expected, rel=0.1)


def test_lights_follow_index_noise_and_size() -> None:
    lights = [
        light(0.05, 0.01, 1_000),
        light(AMBER, 0.01, 1_000),
        light(0.11, 0.01, 1_000),
        light(0.11, 0.12, 1_000),
        light(0.26, 0.30, 1_000),
        light(0.26, 0.2, 1_000),
        light(RED, 0.01, 1_000),
        light(9.0, 0.0, FEWEST - 1),
    ]

    assert lights == ["green", "green", "amber", "green", "green", "red", "amber", "grey"]


def test_few_files_are_grey_everywhere(
    small_bundle: Bundle, reference: DriftReference, inputs: dict[str, np.ndarray]
) -> None:
    few = {name: values[: FEWEST - 1] for name, values in inputs.items()}

    found = _drift(small_bundle, reference, few)

    assert {found.score.light, found.data, found.opinions.light} == {"grey"}
    assert {shift.light for shift in found.features.values()} == {"grey"}
    assert found.moved_tables == ()


@pytest.mark.parametrize(("feature", "expected"), [("EXT_SOURCE_2", "red"), ("AMT_INCOME_TOTAL", "green")])
def test_only_features_that_weigh_turn_the_light_of_the_data(
    small_bundle: Bundle,
    reference: DriftReference,
    inputs: dict[str, np.ndarray],
    feature: str,
    expected: str,
) -> None:
    matrix = inputs["matrix"].copy()
    matrix[:, small_bundle.index[feature]] = -1.0

    found = _drift(small_bundle, reference, {**inputs, "matrix": matrix})

    assert reference.weighty == ("R01", "R05")
    assert found.features[feature].light == "red"
    assert found.data == expected


def test_a_table_whose_values_went_missing_is_named(
    small_bundle: Bundle, reference: DriftReference, inputs: dict[str, np.ndarray]
) -> None:
    matrix = inputs["matrix"].copy()
    for j, name in enumerate(small_bundle.features):
        if name.startswith("INSTAL_"):
            matrix[:, j] = np.nan

    found = _drift(small_bundle, reference, {**inputs, "matrix": matrix})

    assert found.moved_tables == ("installments_payments",)
    before = missing_shares(inputs["matrix"], small_bundle.features)["installments_payments"]
    assert found.missing["installments_payments"] == pytest.approx(1 - before)


def test_codes_and_first_reasons_are_compared_where_they_are_given(
    small_bundle: Bundle, reference: DriftReference, inputs: dict[str, np.ndarray]
) -> None:
    sums = np.random.default_rng(0).normal(size=(500, len(CODES)))
    sums[:, CODES.index("R05")] += 2.0
    given = {**inputs, "code_sums": sums, "first_reasons": ["R01"] * 150 + ["R05"] * 300 + [NO_REASON] * 50}

    without, found = (_drift(small_bundle, reference, some) for some in (inputs, given))

    assert (without.codes, without.first_reasons) == ({}, None)
    assert found.codes["R05"].light == "red"
    assert {shift.psi for code, shift in found.codes.items() if code != "R05"} == {0.0}
    assert found.first_reasons == compare([300, 150, 50], [150, 300, 50])
    assert found.first_reasons.light == "red"


def test_weighty_codes_are_the_fewest_that_make_95_percent() -> None:
    assert weighty_codes({"R01": 50, "R02": 45, "R03": 5}) == ("R01", "R02")
    assert weighty_codes({"R01": 50, "R02": 44, "R03": 6}) == ("R01", "R02", "R03")
    assert weighty_codes({"R01": 0.0}) == ()
