"""The champion recipe: LightGBM on log loss, no class weight, no resampling, monotone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from model.errors import InputError
from training.folds import Split
from training.progress import Progress, silent

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "metric": "binary_logloss",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_child_samples": 60,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "monotone_constraints_method": "basic",
    "deterministic": True,
    # Wide and short data: half the time of row-wise, and as deterministic.
    "force_col_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
MAXIMUM_TREES = 2000
PATIENCE = 100

# What LightGBM refuses in a name; the bundle's feature list keeps the true ones.
_REFUSED_IN_NAMES = re.compile(r'[,\[\]{}":]')


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the trees are grown on.

    Attributes
    ----------
    features : names in column order
    constraints : −1, 0 or +1 a feature: the default probability may only fall, do as it
        likes, or only rise with the value
    seed : of bagging, feature sampling and binning
    """

    features: tuple[str, ...]
    constraints: tuple[int, ...]
    seed: int = 0

    def parameters(self) -> dict[str, Any]:
        return {**PARAMETERS, "seed": self.seed, "monotone_constraints": list(self.constraints)}


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Out-of-fold margins and the models that gave them.

    Attributes
    ----------
    margin : (n,) float64 log-odds of the model that did not see the client
    boosters : one a fold
    trees : their numbers of trees, from early stopping inside the training part
    """

    margin: np.ndarray
    boosters: tuple[lgb.Booster, ...]
    trees: tuple[int, ...]

    @property
    def mean_trees(self) -> int:
        """Number of trees of the final booster."""
        return max(1, round(float(np.mean(self.trees))))


def booster_names(features: Sequence[str]) -> list[str]:
    """Names as LightGBM accepts them; refuses two features that would become one."""
    names = [re.sub(r"\s", "_", _REFUSED_IN_NAMES.sub("_", feature)) for feature in features]
    if len(set(names)) != len(names):
        twins = sorted(
            {feature for feature, name in zip(features, names, strict=True) if names.count(name) > 1}
        )
        raise InputError(f"features share one name in the booster: {', '.join(twins)}", code="name_collision")
    return names


def dataset(matrix: np.ndarray, target: np.ndarray, recipe: Recipe) -> lgb.Dataset:
    """Binned data, made once: folds take subsets of it.

    Bin edges look at values, never at outcomes.
    """
    made = lgb.Dataset(
        matrix,
        label=target,
        feature_name=booster_names(recipe.features),
        params={**recipe.parameters(), "feature_pre_filter": False},
        free_raw_data=False,
    )
    return made.construct()


def cross_validate(
    data: lgb.Dataset,
    matrix: np.ndarray,
    target: np.ndarray,
    splits: Sequence[Split],
    recipe: Recipe,
    *,
    progress: Progress = silent,
) -> CrossValidated:
    """Train one model a fold and score the rows it has not seen.

    Parameters
    ----------
    data : `dataset` of the same matrix and target
    matrix : (n, k) float32, NaN = missing
    target : (n,) outcomes
    splits : from `training.folds.splits`
    recipe : features and constraints
    """
    margin = np.empty(len(target), dtype=np.float64)
    boosters, trees = [], []
    for number, split in enumerate(splits, start=1):
        booster = lgb.train(
            {**recipe.parameters(), "feature_pre_filter": False},
            data.subset(split.fit.tolist()),
            num_boost_round=MAXIMUM_TREES,
            valid_sets=[data.subset(split.stop.tolist())],
            callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
        )
        count = booster.best_iteration
        margin[split.score] = booster.predict(matrix[split.score], raw_score=True, num_iteration=count)
        boosters.append(booster)
        trees.append(count)
        progress(f"fold {number} of {len(splits)}: {count} trees")
    return CrossValidated(margin, tuple(boosters), tuple(trees))


def refit(data: lgb.Dataset, recipe: Recipe, *, trees: int) -> lgb.Booster:
    """The booster that is served: all labels, the mean number of trees."""
    return lgb.train({**recipe.parameters(), "feature_pre_filter": False}, data, num_boost_round=trees)
