"""The expression language of the feature definition, and its two compiled forms.

An expression is a small piece of SQL over the columns of one row, for example
``AMT_CREDIT / AMT_GOODS_PRICE`` or ``greatest(DAYS_ENTRY_PAYMENT - DAYS_INSTALMENT, 0)``.
It is parsed once, when the definition is loaded, into SQL text for the batch engine and a
Python closure for one row; both give the same bits.

The language
    names of columns, numbers, ``'text'``, parentheses, ``+ - * /``, comparisons,
    ``and or not``, ``is null``, ``is not null``, ``nullif``, ``coalesce``, ``greatest``,
    ``least``, ``cast(x as double)``, ``cast(condition as integer)``. Anything else is refused.

Kinds
    ``int``, ``money``, ``real``, ``text``, ``bool``. **Money is held in thousandths, as
    an integer**, in both forms: amounts add up exactly and in any order.
    Kinds that meet are raised to the wider one: int, then money, then real.

Missing values
    ``NULL`` in SQL, ``None`` in Python. Arithmetic and comparisons with a missing operand
    are missing; ``and``/``or`` follow SQL's three values; ``greatest`` and ``least`` skip
    missing operands. Division works on doubles and is missing when the divisor is 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import sqlglot
from sqlglot import expressions as node
from sqlglot.errors import SqlglotError

from model.tables import Column

Kind = Literal["int", "money", "real", "text", "bool"]
Value = int | float | str | None
Row = Mapping[str, Value]

THOUSAND = 1000
_NUMBERS: tuple[Kind, ...] = ("int", "money", "real")


class ExpressionError(ValueError):
    """An expression of the definition that the language does not allow."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression.

    Attributes
    ----------
    kind : what the value is; money in thousandths
    sql : the same value as DuckDB SQL over the table's columns
    value : the same value from one row, ``None`` when missing
    columns : columns of the table that it reads
    """

    kind: Kind
    sql: str
    value: Callable[[Row], Any]
    columns: frozenset[str]


Scope = Mapping[str, Expression]


def parse(text: str, scope: Scope) -> Expression:
    """Compile `text`; names are looked up in `scope`.

    Raises
    ------
    ExpressionError
        Where the text is not in the language or its kinds do not fit; the message holds
        the whole expression.
    """
    return _Parser(text, scope).parse()


def table_column(column: Column) -> Expression:
    """The expression that reads one column of an archive table.

    Absent keys, ``None``, NaN and empty text are missing. The caller has checked the row
    (integers are integral, amounts have at most three decimals).
    """
    name = column.name
    quoted = quote(name)
    columns = frozenset([name])
    # What is already of the column's own type is not converted: nearly every value, millions of times.
    if column.kind == "text":
        return Expression("text", quoted, lambda row: row.get(name) or None, columns)
    if column.kind == "money":
        sql = f"CAST({quoted} * {THOUSAND} AS BIGINT)"
        return Expression("money", sql, _reader(name, None, _thousandths), columns)
    if column.kind == "real":
        return Expression("real", quoted, _reader(name, None, float), columns)
    return Expression("int", quoted, _reader(name, int, int), columns)


def computed_column(name: str, kind: Kind) -> Expression:
    """The expression that reads a column which the readers computed themselves."""
    return Expression(kind, quote(name), lambda row: row.get(name), frozenset([name]))


def as_double(expression: Expression) -> Expression:
    """The number as a double: money leaves its thousandths, a condition becomes 0 or 1."""
    value, kind, sql = expression.value, expression.kind, expression.sql
    if kind == "real":
        return expression
    if kind == "text":
        raise ExpressionError(f"text is not a number: {sql}")
    if kind == "money":
        sql = f"(CAST({sql} AS DOUBLE) / 1e3)"
        return Expression("real", sql, _lift(lambda x: x / 1e3, value), expression.columns)
    return Expression("real", f"CAST({sql} AS DOUBLE)", _lift(float, value), expression.columns)


def without_negative_zero(of: Expression) -> Expression:
    """The same double; −0, which equals 0 and differs from it in one bit, becomes 0."""
    return Expression(of.kind, f"({of.sql} + 0e0)", _lift(lambda x: x + 0.0, of.value), of.columns)


def quote(name: str) -> str:
    """A SQL identifier, whatever characters the name holds."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """A SQL string literal."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _thousandths(value: float) -> int:
    return round(value * THOUSAND)


def _reader(name: str, exact: type | None, convert: Callable[[Any], Any]) -> Callable[[Row], Any]:
    """Reads a column; a value that is `exact`ly of that type needs no look and no conversion."""

    def read(row: Row) -> Any:
        value = row.get(name)
        if value is None or value.__class__ is exact:
            return value
        if value != value:  # NaN, as a data frame spells a missing number
            return None
        return convert(value)

    return read


