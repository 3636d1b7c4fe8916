"""Weights and resampling against the model as it is: one table, inside the folds.

Every treatment changes the rows that grow the trees (``split.fit``) and nothing else. The
rows that stop them keep their clients, weighted to the share of defaults that the trees see:
stopping on the natural share would stop a treated model at once, its scale being another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from matplotlib.figure import Figure
from sklearn.impute import SimpleImputer

from model.home import Home
from training import boosting
from training.boosting import Recipe, booster_names
from training.dataset import lake_digest, read_clients
from training.evaluation import Costs, auc_difference, evaluate, plain
from training.figures import blank
from training.folds import Split
from training.learners import is_flag
from training.progress import Progress, silent
from training.protocol import judge, out_of_fold
from training.searches import MARGINS, Row, search, without_margins
from training.tracking import connected

KIND = "imbalance"

_ONE_TO_THREE = 1 / 3


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done about eight defaults in a hundred.

    Attributes
    ----------
    name : of the row
    label : language → words
    weight : of a default, from the odds good:bad of the training part
    sampler : makes imbalanced-learn's sampler from a seed and the 0/1 columns
    filled : whether missing values must be filled first, with medians of the training part
    """

    name: str
    label: Mapping[str, str]
    weight: Callable[[float], float] | None = None
    sampler: Callable[[int, np.ndarray], Any] | None = None
    filled: bool = False


TREATMENTS = (
    Treatment("none", {"fr": "aucun", "en": "none"}),
    Treatment(
        "weight_balanced",
        {"fr": "poids des défauts, équilibré", "en": "weight of defaults, balanced"},
        weight=lambda odds: odds,
    ),
    Treatment(
        "weight_sqrt",
        {"fr": "poids des défauts, racine", "en": "weight of defaults, square root"},
        weight=np.sqrt,
    ),
    Treatment(
        "under_1_1",
        {"fr": "sous-échantillonnage 1:1", "en": "under-sampling 1:1"},
        sampler=lambda seed, _: RandomUnderSampler(random_state=seed),
    ),
    Treatment(
        "under_1_3",
        {"fr": "sous-échantillonnage 1:3", "en": "under-sampling 1:3"},
        sampler=lambda seed, _: RandomUnderSampler(sampling_strategy=_ONE_TO_THREE, random_state=seed),
    ),
    Treatment(
        "over",
        {"fr": "sur-échantillonnage", "en": "over-sampling"},
        sampler=lambda seed, _: RandomOverSampler(random_state=seed),
    ),
    Treatment(
        "smote",
        {"fr": "SMOTE", "en": "SMOTE"},
        sampler=lambda seed, _: SMOTE(random_state=seed),
        filled=True,
    ),
    Treatment(
        "smotenc",
        {"fr": "SMOTENC", "en": "SMOTENC"},
        sampler=lambda seed, flags: SMOTENC(np.flatnonzero(flags), random_state=seed),
        filled=True,
    ),
)
"""In the order of the table; the slowest last."""


@dataclass(frozen=True, slots=True)
class Treated:
    """The recipe without pruning, on treated training rows."""

    treatment: Treatment
    recipe: Recipe

    @property
    def name(self) -> str:
        return self.treatment.name

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        if self.treatment.filled:
            # Medians of the training part; trees and scored rows then read the same values.
            fill = SimpleImputer(strategy="median", keep_empty_features=True).fit(matrix[split.fit])
            matrix = fill.transform(matrix).astype(np.float32)
        rows, outcome = matrix[split.fit], target[split.fit]
        odds = good_to_bad(outcome)
        parameters = {**replace(self.recipe, seed=seed).parameters(), "feature_pre_filter": False}
        stop_weight = 1.0
        if self.treatment.weight is not None:
            stop_weight = parameters["scale_pos_weight"] = float(self.treatment.weight(odds))
        if self.treatment.sampler is not None:
            rows, outcome = self._resampled(rows, outcome, seed)
            stop_weight = odds / good_to_bad(outcome)
        grow_on = lgb.Dataset(
            rows, outcome, feature_name=booster_names(self.recipe.features), params=parameters
        )
        stop_on = grow_on.create_valid(
            matrix[split.stop],
            target[split.stop],
            weight=np.where(target[split.stop] == 1, stop_weight, 1.0),
        )
        booster = lgb.train(
            parameters,
            grow_on,
            num_boost_round=boosting.MAXIMUM_TREES,
            valid_sets=[stop_on],
            callbacks=[lgb.early_stopping(boosting.PATIENCE, verbose=False)],
        )
        return np.asarray(
            booster.predict(matrix[split.score], raw_score=True, num_iteration=booster.best_iteration)
        )

    def _resampled(self, rows: np.ndarray, outcome: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        flags = is_flag(rows)
        # Neighbours are looked for in standard deviations: in raw values only amounts would count.
        scale = np.where(flags, 1.0, np.maximum(np.nanstd(rows, axis=0), 1e-12)).astype(np.float32)
        made, outcome = self.treatment.sampler(seed, flags).fit_resample(rows / scale, outcome)
        return np.asarray(made, dtype=np.float32) * scale, np.asarray(outcome)


def good_to_bad(outcome: np.ndarray) -> float:
    """Repaid loans for one default."""
    return float((outcome == 0).sum() / (outcome == 1).sum())
