"""Position: shares of all files, default rates of those with a known outcome, missing apart."""

from __future__ import annotations

import pytest

from dash_app.charts import position
from dash_app.charts.template import LIGHT
from model.score_tables import wilson
from tests.unit.chart_samples import position_data


def test_bars_are_shares_of_all_files_missing_included():
    d = position_data()

    shares = position.figure(d, "fr")["data"][0]["y"]

    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] == pytest.approx(400 / d.total)


def test_rates_are_of_known_outcomes_with_their_wilson_intervals():
    rates = position.figure(position_data(), "fr")["data"][1]

    low, high = wilson(40, 300)
    assert rates["y"][0] == pytest.approx(40 / 300)
    assert rates["y"][0] - rates["error_y"]["arrayminus"][0] == pytest.approx(low)
    assert rates["y"][0] + rates["error_y"]["array"][0] == pytest.approx(high)


def test_rate_on_too_few_files_is_neither_drawn_nor_written():
    d = position_data()

    assert 9.0 not in position.figure(d, "fr")["data"][1]["x"]
    assert position.table(d, "fr").rows[9][3] == "trop peu de dossiers"


def test_missing_column_is_apart_hatched_and_never_joined_by_the_line():
    bars, line, missing = position.figure(position_data(), "fr")["data"]

    assert bars["x"][-1] - bars["x"][-2] == 1.5
    assert bars["marker"]["pattern"]["shape"] == [""] * 10 + ["/"]
    assert missing["x"] == [bars["x"][-1]]
    assert bars["x"][-1] not in line["x"]


def test_bin_of_this_file_is_ink_and_labelled():
    figure = position.figure(position_data(here=1), "fr", look=LIGHT)

    assert figure["data"][0]["marker"]["color"][1] == LIGHT("c-me")
    assert "Ce dossier" in [a["text"] for a in figure["layout"]["annotations"]]


def test_sentence_gives_share_rate_interval_and_mean():
    words = position.sentence(position_data(), "en")

    assert words.startswith("Ancienneté dans l’emploi: 8 mois. 8.7% of files are in the same bin; 11.9%")
    assert "on average" in words


def test_table_holds_the_same_numbers_as_the_picture():
    d = position_data()

    table = position.table(d, "en")

    assert [int(row[1]) for row in table.rows] == [b.files for b in (*d.bins, d.missing)]
    assert table.selected == 1


def test_column_without_missing_values_is_left_out():
    d = position_data()._replace(missing=None)

    assert len(position.figure(d, "fr")["data"][0]["x"]) == 10


def test_rows_carry_the_same_figures_as_columns():
    upright, across = position_data(), position_data(across=True)

    turned = position.figure(across, "fr")["data"]
    assert turned[0]["x"] == position.figure(upright, "fr")["data"][0]["y"]
    assert turned[0]["orientation"] == "h"
    assert turned[1]["x"] == position.figure(upright, "fr")["data"][1]["y"]


@pytest.mark.parametrize("narrow", [False, True])
def test_mean_is_written_where_no_rate_can_lie(narrow):
    labels = position.figure(position_data(), "fr", narrow=narrow)["layout"]["annotations"]

    mean = [label for label in labels if "moyenne" in label["text"]]
    assert [label["yref"] for label in mean] == ["paper"]
