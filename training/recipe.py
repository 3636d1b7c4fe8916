"""The recipe that a release chose: how many features are kept, which parameters differ.

``PAD_HOME/recipe.json`` holds ``keep`` (a number, or null for all), ``parameters`` (LightGBM's
names) and ``from`` (the MLflow run of the search). It is written by `training release` and read by
`training train`; without it the defaults of the code hold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.home import Home

RECIPE = "recipe.json"

DEFAULT_KEEP = 200
"""Chosen as `docs/methodology.md` says: the smallest number of features within one standard error."""

SEARCHED: Mapping[str, tuple[float, float]] = {
    "learning_rate": (0.001, 0.5),
    "num_leaves": (2, 255),
    "max_depth": (-1, 64),
    "min_child_samples": (1, 100_000),
    "feature_fraction": (0.01, 1.0),
    "bagging_fraction": (0.1, 1.0),
    "bagging_freq": (0, 100),
    "lambda_l1": (0.0, 1e4),
    "lambda_l2": (0.0, 1e4),
    "min_gain_to_split": (0.0, 1e3),
    "min_sum_hessian_in_leaf": (0.0, 1e4),
    "path_smooth": (0.0, 1e4),
}
"""Parameters that a search may change, with their bounds; objective, seed and constraints are not."""

_WHOLE = ("num_leaves", "max_depth", "min_child_samples", "bagging_freq")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What differs from the recipe in code.

    Attributes
    ----------
    keep : features that are kept, the strongest by gain; ``None`` = all
    parameters : LightGBM's, those that differ
    source : MLflow run that chose them, ``None`` for the defaults of the code
    """

    keep: int | None = DEFAULT_KEEP
    parameters: Mapping[str, float] = field(default_factory=dict)
    source: str | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.keep, int) and not isinstance(self.keep, bool)
        if self.keep is not None and not (whole and self.keep >= 1):
            raise _refused("keep must be a whole number from 1, or null for all", self.keep)
        for name, value in self.parameters.items():
            _check(name, value)
        if self.source is not None and not isinstance(self.source, str):
            raise _refused("from must be the number of a run, or null", self.source)

    def as_json(self) -> dict[str, Any]:
        """As in the file."""
        return {"keep": self.keep, "parameters": dict(self.parameters), "from": self.source}


def read_recipe(home: Home) -> Chosen:
    """The recipe of this home, else the defaults.

    Raises
    ------
    InputError
        The file is not JSON, has an unknown field, or a value outside its bounds.
    """
    path = home.root / RECIPE
    if not path.exists():
        return Chosen()
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, InputError) as error:
        reason = error.detail if isinstance(error, InputError) else f"it is not JSON ({error})"
        raise InputError(
            f"{path}: {reason}. Correct it, or remove it to train with the defaults", code="recipe"
        ) from error


def write_recipe(home: Home, chosen: Chosen) -> Path:
    """Write it in one move; the next training reads it."""
    path = home.root / RECIPE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(chosen.as_json(), indent=2) + "\n", encoding="utf-8")
    return partial.replace(path)


def _from_json(data: Any) -> Chosen:
    if not isinstance(data, dict):
        raise _refused("it must be an object", data)
    unknown = sorted(set(data) - {"keep", "parameters", "from"})
    if unknown:
        raise InputError(f"unknown field {unknown[0]!r}; known: keep, parameters, from", code="recipe")
    parameters = data.get("parameters", {})
    if not isinstance(parameters, dict):
        raise _refused("parameters must be an object", parameters)
    return Chosen(data.get("keep", DEFAULT_KEEP), parameters, data.get("from"))


def _check(name: str, value: Any) -> None:
    if name not in SEARCHED:
        known = ", ".join(SEARCHED)
        raise InputError(f"parameter {name!r} is not one that a recipe may change; those are {known}",
                         code="recipe")  # fmt: skip
    low, high = SEARCHED[name]
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not (number and low <= value <= high):
        raise _refused(f"{name} must lie between {low:g} and {high:g}", value)
    if name in _WHOLE and value != int(value):
        raise _refused(f"{name} must be a whole number", value)


def _refused(law: str, value: object) -> InputError:
    return InputError(f"{law}, got {value!r}", code="recipe")
