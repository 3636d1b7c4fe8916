"""The fictional portfolio: an archive of the seven tables in which nobody is real.

One latent risk stands behind external scores, arrears, refusals, employment, income and
the outcome; everything else about a client is drawn given that risk. Numbers of clients
start at 900001, above every number of the real archive, and ``portfolio.json`` says that
the folder is fictional.

Clients are drawn in blocks of a fixed size, each from its own seed, and written block by
block: memory does not grow with the number of clients, and the same number and seed give
the same files.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import InputError
from model.tables import TABLES, Column
from training.folders import replaced
from training.portfolio.draws import Columns, Floats, Ints, Text
from training.portfolio.elsewhere import make_bureau
from training.portfolio.payments import make_payments
from training.portfolio.people import make_people
from training.portfolio.previous import make_previous
from training.progress import Progress, silent

FIRST_ID = 900_001
BLOCK = 4_000
MAX_CLIENTS = 5_000_000
"""Contract numbers are client number · 100 and more, in nine digits."""

LABELLED_SHARE = 0.85
"""Share of clients in ``application_train``."""

_ARROW_TYPES = {"id": pa.int64(), "int": pa.int64(), "money": pa.float64(), "real": pa.float64()}


def write_portfolio(folder: Path, *, clients: int, seed: int, progress: Progress = silent) -> None:
    """Write a fictional archive: a folder of Parquet, to be ingested like a real archive.

    Parameters
    ----------
    folder : replaced in one move when complete
    clients : number of clients, from 10 to `MAX_CLIENTS`; 85 % of them have a known outcome
    seed : the same number of clients and seed give the same rows
    progress : told of every finished part

    Raises
    ------
    InputError
        The number of clients or the seed is out of range.
    """
    if not 10 <= clients <= MAX_CLIENTS:
        raise InputError(
            f"--clients {clients}: give a number from 10 to {MAX_CLIENTS:,}.", code="out_of_range"
        )
    if seed < 0:
        raise InputError(f"--seed {seed}: give a whole number from 0 up.", code="out_of_range")
    labelled = _labelled(clients, seed)
    with replaced(folder) as fresh:
        with _Archive(fresh) as archive:
            for block, start in enumerate(range(0, clients, BLOCK)):
                stop = min(start + BLOCK, clients)
                _write_block(archive, np.arange(start, stop) + FIRST_ID, labelled[start:stop], seed, block)
                progress(f"fictional portfolio: {stop:,} of {clients:,} clients")
        mark = {"clients": clients, "seed": seed, "fictional": True, "rows": archive.rows}
        (fresh / "portfolio.json").write_text(json.dumps(mark, indent=2) + "\n")


def _labelled(clients: int, seed: int) -> np.ndarray:
    order = np.random.default_rng([seed, clients]).permutation(clients)
    return order < round(LABELLED_SHARE * clients)


def _write_block(archive: _Archive, ids: Ints, labelled: np.ndarray, seed: int, block: int) -> None:
    people, application = make_people(ids, seed, block)
    bureau, bureau_balance = make_bureau(people, seed, block)
    previous, contracts = make_previous(people, seed, block)
    payments = make_payments(people, previous, contracts, seed, block)
    archive.write("application_train", application, labelled)
    archive.write("application_test", application, ~labelled)
    archive.write("bureau", bureau)
    archive.write("bureau_balance", bureau_balance)
    archive.write("previous_application", previous)
    archive.write("POS_CASH_balance", payments.pos)
    archive.write("credit_card_balance", payments.card)
    archive.write("installments_payments", payments.instalments)


class _Archive:
    """Open Parquet files of the archive; one row group a block."""

    def __init__(self, folder: Path) -> None:
        self._columns = {
            stem: [c for c in table.columns if stem != "application_test" or c.name != "TARGET"]
            for table in TABLES.values()
            for stem in table.files
        }
        self._writers = {
            stem: pq.ParquetWriter(folder / f"{stem}.parquet", _schema(columns), compression="zstd")
            for stem, columns in self._columns.items()
        }
        self.rows = dict.fromkeys(self._writers, 0)

    def write(self, stem: str, columns: Columns, which: np.ndarray | None = None) -> None:
        arrays = [_arrow(column, columns[column.name], which) for column in self._columns[stem]]
        batch = pa.Table.from_arrays(arrays, schema=self._writers[stem].schema)
        self._writers[stem].write_table(batch, row_group_size=max(len(batch), 1))
        self.rows[stem] += len(batch)

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *error: object) -> None:
        for writer in self._writers.values():
            writer.close()


def _schema(columns: list[Column]) -> pa.Schema:
    words = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(c.name, words if c.kind == "text" else _ARROW_TYPES[c.kind]) for c in columns])


def _arrow(column: Column, values: Floats | Ints | Text, which: np.ndarray | None) -> pa.Array:
    if isinstance(values, Text):
        codes = values.codes if which is None else values.codes[which]
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32), mask=codes < 0), pa.array(values.categories, pa.string())
        )
    numbers = values if which is None else values[which]
    if column.kind in ("id", "int"):
        absent = np.isnan(numbers)
        return pa.array(np.where(absent, 0, numbers).astype(np.int64), pa.int64(), mask=absent)
    rounded = np.round(numbers, 2) if column.kind == "money" else numbers
    return pa.array(rounded.astype(np.float64), pa.float64(), from_pandas=True)


__all__ = ["BLOCK", "FIRST_ID", "LABELLED_SHARE", "write_portfolio"]
