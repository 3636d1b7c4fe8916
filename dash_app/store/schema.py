"""Tables of the store and the version of their layout."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Dialect, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 1

metadata = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """A moment, kept as ISO 8601 text in UTC with microseconds: sorts as time, reads anywhere."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


schema_versions = Table(
    "schema_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", UtcTime, nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at_utc", UtcTime, nullable=False),
    Column("client_id", Integer),
    Column("route", String(32), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("language", String(2), nullable=False),
    Column("source", String(10), nullable=False),
    Column("inputs_digest", String(80), nullable=False),
    Column("inputs", Text),
    Column("features", LargeBinary, nullable=False),
    Column("default_probability", Float, nullable=False),
    Column("opinion", String(20), nullable=False),
    Column("answer", Text, nullable=False),
    Column("model", String(40), nullable=False),
    Column("bundle", String(80), nullable=False),
    Column("book", String(80)),
    Column("policy", String(20), nullable=False),
    Column("code", String(60), nullable=False),
)
"""One row an assessment given to a person or a program.

``inputs`` is the case as sent (raw rows or features) and null for a client of the book;
``features`` are the float32 values that the model read, which is what a replay needs.
"""

Index(
    "assessments_same_case",
    assessments.c.client_id,
    assessments.c.bundle,
    assessments.c.policy,
    assessments.c.inputs_digest,
)

recent_files = Table(
    "recent_files",
    metadata,
    Column("user_id", String(80), primary_key=True),
    Column("client_id", Integer, primary_key=True),
    Column("opened_at", UtcTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("user_id", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("name", String(80), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)
