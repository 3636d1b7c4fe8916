"""The form in which the features are written down: one `Source` a table.

An analyst writes names, expressions and words; loading the module compiles and checks
them, so that a mistake in a definition stops the import with the faulty text in the
message. `model.features.sql` turns a source into one ``SELECT … GROUP BY`` for many
clients, `model.features.reader` into plain Python for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from model.features.expression import (
    Expression,
    ExpressionError,
    Kind,
    as_double,
    computed_column,
    parse,
    table_column,
    without_negative_zero,
)
from model.features.stats import SHARE_STATISTICS, STATISTICS
from model.features.terms import Ground, SpecError, Term, parse_terms, rank_of
from model.tables import TABLES, Table

Vocabulary = Mapping[str, Mapping[str, Sequence[str]]]
"""Categories of every text column: table → column → sorted categories. JSON-able."""

MISSING_CATEGORY = "nan"
"""Name, in a feature, of the share of rows whose text is missing (the kernel's spelling)."""

_CHILD_STATISTICS = ("min", "max", "size")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the matrix.

    Attributes
    ----------
    name : its name in the kernel's matrix
    table : archive table that it tells of
    column : a column of that table, or one that the definition derives
    form : how it is made: the application's value as it is, a text's code, "has this
        category", a statistic of the rows, a share of the rows, a share of a child
        table's rows made into a row column, the number of rows, or `terms`
    statistic : word of the statistic, ``None`` for the application
    slice : prefix of the rows that count, ``None`` = all
    category : category, :data:`MISSING_CATEGORY` for the share of missing text
    terms : of a feature beyond the kernel: its one aggregate, or part and whole of a ratio
    """

    name: str
    table: str
    column: str
    form: Literal["value", "code", "category", "statistic", "share", "child_share", "count", "terms"]
    statistic: str | None = None
    slice: str | None = None
    category: str | None = None
    terms: tuple[Term, ...] = ()

    @property
    def row_column(self) -> str:
        """The row column that the statistic is taken of."""
        return share_column(self.column, str(self.category)) if self.form == "child_share" else self.column


@dataclass(frozen=True, slots=True)
class Line:
    """``COLUMN: min max`` taken apart."""

    column: str
    statistics: tuple[str, ...]


def parse_lines(text: str) -> tuple[Line, ...]:
    """``A B: min max`` a line → one :class:`Line` a column; the order is kept."""
    lines: list[Line] = []
    for row in text.splitlines():
        if not row.strip():
            continue
        columns, separator, statistics = row.partition(":")
        if not separator or not columns.split() or not statistics.split():
            raise SpecError(f"{row.strip()!r} is not 'COLUMN …: statistic …'")
        lines.extend(Line(column, tuple(statistics.split())) for column in columns.split())
    return tuple(lines)


@dataclass(frozen=True)
class Child:
    """A table below a history table: its rows become columns of the parent's rows.

    Attributes
    ----------
    table : the child's table; `key` leads to the parent's row
    stats : lines of ``min max size``; the column is called ``COLUMN_STATISTIC``
    shares : text columns; the column is called ``COLUMN_category_MEAN``
    """

    table: str
    key: str
    stats: str
    shares: tuple[str, ...]
    scope: dict[str, Expression] = field(init=False, repr=False, compare=False)
    stat_columns: dict[str, tuple[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        scope = _table_scope(TABLES[self.table])
        _check_text(self.table, self.shares, scope)
        stat_columns = {}
        for line in parse_lines(self.stats):
            _check_statistics(self.table, line, scope, allowed=_CHILD_STATISTICS)
            for statistic in line.statistics:
                stat_columns[f"{line.column}_{statistic.upper()}"] = (line.column, statistic)
        object.__setattr__(self, "scope", scope)
        object.__setattr__(self, "stat_columns", stat_columns)

    def stat_kind(self, name: str) -> Kind:
        column, statistic = self.stat_columns[name]
        return "int" if statistic == "size" else self.scope[column].kind

    def share_columns(self, vocabulary: Vocabulary) -> dict[str, tuple[str, str]]:
        """Name of the row column → (text column, category)."""
        return {
            share_column(column, category): (column, category)
            for column in self.shares
            for category in (*categories(vocabulary, self.table, column), MISSING_CATEGORY)
        }


@dataclass(frozen=True)
class Source:
    """The features that one history table gives a client.

    Attributes
    ----------
    table : table name; its ``SK_ID_CURR`` is the client
    prefix : first word of the features over all rows
    rows : row columns made by expressions, in order; one may replace a column of its name
    stats : lines ``COLUMN …: statistic …`` over row columns
    shares : lines ``TEXT_COLUMN …: statistic …`` over "the row has this category"
    child_shares : statistics over the child's share columns
    slices : prefix → condition; each repeats `stats` over the rows that meet it
    child : a table below, whose rows become row columns
    count : name of the number of rows, last
    windows : name → condition, for the terms of `beyond`; a slice is a window too, without its ``_``
    order : columns that rank the rows for ``last``, the latest row highest; rows in which one
        of them is missing have no rank
    beyond : this product's further features: name → ``TERM`` or ``TERM / TERM``, a term being
        ``rows``, ``STATISTIC COLUMN`` or ``last COLUMN``, then ``in WINDOW``, then ``last K``
    """

    table: str
    prefix: str
    stats: str = ""
    shares: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)
    slices: Mapping[str, str] = field(default_factory=dict)
    child: Child | None = None
    child_shares: tuple[str, ...] = ()
    count: str | None = None
    windows: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    beyond: Mapping[str, str] = field(default_factory=dict)
    scope: dict[str, Expression] = field(init=False, repr=False, compare=False)
    conditions: dict[str, Expression] = field(init=False, repr=False, compare=False)
    rank: Expression | None = field(init=False, repr=False, compare=False)
    terms: dict[str, tuple[Term, ...]] = field(init=False, repr=False, compare=False)
    stat_lines: tuple[Line, ...] = field(init=False, repr=False, compare=False)
    share_lines: tuple[Line, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        scope = _table_scope(TABLES[self.table])
        if self.child is not None:
            for name in self.child.stat_columns:
                scope[name] = computed_column(name, self.child.stat_kind(name))
        _define(self.table, scope, self.rows)
        named = {**self.slices, **self.windows}
        conditions = {name: _condition(self.table, text, scope) for name, text in named.items()}
        stat_lines, share_lines = parse_lines(self.stats), parse_lines(self.shares)
        for line in stat_lines:
            _check_statistics(self.table, line, scope, allowed=tuple(STATISTICS))
        for line in share_lines:
            _check_shares(self.table, line.statistics)
        _check_text(self.table, [line.column for line in share_lines], scope)
        _check_shares(self.table, self.child_shares)
        object.__setattr__(self, "scope", scope)
        object.__setattr__(self, "conditions", conditions)
        object.__setattr__(self, "stat_lines", stat_lines)
        object.__setattr__(self, "share_lines", share_lines)
        object.__setattr__(self, "rank", rank_of(TABLES[self.table], self.order))
        ground = Ground(TABLES[self.table], scope, conditions, self.order)
        terms = {name: parse_terms(name, text, ground) for name, text in self.beyond.items()}
        object.__setattr__(self, "terms", terms)

    def features(self, vocabulary: Vocabulary) -> tuple[Feature, ...]:
        """Every feature of this source, in the kernel's order."""
        found = list(self._statistics(self.prefix, None))
        found.extend(self._shares(vocabulary))
        found.extend(self._child_shares(vocabulary))
        for prefix in self.slices:
            found.extend(self._statistics(prefix, prefix))
        if self.count is not None:
            found.append(Feature(self.count, self.table, self.table, "count", "count"))
        return tuple(found)

    def beyond_features(self) -> tuple[Feature, ...]:
        """This product's further features of the table, in the order they are written."""
        return tuple(
            Feature(
                name,
                self.table,
                terms[0].column or self.table,
                "terms",
                "ratio" if len(terms) == 2 else terms[0].statistic,
                slice=terms[0].window,
                terms=terms,
            )
            for name, terms in self.terms.items()
        )

    def row_column(self, feature: Feature) -> Expression:
        """The row column that a ``statistic`` or ``child_share`` feature is taken of."""
        if feature.form == "child_share":
            return computed_column(feature.row_column, "real")
        return self.scope[feature.column]

    def child_columns(self, feature: Feature) -> set[str]:
        """The child's columns that a feature needs."""
        if self.child is None or feature.form in ("share", "count"):
            return set()
        if feature.form == "child_share":
            return {feature.row_column}
        return set(self.columns_read(feature) & self.child.stat_columns.keys())

    def texts_read(self, feature: Feature) -> set[tuple[str, str]]:
        """``(table, text column)`` whose categories decide what the feature counts."""
        if feature.form in ("share", "child_share"):
            return {(feature.table, feature.column)}
        columns = TABLES[self.table].by_name
        return {
            (self.table, name)
            for name in self.columns_read(feature)
            if name in columns and columns[name].kind == "text"
        }

    def columns_read(self, feature: Feature) -> frozenset[str]:
        """Columns, the child's included, that the values and the conditions of a feature read."""
        terms = feature.terms or (Term(str(feature.statistic), feature.column, feature.slice),)
        read: frozenset[str] = frozenset()
        for term in terms:
            for column in (term.column, term.beside):
                if column is not None and column in self.scope:
                    read |= self.scope[column].columns
            if term.window is not None:
                read |= self.conditions[term.window].columns
        return read

    def origin_table(self, column: str) -> str:
        """The table that a row column tells of: the child's columns tell of the child."""
        if self.child is not None and column in self.child.stat_columns and column not in self.rows:
            return self.child.table
        return self.table

    def _statistics(self, prefix: str, members: str | None) -> Sequence[Feature]:
        return [
            Feature(
                f"{prefix}{line.column}_{statistic.upper()}",
                self.origin_table(line.column),
                line.column,
                "statistic",
                statistic,
                slice=members,
            )
            for line in self.stat_lines
            for statistic in line.statistics
        ]

    def _shares(self, vocabulary: Vocabulary) -> Sequence[Feature]:
        return [
            Feature(
                f"{self.prefix}{line.column}_{category}_{statistic.upper()}",
                self.table,
                line.column,
                "share",
                statistic,
                category=category,
            )
            for line in self.share_lines
            for category in (*categories(vocabulary, self.table, line.column), MISSING_CATEGORY)
            for statistic in line.statistics
        ]

    def _child_shares(self, vocabulary: Vocabulary) -> Sequence[Feature]:
        if self.child is None:
            return []
        return [
            Feature(
                f"{self.prefix}{name}_{statistic.upper()}",
                self.child.table,
                column,
                "child_share",
                statistic,
                category=category,
            )
            for name, (column, category) in self.child.share_columns(vocabulary).items()
            for statistic in self.child_shares
        ]


@dataclass(frozen=True)
class ApplicationSource:
    """The features that the application itself gives a client.

    Attributes
    ----------
    table : the application's table
    skipped : columns that are no feature (identifier, outcome)
    rows : corrections of columns, by expression; the name stays
    codes : text columns read as 0 and 1; any other text is missing
    one_hot : text columns that become one 0/1 feature a category, missing = all 0
    read_as : text column → category → the category whose feature counts it too
    ratios : the kernel's own application features, by expression
    beyond : this product's further application features, by expression
    """

    table: str
    skipped: tuple[str, ...]
    codes: Mapping[str, tuple[str, str]]
    one_hot: tuple[str, ...]
    read_as: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, str]
    ratios: Mapping[str, str]
    beyond: Mapping[str, str]
    scope: dict[str, Expression] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        scope = _table_scope(TABLES[self.table])
        _check_text(self.table, (*self.codes, *self.one_hot), scope)
        for group in (self.rows, self.ratios, self.beyond):
            _define(self.table, scope, group)
        text = {name for name, column in scope.items() if column.kind == "text"}
        forgotten = text - set(self.codes) - set(self.one_hot) - set(self.skipped)
        if forgotten:
            raise SpecError(f"{self.table}: no feature reads the text columns {sorted(forgotten)}")
        object.__setattr__(self, "scope", scope)

    def features(self, vocabulary: Vocabulary) -> tuple[Feature, ...]:
        """The kernel's application features, in its order."""
        columns = [column for column in TABLES[self.table].columns if column.name not in self.skipped]
        found = [
            Feature(column.name, self.table, column.name, "code" if column.name in self.codes else "value")
            for column in columns
            if column.name not in self.one_hot
        ]
        found.extend(
            Feature(f"{column}_{category}", self.table, column, "category", category=category)
            for column in self.one_hot
            for category in categories(vocabulary, self.table, column)
        )
        found.extend(Feature(name, self.table, name, "value") for name in self.ratios)
        return tuple(found)

    def counted(self, column: str, category: str) -> tuple[str, ...]:
        """Categories of a text column that the feature of `category` counts, itself first."""
        others = self.read_as.get(column, {}).items()
        return (category, *(other for other, stand_in in others if stand_in == category))

    def beyond_features(self) -> tuple[Feature, ...]:
        """This product's further application features, in the order they are written."""
        return tuple(Feature(name, self.table, name, "value") for name in self.beyond)

    def texts_read(self, feature: Feature) -> set[tuple[str, str]]:
        """``(table, text column)`` whose categories decide the feature."""
        return {(self.table, feature.column)} if feature.form in ("code", "category") else set()

    def number(self, column: str) -> Expression:
        """The double that a ``value`` feature shows."""
        return without_negative_zero(as_double(self.scope[column]))


