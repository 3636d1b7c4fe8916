"""The kernel as it was, trained beside the champion: what each exclusion, constraint and pruning costs.

``kernel-replica`` reads the kernel's whole matrix, sex and age included, in the same folds and
with the same parameters. It is registered under the alias ``challenger`` for comparison alone: it
has no bundle, and no command ever puts it in force (L9).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import mlflow
import mlflow.lightgbm
import numpy as np

from model.bundle import library_versions
from model.features import is_kernel
from model.home import Home
from model.version import code_version
from training.boosting import PARAMETERS, CrossValidated, Recipe, cross_validate, dataset, refit
from training.calibrate import fit_beta
from training.dataset import Clients, lake_digest, read_clients
from training.evaluation import Costs, Estimate, flat, plain
from training.experiment import measure
from training.folds import assign_folds, splits
from training.lock import exclusive
from training.progress import Progress, silent
from training.record import log_out_of_fold, signature
from training.tracking import Tracking, connected
from training.versions import CHALLENGER, MODEL, OOF_TAG

REPLICA = "kernel-replica"
ROLE = "comparison"


@dataclass(frozen=True, slots=True)
class Replica:
    """What was trained.

    Attributes
    ----------
    clients : all clients of the lake with the kernel's features
    outcome, assigned : (n,) of the labelled clients
    cross_validated : out of fold
    booster : refitted on all labels, not calibrated
    metrics : out of fold, with intervals
    """

    clients: Clients
    recipe: Recipe
    outcome: np.ndarray
    assigned: np.ndarray
    cross_validated: CrossValidated
    booster: lgb.Booster
    costs: Costs
    metrics: Mapping[str, Estimate]


def train_challenger(home: Home, *, seed: int = 0, progress: Progress = silent) -> str:
    """Train the replica, register it, give it the alias ``challenger``.

    Parameters
    ----------
    home : its ``features.parquet`` is read
    seed : of folds and trees; with the champion's seed, the champion's folds
    progress : one line a fold

    Returns
    -------
    Number of the version.

    Raises
    ------
    UnavailableError
        No matrix, MLflow does not answer, or another command holds the home.
    """
    with exclusive(home, "challenger"):
        replica = make_replica(read_clients(home, wanted=is_kernel), seed=seed, progress=progress)
        with (
            connected(home) as tracking,
            tempfile.TemporaryDirectory(dir=home.root, prefix=".training-") as folder,
        ):
            return _record(tracking, Path(folder), replica, data=lake_digest(home))


def make_replica(clients: Clients, *, seed: int, progress: Progress) -> Replica:
    """Train it: no exclusion, no constraint, no pruning."""
    labelled = clients.labelled
    matrix, outcome = clients.matrix[labelled], clients.target[labelled].astype(np.int8)
    recipe = Recipe(clients.features, (0,) * len(clients.features), seed)
    assigned = assign_folds(outcome, seed=seed)
    data = dataset(matrix, outcome, recipe)
    found = cross_validate(
        data, matrix, outcome, splits(outcome, assigned, seed=seed), recipe, progress=progress
    )
    costs = Costs.theoretical()
    metrics, _ = measure(found.margin, outcome, fit_beta(found.margin, outcome), costs, seed=seed)
    progress(f"{REPLICA}, out of fold: AUC {metrics['auc']}")
    booster = refit(data, matrix, outcome, recipe, trees=found.mean_trees).booster
    return Replica(clients, recipe, outcome, assigned, found, booster, costs, metrics)


def _record(tracking: Tracking, folder: Path, replica: Replica, *, data: str) -> str:
    """Run, out-of-fold table and version; the alias moves last."""
    client = tracking.client
    with mlflow.start_run(experiment_id=tracking.experiment_id, run_name=f"{REPLICA}-{data[:8]}"):
        mlflow.set_tags({"data": data, "code": code_version(), "role": ROLE})
        mlflow.log_params(
            {
                **PARAMETERS,
                "seed": replica.recipe.seed,
                "trees": replica.cross_validated.mean_trees,
                "features": len(replica.recipe.features),
                "constrained_features": 0,
                "labelled_clients": len(replica.outcome),
                "cutoff": replica.costs.cutoff,
                "cost_fn": replica.costs.fn,
                "cost_fp": replica.costs.fp,
            }
        )
        mlflow.log_metrics(flat(replica.metrics))
        mlflow.log_dict({"metrics": plain(replica.metrics)}, "evaluation.json")
        digest = log_out_of_fold(
            folder,
            {
                "SK_ID_CURR": replica.clients.ids[replica.clients.labelled],
                "TARGET": replica.outcome,
                "fold": replica.assigned,
                "margin": replica.cross_validated.margin,
            },
        )
        version = _register(replica)
    client.set_model_version_tag(MODEL, version, OOF_TAG, digest)
    client.set_model_version_tag(MODEL, version, "role", ROLE)
    client.set_registered_model_alias(MODEL, CHALLENGER, version)
    return version


def _register(replica: Replica) -> str:
    """LightGBM's own text, no pickle; the signature is what L9 reads."""
    logged = mlflow.lightgbm.log_model(
        replica.booster,
        name=REPLICA,
        signature=signature(replica.recipe.features),
        pip_requirements=[f"lightgbm=={library_versions()['lightgbm']}"],
        registered_model_name=MODEL,
    )
    return str(logged.registered_model_version)
