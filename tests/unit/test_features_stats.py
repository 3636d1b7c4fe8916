"""Each statistic: its SQL form and its Python form give the same bits, whatever the order of rows."""

from __future__ import annotations

import math
import random
import statistics as textbook
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.features.expression import Kind
from model.features.stats import (
    COARSE,
    FINE,
    SHARE_STATISTICS,
    STATISTICS,
    Operand,
    coarse,
    fine,
    scaled_sql,
)

KINDS: tuple[Kind, ...] = ("int", "money", "real")
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "int": st.integers(-50_000, 50_000) | st.sampled_from([365243, 0]),
    "money": st.integers(-(10**12), 10**12),
    "real": st.floats(-1e9, 1e9) | st.floats(-2, 2) | st.sampled_from([0.0, -0.0, 1e6, -1e6, 1e-13]),
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[Kind, list[Any]]:
    kind = draw(st.sampled_from(KINDS))
    return kind, draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=60))


def by_sql(kind: Kind, values: list[Any], rows: str = "count(*)") -> dict[str, float | None]:
    numbers = pa.array(values, pa.float64() if kind == "real" else pa.int64())
    with duckdb.connect() as connection:
        connection.register("source", pa.table({"x": numbers, "i": range(len(values))}))
        source = f"SELECT x, i, {scaled('x', kind, FINE)} AS f, {scaled('x', kind, COARSE)} AS c FROM source"
        operand = Operand(kind, "x", "f", "c", rows)
        select = ", ".join(f"{statistic.sql(operand)} AS {name}" for name, statistic in STATISTICS.items())
        answer = connection.execute(f"SELECT {select} FROM ({source})").fetchone()
    assert answer is not None
    return dict(zip(STATISTICS, answer, strict=True))


def scaled(name: str, kind: Kind, scale: float) -> str:
    return scaled_sql(name, scale) if kind == "real" else name


def by_python(kind: Kind, values: list[Any]) -> dict[str, float]:
    known = [x for x in values if x is not None]
    return {name: statistic.python(kind)(known, len(values)) for name, statistic in STATISTICS.items()}


def same(ours: float, theirs: float | None) -> bool:
    """Equal to the bit: the sign of a zero counts."""
    return math.isnan(ours) if theirs is None else repr(ours) == repr(theirs)


@given(columns())
@settings(max_examples=60, deadline=None)
def test_every_statistic_has_the_same_bits_in_sql_and_in_python(column: tuple[Kind, list[Any]]) -> None:
    kind, values = column
    ours, theirs = by_python(kind, values), by_sql(kind, values)

    assert [name for name in ours if not same(ours[name], theirs[name])] == []


@given(columns(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_no_statistic_depends_on_the_order_of_rows(
    column: tuple[Kind, list[Any]], shuffler: random.Random
) -> None:
    kind, values = column
    before = by_python(kind, values)
    shuffler.shuffle(values)
    after = by_python(kind, values)

    assert [name for name in before if repr(before[name]) != repr(after[name])] == []


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=40))
def test_mean_and_variance_are_those_of_the_textbook(values: list[int]) -> None:
    found = by_python("int", values)

    assert found["mean"] == pytest.approx(textbook.fmean(values), rel=1e-12, abs=1e-12)
    assert found["var"] == pytest.approx(textbook.variance(values), rel=1e-12, abs=1e-12)


def test_a_variance_of_large_close_amounts_is_exact() -> None:
    thousandths = [10**12, 10**12 + 1, 10**12 + 2]

    assert by_python("money", thousandths)["var"] == 1e-6
    assert by_sql("money", thousandths)["var"] == 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_a_known_value_has_sum_zero_and_no_other_statistic(kind: Kind) -> None:
    for found in (by_python(kind, [None, None]), by_sql(kind, [None, None])):
        assert found["sum"] == 0
        assert found["size"] == 2
        assert found["nunique"] == 0
        for name in ("min", "max", "mean", "var"):
            assert found[name] is None or math.isnan(found[name])


def test_without_a_row_in_the_slice_everything_is_missing() -> None:
    found = by_sql("int", [None, None], rows="coalesce(count_if(i > 5), 0)")

    assert set(found.values()) == {None}


def test_the_extremes_of_zero_and_negative_zero_are_zero_in_either_order() -> None:
    for values in ([0.0, -0.0], [-0.0, 0.0], [-0.0]):
        for found in (by_python("real", values), by_sql("real", values)):
            assert repr(found["min"]) == repr(found["max"]) == "0.0"


def test_one_value_has_no_variance() -> None:
    assert math.isnan(by_python("money", [5, None])["var"])


@given(st.floats(allow_nan=False, allow_infinity=True))
@settings(deadline=None, max_examples=60)
def test_the_integer_of_a_real_is_the_same_in_sql(x: float) -> None:
    with duckdb.connect() as connection:
        connection.register("source", pa.table({"x": pa.array([x])}))
        answer = connection.execute(
            f"SELECT {scaled_sql('x', FINE)}, {scaled_sql('x', COARSE)} FROM source"
        ).fetchone()

    assert answer == (fine(x), coarse(x))


def test_a_missing_real_does_not_become_the_bound() -> None:
    with duckdb.connect() as connection:
        answer = connection.execute(f"SELECT {scaled_sql('CAST(NULL AS DOUBLE)', FINE)}").fetchone()

    assert answer == (None,)


@given(st.lists(st.sampled_from(["a", "b", None]), min_size=1, max_size=30))
@settings(deadline=None, max_examples=40)
def test_every_statistic_of_a_share_has_the_same_bits_in_sql_and_in_python(texts: list[str | None]) -> None:
    hits = "coalesce(count_if(t = 'a'), 0)"
    with duckdb.connect() as connection:
        connection.register("source", pa.table({"t": pa.array(texts, pa.string())}))
        select = ", ".join(statistic.sql(hits) for statistic in SHARE_STATISTICS.values())
        answer = connection.execute(f"SELECT {select} FROM source").fetchone()
    assert answer is not None

    for statistic, number in zip(SHARE_STATISTICS.values(), answer, strict=True):
        assert same(statistic.python(texts.count("a"), len(texts)), number), statistic.name


@given(st.lists(st.booleans(), min_size=2, max_size=30))
def test_a_share_is_the_statistic_of_zeros_and_ones(has: list[bool]) -> None:
    numbers = by_python("int", [int(x) for x in has])

    for name, statistic in SHARE_STATISTICS.items():
        assert statistic.python(sum(has), len(has)) == numbers[name], name
