"""A case: one client's inputs, from the client book, from raw rows, or from feature values.

Whatever the origin, :func:`model.assess.assess` sees the same thing: a float32 row in the
model's feature order, the raw application where it is known, and how many rows of history
stand behind.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import FieldError, InputError
from model.features import origin
from model.sealed import canonical_json
from model.tables import APPLICATION, HISTORY, INPUTS, OWN_HISTORY, TABLES, Column, Table

if TYPE_CHECKING:
    from model.bundle import Bundle

Value = int | float | str | None
Row = dict[str, Value]
Source = Literal["book", "rows", "features"]

MOST_ERRORS = 50
"""Errors listed in one refusal; the rest would not be read."""

_LONGEST_TEXT = 200
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Case:
    """One client's inputs.

    Attributes
    ----------
    client_id : int or None
        ``None`` when the caller gave none.
    application : mapping or None
        Raw application columns (without identifier and outcome), ``None`` = not provided;
        the whole is ``None`` for a case given by feature values.
    counts : mapping
        History table → number of rows.
    features : float32 (k,)
        The model's features in the bundle's order, NaN = missing.
    unseen : tuple of (table, column, value)
        Categories the model has not seen.
    source : ``book``, ``rows`` or ``features``
    target : int or None
        Known outcome of a labelled client of the book.
    oof_margin : float or None
        His margin by the model that had not seen him.
    inputs_digest : str
        SHA-256 of the canonical JSON of the inputs.
    """

    client_id: int | None
    application: Mapping[str, Value] | None
    counts: Mapping[str, int]
    features: NDArray[np.float32]
    unseen: tuple[tuple[str, str, str], ...]
    source: Source
    target: int | None
    oof_margin: float | None
    inputs_digest: str

    @property
    def has_bureau(self) -> bool:
        """Whether any loan with other lenders is known."""
        return self.counts.get("bureau", 0) > 0

    @property
    def has_previous(self) -> bool:
        """Whether any earlier contract or application with us is known."""
        return any(self.counts.get(table, 0) > 0 for table in OWN_HISTORY)

    @property
    def learning(self) -> bool:
        """Whether the outcome is known: the model has learned from this file."""
        return self.target is not None


# Raw rows of the seven tables ----------------------------------------------------------


def case_from_rows(bundle: Bundle, payload: Mapping[str, Any]) -> Case:
    """Validate raw rows and read the model's features from them.

    Parameters
    ----------
    bundle : Bundle
    payload : mapping
        ``application`` (an object, required) and any of the six history tables (lists of
        objects). Missing columns and nulls are missing values.

    Raises
    ------
    InputError
        Up to 50 :class:`~model.errors.FieldError`, each with a JSON pointer. Codes:
        ``required``, ``not_an_object``, ``not_a_list``, ``unknown_table``,
        ``unknown_column`` (with ``near``), ``not_an_input``, ``wrong_type``, ``not_finite``,
        ``not_whole``, ``out_of_range``, ``too_many_decimals``, ``too_long``,
        ``other_client``, ``unknown_loan``, ``duplicate_key``.
    """
    application, history = validated_rows(payload)
    client_id = application.pop("SK_ID_CURR", None)
    application.pop("TARGET", None)
    return Case(
        client_id=client_id if client_id is None else int(client_id),
        application={column.name: application.get(column.name) for column in INPUTS},
        counts={table: len(rows) for table, rows in history.items()},
        features=bundle.reader.read(application, history),
        unseen=bundle.reader.unseen(application, history),
        source="rows",
        target=None,
        oof_margin=None,
        inputs_digest=_digest({"client_id": client_id, "application": application, **history}),
    )


def validated_rows(payload: Mapping[str, Any]) -> tuple[Row, dict[str, list[Row]]]:
    """Check a payload against :mod:`model.tables`; returns application and history, typed.

    Integral floats of whole-number columns become ``int``, empty texts ``None``.
    """
    problems = _Problems()
    try:
        return _validated(payload, problems)
    except _EnoughError:
        raise problems.error() from None


def _validated(payload: Mapping[str, Any], problems: _Problems) -> tuple[Row, dict[str, list[Row]]]:
    if not isinstance(payload, Mapping):
        problems.add("", "not_an_object")
        raise _EnoughError
    for name in payload:
        if name not in TABLES:
            problems.add(_pointer(name), "unknown_table", **_near(name, TABLES))
    application = _application(payload, problems)
    history = {name: _rows(TABLES[name], payload.get(name), problems) for name in HISTORY}
    _check_client(application, history, problems)
    _check_parents(history, problems)
    for name in HISTORY:
        _check_keys(TABLES[name], history[name], problems)
    if problems.errors:
        raise _EnoughError
    return application, history


def _application(payload: Mapping[str, Any], problems: _Problems) -> Row:
    row = payload.get("application")
    if row is None:
        problems.add("/application", "required")
        return {}
    if isinstance(row, Mapping) and row.get("TARGET") is not None:
        problems.add("/application/TARGET", "not_an_input")
    return _row(APPLICATION, row, "/application", problems)


def _rows(table: Table, rows: Any, problems: _Problems) -> list[Row]:
    if rows is None:
        return []
    pointer = f"/{table.name}"
    if isinstance(rows, str | bytes) or not isinstance(rows, Sequence):
        problems.add(pointer, "not_a_list")
        return []
    return [_row(table, row, f"{pointer}/{i}", problems) for i, row in enumerate(rows)]


def _row(table: Table, row: Any, pointer: str, problems: _Problems) -> Row:
    if not isinstance(row, Mapping):
        problems.add(pointer, "not_an_object")
        return {}
    columns = table.by_name
    typed: Row = {}
    for name, value in row.items():
        column = columns.get(name)
        if column is None:
            problems.add(f"{pointer}{_pointer(name)}", "unknown_column", **_near(name, columns))
        elif value is not None:
            if _plainly_good(column, value):
                typed[name] = value
            else:
                typed[name] = _value(column, value, f"{pointer}/{name}", problems)
    for column in _REQUIRED_IDS[table.name]:
        if typed.get(column.name) is None and row.get(column.name) is None:
            problems.add(f"{pointer}/{column.name}", "required")
    return typed


def _plainly_good(column: Column, value: Any) -> bool:
    """Whether a value needs no further look: a whole number in range or a short text."""
    if type(value) is int:
        low, high = column.low, column.high
        return low is not None and high is not None and low <= value <= high
    return type(value) is str and column.kind == "text" and 0 < len(value) <= _LONGEST_TEXT


def _value(column: Column, value: Any, pointer: str, problems: _Problems) -> Value:
    """One value that is not null, typed; ``None`` after reporting what is wrong with it."""
    if column.kind == "text":
        if not isinstance(value, str):
            return problems.refuse(pointer, "wrong_type", expected="text")
        if len(value) > _LONGEST_TEXT:
            return problems.refuse(pointer, "too_long", longest=_LONGEST_TEXT)
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return problems.refuse(pointer, "wrong_type", expected="number")
    if isinstance(value, float):
        if not math.isfinite(value):
            return problems.refuse(pointer, "not_finite")
        if column.kind in ("int", "id"):
            if not value.is_integer():
                return problems.refuse(pointer, "not_whole", value=value)
            value = int(value)
    if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
        return problems.refuse(pointer, "out_of_range", low=column.low, high=column.high)
    if column.kind == "money" and not _has_three_decimals(value):
        return problems.refuse(pointer, "too_many_decimals", decimals=3, value=value)
    return value


def _has_three_decimals(amount: float) -> bool:
    """Whether an amount is thousandths, but for float noise: the same rule as at ingest.

    Above ten millions ``amount * 1000`` carries noise of its own, hence the second look.
    """
    thousandths = amount * 1000
    return abs(thousandths - round(thousandths)) < 1e-6 or round(thousandths) / 1000 == amount


def _check_client(application: Row, history: Mapping[str, list[Row]], problems: _Problems) -> None:
    """All rows that name a client name the same one."""
    client = application.get("SK_ID_CURR")
    for table, rows in history.items():
        for i, row in enumerate(rows):
            named = row.get("SK_ID_CURR")
            if named is None:
                continue
            client = named if client is None else client
            if named != client:
                problems.add(f"/{table}/{i}/SK_ID_CURR", "other_client", expected=client)
    if client is not None:
        application["SK_ID_CURR"] = client


def _check_parents(history: Mapping[str, list[Row]], problems: _Problems) -> None:
    loans = {row.get("SK_ID_BUREAU") for row in history["bureau"]}
    for i, row in enumerate(history["bureau_balance"]):
        loan = row.get("SK_ID_BUREAU")
        if loan is not None and loan not in loans:
            problems.add(f"/bureau_balance/{i}/SK_ID_BUREAU", "unknown_loan", value=loan)


def _check_keys(table: Table, rows: Iterable[Row], problems: _Problems) -> None:
    if not table.key:
        return
    seen: set[tuple[Value, ...]] = set()
    for i, row in enumerate(rows):
        key = tuple([row.get(column) for column in table.key])
        if None in key:
            continue
        if key in seen:
            problems.add(f"/{table.name}/{i}/{table.key[0]}", "duplicate_key", key=list(table.key))
        seen.add(key)


def validated_fields(fields: Any, *, pointer: str = "/changes") -> Row:
    """Check some columns of the application on their own, by the rules of a whole row.

    Parameters
    ----------
    fields : mapping
        Raw application column → value; null is a missing value.
    pointer : where the mapping stands in what the caller sent

    Returns
    -------
    dict
        Every named column, typed; ``None`` = missing.

    Raises
    ------
    InputError
        As :func:`case_from_rows`; identifier and outcome are ``not_an_input``.
    """
    problems = _Problems()
    typed: Row = {}
    try:
        if not isinstance(fields, Mapping):
            problems.add(pointer, "not_an_object")
            raise _EnoughError
        for name in ("SK_ID_CURR", "TARGET"):
            if name in fields:
                problems.add(f"{pointer}/{name}", "not_an_input")
        typed = _row(APPLICATION, fields, pointer, problems)
        if problems.errors:
            raise _EnoughError
    except _EnoughError:
        raise problems.error() from None
    return {name: typed.get(name) for name in fields}


def inputs_digest(inputs: Any) -> str:
    """SHA-256 of the canonical JSON of a case's inputs."""
    return _digest(inputs)


