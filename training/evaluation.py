"""How good a score is: one set of metrics for pages, report and MLflow, each with its interval.

Suffixes tell the direction: ``*_cost`` and losses are better when low, AUC, Gini, KS and
PR-AUC when high. All functions take the outcome (0 repaid, 1 defaulted) and calibrated
probabilities of default of clients that the scoring model did not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import norm, rankdata

from model.score_tables import LEVEL, wilson

DRAWS = 500
ECE_BINS = 15
# Refusal cut-offs tried for the empirical optimum: 0.0005, 0.0010, … 0.6.
CUTOFF_GRID = np.arange(1, 1201) * 0.0005
CROSS_FITTED = ("brier", "log_loss", "ece", "ece_noise_floor", "observed_expected", "mean_pd")
"""Metrics of the calibration itself: from curves that did not see the client."""
_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, slots=True)
class Costs:
    """What an error costs and where refusal begins.

    Attributes
    ----------
    cutoff : a client is refused when his probability of default is at least this
    fn : cost of an accepted client who defaults
    fp : cost of a refused client who would have repaid
    """

    cutoff: float
    fn: float = 10.0
    fp: float = 1.0

    @classmethod
    def theoretical(cls, *, fn: float = 10.0, fp: float = 1.0) -> Costs:
        """The cut-off at which refusing and accepting cost the same."""
        return cls(fp / (fp + fn), fn, fp)


def delong(target: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUC of one or more scores of the same clients, with their covariance.

    Parameters
    ----------
    target : (n,) outcomes
    scores : (s, n) or (n,) scores, higher = riskier; ties count one half

    Returns
    -------
    auc : (s,) areas
    covariance : (s, s)

    Notes
    -----
    DeLong, DeLong, Clarke-Pearson (1988) in the mid-rank form of Sun and Xu (2014).
    """
    placed_bad, placed_good = _placements(target, scores)
    return placed_bad.mean(axis=1), _covariance(placed_bad, placed_good)


def auc_score(target: np.ndarray, score: np.ndarray) -> Estimate:
    """Area under the ROC curve with its DeLong interval.

    Parameters
    ----------
    target : (n,) outcomes
    score : (n,) scores, or (repeats, n) scores of the same clients by the models of repeated
        cross-validation: then the mean area

    Notes
    -----
    The mean of areas is the mean over pairs of clients of the share of repeats that order
    them rightly, so DeLong's components are the means of those of the repeats. Repeats make
    the estimate steadier against the folds; they are no new clients and narrow nothing else.
    """
    placed_bad, placed_good = (placed.mean(axis=0)[None] for placed in _placements(target, score))
    value, half = float(placed_bad.mean()), _half_width(_covariance(placed_bad, placed_good)[0, 0])
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))


def auc_difference(target: np.ndarray, score: np.ndarray, other: np.ndarray) -> Estimate:
    """Area of `score` less that of `other`, of the same clients, with its DeLong interval.

    Parameters
    ----------
    target : (n,) outcomes
    score, other : (n,) or (repeats, n) as in `auc_score`
    """
    pairs = zip(_placements(target, score), _placements(target, other), strict=True)
    placed_bad, placed_good = (np.stack([one.mean(axis=0), two.mean(axis=0)]) for one, two in pairs)
    covariance = _covariance(placed_bad, placed_good)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    value, half = float(placed_bad[0].mean() - placed_bad[1].mean()), _half_width(variance)
    return Estimate(value, value - half, value + half)


