"""One file of one table into DuckDB, typed, every value checked against ``model/tables.py``.

Numbers are read as DOUBLE and checked before they are cast: read as INTEGER, ``8.6``
would silently become 9, and ``12.34567`` read as DECIMAL(15,3) would become 12.346.
One pass keeps, beside the typed row, the position of its first refused column and a mask
of the amounts with too many decimals; where in the file that is gets looked up only when
something is wrong.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from model.errors import FieldError, InputError
from model.features.expression import literal
from model.tables import Column, Table
from training.progress import Progress
from training.sources import SourceFile

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

_MAX_HEADER_BYTES = 2**20
_MAX_REJECTS = 1000
_WAY_OUT = "Correct the file and ingest again; a value that is not known is left empty."


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table, on disk and with its header read.

    Attributes
    ----------
    table, file, path : what it is and where its bytes are
    header : column names in the file's order
    columns : the columns that this file must have, in the table's order
    """

    table: Table
    file: SourceFile
    path: Path
    header: tuple[str, ...]
    columns: tuple[Column, ...]

    def refuse(
        self,
        law: str,
        *,
        code: str,
        column: str | None = None,
        line: int | None = None,
        index: int | None = None,
        way_out: str = _WAY_OUT,
    ) -> InputError:
        """Make the error that names table, file, line and column, the law and the way out."""
        place = [f"table {self.table.name}, {self.file.name}"]
        if line is not None:
            place.append(f"{'row' if self.file.suffix == '.parquet' else 'line'} {line:,}")
        if column is not None:
            place.append(f"column {column}")
        pointer = "/".join(str(part) for part in ("", self.table.name, index, column) if part is not None)
        params = {"file": self.file.name, "line": line, "column": column}
        return InputError(
            f"{', '.join(place)}: {law}. {way_out}",
            errors=(FieldError(pointer, code, params),),
            code=code,
            table=self.table.name,
            **params,
        )


def open_table_file(table: Table, file: SourceFile, path: Path, *, progress: Progress) -> TableFile:
    """Read the header and check that every column of the table is there.

    Raises
    ------
    InputError
        Empty file, wrong delimiter, unreadable header, a column missing or named twice.
    """
    columns = tuple(c for c in table.columns if not (file.stem == "application_test" and c.name == "TARGET"))
    bare = TableFile(table, file, path, (), columns)
    header = _parquet_header(bare) if file.suffix == ".parquet" else _csv_header(bare)
    opened = TableFile(table, file, path, header, columns)
    _check_header(opened)
    extra = [name for name in header if name not in {c.name for c in columns}]
    if extra:
        progress(f"{file.name}: not a column of {table.name}, not read: {', '.join(extra)}")
    return opened


def _csv_header(opened: TableFile) -> tuple[str, ...]:
    with opened.path.open("rb") as handle:
        raw = handle.readline(_MAX_HEADER_BYTES)
    if not raw.strip():
        raise opened.refuse(
            "the file is empty, it has not even a header line", code="empty_file", way_out="Fetch it again."
        )
    try:
        text = raw.decode("utf-8-sig")
        fields = next(csv.reader([text.rstrip("\r\n")], strict=True))
    except UnicodeDecodeError as error:
        raise opened.refuse(
            "the header is not UTF-8 text", code="encoding", line=1, way_out="Save the file as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise opened.refuse(
            "the header has a quote that is never closed", code="bad_quote", line=1
        ) from error
    if len(fields) == 1:
        for delimiter, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if delimiter in text:
                raise opened.refuse(
                    f"columns are separated by {word}, not by commas",
                    code="delimiter",
                    line=1,
                    way_out="Save the file as CSV with commas and decimal points.",
                )
    return tuple(fields)


def _parquet_header(opened: TableFile) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return tuple(pq.ParquetFile(opened.path).schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise opened.refuse(
            "the file cannot be read as Parquet (it may be cut off)",
            code="damaged_file",
            way_out="Fetch it again.",
        ) from error


def _check_header(opened: TableFile) -> None:
    seen: set[str] = set()
    for name in opened.header:
        if name in seen and name in opened.table.by_name:
            raise opened.refuse("the column is there twice", code="duplicate_column", column=name, line=1)
        seen.add(name)
    missing = [column.name for column in opened.columns if column.name not in seen]
    if not missing:
        return
    known = {column.name for column in opened.columns}
    hints = []
    for name in missing:
        near = difflib.get_close_matches(name, [n for n in opened.header if n not in known], 1, 0.8)
        hints += [f"{near[0]} looks like {name}"] if near else []
    hint = f" ({'; '.join(hints)})" if hints else ""
    listed = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
    raise opened.refuse(
        f"missing column{'s' if len(missing) > 1 else ''} {listed}{hint}",
        code="missing_column",
        column=missing[0] if len(missing) == 1 else None,
        line=1,
        way_out="Add it to the header and to every line; it may be empty, it may not be absent.",
    )


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
        _refuse_rejects(con, opened)
        _refuse_open_end(opened)
    rows, refused = con.execute(
        f"SELECT count(*), min(rowid) FILTER (WHERE {REFUSED} > 0) FROM {name}"
    ).fetchall()[0]
    if refused is not None:
        position = con.execute(f"SELECT {REFUSED} FROM {name} WHERE rowid = {refused}").fetchall()[0][0]
        _refuse_value(opened, opened.columns[position - 1], refused)
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


def _refuse_rejects(con: duckdb.DuckDBPyConnection, opened: TableFile) -> None:
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
            way_out="Fetch the file again." if cut else _WAY_OUT,
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


def _refuse_open_end(opened: TableFile) -> None:
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


def _refuse_value(opened: TableFile, column: Column, index: int) -> None:
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
