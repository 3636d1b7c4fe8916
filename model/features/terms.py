"""The language of the features beyond the kernel: ``TERM`` or ``TERM / TERM``.

A term is one aggregate of a table's rows: ``rows``, ``STATISTIC COLUMN`` or ``last COLUMN``,
then ``in WINDOW``, then ``last K``::

    rows in LAST_365D                     how many
    total AMT_CREDIT_SUM_DEBT in ACTIVE   the sum of what is known
    last CNT_PAYMENT in APPROVED          of the latest row that tells it
    mean DPD last 3                       of the three latest rows that tell it

Both sides of a ratio take only rows that tell both columns.
What both readers cannot do is refused when the definition is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model.features.expression import Expression, parse, table_column
from model.features.stats import RANKED_STATISTICS, TERM_STATISTICS
from model.tables import Table

_TERM = re.compile(r"(?P<word>[a-z]+)( (?P<column>[A-Z]\w*))?( in (?P<window>\w+))?( last (?P<last>\d+))?")
_LARGEST_RANK = 2**63 - 1


class SpecError(ValueError):
    """A definition that contradicts itself or the tables."""


@dataclass(frozen=True, slots=True)
class Term:
    """One aggregate of a feature beyond the kernel.

    Attributes
    ----------
    statistic : a word of `TERM_STATISTICS`, or of `RANKED_STATISTICS` where `last` is given
    column : row column; ``None`` counts rows
    window : name of the condition that rows must meet, ``None`` = all rows
    last : how many of the latest rows in which the column is known count, ``None`` = all
    beside : column that must be known too, the one of a ratio's other side
    """

    statistic: str
    column: str | None = None
    window: str | None = None
    last: int | None = None
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What the terms of one table may speak of.

    Attributes
    ----------
    table : the table
    scope : its row columns
    conditions : its windows, and its slices under their prefix
    order : columns that rank its rows
    """

    table: Table
    scope: Mapping[str, Expression]
    conditions: Mapping[str, Expression]
    order: Sequence[str]


def parse_terms(name: str, text: str, ground: Ground) -> tuple[Term, ...]:
    """The one term of the feature `name`, or part and whole of a ratio.

    Raises
    ------
    SpecError
        Where the text is not in the language; the message holds table, feature and text.
    """
    terms = tuple(_Reading(name, part.strip(), ground).term() for part in text.split("/"))
    if len(terms) > 2:
        raise SpecError(f"{ground.table.name}.{name}: {text!r} is no 'TERM' and no 'TERM / TERM'")
    if len(terms) == 2:
        part, whole = terms
        terms = (replace(part, beside=whole.column), replace(whole, beside=part.column))
    return terms


def rank_of(table: Table, order: Sequence[str]) -> Expression | None:
    """The order as one whole number, the columns its digits; each counts from its lowest value."""
    if not order:
        return None
    scope = {column.name: table_column(column) for column in table.columns}
    text, largest = "", 1
    for name in order:
        column = table.by_name[name]
        if column.kind not in ("id", "int") or column.low is None or column.high is None:
            raise SpecError(f"{table.name}: {name!r} has no bounds to rank rows by")
        low, width = int(column.low), int(column.high) - int(column.low) + 1
        digit = f"({name} - {low})" if low >= 0 else f"({name} + {-low})"
        text = digit if not text else f"({text}) * {width} + {digit}"
        largest *= width
    if largest > _LARGEST_RANK:
        raise SpecError(f"{table.name}: the order {tuple(order)} does not fit a whole number of 64 bits")
    return parse(text, scope)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One term being read; every refusal names where it stands."""

    name: str
    text: str
    ground: Ground

    def term(self) -> Term:
        found = _TERM.fullmatch(self.text)
        if found is None:
            raise self._refusal("is not 'STATISTIC COLUMN [in WINDOW] [last K]'")
        word, column = found["word"], found["column"]
        last = int(found["last"]) if found["last"] else 1 if word == "last" else None
        if (column is None) != (word == "rows"):
            raise self._refusal("'rows' has no column, every other word has one")
        if last is not None and (last < 1 or column is None or (word == "last" and last > 1)):
            raise self._refusal("that many last rows say nothing")
        if column is not None:
            self._check_column(word, column, ranked=last is not None)
        if last is not None and column is not None:
            self._check_order(column)
        return Term(word, column, self._window(found["window"]), last)

    def _window(self, name: str | None) -> str | None:
        """The condition of that name; a slice is named by its prefix without the ``_``."""
        if name is None or name in self.ground.conditions:
            return name
        if f"{name}_" not in self.ground.conditions:
            raise self._refusal(f"{name!r} is neither a window nor a slice")
        return f"{name}_"

    def _check_column(self, word: str, column: str, *, ranked: bool) -> None:
        if column not in self.ground.scope:
            raise self._refusal(f"{column!r} is neither a column nor a derived row column")
        kind = self.ground.scope[column].kind
        if kind not in ("int", "money", "real") and not (kind == "text" and word == "nunique"):
            raise self._refusal(f"{column!r} is {kind}, {word!r} needs numbers")
        allowed = RANKED_STATISTICS if ranked else TERM_STATISTICS
        if word not in allowed:
            raise self._refusal(f"unknown statistic {word!r}; known are {list(allowed)}")

    def _check_order(self, column: str) -> None:
        """Rows that tie must hold one value, or the engines would be free to choose."""
        order, key = set(self.ground.order), self.ground.table.key
        tells_rows_apart = bool(key) and set(key) <= order
        if not order or not (tells_rows_apart or self.ground.scope[column].columns <= order):
            raise self._refusal(
                f"the order {tuple(self.ground.order)} leaves rows with different values tied"
            )

    def _refusal(self, reason: str) -> SpecError:
        return SpecError(f"{self.ground.table.name}.{self.name}: {self.text!r}: {reason}")
