"""The client book: every client's features and list columns, made from the lake by a bundle.

One sealed folder, memory-mapped, so that forked workers share its pages:

====================  ===============================================================
file                  content
====================  ===============================================================
ids.npy               int64 (n,), ascending
features.npy          float32 (n, k), row-major, the bundle's feature order
features_digests.npy  uint8 (blocks, 32): SHA-256 of every 64 rows, checked before first use
target.npy            int8 (n,): 0, 1, −1 = outcome not known (a waiting client)
counts.npy            int32 (n, 6): rows of history, tables in `model.tables.HISTORY` order
margin.npy, pd.npy    float64 (n,): margin and probability of default by the bundle
oof_margin.npy        float64 (n,): margin out of fold, NaN where there is none
first_adverse.npy     uint8 (n,): index into the manifest's ``codes``, 255 = none
first_favourable.npy  uint8 (n,)
flags.npy             uint8 (n,): number of data-quality flags
application.arrow     raw application columns, Arrow IPC in several batches without nulls:
                      missing is NaN, the type's smallest integer, or category −1
categories.json       text column → categories, the codes of application.arrow
unseen.json           client → categories that the bundle's vocabulary lacks
bins.npy              uint8 (p, n): bin of each population entry, 255 = missing
reference_row.npy     int32 (n,): row of the client among the bundle's leaves, −1 = not there;
                      in books of versions that hold leaves
====================  ===============================================================

The manifest also holds ``bundle`` (digest of the bundle that made it), ``source``,
``fictional``, ``ingested_at``, ``codes``, ``entries`` (the p names of bins.npy), ``clients``
and ``waiting``
(counts) and ``features`` (k).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from model.bundle import Bundle
from model.calibration import Floats
from model.case import Case, Value
from model.checked_rows import CheckedRows, block_digests
from model.errors import InputError, IntegrityError, UnavailableError, UnknownClientError
from model.policy import OPINIONS, Policy
from model.population import MISSING_CODE, Population
from model.queues import QUEUES, SORTS, Queue, Sort
from model.raw_columns import RawColumns, write_raw_columns
from model.reasons import NO_CODE
from model.sealed import (
    MANIFEST,
    SealedWriter,
    canonical_json,
    file_digest,
    read_array,
    read_json,
    verify_file,
    verify_folder,
)
from model.tables import HISTORY

UNKNOWN = -1
"""Target of a client whose outcome is not known."""

ID_DIGITS = 9

_SMALL = (
    "ids",
    "target",
    "counts",
    "margin",
    "pd",
    "oof_margin",
    "first_adverse",
    "first_favourable",
    "flags",
)
_FEATURES = "features.npy"
_BINS = "bins.npy"
_REFERENCE = "reference_row.npy"


@dataclass(frozen=True)
class Book:
    """A verified, mapped client book; immutable, shared by threads and forked workers."""

    folder: Path
    digest: str
    manifest: Mapping[str, Any]
    ids: NDArray[np.int64]
    features: CheckedRows
    target: NDArray[np.int8]
    counts: NDArray[np.int32]
    margin: Floats
    default_probability: Floats
    oof_margin: Floats
    first_adverse: NDArray[np.uint8]
    first_favourable: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    raw: RawColumns
    unseen: Mapping[str, list[list[str]]]
    reference_rows: NDArray[np.int32] | None = None
    _orders: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    # One client -----------------------------------------------------------------------

    def index_of(self, client_id: int) -> int | None:
        """Row of a client, or ``None`` when the book has no such client."""
        if not 0 < client_id < 10**ID_DIGITS:
            return None
        row = int(np.searchsorted(self.ids, client_id))
        return row if row < len(self.ids) and self.ids[row] == client_id else None

    def case(self, client_id: int) -> Case:
        """Inputs of one client.

        Raises
        ------
        UnknownClientError
        """
        row = self.index_of(client_id)
        if row is None:
            raise UnknownClientError(f"no client {client_id} in the book", client_id=client_id)
        return self.case_at(row)

    def case_at(self, row: int) -> Case:
        """Inputs of the client in one row."""
        application = self.application_at(row)
        features = self.features.row(row)
        client_id, target, oof = int(self.ids[row]), int(self.target[row]), float(self.oof_margin[row])
        inputs = {
            "client_id": client_id,
            "application": application,
            "features": hashlib.sha256(features.tobytes()).hexdigest(),
        }
        return Case(
            client_id=client_id,
            application=application,
            counts=dict(zip(HISTORY, self.counts[row].tolist(), strict=True)),
            features=features,
            unseen=tuple((t, c, v) for t, c, v in self.unseen.get(str(client_id), ())),
            source="book",
            target=None if target == UNKNOWN else target,
            oof_margin=None if np.isnan(oof) else oof,
            inputs_digest=hashlib.sha256(canonical_json(inputs)).hexdigest(),
        )

    def reference_row(self, client_id: int) -> int | None:
        """Row that a client has among the bundle's reference of similar files, if any.

        Raises
        ------
        UnavailableError
            A labelled client, and the book does not say (``no_evidence``): he could be shown as
            his own similar file.
        """
        row = self.index_of(client_id)
        if row is None or self.target[row] == UNKNOWN:
            return None
        if self.reference_rows is None:
            raise UnavailableError(
                f"client book {self.digest[:12]} holds no {_REFERENCE}: run `python -m training clients`",
                code="no_evidence",
                part=_REFERENCE,
            )
        found = int(self.reference_rows[row])
        return None if found < 0 else found

    def client_of_reference(self, reference_row: int) -> int | None:
        """Row of this book of the client in a row of the reference, if he is still in it."""
        if self.reference_rows is None:
            return None
        found = np.flatnonzero(self.reference_rows == reference_row)
        return int(found[0]) if len(found) else None

    def application_at(self, row: int) -> dict[str, Value]:
        """Raw application columns of one row; ``None`` = not provided."""
        return self.raw.row(row)

    # Lists ----------------------------------------------------------------------------

    def search(self, prefix: str, limit: int = 8) -> list[int]:
        """Clients whose number starts with these digits: the exact one first, then by length.

        Parameters
        ----------
        prefix : str
            Digits; spaces are ignored, anything else finds nothing.
        """
        digits = "".join(prefix.split())
        if not (digits.isascii() and digits.isdigit()) or digits[0] == "0" or len(digits) > ID_DIGITS:
            return []
        found: list[int] = []
        for length in range(len(digits), ID_DIGITS + 1):
            scale = 10 ** (length - len(digits))
            first, last = np.searchsorted(self.ids, [int(digits) * scale, (int(digits) + 1) * scale])
            found.extend(self.ids[first : min(last, first + limit - len(found))].tolist())
            if len(found) >= limit:
                break
        return found

    @cached_property
    def waiting(self) -> NDArray[np.int64]:
        """Rows of the clients whose outcome is not known, ascending by client number."""
        return np.flatnonzero(self.target == UNKNOWN)

    def opinions(self, policy: Policy) -> NDArray[np.uint8]:
        """Opinion code of every client (index into ``OPINIONS``) under a policy, uint8 (n,).

        As in :func:`model.assess.assess`, a waiting client who would be refused without a
        reason to give is to be reviewed.
        """
        return self._kept(("opinions", policy), lambda: self._opinions(policy))

    def _opinions(self, policy: Policy) -> NDArray[np.uint8]:
        codes = policy.opinion_codes(self.default_probability)
        unfavourable = codes[self.waiting] == OPINIONS.index("unfavourable")
        without_reason = self.waiting[unfavourable & (self.first_adverse[self.waiting] == NO_CODE)]
        if len(without_reason):
            codes = codes.copy()
            codes[without_reason] = OPINIONS.index("review")
        return codes

    def queue_counts(self, policy: Policy) -> dict[str, int]:
        """Waiting clients by opinion, and ``all``."""
        codes = np.bincount(self.opinions(policy)[self.waiting], minlength=len(OPINIONS))
        return {"all": len(self.waiting), **dict(zip(OPINIONS, codes.tolist(), strict=True))}

    def worklist(self, policy: Policy, *, queue: Queue = "all", sort: Sort = "oldest") -> NDArray[np.int64]:
        """Rows of the waiting clients of a queue, in order; computed once a policy.

        Parameters
        ----------
        queue : ``all`` or an opinion
        sort : ``oldest`` (all of a book came in together: by number), ``closest`` to the
            cut-off in log-odds, ``amount`` (largest first, missing last)

        Raises
        ------
        InputError
            Unknown queue or sort.
        """
        if queue not in QUEUES:
            raise InputError(f"no queue {queue!r}", code="unknown_queue", queue=queue)
        if sort not in SORTS:
            raise InputError(f"no sort {sort!r}", code="unknown_sort", sort=sort)
        return self._kept((queue, sort, policy), lambda: self._ordered(policy, queue, sort))

    def column(self, name: str) -> NDArray[Any]:
        """One raw application column of all clients; numbers as float64 with NaN = missing."""
        return self._kept(("column", name), lambda: self.raw.column(name))

    @cached_property
    def bins(self) -> NDArray[np.uint8]:
        """Bin codes uint8 (p, n), rows in ``manifest["entries"]`` order; checked at first use."""
        verify_file(self.folder, _BINS, self.manifest["files"][_BINS]["sha256"])
        return read_array(self.folder, _BINS, mapped=True)

    def first_code(self, row: int, *, adverse: bool) -> str | None:
        """Code that weighs most against (or for) the client of a row, or ``None``."""
        code = int((self.first_adverse if adverse else self.first_favourable)[row])
        return None if code == NO_CODE else self.manifest["codes"][code]

    # Inner ----------------------------------------------------------------------------

    def _kept(self, key: Any, make: Any) -> Any:
        """Value kept for this book's life; two threads may make it twice, equally."""
        if key not in self._orders:
            made = make()
            made.flags.writeable = False
            self._orders[key] = made
        return self._orders[key]

    def _ordered(self, policy: Policy, queue: Queue, sort: Sort) -> NDArray[np.int64]:
        rows = self.waiting
        if queue != "all":
            rows = rows[self.opinions(policy)[rows] == OPINIONS.index(queue)]
        if sort == "oldest":
            return rows.copy()
        if sort == "closest":
            keys = np.abs(policy.distance(self.default_probability[rows]))
        else:
            keys = -self.column("AMT_CREDIT")[rows]
        return rows[np.argsort(keys, kind="stable")]


