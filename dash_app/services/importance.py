"""What the model listens to: mean absolute effects, and how an effect goes with a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from dash_app.champion import Serving
from dash_app.security.rights import Action, User, authorise
from model.errors import InputError

if TYPE_CHECKING:
    from model.population import Dependence, FeatureBins

Level = Literal["code", "theme", "feature"]
LEVELS: tuple[Level, ...] = get_args(Level)
_KEYS = {"code": "codes", "theme": "themes", "feature": "features"}


@dataclass(frozen=True, slots=True)
class ImportanceRow:
    """Mean absolute contribution of one code, theme or feature.

    Attributes
    ----------
    name : code (``R01``), theme or feature
    mean : in probability (0.01 = one point)
    folds : the same within each fold's own model
    """

    name: str
    mean: float
    folds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FeatureDependence:
    """Effect of one feature by bin, and a light sample of files without identifier."""

    bins: FeatureBins
    dependence: Dependence


def ranking(user: User, serving: Serving, *, level: Level = "code") -> tuple[ImportanceRow, ...]:
    """All rows of one level, the most important first; equal means by name.

    Raises
    ------
    InputError : unknown level
    """
    authorise(user, Action.READ_MODEL)
    if level not in LEVELS:
        raise InputError(f"no level {level!r}", code="unknown_level", level=level)
    found = serving.bundle.importance[_KEYS[level]]
    rows = (ImportanceRow(name, row["mean"], tuple(row["folds"])) for name, row in found.items())
    return tuple(sorted(rows, key=lambda row: (-row.mean, row.name)))


def clients_behind(serving: Serving) -> int:
    """Random clients over whom the means were taken."""
    return int(serving.bundle.importance["clients"])


def dependence(user: User, serving: Serving, feature: str) -> FeatureDependence:
    """How the effect of a feature goes with its value, missing as its own bin.

    Raises
    ------
    InputError : the model has no such feature (code ``unknown_feature``)
    """
    authorise(user, Action.READ_MODEL)
    bins = serving.bundle.population.of(feature)
    return FeatureDependence(bins, serving.bundle.dependences.of(bins.name))
