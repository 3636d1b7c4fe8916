"""Group commit: many threads record, one thread writes, nobody goes on before the commit.

``synchronous=FULL`` allows a few hundred commits a second; a worker under load answers more
requests than that. So each process has one writer that takes whatever waits, writes it in one
transaction and only then lets every waiting thread answer. A failed transaction fails each of
them: an opinion that was not stored is not shown.
"""

from __future__ import annotations

import fcntl
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, delete, insert
from sqlalchemy.exc import OperationalError

from dash_app.store.engine import Store
from dash_app.store.schema import assessments, recent_files
from model.errors import UnavailableError

MOST_WAITING = 512
MOST_TOGETHER = 64
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What one request writes, all of it or nothing.

    Attributes
    ----------
    assessments : rows of the table of that name
    opened : rows of ``recent_files``
    """

    assessments: Sequence[dict[str, Any]] = ()
    opened: Sequence[dict[str, Any]] = ()


_Waiting: TypeAlias = tuple[Entry, Future[None]]


class Recorder:
    """The writer of this process; its thread starts with the first entry, after any fork."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._process = -1
        self._lock = threading.Lock()
        self._waiting: queue.Queue[_Waiting] = queue.Queue(MOST_WAITING)

    def record(self, entry: Entry) -> None:
        """Write `entry`; returns when it is committed.

        Raises
        ------
        UnavailableError : it was not stored (store down, full or locked; too many waiting)
        """
        self._start()
        done: Future[None] = Future()
        try:
            self._waiting.put_nowait((entry, done))
        except queue.Full:
            raise UnavailableError("too many records wait for the store", code="store_busy") from None
        try:
            done.result(PATIENCE_SECONDS)
        except TimeoutError:
            done.cancel()  # refused to its caller: not written either, unless its turn has come
            raise UnavailableError("the store did not confirm in time", code="store_unavailable") from None

    def _start(self) -> None:
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._waiting = queue.Queue(MOST_WAITING)
                threading.Thread(
                    target=self._run, args=(self._waiting,), name="recorder", daemon=True
                ).start()
                self._process = os.getpid()

    def _run(self, waiting: queue.Queue[_Waiting]) -> None:
        while True:
            together = [waiting.get(), *_taken(waiting, MOST_TOGETHER - 1)]
            failure = self._commit(_still_asked(together))
            if failure is not None:
                # Whoever came while the store was not answering has waited for it too.
                for _, done in _still_asked(_taken(waiting, MOST_WAITING)):
                    done.set_exception(failure)

    def _commit(self, together: list[_Waiting]) -> BaseException | None:
        """One transaction for all; when an entry breaks a rule, each alone, so that it fails itself only.

        A store that is locked, full or away fails all of them at once, and its failure is returned.
        """
        failure = self._try([entry for entry, _ in together]) if together else None
        if failure is not None and len(together) > 1 and not _is_of_the_store(failure):
            for one in together:
                self._commit([one])
            return None
        for _, done in together:
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
        return failure if failure is not None and _is_of_the_store(failure) else None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for this process's turn among the writers of the machine.

        SQLite polls a lock with growing sleeps of up to 100 ms, so that a busy neighbour starves
        the others; the kernel wakes a waiter at once. The lock is advice only: whoever writes
        without it is still kept apart by SQLite.
        """
        with open(self.store.path.with_suffix(".lock"), "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _try(self, entries: Sequence[Entry]) -> BaseException | None:
        try:
            with self._turn(), self.store.writing() as connection:
                _write(connection, entries)
        except OSError as error:  # the lock's file: a full disk, a folder of another user
            failure = UnavailableError(f"the store does not answer: {error}", code="store_unavailable")
            failure.__cause__ = error
            return failure
        except Exception as error:  # the edge of a thread: whatever it is, the waiting request must know
            return error
        return None


def _taken(waiting: queue.Queue[_Waiting], most: int) -> list[_Waiting]:
    """What waits now, at most so many."""
    taken: list[_Waiting] = []
    while len(taken) < most:
        try:
            taken.append(waiting.get_nowait())
        except queue.Empty:
            break
    return taken


def _still_asked(waiting: list[_Waiting]) -> list[_Waiting]:
    """Those whose request has not given up; from here on it cannot any more."""
    return [one for one in waiting if one[1].set_running_or_notify_cancel()]


def _is_of_the_store(failure: BaseException) -> bool:
    """Whether the store is at fault, and not what was to be written."""
    return isinstance(failure.__cause__, OperationalError | OSError)


def _write(connection: Connection, entries: Sequence[Entry]) -> None:
    rows = [row for entry in entries for row in entry.assessments]
    if rows:
        connection.execute(insert(assessments), rows)
    for row in (row for entry in entries for row in entry.opened):
        same = (recent_files.c.user_id == row["user_id"]) & (recent_files.c.client_id == row["client_id"])
        connection.execute(delete(recent_files).where(same))
        connection.execute(insert(recent_files), row)
