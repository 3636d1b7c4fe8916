"""Tables read off the out-of-fold scores: what became of clients with scores like this one.

All come from margins of models that had not seen the client, with the outcome known later.
No identifier is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.calibration import BetaCalibration, Floats
from model.policy import GRADES, Policy

_Z95 = 1.959963984540054
LEVEL = 0.95

SCALE_BINS = 60
SCALE_STEP = 0.005
SCALE_TOP = 0.30
"""The scale shows 60 bins of half a point from 0 to 30 %, and one count of what lies above."""


class Wilson(NamedTuple):
    """Wilson score interval of a share."""

    low: float
    high: float


def wilson(events: int, n: int) -> Wilson:
    """95 % interval of ``events / n``; contains the observed share, narrows as n grows.

    >>> wilson(53, 425)
    Wilson(low=0.096..., high=0.159...)
    """
    share = events / n
    centre = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
    half = _Z95 / (1 + _Z95**2 / n) * np.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n * n))
    # With no event, or nothing else, the bound equals the share but for rounding.
    return Wilson(float(min(max(centre - half, 0.0), share)), float(max(min(centre + half, 1.0), share)))


class Interval(NamedTuple):
    """Default rate of the clients with the nearest scores.

    Attributes
    ----------
    low, high : float
        Wilson bounds at `level`.
    level : float
        0.95.
    observed : float
        Share of the `n` nearest clients that defaulted.
    n : int
    """

    low: float
    high: float
    level: float
    observed: float
    n: int


@dataclass(frozen=True, slots=True)
class IntervalTable:
    """Sorted out-of-fold margins and the defaults cumulated along them.

    Attributes
    ----------
    margins : float64 (n,), ascending
    cumulated : int64 (n + 1,)
        ``cumulated[j] − cumulated[i]`` defaults among ``margins[i:j]``.
    """

    margins: Floats
    cumulated: NDArray[np.int64]

    @classmethod
    def of(cls, margins: ArrayLike, outcomes: ArrayLike) -> IntervalTable:
        """Table of out-of-fold `margins` (n,) and 0/1 `outcomes` (n,)."""
        m = np.asarray(margins, dtype=np.float64)
        # Equal margins are ordered by outcome, so that the row order cannot matter.
        order = np.lexsort((np.asarray(outcomes), m))
        defaults = np.asarray(outcomes, dtype=np.int64)[order]
        return cls(np.ascontiguousarray(m[order]), np.concatenate([[0], np.cumsum(defaults)]))

    @property
    def neighbours(self) -> int:
        """How many nearest scores make an interval: ``clamp(n / 40, 200, 1000)``."""
        n = len(self.margins)
        return min(max(200, min(n // 40, 1000)), n)

    def interval(self, margin: float, *, neighbours: int | None = None) -> Interval:
        """Observed default rate of the scores nearest to `margin`, with Wilson bounds."""
        k = self.neighbours if neighbours is None else neighbours
        start = self._window(margin, k)
        defaults = int(self.cumulated[start + k] - self.cumulated[start])
        bounds = wilson(defaults, k)
        return Interval(bounds.low, bounds.high, LEVEL, defaults / k, k)

    def _window(self, margin: float, k: int) -> int:
        """Start of the k consecutive margins nearest to `margin` (binary search)."""
        low, high = 0, len(self.margins) - k
        while low < high:
            middle = (low + high) // 2
            if margin - self.margins[middle] > self.margins[middle + k] - margin:
                low = middle + 1
            else:
                high = middle
        return low


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How often models trained on other samples decide otherwise, by distance to the cut-off.

    Attributes
    ----------
    distances : tuple of float
        Lower bounds of ``|logit PD − logit cut-off|``, the first 0.
    n : tuple of int
        Clients that no model has learned from, in each.
    share : tuple of float
        Mean share of the models on the other side of the cut-off than the served one.
    models : int
        How many models were compared with the served one.
    """

    distances: tuple[float, ...]
    n: tuple[int, ...]
    share: tuple[float, ...]
    models: int

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Disagreement:
        return cls(tuple(given["distances"]), tuple(given["n"]), tuple(given["share"]), int(given["models"]))

    def against(self, probability: float, cutoff: float) -> int:
        """How many of the models would decide otherwise, as a rule, at this distance."""
        distance = abs(_logit(probability) - _logit(cutoff))
        row = int(np.searchsorted(self.distances, distance, side="right")) - 1
        return round(self.models * self.share[row])


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))


