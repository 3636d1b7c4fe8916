"""The feature matrix of every client of the lake: vocabulary, one query a table, assembly by position.

Memory is bounded: each table's query spills to disk, its answer comes in batches, and the
matrix lies in a file that the system pages as it likes. The order of rows, of threads and
of batches cannot change a bit of the result (`model.features.stats`).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import InputError
from model.features import HISTORIES, SpecError, Vocabulary, feature_names, text_columns
from model.features.application import APPLICATION
from model.features.expression import literal, quote
from model.features.sql import CLIENT, Number, Query, application_query, history_query
from model.home import Home
from model.tables import TABLES
from training.progress import Progress, silent

THREADS = 2
MEMORY_LIMIT = "2500MB"
BATCH_ROWS = 50_000
SMALL_LAKE_BYTES = 100_000_000
GROUP_ROWS = 16_384
OUTCOME = "TARGET"


def build_matrix(home: Home, *, progress: Progress = silent) -> Path:
    """Write ``features.parquet`` and ``vocabulary.json`` from the lake.

    Parameters
    ----------
    home : its lake holds the seven tables
    progress : told of each table as it ends

    Returns
    -------
    Path
        of ``features.parquet``: one row a client, sorted; ``SK_ID_CURR`` int64, ``TARGET``
        int8 or null, then every feature as float32, NaN = missing. Both files appear
        whole or not at all.
    """
    vocabulary = learn_vocabulary(home)
    progress(f"vocabulary: {sum(map(len, vocabulary.values()))} text columns")
    ids, matrix = compute_features(home, vocabulary, progress=progress)
    _write_whole(vocabulary_path(home), lambda path: path.write_text(_as_json(vocabulary), encoding="utf-8"))
    names = feature_names(vocabulary)
    _write_whole(home.features, lambda path: _write_parquet(path, ids, outcomes(home), matrix, names))
    progress(f"features.parquet: {len(ids):,} clients × {len(names)} features")
    return home.features


def vocabulary_path(home: Home) -> Path:
    return home.root / "vocabulary.json"


def read_vocabulary(home: Home) -> Vocabulary:
    """The vocabulary that `build_matrix` learned."""
    loaded: Vocabulary = json.loads(vocabulary_path(home).read_text(encoding="utf-8"))
    return loaded


def learn_vocabulary(home: Home) -> dict[str, dict[str, tuple[str, ...]]]:
    """Categories of every text column that the definition reads, from all rows of the lake."""
    with _lake(home) as connection:
        return {table: _categories(connection, table, columns) for table, columns in text_columns().items()}


def outcomes(home: Home) -> np.ndarray:
    """Known outcome of each client of the lake, by client number: float32 (n,) of 0, 1 or NaN."""
    with _lake(home) as connection:
        table = _arrow(connection, f"SELECT CAST({OUTCOME} AS FLOAT) AS y FROM application ORDER BY {CLIENT}")
    return table.column("y").to_numpy()


def compute_features(
    home: Home,
    vocabulary: Vocabulary,
    columns: Sequence[str] | None = None,
    progress: Progress = silent,
    *,
    dtype: type[np.floating] = np.float32,
) -> tuple[np.ndarray, np.ndarray]:
    """Features of every client of the lake.

    Parameters
    ----------
    home : its lake holds the seven tables
    vocabulary : categories of the text columns; the model's own, where there is a model
    columns : wanted features, in the wanted order; default: the whole matrix
    progress : told of each table as it ends
    dtype : float32 is what a model reads; float64 shows the numbers before their last rounding

    Returns
    -------
    ids : int64 (n,), sorted
    matrix : `dtype` (n, k), row-major, NaN = missing; it lies in an unnamed file under
        `home`, which vanishes with the array

    Raises
    ------
    SpecError
        Where a wanted feature does not exist under this vocabulary.
    InputError
        Where the lake lacks a table.
    """
    names = feature_names(vocabulary) if columns is None else tuple(columns)
    place = {name: position for position, name in enumerate(names)}
    strangers = sorted(place.keys() - set(feature_names(vocabulary)))
    if strangers:
        raise SpecError(f"not features of this definition under this vocabulary: {strangers}")
    number: Number = "DOUBLE" if dtype is np.float64 else "FLOAT"
    queries = [("application", application_query(APPLICATION, vocabulary, place, number=number))]
    queries += [
        (source.table, history_query(source, vocabulary, place, number=number)) for source in HISTORIES
    ]
    with _lake(home) as connection:
        ids = _client_ids(connection)
        matrix = _unnamed_matrix(home, (len(ids), len(names)), dtype)
        wanted = [(table, query) for table, query in queries if query.names]

        def fill(query: Query) -> None:
            with connection.cursor() as own:
                _fill(own, query, ids, matrix, place)

        with _runner(home) as run:
            for (table, query), _ in zip(wanted, run(fill, [query for _, query in wanted]), strict=True):
                progress(f"{table}: {len(query.names)} features")
    return ids, matrix


@contextmanager
def _runner(home: Home) -> Iterator[Callable[..., Iterable[None]]]:
    """How to go through the tables: side by side where the lake is small, else one after the other.

    In a small lake planning hundreds of columns costs more than the rows, and a query has
    too few rows for two threads; in a large one each query fills threads and memory alone.
    """
    if sum(path.stat().st_size for path in home.lake.glob("*.parquet")) > SMALL_LAKE_BYTES:
        yield map
        return
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool.map


@contextmanager
def _lake(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view a table; sorts and groups that outgrow memory spill beside the lake."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=home.root, prefix="duckdb-") as spill,
        duckdb.connect() as connection,
    ):
        connection.execute(f"SET temp_directory = {literal(spill)}")
        connection.execute(f"SET memory_limit = {literal(MEMORY_LIMIT)}")
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET preserve_insertion_order = false")
        for table in TABLES:
            path = home.lake / f"{table}.parquet"
            if not path.is_file():
                raise InputError(f"{path} is missing: run `python -m training ingest` first", code="no_lake")
            source = f"read_parquet({literal(str(path))})"
            connection.execute(f"CREATE VIEW {quote(table)} AS SELECT * FROM {source}")
        yield connection


def _arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    return connection.sql(sql).to_arrow_reader(BATCH_ROWS).read_all()


def _client_ids(connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    return np.sort(_arrow(connection, f"SELECT {CLIENT} FROM application").column(0).to_numpy())


def _categories(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    if not columns:
        return {}
    lists = ", ".join(f"list(DISTINCT {quote(column)}) AS {quote(column)}" for column in columns)
    (found,) = _arrow(connection, f"SELECT {lists} FROM {quote(table)}").to_pylist()
    return {
        column: tuple(sorted(category for category in found[column] or () if category is not None))
        for column in columns
    }


def _unnamed_matrix(home: Home, shape: tuple[int, int], dtype: type[np.floating]) -> np.ndarray:
    if 0 in shape:
        return np.full(shape, np.nan, dtype=dtype)
    with tempfile.TemporaryFile(dir=home.root) as file:
        matrix = np.memmap(file, dtype=dtype, mode="w+", shape=shape)
    for start in range(0, shape[0], BATCH_ROWS):
        matrix[start : start + BATCH_ROWS] = np.nan
    return matrix


def _fill(
    connection: duckdb.DuckDBPyConnection,
    query: Query,
    ids: np.ndarray,
    matrix: np.ndarray,
    place: dict[str, int],
) -> None:
    """Put a query's answer where it belongs; rows of clients that the application lacks are left out."""
    into = np.array([place[name] for name in query.names], dtype=np.intp)
    # A table's features lie in few runs, the kernel's and this product's own: whole runs copy faster.
    runs = np.split(np.arange(len(into)), np.flatnonzero(np.diff(into) != 1) + 1)
    for batch in connection.sql(query.sql).to_arrow_reader(BATCH_ROWS):
        clients = batch.column(0).to_numpy()
        rows = np.searchsorted(ids, clients)
        block = _block(batch)
        known = ids[np.minimum(rows, len(ids) - 1)] == clients
        if not known.all():
            rows, block = rows[known], block[known]
        for run in runs:
            first = into[run[0]]
            matrix[rows, first : first + len(run)] = block[:, run[0] : run[0] + len(run)]


