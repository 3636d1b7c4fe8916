"""The words and the rules of every variable, read once from ``dictionary.toml``.

A variable is a raw column (``AMT_CREDIT``), or a feature of the matrix: an application
feature (``PAYMENT_RATE``, ``OCCUPATION_TYPE_Drivers``) or an aggregate of history, whose
label is composed of its column, statistic and table (`model.features.origin`).

Exclusions, monotone constraints and reason codes are patterns in the same file, so that
training, pages, letter and model card can never disagree on them. A feature beyond the
kernel has a row of its own with all of it. Exclusions come first: an excluded feature has
neither constraint nor code.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from model import locale
from model.features import Origin, origin
from model.features.application import APPLICATION
from model.features.spec import SpecError
from model.tables import SENTINEL_DAYS

UNITS: tuple[str, ...] = (
    "money",  # amount in the currency of the settings
    "days",  # time before the application, negative in the data: a duration
    "ahead",  # days to a date, negative when past
    "delay",  # days late, or early: always counted in days
    "age",  # days before the application, shown in whole years
    "hour",  # of the day
    "years",
    "months",
    "count",
    "share",  # 1 is 100 %
    "ratio",
    "score",  # 0 to 1
    "flag",  # 0 or 1
    "category",
    "instalments",
    "number",
)

_FILE = Path(__file__).with_name("dictionary.toml")
_PAST_UNITS = ("days", "months")
_STATISTIC_UNITS = {"VAR": "number", "SIZE": "count", "COUNT": "count", "NUNIQUE": "count"}
_CATEGORY_UNITS = {
    "SHARE": "share",
    "SUM": "count",
    "VAR": "number",
    None: "flag",
    "MIN": "flag",
    "MAX": "flag",
}
_COLON = {"fr": f"{locale.NBSP}: ", "en": ": "}


class UnknownVariableError(LookupError):
    """The dictionary has no row for a name: a row is missing, or the name is mistyped."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one variable.

    Attributes
    ----------
    name : column or feature, as in the matrix
    label_fr, label_en : label on screen
    unit : one of `UNITS`
    code : reason code that speaks for it, ``None`` when excluded
    theme : one of `THEMES`
    direction : monotone constraint: −1 more never raises the risk, +1 never lowers it, 0 free
    editable : offered by the simulation (raw application columns only)
    min, max, step : bounds of the simulation's field, in the unit of the raw column
    protected : never shown beside similar files, in a reason or in a data-quality flag
    source : table it comes from
    basis : why a lender may ask for it, in the file's words
    actionable : the client or the advisor can act on it (features beyond the kernel only)
    missing_fr, missing_en : what an empty value means
    """

    name: str
    label_fr: str
    label_en: str
    unit: str
    code: str | None
    theme: str
    direction: int
    editable: bool
    min: float | None
    max: float | None
    step: float | None
    protected: bool
    source: str
    basis: str
    actionable: bool = False
    missing_fr: str = locale.MISSING["fr"]
    missing_en: str = locale.MISSING["en"]

    def label(self, language: str) -> str:
        """Label in that language."""
        return self.label_fr if language == "fr" else self.label_en

    def missing(self, language: str) -> str:
        """What stands in the place of a missing value."""
        return self.missing_fr if language == "fr" else self.missing_en


# --------------------------------------------------------------------------- rules


@lru_cache(maxsize=8192)
def excluded(feature: str) -> str | None:
    """Ground on which the champion may not read `feature`, or ``None``."""
    row = _first("exclusions", feature)
    return row["ground"] if row else None


@lru_cache(maxsize=8192)
def direction(feature: str) -> int:
    """Monotone constraint: −1 more never raises the risk, +1 never lowers it, 0 free."""
    row = None if excluded(feature) else _beyond(feature) or _first("monotone", feature)
    return int(row["direction"]) if row else 0


@lru_cache(maxsize=8192)
def code_of(feature: str) -> str | None:
    """The one reason code that speaks for `feature`; ``None`` for an excluded feature."""
    row = None if excluded(feature) else _beyond(feature) or _first("codes", feature)
    return row["code"] if row else None


@lru_cache(maxsize=8192)
def protected(feature: str) -> bool:
    """Whether `feature` tells of a protected ground or stands in for one."""
    row = _first("exclusions", feature)
    return bool(row and row["protected"])


def read_as(column: str, value: str) -> str:
    """The category that stands for `value` wherever the model or a sentence would name it."""
    return APPLICATION.read_as.get(column, {}).get(value, value)


@cache
def theme_of(code: str) -> str:
    """Theme of a reason code."""
    return _named("codes", "code", code)["theme"]


def theme_label(theme: str, language: str) -> str:
    """Name of a theme on screen."""
    return _named("themes", "name", theme)[language]


# --------------------------------------------------------------------------- words


@lru_cache(maxsize=8192)
def entry(feature: str) -> Entry:
    """Everything known of a feature of the matrix, or of a raw application column.

    Raises
    ------
    UnknownVariableError
        When neither the dictionary nor the feature definition knows the name.
    """
    if feature in _toml()["columns"]["application"]:
        return column(feature)
    try:
        source = origin(feature)
    except SpecError as error:
        raise UnknownVariableError(f"no dictionary row for {feature!r}: {error}") from error
    own = _beyond(feature)
    if own is not None:
        return _entry(
            feature,
            source=source.table,
            label_fr=own["fr"],
            label_en=own["en"],
            unit=own["unit"],
            basis=own["basis"],
            actionable=own["actionable"],
        )
    row = _column_row(source.table, source.column, feature)
    by_hand = _toml()["labels"].get(feature, {})
    return _entry(
        feature,
        source=source.table,
        label_fr=by_hand.get("fr") or _composed(source, row, "fr"),
        label_en=by_hand.get("en") or _composed(source, row, "en"),
        unit=by_hand.get("unit") or _unit(source, row),
        basis=row["basis"],
    )


@lru_cache(maxsize=1024)
def column(name: str, table: str = "application") -> Entry:
    """Everything known of a raw column, or of one that the feature definition derives."""
    row = _column_row(table, name, name)
    unit = row["unit"]
    if table == "application" and name in APPLICATION.codes:
        unit = "category"
    own = {key: row.get(key) for key in ("min", "max", "step")}
    return _entry(
        name,
        source=table,
        label_fr=row["fr"],
        label_en=row["en"],
        unit=unit,
        basis=row["basis"],
        editable=bool(row.get("editable", False)),
        missing_fr=row.get("missing_fr", locale.MISSING["fr"]),
        missing_en=row.get("missing_en", locale.MISSING["en"]),
        **own,
    )


def category(column: str, value: str, language: str) -> str:
    """Words for a value of a text column; a value that nobody described is shown as it is."""
    words = _toml()["categories"]
    pair = words.get(column, {}).get(value) or words["*"].get(value)
    return pair[_LANGUAGE_INDEX[language]] if pair else value


def flag_sentence(kind: str, language: str) -> str:
    """Template of a data-quality sentence (`model.quality`)."""
    return _toml()["flags"][kind][language]


def has_generic_words(column: str, value: str) -> bool:
    """Whether the words of a category ("yes", "not stated") say nothing without their column."""
    words = _toml()["categories"]
    return value in words["*"] and value not in words.get(column, {})


def shown(name: str, value: float | str | None, language: str, currency: str = "") -> str:
    """A value as a person reads it: category words, unit, sentinel and missing value.

    Parameters
    ----------
    name : raw application column or feature of the matrix
    value : raw category, number, or missing; features that number a text column
        (``FLAG_OWN_REALTY``: Y is 0) are turned back into its words
    """
    known = entry(name)
    if value is None or locale.is_missing(value) or value == SENTINEL_DAYS:
        return known.missing(language)
    if isinstance(value, str):
        return category(_text_column(name), value, language)
    codes = APPLICATION.codes.get(name)
    if codes is not None:
        return category(name, codes[int(value)], language) if 0 <= value < len(codes) else str(value)
    return locale.value(value, known.unit, language, currency)


def _text_column(name: str) -> str:
    return name if name in _toml()["columns"]["application"] else origin(name).column


def _entry(name: str, *, source: str, **known: Any) -> Entry:
    exclusion = _first("exclusions", name)
    code = code_of(name)
    theme = theme_of(code) if code else (exclusion or {}).get("theme") or _TABLE_THEMES[source]
    defaults: dict[str, Any] = {"editable": False, "min": None, "max": None, "step": None}
    return Entry(
        name=name,
        code=code,
        theme=theme,
        direction=direction(name),
        protected=protected(name),
        source=source,
        **(defaults | known),
    )


def _composed(source: Origin, row: dict[str, Any], language: str) -> str:
    """Column, category, statistic and table in one label."""
    label = row[language]
    if source.category is not None:
        label += _COLON[language] + category(source.column, source.category, language)
    if source.table == "application":
        return label
    if source.statistic is not None:
        label += f", {_statistic(source.statistic, row['unit'], language)}"
    words = _toml()["tables"][source.table]
    place = words[source.slice][language] if source.slice else words[language]
    return f"{label} ({place})"


def _statistic(statistic: str, unit: str, language: str) -> str:
    words = _toml()["statistics"][statistic]
    kind = "past" if unit in _PAST_UNITS else unit
    return words.get(f"{kind}_{language}") or words[language]


def _unit(source: Origin, row: dict[str, Any]) -> str:
    if source.category is not None:
        return _CATEGORY_UNITS[source.statistic]
    return _STATISTIC_UNITS.get(source.statistic or "", row["unit"])


def _column_row(table: str, column: str, name: str) -> dict[str, Any]:
    """Row of a column; a monthly balance column may be told of as the bureau's."""
    columns = _toml()["columns"]
    for place in (table, *(("bureau_balance",) if table == "bureau" else ())):
        if column in columns[place]:
            return columns[place][column]
    if column == "COUNT" or name in _toml()["labels"]:
        return {"fr": "", "en": "", "unit": "count", "basis": "history"}
    raise UnknownVariableError(f"no dictionary row for {column!r} of {table!r} (feature {name!r})")


