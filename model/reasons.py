"""Reasons: which codes speak against or for a client, and the sentence of each.

One :class:`ReasonPlan` is built per bundle, from its features and the medians of the
accepted clients; page, API, letter and log all ask it, so they cannot differ::

    plan = ReasonPlan(features, medians)
    plan.adverse(delta, contributions, values, has_bureau=…, has_previous=…, application=…)
    plan.favourable(…)                  the same with the sign turned
    plan.code_contributions(…)          code → sum, adds up to the sum of the contributions
    plan.feature_codes(values, …)       the code of each feature for this client
    plan.code_sums(block, values, …)    the same sums for many clients, (n, 41)
    plan.first_codes(delta, values, …)  first adverse and first favourable code of many clients

:func:`adverse_reasons`, :func:`favourable_reasons`, :func:`code_contributions` and
:func:`feature_codes` do the same from features and medians, through a plan kept between calls.

``delta`` is ``φ − μ`` in log-odds, ``contributions`` the same in probability
(`model.contributions`); both have the shape of ``values``. Words come from
:func:`label`, :func:`label_of` and :func:`sentence`; the texts are in ``reasons.toml``.

The features of a code are in ``dictionary.toml``. A missing value changes the code that a
feature counts for: an external score goes to R02, a feature of a client without any loan
elsewhere to R40, without any earlier contract with us to R41.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model import dictionary, locale
from model.dictionary import CODES
from model.features import origin
from model.features.application import APPLICATION

Floats = NDArray[np.float64]

NO_CODE = 255
"""Stands for "no reason" in the arrays of :meth:`ReasonPlan.first_codes`."""

MAXIMUM = 4
MIN_SHARE = 0.02
"""A reason carries at least this share of what pulls the same way (policy: `min_reason_share`)."""

_FILE = Path(__file__).with_name("reasons.toml")
_INDEX = {code: index for index, code in enumerate(CODES)}
_NOT_STATED = frozenset({"XNA", "XAP"})
_SAME_SHARE = 0.0005
_OUR_TABLES = frozenset(
    {"previous_application", "POS_CASH_balance", "credit_card_balance", "installments_payments"}
)
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
_NO_MEDIANS: Mapping[str, float | None] = {}
_SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
_SCORE_COUNT = "EXT_SOURCE_COUNT"

_AGAINST, _FOR = 1, -1


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
    feature_contribution : contribution of the shown field alone, in probability
    """

    code: str
    feature: str | None
    value: float | str | None
    reference: float | None
    contribution: float
    share: float
    feature_contribution: float


# ---------------------------------------------------------------------------- words


def label(code: str, language: str) -> str:
    """Neutral noun of a code, at most 32 characters."""
    return _catalogue()[code][f"label_{language}"]


def label_of(reason: Reason, language: str) -> str:
    """Label of a reason; R01 names the score that it shows."""
    row = _catalogue()[reason.code]
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
    row = _catalogue()[reason.code]
    if reason.value is None:
        return row.get(f"absent_{language}") or row[language]
    field = _field(reason.code, reason.feature) or {}
    return field.get(language, row[language]).format(
        **_filled(row, field, reason, language=language, currency=currency)
    )


def _filled(
    row: dict[str, Any], field: dict[str, Any], reason: Reason, *, language: str, currency: str
) -> dict[str, str]:
    if row["show"] == "category":
        column = _column_of(str(reason.feature), str(reason.value))
        return {"v": dictionary.category(column, str(reason.value), language)}
    unit = field.get("unit", "share" if row["show"] == "shares" else "count")
    written = {"v": _figure(reason.value, field, unit, language, currency)}
    if reason.reference is not None:
        written["ref"] = _figure(
            reason.reference, field, field.get("reference_unit", unit), language, currency
        )
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


def _column_of(feature: str, category: str) -> str:
    suffix = "_" + category
    return feature.removesuffix(suffix)


