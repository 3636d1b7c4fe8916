"""How many rows of history stand behind each client of the lake."""

from __future__ import annotations

import duckdb
import numpy as np

from model.features.expression import literal
from model.home import Home
from model.tables import HISTORY, OWN_HISTORY


def history_counts(home: Home, ids: np.ndarray) -> np.ndarray:
    """Rows of each history table by client.

    Parameters
    ----------
    home : its lake is read
    ids : (n,) int64 ascending client numbers

    Returns
    -------
    (n, 6) int32, columns in the order of `model.tables.HISTORY`; a table that the archive
    lacks counts 0.
    """
    counts = np.zeros((len(ids), len(HISTORY)), dtype=np.int32)
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        for position, table in enumerate(HISTORY):
            if not (home.lake / f"{table}.parquet").exists():
                continue
            found = connection.execute(_query(home, table)).fetchnumpy()
            clients = np.asarray(found["client"], dtype=np.int64)
            row = np.searchsorted(ids, clients)
            known = (row < len(ids)) & (ids[np.minimum(row, len(ids) - 1)] == clients)
            counts[row[known], position] = np.asarray(found["n"], dtype=np.int64)[known]
    return counts


def known_history(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether any loan elsewhere, and any earlier contract with us, is known.

    Parameters
    ----------
    counts : (n, 6) from `history_counts`

    Returns
    -------
    (n,) bool, (n,) bool
    """
    own = [table in OWN_HISTORY for table in HISTORY]
    return counts[:, HISTORY.index("bureau")] > 0, counts[:, own].max(axis=1) > 0


def _query(home: Home, table: str) -> str:
    source = lake_rows(home, table)
    if table == "bureau_balance":  # its rows belong to a client through his loan
        source += f" join {lake_rows(home, 'bureau')} using (SK_ID_BUREAU)"
    return f"select SK_ID_CURR as client, count(*) as n from {source} group by SK_ID_CURR"


def lake_rows(home: Home, table: str) -> str:
    """SQL of the rows of a table of the lake."""
    return f"read_parquet({literal(str(home.lake / f'{table}.parquet'))})"
