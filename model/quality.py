"""What is missing, odd or old in one client's data, in plain sentences.

A flag never concerns a protected variable, nor one that the model does not read. Missing
history is no flag: having no loan elsewhere is a fact, told by a reason code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model import dictionary, locale
from model.dictionary import Entry
from model.features import origin
from model.tables import APPLICATION

FlagKind = Literal["missing", "outside_range", "unseen_category", "stale"]

IMPORTANT_SHARE = 0.95
"""A missing field is worth a flag when it belongs to this part of the model's total effect."""

STALE_DAYS: Mapping[str, float] = {"ACTIVE_DAYS_CREDIT_UPDATE_MEAN": 365.0}
"""Features that tell when a source was last heard of, with the age from which it is stale."""

_TIME_BACK = frozenset({"days", "months", "age"})


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to look at.

    Attributes
    ----------
    kind : ``missing``, ``outside_range``, ``unseen_category`` or ``stale``
    feature : feature of the model, or raw column for an unseen category
    value : what was found; ``None`` when missing
    low, high : range seen in training (``outside_range``), age limit in days (``stale``, `high`)
    missing_rate : share of training files without this value (``missing``)
    code : reason code in which a missing value counts (``missing``)
    table : table of an unseen category
    """

    kind: FlagKind
    feature: str
    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    missing_rate: float | None = None
    code: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class DataQuality:
    """How much of what the model reads was given, and what to look at.

    Attributes
    ----------
    provided_share : share of the model's features that have a value, in [0, 1]
    flags : the most important first within each kind
    """

    provided_share: float
    flags: tuple[Flag, ...]

    @property
    def to_check(self) -> tuple[Flag, ...]:
        """The flags that somebody should look into: all but values that are just not given."""
        return tuple(flag for flag in self.flags if flag.kind != "missing")


class Known(Protocol):
    """What a bundle knows of its features; see `model.bundle.Bundle`."""

    @property
    def features(self) -> tuple[str, ...]: ...
    @property
    def ranges(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
    @property
    def missing_rate(self) -> NDArray[np.float64]: ...
    @property
    def importance(self) -> Mapping[str, Any]: ...


class QualityPlan:
    """What is worked out once per bundle.

    Parameters
    ----------
    features : k names, in the booster's order
    low, high : float32 (k,)
        Training range, NaN when the column never had a value.
    missing_rate : float (k,)
        Share of training files without the value.
    weight : float (k,)
        Mean absolute contribution of each feature.
    """

    def __init__(
        self,
        features: Sequence[str],
        *,
        low: ArrayLike,
        high: ArrayLike,
        missing_rate: ArrayLike,
        weight: ArrayLike,
    ) -> None:
        self.features = tuple(features)
        self.low = np.asarray(low, dtype=np.float32)
        self.high = np.asarray(high, dtype=np.float32)
        self.missing_rate = np.asarray(missing_rate, dtype=np.float64)
        weights = np.asarray(weight, dtype=np.float64)
        self._order = np.argsort(-weights, kind="stable")
        self._rank = np.empty(len(weights), dtype=np.intp)
        self._rank[self._order] = np.arange(len(weights))
        self._expected = self._expected_fields(weights)
        self._sources = [_source(name) for name in self.features]
        self._stale = [
            (index, name, STALE_DAYS[name]) for index, name in enumerate(self.features) if name in STALE_DAYS
        ]

    @classmethod
    def of(cls, bundle: Known) -> QualityPlan:
        """Plan of a bundle."""
        low, high = bundle.ranges
        weights = bundle.importance.get("features", {})
        return cls(
            bundle.features,
            low=low,
            high=high,
            missing_rate=bundle.missing_rate,
            weight=[weights.get(name, {}).get("mean", 0.0) for name in bundle.features],
        )

    def assess(self, values: NDArray[np.float32], unseen: Sequence[tuple[str, str, str]] = ()) -> DataQuality:
        """Quality of one client's data.

        Parameters
        ----------
        values : float32 (k,)
            NaN = missing.
        unseen : (table, column, value) that the vocabulary does not hold
        """
        missing = np.isnan(values)
        flags = (*self._missing(missing), *self._outside(values), *self._old(values), *_unseen(unseen))
        return DataQuality(1.0 - float(missing.mean()), flags)

    def _expected_fields(self, weights: NDArray[np.float64]) -> tuple[int, ...]:
        """Raw fields that a file should have, by weight: empty, they mean "not given" and no more."""
        heavy = np.cumsum(weights[self._order]) - weights[self._order] < IMPORTANT_SHARE * weights.sum()
        return tuple(
            int(index)
            for index in self._order[heavy]
            if self.features[index] in APPLICATION.by_name
            and not dictionary.protected(self.features[index])
            and _means_nothing_else(dictionary.entry(self.features[index]))
        )

    def _missing(self, missing: NDArray[np.bool_]) -> tuple[Flag, ...]:
        return tuple(
            Flag(
                "missing",
                self.features[index],
                missing_rate=float(self.missing_rate[index]),
                code=_missing_code(self.features[index]),
            )
            for index in self._expected
            if missing[index]
        )

    def _outside(self, values: NDArray[np.float32]) -> tuple[Flag, ...]:
        """One flag a column: its heaviest aggregate that lies outside what training has seen."""
        outside = np.flatnonzero((values < self.low) | (values > self.high))
        flags: dict[tuple[str, str], Flag] = {}
        for index in outside[np.argsort(self._rank[outside], kind="stable")].tolist():
            name = self.features[index]
            if not dictionary.protected(name):
                flags.setdefault(
                    self._sources[index],
                    Flag(
                        "outside_range",
                        name,
                        float(values[index]),
                        float(self.low[index]),
                        float(self.high[index]),
                    ),
                )
        return tuple(flags.values())

    def _old(self, values: NDArray[np.float32]) -> tuple[Flag, ...]:
        return tuple(
            Flag("stale", name, float(values[index]), high=limit)
            for index, name, limit in self._stale
            if -values[index] > limit
        )


def flag_text(flag: Flag, language: str, currency: str = "") -> str:
    """One plain sentence."""
    if flag.kind == "unseen_category":
        label = dictionary.column(flag.feature, str(flag.table)).label(language)
        return dictionary.flag_sentence("unseen_category", language).format(label=label, value=flag.value)
    entry = dictionary.entry(flag.feature)
    label = entry.label(language)
    if flag.kind == "missing":
        rate = locale.percent(flag.missing_rate or 0.0, language, digits=_rate_digits(flag.missing_rate))
        return dictionary.flag_sentence("missing", language).format(label=label, rate=rate, code=flag.code)
    value = dictionary.shown(flag.feature, flag.value, language, currency)
    if flag.kind == "stale":
        return dictionary.flag_sentence("stale", language).format(label=label, value=value)
    bound, sentence = _bound(flag, entry)
    return dictionary.flag_sentence(sentence, language).format(
        label=label, value=value, bound=dictionary.shown(flag.feature, bound, language, currency)
    )


def _bound(flag: Flag, entry: Entry) -> tuple[float | None, str]:
    """The end that was passed, and in which direction the reader sees it.

    Time that counts back is written without its sign: far below zero reads as longer.
    """
    value, low = float(flag.value or 0.0), flag.low
    under = low is not None and value < low
    bound = low if under else flag.high
    if entry.unit in _TIME_BACK:
        return bound, "above" if abs(value) > abs(bound or 0.0) else "below"
    return bound, "below" if under else "above"


def _unseen(unseen: Sequence[tuple[str, str, str]]) -> tuple[Flag, ...]:
    return tuple(
        Flag("unseen_category", column, value, table=table)
        for table, column, value in unseen
        if dictionary.excluded(column) is None and dictionary.excluded(f"{column}_{value}") is None
    )


def _means_nothing_else(entry: Entry) -> bool:
    return entry.missing_fr == locale.MISSING["fr"]


def _missing_code(feature: str) -> str | None:
    return "R02" if feature.startswith("EXT_SOURCE_") else dictionary.code_of(feature)


def _rate_digits(rate: float | None) -> int:
    return 0 if rate is None or rate >= 0.0095 else 1


@lru_cache(maxsize=4096)
def _source(feature: str) -> tuple[str, str]:
    source = origin(feature)
    return source.table, source.column