def percentile_table(probabilities: ArrayLike) -> Floats:
    """1,001 quantiles of the out-of-fold probabilities, float64 ascending."""
    return np.quantile(np.asarray(probabilities, dtype=np.float64), np.linspace(0.0, 1.0, 1001))


def percentile(table: Floats, probability: float) -> float:
    """Percent of past clients with a lower probability of default, 0 to 100."""
    below = np.searchsorted(table, probability, side="left")
    above = np.searchsorted(table, probability, side="right")
    if above > below:  # on one or several points of the table: their middle
        return float((below + above - 1) / 2 / 10)
    if below in (0, len(table)):
        return 0.0 if below == 0 else 100.0
    left, right = table[below - 1], table[below]
    return float((below - 1 + (probability - left) / (right - left)) / 10)


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One grade of the training data, out of fold.

    Attributes
    ----------
    grade : ``A`` … ``G``
    n, defaults : int
        Clients of the grade; those who defaulted.
    share : float
        Share of all clients.
    mean_pd, observed : float or None
        Mean probability of default and observed rate; ``None`` for an empty grade.
    """

    grade: str
    n: int
    defaults: int
    share: float
    mean_pd: float | None
    observed: float | None


def grade_table(probabilities: ArrayLike, outcomes: ArrayLike, policy: Policy) -> tuple[GradeRow, ...]:
    """Seven rows, A to G."""
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(outcomes, dtype=np.int64)
    codes = policy.grade_codes(p)
    n = np.bincount(codes, minlength=len(GRADES))
    defaults = np.bincount(codes, weights=y, minlength=len(GRADES))
    sums = np.bincount(codes, weights=p, minlength=len(GRADES))
    return tuple(
        GradeRow(
            grade,
            int(n[i]),
            int(defaults[i]),
            float(n[i] / len(p)),
            float(sums[i] / n[i]) if n[i] else None,
            float(defaults[i] / n[i]) if n[i] else None,
        )
        for i, grade in enumerate(GRADES)
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """Histogram behind the scale: 60 half-point bins, then everything from 30 % up.

    Attributes
    ----------
    counts, defaults : tuple of 61 int
        Labelled clients by out-of-fold probability; those who defaulted.
    """

    counts: tuple[int, ...]
    defaults: tuple[int, ...]

    @classmethod
    def of(cls, probabilities: ArrayLike, outcomes: ArrayLike) -> Scale:
        p = np.asarray(probabilities, dtype=np.float64)
        y = np.asarray(outcomes, dtype=np.int64)
        codes = np.minimum(np.floor(p / SCALE_STEP), SCALE_BINS).astype(np.int64)
        counts = np.bincount(codes, minlength=SCALE_BINS + 1)
        defaults = np.bincount(codes[y == 1], minlength=SCALE_BINS + 1)
        return cls(tuple(counts.tolist()), tuple(defaults.tolist()))

    @property
    def edges(self) -> Floats:
        """Lower bounds of the 61 bins."""
        return np.arange(SCALE_BINS + 1, dtype=np.float64) * SCALE_STEP


@dataclass(frozen=True, slots=True)
class ScoreTables:
    """All tables of the out-of-fold scores, as the bundle holds them."""

    intervals: IntervalTable
    percentiles: Floats
    grades: tuple[GradeRow, ...]
    scale: Scale

    @classmethod
    def of(
        cls, margins: ArrayLike, outcomes: ArrayLike, *, calibration: BetaCalibration, policy: Policy
    ) -> ScoreTables:
        """Every table from out-of-fold `margins` (n,) and 0/1 `outcomes` (n,)."""
        p = calibration.probability(margins)
        return cls(
            IntervalTable.of(margins, outcomes),
            percentile_table(p),
            grade_table(p, outcomes, policy),
            Scale.of(p, outcomes),
        )


def grades_as_json(grades: tuple[GradeRow, ...]) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in GradeRow.__slots__} for row in grades]