def _lift(function: Callable[..., Any], *operands: Callable[[Row], Any]) -> Callable[[Row], Any]:
    """`function` of the operands' values, missing as soon as one of them is."""
    if len(operands) == 1:
        (only,) = operands
        return lambda row: None if (x := only(row)) is None else function(x)
    left, right = operands
    return lambda row: None if (x := left(row)) is None or (y := right(row)) is None else function(x, y)


def _lift_two(
    function: Callable[[Any, Any], Any], left: Expression, right: Expression
) -> Callable[[Row], Any]:
    """The same of two expressions; a right side that reads no column is worked out once."""
    constant = None if right.columns else right.value({})
    if constant is None:
        return _lift(function, left.value, right.value)
    value = left.value
    return lambda row: None if (x := value(row)) is None else function(x, constant)


_ARITHMETIC: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    node.Add: ("+", operator.add),
    node.Sub: ("-", operator.sub),
    node.Mul: ("*", operator.mul),
}
_COMPARISONS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    node.EQ: ("=", operator.eq),
    node.NEQ: ("<>", operator.ne),
    node.LT: ("<", operator.lt),
    node.LTE: ("<=", operator.le),
    node.GT: (">", operator.gt),
    node.GTE: (">=", operator.ge),
}
_PICKS: dict[type, str] = {node.Coalesce: "coalesce", node.Greatest: "greatest", node.Least: "least"}


