"""A file of a table, on disk: its header, read and checked, and the refusals that name it."""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from model.errors import FieldError, InputError
from model.tables import Column, Table
from training.progress import Progress
from training.sources import SourceFile

_MAX_HEADER_BYTES = 2**20
WAY_OUT = "Correct the file and ingest again; a value that is not known is left empty."


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
        way_out: str = WAY_OUT,
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
