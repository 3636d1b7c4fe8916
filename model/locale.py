"""How numbers, amounts, durations and dates are written: the one place, French and English.

Every figure that a person reads goes through one of these functions, so the page, the
letter, the API's sentences and the note never write the same number in two ways.
Babel supplies the separators; the few rules it does not know (plural from two in
French, narrow spaces in identifiers, "< 0,1 %") are written here.

Spaces are part of the format: U+202F between thousands in French, U+00A0 before the
percent sign, the currency and a unit. The minus sign is U+2212, never a hyphen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal, get_args

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, get_decimal_symbol, get_group_symbol

Language = Literal["fr", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

NBSP = "\u00a0"
NARROW = "\u202f"
MINUS = "\u2212"

MISSING = {"fr": "non renseigné", "en": "not given"}
"""What stands in the place of a missing value: never 0, never "N/A"."""

_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
_DAYS_PER_MONTH = 365.25 / 12
_MONTHS_UNDER = 24
"""Durations under this many months are told in months, longer ones in years and months."""

_CLOSE_TO_A_BOUND = 0.0005
"""Half of the last digit shown: nearer than this, one decimal could contradict the opinion."""

_NOUNS = {
    ("fr", "point"): ("point", "points"),
    ("fr", "pt"): ("pt", "pts"),
    ("fr", "day"): ("jour", "jours"),
    ("fr", "month"): ("mois", "mois"),
    ("fr", "year"): ("an", "ans"),
    ("fr", "instalment"): ("échéance", "échéances"),
    ("fr", "time"): ("fois", "fois"),
    ("en", "point"): ("point", "points"),
    ("en", "pt"): ("pt", "pts"),
    ("en", "day"): ("day", "days"),
    ("en", "month"): ("month", "months"),
    ("en", "year"): ("year", "years"),
    ("en", "instalment"): ("instalment", "instalments"),
    ("en", "time"): ("time", "times"),
}
_YES_NO = {"fr": ("non", "oui"), "en": ("no", "yes")}
_DATE_PATTERNS = {"fr": "d MMM y 'à' H'\u00a0h\u00a0'mm", "en": "d MMM y, HH:mm"}


def is_missing(value: object) -> bool:
    """``None`` and NaN are missing; zero and the empty string are not NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def number(value: float, language: str, *, digits: int | None = None, signed: bool = False) -> str:
    """A bare number; `digits` decimals, or as many as it has (three at most)."""
    value = round(value, 3 if digits is None else digits)
    text = f"{abs(value):,.{3 if digits is None else digits}f}"
    if digits is None:
        text = text.rstrip("0").rstrip(".")
    # Only the separators are Babel's: a page writes a thousand numbers, and Babel reads its pattern for each.
    return _sign(value, signed=signed) + text.translate(_separators(language))


def percent(value: float, language: str, *, digits: int = 1, signed: bool = False) -> str:
    """A share in [0, 1] as per cent: « 12,4 % » / "12.4%"."""
    return number(100.0 * value, language, digits=digits, signed=signed) + _percent_sign(language)


def probability(value: float, language: str, bounds: Sequence[float] = ()) -> str:
    """A probability of default.

    Parameters
    ----------
    value : probability in [0, 1]
    language : ``fr`` or ``en``
    bounds : probabilities at which the opinion changes (the ends of the review zone, the
        cut-off). The opinion is decided on the unrounded value: within 0.05 point of a
        bound two decimals are written, so that the figure never seems to contradict it.
    """
    if value < 0.001 and probability_digits(value, bounds) == 1:
        return f"<{NBSP}{percent(0.001, language)}"
    return percent(value, language, digits=probability_digits(value, bounds))


def probability_digits(value: float, bounds: Sequence[float]) -> int:
    """Decimals of a probability in per cent: two where one could seem to contradict the opinion."""
    return 2 if any(abs(value - bound) <= _CLOSE_TO_A_BOUND for bound in bounds) else 1