# --------------------------------------------------------------------------- file


@cache
def _toml() -> dict[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def _patterns(section: str) -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    return tuple((re.compile(pattern), row) for row in _toml()[section] for pattern in row["patterns"])


def _beyond(feature: str) -> dict[str, Any] | None:
    """Row of a feature beyond the kernel."""
    row: dict[str, Any] | None = _toml()["features"].get(feature)
    return row


def _first(section: str, feature: str) -> dict[str, Any] | None:
    return next((row for pattern, row in _patterns(section) if pattern.search(feature)), None)


def _named(section: str, key: str, name: str) -> dict[str, Any]:
    for row in _toml()[section]:
        if row[key] == name:
            return row
    raise UnknownVariableError(f"dictionary.toml has no [[{section}]] with {key} = {name!r}")


THEMES: tuple[str, ...] = tuple(row["name"] for row in _toml()["themes"])
"""Themes in the order of the screens."""

GROUNDS: tuple[str, ...] = tuple(dict.fromkeys(row["ground"] for row in _toml()["exclusions"]))
"""Grounds on which features are left out, in the order of the file."""

CODES: tuple[str, ...] = tuple(row["code"] for row in _toml()["codes"])
"""The reason codes, R01 first; their position is what compact files store."""

_LANGUAGE_INDEX = {"fr": 0, "en": 1}
_TABLE_THEMES = {
    "application": "request",
    "bureau": "bureau",
    "bureau_balance": "bureau",
    "previous_application": "past_applications",
    "POS_CASH_balance": "past_payments",
    "installments_payments": "past_payments",
    "credit_card_balance": "card",
}
