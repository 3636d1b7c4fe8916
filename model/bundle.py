"""The bundle: all that the model knows, in one sealed folder, and no client in it.

================  =====================================================================
file              content
================  =====================================================================
booster.txt       LightGBM text model; feature names are positions safe for its format
calibration.json  beta calibration: a, b, c
features.json     true feature names in booster order; missing rates
ranges.npy        float32 (2, k): smallest and largest training value, NaN if never present
vocabulary.json   table → text column → sorted categories
policy.json       default policy
reference.json    reference margin, number of reference clients, medians by feature
reference.npy     float64 (k,): μ
intervals_*.npy   sorted out-of-fold margins (float64) and cumulated defaults (int64)
percentiles.npy   float64 (1001,): quantiles of the out-of-fold probabilities
grades.json       grade table; scale.json: histogram of the scale
population.json   bins of every feature
importance.json   global importance (see `BundleParts.importance`)
dependence.json   effects by bin; dependence.npy: float32 (2, p, 260) sample points
evaluation.json   metrics and curves (see `BundleParts.evaluation`)
golden_rows.npy   float32 (200, k), columns shuffled independently; golden_pds.npy: float64
payment_rates…    .json, optional: bounds of recourse, see `model.recourse`
leaves*.npy       optional: reference of similar files, see `model.neighbours`
drift.json        optional: reference of drift, see `model.drift`
fairness.json     optional: groups and their figures, see `training.fairness`
================  =====================================================================

Optional files join through `BundleParts.extra`: a reader that does not know a listed file ignores
it, and what needs one that is not there says so (`Bundle.evidence`).
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from model.calibration import BetaCalibration, Floats
from model.contributions import Reference
from model.errors import IntegrityError, UnavailableError
from model.features import Reader, Vocabulary, origin
from model.features.application import APPLICATION
from model.policy import Policy
from model.population import Dependences, Population
from model.quality import QualityPlan
from model.reasons import ReasonPlan
from model.score_tables import Disagreement, GradeRow, IntervalTable, Scale
from model.sealed import MANIFEST, file_digest, read_array, read_json, verify_folder

REQUIRED_FILES = frozenset(
    {
        "booster.txt", "calibration.json", "features.json", "ranges.npy", "vocabulary.json", "policy.json",
        "reference.json", "reference.npy", "intervals_margins.npy", "intervals_cumulated.npy",
        "percentiles.npy", "grades.json", "scale.json", "population.json", "importance.json",
        "dependence.json", "dependence.npy", "evaluation.json", "golden_rows.npy", "golden_pds.npy",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Bundle:
    """A verified, loaded bundle; immutable and shared by threads and forked workers.

    Attributes
    ----------
    folder : Path
    digest : str
        SHA-256 of the manifest, without prefix.
    manifest : dict
        ``versions`` holds ``model``, ``run_id``, ``code``, ``data``, ``reasons``,
        ``libraries``, ``trained_at``.
    features : tuple of k str
        True names in booster order; every array below follows this order.
    medians : dict
        Feature → median of the accepted clients, or ``None``; features left out included.
    low, high : float32 (k,)
        Training range.
    missing_rate : float64 (k,)
    intervals, percentiles, grades, scale
        See :mod:`model.score_tables`.
    """

    folder: Path
    digest: str
    manifest: Mapping[str, Any]
    booster: lgb.Booster
    features: tuple[str, ...]
    vocabulary: Vocabulary
    calibration: BetaCalibration
    policy: Policy
    reference: Reference
    medians: Mapping[str, float | None]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    missing_rate: Floats
    intervals: IntervalTable
    percentiles: Floats
    grades: tuple[GradeRow, ...]
    scale: Scale
    population: Population
    dependences: Dependences
    importance: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    golden: NDArray[np.float32]
    golden_pds: Floats
    reader: Reader

    @property
    def versions(self) -> Mapping[str, Any]:
        return self.manifest["versions"]

    @property
    def ranges(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Smallest and largest training value of each feature."""
        return self.low, self.high

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Feature → column."""
        return {name: j for j, name in enumerate(self.features)}

    @cached_property
    def columns_behind(self) -> Mapping[str, frozenset[str]]:
        """Served application feature → raw application columns it reads, those of ratios included."""
        made = ((name, origin(name)) for name in self.features)
        return {
            name: APPLICATION.scope[source.column].columns
            for name, source in made
            if source.table == APPLICATION.table
        }

    @cached_property
    def columns_read(self) -> frozenset[str]:
        """Raw application columns that at least one feature of the model reads, ratios included."""
        return frozenset().union(*self.columns_behind.values())

    def reader_of(self, columns: Collection[str]) -> tuple[NDArray[np.intp], Reader]:
        """Positions of the features that read some raw application columns, and their own reader.

        Made once: many edits of the same few columns cost little.
        """
        wanted = frozenset(columns)
        if wanted not in self._readers:
            names = [name for name, read in self.columns_behind.items() if read & wanted]
            positions = np.array([self.index[name] for name in names], dtype=np.intp)
            self._readers[wanted] = (positions, Reader(self.vocabulary, names))
        return self._readers[wanted]

    @cached_property
    def _readers(self) -> dict[frozenset[str], tuple[NDArray[np.intp], Reader]]:
        return {}

    @cached_property
    def _extras(self) -> dict[str, Any]:
        return {}

    @cached_property
    def reason_plan(self) -> ReasonPlan:
        """What reasons need to know of this model, worked out once."""
        return ReasonPlan(self.features, self.medians)

    @cached_property
    def quality_plan(self) -> QualityPlan:
        """What data quality needs to know of this model, worked out once."""
        return QualityPlan.of(self)

    @cached_property
    def disagreement(self) -> Disagreement | None:
        """How often models trained on other samples decide otherwise; ``None`` where it was not measured."""
        found = self.evaluation.get("disagreement")
        return None if found is None else Disagreement.from_json(found)

    @cached_property
    def base_probability(self) -> float:
        """Probability of default of the typical accepted client."""
        return float(self.calibration.probability(self.reference.margin)[0])

    def margins(self, matrix: NDArray[np.float32]) -> Floats:
        """Raw log-odds of each row, float64 (n,).

        The one definition of a client's score: lists, pages, API, golden rows and
        contributions start from this number, never from the sum of TreeSHAP values (equal to
        about 1e-14 only). A row gives the same bits alone and in any block.
        """
        return raw_log_odds(self.booster, matrix)

    def shap(self, matrix: NDArray[np.float32]) -> Floats:
        """TreeSHAP log-odds of each row, float64 (n, k + 1); the expected value last."""
        return np.asarray(self.booster.predict(_rows(matrix), pred_contrib=True, num_threads=1))

    def probabilities(self, matrix: NDArray[np.float32]) -> Floats:
        """Calibrated probability of default of each row, float64 (n,)."""
        return self.calibration.probability(self.margins(matrix))

    def extra(self, name: str) -> Any:
        """A further file of the manifest, parsed once: array (mapped) or JSON value.

        Raises
        ------
        KeyError
            The bundle holds no such file.
        """
        if name not in self.manifest["files"] or name in REQUIRED_FILES:
            raise KeyError(name)
        if name not in self._extras:
            self._extras[name] = (
                read_array(self.folder, name, mapped=True)
                if name.endswith(".npy")
                else read_json(self.folder, name)
            )
        return self._extras[name]

    def evidence(self, name: str) -> Any:
        """A further file that a service cannot do without.

        Raises
        ------
        UnavailableError
            The bundle was made without it (``no_evidence``).
        """
        try:
            return self.extra(name)
        except KeyError:
            raise UnavailableError(
                f"bundle {self.digest[:12]} holds no {name}: train a new version",
                code="no_evidence",
                part=name,
            ) from None


def load_bundle(path: Path, digest: str | None = None) -> Bundle:
    """Verify a bundle folder and load it.

    Raises
    ------
    IntegrityError
        The folder is not what its manifest says, or lacks a required part.
    """
    manifest = verify_folder(path, digest, kind="bundle")
    lacking = sorted(REQUIRED_FILES - set(manifest["files"]))
    if lacking:
        raise IntegrityError(
            f"{path}: the manifest lists no {lacking[0]}",
            code="folder_refused",
            folder=str(path),
            file=lacking[0],
        )
    features = read_json(path, "features.json")
    names = tuple(features["names"])
    vocabulary = _vocabulary(read_json(path, "vocabulary.json"))
    reference = read_json(path, "reference.json")
    scale = read_json(path, "scale.json")
    dependence = read_json(path, "dependence.json")
    low, high = read_array(path, "ranges.npy")
    bundle = Bundle(
        folder=path,
        digest=digest or _manifest_digest(path),
        manifest=manifest,
        booster=lgb.Booster(model_str=(path / "booster.txt").read_text(encoding="utf-8")),
        features=names,
        vocabulary=vocabulary,
        calibration=BetaCalibration.from_json(read_json(path, "calibration.json")),
        policy=Policy.from_json(read_json(path, "policy.json")),
        reference=Reference(
            mu=read_array(path, "reference.npy"), margin=reference["margin"], clients=reference["clients"]
        ),
        medians=reference["medians"],
        low=low,
        high=high,
        missing_rate=np.array(features["missing_rate"], dtype=np.float64),
        intervals=IntervalTable(
            read_array(path, "intervals_margins.npy", mapped=True),
            read_array(path, "intervals_cumulated.npy", mapped=True),
        ),
        percentiles=read_array(path, "percentiles.npy"),
        grades=tuple(GradeRow(**row) for row in read_json(path, "grades.json")),
        scale=Scale(tuple(scale["counts"]), tuple(scale["defaults"])),
        population=Population.from_json(read_json(path, "population.json")),
        dependences=Dependences(
            dependence["bins"], read_array(path, "dependence.npy", mapped=True), tuple(dependence["order"])
        ),
        importance=read_json(path, "importance.json"),
        evaluation=read_json(path, "evaluation.json"),
        golden=read_array(path, "golden_rows.npy"),
        golden_pds=read_array(path, "golden_pds.npy"),
        reader=Reader(vocabulary, names),
    )
    _check_shapes(bundle)
    # Worked out here, before workers are forked, rather than by the first request of each.
    _ = bundle.index, bundle.reason_plan, bundle.quality_plan, bundle.base_probability
    return bundle


def check_golden(bundle: Bundle) -> None:
    """Score the golden rows and compare bit for bit.

    Raises
    ------
    IntegrityError
        This machine's libraries give other numbers than those of training.
    """
    scored = bundle.probabilities(bundle.golden)
    differing = int((scored != bundle.golden_pds).sum())
    if differing:
        here, there = library_versions(), bundle.versions.get("libraries")
        raise IntegrityError(
            f"bundle {bundle.digest[:12]}: {differing} of {len(scored)} golden rows score differently "
            f"here ({here}) than where it was made ({there}); install those versions or train again",
            code="golden_rows_differ", digest=bundle.digest, here=here, there=there,
        )  # fmt: skip


def library_versions() -> dict[str, str]:
    """Versions that can change a score's bits."""
    return {
        "lightgbm": lgb.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def raw_log_odds(booster: lgb.Booster, matrix: NDArray[np.float32]) -> Floats:
    """What :meth:`Bundle.margins` gives, of a booster that is in no bundle yet."""
    return np.asarray(booster.predict(_rows(matrix), raw_score=True, num_threads=1))


def _rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(matrix, dtype=np.float32)


def _vocabulary(data: Mapping[str, Mapping[str, list[str]]]) -> Vocabulary:
    return {t: {c: tuple(values) for c, values in columns.items()} for t, columns in data.items()}


def _manifest_digest(path: Path) -> str:
    return file_digest(path / MANIFEST)


def _check_shapes(bundle: Bundle) -> None:
    k = len(bundle.features)
    shapes = (bundle.reference.mu.shape, bundle.low.shape, bundle.missing_rate.shape, bundle.golden.shape[1:])
    if bundle.booster.num_feature() != k or any(shape != (k,) for shape in shapes):
        raise IntegrityError(f"bundle {bundle.digest[:12]}: parts disagree on the number of features",
                             code="bundle_invalid")  # fmt: skip
