"""Out-of-fold tables: intervals of the nearest scores, percentiles, grades, scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.bundle import Bundle
from model.calibration import BetaCalibration
from model.policy import Policy
from model.score_tables import (
    Disagreement,
    IntervalTable,
    Scale,
    grade_table,
    percentile,
    percentile_table,
    wilson,
)

seeds = st.integers(0, 10_000)


def scores(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margins = np.round(rng.normal(-2.5, 1.0, n), 2)  # rounded, so that ties occur
    return margins, (rng.random(n) < 1 / (1 + np.exp(-margins))).astype(int)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_L7_wilson_bounds_enclose_the_observed_share(n: int, share: float) -> None:
    events = round(share * n)

    bounds = wilson(events, n)

    assert 0 <= bounds.low <= events / n <= bounds.high <= 1


@given(st.integers(1, 40), st.integers(0, 40), st.integers(2, 30))
def test_L7_the_interval_shrinks_as_more_clients_share_the_rate(n: int, events: int, times: int) -> None:
    events = min(events, n)
    few, many = wilson(events, n), wilson(events * times, n * times)

    assert many.high - many.low < few.high - few.low


def test_wilson_of_a_published_example() -> None:
    low, high = wilson(53, 425)

    assert (round(low, 3), round(high, 3)) == (0.097, 0.160)


@given(seeds, st.floats(-8, 4), st.sampled_from([1, 7, 50, 199]))
def test_L7_the_window_holds_the_k_nearest_margins(seed: int, margin: float, k: int) -> None:
    margins, outcomes = scores(seed, 200)
    table = IntervalTable.of(margins, outcomes)

    interval = table.interval(margin, neighbours=k)

    nearest = np.sort(np.abs(margins - margin))[:k]
    start = table._window(margin, k)
    assert np.sort(np.abs(table.margins[start : start + k] - margin)) == pytest.approx(nearest, abs=1e-12)
    assert interval.low <= interval.observed <= interval.high
    assert (interval.n, interval.level) == (k, 0.95)


@given(seeds, seeds, st.floats(-8, 4))
def test_the_order_of_the_clients_does_not_matter(seed: int, shuffle: int, margin: float) -> None:
    margins, outcomes = scores(seed, 400)
    order = np.random.default_rng(shuffle).permutation(400)

    one, other = IntervalTable.of(margins, outcomes), IntervalTable.of(margins[order], outcomes[order])

    assert one.interval(margin) == other.interval(margin)


@pytest.mark.parametrize(
    ("clients", "neighbours"), [(150, 150), (4_000, 200), (20_000, 500), (42_285, 1000), (307_511, 1000)]
)
def test_neighbours_are_a_fortieth_of_the_clients_within_200_and_1000(clients: int, neighbours: int) -> None:
    table = IntervalTable(np.zeros(clients), np.zeros(clients + 1, dtype=np.int64))

    assert table.neighbours == neighbours


def test_the_interval_of_a_bundle_counts_its_own_clients(small_bundle: Bundle) -> None:
    table = small_bundle.intervals

    everyone = table.interval(-2.0, neighbours=len(table.margins))

    assert everyone.observed == pytest.approx(154 / 1700)


@given(st.lists(st.floats(0.001, 0.999), min_size=3, max_size=300), st.floats(0, 1), st.floats(0, 1))
def test_percentile_rises_with_the_probability_and_stays_within_0_and_100(
    drawn: list[float], one: float, other: float
) -> None:
    table = percentile_table(drawn)
    low, high = sorted((one, other))

    assert 0 <= percentile(table, low) <= percentile(table, high) <= 100


def test_percentile_of_a_uniform_score_is_the_score() -> None:
    table = percentile_table(np.linspace(0, 1, 10_001))

    for probability in (0.0, 0.0314, 0.5, 0.9999, 1.0):
        assert percentile(table, probability) == pytest.approx(probability * 100, abs=0.01)


def test_percentile_outside_the_table_is_0_or_100() -> None:
    table = percentile_table([0.2, 0.3, 0.4])

    assert (percentile(table, 0.1), percentile(table, 0.5)) == (0.0, 100.0)


def test_L40_grades_partition_the_clients_and_rates_rise(small_bundle: Bundle) -> None:
    rows = small_bundle.grades

    assert "".join(row.grade for row in rows) == "ABCDEFG"
    assert sum(row.n for row in rows) == 1700
    assert sum(row.share for row in rows) == pytest.approx(1.0)
    means = [row.mean_pd for row in rows if row.mean_pd is not None]
    assert means == sorted(means)
    accepted = sum(row.defaults for row in rows[:4]) / sum(row.n for row in rows[:4])
    refused = sum(row.defaults for row in rows[4:]) / sum(row.n for row in rows[4:])
    assert accepted < refused


def test_an_empty_grade_has_no_rate() -> None:
    rows = grade_table([0.05, 0.06], [0, 1], Policy.theoretical())

    assert [(row.n, row.observed) for row in rows if row.n == 0] == [(0, None)] * 6


def test_the_scale_counts_half_points_and_the_rest_apart() -> None:
    scale = Scale.of([0.0, 0.0049, 0.005, 0.2999, 0.30, 0.8], [0, 1, 0, 1, 0, 1])

    assert (scale.counts[0], scale.counts[1], scale.counts[59], scale.counts[60]) == (2, 1, 1, 2)
    assert (scale.defaults[0], scale.defaults[60]) == (1, 1)
    assert sum(scale.counts) == 6
    assert scale.edges[59] == pytest.approx(0.295)


def test_tables_of_a_bundle_use_its_calibration(small_bundle: Bundle) -> None:
    probabilities = small_bundle.calibration.probability(small_bundle.intervals.margins)

    assert isinstance(small_bundle.calibration, BetaCalibration)
    assert small_bundle.scale == Scale.of(probabilities, np.diff(small_bundle.intervals.cumulated))


DISAGREEMENT = Disagreement(distances=(0.0, 0.1, 0.5), n=(40, 100, 900), share=(0.32, 0.11, 0.004), models=5)


@pytest.mark.parametrize(
    ("probability", "models"),
    [(1 / 11, 2), (0.093, 2), (0.105, 1), (0.075, 1), (0.30, 0), (0.01, 0)],
)
def test_models_against_are_counted_by_the_distance_to_the_cut_off_on_either_side(
    probability: float, models: int
) -> None:
    assert DISAGREEMENT.against(probability, 1 / 11) == models
