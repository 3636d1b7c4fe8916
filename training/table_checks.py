"""What only the whole of a table can tell: a key that is there twice, amounts that are too fine."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from model.tables import Column, Table
from training.reading import FINE, money_columns
from training.refusals import cell
from training.table_file import TableFile


def refuse_duplicates(
    con: duckdb.DuckDBPyConnection, table: Table, staged: Sequence[tuple[str, TableFile]]
) -> None:
    """Refuse a key that two rows of the table share.

    Raises
    ------
    InputError
        Names the file and line of the second of the two rows, and the key.
    """
    if not table.key or not staged:
        return
    keys = ", ".join(table.key)
    rows = " UNION ALL ".join(f"SELECT {keys} FROM {name}" for name, _ in staged)
    found = con.execute(f"SELECT 1 FROM ({rows}) GROUP BY {keys} HAVING count(*) > 1 LIMIT 1").fetchall()
    if not found:
        return
    placed = " UNION ALL ".join(
        f"SELECT {place} AS place, rowid AS row, {keys} FROM {name}" for place, (name, _) in enumerate(staged)
    )
    place, row, *values = con.execute(
        f"SELECT place, row, {keys} FROM ({placed}) "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY place, row) = 2 ORDER BY place, row LIMIT 1"
    ).fetchall()[0]
    opened = staged[place][1]
    line, _ = cell(opened, table.key[0], row)
    key = ", ".join(f"{name} {value}" for name, value in zip(table.key, values, strict=True))
    raise opened.refuse(
        f"a row with {key} was already there",
        code="duplicate_key",
        column=table.key[0] if len(table.key) == 1 else None,
        line=line,
        index=row,
        way_out="Keep one of the two rows.",
    )


def fine_amounts(
    con: duckdb.DuckDBPyConnection, table: Table, staged: Sequence[tuple[str, TableFile]], *, share: float
) -> dict[str, int]:
    """Count, by column, the amounts with more than three decimals; refuse a column that has many.

    Parameters
    ----------
    share : largest share of a column's values that may be rounded

    Raises
    ------
    InputError
        More than `share` of a column's known values have more than three decimals.
    """
    columns = money_columns(table)
    if not columns or not staged:
        return {}
    rows = " UNION ALL ".join(f"SELECT * FROM {name}" for name, _ in staged)
    if not con.execute(f"SELECT 1 FROM ({rows}) WHERE {FINE} > 0 LIMIT 1").fetchall():
        return {}
    counts = ", ".join(
        f"count(*) FILTER (WHERE {FINE} & {1 << bit} > 0), count({column.name})"
        for bit, column in enumerate(columns)
    )
    numbers = con.execute(f"SELECT {counts} FROM ({rows})").fetchall()[0]
    rounded: dict[str, int] = {}
    for bit, (column, fine, known) in enumerate(zip(columns, numbers[::2], numbers[1::2], strict=True)):
        if fine > share * known:
            _refuse_fine(con, staged, column, bit, fine, known, share)
        if fine:
            rounded[column.name] = fine
    return rounded


def _refuse_fine(
    con: duckdb.DuckDBPyConnection,
    staged: Sequence[tuple[str, TableFile]],
    column: Column,
    bit: int,
    fine: int,
    known: int,
    share: float,
) -> None:
    for name, opened in staged:
        row = con.execute(f"SELECT min(rowid) FROM {name} WHERE {FINE} & {1 << bit} > 0").fetchall()[0][0]
        if row is None:
            continue
        line, value = cell(opened, column.name, row)
        raise opened.refuse(
            f"{value} has more than three decimals and would be rounded, as would {fine:,} of the column's "
            f"{known:,} values (at most {share:.1%} may)",
            code="would_be_rounded",
            column=column.name,
            line=line,
            index=row,
            way_out="Write amounts with at most three decimals and ingest again.",
        )
