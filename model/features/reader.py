"""The definition in plain Python: the features of one client, from rows of the tables.

No engine and no connection: a plan is made once for the columns that a model reads, and
reading changes nothing, so one `Reader` serves all threads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from model.features.definition import APPLICATION, HISTORIES, SOURCES, feature_names
from model.features.expression import Row, Value, table_column
from model.features.spec import (
    MISSING_CATEGORY,
    ApplicationSource,
    Feature,
    Source,
    SpecError,
    Vocabulary,
    categories,
)
from model.features.stats import SHARE_STATISTICS, STATISTICS, ColumnForm, Known
from model.features.term_reader import TermsPlan, plan_terms, read_terms
from model.tables import TABLES

ValueOf = Callable[[Row], Any]
ShareForm = Callable[[int, int], float]
Rows = Sequence[Row]
History = Mapping[str, Rows]

_NO_ROWS: Rows = ()


@dataclass(frozen=True, slots=True)
class _ColumnPlan:
    """One row column, and the statistics of it by slice (``None`` = all rows)."""

    name: str
    value: ValueOf
    groups: tuple[tuple[str | None, tuple[tuple[int, ColumnForm], ...]], ...]


@dataclass(frozen=True, slots=True)
class _SharePlan:
    """One text column, and the statistics of its categories (``None`` = missing)."""

    value: ValueOf
    categories: tuple[tuple[str | None, tuple[tuple[int, ShareForm], ...]], ...]


@dataclass(frozen=True, slots=True)
class _ChildPlan:
    """The row columns that a child table gives its parent's rows."""

    table: str
    key: str
    statistics: tuple[tuple[ValueOf, tuple[tuple[str, str], ...]], ...]
    shares: tuple[tuple[ValueOf, tuple[tuple[str, str | None], ...]], ...]


@dataclass(frozen=True, slots=True)
class _TablePlan:
    """What one history table must yield; positions are those of the served columns."""

    table: str
    child: _ChildPlan | None
    slices: tuple[tuple[str, ValueOf], ...]
    columns: tuple[_ColumnPlan, ...]
    shares: tuple[_SharePlan, ...]
    counts: tuple[int, ...]
    terms: TermsPlan | None


@dataclass(frozen=True, slots=True)
class _ApplicationPlan:
    """What the application itself must yield."""

    values: tuple[tuple[int, ValueOf], ...]
    codes: tuple[tuple[int, ValueOf, Mapping[str, float]], ...]
    categories: tuple[tuple[ValueOf, Mapping[str, tuple[int, ...]], tuple[int, ...]], ...]
    """Of each text column: its value, the features that count each category, all its features."""

    @property
    def positions(self) -> list[int]:
        found = [position for position, _ in self.values]
        found += [position for position, _, _ in self.codes]
        found += [position for _, _, positions in self.categories for position in positions]
        return sorted(found)


@dataclass(frozen=True, slots=True)
class _TextColumn:
    """A text column that the served features read, with the categories known of it."""

    table: str
    column: str
    value: ValueOf
    known: frozenset[str]


class Reader:
    """Computes the served features of one client.

    Parameters
    ----------
    vocabulary : categories of the text columns, learned where the model was trained
    columns : features to serve, in the order to serve them; default: the whole matrix

    Raises
    ------
    SpecError
        Where a column is no feature of the definition under this vocabulary.

    Notes
    -----
    Rows are mappings from column name to value; absent, ``None``, NaN and ``''`` are
    missing. The caller has validated them (`model.tables`): whole numbers are integral,
    amounts have at most three decimals.
    """

    def __init__(self, vocabulary: Vocabulary, columns: Sequence[str] | None = None) -> None:
        known = feature_names(vocabulary)
        self.columns: tuple[str, ...] = known if columns is None else tuple(columns)
        strangers = sorted(set(self.columns) - set(known))
        if strangers or len(set(self.columns)) != len(self.columns):
            raise SpecError(f"not features of this definition, or named twice: {strangers or self.columns}")
        place = {name: position for position, name in enumerate(self.columns)}
        self._application = _plan_application(APPLICATION, vocabulary, place)
        self._histories = tuple(
            plan for source in HISTORIES if (plan := _plan_table(source, vocabulary, place)) is not None
        )
        self._application_positions = np.array(self._application.positions, dtype=np.intp)
        self._texts = tuple(_text_columns(vocabulary, place))

    def read(self, application: Row, history: History) -> np.ndarray:
        """Features of one client.

        Parameters
        ----------
        application : one row of the application table
        history : table name → the client's rows; ``bureau_balance`` rows carry
            ``SK_ID_BUREAU``; an absent table has no rows

        Returns
        -------
        float32 (k,), in the order of `columns`, NaN = missing
        """
        out = [nan] * len(self.columns)
        _read_application(self._application, application, out)
        for plan in self._histories:
            rows = history.get(plan.table) or _NO_ROWS
            if rows:
                _read_table(plan, rows, history, out)
        return _as_float32(out)

    def recompute(self, application: Row, stored: np.ndarray) -> np.ndarray:
        """Features after an edit of the application, its history unchanged.

        Parameters
        ----------
        application : the edited row, whole
        stored : float32 (k,), features of the same client as `read` or the matrix gave them

        Returns
        -------
        float32 (k,), a new array; bit for bit `stored` where the application is unchanged
        """
        out = [nan] * len(self.columns)
        _read_application(self._application, application, out)
        changed = np.array(stored, dtype=np.float32)
        changed[self._application_positions] = _as_float32(out)[self._application_positions]
        return changed

    def unseen(self, application: Row, history: History) -> tuple[tuple[str, str, str], ...]:
        """Categories of this client that the vocabulary does not know.

        No feature counts them. Only text columns that a served feature reads are looked
        at. Each ``(table, column, category)`` once, in the order of the tables.
        """
        found: dict[tuple[str, str, str], None] = {}
        for text in self._texts:
            rows = (application,) if text.table == "application" else history.get(text.table) or _NO_ROWS
            for row in rows:
                category = text.value(row)
                if category is not None and category not in text.known:
                    found[text.table, text.column, str(category)] = None
        return tuple(found)


