"""The whole definition: the sources, the order of the features, where each comes from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from model.features.application import APPLICATION
from model.features.bureau import BUREAU
from model.features.credit_card import CREDIT_CARD
from model.features.installments import INSTALLMENTS
from model.features.pos_cash import POS_CASH
from model.features.previous_application import PREVIOUS_APPLICATION
from model.features.spec import (
    ApplicationSource,
    Feature,
    Source,
    SpecError,
    Vocabulary,
)

HISTORIES: tuple[Source, ...] = (BUREAU, PREVIOUS_APPLICATION, POS_CASH, INSTALLMENTS, CREDIT_CARD)
"""The sources of history, in the kernel's order."""

SOURCES: tuple[ApplicationSource | Source, ...] = (APPLICATION, *HISTORIES)
"""All sources, the application first."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feature comes from, for its composed label.

    Attributes
    ----------
    table : archive table it tells of
    column : column of that table, or one that the definition derives (``DPD``,
        ``MONTHS_BALANCE_SIZE``)
    statistic : ``MIN MAX MEAN SUM VAR SIZE NUNIQUE COUNT``, ``SHARE`` for a mean share of
        rows, beyond the kernel ``TOTAL ROWS LAST RATIO`` too, ``None`` for the application's own
    slice : ``ACTIVE CLOSED APPROVED REFUSED``, beyond the kernel any window, ``None`` = all rows
    category : category of a text column, ``"nan"`` for missing text, ``None`` elsewhere
    """

    table: str
    column: str
    statistic: str | None = None
    slice: str | None = None
    category: str | None = None


def features(vocabulary: Vocabulary) -> tuple[Feature, ...]:
    """Every feature of the matrix: the kernel's in its order, then those beyond it, by source."""
    found = [feature for source in SOURCES for feature in source.features(vocabulary)]
    found.extend(beyond_kernel())
    names = [feature.name for feature in found]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise SpecError(f"two features would bear the same name: {twice}")
    return tuple(found)


def feature_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Names of the matrix's columns, in order."""
    return tuple(feature.name for feature in features(vocabulary))


def beyond_kernel() -> tuple[Feature, ...]:
    """This product's own features, in the order of the sources; no vocabulary is needed."""
    return tuple(feature for source in SOURCES for feature in source.beyond_features())


def is_kernel(name: str) -> bool:
    """Whether the feature of that name is one of the kernel's; the others are this product's own.

    Raises
    ------
    SpecError
        Where the definition can make no feature of that name.
    """
    origin(name)
    return name not in _beyond_names()


def text_columns() -> dict[str, tuple[str, ...]]:
    """Table → the text columns whose categories a vocabulary must hold."""
    columns: dict[str, tuple[str, ...]] = {APPLICATION.table: (*APPLICATION.codes, *APPLICATION.one_hot)}
    for source in HISTORIES:
        columns[source.table] = tuple(line.column for line in source.share_lines)
        if source.child is not None:
            columns[source.child.table] = source.child.shares
    return columns


@lru_cache(maxsize=4096)
def origin(feature: str) -> Origin:
    """Where the feature of that name comes from; no vocabulary is needed.

    Raises
    ------
    SpecError
        Where the definition can make no feature of that name.

    Examples
    --------
    >>> origin("ACTIVE_DAYS_CREDIT_MAX")
    Origin(table='bureau', column='DAYS_CREDIT', statistic='MAX', slice='ACTIVE', category=None)
    >>> origin("BURO_STATUS_C_MEAN_MEAN").category
    'C'
    """
    fixed = _fixed_origins()
    if feature in fixed:
        return fixed[feature]
    for stem, end, pattern in _category_patterns():
        category = feature[len(stem) : len(feature) - len(end)]
        if category and feature == f"{stem}{category}{end}":
            return replace(pattern, category=category)
    near = difflib.get_close_matches(feature, fixed, n=3)
    hint = f"; near names: {', '.join(near)}" if near else ""
    raise SpecError(f"{feature!r} is no feature of the definition{hint}")


@cache
def _beyond_names() -> frozenset[str]:
    return frozenset(feature.name for feature in beyond_kernel())


@cache
def _fixed_origins() -> dict[str, Origin]:
    """Origins of the features that exist whatever the vocabulary."""
    return {feature.name: _origin_of(feature) for feature in features(_vocabulary_of(()))}


@cache
def _category_patterns() -> tuple[tuple[str, str, Origin], ...]:
    """``(stem, end, origin)`` around the category in a feature's name, longest first."""
    probe = "\0"
    patterns: list[tuple[str, str, Origin]] = []
    for feature in features(_vocabulary_of((probe,))):
        if feature.category == probe:
            stem, end = feature.name.split(probe)
            patterns.append((stem, end, _origin_of(feature)))
    return tuple(sorted(patterns, key=lambda pattern: (len(pattern[0]), len(pattern[1])), reverse=True))


def _vocabulary_of(categories: tuple[str, ...]) -> Vocabulary:
    """A vocabulary that gives every text column the same categories."""
    return {table: dict.fromkeys(columns, categories) for table, columns in text_columns().items()}


def _origin_of(feature: Feature) -> Origin:
    shared = feature.form in ("share", "child_share") and feature.statistic == "mean"
    statistic = "share" if shared else feature.statistic
    return Origin(
        feature.table,
        feature.column,
        statistic.upper() if statistic else None,
        feature.slice.rstrip("_") if feature.slice else None,
        feature.category,
    )
