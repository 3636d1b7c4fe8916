"""The candidates that searches compare: a dummy, a logistic regression, boosted trees."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, SplineTransformer

from training.boosting import Recipe, dataset, grow
from training.folds import Split

PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
"""Inverse strengths of the logistic regression's L2 penalty that are tried, strongest first."""


@dataclass(frozen=True, slots=True)
class Prior:
    """The dummy: everybody has the default rate of the training part."""

    name: str = "dummy"

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        rate = target[np.concatenate([split.fit, split.stop])].mean()
        return np.full(len(split.score), np.log(rate / (1 - rate)))


@dataclass(frozen=True, slots=True)
class Logistic:
    """Additive logistic regression: a smooth curve a number, missing told apart, L2.

    Numbers become ranks and then piecewise linear curves with four knots, so that neither scale
    nor tails matter and an effect may bend; a missing number is filled with the median
    and has an indicator of its own; 0/1 features stay as they are. All columns lie between 0
    and 1 and are not standardised: a rare one would weigh as much as a common one, which cost
    0.002 to 0.01 AUC on the applications archive. The penalty is the one with the least log loss
    on ``split.stop``. About ten designs were tried on fold set 0: the figures of this one flatter
    it a little.
    """

    name: str = "logistic"
    penalties: tuple[float, ...] = PENALTIES

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        design = _design(matrix[split.fit], seed)
        fit, stop, score = (
            design.fit_transform(matrix[split.fit]),
            design.transform(matrix[split.stop]),
            design.transform(matrix[split.score]),
        )
        model = LogisticRegression(max_iter=300, warm_start=True)
        best, found = np.inf, np.zeros(len(split.score))
        for penalty in self.penalties:
            model.set_params(C=penalty).fit(fit, target[split.fit])
            loss = log_loss(target[split.stop], model.predict_proba(stop)[:, 1])
            if loss >= best:  # it only overfits more from here
                break
            best, found = loss, model.decision_function(score)
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Boosted:
    """The recipe of the champion, as `training.boosting` grows it.

    Attributes
    ----------
    name : of the candidate
    recipe : features, constraints, pruning, parameters; its seed is that of the repeat
    """

    name: str
    recipe: Recipe

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        recipe = replace(self.recipe, seed=seed)
        grown = grow(dataset(matrix, target, recipe), matrix, target, split, recipe)
        return grown.margin(matrix[split.score])


def _design(matrix: np.ndarray, seed: int) -> Pipeline:
    """Columns of the logistic regression; which are 0/1 is seen in the training part."""
    flags = is_flag(matrix)
    numbers = np.flatnonzero(~flags)
    curve = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        QuantileTransformer(n_quantiles=200, random_state=seed),
        SplineTransformer(n_knots=4, degree=1, include_bias=False),
    )
    parts = [
        ("numbers", curve, numbers),
        ("missing", MissingIndicator(features="all"), numbers),
        (
            "flags",
            SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True),
            np.flatnonzero(flags),
        ),
    ]
    return make_pipeline(ColumnTransformer(parts), VarianceThreshold(1e-4))


def is_flag(matrix: np.ndarray) -> np.ndarray:
    """Which columns hold nothing but 0, 1 and missing."""
    return np.array([bool(np.isin(column[~np.isnan(column)], (0.0, 1.0)).all()) for column in matrix.T])
