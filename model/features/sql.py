"""The definition as SQL: one ``SELECT`` a table, for many clients at once.

Tables are read by their own names (``bureau``, ``application`` …): the caller makes views
of those names over the lake. Only the wanted features are computed, and only the
columns that they need are read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from model.features.expression import Expression, literal, quote
from model.features.spec import (
    MISSING_CATEGORY,
    ApplicationSource,
    Child,
    Feature,
    Source,
    Term,
    Vocabulary,
)
from model.features.stats import (
    COARSE,
    FINE,
    RANKED_STATISTICS,
    SHARE_STATISTICS,
    STATISTICS,
    TERM_STATISTICS,
    Operand,
    ratio_sql,
    scaled_sql,
)

CLIENT = "SK_ID_CURR"

Number = Literal["FLOAT", "DOUBLE"]
"""Type of the features: FLOAT is the definition's, DOUBLE shows them before the last rounding."""


@dataclass(frozen=True, slots=True)
class Query:
    """A statement and the features that it gives, after the client's number."""

    sql: str
    names: tuple[str, ...]


def history_query(
    source: Source,
    vocabulary: Vocabulary,
    wanted: Collection[str] | None = None,
    *,
    number: Number = "FLOAT",
) -> Query:
    """One row a client that has rows in the table; missing is NULL."""
    features = _chosen((*source.features(vocabulary), *source.beyond_features()), wanted)
    rows = _Rows(source, vocabulary)
    outputs = [f"CAST({rows.feature(feature)} AS {number}) AS {quote(feature.name)}" for feature in features]
    sql = f"{rows.sql()}\nSELECT {CLIENT},\n  {_listed(outputs)}\nFROM history GROUP BY {CLIENT}"
    return Query(sql, tuple(feature.name for feature in features))


def application_query(
    source: ApplicationSource,
    vocabulary: Vocabulary,
    wanted: Collection[str] | None = None,
    *,
    number: Number = "FLOAT",
) -> Query:
    """One row a client; missing is NULL."""
    features = _chosen((*source.features(vocabulary), *source.beyond_features()), wanted)
    outputs = [
        f"CAST({_application_value(source, feature)} AS {number}) AS {quote(feature.name)}"
        for feature in features
    ]
    sql = f"SELECT {CLIENT},\n  {_listed(outputs)}\nFROM {quote(source.table)}"
    return Query(sql, tuple(feature.name for feature in features))


def _chosen(features: Sequence[Feature], wanted: Collection[str] | None) -> Sequence[Feature]:
    return features if wanted is None else [feature for feature in features if feature.name in wanted]


def _listed(items: Sequence[str]) -> str:
    return ",\n  ".join(items)


def _application_value(source: ApplicationSource, feature: Feature) -> str:
    column = quote(feature.column)
    if feature.form == "category" and feature.category is not None:
        counted = ", ".join(map(literal, source.counted(feature.column, feature.category)))
        return f"CASE WHEN {column} IN ({counted}) THEN 1 ELSE 0 END"
    if feature.form == "code":
        zero, one = source.codes[feature.column]
        return f"CASE {column} WHEN {literal(zero)} THEN 0 WHEN {literal(one)} THEN 1 END"
    return source.number(feature.column).sql


