"""How candidates are judged: repeated stratified cross-validation, one for every search.

A candidate is a `Learner`. It is given the labels of its training part and nothing else: the
outcomes of the rows that it scores are hidden, so that resampling, ranking or encoding
before the split cannot read them. Calibration and cut-off come afterwards, from margins out
of fold.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from training.calibrate import cross_fitted, fit_beta
from training.evaluation import (
    CROSS_FITTED,
    DRAWS,
    Costs,
    Estimate,
    auc_difference,
    auc_score,
    differences,
    evaluate,
    per_client,
    relative_cost,
)
from training.folds import FOLDS, Split, assign_folds, splits
from training.progress import Progress, silent

REPEATS = (0, 1, 2)
"""Seeds of the folds when a release is judged."""

HIDDEN = -1
"""What a learner sees in place of an outcome that it must not know."""

_EVERYBODY = 2.0


class Learner(Protocol):
    """A way to score clients. All that looks at labels happens inside `margin`."""

    @property
    def name(self) -> str: ...

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        """Learn from ``split.fit`` (and stop or choose on ``split.stop``), score ``split.score``.

        Parameters
        ----------
        matrix : (n, k) float32, NaN = missing
        target : (n,) int8; `HIDDEN` for the rows of ``split.score``
        split : row numbers
        seed : of whatever is random inside

        Returns
        -------
        (len(split.score),) float64 log-odds
        """
        ...


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Margins of models that did not see the client.

    Attributes
    ----------
    margins : (repeats, n) float64 log-odds
    folds : (repeats, n) int8
    seconds : of learning and scoring, all repeats
    """

    margins: np.ndarray
    folds: np.ndarray
    seconds: float


def out_of_fold(
    learner: Learner,
    matrix: np.ndarray,
    target: np.ndarray,
    *,
    seeds: Sequence[int] = REPEATS,
    progress: Progress = silent,
) -> OutOfFold:
    """Score every client by models that did not see him, once a repeat.

    Parameters
    ----------
    learner : the candidate
    matrix : (n, k) float32 of the clients with a known outcome
    target : (n,) outcomes, 0 or 1
    seeds : one a repeat; the same seeds give the same folds to every candidate
    progress : one line a fold
    """
    margins = np.full((len(seeds), len(target)), np.nan)
    folds = np.empty((len(seeds), len(target)), dtype=np.int8)
    start = time.perf_counter()
    for repeat, seed in enumerate(seeds):
        for number, (scored, margin) in enumerate(fold_by_fold(learner, matrix, target, seed=seed)):
            margins[repeat, scored], folds[repeat, scored] = margin, number
            progress(f"{learner.name}: repeat {repeat + 1} of {len(seeds)}, fold {number + 1} of {FOLDS}")
    return OutOfFold(margins, folds, time.perf_counter() - start)


def fold_by_fold(
    learner: Learner, matrix: np.ndarray, target: np.ndarray, *, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One repeat of `out_of_fold`, given fold after fold: rows that were scored, their margins."""
    known = np.asarray(target, dtype=np.int8)
    for split in splits(known, assign_folds(known, seed=seed), seed=seed):
        seen = known.copy()
        seen[split.score] = HIDDEN
        yield split.score, learner.margin(matrix, seen, split, seed=seed)


def judge(
    target: np.ndarray, margins: np.ndarray, costs: Costs, *, seed: int = 0, draws: int = DRAWS
) -> dict[str, Estimate]:
    """Every metric, averaged over the repeats, with its interval.

    Order and cost are those of a beta calibration of all margins out of fold, as the policy
    applies it; what judges the calibration itself comes from curves that did not see the
    client (`training.evaluation.CROSS_FITTED`).

    Parameters
    ----------
    target : (n,) outcomes
    margins : (repeats, n) or (n,) out-of-fold log-odds
    costs : operated cut-off and costs
    seed, draws : of the bootstrap; the same clients are drawn for every candidate

    Returns
    -------
    name → Estimate: those of `evaluate`, and ``cost_against_accepting_all``,
    ``cost_against_half`` (−0.3 = 30 % lower than accepting everybody, than a cut-off of 50 %)
    """
    shipped, honest = calibrated(target, margins), judged(target, margins, seed=seed)
    of_policy = evaluate(target, shipped, costs=costs, draws=draws, seed=seed)
    of_calibration = evaluate(target, honest, costs=costs, draws=draws, seed=seed)
    found = {name: of_calibration[name] if name in CROSS_FITTED else of_policy[name] for name in of_policy}
    # From the margins: a calibration may tie what they tell apart in the last bit.
    auc = auc_score(target, margins)
    found |= {"auc": auc, "gini": Estimate(2 * auc.value - 1, 2 * auc.low - 1, 2 * auc.high - 1)}
    for name, cutoff in (("cost_against_accepting_all", _EVERYBODY), ("cost_against_half", 0.5)):
        found[name] = relative_cost(target, shipped, costs, cutoff=cutoff, draws=draws, seed=seed)
    return found


def compare(
    target: np.ndarray, a: np.ndarray, b: np.ndarray, costs: Costs, *, seed: int = 0, draws: int = DRAWS
) -> dict[str, Estimate]:
    """Paired differences, `a` less `b`, of two candidates on the same folds.

    Parameters
    ----------
    target : (n,) outcomes
    a, b : (repeats, n) or (n,) out-of-fold log-odds
    costs, seed, draws : as in `judge`

    Returns
    -------
    ``auc`` (DeLong), ``log_loss``, ``brier`` (cross-fitted calibration) and ``cost_per_file``
    (calibration of all margins), whose draws of clients are shared
    """
    honest = [per_client(target, judged(target, margins, seed=seed), costs) for margins in (a, b)]
    shipped = [per_client(target, calibrated(target, margins), costs) for margins in (a, b)]
    terms = {
        name: (one[name], other[name])
        for name, (one, other) in (("log_loss", honest), ("brier", honest), ("cost_per_file", shipped))
    }
    return {
        "auc": auc_difference(target, a, b),
        **differences(target, terms, draws=draws, seed=seed),
    }


def calibrated(target: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Probabilities by a beta calibration of all margins of a repeat; (repeats, n)."""
    return np.stack([fit_beta(row, target).probability(row) for row in np.atleast_2d(margins)])


def judged(target: np.ndarray, margins: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Probabilities by calibrations that did not see the client; (repeats, n)."""
    return np.stack(
        [cross_fitted(row, target, seed=seed + repeat) for repeat, row in enumerate(np.atleast_2d(margins))]
    )