@lru_cache(maxsize=1024)
def _field(code: str, feature: str | None) -> dict[str, Any] | None:
    fields = _catalogue()[code]["fields"]
    return next((field for field in fields if field["feature"] == feature), None)


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
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


# ----------------------------------------------------------------------------- plan


@dataclass(frozen=True, slots=True)
class _Figure:
    """One field that may be shown with its value."""

    index: int
    feature: str
    reference: float | None
    smallest: float
    adverse: int
    needs_reference: bool
    tells_absence: bool

    def passes(self, value: float, side: int) -> bool:
        """Guard and side; `side` is +1 against the client, −1 for him."""
        if value != value:
            return self.tells_absence
        if value < self.smallest or (self.needs_reference and self.reference is None):
            return False
        return not self.adverse or (value - float(self.reference or 0.0)) * self.adverse * side > 0


@dataclass(frozen=True, slots=True)
class _Category:
    """One text column whose category may be shown."""

    column: str
    indices: NDArray[np.intp]
    by_index: dict[int, str]
    tells_absence: bool
    one_hot: bool


@dataclass(frozen=True, slots=True)
class _Shares:
    """The category shares of earlier applications."""

    indices: NDArray[np.intp]
    features: tuple[str, ...]
    references: Floats


_Shown = tuple[str | None, float | str | None, float | None, float]
"""Feature, value, reference, effect of the field alone."""


