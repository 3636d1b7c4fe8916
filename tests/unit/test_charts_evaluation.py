"""Calibration and cost: the bins and the curve of the evaluation, told as they are."""

from __future__ import annotations

import pytest

from dash_app.charts import calibration, cost
from tests.unit.chart_samples import calibration_data, cost_data


def test_bins_rise_with_the_probability():
    predicted = [one.predicted for one in calibration_data().bins]

    assert predicted == sorted(predicted)


def test_the_sentence_counts_the_bins_whose_interval_holds_the_probability():
    d = calibration_data()
    moved = d._replace(bins=(d.bins[0]._replace(low=0.5, high=0.6), *d.bins[1:]))

    holding = sum(one.low <= one.predicted <= one.high for one in d.bins)
    assert calibration.sentence(d, "en").startswith(f"In {holding} bins of 15")
    assert calibration.sentence(moved, "en").startswith(f"In {holding - 1} bins of 15")


def test_costs_are_counted_in_good_clients_refused():
    d = cost_data()
    i = min(range(len(d.at)), key=lambda j: abs(d.at[j] - 0.1))

    bad, good = int(800 * (1 - d.at[i]) ** 6), int(9_200 * (1 - d.at[i]) ** 16)
    assert d.cost[i] == pytest.approx(1_000 * (10 * (800 - bad) + good) / 10_000)
    assert d.acceptance[i] == pytest.approx(1 - (bad + good) / 10_000)


def test_the_grey_band_holds_the_optimum_and_costs_at_most_one_percent_more():
    d = cost_data()
    first, last = d.flat

    assert first <= d.at[d.best] <= last
    inside = [c for at, c in zip(d.at, d.cost, strict=True) if first <= at <= last]
    assert max(inside) <= 1.01 * min(d.cost)


def test_a_high_cutoff_is_still_on_the_axis():
    d = cost_data(0.4)

    assert d.at[-1] > 0.4
    assert cost.figure(d, "fr")["layout"]["xaxis"]["range"][1] > 0.4
