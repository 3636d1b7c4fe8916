"""Each row of the table of numbers, in both languages, to the exact space and sign."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import locale
from model.dictionary import UNITS

NB = "\u00a0"
NN = "\u202f"
MINUS = "\u2212"

probabilities = st.floats(0, 1)


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (0.124, f"12,4{NB}%", "12.4%"),
        (0.1, f"10,0{NB}%", "10.0%"),
        (0.00099, f"<{NB}0,1{NB}%", f"<{NB}0.1%"),
        (0.001, f"0,1{NB}%", "0.1%"),
    ],
)
def test_a_probability_has_one_decimal_and_never_reads_zero(value: float, french: str, english: str) -> None:
    assert locale.probability(value, "fr") == french
    assert locale.probability(value, "en") == english


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0909, f"9,09{NB}%"), (0.0912, f"9,12{NB}%"), (0.0920, f"9,2{NB}%")]
)
def test_close_to_a_bound_a_probability_has_two_decimals(value: float, expected: str) -> None:
    assert locale.probability(value, "fr", (0.0791, 1 / 11, 0.104)) == expected


@pytest.mark.parametrize(
    ("value", "currency", "french", "english"),
    [
        (31500, "EUR", f"31{NN}500{NB}€", "€31,500"),
        (1234.5, "EUR", f"1{NN}234,50{NB}€", "€1,234.50"),
        (-31500, "EUR", f"{MINUS}31{NN}500{NB}€", f"{MINUS}€31,500"),
        (31500, "", f"31{NN}500", "31,500"),
        (31500, "RUB", f"31{NN}500{NB}RUB", f"RUB{NB}31,500"),
        (0, "EUR", f"0{NB}€", "€0"),
        (-0.001, "EUR", f"0{NB}€", "€0"),
        (2.675, "EUR", f"2,68{NB}€", "€2.68"),
    ],
)
def test_money_has_cents_only_when_it_needs_them(
    value: float, currency: str, french: str, english: str
) -> None:
    assert locale.money(value, "fr", currency) == french
    assert locale.money(value, "en", currency) == english


@pytest.mark.parametrize(
    ("value", "short", "signed", "french", "english"),
    [
        (3.3, False, True, f"+3,3{NB}points", f"+3.3{NB}points"),
        (-1.5, True, True, f"{MINUS}1,5{NB}pt", f"{MINUS}1.5{NB}pts"),
        (0.2, False, False, f"0,2{NB}point", f"0.2{NB}points"),
        (2.0, False, True, f"+2,0{NB}points", f"+2.0{NB}points"),
        (1.96, False, True, f"+2,0{NB}points", f"+2.0{NB}points"),
        (1.94, False, True, f"+1,9{NB}point", f"+1.9{NB}points"),
        (-0.04, False, True, f"0,0{NB}point", f"0.0{NB}points"),
    ],
)
def test_points_agree_with_the_figure_that_is_written(
    value: float, short: bool, signed: bool, french: str, english: str
) -> None:
    assert locale.points(value, "fr", signed=signed, short=short) == french
    assert locale.points(value, "en", signed=signed, short=short) == english


@pytest.mark.parametrize(
    ("value", "french", "english"), [(506, "506", "506"), (20000, f"20{NN}000", "20,000")]
)
def test_a_cost_is_a_bare_number(value: int, french: str, english: str) -> None:
    assert locale.number(value, "fr") == french
    assert locale.number(value, "en") == english


@pytest.mark.parametrize(
    ("days", "french", "english"),
    [
        (-243, f"8{NB}mois", f"8{NB}months"),
        (-1644, f"4{NB}ans et 6{NB}mois", f"4{NB}years 6{NB}months"),
        (-1885, f"5{NB}ans et 2{NB}mois", f"5{NB}years 2{NB}months"),
        (-1826, f"5{NB}ans", f"5{NB}years"),
        (700, f"23{NB}mois", f"23{NB}months"),
        (731, f"2{NB}ans", f"2{NB}years"),
        (12, f"12{NB}jours", f"12{NB}days"),
        (1, f"1{NB}jour", f"1{NB}day"),
        (0, f"0{NB}jour", f"0{NB}days"),
        (31, f"1{NB}mois", f"1{NB}month"),
    ],
)
def test_a_duration_is_months_under_two_years(days: float, french: str, english: str) -> None:
    assert locale.duration(days, "fr") == french
    assert locale.duration(days, "en") == english


def test_a_moment_is_written_in_words() -> None:
    moment = datetime(2026, 11, 24, 9, 14)
    assert locale.when(moment, "fr") == f"24 nov. 2026 à 9{NB}h{NB}14"
    assert locale.when(moment, "en") == "24 Nov 2026, 09:14"


def test_a_moment_can_be_told_in_another_zone() -> None:
    moment = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert locale.when(moment, "en", zone=timezone(timedelta(hours=1))) == "25 Nov 2026, 00:30"


def test_an_interval_names_the_unit_once() -> None:
    assert locale.interval(0.097, 0.16, "fr") == f"9,7 à 16,0{NB}%"
    assert locale.interval(0.097, 0.16, "en") == "9.7 to 16.0%"


def test_an_identifier_is_cut_by_three_without_a_comma() -> None:
    assert locale.identifier(412087) == f"412{NN}087"
    assert locale.identifier(87) == "87"


@pytest.mark.parametrize(
    ("value", "unit", "french", "english"),
    [
        (31500.0, "money", f"31{NN}500{NB}€", "€31,500"),
        (1434.567, "money", f"1{NN}435{NB}€", "€1,435"),
        (24700.5, "money", f"24{NN}701{NB}€", "€24,701"),
        (24701.5, "money", f"24{NN}702{NB}€", "€24,702"),
        (-24700.5, "money", f"{MINUS}24{NN}701{NB}€", f"{MINUS}€24,701"),
        (-243.0, "days", f"8{NB}mois", f"8{NB}months"),
        (700.0, "ahead", f"dans 23{NB}mois", f"in 23{NB}months"),
        (-700.0, "ahead", f"il y a 23{NB}mois", f"23{NB}months ago"),
        (1.3, "delay", f"1,3{NB}jour", f"1.3{NB}days"),
        (45.0, "delay", f"45{NB}jours", f"45{NB}days"),
        (-12_000.0, "age", f"32{NB}ans", f"32{NB}years"),
        (10.0, "hour", f"10{NB}h", "10:00"),
        (10.46, "hour", f"10,5{NB}h", f"10.5{NB}h"),
        (12.0, "years", f"12{NB}ans", f"12{NB}years"),
        (-7.0, "months", f"7{NB}mois", f"7{NB}months"),
        (3.0, "count", "3", "3"),
        (2.5, "count", "2,5", "2.5"),
        (1.05, "share", f"105{NB}%", "105%"),
        (0.1, "share", f"10,0{NB}%", "10.0%"),
        (1.207, "ratio", "1,21", "1.21"),
        (0.2094, "score", "0,21", "0.21"),
        (1.0, "flag", "oui", "yes"),
        (0.0, "flag", "non", "no"),
        (1.0, "instalments", f"1{NB}échéance", f"1{NB}instalment"),
        (12.0, "instalments", f"12{NB}échéances", f"12{NB}instalments"),
        (0.018801, "number", "0,0188", "0.0188"),
        (1234.5, "number", f"1{NN}234", "1,234"),
    ],
)
def test_a_value_is_rounded_for_reading_in_its_unit(
    value: float, unit: str, french: str, english: str
) -> None:
    assert locale.value(value, unit, "fr", "EUR") == french
    assert locale.value(value, unit, "en", "EUR") == english


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_missing_value_is_words_in_every_unit(unit: str, missing: float | None) -> None:
    assert locale.value(missing, unit, "fr") == "non renseigné"
    assert locale.value(missing, unit, "en") == "not given"


@settings(max_examples=60, deadline=None)
@given(value=st.floats(-1e9, 1e9), unit=st.sampled_from(UNITS), language=st.sampled_from(locale.LANGUAGES))
def test_no_figure_leaks_a_hyphen_or_the_other_language(value: float, unit: str, language: str) -> None:
    text = locale.value(value, unit, language, "EUR")
    assert "-" not in text
    assert "nan" not in text
    assert not text.startswith(f"{MINUS}0{NB}")
    if language == "fr":
        assert "." not in text


@settings(max_examples=60, deadline=None)
@given(low=probabilities, high=probabilities)
def test_written_probabilities_keep_their_order(low: float, high: float) -> None:
    low, high = sorted((low, high))
    written = [locale.percent(x, "en") for x in (low, high)]
    assert float(written[0].rstrip("%").replace(",", "")) <= float(written[1].rstrip("%").replace(",", ""))
