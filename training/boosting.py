"""The champion recipe: LightGBM on log loss, no class weight, no resampling, monotone, pruned.

Pruning looks at outcomes, so it happens where the trees are grown: inside a fold a first booster
on all candidate features ranks them by gain, and a second one is grown on the strongest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import lightgbm as lgb
import numpy as np

from model.errors import InputError
from training.folds import Split, stopping_parts
from training.progress import Progress, silent
from training.pruning import strongest

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
PATIENCE = 50

# What LightGBM refuses in a name; the bundle's feature list keeps the true ones.
_REFUSED_IN_NAMES = re.compile(r'[,\[\]{}":]')


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the trees are grown on.

    Attributes
    ----------
    features : names of the candidates in column order
    constraints : −1, 0 or +1 a feature: the default probability may only fall, do as it
        likes, or only rise with the value
    seed : of bagging, feature sampling and binning
    keep : number of features that are kept, the strongest by gain; ``None`` keeps all
    changed : parameters that differ from `PARAMETERS`
    """

    features: tuple[str, ...]
    constraints: tuple[int, ...]
    seed: int = 0
    keep: int | None = None
    changed: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        return {
            **PARAMETERS,
            **self.changed,
            "seed": self.seed,
            "monotone_constraints": list(self.constraints),
        }

    @property
    def prunes(self) -> bool:
        """Whether some candidates are left out."""
        return self.keep is not None and self.keep < len(self.features)

    def only(self, columns: np.ndarray) -> Recipe:
        """The same recipe on some of its features, with nothing left to prune."""
        return replace(
            self,
            features=tuple(self.features[column] for column in columns),
            constraints=tuple(self.constraints[column] for column in columns),
            keep=None,
        )


@dataclass(frozen=True, slots=True)
class Grown:
    """A booster and the columns of the candidates' matrix that it reads.

    Attributes
    ----------
    booster : its features are `columns`, in that order
    columns : (k,) ascending positions among the candidates
    trees : that count; a booster that ranks has more, grown while waiting for a better one
    ranking_trees : of the booster that ranked the candidates
    """

    booster: lgb.Booster
    columns: np.ndarray
    trees: int
    ranking_trees: int

    def margin(self, matrix: np.ndarray) -> np.ndarray:
        """Raw log-odds of rows of the candidates' matrix, float64 (n,)."""
        rows = matrix[:, self.columns] if len(self.columns) < matrix.shape[1] else matrix
        return np.asarray(self.booster.predict(rows, raw_score=True, num_iteration=self.trees))


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Out-of-fold margins and the models that gave them.

    Attributes
    ----------
    margin : (n,) float64 log-odds of the model that did not see the client
    models : one a fold
    """

    margin: np.ndarray
    models: tuple[Grown, ...]

    @property
    def trees(self) -> tuple[int, ...]:
        """Trees of each fold, chosen inside its training part."""
        return tuple(model.trees for model in self.models)

    @property
    def mean_trees(self) -> int:
        """Number of trees of the final booster."""
        return _mean_count(self.trees)

    @property
    def mean_ranking_trees(self) -> int:
        """Number of trees of the booster that ranks the candidates of the final one."""
        return _mean_count([model.ranking_trees for model in self.models])


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
        params=_trained(recipe),
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
    recipe : features, constraints and how many features are kept
    """
    margin = np.empty(len(target), dtype=np.float64)
    models = []
    for number, split in enumerate(splits, start=1):
        model = grow(data, matrix, target, split, recipe)
        margin[split.score] = model.margin(matrix[split.score])
        models.append(model)
        progress(f"fold {number} of {len(splits)}: {model.trees} trees on {len(model.columns)} features")
    return CrossValidated(margin, tuple(models))


def grow(data: lgb.Dataset, matrix: np.ndarray, target: np.ndarray, split: Split, recipe: Recipe) -> Grown:
    """The model of one fold: ranked, pruned, stopped and grown by its training part alone."""
    if not recipe.prunes:
        return _grown_on(data, target, split, recipe)
    ranking = rank(data, split, recipe)
    return grow_on(kept_columns(ranking, recipe), ranking, matrix, target, split, recipe)


