"""Spark: a small picture of the portfolio with two places on it."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.charts import spark
from dash_app.ui.tokens import COLOURS

EDGES = [0.0, 1.0, 5.0, 20.0, 100.0]


def picture(d):
    source = spark.source(d)
    assert source.startswith("data:image/svg+xml,")
    return ElementTree.fromstring(unquote(source.removeprefix("data:image/svg+xml,")))


def test_picture_is_well_formed_and_holds_a_bar_a_bin():
    root = picture(spark.data([1, 5, 3], 0.2, 0.5))

    assert len([child for child in root if child.tag.endswith("rect")]) == 3


def test_picture_holds_the_colours_of_both_themes():
    source = spark.svg(spark.data([1, 2], 0.5, None))

    assert COLOURS["light"]["c-all-soft"] in source
    assert "prefers-color-scheme:dark" in source
    assert COLOURS["dark"]["c-all-soft"] in source


def test_accepted_median_is_dashed_where_there_is_one():
    assert 'class="r"' in spark.svg(spark.data([1, 2], 0.5, 0.4))
    assert 'class="r"' not in spark.svg(spark.data([1, 2], 0.5, None))


@given(st.floats(-50, 150), st.floats(-50, 150))
def test_place_rises_with_the_value_and_stays_on_the_axis(first, second):
    low, high = sorted((first, second))

    assert 0.0 <= spark.place(EDGES, low) <= spark.place(EDGES, high) <= 1.0


def test_each_bin_has_the_same_width():
    assert spark.place(EDGES, 12.5) == pytest.approx(0.625)


def test_turned_picture_is_the_mirror():
    turned = spark.data([1, 2, 3], 0.2, 0.6).turned()

    assert turned.counts == (3, 2, 1)
    assert (turned.value, turned.reference) == pytest.approx((0.8, 0.4))
