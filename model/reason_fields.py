"""What a reason code may show of a client: one class a kind of field in ``reasons.toml``.

Each answers the same question twice: :meth:`show` for one client, in full, and
:meth:`can_show` for many, as a yes or no. Tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model import dictionary
from model.features.application import APPLICATION

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Bools = NDArray[np.bool_]

AGAINST, FOR = 1, -1
"""Side of a reason: what raises the risk, what lowers it."""

_SMALLEST_SHOWN = {
    "count": 0.05,
    "delay": 0.05,
    "months": 0.05,
    "share": 0.0005,
    "money": 0.005,
    "ahead": 0.5,
}
"""Below these a value would be written as zero, which a guarded sentence never shows."""

_SMALLEST_INVERTED = 1e-6
_SAME_SHARE = 0.0005
_NOT_STATED = frozenset({"XNA", "XAP"})
_SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
_SCORE_COUNT = "EXT_SOURCE_COUNT"
_DOCUMENT = "FLAG_DOCUMENT_"
_DOCUMENT_COUNT = "DOCUMENT_COUNT"


class Served(NamedTuple):
    """The features of a bundle: where each stands, and the accepted clients' medians."""

    places: Mapping[str, int]
    medians: Mapping[str, float | None]

    def median(self, feature: str) -> float | None:
        """Median of the accepted clients, ``None`` when unknown."""
        median = self.medians.get(feature)
        return None if median is None or median != median else float(median)


class Client(NamedTuple):
    """One client, seen from one side.

    Attributes
    ----------
    side : `AGAINST` or `FOR`
    effects : float64 (k,), log-odds against the accepted clients, times `side`
    values : float32 (k,), NaN = missing
    application : raw columns, ``None`` when only features were given
    """

    side: int
    effects: Floats
    values: Values
    application: Mapping[str, Any] | None


class Clients(NamedTuple):
    """Many clients, seen from one side; `application` holds n values a column."""

    side: int
    values: Values
    application: Mapping[str, Sequence[Any]] | None


class Shown(NamedTuple):
    """What a reason shows; see `model.reason_texts.Reason`."""

    feature: str | None
    value: float | str | None
    reference: float | None


class Field(Protocol):
    """What the reason of one code may show."""

    def show(self, client: Client) -> Shown | None:
        """The field shown for this client; ``None`` drops the code."""
        ...

    def can_show(self, clients: Clients) -> Bools:
        """For which clients :meth:`show` is not ``None``, bool (n,)."""
        ...


def field_of(row: Mapping[str, Any], served: Served, members: NDArray[np.intp]) -> Field:
    """The field of a catalogue row.

    Parameters
    ----------
    row : row of ``reasons.toml``
    served : features of the bundle
    members : positions of the code's own features
    """
    kind = row["show"]
    if kind == "category":
        return Categories([_category_of(field, served) for field in row["fields"]])
    if kind == "shares":
        return Shares(members, served)
    if kind == "documents":
        return Documents(members, served)
    if kind == "scores":
        return Scores(row["below"], served)
    if kind == "absence":
        return Absence()
    return Figures(
        [_figure_of(field, row, served) for field in row["fields"] if field["feature"] in served.places]
    )


# --------------------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True)
class Figure:
    """A numeric field: its reference, guard and constrained side."""

    index: int
    feature: str
    reference: float | None
    smallest: float
    adverse: int
    needs_reference: bool
    tells_absence: bool

    def passes(self, value: float, side: int) -> bool:
        """Whether the sentence may show that value on that side."""
        if value != value:
            return self.tells_absence
        if value < self.smallest or (self.needs_reference and self.reference is None):
            return False
        return not self.adverse or (value - float(self.reference or 0.0)) * self.adverse * side > 0

    def passing(self, values: Values, side: int) -> Bools:
        """:meth:`passes` for a column."""
        x = values.astype(np.float64)
        missing = np.isnan(x)
        passes: Bools = ~missing & (x >= self.smallest)
        if self.needs_reference and self.reference is None:
            passes[:] = False
        if self.adverse:
            passes &= (x - float(self.reference or 0.0)) * self.adverse * side > 0
        return passes | (missing & self.tells_absence)


