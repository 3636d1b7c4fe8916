"""Weights and resampling against the model as it is: one table, inside the folds.

Every treatment changes the rows that grow the trees (``split.fit``) and nothing else. All of
them stop on the same untouched rows by the log loss that is left when the mean probability has
been set right (`shifted_log_loss`): by plain log loss a treated model would stop after a few
trees, its scale being another, and be blamed for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.impute import SimpleImputer

from model.errors import InputError
from model.home import Home
from training import boosting
from training.boosting import Recipe, booster_names
from training.dataset import lake_digest, read_clients
from training.evaluation import Costs, Estimate, evaluate, plain
from training.figures import intervals
from training.folds import Split
from training.learners import is_flag
from training.lock import exclusive
from training.progress import Progress, silent
from training.protocol import compare, judge, out_of_fold
from training.searches import MARGINS, Row, search, without_margins
from training.tracking import connected

KIND = "imbalance"


def _one_to_three(outcome: np.ndarray) -> dict[int, int]:
    good, bad = int((outcome == 0).sum()), int((outcome == 1).sum())
    return {0: min(good, 3 * bad)}


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done about eight defaults in a hundred.

    Attributes
    ----------
    name : of the row
    label : language → words
    weight : of a default, from the odds good:bad of the training part
    sampler : makes imbalanced-learn's sampler from a seed and the 0/1 columns
    filled : whether missing values must be filled first, with medians of the training part
    """

    name: str
    label: Mapping[str, str]
    weight: Callable[[float], float] | None = None
    sampler: Callable[[int, np.ndarray], Any] | None = None
    filled: bool = False


TREATMENTS = (
    Treatment("none", {"fr": "aucun", "en": "none"}),
    Treatment(
        "weight_balanced",
        {"fr": "poids des défauts, équilibré", "en": "weight of defaults, balanced"},
        weight=lambda odds: odds,
    ),
    Treatment(
        "weight_sqrt",
        {"fr": "poids des défauts, racine", "en": "weight of defaults, square root"},
        weight=np.sqrt,
    ),
    Treatment(
        "under_1_1",
        {"fr": "sous-échantillonnage 1:1", "en": "under-sampling 1:1"},
        sampler=lambda seed, _: RandomUnderSampler(random_state=seed),
    ),
    Treatment(
        "under_1_3",
        {"fr": "sous-échantillonnage 1:3", "en": "under-sampling 1:3"},
        sampler=lambda seed, _: RandomUnderSampler(sampling_strategy=_one_to_three, random_state=seed),
    ),
    Treatment(
        "over",
        {"fr": "sur-échantillonnage", "en": "over-sampling"},
        sampler=lambda seed, _: RandomOverSampler(random_state=seed),
    ),
    Treatment(
        "smote",
        {"fr": "SMOTE", "en": "SMOTE"},
        sampler=lambda seed, _: SMOTE(random_state=seed),
        filled=True,
    ),
    Treatment(
        "smotenc",
        {"fr": "SMOTENC", "en": "SMOTENC"},
        sampler=lambda seed, flags: SMOTENC(np.flatnonzero(flags).tolist(), random_state=seed),
        filled=True,
    ),
)
"""In the order of the table; the slowest last."""


@dataclass(frozen=True, slots=True)
class Treated:
    """The recipe without pruning, on treated training rows."""

    treatment: Treatment
    recipe: Recipe

    @property
    def name(self) -> str:
        return self.treatment.name

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        if self.treatment.filled:
            # Medians of the training part; trees and scored rows then read the same values.
            fill = SimpleImputer(strategy="median", keep_empty_features=True).fit(matrix[split.fit])
            matrix = fill.transform(matrix).astype(np.float32)
        rows, outcome = matrix[split.fit], target[split.fit]
        parameters = {
            **replace(self.recipe, seed=seed).parameters(),
            "feature_pre_filter": False,
            "metric": "None",
        }
        if self.treatment.weight is not None:
            parameters["scale_pos_weight"] = float(self.treatment.weight(good_to_bad(outcome)))
        if self.treatment.sampler is not None:
            flags = is_flag(rows)
            # Neighbours are looked for in standard deviations: in raw values only amounts would count.
            scale = np.where(flags, 1.0, rows.std(axis=0)) if self.treatment.filled else np.ones(len(flags))
            scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
            made, outcome = self.treatment.sampler(seed, flags).fit_resample(rows / scale, outcome)
            rows = np.asarray(made, dtype=np.float32) * scale
        grow_on = lgb.Dataset(
            rows, outcome, feature_name=booster_names(self.recipe.features), params=parameters
        )
        stop_on = grow_on.create_valid(matrix[split.stop], target[split.stop])
        booster = lgb.train(
            parameters,
            grow_on,
            num_boost_round=boosting.MAXIMUM_TREES,
            valid_sets=[stop_on],
            feval=_stopping_metric,
            callbacks=[lgb.early_stopping(boosting.PATIENCE, verbose=False)],
        )
        return np.asarray(
            booster.predict(matrix[split.score], raw_score=True, num_iteration=booster.best_iteration)
        )


def good_to_bad(outcome: np.ndarray) -> float:
    """Repaid loans for one default."""
    return float((outcome == 0).sum() / (outcome == 1).sum())