# Feature values ------------------------------------------------------------------------


def case_from_features(bundle: Bundle, features: Mapping[str, Any]) -> Case:
    """A case given by values of the model's own features; absent and null are missing.

    Raises
    ------
    InputError
        Codes ``not_an_object``, ``unknown_feature`` (with ``near``), ``wrong_type``,
        ``not_finite``, ``out_of_range``.
    """
    problems = _Problems()
    row = np.full(len(bundle.features), np.nan, dtype=np.float32)
    given: dict[str, Value] = {}
    try:
        if not isinstance(features, Mapping):
            problems.add("", "not_an_object")
            raise _EnoughError
        for name, value in features.items():
            number = _feature_value(bundle, name, value, problems)
            if number is not None:
                row[bundle.index[name]] = number
                given[name] = number
        if problems.errors:
            raise _EnoughError
    except _EnoughError:
        raise problems.error() from None
    return Case(
        client_id=None,
        application=None,
        counts=_counts_behind(bundle, row),
        features=row,
        unseen=(),
        source="features",
        target=None,
        oof_margin=None,
        inputs_digest=_digest({"features": given}),
    )


def _feature_value(bundle: Bundle, name: str, value: Any, problems: _Problems) -> float | None:
    pointer = f"/features{_pointer(name)}"
    if name not in bundle.index:
        return problems.refuse(pointer, "unknown_feature", **_near(name, bundle.index))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return problems.refuse(pointer, "wrong_type", expected="number")
    if isinstance(value, float) and not math.isfinite(value):
        return problems.refuse(pointer, "not_finite")
    if abs(value) > _FLOAT32_MAX:
        return problems.refuse(pointer, "out_of_range", low=-_FLOAT32_MAX, high=_FLOAT32_MAX)
    return float(value)


