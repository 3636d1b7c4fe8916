"""What a model learns from: the matrix, for the champion without what it may not or need not read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq

from model.dictionary import direction, excluded
from model.errors import InputError, UnavailableError
from model.home import Home

_KEYS = ("SK_ID_CURR", "TARGET")
_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Clients:
    """All clients of the lake.

    Attributes
    ----------
    ids : (n,) int64, ascending
    target : (n,) float64: 0 repaid, 1 defaulted, NaN not known
    matrix : (n, k) float32, row-major, NaN = missing
    features : k true names
    """

    ids: np.ndarray
    target: np.ndarray
    matrix: np.ndarray
    features: tuple[str, ...]

    @property
    def labelled(self) -> np.ndarray:
        """Row numbers of the clients with a known outcome."""
        return np.flatnonzero(~np.isnan(self.target))

    @property
    def directions(self) -> tuple[int, ...]:
        """Monotone constraint of each feature."""
        return tuple(direction(feature) for feature in self.features)

    def only(self, columns: np.ndarray) -> Clients:
        """The same clients with some of the features."""
        if len(columns) == len(self.features):
            return self
        return replace(
            self,
            matrix=np.ascontiguousarray(self.matrix[:, columns]),
            features=tuple(self.features[column] for column in columns),
        )


def not_excluded(feature: str) -> bool:
    """Whether the champion may read a feature."""
    return excluded(feature) is None


def read_clients(home: Home, *, wanted: Callable[[str], bool] = not_excluded) -> Clients:
    """Read the feature matrix, without unwanted and constant features.

    Constant means one value, or none, among the clients with a known outcome.

    Parameters
    ----------
    home : its ``features.parquet`` is read
    wanted : which features; by default those that no ground of the dictionary (sex, age,
        family, …) excludes

    Raises
    ------
    UnavailableError
        There is no matrix yet.
    InputError
        The matrix lacks a key column or holds no known outcome.
    """
    if not home.features.exists():
        raise UnavailableError(
            f"{home.features} does not exist: run `python -m training features` first", code="no_features"
        )
    file = pq.ParquetFile(home.features)
    names = file.schema_arrow.names
    lacking = [key for key in _KEYS if key not in names]
    if lacking:
        raise InputError(f"{home.features} has no column {lacking[0]}: make the features again")
    features = [name for name in names if name not in _KEYS and wanted(name)]
    keys = file.read(columns=list(_KEYS))
    target = keys["TARGET"].to_numpy().astype(np.float64)
    known = ~np.isnan(target)
    if not known.any():
        raise InputError("no client has a known outcome (TARGET): a model cannot be trained on this lake")
    matrix = _read_matrix(file, features)
    kept = np.flatnonzero(_varies(matrix, np.flatnonzero(known)))
    return Clients(keys["SK_ID_CURR"].to_numpy(), target, matrix, tuple(features)).only(kept)


def lake_digest(home: Home) -> str:
    """SHA-256 of what the lake holds: the digest of every table, and which tables are missing.

    The day of the ingest and the name of the archive are left out, so that the same data read again
    are the same data.
    """
    path = home.lake / "manifest.json"
    if not path.exists():
        raise UnavailableError(f"{path} does not exist: ingest an archive first", code="no_lake")
    manifest = json.loads(path.read_bytes())
    held = {
        "fictional": manifest["fictional"],
        "missing": manifest["missing"],
        "tables": {name: table["sha256"] for name, table in manifest["tables"].items()},
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def _read_matrix(file: pq.ParquetFile, features: list[str]) -> np.ndarray:
    """Fill a row-major matrix block by block: the table never stands in memory twice."""
    matrix = np.empty((file.metadata.num_rows, len(features)), dtype=np.float32)
    start = 0
    for batch in file.iter_batches(batch_size=_BLOCK, columns=features):
        rows = slice(start, start + batch.num_rows)
        for position, column in enumerate(batch.columns):
            matrix[rows, position] = column.to_numpy(zero_copy_only=False)
        start += batch.num_rows
    return matrix


def _varies(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which columns hold two different values among some rows, missing counted as one."""
    low = np.full(matrix.shape[1], np.inf, dtype=np.float32)
    high, missing = -low, np.zeros(matrix.shape[1], dtype=bool)
    for start in range(0, len(rows), _BLOCK):
        block = matrix[rows[start : start + _BLOCK]]
        low, high = np.fmin(low, np.fmin.reduce(block)), np.fmax(high, np.fmax.reduce(block))
        missing |= np.isnan(block).any(axis=0)
    return (low < high) | (missing & (low == high))