def _placements(target: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the other outcome's clients that each client is rightly ordered against."""
    rows = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    bad = np.asarray(target) == 1
    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    placed_bad, placed_good = np.empty((len(rows), n_bad)), np.empty((len(rows), n_good))
    for i, row in enumerate(rows):
        rank = rankdata(row)
        placed_bad[i] = (rank[bad] - rankdata(row[bad])) / n_good
        placed_good[i] = 1.0 - (rank[~bad] - rankdata(row[~bad])) / n_bad
    return placed_bad, placed_good


def _covariance(placed_bad: np.ndarray, placed_good: np.ndarray) -> np.ndarray:
    scores = len(placed_bad)
    of_bad = np.cov(placed_bad).reshape(scores, -1) / placed_bad.shape[1]
    return of_bad + np.cov(placed_good).reshape(scores, -1) / placed_good.shape[1]


def _half_width(variance: float) -> float:
    # Two equal scores differ by exactly nothing; rounding may say −1e-20.
    return float(norm.ppf(0.5 + LEVEL / 2) * np.sqrt(max(variance, 0.0)))


class _Sorted:
    """Clients sorted by falling probability, with every per-client term that metrics sum."""

    def __init__(self, target: np.ndarray, pd_: np.ndarray, costs: Costs) -> None:
        order = np.argsort(-pd_, kind="stable")
        p, y = np.asarray(pd_, dtype=np.float64)[order], np.asarray(target, dtype=np.float64)[order]
        refused = p >= costs.cutoff
        safe = np.clip(p, 1e-15, 1 - 1e-15)
        self.order, self.y, self.p, self.n = order, y, p, len(y)
        self.last_of_tie = np.flatnonzero(np.append(p[1:] != p[:-1], True))
        groups = np.array_split(np.arange(self.n), min(ECE_BINS, self.n))
        self.bins = np.array([group[0] for group in groups])
        # One row a sum: a draw is then its weights times these rows.
        self.terms = np.vstack(
            [
                np.ones(self.n),
                y,
                p,
                (p - y) ** 2,
                -(y * np.log(safe) + (1 - y) * np.log1p(-safe)),
                np.where(refused, costs.fp * (1 - y), costs.fn * y),
                ~refused,
                ~refused * y,
            ]
        )
        self.refused_at = np.searchsorted(-p, -CUTOFF_GRID, side="right")
        self.costs = costs

    def metrics(self, weight: np.ndarray) -> dict[str, float]:
        """All metrics but AUC, each client counted `weight` times."""
        n, bad, predicted, brier, log_loss, cost, accepted, accepted_bad = (
            # Not a matrix product: its threads would cost more than they bring at this size.
            (self.terms * weight).sum(axis=1)
        )
        bad_before, good_before = np.cumsum(weight * self.y), np.cumsum(weight * (1 - self.y))
        at = self.last_of_tie
        hits, alarms = bad_before[at], good_before[at]
        called = np.maximum(hits + alarms, 1e-300)
        refused_bad = np.append(0.0, bad_before)[self.refused_at]
        refused_good = np.append(0.0, good_before)[self.refused_at]
        by_cutoff = self.costs.fn * (bad - refused_bad) + self.costs.fp * refused_good
        in_bin = np.maximum(np.add.reduceat(weight, self.bins), 1e-300)
        gap = np.add.reduceat(weight * (self.y - self.p), self.bins)
        mean_p = np.clip(np.add.reduceat(weight * self.p, self.bins) / in_bin, 0.0, 1.0)
        return {
            "ks": float(np.max(hits / bad - alarms / (n - bad))),
            "pr_auc": float(np.sum(np.diff(hits, prepend=0.0) / bad * (hits / called))),
            "default_rate": bad / n,
            "mean_pd": predicted / n,
            "observed_expected": bad / predicted,
            "brier": brier / n,
            "log_loss": log_loss / n,
            "ece": float(np.sum(np.abs(gap)) / n),
            "ece_noise_floor": float(0.8 * np.mean(np.sqrt(mean_p * (1 - mean_p) / in_bin))),
            "cost_per_file": cost / n,
            "acceptance_rate": accepted / n,
            "accepted_bad_rate": accepted_bad / accepted if accepted else float("nan"),
            "optimal_cutoff": float(CUTOFF_GRID[int(np.argmin(by_cutoff))]),
            "optimal_cost": float(by_cutoff.min() / n),
        }


def evaluate(
    target: np.ndarray, pd_: np.ndarray, *, costs: Costs, draws: int = DRAWS, seed: int = 0
) -> dict[str, Estimate]:
    """Every metric of the protocol with its 95 % interval.

    Parameters
    ----------
    target : (n,) outcomes, both present
    pd_ : (n,) calibrated out-of-fold probabilities of default, or (repeats, n) of the same
        clients: then the mean of each metric over the repeats
    costs : operated cut-off and cost of the two errors
    draws : bootstrap draws of clients over fixed scores, the same for every repeat (AUC and
        Gini: DeLong instead)
    seed : of the draws

    Returns
    -------
    name → Estimate, names in the order of the report. ``ece`` is to be read against
    ``ece_noise_floor``: below it no miscalibration is visible at this size.
    """
    auc = auc_score(target, pd_)
    repeats = [_Sorted(target, row, costs) for row in np.atleast_2d(pd_)]
    values = _mean([clients.metrics(np.ones(clients.n)) for clients in repeats])
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for weight in _weights(target, draws, seed):
        if 0 < weight @ target < len(target):  # one outcome only: no rates
            for name, value in _mean([clients.metrics(weight[clients.order]) for clients in repeats]).items():
                drawn[name].append(value)
    result = {
        "auc": auc,
        "gini": Estimate(2 * auc.value - 1, 2 * auc.low - 1, 2 * auc.high - 1),
    }
    # A redrawn portfolio adds noise of its own to every bin, so that all draws of the error lie
    # above it: they say how wide the interval is, not where.
    surplus = float(np.nanmedian(drawn["ece"])) - values["ece"] if drawn["ece"] else 0.0
    drawn["ece"] = [max(0.0, one - surplus) for one in drawn["ece"]]
    return result | {name: _percentiles(value, drawn[name]) for name, value in values.items()}


def differences(
    target: np.ndarray,
    terms: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Paired differences of metrics that are means over clients (`per_client`).

    Parameters
    ----------
    target : (n,) outcomes
    terms : name → the two (n,) or (repeats, n) terms whose means are compared, first less second
    draws, seed : of the bootstrap; every name and both sides of it share the draws
    """
    names = list(terms)
    gaps = np.stack([np.atleast_2d(one - other).mean(axis=0) for one, other in terms.values()])
    # One draw at a time: all weights at once would be n × draws numbers.
    drawn = np.array([gaps @ weight / len(target) for weight in _weights(target, draws, seed)])
    return {name: _percentiles(gaps[k].mean(), drawn[:, k].tolist()) for k, name in enumerate(names)}


def relative_cost(
    target: np.ndarray,
    pd_: np.ndarray,
    costs: Costs,
    *,
    cutoff: float,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Cost at the operated cut-off against the cost at another, −0.3 = 30 % lower.

    Parameters
    ----------
    target, pd_, costs, draws, seed : as in `evaluate`
    cutoff : the other cut-off; above 1 it accepts everybody
    """
    operated = per_client(target, pd_, costs)["cost_per_file"].mean(axis=0)
    other = per_client(target, pd_, replace(costs, cutoff=cutoff))["cost_per_file"].mean(axis=0)
    drawn = [_relative(weight @ operated, weight @ other) for weight in _weights(target, draws, seed)]
    return _percentiles(_relative(operated.mean(), other.mean()), drawn)


def _relative(cost: float, other: float) -> float:
    """NaN where the other rule costs nothing: there is no share of nothing."""
    return float(cost / other - 1) if other > 0 else float("nan")


def per_client(target: np.ndarray, pd_: np.ndarray, costs: Costs) -> dict[str, np.ndarray]:
    """Terms whose mean over clients is a metric: log loss, Brier score, cost; (repeats, n) each."""
    y, p = np.asarray(target, dtype=np.float64), np.atleast_2d(np.asarray(pd_, dtype=np.float64))
    safe = np.clip(p, 1e-15, 1 - 1e-15)
    return {
        "log_loss": -(y * np.log(safe) + (1 - y) * np.log1p(-safe)),
        "brier": (p - y) ** 2,
        "cost_per_file": np.where(p >= costs.cutoff, costs.fp * (1 - y), costs.fn * y),
    }


def _weights(target: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """How often each client is in a bootstrap draw; the same seed and size, the same draws."""
    random, n = np.random.default_rng(seed), len(target)
    for _ in range(draws):
        yield np.bincount(random.integers(0, n, n), minlength=n).astype(float)


def _mean(repeats: Sequence[Mapping[str, float]]) -> dict[str, float]:
    if len(repeats) == 1:
        return dict(repeats[0])
    return {name: float(np.mean([repeat[name] for repeat in repeats])) for name in repeats[0]}


def _percentiles(value: float, drawn: Sequence[float]) -> Estimate:
    known = [one for one in drawn if not np.isnan(one)]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(known, [tail, 1 - tail]) if known else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))


def curves(target: np.ndarray, pd_: np.ndarray) -> dict[str, Any]:
    """Points of the evaluation charts, as JSON values.

    Returns
    -------
    ``roc``: ``fpr``, ``tpr`` and ``threshold`` (``None`` where nobody is refused);
    ``precision_recall``; ``calibration``: 15 equal-mass bins with bounds, n, mean
    probability, observed rate and its Wilson interval; ``cut_off``: for each cut-off of the
    grid the refused clients by outcome, from which cost and acceptance follow exactly at any
    ratio; ``gains``: share of defaults in the riskiest tenth, two tenths, …
    """
    order = np.argsort(-pd_, kind="stable")
    p, y = pd_[order], np.asarray(target, dtype=np.int64)[order]
    n, n_bad = len(y), int(y.sum())
    bad = np.append(0, np.cumsum(y))
    ends = np.append(0, np.flatnonzero(np.append(p[1:] != p[:-1], True)) + 1)
    shown = ends[np.unique(np.linspace(0, len(ends) - 1, _CURVE_POINTS).astype(int))]
    refused = np.searchsorted(-p, -CUTOFF_GRID, side="right")
    tenths = np.linspace(0, n, 11).astype(int)
    return {
        "roc": {
            "fpr": ((shown - bad[shown]) / (n - n_bad)).tolist(),
            "tpr": (bad[shown] / n_bad).tolist(),
            "threshold": [None, *p[shown[1:] - 1].tolist()],
        },
        "precision_recall": {
            "recall": (bad[shown[1:]] / n_bad).tolist(),
            "precision": (bad[shown[1:]] / shown[1:]).tolist(),
        },
        "calibration": calibration_bins(p[::-1], y[::-1]),
        "cut_off": {
            "cut_off": CUTOFF_GRID.tolist(),
            "refused_bad": bad[refused].tolist(),
            "refused_good": (refused - bad[refused]).tolist(),
        },
        "gains": {"share": (tenths / n).tolist(), "captured": (bad[tenths] / n_bad).tolist()},
    }


def calibration_bins(p: np.ndarray, y: np.ndarray) -> list[dict[str, float]]:
    """Mean probability against observed rate in 15 equal-mass bins; `p` sorted upwards."""
    rows: list[dict[str, float]] = []
    for chosen in np.array_split(np.arange(len(p)), min(ECE_BINS, len(p))):
        defaults = int(y[chosen].sum())
        bounds = wilson(defaults, len(chosen))
        rows.append(
            {
                "low": float(p[chosen[0]]),
                "high": float(p[chosen[-1]]),
                "n": len(chosen),
                "predicted": float(p[chosen].mean()),
                "observed": defaults / len(chosen),
                "observed_low": bounds.low,
                "observed_high": bounds.high,
            }
        )
    return rows


def plain(metrics: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """Estimates as JSON values: a number that does not exist is null."""
    return {
        name: {part: value if np.isfinite(value) else None for part, value in asdict(estimate).items()}
        for name, estimate in metrics.items()
    }


def flat(metrics: Mapping[str, Estimate], rename: Callable[[str], str] = str) -> dict[str, float]:
    """``name``, ``name_low``, ``name_high`` → number, without those that do not exist (NaN)."""
    numbers = {}
    for name, estimate in metrics.items():
        for suffix, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)):
            if np.isfinite(value):
                numbers[rename(name) + suffix] = float(value)
    return numbers