def _counts_behind(bundle: Bundle, row: NDArray[np.float32]) -> dict[str, int]:
    """One row where any feature of a history table is given: enough to know it exists."""
    counts = dict.fromkeys(HISTORY, 0)
    for name, present in zip(bundle.features, ~np.isnan(row), strict=True):
        table = origin(name).table
        if present and table in counts:
            counts[table] = 1
    counts["bureau"] = max(counts["bureau"], counts["bureau_balance"])
    return counts


# Errors and digests --------------------------------------------------------------------


class _EnoughError(Exception):
    """Stop looking: the refusal is certain and its list complete or full."""


class _Problems:
    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, pointer: str, code: str, **params: Any) -> None:
        self.errors.append(FieldError(pointer, code, params))
        if len(self.errors) >= MOST_ERRORS:
            raise _EnoughError

    def refuse(self, pointer: str, code: str, **params: Any) -> Any:
        """Add a refused value; what stands in its place is missing."""
        self.add(pointer, code, **params)

    def error(self) -> InputError:
        first = self.errors[0]
        more = f" and {len(self.errors) - 1} more" if len(self.errors) > 1 else ""
        return InputError(f"{first.pointer or '/'}: {first.code}{more}", errors=tuple(self.errors))


def _pointer(name: object) -> str:
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def _near(name: object, known: Iterable[str]) -> dict[str, str]:
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(str(name)[:80].lower(), by_lower, n=1)
    return {"near": by_lower[close[0]]} if close else {}


def _digest(inputs: Any) -> str:
    return hashlib.sha256(canonical_json(inputs)).hexdigest()


_REQUIRED_IDS = {
    table.name: tuple(c for c in table.columns if c.required and c.name != "SK_ID_CURR")
    for table in TABLES.values()
}
