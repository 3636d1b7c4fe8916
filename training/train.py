"""The train command: from the matrix to a registered version with its bundle."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.home import Home
from training.dataset import lake_digest, read_clients
from training.evidence import make_evidence, read_labelled
from training.experiment import run_experiment
from training.export import make_parts
from training.history import history_counts
from training.lock import exclusive
from training.matrix import read_vocabulary
from training.progress import Progress, silent
from training.recipe import read_recipe
from training.record import Trained, record
from training.searches import newest
from training.tracking import Tracking, connected
from training.versions import KIND_RELEASE, RELEASE


def train(home: Home, *, seed: int = 0, progress: Progress = silent) -> Trained:
    """Train, evaluate, register; the first version becomes champion.

    Parameters
    ----------
    home : its ``features.parquet``, vocabulary and lake are read
    seed : of folds, bagging, draws and samples; the same seed and data give the same bundle
        but for its version number and date
    progress : receives one line per phase

    Raises
    ------
    UnavailableError
        No matrix, MLflow does not answer, or another command holds the home.
    InputError
        ``recipe.json`` is not a recipe.
    """
    with exclusive(home, "train"):
        candidates, chosen = read_clients(home), read_recipe(home)
        labelled = read_labelled(home, candidates.ids[candidates.labelled])
        experiment = run_experiment(
            candidates, labelled.numbers["AMT_CREDIT"], chosen, seed=seed, progress=progress
        )
        parts = make_parts(
            experiment,
            history_counts(home, candidates.ids),
            read_vocabulary(home),
            texts=labelled.texts,
            progress=progress,
        )
        parts = replace(parts, extra={**parts.extra, **make_evidence(experiment, labelled)})
        with (
            connected(home) as tracking,
            tempfile.TemporaryDirectory(dir=home.root, prefix=".training-") as folder,
        ):
            data = lake_digest(home)
            parts = replace(parts, extra={**parts.extra, **_release(tracking, data)})
            return record(tracking, Path(folder), experiment, parts, data=data, progress=progress)


def _release(tracking: Tracking, data: str) -> dict[str, Any]:
    """Result of the newest release on the same data, for the model card; empty without one."""
    found = newest(tracking, KIND_RELEASE, data=data)
    return {} if found is None else {RELEASE: found}
