"""Beta calibration (Kull, Silva Filho, Flach 2017) fitted on out-of-fold margins.

``g(m) = sigmoid(a·ln s − b·ln(1 − s) + c)`` with ``s = sigmoid(m)``. Fitting the logarithms
of a and b keeps both positive, so the curve is strictly increasing and no ranking changes.
The served arithmetic is `model.calibration.BetaCalibration`.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from model.calibration import BetaCalibration
from model.errors import InputError
from training.folds import CALIBRATION_FOLDS, assign_folds

# A slope near 0 is normal on the upper side (it flattens the far end); below this floor
# the curve would be flat to the last bit.
_SLOPES = (np.log(1e-4), np.log(50.0))


def fit_beta(margin: np.ndarray, target: np.ndarray) -> BetaCalibration:
    """Maximum-likelihood beta calibration.

    Parameters
    ----------
    margin : (n,) float64 log-odds of models that did not see the client
    target : (n,) outcomes, 0 or 1

    Raises
    ------
    InputError
        When only one outcome is present: no curve can be fitted.
    """
    y = np.asarray(target, dtype=np.float64)
    if y.min() == y.max():
        raise InputError("calibration needs both outcomes, but every label is the same", code="one_class")
    m = np.asarray(margin, dtype=np.float64)
    ln_s, ln_not_s = -np.logaddexp(0.0, -m), -np.logaddexp(0.0, m)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        a, b, c = np.exp(parameters[0]), np.exp(parameters[1]), parameters[2]
        z = a * ln_s - b * ln_not_s + c
        error = np.exp(-np.logaddexp(0.0, -z)) - y
        gradient = np.array([a * np.mean(error * ln_s), -b * np.mean(error * ln_not_s), np.mean(error)])
        return float(np.mean(np.logaddexp(0.0, z) - y * z)), gradient

    found = minimize(
        loss,
        np.zeros(3),
        jac=True,
        method="L-BFGS-B",
        bounds=[_SLOPES, _SLOPES, (None, None)],
        options={"maxiter": 500, "ftol": 1e-14, "gtol": 1e-10},
    )
    return BetaCalibration(a=float(np.exp(found.x[0])), b=float(np.exp(found.x[1])), c=float(found.x[2]))


def cross_fitted(
    margin: np.ndarray, target: np.ndarray, *, seed: int = 0, folds: int = CALIBRATION_FOLDS
) -> np.ndarray:
    """Calibrated probability of each client by a curve that did not see him.

    Parameters
    ----------
    margin : (n,) out-of-fold log-odds
    target : (n,) outcomes
    seed, folds : of the calibration folds

    Returns
    -------
    (n,) float64 in (0, 1)
    """
    assigned = assign_folds(target, seed=seed, folds=folds)
    probability = np.empty(len(margin), dtype=np.float64)
    for number in range(folds):
        held = assigned == number
        probability[held] = fit_beta(margin[~held], target[~held]).probability(margin[held])
    return probability