def _as_float32(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float64).astype(np.float32)


def _read_application(plan: _ApplicationPlan, row: Row, out: list[float]) -> None:
    for position, value in plan.values:
        number = value(row)
        if number is not None:
            out[position] = number
    for position, value, codes in plan.codes:
        out[position] = codes.get(value(row), nan)
    for value, counting, positions in plan.categories:
        for position in positions:
            out[position] = 0.0
        for position in counting.get(value(row), ()):
            out[position] = 1.0


def _read_table(plan: _TablePlan, rows: Rows, history: History, out: list[float]) -> None:
    if plan.child is not None:
        rows = _with_child(plan.child, rows, history.get(plan.child.table) or _NO_ROWS)
    members = {
        prefix: [index for index, row in enumerate(rows) if condition(row)]
        for prefix, condition in plan.slices
    }
    values: dict[str, Known] = {}
    for column in plan.columns:
        values[column.name] = _read_column(column, rows, members, out)
    n = len(rows)
    for share in plan.shares:
        value = share.value
        hits = Counter([value(row) for row in rows])
        for category, forms in share.categories:
            for position, share_form in forms:
                out[position] = share_form(hits[category], n)
    for position in plan.counts:
        out[position] = float(n)
    if plan.terms is not None:
        read_terms(plan.terms, rows, members, values, out)


def _read_column(
    column: _ColumnPlan, rows: Rows, members: Mapping[str, Sequence[int]], out: list[float]
) -> Known:
    """Put the column's statistics into `out`; gives its values, missing ones included."""
    value = column.value
    values = [value(row) for row in rows]
    for prefix, forms in column.groups:
        inside = values if prefix is None else [values[index] for index in members[prefix]]
        if not inside:
            continue
        known = [x for x in inside if x is not None]
        for position, form in forms:
            out[position] = form(known, len(inside))
    return values


def _with_child(plan: _ChildPlan, rows: Rows, child_rows: Rows) -> list[Row]:
    """The parent's rows with the child's columns; a row without child rows gains none."""
    groups: dict[Value, list[Row]] = defaultdict(list)
    for child_row in child_rows:
        groups[child_row.get(plan.key)].append(child_row)
    return [
        {**row, **_child_columns(plan, groups[row.get(plan.key)])} if row.get(plan.key) in groups else row
        for row in rows
    ]


def _child_columns(plan: _ChildPlan, rows: Rows) -> dict[str, Any]:
    n = len(rows)
    columns: dict[str, Any] = {}
    for value, statistics in plan.statistics:
        known = [x for row in rows if (x := value(row)) is not None]
        for name, statistic in statistics:
            if statistic == "size":
                columns[name] = n
            elif known:
                columns[name] = min(known) if statistic == "min" else max(known)
    for value, shares in plan.shares:
        hits = Counter([value(row) for row in rows])
        for name, category in shares:
            columns[name] = hits[category] / n
    return columns


