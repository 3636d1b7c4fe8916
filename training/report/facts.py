"""Everything that the papers say, read from the champion's run, its bundle and the newest searches.

A paper types no figure. What is missing is named with the command that makes it: without the
comparison and the table of imbalance there is no note; without tuning or a release the note
says that these were not run on these data.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from mlflow.tracking import MlflowClient

from model.bundle import Bundle, load_bundle
from model.contributions import contributions
from model.dictionary import CODES
from model.errors import IntegrityError, UnavailableError
from model.home import Home
from training.dataset import lake_digest
from training.history import history_counts, known_history
from training.registry import BUNDLE_TAG, CHAMPION, MODEL
from training.searches import newest
from training.tracking import connected

NEEDED = ("comparison", "imbalance")
"""Searches without which there is no note."""

COMMAND = "python -m training compare-imbalance"
"""Runs both."""

OPTIONAL = ("tuning", "release")
EXPLAINED = 3_000
"""Clients over whom the mean explanation of a refused file is taken, at most."""

_FEWEST_UNSEEN = 200


@dataclass(frozen=True, slots=True)
class MeanFile:
    """The mean of many files on the refuse side: an aggregate that adds up as one file does.

    Attributes
    ----------
    clients : files explained on the refuse side
    unseen : none of them has a known outcome, so that the model has not learned from them
    base, default_probability : of the typical accepted client; mean of the files
    codes : reason code → mean contribution, in probability
    """

    clients: int
    unseen: bool
    base: float
    default_probability: float
    codes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found.

    Attributes
    ----------
    params, evaluation : of the champion's run
    bundle : of its version
    searches : kind → newest ``result.json`` on the same data, or ``None``
    manifest : of the lake: tables, rows, whether it is fictional
    refused : mean file on the refuse side
    """

    params: Mapping[str, str]
    evaluation: Mapping[str, Any]
    bundle: Bundle
    searches: Mapping[str, dict[str, Any] | None]
    manifest: Mapping[str, Any]
    refused: MeanFile

    @property
    def made_at(self) -> datetime:
        """When the champion was trained: the date of the papers."""
        return datetime.fromisoformat(self.bundle.versions["trained_at"])

    @property
    def fictional(self) -> bool:
        return bool(self.manifest.get("fictional"))

    def metric(self, name: str) -> dict[str, float]:
        """Value, low and high of a metric of the run."""
        return dict(self.evaluation["metrics"][name])

    def needed(self, kind: str) -> dict[str, Any]:
        """A search that was checked to be there."""
        found = self.searches[kind]
        assert found is not None
        return found


def read_facts(home: Home) -> Facts:
    """Read the champion's run and the searches of its data.

    Raises
    ------
    UnavailableError
        No champion, no bundle of it here, or no comparison on its data: the message names the command.
    IntegrityError
        The run, the bundle and the lake are not of one training.
    """
    with connected(home) as tracking:
        client = tracking.client
        version = _champion(client)
        run = client.get_run(str(version.run_id))
        data = run.data.tags["data"]
        searches = {kind: newest(tracking, kind, data=data) for kind in (*NEEDED, *OPTIONAL)}
        for kind in NEEDED:
            if searches[kind] is None:
                raise UnavailableError(
                    f"no {kind} was run on the champion's data: run `{COMMAND}` first", code=f"no_{kind}"
                )
        with tempfile.TemporaryDirectory() as folder:
            path = client.download_artifacts(run.info.run_id, "evaluation.json", folder)
            evaluation = json.loads(Path(path).read_text(encoding="utf-8"))
    digest = version.tags.get(BUNDLE_TAG, "")
    folder_of_bundle = home.bundles / digest
    if not digest or not folder_of_bundle.exists():
        raise UnavailableError(
            "the champion's bundle is not here: run `python -m training pull` first", code="no_bundle_here"
        )
    bundle = load_bundle(folder_of_bundle, digest)
    if dict(bundle.evaluation["metrics"]) != dict(evaluation["metrics"]):
        raise IntegrityError("the champion's run and its bundle hold other figures", code="run_differs")
    if lake_digest(home) != data:
        raise IntegrityError(
            "the lake was ingested again since the champion was trained: run `python -m training run` first",
            code="lake_differs",
        )
    return Facts(
        params=run.data.params,
        evaluation=evaluation,
        bundle=bundle,
        searches=searches,
        manifest=json.loads((home.lake / "manifest.json").read_text(encoding="utf-8")),
        refused=mean_refused(home, bundle),
    )


def _champion(client: MlflowClient) -> Any:
    registered = client.search_registered_models(filter_string=f"name = '{MODEL}'")
    alias = registered and client.get_registered_model(MODEL).aliases.get(CHAMPION)
    if not alias:
        raise UnavailableError(
            f"there is no champion of {MODEL}: run `python -m training run` first", code="no_champion"
        )
    return client.get_model_version(MODEL, str(alias))


def mean_refused(home: Home, bundle: Bundle) -> MeanFile:
    """Mean contributions of the files on the refuse side: an aggregate, no file of anybody.

    Clients without a known outcome serve where there are enough: the model has not learned
    from them. Contributions add up file by file, so their means add up too.
    """
    table = pq.read_table(home.features, columns=["SK_ID_CURR", "TARGET", *bundle.features])
    unknown = np.asarray(table["TARGET"].is_null())
    unseen = int(unknown.sum()) >= _FEWEST_UNSEEN
    rows = np.flatnonzero(unknown if unseen else ~unknown)
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:EXPLAINED])
    part = table.take(rows)
    matrix = np.column_stack([part[name].to_numpy().astype(np.float32) for name in bundle.features])
    margin = bundle.margins(matrix)
    probability = bundle.calibration.probability(margin)
    refused = bundle.policy.refused(probability)
    if not refused.any():
        return MeanFile(0, unseen, bundle.base_probability, bundle.base_probability, {})
    found = contributions(
        bundle.shap(matrix[refused]), bundle.reference, bundle.calibration, margin=margin[refused]
    )
    ids = part["SK_ID_CURR"].to_numpy()[refused]
    sums = bundle.reason_plan.code_sums(
        found.parts, matrix[refused], *known_history(history_counts(home, ids))
    )
    means = dict(zip(CODES, sums.mean(axis=0).tolist(), strict=True))
    return MeanFile(
        clients=int(refused.sum()),
        unseen=unseen,
        base=bundle.base_probability,
        default_probability=float(probability[refused].mean()),
        codes=means,
    )