class _Parser:
    """Walks the syntax tree of one expression; every node that it does not know is refused."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope

    def parse(self) -> Expression:
        try:
            tree = sqlglot.parse_one(self.text, read="duckdb")
        except SqlglotError as error:
            raise ExpressionError(f"expression {self.text!r} is not readable: {error}") from error
        return self._walk(tree)

    def _refuse(self, reason: str) -> NoReturn:
        raise ExpressionError(f"expression {self.text!r}: {reason}")

    def _walk(self, tree: Any) -> Expression:
        kind = type(tree)
        if tree.comments:
            self._refuse("comments are not part of the language")
        if kind is node.Paren:
            return self._walk(tree.this)
        if kind is node.Column:
            return self._name(tree)
        if kind is node.Literal:
            return self._literal(tree)
        if kind is node.Neg:
            return self._negative(self._walk(tree.this))
        if kind in _ARITHMETIC:
            return self._arithmetic(kind, self._walk(tree.this), self._walk(tree.expression))
        if kind is node.Div:
            return self._division(self._walk(tree.this), self._walk(tree.expression))
        if kind in _COMPARISONS:
            return self._comparison(kind, self._walk(tree.this), self._walk(tree.expression))
        if kind in (node.And, node.Or):
            return self._logic(kind is node.And, self._walk(tree.this), self._walk(tree.expression))
        if kind is node.Not:
            return self._negation(self._condition(self._walk(tree.this)))
        if kind is node.Is and type(tree.expression) is node.Null:
            return self._is_null(self._walk(tree.this))
        if kind is node.Nullif:
            return self._nullif(self._walk(tree.this), self._walk(tree.expression))
        if kind in _PICKS:
            return self._pick(kind, [self._walk(item) for item in (tree.this, *tree.expressions)])
        if kind is node.Cast:
            return self._cast(self._walk(tree.this), tree.to.sql())
        self._refuse(f"{tree.sql(dialect='duckdb')!r} is not part of the language")

    def _name(self, tree: Any) -> Expression:
        name = tree.name
        if tree.table or tree.this.quoted or name not in self.scope:
            self._refuse(f"{tree.sql()!r} is not a column here")
        return self.scope[name]

    def _literal(self, tree: Any) -> Expression:
        if tree.is_string:
            text = tree.this
            return Expression("text", literal(text), lambda row: text, frozenset())
        if tree.this.isdigit():
            whole = int(tree.this)
            return Expression("int", str(whole), lambda row: whole, frozenset())
        number = float(tree.this)
        # An exponent makes DuckDB read a DOUBLE; without one it would read a DECIMAL.
        spelled = repr(number) if "e" in repr(number) else f"{number!r}e0"
        return Expression("real", spelled, lambda row: number, frozenset())

    def _negative(self, of: Expression) -> Expression:
        self._numbers([of])
        return Expression(of.kind, f"(-{of.sql})", _lift(operator.neg, of.value), of.columns)

    def _arithmetic(self, kind: type, left: Expression, right: Expression) -> Expression:
        sign, function = _ARITHMETIC[kind]
        self._numbers([left, right])
        if kind is node.Mul and "real" not in (left.kind, right.kind):
            result: Kind = "money" if "money" in (left.kind, right.kind) else "int"
            if left.kind == right.kind == "money":
                self._refuse("money times money has no kind: cast one of them as double")
        else:
            left, right = self._unify([left, right])
            result = left.kind
        columns = left.columns | right.columns
        value = _lift_two(function, left, right)
        return Expression(result, f"({left.sql} {sign} {right.sql})", value, columns)

    def _division(self, left: Expression, right: Expression) -> Expression:
        self._numbers([left, right])
        left, right = as_double(left), as_double(right)
        return Expression(
            "real",
            f"({left.sql} / nullif({right.sql}, 0))",
            _lift(lambda x, y: None if y == 0 else x / y, left.value, right.value),
            left.columns | right.columns,
        )

    def _comparison(self, kind: type, left: Expression, right: Expression) -> Expression:
        sign, function = _COMPARISONS[kind]
        left, right = self._unify([left, right])
        if left.kind == "text" and sign not in ("=", "<>"):
            self._refuse("text is compared with = and <> only")
        return Expression(
            "bool",
            f"({left.sql} {sign} {right.sql})",
            _lift_two(function, left, right),
            left.columns | right.columns,
        )

    def _logic(self, both: bool, left: Expression, right: Expression) -> Expression:
        one, other = self._condition(left).value, self._condition(right).value
        decisive = not both  # False settles an `and`, True settles an `or`, whatever the other is

        def value(row: Row) -> bool | None:
            x = one(row)
            if x is decisive:
                return decisive
            y = other(row)
            if y is decisive:
                return decisive
            return None if x is None or y is None else both

        word = "AND" if both else "OR"
        return Expression("bool", f"({left.sql} {word} {right.sql})", value, left.columns | right.columns)

    def _negation(self, of: Expression) -> Expression:
        return Expression("bool", f"(NOT {of.sql})", _lift(operator.not_, of.value), of.columns)

    def _is_null(self, of: Expression) -> Expression:
        value = of.value
        return Expression("bool", f"({of.sql} IS NULL)", lambda row: value(row) is None, of.columns)

    def _nullif(self, left: Expression, right: Expression) -> Expression:
        left, right = self._unify([left, right])
        one, other = left.value, right.value

        def value(row: Row) -> Any:
            x = one(row)
            return None if x == other(row) else x

        return Expression(left.kind, f"nullif({left.sql}, {right.sql})", value, left.columns | right.columns)

    def _pick(self, kind: type, items: list[Expression]) -> Expression:
        if kind is not node.Coalesce:
            self._numbers(items)
        items = self._unify(items)
        getters = [item.value for item in items]
        sql = f"{_PICKS[kind]}({', '.join(item.sql for item in items)})"
        columns = frozenset().union(*(item.columns for item in items))
        if kind is node.Coalesce:
            return Expression(items[0].kind, sql, lambda row: _first(getters, row), columns)
        choose = max if kind is node.Greatest else min

        def value(row: Row) -> Any:
            known = [x for get in getters if (x := get(row)) is not None]
            return choose(known) if known else None

        return Expression(items[0].kind, sql, value, columns)

    def _cast(self, of: Expression, target: str) -> Expression:
        if target == "DOUBLE" and of.kind != "text":
            return as_double(of)
        if target == "INT" and of.kind == "bool":
            return Expression("int", f"CAST({of.sql} AS BIGINT)", _lift(int, of.value), of.columns)
        self._refuse(f"a {of.kind} is not cast as {target}")

    def _numbers(self, items: Sequence[Expression]) -> None:
        for item in items:
            if item.kind not in _NUMBERS:
                self._refuse(f"{item.sql} is {item.kind}, a number was expected")

    def _condition(self, item: Expression) -> Expression:
        if item.kind != "bool":
            self._refuse(f"{item.sql} is {item.kind}, a condition was expected")
        return item

    def _unify(self, items: Sequence[Expression]) -> list[Expression]:
        """The same values in one kind, the widest of them."""
        kinds = {item.kind for item in items}
        if kinds == {"text"}:
            return list(items)
        self._numbers(items)
        widest = max(kinds, key=_NUMBERS.index)
        if widest == "real":
            return [as_double(item) for item in items]
        if widest == "money":
            return [item if item.kind == "money" else _as_thousandths(item) for item in items]
        return list(items)


def _as_thousandths(of: Expression) -> Expression:
    sql = f"({of.sql} * {THOUSAND})"
    return Expression("money", sql, _lift(lambda x: x * THOUSAND, of.value), of.columns)


def _first(getters: Sequence[Callable[[Row], Any]], row: Row) -> Any:
    for get in getters:
        value = get(row)
        if value is not None:
            return value
    return None