class ReasonPlan:
    """What is worked out once per bundle, so that a client costs microseconds.

    Parameters
    ----------
    features : k names in the booster's order, none of them excluded
    medians : feature → median of the accepted clients, ``None`` or absent when unknown

    Attributes
    ----------
    codes : the 41 codes, R01 first
    code_index : intp (k,), position in `codes` of each feature's own code

    Raises
    ------
    ValueError
        A feature has no code: it is excluded, or the dictionary lacks a pattern.
    """

    def __init__(self, features: Sequence[str], medians: Mapping[str, float | None]) -> None:
        self.features = tuple(features)
        self.codes: tuple[str, ...] = CODES
        self.code_index = np.array([_code_index(name) for name in self.features], dtype=np.intp)
        self._when_missing = self.code_index.copy()
        self._place: dict[str, int] = {name: index for index, name in enumerate(self.features)}
        self._medians = medians
        tables = [origin(name).table for name in self.features]
        self._scores = _where(name.startswith("EXT_SOURCE_") for name in self.features)
        self._bureau = _where(table.startswith("bureau") for table in tables)
        self._ours = _where(table in _OUR_TABLES for table in tables)
        self._indicator = np.zeros((len(self.features), len(CODES)))
        self._indicator[np.arange(len(self.features)), self.code_index] = 1.0
        self._documents = _where(name.startswith("FLAG_DOCUMENT_") for name in self.features)
        self._documents_reference = float(
            sum(self._median(self.features[index]) or 0.0 for index in self._documents)
        )
        self._figures = {code: self._figures_of(code) for code in CODES}
        self._categories = {code: self._categories_of(code) for code in CODES}
        self._shares = self._shares_of("R31")

    # -- one client

    def adverse(
        self,
        delta: ArrayLike,
        contributions: ArrayLike,
        values: NDArray[np.float32],
        *,
        has_bureau: bool,
        has_previous: bool,
        application: Mapping[str, Any] | None = None,
        maximum: int = MAXIMUM,
        min_share: float = MIN_SHARE,
    ) -> tuple[Reason, ...]:
        """What raises the risk, strongest first; ties go to the lower code.

        Parameters
        ----------
        delta : float64 (k,)
            ``φ − μ`` in log-odds.
        contributions : float64 (k,)
            The same in probability.
        values : float32 (k,)
            NaN = missing.
        has_bureau, has_previous : bool
            Whether any loan elsewhere, any earlier contract with us, is known.
        application : mapping, optional
            Raw columns; without it categories are read from the features.

        Returns
        -------
        tuple of Reason
            At most `maximum`, each at least `min_share` of all that raises the risk. Empty
            when no code qualifies: the caller then asks for a review (L22).
        """
        return self._reasons(
            _AGAINST, delta, contributions, values, has_bureau, has_previous, application, maximum, min_share
        )

    def favourable(
        self,
        delta: ArrayLike,
        contributions: ArrayLike,
        values: NDArray[np.float32],
        *,
        has_bureau: bool,
        has_previous: bool,
        application: Mapping[str, Any] | None = None,
        maximum: int = MAXIMUM,
        min_share: float = MIN_SHARE,
    ) -> tuple[Reason, ...]:
        """What lowers the risk, strongest first; parameters as :meth:`adverse`."""
        return self._reasons(
            _FOR, delta, contributions, values, has_bureau, has_previous, application, maximum, min_share
        )

    def code_contributions(
        self,
        contributions: ArrayLike,
        values: NDArray[np.float32],
        has_bureau: bool,
        has_previous: bool,
    ) -> dict[str, float]:
        """Code → sum of the contributions that count for it; all 41 codes, in order."""
        route = self._route(values, has_bureau, has_previous)
        sums = np.bincount(route, weights=np.asarray(contributions, dtype=np.float64), minlength=len(CODES))
        return dict(zip(CODES, sums.tolist(), strict=True))

    def feature_codes(
        self, values: NDArray[np.float32], has_bureau: bool, has_previous: bool
    ) -> tuple[str, ...]:
        """The code that each feature counts for, missing values considered."""
        return tuple(CODES[index] for index in self._route(values, has_bureau, has_previous))

    # -- many clients

    def code_sums(
        self,
        block: ArrayLike,
        values: NDArray[np.float32],
        has_bureau: ArrayLike,
        has_previous: ArrayLike,
    ) -> Floats:
        """Sums per code of an effect (log-odds or probability), float64 (n, 41).

        Parameters
        ----------
        block, values : (n, k)
        has_bureau, has_previous : bool (n,)
        """
        effects = np.asarray(block, dtype=np.float64)
        sums = effects @ self._indicator
        everyone = np.ones(len(effects), dtype=bool)
        for members, code, concerned in (
            (self._scores, "R02", everyone),
            (self._bureau, "R40", ~np.asarray(has_bureau, dtype=bool)),
            (self._ours, "R41", ~np.asarray(has_previous, dtype=bool)),
        ):
            rows = np.flatnonzero(concerned)
            if len(rows) and len(members):
                cells = np.ix_(rows, members)
                moved = np.where(np.isnan(values[cells]), effects[cells], 0.0)
                sums[rows] -= moved @ self._indicator[members]
                sums[rows, _INDEX[code]] += moved.sum(axis=1)
        return sums

    def first_codes(
        self,
        delta: ArrayLike,
        values: NDArray[np.float32],
        has_bureau: ArrayLike,
        has_previous: ArrayLike,
        *,
        application: Mapping[str, Sequence[Any]] | None = None,
        min_share: float = MIN_SHARE,
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """First adverse and first favourable code of each client.

        The code is the one of the first reason that :meth:`adverse` and :meth:`favourable`
        give for the same client.

        Parameters
        ----------
        delta, values : (n, k)
        has_bureau, has_previous : bool (n,)
        application : mapping, optional
            Raw text columns, n values each.

        Returns
        -------
        (uint8 (n,), uint8 (n,))
            Positions in `codes`, `NO_CODE` where there is none.
        """
        sums = self.code_sums(delta, values, has_bureau, has_previous)
        without_bureau = ~np.asarray(has_bureau, dtype=bool)
        without_previous = ~np.asarray(has_previous, dtype=bool)
        known = self._known_categories(values, application)
        firsts = []
        for side in (_AGAINST, _FOR):
            pull = sums * side
            total = np.where(pull > 0, pull, 0.0).sum(axis=1, keepdims=True)
            can = self._can_say(values, side, known, without_bureau, without_previous, application)
            allowed = np.where(can & (pull > 0) & (pull >= min_share * total), pull, -np.inf)
            best = allowed.argmax(axis=1)
            none = np.isneginf(allowed[np.arange(len(best)), best])
            firsts.append(np.where(none, NO_CODE, best).astype(np.uint8))
        return firsts[0], firsts[1]

    # -- inside

    def _reasons(
        self,
        side: int,
        delta: ArrayLike,
        contributions: ArrayLike,
        values: NDArray[np.float32],
        has_bureau: bool,
        has_previous: bool,
        application: Mapping[str, Any] | None,
        maximum: int,
        min_share: float,
    ) -> tuple[Reason, ...]:
        effects = np.asarray(delta, dtype=np.float64) * side
        parts = np.asarray(contributions, dtype=np.float64)
        route = self._route(values, has_bureau, has_previous)
        pull = np.bincount(route, weights=effects, minlength=len(CODES))
        sums = np.bincount(route, weights=parts, minlength=len(CODES))
        total = float(pull[pull > 0].sum())
        found: list[Reason] = []
        for index in np.argsort(-pull, kind="stable").tolist():
            strength = float(pull[index])
            if len(found) == maximum or strength <= 0 or strength < min_share * total:
                break
            shown = self._show(CODES[index], side, effects, parts, values, application)
            if shown is not None:
                feature, value, reference, alone = shown
                found.append(
                    Reason(
                        CODES[index], feature, value, reference, float(sums[index]), strength / total, alone
                    )
                )
        return tuple(found)

    def _route(self, values: NDArray[np.float32], has_bureau: bool, has_previous: bool) -> NDArray[np.intp]:
        """Position of the code that each feature counts for."""
        missing = np.isnan(values)
        route = self.code_index.copy()
        route[self._scores[missing[self._scores]]] = _INDEX["R02"]
        if not has_bureau:
            route[self._bureau[missing[self._bureau]]] = _INDEX["R40"]
        if not has_previous:
            route[self._ours[missing[self._ours]]] = _INDEX["R41"]
        return route

    def _show(
        self,
        code: str,
        side: int,
        effects: Floats,
        parts: Floats,
        values: NDArray[np.float32],
        application: Mapping[str, Any] | None,
    ) -> _Shown | None:
        """The field that the code shows for this client; ``None`` drops the code."""
        show = _catalogue()[code]["show"]
        if show == "absence":
            return None, None, None, 0.0
        if show == "documents":
            return self._show_documents(parts, values, application)
        if show == "scores":
            return self._show_scores(code, side, parts, values, application)
        if show == "shares":
            return self._show_share(effects, parts, values)
        if show == "category":
            return self._show_category(code, effects, parts, values, application)
        return self._show_figure(code, side, effects, parts, values)

    def _show_figure(
        self, code: str, side: int, effects: Floats, parts: Floats, values: NDArray[np.float32]
    ) -> _Shown | None:
        for figure in sorted(self._figures[code], key=lambda figure: -effects[figure.index]):
            value = float(values[figure.index])
            if figure.passes(value, side):
                alone = float(parts[figure.index])
                if value != value:
                    return figure.feature, None, None, alone
                return figure.feature, value, figure.reference, alone
        return None

    def _show_category(
        self,
        code: str,
        effects: Floats,
        parts: Floats,
        values: NDArray[np.float32],
        application: Mapping[str, Any] | None,
    ) -> _Shown | None:
        fields = self._categories[code]
        for field in sorted(fields, key=lambda field: -float(effects[field.indices].sum())):
            stated, category = _stated(field, values, application)
            if not stated or (category is None and not field.tells_absence):
                continue
            alone = float(parts[field.indices].sum())
            if category is None:
                return field.column, None, None, alone
            feature = f"{field.column}_{category}"
            return (feature if feature in self._place else field.column), category, None, alone
        return None

    def _show_documents(
        self, parts: Floats, values: NDArray[np.float32], application: Mapping[str, Any] | None
    ) -> _Shown:
        flags: Sequence[Any] = (
            values[self._documents].tolist()
            if application is None
            else [value for name, value in application.items() if name.startswith("FLAG_DOCUMENT_")]
        )
        provided = sum(1 for flag in flags if flag is not None and flag >= 1)
        return None, float(provided), self._documents_reference, float(parts[self._documents].sum())

    def _show_scores(
        self,
        code: str,
        side: int,
        parts: Floats,
        values: NDArray[np.float32],
        application: Mapping[str, Any] | None,
    ) -> _Shown | None:
        """How many external scores there are; told against the client only when one lacks."""
        count = self._scores_available(values[np.newaxis], application and _as_columns(application))
        if not _sayable_count(count, _catalogue()[code]["below"], side)[0]:
            return None
        alone = float(parts[self._place[_SCORE_COUNT]]) if _SCORE_COUNT in self._place else 0.0
        return (_SCORE_COUNT if _SCORE_COUNT in self._place else None), float(count[0]), None, alone

    def _scores_available(
        self, values: NDArray[np.float32], application: Mapping[str, Sequence[Any]] | None
    ) -> Floats:
        """Number of external scores, float64 (n,), NaN where nothing tells it."""
        if _SCORE_COUNT in self._place:
            return values[:, self._place[_SCORE_COUNT]].astype(np.float64)
        if all(name in self._place for name in _SCORES):
            places = [self._place[name] for name in _SCORES]
            return (~np.isnan(values[:, places])).sum(axis=1).astype(np.float64)
        if application is not None and all(name in application for name in _SCORES):
            columns = [np.asarray(application[name], dtype=np.float64) for name in _SCORES]
            return (~np.isnan(np.stack(columns))).sum(axis=0).astype(np.float64)
        return np.full(len(values), np.nan)

    def _show_share(self, effects: Floats, parts: Floats, values: NDArray[np.float32]) -> _Shown | None:
        shares = self._shares
        present = values[shares.indices].astype(np.float64)
        differs = np.abs(present - shares.references) >= _SAME_SHARE
        if not differs.any():
            return None
        position = int(np.where(differs, effects[shares.indices], -np.inf).argmax())
        alone = float(parts[shares.indices[position]])
        return shares.features[position], float(present[position]), float(shares.references[position]), alone

    def _can_say(
        self,
        values: NDArray[np.float32],
        side: int,
        known: Mapping[str, NDArray[np.bool_]],
        without_bureau: NDArray[np.bool_],
        without_previous: NDArray[np.bool_],
        application: Mapping[str, Sequence[Any]] | None,
    ) -> NDArray[np.bool_]:
        """Which codes have something to show, bool (n, 41)."""
        can = np.zeros((len(values), len(CODES)), dtype=bool)
        for code, index in _INDEX.items():
            show = _catalogue()[code]["show"]
            if show == "category":
                for field in self._categories[code]:
                    can[:, index] |= known[field.column]
            elif show == "shares":
                gaps = np.abs(values[:, self._shares.indices] - self._shares.references)
                can[:, index] = (gaps >= _SAME_SHARE).any(axis=1)
            elif show == "documents":
                can[:, index] = True
            elif show == "scores":
                count = self._scores_available(values, application)
                can[:, index] = _sayable_count(count, _catalogue()[code]["below"], side)
            for figure in self._figures[code]:
                can[:, index] |= _passing(figure, values[:, figure.index], side)
        can[:, _INDEX["R40"]] = without_bureau
        can[:, _INDEX["R41"]] = without_previous
        return can

    def _known_categories(
        self, values: NDArray[np.float32], application: Mapping[str, Sequence[Any]] | None
    ) -> dict[str, NDArray[np.bool_]]:
        """Text column → whether something can be said of it, bool (n,)."""
        known: dict[str, NDArray[np.bool_]] = {}
        for field in (field for fields in self._categories.values() for field in fields):
            if application is not None and field.column in application:
                sayable = _sayable_by_category(field)
                known[field.column] = np.fromiter(
                    (sayable(value) for value in application[field.column]), dtype=bool, count=len(values)
                )
            elif field.one_hot:
                shown = [index for index, text in field.by_index.items() if _nameable(field.column, text)]
                known[field.column] = np.any(values[:, shown] == 1, axis=1)
            else:
                numbered = values[:, field.indices]
                codes = len(APPLICATION.codes[field.column])
                known[field.column] = np.any((numbered >= 0) & (numbered < codes), axis=1)
        return known

    def _median(self, feature: str) -> float | None:
        median = self._medians.get(feature)
        return None if median is None or median != median else float(median)

    def _reference(self, field: Mapping[str, Any]) -> float | None:
        median = self._median(field["feature"])
        return None if median is not None and field.get("inverse") and median < _SMALLEST_INVERTED else median

    def _figures_of(self, code: str) -> tuple[_Figure, ...]:
        row = _catalogue()[code]
        if row["show"] != "value":
            return ()
        return tuple(
            _Figure(
                index=self._place[field["feature"]],
                feature=field["feature"],
                reference=self._reference(field),
                smallest=_smallest(field, row),
                adverse=row.get("adverse", 0),
                needs_reference="{ref}" in field.get("fr", row["fr"]),
                tells_absence="absent_fr" in row,
            )
            for field in row["fields"]
            if field["feature"] in self._place
        )

    def _categories_of(self, code: str) -> tuple[_Category, ...]:
        row = _catalogue()[code]
        if row["show"] != "category":
            return ()
        return tuple(self._category_of(field) for field in row["fields"])

    def _category_of(self, field: Mapping[str, Any]) -> _Category:
        column = field["feature"]
        prefix = column + "_"
        one_hot = column not in APPLICATION.codes
        by_index = {
            index: name.removeprefix(prefix)
            for name, index in self._place.items()
            if (name.startswith(prefix) if one_hot else name == column)
        }
        indices = np.array(sorted(by_index), dtype=np.intp)
        return _Category(column, indices, by_index, bool(field.get("absent")), one_hot)

    def _shares_of(self, code: str) -> _Shares:
        indices = np.flatnonzero(self.code_index == _INDEX[code])
        names = tuple(self.features[index] for index in indices)
        references = [self._median(name) for name in names]
        # A share without a reference is never shown: NaN makes every comparison false.
        filled = np.array([np.nan if value is None else value for value in references], dtype=np.float64)
        return _Shares(indices, names, filled)


def _smallest(field: Mapping[str, Any], row: Mapping[str, Any]) -> float:
    if field.get("inverse"):
        return _SMALLEST_INVERTED
    return _SMALLEST_SHOWN[field["unit"]] if row.get("above_zero") else -np.inf


# ------------------------------------------------------------------ without a plan at hand


def adverse_reasons(
    delta: ArrayLike,
    contributions: ArrayLike,
    values: NDArray[np.float32],
    features: Sequence[str],
    medians: Mapping[str, float | None],
    **client: Any,
) -> tuple[Reason, ...]:
    """:meth:`ReasonPlan.adverse` of the plan of these features and medians, kept between calls."""
    return plan_for(features, medians).adverse(delta, contributions, values, **client)


def favourable_reasons(
    delta: ArrayLike,
    contributions: ArrayLike,
    values: NDArray[np.float32],
    features: Sequence[str],
    medians: Mapping[str, float | None],
    **client: Any,
) -> tuple[Reason, ...]:
    """:meth:`ReasonPlan.favourable` of the plan of these features and medians."""
    return plan_for(features, medians).favourable(delta, contributions, values, **client)


def code_contributions(
    contributions: ArrayLike,
    values: NDArray[np.float32],
    features: Sequence[str],
    has_bureau: bool,
    has_previous: bool,
) -> dict[str, float]:
    """:meth:`ReasonPlan.code_contributions`; sums need no medians."""
    return plan_for(features).code_contributions(contributions, values, has_bureau, has_previous)


def feature_codes(
    values: NDArray[np.float32], features: Sequence[str], has_bureau: bool, has_previous: bool
) -> tuple[str, ...]:
    """:meth:`ReasonPlan.feature_codes`."""
    return plan_for(features).feature_codes(values, has_bureau, has_previous)


def plan_for(features: Sequence[str], medians: Mapping[str, float | None] | None = None) -> ReasonPlan:
    """The plan of a bundle's features and medians; the last few are kept."""
    return _plan(_PlanKey(features, _NO_MEDIANS if medians is None else medians))


class _PlanKey:
    """Equal when features and medians are; the same objects are recognised at once."""

    __slots__ = ("features", "medians")

    def __init__(self, features: Sequence[str], medians: Mapping[str, float | None]) -> None:
        self.features = features if isinstance(features, tuple) else tuple(features)
        self.medians = medians

    def __hash__(self) -> int:
        return hash(self.features)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _PlanKey)
            and (other.features is self.features or other.features == self.features)
            and (other.medians is self.medians or other.medians == self.medians)
        )


