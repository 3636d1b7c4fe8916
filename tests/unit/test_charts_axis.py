"""Axis: days before the application read as time passed, bins in words."""

from __future__ import annotations

import numpy as np
import pytest

from dash_app.charts import axis
from model.population import FeatureBins, numeric_bins

KNOWN = np.zeros(1000)


def seniority() -> FeatureBins:
    days = -np.linspace(20, 9000, 1000)
    days[:100] = np.nan
    return numeric_bins("DAYS_EMPLOYED", days, KNOWN, days=True)


def categories() -> FeatureBins:
    return FeatureBins(
        "NAME_EDUCATION_TYPE", "category", (), (), ("Higher education", "Lower secondary"), None, None,
        (10, 40, 3), (9, 30, 2), (1, 2, 0),
    )  # fmt: skip


def test_days_before_the_application_run_from_recent_to_old():
    drawn = axis.binned(seniority(), "fr", "")

    assert drawn.bins[0].label.startswith("moins de ")
    assert drawn.bins[-1].label.endswith(" et plus")
    assert drawn.missing.label == "sans emploi salarié"
    assert drawn.missing.files == 100


def test_place_of_a_file_follows_its_bin_when_the_axis_is_turned():
    bins = seniority()
    drawn = axis.binned(bins, "fr", "")

    assert drawn.here(bins.bin_of(-25.0)) == 0
    assert drawn.here(bins.bin_of(-8990.0)) == len(drawn.bins) - 1
    assert drawn.here(bins.bin_of(None)) == len(drawn.bins)


def test_long_spans_of_days_are_drawn_in_years():
    scale = axis.axis_of(seniority(), "")

    assert scale.place(-365.25) == pytest.approx(1.0)
    assert scale.write(2.0, "en") == "2\u00a0years"


def test_amounts_are_short_under_the_axis_and_whole_in_words():
    bins = numeric_bins("AMT_CREDIT", np.linspace(10_000, 500_000, 1000), KNOWN)

    first = axis.binned(bins, "fr", "EUR").bins[1]

    assert first.tick.endswith("\u00a0k€")
    assert first.label.count("€") == 2


def test_categories_come_by_falling_number_of_files_as_rows():
    drawn = axis.binned(categories(), "en", "")

    assert [b.files for b in drawn.bins] == [40, 10]
    assert drawn.across
    assert drawn.here(0) == 1
    assert drawn.here(2) == 2


def test_spark_keeps_the_files_of_the_bins():
    bins = numeric_bins("EXT_SOURCE_2", np.linspace(0, 1, 1000), KNOWN)

    files, cuts = axis.spark_bars(bins)

    assert len(files) == len(cuts) - 1 == 24
    assert sum(files) == pytest.approx(1000, abs=24)