def categories(vocabulary: Vocabulary, table: str, column: str) -> Sequence[str]:
    """Known categories of a text column.

    Raises
    ------
    SpecError
        Where the vocabulary does not know the column, or holds a category that could not
        be told from missing text.
    """
    try:
        found = vocabulary[table][column]
    except KeyError:
        raise SpecError(f"the vocabulary has no categories for {table}.{column}: learn it again") from None
    if MISSING_CATEGORY in found:
        raise SpecError(f"{table}.{column}: the category {MISSING_CATEGORY!r} would pass for missing text")
    return found


def share_column(column: str, category: str) -> str:
    """Name of a child's row column: the share of its rows that have the category."""
    return f"{column}_{category}_MEAN"


def _table_scope(table: Table) -> dict[str, Expression]:
    return {column.name: table_column(column) for column in table.columns}


def _define(table: str, scope: dict[str, Expression], definitions: Mapping[str, str]) -> None:
    for name, text in definitions.items():
        try:
            scope[name] = parse(text, scope)
        except ExpressionError as error:
            raise ExpressionError(f"{table}.{name}: {error}") from error


def _condition(table: str, text: str, scope: Mapping[str, Expression]) -> Expression:
    condition = parse(text, scope)
    if condition.kind != "bool":
        raise SpecError(f"{table}: the slice {text!r} is {condition.kind}, a condition was expected")
    return condition


def _check_statistics(
    table: str, line: Line, scope: Mapping[str, Expression], *, allowed: Sequence[str]
) -> None:
    if line.column not in scope:
        raise SpecError(f"{table}: {line.column!r} is neither a column nor a derived row column")
    if scope[line.column].kind not in ("int", "money", "real"):
        raise SpecError(f"{table}.{line.column} is {scope[line.column].kind}: statistics need numbers")
    unknown = [word for word in line.statistics if word not in allowed]
    if unknown:
        raise SpecError(f"{table}.{line.column}: unknown statistics {unknown}; known are {list(allowed)}")


def _check_shares(table: str, statistics: Sequence[str]) -> None:
    unknown = [word for word in statistics if word not in SHARE_STATISTICS]
    if unknown:
        raise SpecError(
            f"{table}: unknown statistics {unknown} of a share; known are {list(SHARE_STATISTICS)}"
        )


def _check_text(table: str, columns: Sequence[str], scope: Mapping[str, Expression]) -> None:
    for column in columns:
        if column not in scope or scope[column].kind != "text":
            raise SpecError(f"{table}: {column!r} is not a text column")