@lru_cache(maxsize=16)
def _plan(key: _PlanKey) -> ReasonPlan:
    return ReasonPlan(key.features, key.medians)


def _code_index(feature: str) -> int:
    code = dictionary.code_of(feature)
    if code is None:
        ground = dictionary.excluded(feature)
        why = f"is excluded ({ground})" if ground else "matches no pattern of dictionary.toml"
        raise ValueError(f"a served feature must have a reason code, but {feature!r} {why}")
    return _INDEX[code]


def _as_columns(application: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {name: [application[name]] for name in _SCORES if name in application}


def _sayable_count(count: Floats, below: int, side: int) -> NDArray[np.bool_]:
    return count < below if side > 0 else count >= 1


def _where(flags: Any) -> NDArray[np.intp]:
    return np.flatnonzero(np.fromiter(flags, dtype=bool))


def _passing(figure: _Figure, values: NDArray[np.float32], side: int) -> NDArray[np.bool_]:
    """:meth:`_Figure.passes` for a column."""
    x = values.astype(np.float64)
    missing = np.isnan(x)
    passes = ~missing & (x >= figure.smallest)
    if figure.needs_reference and figure.reference is None:
        passes[:] = False
    if figure.adverse:
        passes &= (x - float(figure.reference or 0.0)) * figure.adverse * side > 0
    return passes | (missing & figure.tells_absence)


def _stated(
    field: _Category, values: NDArray[np.float32], application: Mapping[str, Any] | None
) -> tuple[bool, str | None]:
    """Whether the client's category is known to be something or nothing, and what."""
    if application is not None and field.column in application:
        raw = application[field.column]
        if raw is None or raw != raw:
            return True, None
        text = dictionary.read_as(field.column, str(raw))
        return _nameable(field.column, text), text
    for index, text in field.by_index.items():
        value = values[index]
        if field.one_hot and value == 1 and _nameable(field.column, text):
            return True, text
        if not field.one_hot and 0 <= value < len(APPLICATION.codes[field.column]):
            return True, APPLICATION.codes[field.column][int(value)]
    return False, None


def _sayable_by_category(field: _Category) -> Callable[[Any], bool]:
    """Memoised rule of :func:`_stated` for raw values: the same few categories come again."""

    @lru_cache(maxsize=256)
    def sayable(raw: Any) -> bool:
        if raw is None or raw != raw:
            return field.tells_absence
        return _nameable(field.column, dictionary.read_as(field.column, str(raw)))

    return sayable


@lru_cache(maxsize=2048)
def _nameable(column: str, category: str) -> bool:
    """A sentence names neither an excluded category nor "not stated"."""
    return category not in _NOT_STATED and dictionary.excluded(f"{column}_{category}") is None
