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
    RANKED_STATISTICS,
    SHARE_STATISTICS,
    STATISTICS,
    TERM_STATISTICS,
    Operand,
    coarse,
    fine,
    ratio,
    ratio_sql,
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


# Beyond the kernel -----------------------------------------------------------------------


@st.composite
def ranked_columns(draw: st.DrawFn) -> tuple[Kind, list[Any], list[int | None], int]:
    """A column, a rank a row without ties, and how many of the latest rows count."""
    kind, values = draw(columns())
    ranks: list[int | None] = draw(st.permutations(range(-5, len(values) - 5)))
    unranked = draw(st.sets(st.integers(0, len(values) - 1), max_size=5))
    ranks = [None if place in unranked else rank for place, rank in enumerate(ranks)]
    return kind, values, ranks, draw(st.integers(1, 6))


def terms_by_sql(
    kind: Kind,
    values: list[Any],
    inside: list[bool | None],
    ranks: list[int | None] | None = None,
    k: int = 1,
) -> dict[str, float | None]:
    """Every statistic of a window, as the compiler writes it, and of the last `k` rows in it."""
    numbers = pa.array(values, pa.float64() if kind == "real" else pa.int64())
    table = {
        "x": numbers,
        "inside": pa.array(inside, pa.bool_()),
        "r": pa.array(ranks or [None] * len(values), pa.int64()),
    }
    operand = Operand(kind, "wx", "wf", "wf", "coalesce(count_if(inside), 0)")
    select = [f"{one.sql(operand)} AS {name}" for name, one in TERM_STATISTICS.items()]
    select += [f"{one.sql(operand, 'r', k)} AS last_{name}" for name, one in RANKED_STATISTICS.items()]
    with duckdb.connect() as connection:
        connection.register("source", pa.table(table))
        window = (
            f"SELECT inside, r, CASE WHEN inside THEN x END AS wx,"
            f" CASE WHEN inside THEN {scaled('x', kind, FINE)} END AS wf FROM source"
        )
        answer = connection.execute(f"SELECT {', '.join(select)} FROM ({window})").fetchone()
    assert answer is not None
    names = [*TERM_STATISTICS, *(f"last_{name}" for name in RANKED_STATISTICS)]
    return dict(zip(names, answer, strict=True))


def terms_by_python(
    kind: Kind,
    values: list[Any],
    inside: list[bool | None],
    ranks: list[int | None] | None = None,
    k: int = 1,
) -> dict[str, float]:
    chosen = [x for x, met in zip(values, inside, strict=True) if met]
    known = [x for x in chosen if x is not None]
    found = {
        name: one.python(kind)(known, len(chosen)) if chosen else one.empty
        for name, one in TERM_STATISTICS.items()
    }
    order = sorted(
        (rank, x)
        for rank, x, met in zip(ranks or [None] * len(values), values, inside, strict=True)
        if rank is not None and x is not None and met
    )
    latest = [x for _, x in reversed(order)][:k]
    found |= {f"last_{name}": one.python(kind)(latest) for name, one in RANKED_STATISTICS.items()}
    return found


@given(ranked_columns(), st.data())
@settings(max_examples=80, deadline=None)
def test_every_statistic_of_a_window_and_of_its_last_rows_has_the_same_bits_in_sql_and_in_python(
    ranked: tuple[Kind, list[Any], list[int | None], int], data: st.DataObject
) -> None:
    kind, values, ranks, k = ranked
    inside = data.draw(
        st.lists(st.sampled_from([True, False, None]), min_size=len(values), max_size=len(values))
    )
    ours = terms_by_python(kind, values, inside, ranks, k)
    theirs = terms_by_sql(kind, values, inside, ranks, k)

    assert [name for name in ours if not same(ours[name], theirs[name])] == []


@given(ranked_columns(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_no_statistic_of_a_window_or_of_its_last_rows_depends_on_the_order_of_rows(
    ranked: tuple[Kind, list[Any], list[int | None], int], shuffler: random.Random
) -> None:
    kind, values, ranks, k = ranked
    before = terms_by_sql(kind, values, [True] * len(values), ranks, k)
    rows = list(zip(values, ranks, strict=True))
    shuffler.shuffle(rows)
    after = terms_by_sql(kind, [x for x, _ in rows], [True] * len(values), [r for _, r in rows], k)

    assert {name: repr(x) for name, x in before.items()} == {name: repr(x) for name, x in after.items()}


@given(ranked_columns())
@settings(max_examples=40, deadline=None)
def test_the_mean_of_the_last_rows_is_the_mean_of_those_rows_alone(
    ranked: tuple[Kind, list[Any], list[int | None], int],
) -> None:
    kind, values, ranks, k = ranked
    known = sorted(
        ((r, x) for r, x in zip(ranks, values, strict=True) if r is not None and x is not None), reverse=True
    )
    found = terms_by_python(kind, values, [True] * len(values), ranks, k)
    alone = by_python(kind, [x for _, x in known[:k]])

    assert repr(found["last_mean"]) == repr(alone["mean"])
    assert repr(found["last_max"]) == repr(alone["max"])


def test_a_window_without_rows_counts_nothing_and_one_without_known_values_knows_nothing() -> None:
    for found in (terms_by_python("money", [5, None], [False, None]), terms_by_sql("money", [5], [False])):
        assert (found["rows"], found["total"]) == (0, 0)
    for found in (terms_by_python("money", [5, None], [False, True]), terms_by_sql("money", [None], [True])):
        assert found["rows"] == 1
        assert found["total"] is None or math.isnan(found["total"])


@given(st.lists(st.none() | st.sampled_from(["a", "b", "it's", "c"]), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_distinct_texts_are_counted_alike(texts: list[str | None]) -> None:
    of = Operand("text", "t", "t", "t")
    with duckdb.connect() as connection:
        connection.register("source", pa.table({"t": pa.array(texts, pa.string())}))
        (answer,) = connection.execute(f"SELECT {TERM_STATISTICS['nunique'].sql(of)} FROM source").fetchall()

    known = [text for text in texts if text is not None]
    assert same(TERM_STATISTICS["nunique"].python("text")(known, len(texts)), answer[0])


@given(
    st.none() | st.floats(-1e12, 1e12) | st.sampled_from([0.0, -0.0]),
    st.none() | st.floats(-1e12, 1e12) | st.sampled_from([0.0, -0.0]),
)
@settings(max_examples=80, deadline=None)
def test_a_ratio_of_two_results_has_the_same_bits_and_none_where_the_whole_is_zero(
    part: float | None, whole: float | None
) -> None:
    with duckdb.connect() as connection:
        connection.register("source", pa.table({"p": pa.array([part]), "w": pa.array([whole], pa.float64())}))
        sql = ratio_sql("CAST(p AS DOUBLE) / 1e0", "w")
        (answer,) = connection.execute(f"SELECT {sql} FROM source").fetchall()
    ours = ratio(*(math.nan if x is None else x for x in (part, whole)))

    assert same(ours, answer[0])
    assert math.isnan(ours) or repr(ours) != "-0.0"
    if whole == 0:
        assert math.isnan(ours)
