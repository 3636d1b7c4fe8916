"""Raw application columns of all clients, mapped, by column and by client.

An Arrow IPC file of fixed-width columns without nulls, read through NumPy views: a client's
120 values cost some microseconds, and a whole column is one copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model.case import Value
from model.tables import INPUTS, Column

_PLACES = {column.name: place for place, column in enumerate(INPUTS)}
_MISSING_CATEGORY = -1
_INTEGERS: tuple[Any, ...] = (np.int8, np.int16, np.int32, np.int64)


@dataclass(frozen=True, slots=True)
class Written:
    """What :func:`write_raw_columns` wrote: rows, and the categories behind the codes."""

    rows: int
    categories: dict[str, list[str]]


class RawColumns:
    """Mapped columns; see the module.

    Parameters
    ----------
    batches : record batches as written
    categories : text column → categories by code
    """

    def __init__(self, batches: Sequence[pa.RecordBatch], categories: Mapping[str, Sequence[str]]) -> None:
        self._categories = categories
        self._starts = np.cumsum([0, *(batch.num_rows for batch in batches)])[:-1]
        self._views = [[(c, _view(batch.column(c.name), c)) for c in INPUTS] for batch in batches]

    @classmethod
    def open(cls, path: Path, categories: Mapping[str, Sequence[str]]) -> RawColumns:
        """Map a verified file."""
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        return cls([reader.get_batch(i) for i in range(reader.num_record_batches)], categories)

    def row(self, index: int) -> dict[str, Value]:
        """All columns of one client; ``None`` = not provided."""
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        at = index - int(self._starts[part])
        return {column.name: self._value(column, view[at].item()) for column, view in self._views[part]}

    def column(self, name: str) -> NDArray[Any]:
        """One column of all clients: float64 with NaN, or texts with ``None``, = missing.

        Raises
        ------
        KeyError
            No such column.
        """
        place = _PLACES[name]
        column = INPUTS[place]
        values = np.concatenate([views[place][1] for views in self._views])
        if column.kind == "text":
            return np.array([*self._categories[name], None], dtype=object)[values]
        if column.kind == "int":
            return np.where(values == np.iinfo(values.dtype).min, np.nan, values.astype(np.float64))
        return values

    def _value(self, column: Column, value: Any) -> Value:
        if column.kind == "text":
            return None if value == _MISSING_CATEGORY else self._categories[column.name][value]
        if column.kind == "int":
            return None if value == _MISSING_INTEGER[column.name] else value
        return None if value != value else value


def write_raw_columns(path: Path, batches: Iterable[pa.RecordBatch]) -> Written:
    """Write batches of the lake's application table; other columns are left out.

    Raises
    ------
    pyarrow.ArrowInvalid
        A whole number does not fit the range that `model.tables` gives its column.
    """
    schema = pa.schema([pa.field(c.name, pa.from_numpy_dtype(_dtype(c)), nullable=False) for c in INPUTS])
    codes: dict[str, dict[str, int]] = {c.name: {} for c in INPUTS if c.kind == "text"}
    rows = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
        for batch in batches:
            columns = [_encoded(c, batch.column(c.name), codes) for c in INPUTS]
            file.write_batch(pa.record_batch([pa.array(values) for values in columns], schema=schema))
            rows += batch.num_rows
    return Written(rows, {name: list(found) for name, found in codes.items()})


def _encoded(column: Column, values: pa.Array, codes: dict[str, dict[str, int]]) -> NDArray[Any]:
    dtype = _dtype(column)
    if column.kind == "text":
        known = codes[column.name]
        encoded = values.cast(pa.string()).dictionary_encode()
        own = [known.setdefault(category, len(known)) for category in encoded.dictionary.to_pylist()]
        places = encoded.indices.fill_null(len(own)).to_numpy(zero_copy_only=False)
        return np.array([*own, _MISSING_CATEGORY], dtype=dtype)[places]
    if column.kind == "int":
        whole = values.cast(pa.from_numpy_dtype(dtype))
        return whole.fill_null(int(np.iinfo(dtype).min)).to_numpy(zero_copy_only=False)
    if pa.types.is_decimal128(values.type):
        return _doubles(values)
    return values.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)


def _doubles(decimals: pa.Array) -> NDArray[np.float64]:
    """Nearest double of each decimal; Arrow's own cast may miss it by the last bit."""
    words = np.frombuffer(decimals.buffers()[1], dtype=np.int64)
    # An amount fits the low one of the two words of a 128-bit integer.
    low = words[2 * decimals.offset : 2 * (decimals.offset + len(decimals)) : 2]
    doubles = low / 10.0**decimals.type.scale
    doubles[decimals.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return doubles


def _view(values: pa.Array, column: Column) -> NDArray[Any]:
    """The mapped bytes themselves; ``Array.to_numpy`` would import pandas into the server."""
    dtype = np.dtype(_dtype(column))
    start = values.offset * dtype.itemsize
    return np.frombuffer(values.buffers()[1], dtype=dtype, count=len(values), offset=start)


def _dtype(column: Column) -> Any:
    """Smallest type for the column's range and a missing mark; money fits a double."""
    if column.kind == "text":
        return np.int16
    if column.kind != "int":
        return np.float64
    low, high = column.low or 0, column.high or 0
    return next(d for d in _INTEGERS if np.iinfo(d).min < low and high <= np.iinfo(d).max)


_MISSING_INTEGER = {c.name: int(np.iinfo(_dtype(c)).min) for c in INPUTS if c.kind == "int"}