def _plan_application(
    source: ApplicationSource, vocabulary: Vocabulary, place: Mapping[str, int]
) -> _ApplicationPlan:
    values: list[tuple[int, ValueOf]] = []
    codes: list[tuple[int, ValueOf, Mapping[str, float]]] = []
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for feature in (*source.features(vocabulary), *source.beyond_features()):
        position = place.get(feature.name)
        if position is None:
            continue
        if feature.form == "code":
            zero, one = source.codes[feature.column]
            codes.append((position, source.scope[feature.column].value, {zero: 0.0, one: 1.0}))
        elif feature.form == "category":
            places[feature.column][str(feature.category)] = position
        else:
            values.append((position, source.number(feature.column).value))
    return _ApplicationPlan(
        tuple(values),
        tuple(codes),
        tuple(
            (source.scope[column].value, _counting(source, column, found), tuple(found.values()))
            for column, found in places.items()
        ),
    )


def _counting(
    source: ApplicationSource, column: str, places: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    """Category → positions of the features that are 1 for it."""
    counting: dict[str, tuple[int, ...]] = {}
    for category, position in places.items():
        for counted in source.counted(column, category):
            counting[counted] = (*counting.get(counted, ()), position)
    return counting


def _plan_table(source: Source, vocabulary: Vocabulary, place: Mapping[str, int]) -> _TablePlan | None:
    features = [feature for feature in source.features(vocabulary) if feature.name in place]
    beyond = [feature for feature in source.beyond_features() if feature.name in place]
    if not features and not beyond:
        return None
    numbers = [feature for feature in features if feature.form in ("statistic", "child_share")]
    needed = {feature.slice for feature in numbers}
    needed |= {term.window for feature in beyond for term in feature.terms}
    return _TablePlan(
        table=source.table,
        child=_plan_child(source, vocabulary, (*numbers, *beyond)),
        slices=tuple(
            (name, condition.value) for name, condition in source.conditions.items() if name in needed
        ),
        columns=_plan_columns(source, numbers, place),
        shares=_plan_shares(source, [feature for feature in features if feature.form == "share"], place),
        counts=tuple(place[feature.name] for feature in features if feature.form == "count"),
        terms=plan_terms(source, beyond, place) if beyond else None,
    )


def _plan_columns(
    source: Source, features: Sequence[Feature], place: Mapping[str, int]
) -> tuple[_ColumnPlan, ...]:
    groups: dict[str, dict[str | None, list[tuple[int, ColumnForm]]]] = defaultdict(lambda: defaultdict(list))
    for feature in features:
        kind = source.row_column(feature).kind
        form = STATISTICS[str(feature.statistic)].python(kind)
        groups[feature.row_column][feature.slice].append((place[feature.name], form))
    values = {feature.row_column: source.row_column(feature).value for feature in features}
    return tuple(
        _ColumnPlan(
            column, values[column], tuple((prefix, tuple(forms)) for prefix, forms in by_slice.items())
        )
        for column, by_slice in groups.items()
    )


def _plan_shares(
    source: Source, features: Sequence[Feature], place: Mapping[str, int]
) -> tuple[_SharePlan, ...]:
    groups: dict[str, dict[str | None, list[tuple[int, ShareForm]]]] = defaultdict(lambda: defaultdict(list))
    for feature in features:
        form = SHARE_STATISTICS[str(feature.statistic)].python
        groups[feature.column][_key(feature.category)].append((place[feature.name], form))
    return tuple(
        _SharePlan(
            source.scope[column].value, tuple((category, tuple(forms)) for category, forms in found.items())
        )
        for column, found in groups.items()
    )


def _plan_child(source: Source, vocabulary: Vocabulary, features: Iterable[Feature]) -> _ChildPlan | None:
    child = source.child
    needs = {name for feature in features for name in source.child_columns(feature)}
    if child is None or not needs:
        return None
    statistics: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, (column, statistic) in child.stat_columns.items():
        if name in needs:
            statistics[column].append((name, statistic))
    shares: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for name, (column, category) in child.share_columns(vocabulary).items():
        if name in needs:
            shares[column].append((name, _key(category)))
    return _ChildPlan(
        child.table,
        child.key,
        tuple((child.scope[column].value, tuple(found)) for column, found in statistics.items()),
        tuple((child.scope[column].value, tuple(found)) for column, found in shares.items()),
    )


def _key(category: str | None) -> str | None:
    """How the category stands in a row: missing text is ``None`` there."""
    return None if category == MISSING_CATEGORY else category


def _text_columns(vocabulary: Vocabulary, place: Mapping[str, int]) -> Iterable[_TextColumn]:
    for source in SOURCES:
        known = (*source.features(vocabulary), *source.beyond_features())
        served = [feature for feature in known if feature.name in place]
        read = {pair for feature in served for pair in source.texts_read(feature)}
        for table, column in sorted(read, key=_archive_order):
            value = table_column(TABLES[table].by_name[column]).value
            yield _TextColumn(table, column, value, frozenset(categories(vocabulary, table, column)))


def _archive_order(place: tuple[str, str]) -> tuple[int, int]:
    table, column = place
    return list(TABLES).index(table), TABLES[table].names.index(column)
