"""One file of one table into DuckDB, typed, every value checked against ``model/tables.py``.

Numbers are read as DOUBLE and checked before they are cast: read as INTEGER, ``8.6``
would silently become 9, and ``12.34567`` read as DECIMAL(15,3) would become 12.346.
One pass keeps, beside the typed row, the position of its first refused column and a mask
of the amounts with too many decimals; where in the file that is gets looked up only when
something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from model.features.expression import literal
from model.tables import Column, Table
from training.refusals import refuse_open_end, refuse_rejects, refuse_value
from training.table_file import TableFile

DUCKDB_TYPES: Mapping[str, str] = {
    "id": "BIGINT",
    "int": "BIGINT",
    "money": "DECIMAL(15,3)",
    "real": "DOUBLE",
    "text": "VARCHAR",
}
"""Type of each kind of column in the lake."""

REFUSED = "__refused"
"""Staged column: 1-based position of the row's first refused column, 0 when all is well."""

FINE = "__fine"
"""Staged column: bit k set when the k-th money column has more than three decimals."""

_MAX_REJECTS = 1000


def stage(con: duckdb.DuckDBPyConnection, opened: TableFile, name: str) -> int:
    """Read the file into DuckDB table `name`, typed and checked; return its number of rows.

    Staged rows keep the file's order, so ``rowid`` is the row's position in the file.

    Raises
    ------
    InputError
        A line that cannot be split into the columns, or a value that breaks its column's rule.
    """
    with _readable(opened):
        con.execute(f"CREATE TABLE {name} AS SELECT {_select(opened)} FROM {_scan(opened)}")
    if opened.file.suffix == ".csv":
        refuse_rejects(con, opened)
        refuse_open_end(opened)
    rows, refused = con.execute(
        f"SELECT count(*), min(rowid) FILTER (WHERE {REFUSED} > 0) FROM {name}"
    ).fetchall()[0]
    if refused is not None:
        position = con.execute(f"SELECT {REFUSED} FROM {name} WHERE rowid = {refused}").fetchall()[0][0]
        refuse_value(opened, opened.columns[position - 1], refused)
    return int(rows)


@contextmanager
def _readable(opened: TableFile) -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException:
        raise
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise opened.refuse(
            "the disk or the memory is too small to read it",
            code="disk_full",
            way_out="Free some disk under PAD_HOME and ingest again.",
        ) from error
    except duckdb.Error as error:
        raise opened.refuse(
            "its lines cannot be told apart (mixed line ends, or bytes that are no text)",
            code="unreadable_file",
            way_out="Save the file again as CSV in UTF-8 with one kind of line end.",
        ) from error


def _scan(opened: TableFile) -> str:
    path = literal(str(opened.path))
    if opened.file.suffix == ".parquet":
        return f"read_parquet({path})"
    by_name = {column.name: column for column in opened.columns}
    types = []
    for place, name in enumerate(opened.header):
        column = by_name.get(name)
        if column is None:
            types.append(f"'__extra_{place}': 'VARCHAR'")
        else:
            types.append(f"{literal(name)}: '{'VARCHAR' if column.kind == 'text' else 'DOUBLE'}'")
    return (
        f"read_csv({path}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
        f"store_rejects=true, rejects_limit={_MAX_REJECTS}, columns={{{', '.join(types)}}})"
    )


def _select(opened: TableFile) -> str:
    typed = [_typed(column, opened) for column in opened.table.columns]
    laws = [
        f"WHEN {_broken(column, opened)} THEN {place}"
        for place, column in enumerate(opened.columns, start=1)
        if column.kind != "text"
    ]
    money = [
        f"(CASE WHEN {_too_fine(_number(column, opened))} THEN {1 << bit}::BIGINT ELSE 0 END)"
        for bit, column in enumerate(money_columns(opened.table))
    ]
    return ", ".join(
        [
            *typed,
            f"CASE {' '.join(laws)} ELSE 0 END AS {REFUSED}",
            f"{' + '.join(money) or '0::BIGINT'} AS {FINE}",
        ]
    )


def money_columns(table: Table) -> list[Column]:
    """Amounts of a table; their order gives the bits of `FINE`."""
    return [column for column in table.columns if column.kind == "money"]


def _typed(column: Column, opened: TableFile) -> str:
    kind = DUCKDB_TYPES[column.kind]
    if column not in opened.columns:
        return f"CAST(NULL AS {kind}) AS {column.name}"
    if column.kind == "text":
        return f"nullif(CAST({column.name} AS VARCHAR), '') AS {column.name}"
    return f"TRY_CAST({_number(column, opened)} AS {kind}) AS {column.name}"


def _number(column: Column, opened: TableFile) -> str:
    return f"TRY_CAST({column.name} AS DOUBLE)" if opened.file.suffix == ".parquet" else column.name


def _broken(column: Column, opened: TableFile) -> str:
    """SQL that is true for a value its column does not admit."""
    number = _number(column, opened)
    laws = [f"NOT isfinite({number})"]
    if number != column.name:
        laws.append(f"({column.name} IS NOT NULL AND {number} IS NULL)")
    if column.required or (opened.file.stem == "application_train" and column.name == "TARGET"):
        laws.append(f"{column.name} IS NULL")
    if column.kind in ("id", "int"):
        laws.append(f"{number} <> floor({number})")
    if column.low is not None:
        laws.append(f"{number} < {column.low!r}")
    if column.high is not None:
        laws.append(f"{number} > {column.high!r}")
    return f"({' OR '.join(laws)})"


def _too_fine(number: str) -> str:
    """SQL that is true for an amount with more than three decimals.

    Either test alone would refuse good amounts: ``x * 1000`` carries float noise above ten
    million, and a sum computed elsewhere may be a hair off the nearest thousandth.
    """
    thousandths = f"{number} * 1000"
    return f"(abs({thousandths} - round({thousandths})) >= 1e-6 AND round({thousandths}) / 1000 <> {number})"
