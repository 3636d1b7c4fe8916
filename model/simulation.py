"""What if: another value in any field of the application, everything else as it is.

Columns derived from a field are never edited: the one feature definition recomputes them from
the edited row, and :func:`model.assess.assess` scores the result like any other case. The
aggregates of the client's history stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from model.assess import Assessment, assess_many
from model.bundle import Bundle
from model.case import Case, Row, Value, inputs_digest, validated_fields
from model.errors import FieldError, InputError
from model.policy import Policy

SMALLEST_MOVE = 0.001
"""A reason code is told to have moved from a tenth of a point of probability on."""


@dataclass(frozen=True, slots=True)
class CodeMove:
    """A reason code whose sum of contributions moved, in probability."""

    code: str
    before: float
    after: float

    @property
    def move(self) -> float:
        """Positive: it now speaks more against the client."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Simulation:
    """The same case before and after an edit.

    Attributes
    ----------
    before, after : Assessment
    edited : mapping
        The whole raw application after the edit.
    changed : tuple of str
        Edited columns whose value really differs, in the order of the table.
    outside : tuple of str
        Those of `changed` that no feature of the model reads: they change nothing.
    moved : tuple of CodeMove
        Codes that moved by a tenth of a point or more, the largest move first.
    """

    before: Assessment
    after: Assessment
    edited: Mapping[str, Value]
    changed: tuple[str, ...]
    outside: tuple[str, ...]
    moved: tuple[CodeMove, ...]


def simulate(
    bundle: Bundle,
    case: Case,
    changes: Mapping[str, Any],
    policy: Policy | None = None,
    *,
    book_digest: str | None = None,
) -> Simulation:
    """Assess a case as it is and with some application fields changed.

    Parameters
    ----------
    bundle : Bundle
    case : Case
        With raw application columns: of the book, or from raw rows.
    changes : mapping
        Raw application column → new value; null = not provided.
    policy : Policy, optional
        Default: the bundle's.
    book_digest : str, optional
        Client book in force, for the versions.

    Raises
    ------
    InputError
        Unknown field or a value that breaks a rule, by JSON pointer under ``/changes``; or a
        case without raw columns (``no_raw_columns``).
    """
    edited = with_changes(bundle, case, changes)
    before, after = assess_many(bundle, [case, edited], policy, book_digest=book_digest)
    changed = _changed(case, edited)
    read = bundle.columns_read
    return Simulation(
        before=before,
        after=after,
        edited=raw_columns(edited),
        changed=changed,
        outside=tuple(name for name in changed if name not in read),
        moved=_moves(before, after),
    )


def with_changes(bundle: Bundle, case: Case, changes: Mapping[str, Any]) -> Case:
    """The case with some raw application columns changed and its features recomputed.

    Raises
    ------
    InputError
        As :func:`simulate`.
    """
    application = raw_columns(case)
    edits = validated_fields(changes)
    edited: Row = {**application, **edits}
    changed = {name for name, value in edits.items() if value != application.get(name)}
    if not changed:
        return case
    features = bundle.reader.recompute(edited, case.features)
    same = features.tobytes() == case.features.tobytes()
    return replace(
        case,
        application=edited,
        features=features,
        unseen=_unseen(bundle, case, edited, changed),
        # The score of the models that had not seen the file is that of the file as it was.
        oof_margin=case.oof_margin if same else None,
        inputs_digest=inputs_digest({"of": case.inputs_digest, "changes": edits}),
    )


def raw_columns(case: Case) -> Mapping[str, Any]:
    """Raw application columns of a case.

    Raises
    ------
    InputError
        The case was given by feature values (``no_raw_columns``).
    """
    if case.application is None:
        raise InputError(
            "a case given by feature values has no application to change",
            errors=(FieldError("/features", "no_raw_columns", {}),),
        )
    return case.application


def _changed(case: Case, edited: Case) -> tuple[str, ...]:
    before, after = raw_columns(case), raw_columns(edited)
    return tuple(column for column in after if after[column] != before.get(column))


def _unseen(bundle: Bundle, case: Case, edited: Row, changed: set[str]) -> tuple[tuple[str, str, str], ...]:
    """Categories the model has not seen: those of edited columns looked at again."""
    kept = [one for one in case.unseen if one[0] != "application" or one[1] not in changed]
    found = [one for one in bundle.reader.unseen(edited, {}) if one[1] in changed]
    return tuple(
        [one for one in kept if one[0] == "application"]
        + found
        + [one for one in kept if one[0] != "application"]
    )


def _moves(before: Assessment, after: Assessment) -> tuple[CodeMove, ...]:
    moves = [CodeMove(code, before.codes[code], after.codes[code]) for code in before.codes]
    moved = [one for one in moves if abs(one.move) >= SMALLEST_MOVE]
    return tuple(sorted(moved, key=lambda one: -abs(one.move)))
