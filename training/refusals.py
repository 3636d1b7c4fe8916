"""Where in a file a refused value stands, and what is wrong with it, in words."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import duckdb

from model.features.expression import literal
from model.tables import Column
from training.table_file import WAY_OUT, TableFile


def refuse_rejects(con: duckdb.DuckDBPyConnection, opened: TableFile) -> None:
    """Refuse the first line that DuckDB could not split into the columns or read as their type."""
    rejects = con.execute(
        "SELECT line_byte_position, error_type, column_name, csv_line FROM reject_errors "
        "ORDER BY line_byte_position, error_type = 'CAST', column_idx LIMIT 1"
    ).fetchall()
    if not rejects:
        return
    position, kind, column, text = rejects[0]
    line = _line_at(opened.path, position)
    last = _line_at(opened.path, opened.path.stat().st_size)
    values = _values(text or "")
    if kind == "CAST":
        value = values[opened.header.index(column)]
        known = opened.table.by_name[column]
        raise opened.refuse(f'"{value}" is not {_noun(known)}', code="not_a_number", column=column, line=line)
    if kind == "MISSING COLUMNS":
        cut = " and it is the last one: the file seems cut off" if line >= last else ""
        raise opened.refuse(
            f"the line has {len(values)} values for {len(opened.header)} columns{cut}",
            code="truncated_file" if cut else "missing_values",
            line=line,
            way_out="Fetch the file again." if cut else WAY_OUT,
        )
    if kind == "TOO MANY COLUMNS":
        raise opened.refuse(
            f"the line has more than {len(opened.header)} values (a comma in a text needs quotes around it)",
            code="too_many_values",
            line=line,
        )
    if kind == "UNQUOTED VALUE":
        raise opened.refuse(
            "a quote is opened and not closed properly", code="bad_quote", column=column, line=line
        )
    if kind == "INVALID ENCODING":
        raise opened.refuse(
            "the text is not UTF-8", code="encoding", line=line, way_out="Save the file as CSV in UTF-8."
        )
    raise opened.refuse("the line cannot be read", code="unreadable_line", line=line)


def _values(line: str) -> list[str]:
    """Values of one record as written; none when it cannot be split."""
    try:
        return next(csv.reader(io.StringIO(line.strip("\r\n"), newline="")), [])
    except csv.Error:
        return []


def _line_at(path: Path, position: int) -> int:
    """Number, from 1, of the line that holds the byte at `position` (1-based, as DuckDB counts)."""
    lines, last, left = 1, b"", max(position - 1, 0)
    with path.open("rb") as handle:
        while left > 0 and (chunk := handle.read(min(left, 2**20))):
            lines += chunk.count(b"\n")
            last, left = chunk, left - len(chunk)
        following = handle.read(1)
    # In a CRLF file the position may be that of the LF which ends the line before.
    return lines + (1 if last.endswith(b"\r") and following == b"\n" else 0)


def refuse_open_end(opened: TableFile) -> None:
    """A last line without end whose last value is empty is a file that was cut off after a comma."""
    with opened.path.open("rb") as handle:
        handle.seek(max(opened.path.stat().st_size - 1, 0))
        end = handle.read(1)
    if end == b",":
        raise opened.refuse(
            "the last line stops after a comma: the file seems cut off",
            code="truncated_file",
            line=_line_at(opened.path, opened.path.stat().st_size),
            way_out="Fetch the file again; if it is complete, end its last line.",
        )


def refuse_value(opened: TableFile, column: Column, index: int) -> None:
    """Refuse the value of the `index`-th row (from 0), which breaks its column's rule."""
    line, value = cell(opened, column.name, index)
    law, code = _law(column, value)
    raise opened.refuse(law, code=code, column=column.name, line=line, index=index)


def _law(column: Column, value: str) -> tuple[str, str]:
    """Say which rule of the column the written value breaks."""
    if value == "":
        return f"{_noun(column)} is needed, it may not be missing", "missing_value"
    try:
        number = float(value)
    except ValueError:
        return f'"{value}" is not {_noun(column)}', "not_a_number"
    if not math.isfinite(number):
        return f"{value} is not a number that can be used", "not_finite"
    if column.kind in ("id", "int") and number != math.floor(number):
        return f"{value} is not a whole number, it would be rounded", "would_be_rounded"
    low, high = (("" if bound is None else f"{bound:,.10g}") for bound in (column.low, column.high))
    span = f"between {low} and {high}" if low and high else f"at least {low}" if low else f"at most {high}"
    return f"{value} is out of range: {column.name} is {span}", "out_of_range"


def _noun(column: Column) -> str:
    return {
        "id": "an identifier (whole number)",
        "int": "a whole number",
        "money": "an amount",
        "real": "a number",
        "text": "a text",
    }[column.kind]


def cell(opened: TableFile, column: str, index: int) -> tuple[int, str]:
    """Line (CSV) or row (Parquet), from 1, and the value as written, of the `index`-th row (from 0)."""
    if opened.file.suffix == ".parquet":
        value = duckdb.execute(
            f"SELECT CAST({column} AS VARCHAR) FROM read_parquet({literal(str(opened.path))}, "
            f"file_row_number=true) WHERE file_row_number = {index}"
        ).fetchall()[0][0]
        return index + 1, "" if value is None else str(value)
    with opened.path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.reader(handle)
        next(reader)
        before = reader.line_num
        for fields in reader:
            if fields and index == 0:
                return before + 1, fields[opened.header.index(column)]
            index -= 1 if fields else 0
            before = reader.line_num
    raise IndexError(index)
