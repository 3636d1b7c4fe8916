"""Assessments that were given, and the files that a person opened last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from dash_app.store.engine import Store
from dash_app.store.schema import assessments, recent_files

_SAME_CASE = (
    select(assessments.c.id, assessments.c.at_utc)
    .where(
        assessments.c.client_id == bindparam("client_id"),
        assessments.c.bundle == bindparam("bundle"),
        assessments.c.policy == bindparam("policy"),
        assessments.c.inputs_digest == bindparam("inputs_digest"),
        assessments.c.code == bindparam("code"),
    )
    .order_by(assessments.c.id)
    .limit(1)
)
_RECENT = (
    select(recent_files.c.client_id, recent_files.c.opened_at)
    .where(recent_files.c.user_id == bindparam("user_id"))
    .order_by(recent_files.c.opened_at.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class KeptAssessment:
    """An assessment that is already in the record."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file and when this person opened it last (UTC)."""

    client_id: int
    opened_at: datetime


class AssessmentTable:
    """Reads of the record of assessments."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def same_case(
        self, client_id: int, *, bundle: str, policy: str, inputs_digest: str, code: str
    ) -> KeptAssessment | None:
        """The first assessment of this client under the same model, policy, inputs and code."""
        values = {
            "client_id": client_id,
            "bundle": bundle,
            "policy": policy,
            "inputs_digest": inputs_digest,
            "code": code,
        }
        with self.store.reading() as connection:
            row = connection.execute(_SAME_CASE, values).first()
        return None if row is None else KeptAssessment(row.id, row.at_utc)

    def recent(self, user_id: str, *, limit: int) -> tuple[OpenedFile, ...]:
        """Files that a person opened, the latest first."""
        with self.store.reading() as connection:
            rows = connection.execute(_RECENT, {"user_id": user_id, "limit": limit}).all()
        return tuple(OpenedFile(row.client_id, row.opened_at) for row in rows)
