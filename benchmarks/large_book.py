"""A home whose client book is the one in force repeated to many clients under new numbers.

For measuring what depends on the number of clients only: start-up, memory, search, lists.
The bundle is the one in force; no portfolio of that size has to be made and trained on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from model.book import Book, load_book
from model.book_writing import Block, write_book
from model.bundle import load_bundle
from model.home import Home
from model.pointer import read_pointer, replace_pointer
from model.tables import INPUTS

FIRST_ID = 100_002
BLOCK = 10_000


def repeat_book(home: Home, target: Home, *, clients: int) -> None:
    """Put the bundle of `home` and a book of `clients` clients in force in `target`."""
    pointer = read_pointer(home)
    if pointer is None or pointer.book is None:
        raise SystemExit(f"nothing is in force in {home.root}: run `make run` first")
    if not (target.bundles / pointer.bundle).exists():
        target.bundles.mkdir(parents=True, exist_ok=True)
        shutil.copytree(home.bundles / pointer.bundle, target.bundles / pointer.bundle)
    bundle = load_bundle(target.bundles / pointer.bundle, pointer.bundle)
    book = load_book(home.books / pointer.book, pointer.book)
    rows = np.arange(clients) % len(book)
    path = write_book(
        target.books,
        bundle,
        ids=np.arange(FIRST_ID, FIRST_ID + clients, dtype=np.int64),
        target=book.target[rows],
        counts=book.counts[rows],
        oof_margin=book.oof_margin[rows],
        blocks=_blocks(book, rows),
        application=_application(book, rows),
        unseen={},
        codes=tuple(book.manifest["codes"]),
        source={name: book.manifest[name] for name in ("source", "fictional", "ingested_at")},
    )
    replace_pointer(target, bundle=pointer.bundle, book=path.name)


def _blocks(book: Book, rows: np.ndarray) -> Iterator[Block]:
    features = book.features.all()
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        yield Block(features[part], book.first_adverse[part], book.first_favourable[part], book.flags[part])


def _application(book: Book, rows: np.ndarray) -> Iterator[pa.RecordBatch]:
    columns = {column.name: _lake_column(column.kind, book.column(column.name)) for column in INPUTS}
    whole = pa.record_batch(list(columns.values()), names=list(columns))
    for start in range(0, len(rows), BLOCK):
        yield whole.take(pa.array(rows[start : start + BLOCK]))


def _lake_column(kind: str, values: Any) -> pa.Array:
    if kind == "text":
        return pa.array(values.tolist(), type=pa.string())
    missing = np.isnan(values)
    if kind == "int":
        return pa.array(np.where(missing, 0, values).astype(np.int64), mask=missing)
    return pa.array(values, mask=missing)