def interval(low: float, high: float, language: str, *, digits: int = 1) -> str:
    """Two probabilities: « 9,7 à 16,0 % » / "9.7 to 16.0%"."""
    joint = {"fr": "à", "en": "to"}[language]
    return f"{number(100.0 * low, language, digits=digits)} {joint} {percent(high, language, digits=digits)}"


def points(value: float, language: str, *, signed: bool = True, short: bool = False, digits: int = 1) -> str:
    """A difference of probabilities, in points of per cent: « +3,3 points », « −1,5 pt ».

    Parameters
    ----------
    value : difference in points (3.3 for a probability that rose by 0.033)
    signed : write the plus sign too
    short : ``pt`` in place of ``point``, for tables and bars
    """
    text = number(value, language, digits=digits, signed=signed)
    return f"{text}{NBSP}{_noun('pt' if short else 'point', round(value, digits), language)}"


def money(value: float, language: str, currency: str = "", *, digits: int | None = None) -> str:
    """An amount: « 31 500 € », « 1 234,50 € » / "€31,500", "€1,234.50".

    Parameters
    ----------
    currency : ISO 4217 code, or ``""`` where the data name none: then the bare number
    digits : decimals; by default none for a whole amount, two for any other. A half is rounded
        away from zero, as a person rounds an amount: 24 700.50 is 24 701
    """
    shown = round(value, 2)
    if digits is None:
        digits = 0 if shown == int(shown) else 2
    rounded = _half_up(value, digits)
    if not currency:
        return number(rounded, language, digits=digits)
    decimals = "." + "0" * digits if digits else ""
    gap = NBSP if _symbol(currency, language)[-1:].isalpha() else ""
    pattern = f"#,##0{decimals}{NBSP}¤" if language == "fr" else f"¤{gap}#,##0{decimals}"
    text = format_currency(
        abs(rounded), currency, format=pattern, locale=_locale(language), currency_digits=False
    )
    return _sign(rounded, signed=False) + text


def _half_up(value: float, digits: int) -> float:
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def duration(days: float, language: str) -> str:
    """A length of time: « 12 jours », « 8 mois » (under 24), « 4 ans et 6 mois ».

    The sign is ignored: Home Credit counts days before the application as negative.
    """
    days = abs(days)
    months = round(days / _DAYS_PER_MONTH)
    if months < 1 or days < 30:
        return _counted(round(days), "day", language)
    if months < _MONTHS_UNDER:
        return _counted(months, "month", language)
    years, rest = divmod(months, 12)
    if not rest:
        return _counted(years, "year", language)
    joint = {"fr": " et ", "en": " "}[language]
    return f"{_counted(years, 'year', language)}{joint}{_counted(rest, 'month', language)}"


def ahead(days: float, language: str) -> str:
    """A date seen from the application: « dans 2 ans », « il y a 8 mois » / "in 2 years", "8 months ago"."""
    length = duration(days, language)
    if language == "fr":
        return f"dans {length}" if days >= 0 else f"il y a {length}"
    return f"in {length}" if days >= 0 else f"{length} ago"


def identifier(value: int) -> str:
    """A file's number in groups of three, the same in both languages: « 412 087 »."""
    return f"{int(value):,}".replace(",", NARROW)


def when(moment: datetime, language: str, *, zone: tzinfo | None = None) -> str:
    """Date and time: « 24 nov. 2026 à 9 h 14 » / "24 Nov 2026, 09:14".

    `zone` turns an aware moment into that zone's time; by default it is written as it is.
    """
    if zone is not None and moment.tzinfo is not None:
        moment = moment.astimezone(zone)
    return format_datetime(moment.replace(tzinfo=None), _DATE_PATTERNS[language], locale=_locale(language))