def grow_on(
    columns: np.ndarray,
    ranking: Grown,
    matrix: np.ndarray,
    target: np.ndarray,
    split: Split,
    recipe: Recipe,
    *,
    trees: int | None = None,
) -> Grown:
    """The model of one fold on some columns, which `ranking` chose.

    `trees` is chosen by the training part unless it is given.
    """
    narrow = recipe.only(columns)
    data = dataset(np.ascontiguousarray(matrix[:, columns]), target, narrow)
    grown = _grown_on(data, target, split, narrow, trees)
    return replace(grown, columns=columns, ranking_trees=ranking.trees)


def rank(data: lgb.Dataset, split: Split, recipe: Recipe) -> Grown:
    """A booster on all columns of `data`, grown on `split.fit` until `split.stop` gains nothing.

    Good enough to rank features by; the number of trees of a model that scores is chosen with
    more care (`tree_count`).
    """
    booster = lgb.train(
        _trained(recipe),
        data.subset(split.fit.tolist()),
        num_boost_round=MAXIMUM_TREES,
        valid_sets=[data.subset(split.stop.tolist())],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    count = booster.best_iteration
    return Grown(booster, np.arange(len(recipe.features)), count, count)


def tree_count(data: lgb.Dataset, target: np.ndarray, seen: np.ndarray, recipe: Recipe) -> int:
    """Number of trees with the least mean log loss over several tenths of a training part.

    Parameters
    ----------
    data : `dataset` of the recipe's features
    target : (n,) outcomes; only those of `seen` are looked at
    seen : row numbers of the training part
    """
    losses = lgb.cv(
        _trained(recipe),
        data,
        num_boost_round=MAXIMUM_TREES,
        folds=stopping_parts(target, seen, seed=recipe.seed),
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )["valid binary_logloss-mean"]
    assert isinstance(losses, list)  # LightGBM's annotation knows of the boosters too
    return len(losses)


def _grown_on(
    data: lgb.Dataset, target: np.ndarray, split: Split, recipe: Recipe, trees: int | None = None
) -> Grown:
    """On the whole training part, as the served booster is on all labels."""
    count = tree_count(data, target, split.seen, recipe) if trees is None else trees
    return _grown(data.subset(split.seen.tolist()), recipe, count)


def kept_columns(ranking: Grown, recipe: Recipe) -> np.ndarray:
    """Columns that the recipe keeps of those that a booster on all of them ranked."""
    gain = ranking.booster.feature_importance("gain", iteration=ranking.trees)
    return strongest(gain, recipe.features, recipe.keep or len(recipe.features))


def refit(
    data: lgb.Dataset,
    matrix: np.ndarray,
    target: np.ndarray,
    recipe: Recipe,
    *,
    trees: int,
    ranking_trees: int | None = None,
) -> Grown:
    """The booster that is served: all labels rank, all labels grow.

    Parameters
    ----------
    trees : of the served booster, the mean of the folds'
    ranking_trees : of the booster that ranks, the mean of the folds'; default: `trees`
    """
    if not recipe.prunes:
        return _grown(data, recipe, trees)
    ranking = _grown(data, recipe, ranking_trees or trees)
    columns = kept_columns(ranking, recipe)
    narrow = recipe.only(columns)
    served = _grown(dataset(np.ascontiguousarray(matrix[:, columns]), target, narrow), narrow, trees)
    return replace(served, columns=columns, ranking_trees=ranking.trees)


def _grown(data: lgb.Dataset, recipe: Recipe, trees: int) -> Grown:
    booster = lgb.train(_trained(recipe), data, num_boost_round=trees)
    return Grown(booster, np.arange(len(recipe.features)), trees, trees)


def _trained(recipe: Recipe) -> dict[str, Any]:
    # A feature that no split of this subset could use may serve another one.
    return {**recipe.parameters(), "feature_pre_filter": False}


def _mean_count(counts: Sequence[int]) -> int:
    return max(1, round(float(np.mean(counts))))