def _figure_of(field: Mapping[str, Any], row: Mapping[str, Any], served: Served) -> Figure:
    feature, inverse = field["feature"], field.get("inverse", False)
    smallest = -np.inf
    if inverse:
        smallest = _SMALLEST_INVERTED
    elif field.get("above_zero", row.get("above_zero")):
        smallest = _SMALLEST_SHOWN[field["unit"]]
    reference = served.median(feature)
    if inverse and reference is not None and reference < _SMALLEST_INVERTED:
        reference = None
    return Figure(
        index=served.places[feature],
        feature=feature,
        reference=reference,
        smallest=smallest,
        adverse=field.get("adverse", row.get("adverse", 0)),
        needs_reference="{ref}" in field.get("fr", row["fr"]),
        tells_absence="absent_fr" in row,
    )


class Figures:
    """The numeric field with the largest effect that passes its guard."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = tuple(figures)

    def show(self, client: Client) -> Shown | None:
        for figure in sorted(self._figures, key=lambda figure: -client.effects[figure.index]):
            value = float(client.values[figure.index])
            if figure.passes(value, client.side):
                if value != value:
                    return Shown(figure.feature, None, None)
                reference = figure.reference if figure.needs_reference else None
                return Shown(figure.feature, value, reference)
        return None

    def can_show(self, clients: Clients) -> Bools:
        can = np.zeros(len(clients.values), dtype=bool)
        for figure in self._figures:
            can |= figure.passing(clients.values[:, figure.index], clients.side)
        return can


# ------------------------------------------------------------------------ categories


@dataclass(frozen=True, slots=True)
class Category:
    """A text column: its one-hot features, or the one that numbers it."""

    column: str
    indices: NDArray[np.intp]
    names: tuple[str, ...]
    numbered: tuple[str, ...]
    tells_absence: bool

    def stated(self, client: Client) -> tuple[bool, str | None]:
        """Whether something can be told of the column, and the category (``None`` = absent)."""
        if client.application is not None and self.column in client.application:
            return self.stated_by(client.application[self.column])
        for index, name in zip(self.indices, self.names, strict=True):
            value = client.values[index]
            if self.numbered and 0 <= value < len(self.numbered):
                return True, self.numbered[int(value)]
            if not self.numbered and value == 1 and nameable(self.column, name):
                return True, name
        return False, None

    def stated_by(self, raw: Any) -> tuple[bool, str | None]:
        """The same from a raw value."""
        if raw is None or raw != raw:
            return self.tells_absence, None
        category = dictionary.read_as(self.column, str(raw))
        return nameable(self.column, category), category

    def can_state(self, clients: Clients) -> Bools:
        """:meth:`stated` for many."""
        if clients.application is not None and self.column in clients.application:
            # The same few categories come again and again.
            known = lru_cache(maxsize=256)(lambda raw: self.stated_by(raw)[0])
            return np.array([known(raw) for raw in clients.application[self.column]], dtype=bool)
        if self.numbered:
            codes = clients.values[:, self.indices]
            return np.any((codes >= 0) & (codes < len(self.numbered)), axis=1)
        shown = [
            index for index, name in zip(self.indices, self.names, strict=True) if nameable(self.column, name)
        ]
        return np.any(clients.values[:, shown] == 1, axis=1)


def _category_of(field: Mapping[str, Any], served: Served) -> Category:
    column = field["feature"]
    numbered = APPLICATION.codes.get(column, ())
    prefix = column + "_"
    found = {
        index: name.removeprefix(prefix)
        for name, index in served.places.items()
        if (name == column if numbered else name.startswith(prefix))
    }
    indices = sorted(found)
    return Category(
        column,
        np.array(indices, dtype=np.intp),
        tuple(found[index] for index in indices),
        tuple(numbered),
        bool(field.get("absent")),
    )


@lru_cache(maxsize=2048)
def nameable(column: str, category: str) -> bool:
    """A sentence names neither an excluded category nor "not stated"."""
    return category not in _NOT_STATED and dictionary.excluded(f"{column}_{category}") is None


class Categories:
    """The client's own category in the text column with the largest effect."""

    def __init__(self, categories: Sequence[Category]) -> None:
        self._categories = tuple(categories)

    def show(self, client: Client) -> Shown | None:
        for field in sorted(self._categories, key=lambda field: -float(client.effects[field.indices].sum())):
            can_tell, category = field.stated(client)
            if not can_tell:
                continue
            if category is None:
                return Shown(field.column, None, None)
            feature = field.column if category not in field.names else f"{field.column}_{category}"
            return Shown(feature, category, None)
        return None

    def can_show(self, clients: Clients) -> Bools:
        return np.any([field.can_state(clients) for field in self._categories], axis=0)


