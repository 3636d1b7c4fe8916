"""From a cross-validated recipe to the parts of a bundle: everything a page will read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

from model.bundle_writing import BundleParts, golden_rows
from model.calibration import BetaCalibration
from model.contributions import Reference, contributions
from model.dictionary import CODES, entry
from model.drift import DRIFT, NO_REASON, DriftReference
from model.features import origin
from model.policy import Policy
from model.population import build_dependences, build_population, one_hot_groups
from model.reasons import NO_CODE, ReasonPlan
from model.score_tables import ScoreTables
from training.dataset import Clients
from training.experiment import Experiment
from training.history import known_history
from training.importance import Sizes, as_tables, margins, own_contributions, shap, sizes
from training.progress import Progress

REFERENCE_CLIENTS = 20_000
IMPORTANCE_CLIENTS = 20_000
FOLD_CLIENTS = 1_500


def make_parts(
    experiment: Experiment,
    counts: np.ndarray,
    vocabulary: Mapping[str, Any],
    *,
    texts: Mapping[str, np.ndarray],
    progress: Progress,
) -> BundleParts:
    """Explain the refitted booster and gather the bundle.

    Parameters
    ----------
    experiment : what was trained and measured
    counts : (n, 6) rows of history of all clients
    vocabulary : categories of the text columns
    texts : raw text columns of the labelled clients, in their order
    """
    clients, seed = experiment.clients, experiment.recipe.seed
    booster, calibration, policy = experiment.served.booster, experiment.calibration, experiment.policy
    cross_validated = experiment.cross_validated
    labelled = clients.labelled
    oof_pd = calibration.probability(cross_validated.margin)
    accepted = labelled[~policy.refused(oof_pd)]
    random = np.random.default_rng(seed)
    reference_rows = random.permutation(accepted)[:REFERENCE_CLIENTS]
    sampled = random.permutation(len(clients.ids))[:IMPORTANCE_CLIENTS]
    candidates = experiment.candidates
    medians = _medians(candidates.matrix[reference_rows], candidates.features)
    plan = ReasonPlan(clients.features, medians)

    reference, effects = _explain(booster, clients.matrix, reference_rows, sampled, calibration)
    progress(f"explained {len(sampled):,} clients against {len(reference_rows):,} accepted ones")
    population = build_population(
        clients.matrix,
        clients.features,
        clients.target,
        groups=one_hot_groups((feature, origin(feature)) for feature in candidates.features),
        unit_of=lambda feature: entry(feature).unit,
    )
    dependences = build_dependences(population, clients.features, clients.matrix[sampled], effects, seed=seed)
    progress(f"population: {len(population.names)} entries")
    rows = random.permutation(labelled)[:FOLD_CLIENTS]
    folds = _fold_importance(experiment, counts, rows, np.isin(rows, accepted))
    progress("importance within each fold")
    by_code = _by_code(plan, effects, clients, counts, sampled)
    whole = sizes(effects, by_code)
    known = clients.matrix[labelled]
    drift = _drift_reference(
        plan,
        clients,
        counts,
        sampled,
        by_code,
        effects,
        oof_pd=oof_pd,
        policy=policy,
        texts=texts,
        importance=dict(zip(CODES, whole.codes.tolist(), strict=True)),
    )
    return BundleParts(
        booster=booster.model_to_string(),
        features=clients.features,
        vocabulary=vocabulary,
        calibration=calibration,
        policy=policy,
        reference=reference,
        medians=medians,
        low=_extreme(known, np.fmin),
        high=_extreme(known, np.fmax),
        missing_rate=np.isnan(known).mean(axis=0),
        scores=ScoreTables.of(
            cross_validated.margin,
            clients.target[labelled].astype(np.int64),
            calibration=calibration,
            policy=policy,
        ),
        population=population,
        dependences=dependences,
        importance=as_tables(whole, folds, clients.features, len(sampled)),
        evaluation=experiment.evaluation,
        golden=golden_rows(known, seed=seed),
        extra={DRIFT: drift.as_json()},
    )


def _fold_importance(
    experiment: Experiment, counts: np.ndarray, rows: np.ndarray, accepted: np.ndarray
) -> list[Sizes]:
    """Importance within each fold's model, which keeps features of its own.

    A feature that a fold did not keep weighs nothing there; one that only folds keep still
    counts in the code that it speaks for.
    """
    candidates, served = experiment.candidates, experiment.served.columns
    matrix, history = candidates.matrix[rows], known_history(counts[rows])
    found = []
    for model in experiment.cross_validated.models:
        own = np.ascontiguousarray(matrix[:, model.columns])
        parts = own_contributions(model.booster, own, accepted, experiment.calibration)
        plan = ReasonPlan([candidates.features[column] for column in model.columns], {})
        whole = np.zeros((len(rows), len(candidates.features)))
        whole[:, model.columns] = parts
        found.append(sizes(whole[:, served], plan.code_sums(parts, own, *history)))
    return found


def _drift_reference(
    plan: ReasonPlan,
    clients: Clients,
    counts: np.ndarray,
    sampled: np.ndarray,
    by_code: np.ndarray,
    effects: np.ndarray,
    *,
    oof_pd: np.ndarray,
    policy: Policy,
    texts: Mapping[str, np.ndarray],
    importance: Mapping[str, float],
) -> DriftReference:
    """Score and features of all labelled clients; contributions of the labelled ones explained."""
    labelled = clients.labelled
    opinions = policy.opinion_codes(oof_pd)
    learned = np.flatnonzero(~np.isnan(clients.target[sampled]))
    places = np.searchsorted(labelled, sampled[learned])
    told = learned[opinions[places] > 0]
    rows, own = sampled[told], places[opinions[places] > 0]
    # The contributions are log-odds times a positive number a client: the same order of codes.
    first, _ = plan.first_codes(
        effects[told],
        clients.matrix[rows],
        *known_history(counts[rows]),
        application={name: values[own].tolist() for name, values in texts.items()},
        min_share=policy.min_reason_share,
    )
    return DriftReference.of(
        default_probability=oof_pd,
        opinion_codes=opinions,
        matrix=clients.matrix[labelled],
        features=clients.features,
        code_sums=by_code[learned],
        codes=plan.codes,
        first_reasons=[NO_REASON if code == NO_CODE else plan.codes[code] for code in first.tolist()],
        importance=importance,
    )


def _explain(
    booster: lgb.Booster,
    matrix: np.ndarray,
    reference_rows: np.ndarray,
    sampled: np.ndarray,
    calibration: BetaCalibration,
) -> tuple[Reference, np.ndarray]:
    """Reference of the accepted clients, and the contributions of the sampled ones against it.

    Most sampled clients are reference clients too: TreeSHAP runs once on their union.
    """
    rows = np.union1d(reference_rows, sampled)
    phi = shap(booster, matrix[rows])
    reference = Reference.of(phi[np.searchsorted(rows, reference_rows)])
    explained = contributions(
        phi[np.searchsorted(rows, sampled)],
        reference,
        calibration,
        margin=margins(booster, matrix[sampled]),
    )
    return reference, explained.parts


def _by_code(
    plan: ReasonPlan, parts: np.ndarray, clients: Clients, counts: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Contributions of some clients summed by code, (n, 41)."""
    has_bureau, has_previous = known_history(counts[rows])
    return plan.code_sums(parts, clients.matrix[rows], has_bureau, has_previous)


def _medians(matrix: np.ndarray, features: tuple[str, ...]) -> dict[str, float | None]:
    """Median of each feature over the reference clients; ``None`` when none has a value."""
    medians: dict[str, float | None] = {}
    for position, feature in enumerate(features):
        column = matrix[:, position]
        present = column[~np.isnan(column)]
        medians[feature] = float(np.median(present.astype(np.float64))) if len(present) else None
    return medians


def _extreme(matrix: np.ndarray, of: np.ufunc) -> np.ndarray:
    """Smallest or largest value of each column, NaN where all are missing."""
    return np.asarray(of.reduce(matrix, axis=0), dtype=np.float32)
