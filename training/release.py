"""The searches of a release: what the lender must see before choosing, and what is chosen by rule.

Pruning is chosen by a rule (the smallest number of features within one standard error of the
best) and written to ``recipe.json``. Less discriminatory alternatives, the two ways with age and the
zone of review are tabled and never applied: they are the lender's decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from model.calibration import BetaCalibration
from model.home import Home
from model.policy import Policy
from training.alternatives import (
    Labelled,
    Variant,
    age_variants,
    alternatives_of,
    read_judged,
    recipe_of,
    standard_error,
)
from training.boosting import CrossValidated, Grown, Recipe, cross_validate, dataset, refit
from training.calibrate import fit_beta
from training.clients import applications
from training.dataset import Clients, lake_digest, not_excluded
from training.evaluation import Costs, per_client, plain
from training.folds import assign_folds, splits
from training.history import history_counts, known_history
from training.lock import exclusive
from training.progress import Progress, silent
from training.promotion import ATTRIBUTES
from training.protocol import REPEATS, Learner, compare, judge, judged, out_of_fold
from training.recipe import read_recipe, write_recipe
from training.searches import MARGINS, Row, Search, search
from training.stability import Explained, reason_stability, review_zone
from training.tracking import connected
from training.versions import KIND_RELEASE

GRID = (30, 60, 120, 200, 300)
"""Numbers of features that are tried, besides all."""

EXPLAINED = 1_000
ACCEPTED = 2_000
DECIDED = 20_000
"""At most so many clients are explained, are the accepted ones they are compared with, are decided."""

FEWEST_UNSEEN = 500


def release(home: Home, *, seeds: Sequence[int] = REPEATS, progress: Progress = silent) -> dict[str, Any]:
    """All searches of a release; one MLflow run with a nested run a candidate.

    Stopped and run again, it goes on where it was.

    Parameters
    ----------
    home : its matrix, lake and recipe are read, its ``recipe.json`` written
    seeds : repeats of the pruning curve; the rest uses the first of them
    progress : one line a fold and a candidate

    Returns
    -------
    ``result.json``
    """
    costs = Costs.theoretical()
    with exclusive(home, KIND_RELEASE), connected(home) as tracking:
        chosen, labelled = read_recipe(home), read_judged(home, not_excluded)
        with search(tracking, KIND_RELEASE, data=lake_digest(home), progress=progress) as made:
            recipe = recipe_of(labelled.clients, chosen)
            rankings: dict[tuple[int, int], Grown] = {}
            pruning = prune(made, labelled, recipe, rankings, costs, seeds=seeds)
            recipe = replace(recipe, keep=pruning["chosen"])
            alternatives = alternatives_of(made, labelled, recipe, rankings, costs, seed=seeds[0])
            rankings.clear()
            age = age_variants(made, home, recipe.keep, chosen, costs, seed=seeds[0])
            certainty = _certainty(made, home, labelled, recipe, costs, seed=seeds[0])
            result = made.finish(
                {
                    "clients": len(labelled.target),
                    "defaults": int(labelled.target.sum()),
                    "candidates": len(labelled.clients.features),
                    "seeds": list(seeds),
                    "cutoff": costs.cutoff,
                    "pruning": pruning,
                    "alternatives": alternatives,
                    "age": age,
                    **certainty,
                }
            )
            keep = None if pruning["chosen"] >= len(labelled.clients.features) else pruning["chosen"]
            write_recipe(home, replace(chosen, keep=keep, source=made.run_id))
            return result


def table(result: Mapping[str, Any]) -> list[str]:
    """The result as lines of text."""
    lines = ["features  log loss  less the best [95 %]                AUC"]
    for row in result["pruning"]["curve"]:
        gap = "{value:+.5f} [{low:+.5f}, {high:+.5f}]".format(**row["difference"])
        mark = "  kept" if row["k"] == result["pruning"]["chosen"] else ""
        lines.append(
            f"{row['k']:8}  {row['log_loss']['value']:.5f}  {gap:34}  {row['auc']['value']:.4f}{mark}"
        )
    lines.append("variant         AUC     cost    worst ratio sex  age     ask")
    for row in [
        *result["alternatives"],
        *({"name": f"age {one['variant']}", **one} for one in result["age"]),
    ]:
        ratios = "".join(f"{row['ratios'][name]['value']:12.3f}" if name in row["ratios"] else f"{'-':>12}"
                         for name in ATTRIBUTES)  # fmt: skip
        lines.append(
            f"{row['name']:14} {row['auc']['value']:.4f}  {row['cost_per_file']['value']:.4f}{ratios}"
            f"{'  ask the lender' if row.get('ask') else ''}"
        )
    stable, zone = result["stability"], result["review_zone"]
    lines.append(
        f"same first code {_percent(stable['first_kept'])}, of the four {_percent(stable['four_kept'])} kept"
    )
    lines += [
        f"zone of review {row['halfwidth']:.2f}: {row['share']:.1%} of the files, outside it "
        f"{row['contradicted']:.2%} contradicted" for row in zone["rows"]
    ]  # fmt: skip
    return lines


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


# Pruning ------------------------------------------------------------------------------


def prune(
    made: Search,
    labelled: Labelled,
    recipe: Recipe,
    rankings: dict[tuple[int, int], Grown],
    costs: Costs,
    *,
    seeds: Sequence[int],
) -> dict[str, Any]:
    """The curve of log loss by number of features, and the number that the rule chooses."""
    candidates = len(recipe.features)
    margins: dict[int, np.ndarray] = {}
    rows: dict[int, Row] = {}
    for keep in [*(one for one in GRID if one < candidates), candidates]:
        learner = Variant(f"keep {keep}", replace(recipe, keep=keep), rankings)
        rows[keep] = made.candidate(
            learner.name,
            {"keep": keep, "features": candidates, "seeds": list(seeds), **recipe.changed},
            partial(_pruned, learner, labelled, costs, seeds, made.progress),
        )
        margins[keep] = np.asarray(rows[keep][MARGINS])
    losses = {keep: _losses(labelled.target, found, costs) for keep, found in margins.items()}
    best = min(losses, key=lambda keep: float(losses[keep].mean()))
    chosen = smallest_as_good(losses)
    return {
        "curve": [
            {
                "k": keep,
                "log_loss": row["metrics"]["log_loss"],
                "auc": row["metrics"]["auc"],
                "difference": plain(compare(labelled.target, margins[keep], margins[best], costs))[
                    "log_loss"
                ],
                "standard_error": standard_error(losses[keep] - losses[best]),
                "seconds": row["seconds"],
            }
            for keep, row in rows.items()
        ],
        "best": best,
        "chosen": chosen,
    }


def smallest_as_good(losses: Mapping[int, np.ndarray]) -> int:
    """The smallest number of features whose paired loss is within one standard error of the best.

    Parameters
    ----------
    losses : number of features → (n,) log loss of each client
    """
    best = min(losses, key=lambda keep: float(losses[keep].mean()))
    return min(
        keep
        for keep, loss in losses.items()
        if float((loss - losses[best]).mean()) <= standard_error(loss - losses[best])
    )


def _pruned(
    learner: Learner, labelled: Labelled, costs: Costs, seeds: Sequence[int], progress: Progress
) -> Row:
    found = out_of_fold(learner, labelled.matrix, labelled.target, seeds=seeds, progress=progress)
    return {"metrics": plain(judge(labelled.target, found.margins, costs)), MARGINS: found.margins}


def _losses(target: np.ndarray, margins: np.ndarray, costs: Costs) -> np.ndarray:
    """Cross-fitted log loss of each client, mean of the repeats."""
    return per_client(target, judged(target, margins), costs)["log_loss"].mean(axis=0)


# Stability ----------------------------------------------------------------------------


def _certainty(
    made: Search, home: Home, labelled: Labelled, recipe: Recipe, costs: Costs, *, seed: int
) -> dict[str, Any]:
    """Reasons and sides under models that learned from other samples."""
    row = made.candidate(
        "other samples",
        {"keep": recipe.keep, "seed": seed, **recipe.changed},
        partial(_other_samples, home, labelled, replace(recipe, seed=seed), costs, made.progress),
    )
    return {"stability": row["stability"], "review_zone": row["review_zone"]}


def _other_samples(home: Home, labelled: Labelled, recipe: Recipe, costs: Costs, progress: Progress) -> Row:
    target, matrix, clients = labelled.target, labelled.matrix, labelled.clients
    data = dataset(matrix, target, recipe)
    made = splits(target, assign_folds(target, seed=recipe.seed), seed=recipe.seed)
    found = cross_validate(data, matrix, target, made, recipe, progress=progress)
    served = refit(
        data, matrix, target, recipe, trees=found.mean_trees, ranking_trees=found.mean_ranking_trees
    )
    calibration = fit_beta(found.margin, target)
    policy = Policy(version="release", cutoff=costs.cutoff)
    random = np.random.default_rng(recipe.seed)
    unseen = np.flatnonzero(np.isnan(clients.target))
    # Without enough of them, labelled clients serve: the refit has seen them and agrees the more.
    rows = unseen if len(unseen) >= FEWEST_UNSEEN else clients.labelled
    rows = np.sort(random.permutation(rows)[:DECIDED])
    margin = served.margin(clients.matrix[rows])
    zone = review_zone(
        margin, np.stack([model.margin(clients.matrix[rows]) for model in found.models]), calibration, policy
    )
    told = rows[policy.opinion_codes(calibration.probability(margin)) > 0]
    explained = _explained(
        home, clients, np.sort(random.permutation(told)[:EXPLAINED]), found, calibration, policy
    )
    told_alike = reason_stability(served, found.models, explained, policy)
    seen = len(unseen) < FEWEST_UNSEEN
    return {"stability": {**told_alike, "seen": seen}, "review_zone": {**zone, "seen": seen}}


def _explained(
    home: Home,
    clients: Clients,
    rows: np.ndarray,
    found: CrossValidated,
    calibration: BetaCalibration,
    policy: Policy,
) -> Explained:
    accepted = clients.labelled[~policy.refused(calibration.probability(found.margin))]
    reference = np.random.default_rng(0).permutation(accepted)[:ACCEPTED]
    history = known_history(history_counts(home, clients.ids)[rows])
    return Explained(
        clients.matrix[rows],
        _raw(home, clients.ids[rows]),
        *history,
        accepted=clients.matrix[reference],
        features=clients.features,
    )


def _raw(home: Home, ids: np.ndarray) -> list[dict[str, Any]]:
    """Raw columns of some clients, in the order of their numbers."""
    found: list[dict[str, Any]] = []
    with applications(home) as batches:
        for batch in batches:
            wanted = np.isin(batch["SK_ID_CURR"].to_numpy(), ids)
            found += batch.take(np.flatnonzero(wanted)).to_pylist()
    return found
