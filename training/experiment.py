"""One experiment: everything that is fitted and measured, before anything is written.

Folds → out-of-fold margins → calibration → evaluation → policy → refit. The order is the
protocol: whatever is judged out of fold is fixed before the served booster exists.
`docs/methodology.md` says what is fitted where and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from model.calibration import BetaCalibration
from model.policy import Policy
from training.boosting import CrossValidated, Recipe, cross_validate, dataset, refit
from training.calibrate import cross_fitted, fit_beta
from training.dataset import Clients
from training.evaluation import CROSS_FITTED, Costs, Estimate, auc_score, curves, evaluate
from training.export import make_policy
from training.folds import FOLDS, assign_folds, splits
from training.progress import Progress, silent

FOLD_DRAWS = 200


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that one training found, before it is written anywhere.

    Attributes
    ----------
    clients : all clients of the lake with the model's features
    outcome : (n,) int8 of the labelled clients
    assigned : (n,) fold of each labelled client
    recipe, cross_validated, calibration, booster, policy : the model
    metrics : out of fold, with intervals
    fold_metrics : the same, fold by fold
    warnings : what a reader of the model card must see
    """

    clients: Clients
    outcome: np.ndarray
    assigned: np.ndarray
    recipe: Recipe
    costs: Costs
    cross_validated: CrossValidated
    calibration: BetaCalibration
    booster: lgb.Booster
    policy: Policy
    metrics: Mapping[str, Estimate]
    fold_metrics: tuple[Mapping[str, Estimate], ...]
    evaluation: Mapping[str, Any]
    warnings: tuple[str, ...]


def run_experiment(
    clients: Clients, *, seed: int = 0, costs: Costs | None = None, progress: Progress = silent
) -> Experiment:
    """Everything that is fitted and measured, in memory."""
    costs = costs or Costs.theoretical()
    labelled = clients.labelled
    matrix, outcome = clients.matrix[labelled], clients.target[labelled].astype(np.int8)
    recipe = Recipe(clients.features, clients.directions, seed)
    progress(
        f"{len(labelled):,} clients with a known outcome ({outcome.mean():.1%} defaulted), "
        f"{len(clients.features)} features, {sum(d != 0 for d in clients.directions)} constrained"
    )
    assigned = assign_folds(outcome, seed=seed)
    data = dataset(matrix, outcome, recipe)
    found = cross_validate(
        data, matrix, outcome, splits(outcome, assigned, seed=seed), recipe, progress=progress
    )
    calibration = fit_beta(found.margin, outcome)
    metrics, honest = measure(found.margin, outcome, calibration, costs, seed=seed)
    progress(f"out of fold: AUC {metrics['auc']}, cost per file {metrics['cost_per_file']}")
    booster = refit(data, recipe, trees=found.mean_trees)
    progress(f"refit on all labels: {found.mean_trees} trees")
    pd_ = calibration.probability(found.margin)
    fold_metrics = tuple(
        evaluate(outcome[assigned == fold], pd_[assigned == fold], costs=costs, draws=FOLD_DRAWS, seed=seed)
        for fold in range(FOLDS)
    )
    warnings = _warnings(metrics, costs)
    for warning in warnings:
        progress(f"warning: {warning}")
    return Experiment(
        clients=clients,
        outcome=outcome,
        assigned=assigned,
        recipe=recipe,
        costs=costs,
        cross_validated=found,
        calibration=calibration,
        booster=booster,
        policy=make_policy(clients, metrics, costs),
        metrics=metrics,
        fold_metrics=fold_metrics,
        evaluation=_evaluation(outcome, pd_, honest, metrics, fold_metrics, warnings),
        warnings=warnings,
    )


def measure(
    margin: np.ndarray, outcome: np.ndarray, calibration: BetaCalibration, costs: Costs, *, seed: int
) -> tuple[dict[str, Estimate], np.ndarray]:
    """Metrics out of fold, and the cross-fitted probabilities.

    Order and cost are those of the shipped calibration over out-of-fold margins, as the
    policy applies it; what judges the calibration itself (`CROSS_FITTED`) comes from curves
    fitted without the client.
    """
    honest = cross_fitted(margin, outcome, seed=seed)
    shipped = evaluate(outcome, calibration.probability(margin), costs=costs, seed=seed)
    of_calibration = evaluate(outcome, honest, costs=costs, seed=seed)
    auc = auc_score(outcome, margin)
    merged = {name: of_calibration[name] if name in CROSS_FITTED else shipped[name] for name in shipped}
    return {**merged, "auc": auc}, honest


def _warnings(metrics: Mapping[str, Estimate], costs: Costs) -> tuple[str, ...]:
    best = metrics["optimal_cutoff"]
    if best.low <= costs.cutoff <= best.high:
        return ()
    return (
        f"calibration or costs look wrong here: the operated cut-off {costs.cutoff:.4f} lies outside the "
        f"interval of the empirical optimum, {best}",
    )


def _evaluation(
    outcome: np.ndarray,
    pd_: np.ndarray,
    honest: np.ndarray,
    metrics: Mapping[str, Estimate],
    fold_metrics: tuple[Mapping[str, Estimate], ...],
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    """``evaluation.json``: metrics, folds and curves; calibration bins are cross-fitted."""
    return {
        "clients": len(outcome),
        "defaults": int(outcome.sum()),
        "metrics": {name: asdict(estimate) for name, estimate in metrics.items()},
        "folds": {name: [fold[name].value for fold in fold_metrics] for name in metrics},
        **curves(outcome, pd_),
        "calibration": curves(outcome, honest)["calibration"],
        "warnings": list(warnings),
    }
