"""Connections to the store: SQLite in WAL mode, one engine a process, made at first use.

Facts that shape it (measured): without WAL and a busy time-out, four processes lose three
quarters of their writes; a write that begins as a read may fail when it is promoted, hence
``BEGIN IMMEDIATE``; ``synchronous=FULL`` because what was acknowledged must survive a power
cut. An engine opened before a fork must not be used after it, so it is made per process.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from dash_app.store.schema import SCHEMA_VERSION, metadata, schema_versions
from model.errors import UnavailableError

BUSY_MILLISECONDS = 5_000


class Store:
    """Where rows are kept.

    Parameters
    ----------
    path : SQLite file; made with its tables by ``prepare``
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: Engine | None = None
        self._process = -1
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        if self._engine is None or self._process != os.getpid():
            with self._lock:
                if self._engine is None or self._process != os.getpid():
                    self._engine = _open(self.path)
                    self._process = os.getpid()
        return self._engine

    def prepare(self) -> None:
        """Create the tables if the file is new; refuse a store of another version.

        Raises
        ------
        UnavailableError : the file cannot be used, or belongs to another version
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.path.touch(mode=0o600)
        with self.writing() as connection:
            if not inspect(connection).has_table(schema_versions.name):
                metadata.create_all(connection)
                row = {"version": SCHEMA_VERSION, "applied_at": datetime.now(UTC)}
                connection.execute(insert(schema_versions).values(row))
            found = connection.execute(select(func.max(schema_versions.c.version))).scalar()
        if found != SCHEMA_VERSION:
            raise UnavailableError(
                f"{self.path} has layout {found}, this version of the product writes layout "
                f"{SCHEMA_VERSION}; nothing was changed",
                code="store_version",
                found=found,
                expected=SCHEMA_VERSION,
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads; each statement sees the last commit."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block or not at all."""
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    # A full disk has already rolled back: a second ROLLBACK would hide its error.
                    if connection.connection.in_transaction:  # type: ignore[attr-defined]
                        connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def check_writable(self) -> None:
        """Take the write lock and give it back.

        Raises
        ------
        UnavailableError : the store cannot be written
        """
        with self.writing():
            pass

    def close(self) -> None:
        """Close the connections that this process opened."""
        if self._engine is not None and self._process == os.getpid():
            self._engine.dispose()
        self._engine = None


def _open(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        pool_size=8,
        max_overflow=8,
        connect_args={"check_same_thread": False, "timeout": BUSY_MILLISECONDS / 1000},
    )
    event.listen(engine, "connect", _configure)
    return engine


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_MILLISECONDS}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _unavailable(error: SQLAlchemyError) -> UnavailableError:
    return UnavailableError(f"the store does not answer: {error}", code="store_unavailable")
