"""Waterfall: what is drawn and written adds up, in displayed figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.charts import waterfall
from tests.unit.chart_samples import BASE, PARTS, waterfall_data

small = st.floats(-0.02, 0.02, allow_nan=False)


@given(st.lists(small, min_size=1, max_size=41), st.sampled_from([1, 2]))
def test_l16_bars_lead_from_the_displayed_base_to_the_displayed_probability(effects, digits):
    base = 0.9 if sum(effects) < 0 else 0.05
    parts = [waterfall.Part(f"R{i:02}", f"Code {i}", effect) for i, effect in enumerate(effects)]
    d = waterfall.data(
        parts,
        base=base,
        default_probability=base + sum(effects),
        cut_off=1 / 11,
        digits=digits,
        kind="code",
    )

    rows = waterfall.figure(d, "fr")["data"][0]
    ends = [start + length for start, length in zip(rows["base"], rows["x"], strict=True)]

    assert ends[-1] == pytest.approx(d.total)
    assert ends[-2] == pytest.approx(d.total)
    assert d.base + sum(step.points for step in d.every) == pytest.approx(d.total)
    assert sum(step.points for step in d.steps) + d.rest == pytest.approx(d.total - d.base)


def test_bars_raise_first_each_side_by_size():
    steps = waterfall_data().steps

    assert [step.name for step in steps] == ["R01", "R11", "R34", "R05", "R04"]


def test_few_bars_are_drawn_on_each_side_and_the_others_are_one():
    parts = tuple(waterfall.Part(f"R{i:02}", f"Code {i}", 0.002 + i / 1e5) for i in range(20))

    d = waterfall_data(parts)

    assert len(d.steps) == waterfall.RAISING
    assert d.others == 20 - waterfall.RAISING
    assert "12 autres codes" in [a["text"] for a in waterfall.figure(d, "fr")["layout"]["annotations"]]


def test_summand_below_half_a_displayed_unit_is_never_a_bar():
    d = waterfall_data()

    assert {step.name for step in d.steps} <= {
        part.name for part in PARTS if abs(part.contribution) >= 0.0005
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "3,5 + 8,4 − 1,2 = 10,7\u00a0%"), ("en", "3.5 + 8.4 − 1.2 = 10.7%")],
)
def test_written_sum_is_that_of_the_bars(language, words):
    assert waterfall.written_sum(waterfall_data(), language) == words


def test_table_holds_the_bars_and_says_how_many_it_sums():
    d = waterfall_data()

    rows = waterfall.table(d, "fr").rows

    assert len(rows) == len(d.steps) + 3
    assert rows[-2] == ("12 autres codes", "", "+0,1\u00a0pt")
    assert len(waterfall.table(d, "fr", whole=True).rows) == len(PARTS) + 2


def test_figures_near_a_bound_have_two_decimals_everywhere():
    d = waterfall_data(digits=2)

    assert waterfall.table(d, "fr").rows[0][2] == "3,52\u00a0%"
    assert d.base == pytest.approx(round(100 * BASE, 2))


def test_hover_names_the_value_of_the_file():
    hover = waterfall.figure(waterfall_data(), "fr")["data"][0]["customdata"]

    assert hover[2] == "Ancienneté dans l’emploi\u00a0: 8 mois, +1,8\u00a0point"


def test_raising_is_orange_and_lowering_blue():
    from dash_app.charts.template import LIGHT

    colours = waterfall.figure(waterfall_data(), "fr", look=LIGHT)["data"][0]["marker"]["color"]

    assert colours[1] == LIGHT("unf-fill")
    assert colours[4] == LIGHT("fav-fill")
    assert colours[-1] == LIGHT("c-me")


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [
        ("fr", "Client accepté type\u00a0: 3,5\u00a0%", "Ce dossier\u00a0: 10,7\u00a0%"),
        ("en", "Typical accepted client: 3.5%", "This file: 10.7%"),
    ],
)
def test_hover_of_the_totals_is_written_as_the_language_does(language, first, last):
    hover = waterfall.figure(waterfall_data(), language)["data"][0]["customdata"]

    assert (hover[0], hover[-1]) == (first, last)


@pytest.mark.parametrize(("digits", "words"), [(1, "Seuil 9,1\u00a0%"), (2, "Seuil 9,09\u00a0%")])
def test_cut_off_has_as_many_decimals_as_the_bars(digits, words):
    d = waterfall.data(
        PARTS, base=BASE, default_probability=0.124, cut_off=1 / 11, digits=digits, kind="code"
    )

    assert words in [label["text"] for label in waterfall.figure(d, "fr")["layout"]["annotations"]]


@given(st.lists(small, min_size=1, max_size=41))
def test_l16_written_sum_of_the_whole_table_adds_its_rows(effects):
    parts = [waterfall.Part(f"R{i:02}", f"Code {i}", effect) for i, effect in enumerate(effects)]
    d = waterfall.data(
        parts, base=0.9, default_probability=0.9 + sum(effects), cut_off=1 / 11, digits=1, kind="code"
    )

    up, down = waterfall._sums(d, whole=True)

    assert up == pytest.approx(sum(step.points for step in d.every if step.points > 0))
    assert d.base + up - down == pytest.approx(d.total)
