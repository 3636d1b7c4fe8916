"""Who is trained on and who is scored: the one place where labelled clients are split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from model.errors import InputError

FOLDS = 5
CALIBRATION_FOLDS = 10
INNER_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of one fold.

    Attributes
    ----------
    fit : rows that grow the trees
    stop : rows that decide when to stop (an inner share of the training part)
    score : rows that the fold's model has never seen, in any role
    """

    fit: np.ndarray
    stop: np.ndarray
    score: np.ndarray


def assign_folds(target: np.ndarray, *, seed: int = 0, folds: int = FOLDS) -> np.ndarray:
    """Fold number of each labelled client, stratified by outcome.

    Parameters
    ----------
    target : (n,) array of 0 (repaid) and 1 (defaulted)
    seed : the same seed gives the same folds, so that two candidates are compared in pairs
    folds : number of folds

    Returns
    -------
    (n,) int8 array in ``[0, folds)``

    Raises
    ------
    InputError
        When an outcome has fewer clients than there are folds.
    """
    for outcome, words in ((0, "repaid"), (1, "defaulted")):
        count = int(np.count_nonzero(target == outcome))
        if count < folds:
            raise InputError(
                f"{folds} folds need at least {folds} clients who {words}, but got {count}: "
                "give more labelled clients",
                code="too_few_labels",
                folds=folds,
                count=count,
            )
    assigned = np.empty(len(target), dtype=np.int8)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, scored) in enumerate(splitter.split(np.zeros(len(target)), target)):
        assigned[scored] = number
    return assigned


def splits(target: np.ndarray, assigned: np.ndarray, *, seed: int = 0) -> tuple[Split, ...]:
    """The three groups of rows of each fold, in fold order.

    Parameters
    ----------
    target : (n,) outcomes
    assigned : (n,) fold numbers from `assign_folds`
    seed : of the inner split
    """
    made = []
    for number in range(int(assigned.max()) + 1):
        scored = np.flatnonzero(assigned == number)
        seen = np.flatnonzero(assigned != number)
        inner = StratifiedShuffleSplit(1, test_size=INNER_SHARE, random_state=seed)
        fit, stop = next(inner.split(np.zeros(len(seen)), target[seen]))
        made.append(Split(np.sort(seen[fit]), np.sort(seen[stop]), scored))
    return tuple(made)
