"""The words of the reasons: labels and sentences of ``reasons.toml``, filled in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from model import dictionary, locale
from model.dictionary import CODES
from model.features import origin

_FILE = Path(__file__).with_name("reasons.toml")


@dataclass(frozen=True, slots=True)
class Reason:
    """One coded reason.

    Attributes
    ----------
    code : ``R01`` … ``R41``
    feature : shown field: a feature, or a raw column where the client's category is shown by
        a feature that the model does not hold; ``None`` where none is shown (R09, R40, R41)
    value : raw value of the field, category for text, ``None`` when its absence is told
    reference : median of the accepted clients in the same unit, ``None`` where none is told
    contribution : sum of the code's contributions, in probability
    share : of everything that pulls the same way, in (0, 1]
    """

    code: str
    feature: str | None
    value: float | str | None
    reference: float | None
    contribution: float
    share: float


def label(code: str, language: str) -> str:
    """Neutral noun of a code, at most 32 characters."""
    return catalogue()[code][f"label_{language}"]


def label_of(reason: Reason, language: str) -> str:
    """Label of a reason; R01 names the score that it shows."""
    row = catalogue()[reason.code]
    field = _field(reason.code, reason.feature)
    named = row.get(f"named_{language}")
    return named.format(n=field["n"]) if named and field else label(reason.code, language)


def sentence(reason: Reason, language: str, currency: str = "") -> str:
    """The fact and its reference, in the second person; the same text everywhere.

    Parameters
    ----------
    reason : as the plan made it, or read back from a record
    language : ``fr`` or ``en``
    currency : ISO 4217 code for amounts, ``""`` for none
    """
    row = catalogue()[reason.code]
    if reason.value is None:
        return row.get(f"absent_{language}") or row[language]
    field = _field(reason.code, reason.feature) or {}
    return field.get(language, row[language]).format(
        **_filled(row, field, reason, language=language, currency=currency)
    )


def value_shown(reason: Reason, language: str, currency: str = "") -> str:
    """The client's value as the sentence writes it; empty where a reason shows no field or no value."""
    if reason.feature is None or reason.value is None:
        return ""
    row, field = catalogue()[reason.code], _field(reason.code, reason.feature) or {}
    return _filled(row, field, reason, language=language, currency=currency)["v"]


def told_inverted(reason: Reason) -> bool:
    """Whether the sentence tells 1 / value: amount by income, where the model reads income by amount."""
    return bool((_field(reason.code, reason.feature) or {}).get("inverse"))


def _filled(
    row: dict[str, Any], field: dict[str, Any], reason: Reason, *, language: str, currency: str
) -> dict[str, str]:
    if row["show"] == "category":
        column = str(reason.feature).removesuffix(f"_{reason.value}")
        return {"v": dictionary.category(column, str(reason.value), language)}
    unit = field.get("unit", "share" if row["show"] == "shares" else "count")
    written = {"v": _figure(reason.value, field, unit, language, currency)}
    if reason.reference is not None:
        written["ref"] = _figure(reason.reference, field, unit, language, currency)
    if "n" in field:
        written["n"] = field["n"]
    if row["show"] == "shares":
        written["label"] = _leading(str(reason.feature), language)
    return written


def _figure(value: float | str | None, field: dict[str, Any], unit: str, language: str, currency: str) -> str:
    if isinstance(value, (int, float)) and field.get("inverse"):
        value = 1.0 / value
    return locale.value(value, unit, language, currency)


def _leading(feature: str, language: str) -> str:
    """Words of a share's category; one that says nothing by itself brings its column's label."""
    source = origin(feature)
    category = str(source.category)
    words = dictionary.category(source.column, category, language)
    if not dictionary.has_generic_words(source.column, category):
        return words
    colon = f"{locale.NBSP}: " if language == "fr" else ": "
    return dictionary.column(source.column, source.table).label(language) + colon + words


@lru_cache(maxsize=1024)
def _field(code: str, feature: str | None) -> dict[str, Any] | None:
    fields = catalogue()[code]["fields"]
    return next((field for field in fields if field["feature"] == feature), None)


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Code → row, with `show` and `fields` always there."""
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)
    rows.pop("version")
    return {code: {"show": "value", "fields": [], **rows[code]} for code in CODES}


def _catalogue_version() -> str:
    with _FILE.open("rb") as file:
        return tomllib.load(file)["version"]


CATALOGUE_VERSION: str = _catalogue_version()
"""Version of the texts, stamped in every answer, letter and record."""
