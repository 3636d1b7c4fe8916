"""Makes a client book: block by block, all or nothing. What is in it: :mod:`model.book`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from model.book import REFERENCE_ROW, UNKNOWN
from model.bundle import Bundle
from model.calibration import Floats
from model.checked_rows import block_digests
from model.errors import IntegrityError
from model.population import MISSING_CODE, Population
from model.raw_columns import write_raw_columns
from model.sealed import SealedWriter
from model.tables import HISTORY


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive clients of the book.

    Attributes
    ----------
    features : float32 (b, k)
    first_adverse, first_favourable : uint8 (b,)
        Index into the `codes` given to :func:`write_book`, 255 = none.
    flags : uint8 (b,)
        Number of data-quality flags.
    """

    features: NDArray[np.float32]
    first_adverse: NDArray[np.uint8]
    first_favourable: NDArray[np.uint8]
    flags: NDArray[np.uint8]


def write_book(
    parent: Path,
    bundle: Bundle,
    *,
    ids: NDArray[np.int64],
    target: NDArray[np.int8],
    counts: NDArray[np.int32],
    oof_margin: Floats,
    blocks: Iterable[Block],
    application: Iterable[pa.RecordBatch],
    unseen: Mapping[int, Iterable[tuple[str, str, str]]],
    codes: tuple[str, ...],
    source: Mapping[str, Any],
    reference_rows: NDArray[np.int32] | None = None,
) -> Path:
    """Seal a client book block by block; all or nothing, memory bounded by a block.

    Parameters
    ----------
    parent : Path
        Usually ``home.books``.
    bundle : Bundle
        Scores the clients and gives the bins.
    ids : int64 (n,), strictly ascending
    target : int8 (n,)
        0, 1 or −1.
    counts : int32 (n, 6)
        Rows of history by table in ``HISTORY`` order.
    oof_margin : float64 (n,)
        NaN where the client has none.
    blocks, application : iterables
        Features and raw application rows of the same clients in the same order, in blocks
        and batches of any size. Batches hold the lake's columns (others are left out).
    unseen : mapping
        Client → categories outside the bundle's vocabulary.
    codes : reason codes that the blocks' indices point to
    source : mapping
        ``source``, ``fictional``, ``ingested_at`` of the lake's manifest.
    reference_rows : int32 (n,), optional
        Row of each client among the bundle's leaves, −1 = not there.

    Raises
    ------
    IntegrityError
        The parts disagree on the number or order of clients.
    """
    n = len(ids)
    small: dict[str, tuple[NDArray[Any], Any]] = {
        "ids": (ids, np.int64),
        "target": (target, np.int8),
        "oof_margin": (oof_margin, np.float64),
    }
    _require(bool((np.diff(ids) > 0).all()), "client numbers are not strictly ascending")
    _require(counts.shape == (n, len(HISTORY)), "counts are not (clients, history tables)")
    _require(all(len(values) == n for values, _ in small.values()), "columns differ in length")
    with SealedWriter(parent) as writer:
        for name, (values, dtype) in small.items():
            writer.array(f"{name}.npy", np.asarray(values, dtype=dtype))
        writer.array("counts.npy", counts.astype(np.int32))
        if reference_rows is not None:
            _require(len(reference_rows) == n, "columns differ in length")
            writer.array(REFERENCE_ROW, reference_rows.astype(np.int32))
        _write_blocks(writer, bundle, n, blocks)
        written = write_raw_columns(writer.file("application.arrow"), application)
        _require(written.rows == n, f"application batches hold {written.rows} clients of {n}")
        writer.json("categories.json", written.categories)
        writer.json(
            "unseen.json", {str(client): [list(u) for u in found] for client, found in unseen.items()}
        )
        return writer.seal(
            {
                "kind": "book",
                "bundle": bundle.digest,
                "codes": list(codes),
                "entries": list(bundle.population.names),
                "clients": n,
                "features": len(bundle.features),
                "waiting": int((np.asarray(target) == UNKNOWN).sum()),
                **source,
            }
        )


def _write_blocks(writer: SealedWriter, bundle: Bundle, n: int, blocks: Iterable[Block]) -> None:
    k, p = len(bundle.features), len(bundle.population.names)
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "features": (np.float32, (n, k)),
        "bins": (np.uint8, (p, n)),
        "margin": (np.float64, (n,)),
        "pd": (np.float64, (n,)),
        "first_adverse": (np.uint8, (n,)),
        "first_favourable": (np.uint8, (n,)),
        "flags": (np.uint8, (n,)),
    }
    with ExitStack() as open_maps:
        maps = {}
        for name, (dtype, shape) in shapes.items():
            maps[name] = open_memmap(writer.file(f"{name}.npy"), mode="w+", dtype=dtype, shape=shape)
            open_maps.callback(maps[name].flush)
        start = 0
        for block in blocks:
            stop = start + len(block.features)
            _require(stop <= n and block.features.shape[1:] == (k,), "feature blocks do not fit the clients")
            rows = slice(start, stop)
            maps["features"][rows] = block.features
            maps["margin"][rows] = bundle.margins(block.features)
            maps["pd"][rows] = bundle.calibration.probability(maps["margin"][rows])
            for name in ("first_adverse", "first_favourable", "flags"):
                maps[name][rows] = getattr(block, name)
            for row, codes in enumerate(_bin_codes(bundle.population, bundle, block.features)):
                maps["bins"][row, rows] = codes
            start = stop
        writer.array("features_digests.npy", block_digests(maps["features"]))
        _require(start == n, f"feature blocks hold {start} clients of {n}")


def _bin_codes(
    population: Population, bundle: Bundle, features: NDArray[np.float32]
) -> Iterator[NDArray[np.uint8]]:
    for name, columns in population.members(bundle.features).items():
        codes = population.codes_of(name, bundle.features, columns, features)
        yield np.where(codes == population.entries[name].size, MISSING_CODE, codes).astype(np.uint8)


def _require(holds: bool, law: str) -> None:
    if not holds:
        raise IntegrityError(f"client book: {law}", code="book_invalid")
