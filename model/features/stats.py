"""Every statistic of the definition, its SQL form and its Python form side by side.

All sums are integer sums, so the order of rows, threads, engines and partitions cannot
change a bit of the result:

=======  ====================================================  =======================
kind     integer that is added up                              then divided by
=======  ====================================================  =======================
int      the value                                             1
money    thousandths                                           1e3; variance 1e6
real     ``floor(x * 1e12 + 0.5)``, x held within ±1e6         1e12
real     ``floor(x * 1e9 + 0.5)`` under a variance             1e18
=======  ====================================================  =======================

A variance is ``(n Σx² − (Σx)²) / (n (n − 1))`` with its numerator in 128-bit integers; the
coarser scale keeps the squares of reals within them up to 12,000 rows at the bound.
Every result is a double; both readers cast it to float32 last. Where all values are
missing, min, max, mean and variance are missing and the sum is 0; where there is no
row at all, every statistic is missing. The order of the divisions is part of the
definition.

Features beyond the kernel take `TERM_STATISTICS` of the rows of a window, in which nothing
counted is 0 and nothing known is missing, and `RANKED_STATISTICS` of the latest rows by a
total order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, nan

from model.features.expression import Kind

BOUND = 1e6
FINE = 1e12
COARSE = 1e9

Known = list
"""Values of one column in some rows, the missing ones left out; money in thousandths."""

ColumnForm = Callable[[Known, int], float]
"""``(known values, number of rows) -> statistic``; called with at least one row."""

RankedForm = Callable[[Known], float]
"""``known values of the latest rows, the latest first -> statistic``."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One row column as the SQL forms see it.

    Attributes
    ----------
    kind : its kind
    value : SQL of the value; money in thousandths
    fine, coarse : SQL of the integers that are added up, and of those that are squared
    rows : SQL of the number of rows that count; in the others all of the above is missing
    """

    kind: Kind
    value: str
    fine: str
    coarse: str
    rows: str = "count(*)"


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic of a numeric row column.

    Attributes
    ----------
    name : its word in the definition; upper case in feature names
    sql : SQL of the double, from an operand
    python : the form for one client, from the column's kind
    empty : the result where the client has rows and none of them counts
    """

    name: str
    sql: Callable[[Operand], str]
    python: Callable[[Kind], ColumnForm]
    empty: float = nan


@dataclass(frozen=True, slots=True)
class RankedStatistic:
    """One statistic of the latest rows in which a numeric row column is known.

    Attributes
    ----------
    name : its word in the definition
    sql : SQL of the double, from an operand, the SQL of the rank and a number of rows
    python : the form for one client, from the column's kind
    """

    name: str
    sql: Callable[[Operand, str, int], str]
    python: Callable[[Kind], RankedForm]


@dataclass(frozen=True, slots=True)
class ShareStatistic:
    """One statistic of "the row has this category" (0 or 1).

    Attributes
    ----------
    name : its word in the definition
    sql : SQL of the double, from the SQL of the number of such rows
    python : the double, from the number of such rows and the number of rows
    """

    name: str
    sql: Callable[[str], str]
    python: Callable[[int, int], float]


def fine(x: float) -> int:
    """The integer that stands for `x` in a sum."""
    return floor(min(max(x, -BOUND), BOUND) * FINE + 0.5)


def coarse(x: float) -> int:
    """The integer that stands for `x` in a variance."""
    return floor(min(max(x, -BOUND), BOUND) * COARSE + 0.5)


def scaled_sql(value: str, scale: float) -> str:
    """SQL of :func:`fine` and :func:`coarse`.

    A clamp by ``greatest`` and ``least`` would turn a missing value into the bound: they
    skip NULL.
    """
    clamped = f"CASE WHEN {value} > {BOUND!r} THEN 1e6 WHEN {value} < {-BOUND!r} THEN -1e6 ELSE {value} END"
    return f"CAST(floor(({clamped}) * {scale:.0e} + 0.5) AS BIGINT)"


