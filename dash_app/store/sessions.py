"""Records of sign-in sessions, by the digest of the cookie's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from dash_app.store.engine import Store
from dash_app.store.schema import sessions

_FIND = select(sessions).where(sessions.c.token_digest == bindparam("digest"))


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Who signed in, when, and when they were last seen (UTC)."""

    user_id: str
    role: str
    name: str
    started_at: datetime
    seen_at: datetime


class SessionTable:
    """The sessions of every worker."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def find(self, digest: str) -> SessionRecord | None:
        with self.store.reading() as connection:
            row = connection.execute(_FIND, {"digest": digest}).first()
        if row is None:
            return None
        return SessionRecord(row.user_id, row.role, row.name, row.started_at, row.seen_at)

    def add(self, digest: str, record: SessionRecord) -> None:
        with self.store.writing() as connection:
            connection.execute(
                insert(sessions).values(
                    token_digest=digest,
                    user_id=record.user_id,
                    role=record.role,
                    name=record.name,
                    started_at=record.started_at,
                    seen_at=record.seen_at,
                )
            )

    def touch(self, digest: str, at: datetime) -> None:
        with self.store.writing() as connection:
            connection.execute(update(sessions).where(sessions.c.token_digest == digest).values(seen_at=at))

    def remove(self, digest: str) -> None:
        with self.store.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_digest == digest))

    def remove_before(self, *, started: datetime) -> int:
        """Forget sessions that no lifetime can keep alive; returns how many."""
        with self.store.writing() as connection:
            return connection.execute(delete(sessions).where(sessions.c.started_at < started)).rowcount
