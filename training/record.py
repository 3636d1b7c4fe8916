"""One training in MLflow: run, figures, model version, bundle."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from model.bundle import library_versions
from model.bundle_writing import BundleParts, write_bundle
from model.neighbours import reference_sample
from model.reasons import CATALOGUE_VERSION
from model.version import code_version
from training.boosting import PARAMETERS
from training.evaluation import Estimate, flat
from training.experiment import Experiment
from training.figures import figures
from training.progress import Progress
from training.registry import settle_aliases
from training.tracking import Tracking
from training.versions import BUNDLE_ARTIFACT, BUNDLE_TAG, MODEL, OOF_ARTIFACT, OOF_TAG

_ROOT = Path(__file__).resolve().parent.parent
_EXAMPLE_ROWS = 3


@dataclass(frozen=True, slots=True)
class Trained:
    """A registered version.

    Attributes
    ----------
    version : number in the registry
    run_id : MLflow run
    bundle : digest
    alias : ``champion`` or ``candidate``
    metrics : out of fold, with intervals
    """

    version: str
    run_id: str
    bundle: str
    alias: str
    metrics: Mapping[str, Estimate]

    def __str__(self) -> str:
        return (
            f"credit-scoring version {self.version} ({self.alias}), bundle {self.bundle[:12]}, "
            f"AUC {self.metrics['auc']}"
        )


def record(
    tracking: Tracking,
    folder: Path,
    experiment: Experiment,
    parts: BundleParts,
    *,
    data: str,
    progress: Progress,
) -> Trained:
    """Log a training and register its version.

    The version's number is taken first, because the bundle carries it and cannot change
    afterwards; the version counts only once its tags name the bundle, the last step.

    Parameters
    ----------
    tracking : connected MLflow
    folder : empty working folder
    experiment, parts : what was trained and what will be served
    data : digest of the lake
    """
    client = tracking.client
    with mlflow.start_run(experiment_id=tracking.experiment_id, run_name=f"champion-{data[:8]}") as run:
        run_id = run.info.run_id
        mlflow.set_tags({"data": data, "code": code_version(), "reasons": CATALOGUE_VERSION})
        mlflow.log_params(_parameters(experiment))
        client.log_batch(run_id, metrics=_metrics(experiment))
        for name, figure in figures(
            experiment.evaluation, experiment.metrics, experiment.costs, parts.importance
        ).items():
            mlflow.log_figure(figure, f"figures/{name}")
        mlflow.log_dict(dict(experiment.evaluation), "evaluation.json")
        oof_digest = log_out_of_fold(folder, _out_of_fold(experiment))
        logged = client.create_logged_model(tracking.experiment_id, name=MODEL, source_run_id=run_id)
        version = _reserve_version(tracking, run_id, logged.model_id)
        bundle = write_bundle(
            folder / "bundles",
            parts,
            versions={
                "model": version,
                "run_id": run_id,
                "data": data,
                "reasons": CATALOGUE_VERSION,
                "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        _log_model(folder, bundle, parts, logged.model_id)
    client.set_model_version_tag(MODEL, version, OOF_TAG, oof_digest)
    client.set_model_version_tag(MODEL, version, BUNDLE_TAG, bundle.name)
    alias = settle_aliases(client, version)
    progress(f"registered {MODEL} version {version} ({alias})")
    return Trained(version, run_id, bundle.name, alias, experiment.metrics)


def _reserve_version(tracking: Tracking, run_id: str, model_id: str) -> str:
    client = tracking.client
    if not client.search_registered_models(filter_string=f"name = '{MODEL}'"):
        client.create_registered_model(MODEL)
    made = client.create_model_version(MODEL, f"models:/{model_id}", run_id, model_id=model_id)
    return str(made.version)


def _log_model(folder: Path, bundle: Path, parts: BundleParts, model_id: str) -> None:
    """Log the bundle as a model from code: it travels with the arithmetic that reads it."""
    # The sealed folder is read-only; MLflow moves what it logs.
    plain = folder / BUNDLE_ARTIFACT.rsplit("/", 1)[1]
    plain.mkdir()
    for file in bundle.iterdir():
        shutil.copyfile(file, plain / file.name)
    libraries = library_versions()
    example = pd.DataFrame(parts.golden[:_EXAMPLE_ROWS].astype(np.float64), columns=list(parts.features))
    mlflow.pyfunc.log_model(
        name=MODEL,
        model_id=model_id,
        python_model=str(_ROOT / "training" / "bundle_model.py"),
        code_paths=[str(_ROOT / "model")],
        artifacts={"bundle": str(plain)},
        signature=signature(parts.features),
        input_example=example,
        pip_requirements=[
            f"mlflow=={mlflow.__version__}",
            f"lightgbm=={libraries['lightgbm']}",
            f"numpy=={libraries['numpy']}",
            f"pandas=={pd.__version__}",
            f"pyarrow=={pa.__version__}",
            "sqlglot",
            "babel",
        ],
    )


def signature(features: tuple[str, ...]) -> ModelSignature:
    """Every feature a double that may be missing: `double` takes float32, float64 and null."""
    return ModelSignature(
        Schema([ColSpec(DataType.double, name, required=True) for name in features]),
        Schema([ColSpec(DataType.double)]),
    )


def log_out_of_fold(folder: Path, columns: Mapping[str, np.ndarray]) -> str:
    """Keep a table by client with the run that is active, for books and paired comparisons.

    Parameters
    ----------
    folder : to write it before it is logged
    columns : ``SK_ID_CURR``, ``TARGET``, ``fold``, ``margin`` and others, one row a client

    Returns
    -------
    SHA-256 of the file.
    """
    path = folder / OOF_ARTIFACT.rsplit("/", 1)[1]
    pq.write_table(pa.table(dict(columns)), path, compression="zstd")
    mlflow.log_artifact(str(path), OOF_ARTIFACT.rsplit("/", 1)[0])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _out_of_fold(experiment: Experiment) -> dict[str, np.ndarray]:
    """Fold and margin of each labelled client, and his row among the bundle's leaves."""
    sample = reference_sample(len(experiment.outcome), seed=experiment.recipe.seed)
    reference_row = np.full(len(experiment.outcome), -1, dtype=np.int32)
    reference_row[sample] = np.arange(len(sample))
    return {
        "SK_ID_CURR": experiment.clients.ids[experiment.clients.labelled],
        "TARGET": experiment.outcome,
        "fold": experiment.assigned,
        "margin": experiment.cross_validated.margin,
        # The bundle's leaves name nobody: this alone says which row is whose.
        "reference_row": reference_row,
    }