# ------------------------------------------------------------------- shares and counts


class Shares:
    """The category of earlier applications with the largest effect, and its share."""

    def __init__(self, members: NDArray[np.intp], served: Served) -> None:
        names = {index: name for name, index in served.places.items()}
        self._indices = members
        self._features = tuple(names[index] for index in members)
        # A share without a reference is never shown: NaN makes every comparison false.
        references = [served.median(name) for name in self._features]
        self._references = np.array([np.nan if r is None else r for r in references], dtype=np.float64)

    def show(self, client: Client) -> Shown | None:
        present = client.values[self._indices].astype(np.float64)
        differs = self._differs(present)
        if not differs.any():
            return None
        position = int(np.where(differs, client.effects[self._indices], -np.inf).argmax())
        return Shown(
            self._features[position],
            float(present[position]),
            float(self._references[position]),
        )

    def can_show(self, clients: Clients) -> Bools:
        return np.any(self._differs(clients.values[:, self._indices].astype(np.float64)), axis=1)

    def _differs(self, shares: Floats) -> Bools:
        # "0 % (accepted clients: 0 %)" would explain nothing.
        return np.abs(shares - self._references) >= _SAME_SHARE


class Documents:
    """How many documents were provided, against those that most accepted clients provide."""

    def __init__(self, members: NDArray[np.intp], served: Served) -> None:
        names = {index: name for name, index in served.places.items()}
        self._count = served.places.get(_DOCUMENT_COUNT)
        self._flags = np.array([i for i in members if names[i].startswith(_DOCUMENT)], dtype=np.intp)
        self._of_members = _usual(served, (names[index] for index in self._flags.tolist()))
        # A file has documents that the model does not read: they count on both sides, or on none.
        of_all = _usual(served, (name for name in served.medians if name.startswith(_DOCUMENT)))
        counted = served.median(_DOCUMENT_COUNT)
        self._of_all = of_all if counted is None else counted

    def show(self, client: Client) -> Shown | None:
        if client.application is not None:
            flags = [flag for name, flag in client.application.items() if name.startswith(_DOCUMENT)]
            return Shown(None, _provided(flags), self._of_all)
        if self._count is not None and not np.isnan(client.values[self._count]):
            return Shown(None, float(client.values[self._count]), self._of_all)
        return Shown(None, _provided(client.values[self._flags].tolist()), self._of_members)

    def can_show(self, clients: Clients) -> Bools:
        return np.ones(len(clients.values), dtype=bool)


def _provided(flags: Sequence[Any]) -> float:
    return float(sum(1 for flag in flags if flag is not None and flag >= 1))


def _usual(served: Served, names: Iterable[str]) -> float:
    return float(sum(served.median(name) or 0.0 for name in names))


class Scores:
    """How many external scores are available; told against the client only when one lacks."""

    def __init__(self, below: int, served: Served) -> None:
        self._below = below
        self._count = served.places.get(_SCORE_COUNT)
        self._scores = [served.places[name] for name in _SCORES if name in served.places]

    def show(self, client: Client) -> Shown | None:
        application = client.application
        columns = application and {name: [application.get(name)] for name in _SCORES}
        clients = Clients(client.side, client.values[np.newaxis], columns)
        if not self.can_show(clients)[0]:
            return None
        count = float(self._available(clients)[0])
        return Shown(_SCORE_COUNT if self._count is not None else None, count, None)

    def can_show(self, clients: Clients) -> Bools:
        available = self._available(clients)
        return available < self._below if clients.side == AGAINST else available >= 1

    def _available(self, clients: Clients) -> Floats:
        """Number of external scores, float64 (n,), NaN where nothing tells it."""
        if self._count is not None:
            return clients.values[:, self._count].astype(np.float64)
        if len(self._scores) == len(_SCORES):
            return (~np.isnan(clients.values[:, self._scores])).sum(axis=1).astype(np.float64)
        if clients.application is not None and all(name in clients.application for name in _SCORES):
            columns = [np.asarray(clients.application[name], dtype=np.float64) for name in _SCORES]
            return (~np.isnan(np.stack(columns))).sum(axis=0).astype(np.float64)
        return np.full(len(clients.values), np.nan)


class Absence:
    """R40 and R41 say that there is nothing: only missing history counts for them."""

    def show(self, client: Client) -> Shown | None:
        return Shown(None, None, None)

    def can_show(self, clients: Clients) -> Bools:
        return np.ones(len(clients.values), dtype=bool)
