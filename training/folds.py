"""Who is trained on and who is scored: the one place where labelled clients are split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from model.errors import InputError

FOLDS = 5
CALIBRATION_FOLDS = 10
INNER_SHARE = 0.10
STOPPING_DEFAULTS, MOST_STOPPING_PARTS = 200, 3
"""The number of trees is judged on so many defaults, or on three tenths of the training part."""


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of one fold.

    Attributes
    ----------
    fit : rows to learn from
    stop : rows to choose on: when to stop, how much to penalise (an inner tenth of the training part)
    score : rows that the fold's model has never seen, in any role
    """

    fit: np.ndarray
    stop: np.ndarray
    score: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """The whole training part, ascending."""
        return np.sort(np.concatenate([self.fit, self.stop]))


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


def stopping_parts(
    target: np.ndarray, seen: np.ndarray, *, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Some tenths of a training part, each with the other nine to grow trees on.

    One tenth of a small sample holds a few dozen defaults, and the number of trees that it asks
    for is mostly chance; several tenths together are several times as many. One tenth of a
    large one is enough.

    Parameters
    ----------
    target : (n,) outcomes
    seen : row numbers of the training part
    seed : of the tenths

    Returns
    -------
    (rows that grow, rows that judge), a pair a tenth; no row judges twice
    """
    tenths = round(1 / INNER_SHARE)
    defaults = max(int(np.count_nonzero(target[seen] == 1)), 1)
    parts = min(MOST_STOPPING_PARTS, -(-STOPPING_DEFAULTS * tenths // defaults))
    splitter = StratifiedKFold(tenths, shuffle=True, random_state=seed)
    pairs = list(splitter.split(np.zeros(len(seen)), target[seen]))[:parts]
    return [(np.sort(seen[grown]), np.sort(seen[judged])) for grown, judged in pairs]
