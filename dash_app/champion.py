"""The bundle and client book in force, swapped between two requests when the pointer moves.

Each request stats the pointer file (no MLflow, no read). When it changed, one thread loads
what it names, digests first; the others go on with the old one until the new one is whole.
What does not verify is refused and remembered: the old one stays, ``status()`` says so.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, g

from model.errors import PadError, UnavailableError
from model.home import Home

if TYPE_CHECKING:
    from model.book import Book
    from model.bundle import Bundle
    from model.policy import Policy

log = logging.getLogger(__name__)

FICTIONAL_CURRENCY = "EUR"
RETRY_SECONDS = 5.0
"""Pause before files that would not open (too many open files, a network mount) are tried again."""
NOTHING = "nothing to serve yet: run `make run`, or `python -m training run [SOURCE]`"


@dataclass(frozen=True, slots=True)
class Serving:
    """What one request answers with.

    Attributes
    ----------
    bundle : the model in force
    book : the clients, or ``None`` when the pointer names none that verifies
    policy : cut-off and costs in force
    currency : code shown beside amounts, empty when the data name none
    fictional : the clients are made up
    """

    bundle: Bundle
    book: Book | None
    policy: Policy
    currency: str
    fictional: bool

    def clients(self) -> Book:
        """The client book.

        Raises
        ------
        UnavailableError : there is none
        """
        if self.book is None:
            raise UnavailableError("there is no client book in force: run `python -m training clients`")
        return self.book


@dataclass(frozen=True, slots=True)
class Status:
    """What ``/health/ready`` and the banner say.

    Attributes
    ----------
    serving : something is in force
    bundle : ``ok``, ``missing`` or ``refused`` (then an older one may still be in force)
    clients : ``ok``, ``missing`` or ``refused``
    detail : what was refused and why; empty when all is well
    """

    serving: bool
    bundle: str
    clients: str
    detail: str = ""


class Champion:
    """Loads what the pointer names, keeps what verified.

    The model's own modules are imported at the first load: what never serves a bundle does
    not pay for LightGBM.

    Parameters
    ----------
    home : where pointer, bundles and books are
    currency : the operator's choice; ``None`` = EUR for fictional clients, else none
    """

    def __init__(self, home: Home, *, currency: str | None = None) -> None:
        self.home = home
        self.currency = currency
        self._stamp: tuple[int, int, int] | None = None
        self._retry_at: float | None = None
        self._serving: Serving | None = None
        self._status = Status(serving=False, bundle="missing", clients="missing", detail=NOTHING)
        self._lock = threading.Lock()

    def current(self) -> Serving:
        """What is in force now.

        Raises
        ------
        UnavailableError : nothing was ever loaded
        """
        self.refresh()
        if self._serving is None:
            raise UnavailableError(self._status.detail or NOTHING, code="nothing_to_serve")
        return self._serving

    def status(self) -> Status:
        """State of what is in force, after looking at the pointer."""
        self.refresh()
        return self._status

    def refresh(self) -> None:
        """Load what the pointer names if it moved; threads that come meanwhile do not wait
        unless there is nothing to serve yet."""
        stamp = self._pointer_stamp()
        if self._is_settled(stamp) or not self._lock.acquire(blocking=self._serving is None):
            return
        try:
            if not self._is_settled(stamp):
                self._retry_at = None
                self._load()
                self._stamp = stamp
        finally:
            self._lock.release()

    def _is_settled(self, stamp: tuple[int, int, int] | None) -> bool:
        """Whether the pointer is the one that was read, and what it names was read as well as it can be."""
        return stamp == self._stamp and (self._retry_at is None or time.monotonic() < self._retry_at)

    def _pointer_stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.home.pointer.stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_ino, found.st_size)

    def _load(self) -> None:
        """Replace what is in force by what the pointer names, part by part."""
        from model.pointer import read_pointer

        old = self._serving
        try:
            pointer = read_pointer(self.home)
            if pointer is None:
                raise UnavailableError(NOTHING, code="nothing_to_serve")
            bundle = self._bundle(pointer.bundle, old)
        except (PadError, OSError) as error:
            state = "missing" if isinstance(error, UnavailableError) else "refused"
            self._keep_old(bundle=state, clients="ok" if old and old.book else "missing", error=error)
            self._try_again_after(error)
            return
        try:
            book = self._book(pointer.book, bundle, old)
        except (PadError, OSError) as error:
            log.error("client book refused: %s", error)
            kept = old.book if old and old.bundle.digest == bundle.digest else None
            self._put(bundle, kept)
            self._status = Status(serving=True, bundle="ok", clients="refused", detail=str(error))
            self._try_again_after(error)
            return
        self._put(bundle, book)
        self._status = Status(serving=True, bundle="ok", clients="ok" if book else "missing")
        log.info("in force: bundle %s, clients %s", bundle.digest, book.digest if book else "none")

    def _try_again_after(self, error: Exception) -> None:
        """A file that would not open may open later; one that is not what was sealed stays refused."""
        if isinstance(error, OSError):
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def _bundle(self, digest: str, old: Serving | None) -> Bundle:
        if old and old.bundle.digest == digest:
            return old.bundle
        from model.bundle import load_bundle

        return load_bundle(self.home.bundles / digest, digest)

    def _book(self, digest: str | None, bundle: Bundle, old: Serving | None) -> Book | None:
        if digest is None:
            return None
        from model.book import check_pair, load_book

        same = old.book if old and old.book and old.book.digest == digest else None
        book = same or load_book(self.home.books / digest, digest)
        check_pair(bundle, book)
        return book

    def _keep_old(self, *, bundle: str, clients: str, error: Exception) -> None:
        log.error("bundle %s: %s", bundle, error)
        self._status = Status(
            serving=self._serving is not None, bundle=bundle, clients=clients, detail=str(error)
        )

    def _put(self, bundle: Bundle, book: Book | None) -> None:
        _complete(bundle)
        fictional = bool(book and book.manifest.get("fictional"))
        currency = self.currency
        if currency is None:
            currency = FICTIONAL_CURRENCY if fictional else ""
        self._serving = Serving(
            bundle=bundle, book=book, policy=bundle.policy, currency=currency, fictional=fictional
        )


def _complete(bundle: Bundle) -> None:
    """Make what the first request would make, so that forked workers share it; nothing is scored."""
    from model import assess, case  # noqa: F401 - imported before the fork

    for part in ("reason_plan", "quality_plan", "index", "base_probability"):
        getattr(bundle, part)


def champion() -> Champion:
    """The champion of the running application."""
    return current_app.extensions["pad_champion"]


def current() -> Serving:
    """What this request answers with: one bundle and one book from its first line to its last.

    Raises
    ------
    UnavailableError : nothing to serve
    """
    if "serving" not in g:
        g.serving = champion().current()
    return g.serving


def status() -> Status:
    """State of what is in force, for the banner and ``/health/ready``."""
    return champion().status()
