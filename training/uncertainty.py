"""How sure a score is, measured on clients who did not make it.

The interval of a client is the observed default rate of the nearest out-of-fold scores, with its
Wilson bounds (`model.score_tables.IntervalTable`). It is checked by halves: one half of the
labelled clients makes the table and the calibration, the other is judged. The side of the cut-off is
checked on clients without a known outcome: no model has learned from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from model.calibration import BetaCalibration
from model.score_tables import LEVEL, Disagreement, IntervalTable
from training.calibrate import fit_beta

SPLITS = 20
_SEED_OFFSET = 1_000

DISTANCES = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.75, 1.0)
FEWEST_CLIENTS = 500
"""Under this many clients without a known outcome the shares would be noise."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the intervals hold, over several random halves.

    Attributes
    ----------
    bands : bands of neighbouring scores that were judged, all splits together
    agreement : share of bands whose observed default rate in the held-out half differs from that of
        the interval by no more than chance allows (two proportions, level 95 %)
    pd_inside : share of held-out clients whose calibrated probability lies inside the interval
    width : mean width of the intervals
    """

    bands: int
    agreement: float
    pd_inside: float
    width: float


def coverage(margin: np.ndarray, outcome: np.ndarray, *, seed: int = 0, splits: int = SPLITS) -> Coverage:
    """Judge the intervals on clients who did not make them.

    Parameters
    ----------
    margin : (n,) out-of-fold log-odds
    outcome : (n,) 0 or 1
    seed, splits : of the random halves
    """
    agreeing: list[bool] = []
    inside: list[float] = []
    widths: list[float] = []
    for split in range(splits):
        random = np.random.default_rng([_SEED_OFFSET + seed, split])
        making, judged = np.array_split(random.permutation(len(margin)), 2)
        table = IntervalTable.of(margin[making], outcome[making])
        calibration = fit_beta(margin[making], outcome[making])
        agreeing += _bands_agree(table, margin[judged], outcome[judged])
        order = np.sort(margin[judged])
        found = [table.interval(float(m)) for m in order]
        probability = calibration.probability(order)
        low, high = (np.array([getattr(one, side) for one in found]) for side in ("low", "high"))
        inside.append(float(np.mean((low <= probability) & (probability <= high))))
        widths.append(float(np.mean(high - low)))
    return Coverage(len(agreeing), float(np.mean(agreeing)), float(np.mean(inside)), float(np.mean(widths)))


def _bands_agree(table: IntervalTable, margin: np.ndarray, outcome: np.ndarray) -> list[bool]:
    """For each band of neighbouring held-out scores: is its rate that of the table, but for chance?"""
    order = np.argsort(margin, kind="stable")
    agree = []
    for rows in np.array_split(order, max(1, len(order) // table.neighbours)):
        expected = table.interval(float(np.median(margin[rows])))
        agree.append(_same_share(expected.observed, expected.n, float(outcome[rows].mean()), len(rows)))
    return agree


def _same_share(one: float, n_one: int, other: float, n_other: int) -> bool:
    """Two-sided test of two proportions with the pooled variance."""
    pooled = (one * n_one + other * n_other) / (n_one + n_other)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n_one + 1 / n_other))
    return bool(abs(one - other) <= norm.ppf(0.5 + LEVEL / 2) * spread)


def disagreement(
    served: np.ndarray, others: np.ndarray, calibration: BetaCalibration, cutoff: float
) -> Disagreement:
    """How often models trained on other samples contradict the served one.

    Parameters
    ----------
    served : (n,) log-odds of the served booster for clients without a known outcome
    others : (m, n) of the models of the folds
    calibration : one curve for all
    cutoff : operated

    Returns
    -------
    Disagreement
        A distance that no client has takes the share of the one before.
    """
    own = calibration.probability(served)
    distance = np.abs(np.log(own) - np.log1p(-own) - np.log(cutoff) + np.log1p(-cutoff))
    other_side = np.stack([calibration.probability(m) >= cutoff for m in others]) != (own >= cutoff)
    rows = np.searchsorted(DISTANCES, distance, side="right") - 1
    n = np.bincount(rows, minlength=len(DISTANCES))
    sums = np.bincount(rows, weights=other_side.mean(axis=0), minlength=len(DISTANCES))
    shares: list[float] = []
    for count, total in zip(n.tolist(), sums.tolist(), strict=True):
        shares.append(total / count if count else (shares[-1] if shares else 0.0))
    return Disagreement(DISTANCES, tuple(n.tolist()), tuple(shares), len(others))