def _block(batch: pa.RecordBatch) -> np.ndarray:
    """Features of a batch, (rows, features); the first column is the client."""
    dtype = batch.schema.types[-1].to_pandas_dtype()
    block = np.empty((batch.num_rows, batch.num_columns - 1), dtype=dtype)
    for index in range(1, batch.num_columns):
        block[:, index - 1] = batch.column(index).to_numpy(zero_copy_only=False)
    return block


def _as_json(vocabulary: Vocabulary) -> str:
    return json.dumps(vocabulary, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside `path`, then rename: a reader sees the old file or the whole new one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _write_parquet(
    path: Path, ids: np.ndarray, outcome: np.ndarray, matrix: np.ndarray, names: Sequence[str]
) -> None:
    fields = [pa.field(CLIENT, pa.int64(), nullable=False), pa.field(OUTCOME, pa.int8())]
    fields += [pa.field(name, pa.float32(), nullable=False) for name in names]
    schema = pa.schema(fields)
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        for start in range(0, len(ids), GROUP_ROWS):
            rows = slice(start, start + GROUP_ROWS)
            columns = np.ascontiguousarray(matrix[rows].T)
            target = pa.array(outcome[rows], mask=np.isnan(outcome[rows])).cast(pa.int8())
            arrays = [pa.array(ids[rows]), target, *(pa.array(column) for column in columns)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
