"""One experiment: everything that is fitted and measured, before anything is written.

Folds → out-of-fold margins → calibration → evaluation → policy → refit. The order is the
protocol: whatever is judged out of fold is fixed before the served booster exists.
`docs/methodology.md` says what is fitted where and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from model.calibration import BetaCalibration
from model.policy import Empirical, Policy
from training.boosting import CrossValidated, Grown, Recipe, cross_validate, dataset, refit
from training.calibrate import cross_fitted, fit_beta
from training.dataset import Clients
from training.evaluation import CROSS_FITTED, Costs, Estimate, auc_score, curves, evaluate
from training.folds import FOLDS, assign_folds, splits
from training.progress import Progress, silent
from training.recipe import Chosen
from training.stability import CONTRADICTED, review_zone
from training.uncertainty import FEWEST_CLIENTS, coverage, disagreement

FOLD_DRAWS = 200

UNKNOWN_CLIENTS = 20_000
"""Clients without a known outcome on whom the models of the folds are compared, at most."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that one training found, before it is written anywhere.

    Attributes
    ----------
    candidates : all clients of the lake with every feature that a model may keep
    clients : the same clients with the features that the served booster reads
    outcome : (n,) int8 of the labelled clients
    assigned : (n,) fold of each labelled client
    recipe, cross_validated, calibration, served, policy : the model
    chosen : where the recipe comes from
    metrics : out of fold, with intervals
    fold_metrics : the same, fold by fold
    warnings : what a reader of the model card must see
    """

    candidates: Clients
    clients: Clients
    outcome: np.ndarray
    assigned: np.ndarray
    recipe: Recipe
    chosen: Chosen
    costs: Costs
    cross_validated: CrossValidated
    calibration: BetaCalibration
    served: Grown
    policy: Policy
    metrics: Mapping[str, Estimate]
    fold_metrics: tuple[Mapping[str, Estimate], ...]
    evaluation: Mapping[str, Any]
    warnings: tuple[str, ...]


def run_experiment(
    candidates: Clients,
    amounts: np.ndarray,
    chosen: Chosen | None = None,
    *,
    seed: int = 0,
    costs: Costs | None = None,
    progress: Progress = silent,
) -> Experiment:
    """Everything that is fitted and measured, in memory.

    Parameters
    ----------
    candidates : all clients with every feature that the model may keep
    amounts : loan asked for by each labelled client: what the policy's limits are taken from
    chosen : how many features are kept and which parameters differ; default: those of the code
    seed : of folds, bagging, draws and samples
    costs : of the two errors; default: the cut-off at which they cost the same
    """
    costs, chosen = costs or Costs.theoretical(), chosen or Chosen()
    labelled = candidates.labelled
    matrix, outcome = candidates.matrix[labelled], candidates.target[labelled].astype(np.int8)
    recipe = Recipe(
        candidates.features, candidates.directions, seed, keep=chosen.keep, changed=chosen.parameters
    )
    progress(
        f"{len(labelled):,} clients with a known outcome ({outcome.mean():.1%} defaulted), "
        f"{len(candidates.features)} features, {sum(d != 0 for d in candidates.directions)} constrained, "
        f"{'all' if not recipe.prunes else recipe.keep} to keep"
    )
    assigned = assign_folds(outcome, seed=seed)
    data = dataset(matrix, outcome, recipe)
    found = cross_validate(
        data, matrix, outcome, splits(outcome, assigned, seed=seed), recipe, progress=progress
    )
    calibration = fit_beta(found.margin, outcome)
    metrics, honest = measure(found.margin, outcome, calibration, costs, seed=seed)
    progress(f"out of fold: AUC {metrics['auc']}, cost per file {metrics['cost_per_file']}")
    served = refit(
        data, matrix, outcome, recipe, trees=found.mean_trees, ranking_trees=found.mean_ranking_trees
    )
    progress(f"refit on all labels: {found.mean_trees} trees on {len(served.columns)} features")
    pd_ = calibration.probability(found.margin)
    fold_metrics = tuple(
        evaluate(outcome[assigned == fold], pd_[assigned == fold], costs=costs, draws=FOLD_DRAWS, seed=seed)
        for fold in range(FOLDS)
    )
    policy = make_policy(amounts, metrics, costs)
    certainty = _certainty(candidates, found, served, calibration, outcome, policy, seed=seed)
    warnings = _warnings(metrics, costs, certainty["review_zone"])
    for warning in warnings:
        progress(f"warning: {warning}")
    return Experiment(
        candidates=candidates,
        clients=candidates.only(served.columns),
        outcome=outcome,
        assigned=assigned,
        recipe=recipe,
        chosen=chosen,
        costs=costs,
        cross_validated=found,
        calibration=calibration,
        served=served,
        policy=policy,
        metrics=metrics,
        fold_metrics=fold_metrics,
        evaluation={
            **_evaluation(outcome, pd_, honest, metrics, fold_metrics, warnings),
            **certainty,
        },
        warnings=warnings,
    )


def make_policy(amounts: np.ndarray, metrics: Mapping[str, Estimate], costs: Costs) -> Policy:
    """``P-1``: the theoretical cut-off, with the empirical one beside it as a check.

    Parameters
    ----------
    amounts : loans asked for by labelled clients, NaN = missing
    metrics, costs : of the experiment
    """
    best = metrics["optimal_cutoff"]
    return Policy.theoretical(
        version="P-1",
        cost_fn=costs.fn,
        cost_fp=costs.fp,
        empirical=Empirical(best.value, (best.low, best.high)),
        override_limit=float(np.nanquantile(amounts, 0.9)),
        smallest_amount=float(np.nanmin(amounts)),
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


def _warnings(
    metrics: Mapping[str, Estimate], costs: Costs, zone: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """What a reader of the model card must see before trusting the policy."""
    said = []
    best = metrics["optimal_cutoff"]
    if not best.low <= costs.cutoff <= best.high:
        said.append(
            f"calibration or costs look wrong here: the operated cut-off {costs.cutoff:.4f} lies outside the "
            f"interval of the empirical optimum, {best}"
        )
    if zone is not None:
        said += _narrow_zone(zone)
    return tuple(said)


def _narrow_zone(zone: Mapping[str, Any]) -> list[str]:
    """A sentence when models of other samples change sides outside the zone of review."""
    operated = next((row for row in zone["rows"] if row["halfwidth"] == zone["operated"]), None)
    if operated is None or operated["contradicted"] < CONTRADICTED:
        return []
    wider = next((row for row in zone["rows"] if row["halfwidth"] == zone["smallest"]), None)
    remedy = (
        f"a half-width of {wider['halfwidth']:.2f} would keep them under {CONTRADICTED:.0%}, "
        f"with {wider['share']:.0%} of the files to review"
        if wider
        else f"none that was tried keeps them under {CONTRADICTED:.0%}"
    )
    return [
        f"the zone of review is narrow for so few labels: outside ±{zone['operated']:.2f} in log-odds, "
        f"models trained on other samples decide {operated['contradicted']:.1%} of the files otherwise; "
        f"{remedy}"
    ]


def _certainty(
    candidates: Clients,
    found: CrossValidated,
    served: Grown,
    calibration: BetaCalibration,
    outcome: np.ndarray,
    policy: Policy,
    *,
    seed: int,
) -> dict[str, Any]:
    """Whether intervals hold, and how often the models of the folds decide otherwise."""
    unknown = np.flatnonzero(np.isnan(candidates.target))[:UNKNOWN_CLIENTS]
    rows = candidates.matrix[unknown]
    sides = zone = None
    if len(unknown) >= FEWEST_CLIENTS:
        own, others = served.margin(rows), np.stack([model.margin(rows) for model in found.models])
        sides = asdict(disagreement(own, others, calibration, policy.cutoff))
        zone = review_zone(own, others, calibration, policy)
    return {
        "coverage": asdict(coverage(found.margin, outcome, seed=seed)),
        "disagreement": sides,
        "review_zone": zone,
    }


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