# Writing ------------------------------------------------------------------------------


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
            writer.array(_REFERENCE, reference_rows.astype(np.int32))
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


# Loading ------------------------------------------------------------------------------


def load_book(path: Path, digest: str | None = None) -> Book:
    """Verify a client book and map it.

    The two large matrices are checked where they are first read: features by block of 64
    clients, bins as a whole. :func:`model.sealed.verify_folder` checks everything at once.

    Raises
    ------
    IntegrityError
        The folder is not what its manifest says.
    """
    manifest = verify_folder(path, digest, kind="book", deferred=(_FEATURES, _BINS))
    arrays: dict[str, Any] = {name: read_array(path, f"{name}.npy", mapped=True) for name in _SMALL}
    shape = (manifest["clients"], manifest["features"])
    return Book(
        folder=path,
        digest=digest or file_digest(path / MANIFEST),
        manifest=manifest,
        features=CheckedRows(path / _FEATURES, shape, read_array(path, "features_digests.npy")),
        default_probability=arrays.pop("pd"),
        raw=RawColumns.open(path / "application.arrow", read_json(path, "categories.json")),
        unseen=read_json(path, "unseen.json"),
        reference_rows=read_array(path, _REFERENCE, mapped=True) if _REFERENCE in manifest["files"] else None,
        **arrays,
    )


def check_pair(bundle: Bundle, book: Book) -> None:
    """Refuse a client book that another bundle made.

    Raises
    ------
    IntegrityError
    """
    if book.manifest["bundle"] != bundle.digest:
        raise IntegrityError(
            f"client book {book.digest[:12]} was made by bundle {book.manifest['bundle'][:12]}, not by "
            f"{bundle.digest[:12]}; run `python -m training clients`",
            code="book_of_other_bundle", book=book.digest, bundle=bundle.digest,
        )  # fmt: skip


def _require(holds: bool, law: str) -> None:
    if not holds:
        raise IntegrityError(f"client book: {law}", code="book_invalid")