class _Rows:
    """Collects the row columns that the wanted features need, then writes their SQL."""

    def __init__(self, source: Source, vocabulary: Vocabulary) -> None:
        self.source = source
        self.columns: dict[str, str] = {}
        self.child_shares = {} if source.child is None else source.child.share_columns(vocabulary)
        self.child_needs: set[str] = set()

    def feature(self, feature: Feature) -> str:
        """SQL of the feature's double over the CTE ``history``."""
        if feature.form == "count":
            return "CAST(count(*) AS DOUBLE)"
        if feature.form == "terms":
            return self._terms(feature)
        if feature.form == "share":
            return SHARE_STATISTICS[str(feature.statistic)].sql(self._hits(feature))
        statistic = str(feature.statistic)
        self.child_needs |= self.source.child_columns(feature)
        expression = self.source.row_column(feature)
        return STATISTICS[statistic].sql(
            self._operand(feature.row_column, expression, feature.slice, statistic)
        )

    def sql(self) -> str:
        source = self.source
        select = [f"t.{CLIENT}", *(f"{sql} AS {quote(name)}" for name, sql in self.columns.items())]
        origin = f"{quote(source.table)} t"
        parts = []
        if source.child is not None and self.child_needs:
            parts.append(f"child AS (\n{self._child(source.child)}\n)")
            origin += f" LEFT JOIN child USING ({source.child.key})"
        parts.append(f"history AS (\nSELECT {_listed(select)}\nFROM {origin}\n)")
        return "WITH " + ",\n".join(parts)

    def _hits(self, feature: Feature) -> str:
        column = quote(feature.column)
        self.columns[feature.column] = column
        return _hits(column, str(feature.category))

    def _terms(self, feature: Feature) -> str:
        self.child_needs |= self.source.child_columns(feature)
        terms = [self._term(term) for term in feature.terms]
        return terms[0] if len(terms) == 1 else ratio_sql(*terms)

    def _term(self, term: Term) -> str:
        if term.column is None:
            return TERM_STATISTICS[term.statistic].sql(Operand("int", "", "", "", self._rows(term.window)))
        expression = self.source.scope[term.column]
        operand = self._operand(term.column, expression, term.window, term.statistic, term.beside)
        if term.last is None:
            return TERM_STATISTICS[term.statistic].sql(operand)
        assert self.source.rank is not None, "the definition refuses `last` without an order"
        rank = self._column("rank", self.source.rank.sql)
        return RANKED_STATISTICS[term.statistic].sql(operand, rank, term.last)

    def _rows(self, members: str | None, beside: str | None = None) -> str:
        """SQL of the number of rows that count."""
        name, condition = self._condition(members, beside)
        return "count(*)" if condition is None else _count(self._column(f"rows{name}", condition))

    def _condition(self, members: str | None, beside: str | None) -> tuple[str, str | None]:
        """The rows that count, in words and as SQL; ``None`` = all."""
        name, conditions = "", []
        if members is not None:
            name, conditions = f" in {members}", [self.source.conditions[members].sql]
        if beside is not None:
            name += f" beside {beside}"
            conditions.append(f"({self.source.scope[beside].sql} IS NOT NULL)")
        return name, " AND ".join(conditions) or None

    def _operand(
        self,
        name: str,
        expression: Expression,
        members: str | None,
        statistic: str,
        beside: str | None = None,
    ) -> Operand:
        rows, condition = self._condition(members, beside)

        def column(form: str, sql: str) -> str:
            if condition is None:
                return self._column(f"{name}{form}", sql)
            return self._column(f"{name}{form}{rows}", f"CASE WHEN {condition} THEN {sql} END")

        value = column("", expression.sql)
        fine = coarse = value
        if expression.kind == "real" and statistic in ("mean", "sum", "total"):
            fine = column(" fine", scaled_sql(expression.sql, FINE))
        if expression.kind == "real" and statistic == "var":
            coarse = column(" coarse", scaled_sql(expression.sql, COARSE))
        return Operand(expression.kind, value, fine, coarse, self._rows(members, beside))

    def _column(self, name: str, sql: str) -> str:
        self.columns[name] = sql
        return quote(name)

    def _child(self, child: Child) -> str:
        outputs = []
        for name in sorted(self.child_needs):
            if name in child.stat_columns:
                outputs.append(f"{_child_statistic(child, name)} AS {quote(name)}")
            else:
                outputs.append(f"{_child_share(*self.child_shares[name])} AS {quote(name)}")
        return f"SELECT {child.key},\n  {_listed(outputs)}\nFROM {quote(child.table)} GROUP BY {child.key}"


def _child_statistic(child: Child, name: str) -> str:
    column, statistic = child.stat_columns[name]
    return "count(*)" if statistic == "size" else f"{statistic}({child.scope[column].sql})"


def _child_share(column: str, category: str) -> str:
    return SHARE_STATISTICS["mean"].sql(_hits(quote(column), category))


def _hits(column: str, category: str) -> str:
    met = f"{column} IS NULL" if category == MISSING_CATEGORY else f"{column} = {literal(category)}"
    return _count(met)


def _count(condition: str) -> str:
    """Number of rows that meet a condition; DuckDB's own count is NULL where it is never known."""
    return f"coalesce(count_if({condition}), 0)"