def shifted_log_loss(margin: np.ndarray, outcome: np.ndarray) -> float:
    """Log loss after all log-odds have been moved by the one number that sets their mean right.

    Parameters
    ----------
    margin : (n,) log-odds at any scale of odds
    outcome : (n,) 0 or 1, both present

    Notes
    -----
    Weights and random resampling move log-odds by a constant, which this takes off.
    """
    shift = 0.0
    for _ in range(50):  # Newton; the loss is convex in the shift, and flat steps are cut
        p = 1 / (1 + np.exp(-(margin + shift)))
        step = float(np.clip((p.mean() - outcome.mean()) / max((p * (1 - p)).mean(), 1e-9), -2, 2))
        shift -= step
        if abs(step) < 1e-9:
            break
    z = margin + shift
    return float(np.mean(np.logaddexp(0.0, z) - outcome * z))


def compare_imbalance(
    home: Home,
    *,
    seeds: Sequence[int] = (0,),
    skip: Sequence[str] = (),
    progress: Progress = silent,
) -> dict[str, Any]:
    """Judge every treatment raw and calibrated, against none; one nested run a row.

    Parameters
    ----------
    home : its matrix is read
    seeds : one a repeat
    skip : names of treatments that are left out; none is always there
    progress : one line a fold and a row

    Returns
    -------
    ``result.json``: ``rows`` with ``raw`` (the probabilities as the trees give them),
    ``calibrated`` (`training.protocol.judge`) and ``difference`` to none, calibrated
    """
    unknown = sorted(set(skip) - {treatment.name for treatment in TREATMENTS})
    if unknown:
        known = ", ".join(treatment.name for treatment in TREATMENTS)
        raise InputError(f"there is no treatment {unknown[0]!r}; those are {known}", code="no_treatment")
    costs = Costs.theoretical()
    with exclusive(home, "compare-imbalance"), connected(home) as tracking:
        clients = read_clients(home)
        labelled = clients.labelled
        matrix, target = clients.matrix[labelled], clients.target[labelled].astype(np.int8)
        recipe = Recipe(clients.features, clients.directions)
        with search(tracking, KIND, data=lake_digest(home), progress=progress) as made:
            rows: list[Row] = []
            for treatment in TREATMENTS:
                if treatment.name in skip and rows:
                    continue
                untreated = rows[0][MARGINS] if rows else None
                rows.append(
                    made.candidate(
                        treatment.name,
                        {"features": len(clients.features), "seeds": list(seeds), "cutoff": costs.cutoff},
                        lambda treatment=treatment, untreated=untreated: _row(  # type: ignore[misc]
                            Treated(treatment, recipe), matrix, target, untreated, seeds, costs, progress
                        ),
                    )
                )
            made.figure("imbalance_auc.png", _auc_figure(rows))
            made.figure("imbalance_cost.png", _cost_figure(rows, target, costs))
            return made.finish(
                {
                    "clients": len(target),
                    "defaults": int(target.sum()),
                    "features": len(clients.features),
                    "seeds": list(seeds),
                    "cutoff": costs.cutoff,
                    "rows": [without_margins(row) for row in rows],
                }
            )


def table(result: Mapping[str, Any]) -> list[str]:
    """The result as lines of text, one a treatment."""
    lines = [
        f"{'treatment':16} {'AUC less none':>26} {'raw log loss':>12} {'raw ECE':>8} {'raw cost':>8} "
        f"{'log loss':>8} {'cost':>6} {'time':>6}"
    ]
    time = result["rows"][0]["seconds"]
    for row in result["rows"]:
        gap, raw, calibrated = row["difference"], row["raw"], row["calibrated"]
        against = "0"
        if gap is not None:
            against = "{value:+.4f} [{low:+.4f}, {high:+.4f}]".format(**gap["auc"])
        lines.append(
            f"{row['name']:16} {against:>26} {raw['log_loss']['value']:12.4f} {raw['ece']['value']:8.3f} "
            f"{raw['cost_per_file']['value']:8.3f} {calibrated['log_loss']['value']:8.4f} "
            f"{calibrated['cost_per_file']['value']:6.3f} {row['seconds'] / time:6.2f}"
        )
    return lines


def _stopping_metric(probability: np.ndarray, data: lgb.Dataset) -> tuple[str, float, bool]:
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    return "shifted_log_loss", shifted_log_loss(np.log(p / (1 - p)), np.asarray(data.get_label())), False


def _row(
    learner: Treated,
    matrix: np.ndarray,
    target: np.ndarray,
    untreated: np.ndarray | None,
    seeds: Sequence[int],
    costs: Costs,
    progress: Progress,
) -> Row:
    found = out_of_fold(learner, matrix, target, seeds=seeds, progress=progress)
    raw = evaluate(target, 1 / (1 + np.exp(-found.margins)), costs=costs)
    difference = None
    if untreated is not None:
        difference = plain(compare(target, found.margins, untreated, costs))
    return {
        "label": dict(learner.treatment.label),
        # Of learning and scoring alone: judging takes every row the same time.
        "seconds": round(found.seconds, 3),
        "raw": plain(raw),
        "calibrated": plain(judge(target, found.margins, costs)),
        "difference": difference,
        MARGINS: found.margins,
    }


def _auc_figure(rows: Sequence[Row]) -> Any:
    gaps = {row["label"]["en"]: Estimate(**row["difference"]["auc"]) for row in rows if row["difference"]}
    return intervals("What a treatment does to the order", "AUC less that of no treatment", gaps, reference=0)


def _cost_figure(rows: Sequence[Row], target: np.ndarray, costs: Costs) -> Any:
    shown = {
        f"{row['label']['en']}, {words}": Estimate(**row[side]["cost_per_file"])
        for row in rows
        for side, words in (("raw", "raw"), ("calibrated", "calibrated"))
    }
    accepting = costs.fn * float(target.mean())
    return intervals(
        "What it costs at the cut-off", "cost per file; dashed: accept all", shown, reference=accepting
    )
