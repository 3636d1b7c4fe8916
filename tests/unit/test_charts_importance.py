"""Importance: the largest first, the chosen one always seen."""

from __future__ import annotations

import pytest

from dash_app.charts import importance
from dash_app.charts.template import LIGHT
from tests.unit.chart_samples import importance_data


def test_bars_fall_from_the_largest():
    means = importance.figure(importance_data(), "fr")["data"][0]["x"]

    assert means == sorted(means, reverse=True)
    assert len(means) == importance.DRAWN


def test_chosen_bar_is_violet_and_drawn_even_when_it_is_far_down():
    figure = importance.figure(importance_data("R24"), "fr", look=LIGHT)

    bars = figure["data"][0]
    assert bars["customdata"][-1][0] == "R24"
    assert bars["marker"]["color"] == [LIGHT("c-all")] * 15 + [LIGHT("accent")]


def test_spread_over_the_folds_surrounds_the_mean():
    bars = importance.figure(importance_data(), "fr")["data"][0]

    assert bars["x"][0] + bars["error_x"]["array"][0] == pytest.approx(3.3)
    assert bars["x"][0] - bars["error_x"]["arrayminus"][0] == pytest.approx(2.8)


def test_what_is_not_drawn_is_counted_and_weighed():
    d = importance_data()

    count, weight = importance.rest(d)

    assert count == 24 - importance.DRAWN
    assert weight == pytest.approx(sum(3 / i for i in range(16, 25)))


def test_table_lists_every_bar():
    table = importance.table(importance_data(), "en")

    assert len(table.rows) == 24
    assert table.rows[0] == ("Code 1", "Thème", "3.00", "2.80 to 3.30")
    assert table.selected == 2
