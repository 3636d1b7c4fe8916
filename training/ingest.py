"""The archive into the lake: seven typed Parquet files, sorted by client, or nothing at all.

Each table is staged and checked (``training/reading.py``, ``table_checks.py``), freed of the rows of unknown
clients, sorted by client and written. The lake changes hands in one move at the end; a
refused archive leaves the former lake as it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from model.errors import InputError
from model.features.expression import literal
from model.home import Home
from model.tables import TABLES, Table
from training.folders import replaced
from training.progress import Progress, silent
from training.reading import DUCKDB_TYPES, stage
from training.sources import Source, find_tables
from training.table_checks import fine_amounts, refuse_duplicates
from training.table_file import TableFile, open_table_file

MEMORY_LIMIT = "2GB"
THREADS = 2

ROUNDED_SHARE = 0.001
"""Largest share of an amount column that may be rounded to three decimals."""

FIRST_FICTIONAL_ID = 900_001
"""No client of the real archive has this number or a higher one."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """What became of one table.

    Attributes
    ----------
    rows : rows in the lake
    orphans : rows of clients (or bureau credits) that no application names, kept out
    rounded : amounts rounded to three decimals, by column
    sha256 : fingerprint of the Parquet file
    """

    rows: int
    orphans: int
    rounded: Mapping[str, int]
    sha256: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest read and wrote; the lake's ``manifest.json`` is this, as JSON."""

    source: str
    fictional: bool
    ingested_at: str
    tables: Mapping[str, TableReport]
    missing: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def ingest(
    source: Path, home: Home, *, allow_missing: Sequence[str] = (), progress: Progress = silent
) -> IngestReport:
    """Read the seven tables of `source` into the lake of `home`.

    Parameters
    ----------
    source : zip of the archive, or folder of CSV or Parquet files named as in the archive
    home : its ``lake`` is replaced in one move when everything was good
    allow_missing : names of tables or files that the source may lack
    progress : told of each finished table and of everything that is left out

    Returns
    -------
    IngestReport

    Raises
    ------
    InputError
        Names table, file, line and column of the first thing that is wrong, and the way out.
    """
    found = find_tables(Path(source), allow_missing=allow_missing, progress=progress)
    with replaced(home.lake) as work, _stopped_by_ctrl_c():
        lake, spill = work / "lake", work / "spill"
        lake.mkdir()
        with duckdb.connect(str(work / "stage.db"), config=_settings(spill)) as con:
            tables = {
                table.name: _ingest_table(con, table, found, lake, work, progress)
                for table in TABLES.values()
            }
        _refuse_mixture(found, lake)
        report = IngestReport(
            source=found.name,
            fictional=found.fictional,
            ingested_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tables=tables,
            missing=found.missing,
        )
        (lake / "manifest.json").write_text(json.dumps(asdict(report), indent=2) + "\n")
        _only(lake, work)
    return report


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[None]:
    """Ctrl-C in the middle of a query comes out of DuckDB as an error of its own."""
    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


def _settings(spill: Path) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": MEMORY_LIMIT,
        "threads": THREADS,
        "temp_directory": str(spill),
        # The staged row number is the position in the file: order must survive the reading.
        "preserve_insertion_order": "true",
    }


def _ingest_table(
    con: duckdb.DuckDBPyConnection, table: Table, source: Source, lake: Path, work: Path, progress: Progress
) -> TableReport:
    target = lake / f"{table.name}.parquet"
    with ExitStack() as opened_files:
        staged: list[tuple[str, TableFile]] = []
        rows = 0
        for place, stem in enumerate(stem for stem in table.files if stem in source.files):
            path = opened_files.enter_context(source.opened(source.files[stem], _folder(work, stem)))
            opened = open_table_file(table, source.files[stem], path, progress=progress)
            name = f"staged_{place}"
            rows += stage(con, opened, name)
            staged.append((name, opened))
        refuse_duplicates(con, table, staged)
        rounded = fine_amounts(con, table, staged, share=ROUNDED_SHARE)
    _write(con, table, [name for name, _ in staged], lake, target)
    for name, _ in staged:
        con.execute(f"DROP TABLE {name}")
    kept = _count(target)
    if table.name == "application" and kept == 0:
        raise InputError(
            f"table application: {', '.join(source.files[s].name for s in table.files if s in source.files)} "
            "have a header and no row: there is no client to read. Fetch the archive again.",
            code="empty_table",
        )
    report = TableReport(kept, rows - kept, rounded, _fingerprint(target))
    progress(_sentence(table.name, report, missing=not staged))
    return report


def _folder(work: Path, stem: str) -> Path:
    """A folder of its own for each extracted member: both application files are open at once."""
    folder = work / "extracted" / stem
    folder.mkdir(parents=True)
    return folder


def _write(
    con: duckdb.DuckDBPyConnection, table: Table, staged: Sequence[str], lake: Path, target: Path
) -> None:
    columns = ", ".join(f"t.{name}" for name in table.names)
    if not staged:
        empty = ", ".join(f"CAST(NULL AS {DUCKDB_TYPES[c.kind]}) AS {c.name}" for c in table.columns)
        rows = f"SELECT {empty} LIMIT 0"
    else:
        union = " UNION ALL ".join(f"SELECT * FROM {name}" for name in staged)
        order = list(dict.fromkeys((table.link, *(table.key or table.names))))
        rows = f"SELECT {columns} FROM ({union}) t ORDER BY {', '.join(f't.{name}' for name in order)}"
        if table.parent:
            parent = literal(str(lake / f"{table.parent}.parquet"))
            owner = TABLES[table.parent].link
            rows = (
                f"SELECT {columns} FROM ({union}) t "
                f"JOIN (SELECT {table.link}, {owner} FROM {parent}) p USING ({table.link}) "
                f"ORDER BY p.{owner}, {', '.join(f't.{name}' for name in order)}"
            )
        elif table.name != "application":
            clients = literal(str(lake / "application.parquet"))
            rows = rows.replace(
                f"({union}) t", f"({union}) t SEMI JOIN {clients} c ON t.{table.link} = c.SK_ID_CURR"
            )
    con.execute(f"COPY ({rows}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)")


def _count(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(path).metadata.num_rows)


def _fingerprint(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sentence(name: str, report: TableReport, *, missing: bool) -> str:
    if missing:
        return f"{name}: not in the archive, left empty"
    text = f"{name}: {report.rows:,} rows"
    if report.orphans:
        owner = "bureau credits" if TABLES[name].parent else "clients"
        text += f", {report.orphans:,} more kept out (of {owner} that the archive does not know)"
    for column, count in report.rounded.items():
        text += f", {count:,} of {column} rounded to three decimals"
    return text


def _refuse_mixture(source: Source, lake: Path) -> None:
    """A portfolio that calls itself fictional may hold no number of a real client."""
    if not source.fictional:
        return
    lowest = duckdb.execute(
        f"SELECT min(SK_ID_CURR) FROM {literal(str(lake / 'application.parquet'))}"
    ).fetchall()[0][0]
    if lowest < FIRST_FICTIONAL_ID:
        raise InputError(
            f"{source.name} says that it is fictional and holds client {lowest}; fictional clients start at "
            f"{FIRST_FICTIONAL_ID}. Remove portfolio.json from a real archive, or the real rows from a "
            "portfolio.",
            code="mixed_portfolio",
        )


def _only(lake: Path, work: Path) -> None:
    """Leave in `work` what `lake` holds and nothing else."""
    for entry in list(work.iterdir()):
        if entry != lake:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for entry in list(lake.iterdir()):
        entry.rename(work / entry.name)
    lake.rmdir()
