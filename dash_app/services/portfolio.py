"""Where a file stands among all: the bins of one feature, and the scale of probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dash_app.champion import Serving
from dash_app.security.rights import Action, User, authorise
from model.errors import InputError

if TYPE_CHECKING:
    from model.case import Case
    from model.population import FeatureBins
    from model.score_tables import Scale


@dataclass(frozen=True, slots=True)
class Position:
    """One file in the bins of one feature.

    Attributes
    ----------
    feature : name of the population entry (the raw column for a one-hot group)
    bins : all bins with counts and defaults
    index : bin of this file; ``bins.size`` is the bin of missing values
    value : of this file: number, category, or ``None`` when missing
    median : of the typical accepted clients, ``None`` for a category or when none has a value
    """

    feature: str
    bins: FeatureBins
    index: int
    value: float | str | None
    median: float | None


def position(user: User, serving: Serving, case: Case, feature: str) -> Position:
    """Bins of `feature` over the whole portfolio and the place of `case` in them.

    Raises
    ------
    InputError : the model has no such feature (code ``unknown_feature``)
    """
    authorise(user, Action.OPEN_FILE)
    bins = serving.bundle.population.of(feature)
    value = value_of(serving, case, bins.name)
    median = serving.bundle.medians.get(bins.name)
    return Position(bins.name, bins, bins.bin_of(value), value, None if bins.kind == "category" else median)


def value_of(serving: Serving, case: Case, entry: str) -> float | str | None:
    """What the model read for one population entry; ``None`` = missing."""
    bundle = serving.bundle
    if entry in bundle.index:
        number = float(case.features[bundle.index[entry]])
        return None if number != number else number
    if entry in bundle.population.entries:
        return _category(serving, case, entry)
    raise InputError(f"the model has no feature {entry!r}", code="unknown_feature", feature=entry)


def features(user: User, serving: Serving) -> tuple[str, ...]:
    """Names that ``position`` accepts, in the order of the model."""
    authorise(user, Action.READ_MODEL)
    return serving.bundle.population.names


def scale(user: User, serving: Serving) -> Scale:
    """Histogram of the out-of-fold probabilities behind the scale, 0 to 30 %."""
    authorise(user, Action.READ_MODEL)
    return serving.bundle.scale


def _category(serving: Serving, case: Case, column: str) -> str | None:
    """Category of a one-hot group: the application's own text, else the feature that is 1."""
    from model import dictionary

    if case.application is not None:
        given = case.application.get(column)
        return None if given is None else dictionary.read_as(column, str(given))
    from model.features import origin

    for feature, group in serving.bundle.population.groups.items():
        if group == column and case.features[serving.bundle.index[feature]] == 1.0:
            return origin(feature).category
    return None
