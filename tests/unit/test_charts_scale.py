"""Scale: one axis from 0 to 30 %, the file on it whatever its probability."""

from __future__ import annotations

import pytest

from dash_app.charts import scale
from tests.unit.chart_samples import scale_data


def client(figure):
    return figure["data"][1]


def label(figure, start):
    return next(a for a in figure["layout"]["annotations"] if a["text"].startswith(start))


def test_bars_are_the_counts_of_half_a_point():
    d = scale_data()

    bars = scale.figure(d, "fr")["data"][0]

    assert bars["y"] == [bin.files for bin in d.bins]
    assert bars["x"][:2] == [0.25, 0.75]
    assert bars["customdata"][18] == "9,0 à 9,5 %\u00a0: 540 dossiers, 8,3\u00a0% en défaut".replace(
        "9,5 %", "9,5\u00a0%"
    )


def test_interval_of_the_nearest_scores_surrounds_the_file():
    marker = client(scale.figure(scale_data(), "fr"))

    assert marker["x"][0] - marker["error_x"]["arrayminus"][0] == pytest.approx(9.7)
    assert marker["x"][0] + marker["error_x"]["array"][0] == pytest.approx(16.0)


def test_probability_above_thirty_per_cent_sits_on_the_right_end_with_its_figure():
    figure = scale.figure(scale_data(0.47, interval=(0.4, 0.55)), "fr")

    assert client(figure)["x"] == [30.0]
    assert label(figure, "Ce dossier")["text"] == "Ce dossier 47,0\u00a0%"
    assert label(figure, "Ce dossier")["xanchor"] == "right"
    assert label(figure, "≥")["xanchor"] == "right"


@pytest.mark.parametrize(
    ("pd", "file", "cut_off"),
    [(0.031, "left", "left"), (0.0887, "right", "left"), (0.1243, "left", "right"), (0.27, "right", "right")],
)
def test_labels_of_the_file_and_of_the_cut_off_keep_apart(pd, file, cut_off):
    figure = scale.figure(scale_data(pd), "fr")

    assert label(figure, "Ce dossier")["xanchor"] == file
    assert label(figure, "Seuil")["xanchor"] == cut_off


def test_zones_meet_at_the_bounds_of_the_review_zone():
    zones = [s for s in scale.figure(scale_data(), "fr")["layout"]["shapes"] if s["type"] == "rect"]

    assert [round(z["x1"], 2) for z in zones] == [7.92, 10.41, 30.0]


def test_probability_near_a_bound_is_written_with_two_decimals():
    assert "9,12\u00a0%" in scale.sentence(scale_data(0.0912), "fr")


def test_table_holds_every_file():
    d = scale_data()

    table = scale.table(d, "en")

    total = sum(bin.files for bin in d.bins) + d.beyond.files
    assert sum(int(row[1].replace(",", "")) for row in table.rows) == total
    assert table.rows[table.selected][0] == "12.0 to 14.0%"


@pytest.mark.parametrize(("share", "words"), [(0.8, "riskier than 80%"), (0.31, "safer than 69%")])
def test_rank_says_the_larger_side(share, words):
    assert words in scale.rank(scale_data(share_below=share), "en")


def test_sixty_one_bins_are_demanded():
    with pytest.raises(ValueError, match="60 bins"):
        scale.data(
            [1], [0], default_probability=0.1, cut_off=0.1, zone=(0, 1), interval=(0, 1), share_below=0
        )
