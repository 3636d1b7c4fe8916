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
from typing import Any

from sqlalchemy import Connection, delete, insert

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


class Recorder:
    """The writer of this process; its thread starts with the first entry, after any fork."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._process = -1
        self._lock = threading.Lock()
        self._waiting: queue.Queue[tuple[Entry, Future[None]]] = queue.Queue(MOST_WAITING)

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

    def _run(self, waiting: queue.Queue[tuple[Entry, Future[None]]]) -> None:
        while True:
            together = [waiting.get()]
            while len(together) < MOST_TOGETHER:
                try:
                    together.append(waiting.get_nowait())
                except queue.Empty:
                    break
            self._commit(together)

    def _commit(self, together: list[tuple[Entry, Future[None]]]) -> None:
        """One transaction for all; when it fails, each alone, so that one bad entry fails itself only."""
        failure = self._try([entry for entry, _ in together])
        if failure is None:
            for _, done in together:
                done.set_result(None)
            return
        for entry, done in together:
            own = failure if len(together) == 1 else self._try([entry])
            if own is None:
                done.set_result(None)
            else:
                done.set_exception(own)

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
        except Exception as error:  # the edge of a thread: whatever it is, the waiting request must know
            return error
        return None


def _write(connection: Connection, entries: Sequence[Entry]) -> None:
    rows = [row for entry in entries for row in entry.assessments]
    if rows:
        connection.execute(insert(assessments), rows)
    for row in (row for entry in entries for row in entry.opened):
        same = (recent_files.c.user_id == row["user_id"]) & (recent_files.c.client_id == row["client_id"])
        connection.execute(delete(recent_files).where(same))
        connection.execute(insert(recent_files), row)
