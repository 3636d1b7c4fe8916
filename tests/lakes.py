"""Tiny lakes, rows of clients, and equality of bits, for tests of the features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.features import Row
from model.home import Home
from model.tables import HISTORY, TABLES, Table

Rows = list[dict[str, Any]]

ARROW_TYPES = {
    "id": pa.int64(),
    "int": pa.int64(),
    "money": pa.decimal128(15, 3),
    "real": pa.float64(),
    "text": pa.string(),
}


def arrow_table(table: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as the lake types them; absent columns are null."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in table.columns])
    return pa.Table.from_pylist(
        [
            {column.name: _lake_value(column.kind, row.get(column.name)) for column in table.columns}
            for row in rows
        ],
        schema=schema,
    )


def write_lake(root: Path, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Home:
    """A home whose lake holds these rows; tables that are not given are empty."""
    home = Home(root)
    home.lake.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        pq.write_table(arrow_table(table, tables.get(name, ())), home.lake / f"{name}.parquet")
    return home


def client_rows(home: Home, clients: Iterable[int]) -> dict[int, tuple[Row, dict[str, Rows]]]:
    """Client → (application row, history rows), as JSON would carry them: amounts are floats."""
    wanted = sorted(clients)
    with duckdb.connect() as connection:
        applications = {row["SK_ID_CURR"]: row for row in _rows(connection, home, "application", wanted)}
        histories: dict[int, dict[str, Rows]] = {client: {name: [] for name in HISTORY} for client in wanted}
        owners = {}
        for name in HISTORY:
            for row in _rows(connection, home, name, wanted):
                owner = row["SK_ID_CURR"] if "SK_ID_CURR" in row else owners[row["SK_ID_BUREAU"]]
                if name == "bureau":
                    owners[row["SK_ID_BUREAU"]] = owner
                histories[owner][name].append(row)
    return {client: (applications[client], histories[client]) for client in wanted}


def _rows(connection: duckdb.DuckDBPyConnection, home: Home, name: str, clients: list[int]) -> Rows:
    table = TABLES[name]
    columns = ", ".join(
        f"CAST({column.name} AS DOUBLE) AS {column.name}" if column.kind == "money" else column.name
        for column in table.columns
    )
    where = f"SK_ID_CURR IN ({', '.join(map(str, clients))})"
    if table.parent is not None:
        where = (
            f"{table.link} IN (SELECT {table.link} FROM '{home.lake / table.parent}.parquet' WHERE {where})"
        )
    sql = f"SELECT {columns} FROM '{home.lake / name}.parquet' WHERE {where}"
    return connection.sql(sql).to_arrow_reader().read_all().to_pylist()


def _lake_value(kind: str, value: Any) -> Any:
    if value is None or kind != "money":
        return value
    return Decimal(str(value)).quantize(Decimal("0.001"))


def bits(values: np.ndarray) -> list[int]:
    """Bit patterns, every NaN the same."""
    return np.where(np.isnan(values), np.float32(np.nan), values).astype(np.float32).view(np.uint32).tolist()


def differing(names: tuple[str, ...], ours: np.ndarray, theirs: np.ndarray) -> dict[str, tuple[float, float]]:
    return {
        name: (float(x), float(y))
        for name, x, y, p, q in zip(names, ours, theirs, bits(ours), bits(theirs), strict=True)
        if p != q
    }
