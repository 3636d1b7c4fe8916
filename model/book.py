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
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.bundle import Bundle
from model.calibration import Floats
from model.case import Case, Value
from model.checked_rows import CheckedRows
from model.errors import InputError, IntegrityError, UnavailableError, UnknownClientError
from model.policy import OPINIONS, Policy
from model.queues import QUEUES, SORTS, Queue, Sort
from model.raw_columns import RawColumns
from model.reasons import NO_CODE
from model.sealed import (
    MANIFEST,
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
REFERENCE_ROW = "reference_row.npy"


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
                f"client book {self.digest[:12]} holds no {REFERENCE_ROW}: run `python -m training clients`",
                code="no_evidence",
                part=REFERENCE_ROW,
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
        reference_rows=read_array(path, REFERENCE_ROW, mapped=True)
        if REFERENCE_ROW in manifest["files"]
        else None,
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