# Adding 0 turns a negative zero, which is neither above nor below zero, into zero: else the
# extreme of the two would be the one that came first.
_VALUE_SQL: dict[Kind, str] = {"int": "", "money": " / 1e3", "real": " + 0e0"}
_SUM_SQL: dict[Kind, str] = {"int": "", "money": " / 1e3", "real": " / 1e12"}
_VARIANCE_SQL: dict[Kind, str] = {"int": "", "money": " / 1e6", "real": " / 1e18"}
_VALUE_UNIT: dict[Kind, float] = {"int": 1.0, "money": 1e3, "real": 1.0}
_SUM_UNIT: dict[Kind, float] = {"int": 1.0, "money": 1e3, "real": FINE}
_VARIANCE_UNIT: dict[Kind, float] = {"int": 1.0, "money": 1e6, "real": 1e18}


def _extreme(name: str, choose: Callable[[Known], float]) -> Statistic:
    def sql(of: Operand) -> str:
        return f"CAST({name}({of.value}) AS DOUBLE){_VALUE_SQL[of.kind]}"

    def python(kind: Kind) -> ColumnForm:
        unit = _VALUE_UNIT[kind]
        return lambda known, rows: float(choose(known)) / unit + 0.0 if known else nan

    return Statistic(name, sql, python)


def _sum_sql(of: Operand) -> str:
    total = f"CAST(coalesce(sum({of.fine}), 0) AS DOUBLE){_SUM_SQL[of.kind]}"
    return f"CASE WHEN {of.rows} > 0 THEN {total} END"


def _sum_python(kind: Kind) -> ColumnForm:
    if kind == "real":
        return lambda known, rows: float(sum(map(fine, known))) / FINE
    unit = _SUM_UNIT[kind]
    return lambda known, rows: float(sum(known)) / unit


def _mean_sql(of: Operand) -> str:
    total = f"CAST(sum({of.fine}) AS DOUBLE){_SUM_SQL[of.kind]}"
    return f"{total} / CAST(count({of.value}) AS DOUBLE)"


def _mean_python(kind: Kind) -> ColumnForm:
    total = _sum_python(kind)
    return lambda known, rows: total(known, rows) / len(known) if known else nan


def _variance_sql(of: Operand) -> str:
    n = f"count({of.value})"
    total = f"sum({of.coarse})"
    # int values stay below 2^31.5, so their squares fit 64 bits; the others need 128.
    square = (
        f"{of.coarse} * {of.coarse}" if of.kind == "int" else f"CAST({of.coarse} AS HUGEINT) * {of.coarse}"
    )
    numerator = f"{n} * sum({square}) - {total} * {total}"
    return (
        f"CASE WHEN {n} > 1 THEN CAST({numerator} AS DOUBLE) / CAST({n} * ({n} - 1) AS DOUBLE)"
        f"{_VARIANCE_SQL[of.kind]} END"
    )


def _variance_python(kind: Kind) -> ColumnForm:
    unit = _VARIANCE_UNIT[kind]

    def variance(known: Known, rows: int) -> float:
        n = len(known)
        if n < 2:
            return nan
        whole = [coarse(x) for x in known] if kind == "real" else known
        total = sum(whole)
        numerator = n * sum(x * x for x in whole) - total * total
        return float(numerator) / (n * (n - 1)) / unit

    return variance


def _size_sql(of: Operand) -> str:
    return f"CAST(nullif({of.rows}, 0) AS DOUBLE)"


def _size_python(kind: Kind) -> ColumnForm:
    return lambda known, rows: float(rows)


def _nunique_sql(of: Operand) -> str:
    return f"CASE WHEN {of.rows} > 0 THEN CAST(count(DISTINCT {of.value}) AS DOUBLE) END"


def _nunique_python(kind: Kind) -> ColumnForm:
    return lambda known, rows: float(len(set(known)))


STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        _extreme("min", min),
        _extreme("max", max),
        Statistic("mean", _mean_sql, _mean_python),
        Statistic("sum", _sum_sql, _sum_python),
        Statistic("var", _variance_sql, _variance_python),
        Statistic("size", _size_sql, _size_python),
        Statistic("nunique", _nunique_sql, _nunique_python),
    )
}


def _total_sql(of: Operand) -> str:
    total = f"CAST(sum({of.fine}) AS DOUBLE){_SUM_SQL[of.kind]}"
    return f"CASE WHEN {of.rows} = 0 THEN 0e0 ELSE {total} END"


