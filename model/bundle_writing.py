"""Makes a bundle of what training hands over: checked, then sealed. What is in it: :mod:`model.bundle`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from model.bundle import REQUIRED_FILES, library_versions, raw_log_odds
from model.calibration import BetaCalibration, Floats
from model.contributions import Reference
from model.errors import IntegrityError
from model.features import Vocabulary
from model.policy import Policy
from model.population import Dependences, Population
from model.score_tables import ScoreTables, grades_as_json
from model.sealed import SealedWriter
from model.version import code_version

GOLDEN_ROWS = 200


@dataclass(frozen=True, slots=True)
class BundleParts:
    """What training hands over; :func:`write_bundle` checks it and makes the folder.

    Attributes
    ----------
    booster : str
        ``booster.model_to_string()`` of the refitted booster.
    features : tuple of k str
        True names (those of the matrix) in the booster's column order.
    vocabulary : Vocabulary
    calibration : BetaCalibration
        Fitted on the out-of-fold margins.
    policy : Policy
        Default policy, version ``P-1``.
    reference : Reference
        ``Reference.of(bundle_shap_of_reference_clients)``.
    medians : mapping
        Feature → median over the reference clients; ``None`` when none has a value. Features that
        the model left out may be named too.
    low, high : float32 (k,)
        Smallest and largest value in training, NaN when the column is empty.
    missing_rate : float64 (k,)
        Share of training rows without a value.
    scores : ScoreTables
        ``ScoreTables.of(oof_margins, outcomes, calibration=…, policy=…)``.
    population : Population
        ``build_population(…)`` over all clients of the lake.
    dependences : Dependences
        ``build_dependences(…)`` over at most 20,000 random clients.
    importance : mapping
        ``{"clients": n, "codes": {code: row}, "themes": {theme: row}, "features": {name: row}}``
        with ``row = {"mean": float, "folds": [float, …]}``: mean absolute contribution in
        probability, and the same within each fold's out-of-fold booster.
    evaluation : mapping
        ``{"clients", "defaults", "metrics": {name: {"value", "low", "high"}}, "folds":
        {name: [float, …]}, "roc": {"fpr", "tpr", "threshold"} (≤ 200 points),
        "calibration": [{"low", "high", "n", "predicted", "observed", "observed_low",
        "observed_high"}], …}``; further keys are welcome.
    golden : float32 (200, k)
        :func:`golden_rows` of the training matrix.
    extra : mapping
        Further files: name → array (``.npy``) or JSON-able value (``.json``).
    """

    booster: str
    features: tuple[str, ...]
    vocabulary: Vocabulary
    calibration: BetaCalibration
    policy: Policy
    reference: Reference
    medians: Mapping[str, float | None]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    missing_rate: Floats
    scores: ScoreTables
    population: Population
    dependences: Dependences
    importance: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    golden: NDArray[np.float32]
    extra: Mapping[str, Any] = field(default_factory=dict)


def golden_rows(matrix: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float32]:
    """200 rows whose columns are drawn independently of each other, so that none is a client.

    Parameters
    ----------
    matrix : float32 (n, k)

    Returns
    -------
    float32 (200, k)
    """
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(matrix), size=(GOLDEN_ROWS, matrix.shape[1]))
    return np.ascontiguousarray(np.take_along_axis(matrix, picks, axis=0), dtype=np.float32)


def write_bundle(parent: Path, parts: BundleParts, *, versions: Mapping[str, Any]) -> Path:
    """Seal `parts` into ``parent/<digest>``; all or nothing.

    Parameters
    ----------
    parent : Path
        Usually ``home.bundles``, or a temporary folder whose content is then logged.
    versions : mapping
        ``model`` (registry version), ``run_id``, ``data``, ``trained_at``, …; ``code`` and
        ``libraries`` are added.

    Returns
    -------
    Path
        The folder. Equal parts and versions give the same digest.
    """
    booster = lgb.Booster(model_str=parts.booster)
    _check_parts(parts, booster)
    golden_pds = parts.calibration.probability(raw_log_odds(booster, parts.golden))
    with SealedWriter(parent) as writer:
        writer.file("booster.txt").write_text(parts.booster, encoding="utf-8")
        writer.json("calibration.json", parts.calibration.as_json())
        writer.json("features.json", {"names": parts.features, "missing_rate": list(parts.missing_rate)})
        writer.array("ranges.npy", np.stack([parts.low, parts.high]).astype(np.float32))
        writer.json("vocabulary.json", {t: dict(columns) for t, columns in parts.vocabulary.items()})
        writer.json("policy.json", parts.policy.as_json())
        writer.json(
            "reference.json",
            {
                "margin": parts.reference.margin,
                "clients": parts.reference.clients,
                "medians": dict(parts.medians),
            },
        )
        writer.array("reference.npy", parts.reference.mu)
        writer.array("intervals_margins.npy", parts.scores.intervals.margins)
        writer.array("intervals_cumulated.npy", parts.scores.intervals.cumulated)
        writer.array("percentiles.npy", parts.scores.percentiles)
        writer.json("grades.json", grades_as_json(parts.scores.grades))
        writer.json(
            "scale.json", {"counts": parts.scores.scale.counts, "defaults": parts.scores.scale.defaults}
        )
        writer.json("population.json", parts.population.as_json())
        writer.json("importance.json", parts.importance)
        writer.json("dependence.json", {"order": parts.dependences.order, "bins": parts.dependences.bins})
        writer.array("dependence.npy", parts.dependences.points)
        writer.json("evaluation.json", parts.evaluation)
        writer.array("golden_rows.npy", parts.golden)
        writer.array("golden_pds.npy", golden_pds)
        for name, value in parts.extra.items():
            if name.endswith(".npy"):
                writer.array(name, value)
            else:
                writer.json(name, value)
        stamped = {**versions, "code": code_version(), "libraries": library_versions()}
        return writer.seal({"kind": "bundle", "versions": stamped})


def _check_parts(parts: BundleParts, booster: lgb.Booster) -> None:
    k = len(parts.features)
    laws = {
        f"booster reads {booster.num_feature()} columns, features name {k}": booster.num_feature() == k,
        "feature names are not unique": len(set(parts.features)) == k,
        "reference μ is not k finite numbers": parts.reference.mu.shape == (k,)
        and bool(np.isfinite(parts.reference.mu).all()),
        "ranges do not have k columns": parts.low.shape == (k,) and parts.high.shape == (k,),
        "missing rates are not k": parts.missing_rate.shape == (k,),
        f"golden rows are not {GOLDEN_ROWS} × k": parts.golden.shape == (GOLDEN_ROWS, k),
        "medians do not name every feature": set(parts.features) <= set(parts.medians),
        "an extra file is not named *.npy or *.json": all(
            name.endswith((".npy", ".json")) and name not in REQUIRED_FILES for name in parts.extra
        ),
    }
    for law, holds in laws.items():
        if not holds:
            raise IntegrityError(f"bundle parts disagree: {law}", code="bundle_invalid")