def value(x: float | str | None, unit: str, language: str, currency: str = "") -> str:
    """A value in its dictionary unit, rounded for reading.

    Parameters
    ----------
    x : number, category text, or missing (``None``, NaN). Time that counts back from the
        application (``days``, ``months``) is written without its sign
    unit : a unit of the dictionary (`model.dictionary.UNITS`)
    currency : ISO 4217 code for amounts, ``""`` for none
    """
    if x is None or is_missing(x):
        return MISSING[language]
    if isinstance(x, str):
        return x
    writer = _WRITERS.get(unit)
    return writer(float(x), language) if writer else _amount(float(x), language, currency)


def _amount(x: float, language: str, currency: str) -> str:
    # Averages of amounts carry meaningless thousandths: whole units from 100 on.
    return money(x, language, currency, digits=0 if abs(x) >= 99.5 else None)


def _share(x: float, language: str) -> str:
    return percent(x, language, digits=0 if abs(x) >= 0.9995 or x == 0 else 1)


def _count(x: float, language: str) -> str:
    return number(x, language, digits=0 if abs(x - round(x)) < 0.05 else 1)


def _delay(x: float, language: str) -> str:
    return _counted(_tenth(x), "day", language)


def _hour(x: float, language: str) -> str:
    """An hour of the day: « 10 h » / "10:00"; a mean of several keeps its tenths: « 10,5 h »."""
    shown = _tenth(x)
    if language == "en" and isinstance(shown, int):
        return f"{number(shown, language, digits=0)}:00"
    return f"{number(shown, language, digits=0 if isinstance(shown, int) else 1)}{NBSP}h"


def _number(x: float, language: str) -> str:
    """Three significant digits at least, no more than the value needs."""
    if x == 0 or abs(x) >= 100:
        return number(x, language, digits=0)
    decimals = max(0, 2 - math.floor(math.log10(abs(x))))
    return (
        number(x, language, digits=min(decimals, 6)) if decimals > 3 else number(round(x, decimals), language)
    )


_WRITERS = {
    "days": duration,
    "ahead": ahead,
    "age": lambda x, language: _counted(math.floor(abs(x) / 365.25), "year", language),
    "delay": _delay,
    "hour": _hour,
    "years": lambda x, language: _counted(_tenth(x), "year", language),
    "months": lambda x, language: _counted(_tenth(abs(x)), "month", language),
    "instalments": lambda x, language: _counted(_tenth(x), "instalment", language),
    "count": _count,
    "share": _share,
    "ratio": lambda x, language: number(x, language, digits=2),
    "score": lambda x, language: number(x, language, digits=2),
    "flag": lambda x, language: _YES_NO[language][int(x >= 0.5)],
    "category": _count,
    "number": _number,
}


def _tenth(x: float) -> float:
    shown = round(x, 1)
    return int(shown) if shown == int(shown) else shown


def _counted(x: float, noun: str, language: str) -> str:
    digits = 0 if isinstance(x, int) else 1
    return f"{number(x, language, digits=digits)}{NBSP}{_noun(noun, x, language)}"


def _noun(noun: str, x: float, language: str) -> str:
    """French is plural from two; English is plural unless exactly one, written without decimals."""
    singular, plural = _NOUNS[language, noun]
    if language == "fr":
        return plural if abs(x) >= 2 else singular
    return singular if isinstance(x, int) and abs(x) == 1 else plural


def _sign(x: float, *, signed: bool) -> str:
    if x < 0:
        return MINUS
    return "+" if signed and x > 0 else ""


def _percent_sign(language: str) -> str:
    return NBSP + "%" if language == "fr" else "%"


@lru_cache(maxsize=8)
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES[language])


@lru_cache(maxsize=8)
def _separators(language: str) -> dict[int, str]:
    """From the separators of Python's ``,.2f`` to those of the language."""
    locale = _locale(language)
    return str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale)})


@lru_cache(maxsize=64)
def _symbol(currency: str, language: str) -> str:
    return _locale(language).currency_symbols.get(currency, currency) if currency else ""
