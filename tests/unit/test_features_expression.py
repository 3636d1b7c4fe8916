"""The expression language: what it refuses, and one meaning in SQL and in Python."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.features.expression import ExpressionError, Row, as_double, parse, table_column
from model.tables import Column, Table
from tests.lakes import arrow_table

TABLE = Table(
    name="rows",
    files=("rows",),
    link="A",
    key=(),
    columns=(
        Column("A", "int"),
        Column("B", "int"),
        Column("M", "money"),
        Column("N", "money"),
        Column("R", "real"),
        Column("S", "real"),
        Column("T", "text"),
    ),
)
SCOPE = {column.name: table_column(column) for column in TABLE.columns}

EXPRESSIONS = (
    "A",
    "M",
    "R",
    "A + B - 3",
    "A * B",
    "-A",
    "-M",
    "A / B",
    "M / N",
    "R / S",
    "M / A",
    "A / (B - B)",
    "M - N",
    "M + 1",
    "M + A",
    "M + R",
    "M * 2",
    "M * A",
    "M * 0.5",
    "(M - N) / M",
    "nullif(A, 365243)",
    "nullif(M, 0)",
    "nullif(R, A)",
    "coalesce(A, B, 0)",
    "coalesce(M, N)",
    "coalesce(R, 0)",
    "greatest(A - B, 0)",
    "greatest(M, N)",
    "least(R, S)",
    "least(A, M, R)",
    "cast(A as double) / 3",
    "cast(R is null as integer) + cast(A > 2 as integer)",
    "cast(A = B or M < N as integer)",
    "cast(A <= B and R <> S as integer)",
    "cast(not (A >= B) as integer)",
    "cast(T = 'Active' as integer)",
    "cast(T <> 'Active' and T is not null as integer)",
    "cast(M > 10 as integer)",
    "cast(M >= 10.5 as double)",
    "cast(A > 1.5 as double)",
    "1e3 * R",
)

amounts = st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
small = st.one_of(st.integers(-3, 3), st.sampled_from([365243, -25000]))
reals = st.one_of(
    st.floats(-1e7, 1e7, allow_subnormal=False), st.sampled_from([0.0, -0.0, 0.1, 1e-300, 0.5, 1e9])
)
rows = st.fixed_dictionaries(
    {
        "A": st.none() | small,
        "B": st.none() | small,
        "M": st.none() | amounts | st.sampled_from([0.0, 10.0, 10.5]),
        "N": st.none() | amounts,
        "R": st.none() | reals,
        "S": st.none() | reals,
        "T": st.none() | st.sampled_from(["Active", "Closed", "it's"]),
    }
)


@given(st.lists(rows, min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_sql_and_closure_give_the_same_bits_on_any_row(found: list[Row]) -> None:
    expressions = [as_double(parse(text, SCOPE)) for text in EXPRESSIONS]
    source = arrow_table(TABLE, found)
    with duckdb.connect() as connection:
        connection.register("source", source)
        select = ", ".join(f"{expression.sql} AS e{index}" for index, expression in enumerate(expressions))
        answers = connection.execute(f"SELECT {select} FROM source").fetchall()

    for row, answer in zip(found, answers, strict=True):
        for text, expression, number in zip(EXPRESSIONS, expressions, answer, strict=True):
            mine = expression.value(row)
            assert (mine is None) == (number is None), text
            assert mine is None or float(mine) == number, text


@pytest.mark.parametrize(
    "text",
    [
        "A AS B",
        "abs(A)",
        "sum(A)",
        "A % B",
        "A // B",
        "A in (1, 2)",
        "A between 1 and 2",
        "case when A > 1 then 1 end",
        "SELECT 1",
        "(SELECT max(A) FROM rows)",
        "A; DROP TABLE rows",
        "t.A",
        '"A"',
        "a",
        "UNKNOWN",
        "A || B",
        "try_cast(A as double)",
        "cast(A as integer)",
        "cast(A as varchar)",
        "cast(T as double)",
        "A -- a remark",
        "random()",
        "A is true",
        "true",
        "null",
        "A +",
        "",
        "*",
        "T + 1",
        "T < 'x'",
        "T = 1",
        "M * N",
        "A and B",
        "not A",
        "-T",
        "greatest(T, 'a')",
        "coalesce(T, 1)",
        "A = B = R",
    ],
)
def test_what_is_outside_the_language_is_refused_with_the_expression_in_the_message(text: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(text, SCOPE)

    assert text in str(refusal.value)


@pytest.mark.parametrize("missing", [{}, {"R": None}, {"R": float("nan")}])
def test_a_number_is_missing_when_absent_null_or_nan(missing: Row) -> None:
    assert parse("R", SCOPE).value(missing) is None


@pytest.mark.parametrize("missing", [{}, {"T": None}, {"T": ""}])
def test_a_text_is_missing_when_absent_null_or_empty(missing: Row) -> None:
    assert parse("T", SCOPE).value(missing) is None


def test_money_is_held_in_thousandths() -> None:
    assert parse("M", SCOPE).value({"M": 0.1 + 0.2}) == 300
    assert as_double(parse("M", SCOPE)).value({"M": 1234.565}) == 1234.565


def test_greatest_skips_what_is_missing() -> None:
    assert parse("greatest(A - B, 0)", SCOPE).value({"A": None, "B": 3}) == 0


def test_division_by_zero_is_missing() -> None:
    assert parse("A / B", SCOPE).value({"A": 1, "B": 0}) is None


def test_an_expression_knows_the_columns_that_it_reads() -> None:
    assert parse("(M - N) / nullif(A, 3)", SCOPE).columns == {"M", "N", "A"}