def _total_python(kind: Kind) -> ColumnForm:
    total = _sum_python(kind)
    return lambda known, rows: total(known, rows) if known else nan


TERM_STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        STATISTICS["min"],
        STATISTICS["max"],
        STATISTICS["mean"],
        STATISTICS["nunique"],
        # Unlike the kernel's sum: where rows count and none is known, the total is missing.
        Statistic("total", _total_sql, _total_python, empty=0.0),
        Statistic("rows", lambda of: f"CAST({of.rows} AS DOUBLE)", _size_python, empty=0.0),
    )
}


# `arg_max` keeps the k latest known values a client and no more: no list grows with his rows.
def _latest_sql(value: str, rank: str, k: int) -> str:
    return f"arg_max({value}, {rank}, {k})"


def _last_sql(of: Operand, rank: str, k: int) -> str:
    return f"CAST(arg_max({of.value}, {rank}) AS DOUBLE){_VALUE_SQL[of.kind]}"


def _last_python(kind: Kind) -> RankedForm:
    unit = _VALUE_UNIT[kind]
    return lambda latest: float(latest[0]) / unit + 0.0 if latest else nan


def _mean_of_latest_sql(of: Operand, rank: str, k: int) -> str:
    latest = _latest_sql(of.fine, rank, k)
    return f"CAST(list_sum({latest}) AS DOUBLE){_SUM_SQL[of.kind]} / CAST(len({latest}) AS DOUBLE)"


def _mean_of_latest_python(kind: Kind) -> RankedForm:
    mean = _mean_python(kind)
    return lambda latest: mean(latest, len(latest))


def _max_of_latest_sql(of: Operand, rank: str, k: int) -> str:
    return f"CAST(list_max({_latest_sql(of.value, rank, k)}) AS DOUBLE){_VALUE_SQL[of.kind]}"


def _max_of_latest_python(kind: Kind) -> RankedForm:
    largest = STATISTICS["max"].python(kind)
    return lambda latest: largest(latest, len(latest))


RANKED_STATISTICS: dict[str, RankedStatistic] = {
    statistic.name: statistic
    for statistic in (
        RankedStatistic("last", _last_sql, _last_python),
        RankedStatistic("mean", _mean_of_latest_sql, _mean_of_latest_python),
        RankedStatistic("max", _max_of_latest_sql, _max_of_latest_python),
    )
}


def ratio_sql(part: str, whole: str) -> str:
    """SQL of a ratio of two doubles: missing where the whole is 0."""
    return f"({part}) / nullif({whole}, 0) + 0e0"


def ratio(part: float, whole: float) -> float:
    """The same in Python."""
    return nan if whole == 0 else part / whole + 0.0


_ROWS = "count(*)"

SHARE_STATISTICS: dict[str, ShareStatistic] = {
    statistic.name: statistic
    for statistic in (
        ShareStatistic(
            "min",
            lambda hits: f"CASE WHEN {hits} = {_ROWS} THEN 1e0 ELSE 0e0 END",
            lambda hits, rows: 1.0 if hits == rows else 0.0,
        ),
        ShareStatistic(
            "max",
            lambda hits: f"CASE WHEN {hits} > 0 THEN 1e0 ELSE 0e0 END",
            lambda hits, rows: 1.0 if hits else 0.0,
        ),
        ShareStatistic(
            "mean",
            lambda hits: f"CAST({hits} AS DOUBLE) / CAST({_ROWS} AS DOUBLE)",
            lambda hits, rows: hits / rows,
        ),
        ShareStatistic("sum", lambda hits: f"CAST({hits} AS DOUBLE)", lambda hits, rows: float(hits)),
        ShareStatistic(
            "var",
            lambda hits: (
                f"CASE WHEN {_ROWS} > 1 THEN CAST({_ROWS} * {hits} - {hits} * {hits} AS DOUBLE)"
                f" / CAST({_ROWS} * ({_ROWS} - 1) AS DOUBLE) END"
            ),
            lambda hits, rows: (rows * hits - hits * hits) / (rows * (rows - 1)) if rows > 1 else nan,
        ),
    )
}
