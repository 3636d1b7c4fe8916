"""The features beyond the kernel in plain Python: the terms of one client's rows.

Part of `model.features.reader`: it hands over the rows of a table and which of them lie in
each window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.features.expression import Row
from model.features.spec import Feature, Source
from model.features.stats import (
    RANKED_STATISTICS,
    TERM_STATISTICS,
    ColumnForm,
    Known,
    RankedForm,
    ratio,
)
from model.features.terms import Term

ValueOf = Callable[[Row], Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class _TermPlan:
    """One term of a feature beyond the kernel; without `column` it counts rows."""

    column: str | None
    window: str | None
    beside: str | None
    form: ColumnForm
    empty: float


@dataclass(frozen=True, slots=True)
class _LatestPlan:
    """A term over the latest rows in which its column is known."""

    column: str
    window: str | None
    beside: str | None
    last: int
    form: RankedForm


@dataclass(frozen=True, slots=True)
class TermsPlan:
    """The terms of the features beyond the kernel, and the values and conditions they read."""

    values: Mapping[str, ValueOf]
    rank: ValueOf | None
    features: tuple[tuple[int, tuple[_TermPlan | _LatestPlan, ...]], ...]


def plan_terms(source: Source, features: Sequence[Feature], place: Mapping[str, int]) -> TermsPlan:
    """Plan of the served features beyond the kernel; `place` says where each stands."""
    terms = [term for feature in features for term in feature.terms]
    columns = {column for term in terms for column in (term.column, term.beside) if column is not None}
    return TermsPlan(
        {column: source.scope[column].value for column in columns},
        None if source.rank is None else source.rank.value,
        tuple(
            (place[feature.name], tuple(_plan_term(source, term) for term in feature.terms))
            for feature in features
        ),
    )


def _plan_term(source: Source, term: Term) -> _TermPlan | _LatestPlan:
    kind = "int" if term.column is None else source.scope[term.column].kind
    if term.last is not None:
        form = RANKED_STATISTICS[term.statistic].python(kind)
        return _LatestPlan(str(term.column), term.window, term.beside, term.last, form)
    statistic = TERM_STATISTICS[term.statistic]
    return _TermPlan(term.column, term.window, term.beside, statistic.python(kind), statistic.empty)


def read_terms(
    plan: TermsPlan,
    rows: Rows,
    members: Mapping[str, Sequence[int]],
    values: dict[str, Known],
    out: list[float],
) -> None:
    """Put the features of one client into `out`.

    Parameters
    ----------
    rows : his rows of the table, at least one
    members : window → positions of the rows that meet it
    values : row column → its values, as far as they were read already; the others are added
    """
    of = _Terms(plan, rows, members, values)
    for position, terms in plan.features:
        if len(terms) == 1:
            out[position] = of.result(terms[0])
        else:
            out[position] = ratio(of.result(terms[0]), of.result(terms[1]))


class _Terms:
    """One client's rows of a table, as the terms ask for them: each list is made once."""

    def __init__(
        self,
        plan: TermsPlan,
        rows: Rows,
        members: Mapping[str, Sequence[int]],
        values: dict[str, Known],
    ) -> None:
        self._plan = plan
        self._rows = rows
        self._members = members
        self._values = values
        self._chosen: dict[tuple[str, str | None, str | None], tuple[Known, int]] = {}
        self._order: list[int] | None = None

    def result(self, term: _TermPlan | _LatestPlan) -> float:
        if isinstance(term, _LatestPlan):
            return term.form(self._latest(term))
        if term.column is None:
            n = len(self._positions(term.window))
            return term.form([], n) if n else term.empty
        known, n = self._inside(term.column, term.window, term.beside)
        return term.form(known, n) if n else term.empty

    def _inside(self, column: str, window: str | None, beside: str | None) -> tuple[Known, int]:
        """Known values of the rows that count, and the number of these rows."""
        found = self._chosen.get((column, window, beside))
        if found is None:
            values = self._all(column)
            if window is not None:
                values = [values[index] for index in self._members[window]]
            if beside is not None:
                others = self._all(beside)
                places = self._positions(window)
                values = [x for x, place in zip(values, places, strict=True) if others[place] is not None]
            found = self._chosen[column, window, beside] = ([x for x in values if x is not None], len(values))
        return found

    def _latest(self, term: _LatestPlan) -> Known:
        """Known values of the latest rows that count, the latest first."""
        values = self._all(term.column)
        others = values if term.beside is None else self._all(term.beside)
        inside = None if term.window is None else set(self._members[term.window])
        latest = []
        for index in self._latest_first():
            x = values[index]
            if x is not None and others[index] is not None and (inside is None or index in inside):
                latest.append(x)
                if len(latest) == term.last:
                    break
        return latest

    def _positions(self, window: str | None) -> Sequence[int]:
        return range(len(self._rows)) if window is None else self._members[window]

    def _all(self, column: str) -> Known:
        if column not in self._values:
            value = self._plan.values[column]
            self._values[column] = [value(row) for row in self._rows]
        return self._values[column]

    def _latest_first(self) -> list[int]:
        if self._order is None:
            rank = self._plan.rank
            assert rank is not None, "the definition refuses `last` without an order"
            ranks = [rank(row) for row in self._rows]
            ranked = [index for index, x in enumerate(ranks) if x is not None]
            self._order = sorted(ranked, key=ranks.__getitem__, reverse=True)
        return self._order
