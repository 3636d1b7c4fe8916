"""Dependence: line, band and sample of present values; missing values apart."""

from __future__ import annotations

import pytest

from dash_app.charts import dependence
from tests.unit.chart_samples import dependence_data, write


def test_line_and_band_are_the_effects_by_value():
    low, high, _, line, *_ = dependence.figure(dependence_data(), "fr", write)["data"]

    assert line["y"][0] == 2.0
    assert (low["y"][0], high["y"][0]) == (1.6, 2.5)
    assert high["fill"] == "tonexty"


def test_missing_column_is_hatched_left_of_the_values_and_never_joined():
    figure = dependence.figure(dependence_data(), "fr", write)
    line, column, dot = figure["data"][3:]

    assert column["marker"]["pattern"]["shape"] == "/"
    assert column["x"][0] < min(line["x"])
    assert dot["y"] == [-0.8]
    assert column["x"][0] not in line["x"]
    assert figure["layout"]["xaxis"]["ticktext"][0] == "sans emploi salarié"


def test_values_without_an_effect_are_left_out():
    d = dependence_data(line=[(0.0, 1.0, 0.5, 1.5, 10), (1.0, float("nan"), 0.0, 0.0, 0)])

    assert d.at == (0.0,)


@pytest.mark.parametrize(
    ("direction", "words"),
    [(-1, "never raises the risk"), (1, "never lowers the risk"), (0, "No direction is imposed")],
)
def test_sentence_tells_the_direction_imposed(direction, words):
    assert words in dependence.sentence(dependence_data(direction=direction), "en", write)


def test_sentence_tells_the_extremes_and_the_missing():
    words = dependence.sentence(dependence_data(), "fr", write)

    assert "+2,00\u00a0points (0 ans)" in words
    assert "18,0\u00a0% des dossiers" in words


def test_table_starts_with_the_missing_files():
    table = dependence.table(dependence_data(), "en", write)

    assert table.rows[0][0] == "sans emploi salarié"
    assert table.rows[0][3] == "18.0%"
    assert len(table.rows) == 13


def test_categories_are_rows_with_an_interval():
    d = dependence_data(
        labels=("Supérieur", "Secondaire"),
        line=[(0.0, -0.2, -0.5, 0.1, 40), (1.0, 0.3, 0.1, 0.6, 160)],
        sample=(),
    )

    dots = dependence.figure(d, "fr", write)["data"][0]

    assert dots["x"] == [-0.2, 0.3, -0.8]
    assert dots["error_x"]["array"][0] == pytest.approx(0.3)