def _parameters(experiment: Experiment) -> dict[str, Any]:
    calibration, policy = experiment.calibration, experiment.policy
    recipe, served = experiment.recipe, experiment.clients
    return {
        **PARAMETERS,
        **recipe.changed,
        "seed": recipe.seed,
        "trees": experiment.cross_validated.mean_trees,
        "trees_by_fold": list(experiment.cross_validated.trees),
        "candidate_features": len(recipe.features),
        "keep": recipe.keep if recipe.prunes else "all",
        "recipe_from": experiment.chosen.source or "code",
        "features": len(served.features),
        "constrained_features": sum(direction != 0 for direction in served.directions),
        "labelled_clients": len(experiment.outcome),
        "calibration": f"beta a={calibration.a:.6g} b={calibration.b:.6g} c={calibration.c:.6g}",
        "cutoff": policy.cutoff,
        "cost_fn": policy.cost_fn,
        "cost_fp": policy.cost_fp,
        "warnings": "; ".join(experiment.warnings) or "none",
    }


def _metrics(experiment: Experiment) -> list[Metric]:
    """Overall metrics at step 0; ``fold_*`` with one step a fold."""
    now = int(time.time() * 1000)
    found = _at_step(flat(experiment.metrics), 0, now)
    for number, fold in enumerate(experiment.fold_metrics, start=1):
        found += _at_step(flat(fold, rename=lambda name: f"fold_{name}"), number, now)
    return found


def _at_step(values: Mapping[str, float], step: int, now: int) -> list[Metric]:
    return [Metric(name, value, now, step) for name, value in values.items()]
