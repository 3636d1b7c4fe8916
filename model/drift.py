"""Drift: how far the clients of today are from those the model was made with.

The distance is the population stability index over bins fixed at training::

    PSI = Σ (q_b − p_b) · ln(q_b / p_b)

with 0.5 added to each count. Without any drift it is about χ² with B − 1 degrees of freedom times
``1/n + 1/n_ref``; its 99 % quantile is the *noise line*, below which nothing can be told. Data and
score have a light each, since data may drift far without moving the score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.features import origin
from model.policy import OPINIONS

DRIFT = "drift.json"
"""Part of the bundle: :meth:`DriftReference.as_json`."""

Light = Literal["green", "amber", "red", "grey"]

SCORE_BINS = FEATURE_BINS = 10
FEWEST = 200
"""Files under which every light is grey."""

AMBER, RED = 0.10, 0.25
ADDED = 0.5
NOISE_LEVEL = 0.99
WEIGHT = 0.95
"""Only features of the codes that make up this share of importance can turn the light."""

SHARE_MOVE = 0.10
"""A source table's missing share that moves by more is told."""

NO_REASON = "none"


@dataclass(frozen=True, slots=True)
class Bins:
    """Fixed bins of one number, with the counts of training.

    Attributes
    ----------
    edges : ascending inner edges; bin b holds ``edges[b-1] < x <= edges[b]``
    counts : one a bin, and last the missing values
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, values: ArrayLike, *, bins: int) -> Bins:
        """A bin a value where there are few, else at most `bins` of equal mass."""
        numbers = np.asarray(values, dtype=np.float64)
        present = numbers[~np.isnan(numbers)]
        edges: tuple[float, ...] = ()
        distinct = np.unique(present)
        if 1 < len(distinct) <= bins:
            edges = tuple(distinct[:-1].tolist())
        elif len(distinct) > bins:
            inner = np.quantile(present, np.arange(1, bins) / bins, method="inverted_cdf")
            found = np.unique(inner)
            # The largest value as an edge would leave an empty bin above it.
            edges = tuple(found[found < distinct[-1]].tolist())
        return cls(edges, tuple(cls(edges, ()).count(numbers).tolist()))

    def count(self, values: ArrayLike) -> NDArray[np.int64]:
        """Clients of each bin, missing last, int64 (bins + 1,)."""
        numbers = np.asarray(values, dtype=np.float64)
        missing = np.isnan(numbers)
        codes = np.searchsorted(np.asarray(self.edges), numbers[~missing], side="left")
        return np.append(np.bincount(codes, minlength=len(self.edges) + 1), missing.sum())


@dataclass(frozen=True, slots=True)
class DriftReference:
    """What training looked like.

    Attributes
    ----------
    clients : labelled clients behind score, features, missing shares
    explained : those whose contributions are behind codes and first reasons
    score : bins of the probability of default, out of fold
    features : feature → bins
    codes : reason code → bins of its contribution in probability
    opinions : opinion → clients, out of fold
    first_reasons : code, or ``none`` → explained clients whose opinion is not favourable
    missing : source table → share of its features that are missing
    weighty : codes that make up 95 % of importance
    """

    clients: int
    explained: int
    score: Bins
    features: Mapping[str, Bins]
    codes: Mapping[str, Bins]
    opinions: Mapping[str, int]
    first_reasons: Mapping[str, int]
    missing: Mapping[str, float]
    weighty: tuple[str, ...]

    @classmethod
    def of(
        cls,
        *,
        default_probability: ArrayLike,
        opinion_codes: ArrayLike,
        matrix: NDArray[np.float32],
        features: Sequence[str],
        code_sums: NDArray[np.float64],
        codes: Sequence[str],
        first_reasons: Sequence[str],
        importance: Mapping[str, float],
    ) -> DriftReference:
        """The reference of a training.

        Parameters
        ----------
        default_probability, opinion_codes : (n,) out of fold
        matrix : float32 (n, k) of the same clients
        features : k names
        code_sums : float64 (m, 41) contributions by code of some of them
        codes : 41 names
        first_reasons : codes or ``none`` of those whose opinion is not favourable
        importance : code → mean absolute contribution
        """
        probabilities = np.asarray(default_probability, dtype=np.float64)
        return cls(
            clients=len(probabilities),
            explained=len(code_sums),
            score=Bins.of(probabilities, bins=SCORE_BINS),
            features={name: Bins.of(matrix[:, j], bins=FEATURE_BINS) for j, name in enumerate(features)},
            codes={code: Bins.of(code_sums[:, j], bins=FEATURE_BINS) for j, code in enumerate(codes)},
            opinions=opinion_counts(opinion_codes),
            first_reasons=_tally(first_reasons, (*codes, NO_REASON)),
            missing=missing_shares(matrix, features),
            weighty=weighty_codes(importance),
        )

    def as_json(self) -> dict[str, Any]:
        def bins(found: Bins) -> dict[str, Any]:
            return {"edges": list(found.edges), "counts": list(found.counts)}

        return {
            "clients": self.clients,
            "explained": self.explained,
            "score": bins(self.score),
            "features": {name: bins(one) for name, one in self.features.items()},
            "codes": {name: bins(one) for name, one in self.codes.items()},
            "opinions": dict(self.opinions),
            "first_reasons": dict(self.first_reasons),
            "missing": dict(self.missing),
            "weighty": list(self.weighty),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DriftReference:
        def bins(found: Mapping[str, Any]) -> Bins:
            return Bins(tuple(found["edges"]), tuple(found["counts"]))

        return cls(
            clients=data["clients"],
            explained=data["explained"],
            score=bins(data["score"]),
            features={name: bins(one) for name, one in data["features"].items()},
            codes={name: bins(one) for name, one in data["codes"].items()},
            opinions=data["opinions"],
            first_reasons=data["first_reasons"],
            missing=data["missing"],
            weighty=tuple(data["weighty"]),
        )


@dataclass(frozen=True, slots=True)
class Shift:
    """Distance of one thing from training.

    Attributes
    ----------
    psi : population stability index, 0 = equal
    noise : its 99 % quantile without any drift at these sizes
    light : ``grey`` under 200 files
    n : files of today
    """

    psi: float
    noise: float
    light: Light
    n: int


@dataclass(frozen=True, slots=True)
class Drift:
    """Today against training.

    Attributes
    ----------
    score : Shift
        Of the probability of default.
    data : Light
        The worst light of the features that weigh; no worse than theirs, whatever the others do.
    features : mapping
        Feature → Shift.
    codes : mapping
        Reason code → Shift of its contribution; empty where none were given.
    opinions : Shift
    first_reasons : Shift or None
        Of the first reasons of files that are not favourable, where they were given.
    missing : mapping
        Source table → today's missing share minus training's.
    moved_tables : tuple of str
        Tables whose missing share moved by more than ten points.
    """

    score: Shift
    data: Light
    features: Mapping[str, Shift]
    codes: Mapping[str, Shift]
    opinions: Shift
    first_reasons: Shift | None
    missing: Mapping[str, float]
    moved_tables: tuple[str, ...]


def drift(
    reference: DriftReference,
    *,
    default_probability: ArrayLike,
    opinion_codes: ArrayLike,
    matrix: NDArray[np.float32],
    features: Sequence[str],
    feature_codes: Sequence[str],
    code_sums: NDArray[np.float64] | None = None,
    first_reasons: Sequence[str] | None = None,
) -> Drift:
    """Compare clients with the reference.

    Parameters
    ----------
    reference : DriftReference
    default_probability : (n,)
    opinion_codes : (n,) indices into `model.policy.OPINIONS`
    matrix : float32 (n, k)
    features : k names
    feature_codes : k reason codes, each feature's own
    code_sums : float64 (m, 41), optional
        Contributions by code of some of the clients, codes in the reference's order.
    first_reasons : codes or ``none``, optional
        Of the clients whose opinion is not favourable.
    """
    shifts = {
        name: compare(reference.features[name].counts, reference.features[name].count(matrix[:, j]))
        for j, name in enumerate(features)
    }
    weigh = set(reference.weighty)
    today = missing_shares(matrix, features)
    moves = {table: today[table] - share for table, share in reference.missing.items()}
    enough = len(matrix) >= FEWEST
    return Drift(
        score=compare(reference.score.counts, reference.score.count(default_probability)),
        data=worst(
            shifts[name].light for name, code in zip(features, feature_codes, strict=True) if code in weigh
        )
        if enough
        else "grey",
        features=shifts,
        codes={}
        if code_sums is None
        else {
            code: compare(bins.counts, bins.count(code_sums[:, j]))
            for j, (code, bins) in enumerate(reference.codes.items())
        },
        opinions=compare(
            [reference.opinions[name] for name in OPINIONS],
            list(opinion_counts(opinion_codes).values()),
        ),
        first_reasons=None
        if first_reasons is None
        else compare(
            list(reference.first_reasons.values()),
            list(_tally(first_reasons, tuple(reference.first_reasons)).values()),
        ),
        missing=moves,
        moved_tables=tuple(table for table, move in moves.items() if enough and abs(move) > SHARE_MOVE),
    )


def psi(reference: ArrayLike, today: ArrayLike) -> float:
    """Population stability index of two rows of counts over the same bins.

    Bins that are empty on both sides do not count.
    """
    p, q = _counted(reference, today)
    p, q = p + ADDED, q + ADDED
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def noise_line(bins: int, n: int, n_reference: int) -> float:
    """99 % quantile of the index where nothing drifted: ``χ²_{B−1} · (1/n + 1/n_ref)``."""
    if bins < 2 or n == 0 or n_reference == 0:
        return 0.0
    return chi_square_quantile(NOISE_LEVEL, bins - 1) * (1 / n + 1 / n_reference)


def compare(reference: ArrayLike, today: ArrayLike) -> Shift:
    """Index, noise line and light of two rows of counts over the same bins."""
    p, q = _counted(reference, today)
    n, value = int(q.sum()), psi(reference, today)
    noise = noise_line(len(p), n, int(p.sum()))
    return Shift(value, noise, light(value, noise, n), n)


def light(value: float, noise: float, n: int) -> Light:
    """Red above 0.25, amber above 0.10, each only above the noise line; grey under 200 files."""
    if n < FEWEST:
        return "grey"
    if value > max(RED, noise):
        return "red"
    return "amber" if value > max(AMBER, noise) else "green"


def worst(lights: Any) -> Light:
    """The worst of some lights; green for none."""
    order: tuple[Light, ...] = ("grey", "green", "amber", "red")
    return max(lights, key=order.index, default="green")


def opinion_counts(opinion_codes: ArrayLike) -> dict[str, int]:
    """Clients by opinion."""
    counts = np.bincount(np.asarray(opinion_codes, dtype=np.int64), minlength=len(OPINIONS))
    return dict(zip(OPINIONS, counts.tolist(), strict=True))


def missing_shares(matrix: NDArray[np.float32], features: Sequence[str]) -> dict[str, float]:
    """Source table → share of its features' values that are missing."""
    by_table: dict[str, list[int]] = {}
    for j, name in enumerate(features):
        by_table.setdefault(origin(name).table, []).append(j)
    missing = np.isnan(matrix).mean(axis=0) if len(matrix) else np.zeros(len(features))
    return {table: float(missing[columns].mean()) for table, columns in by_table.items()}


def weighty_codes(importance: Mapping[str, float]) -> tuple[str, ...]:
    """The fewest codes that make up 95 % of importance, the heaviest first."""
    total, kept, reached = sum(importance.values()), [], 0.0
    for code, size in sorted(importance.items(), key=lambda item: (-item[1], item[0])):
        if reached >= WEIGHT * total or size <= 0:
            break
        kept.append(code)
        reached += size
    return tuple(kept)


@lru_cache(maxsize=64)
def chi_square_quantile(level: float, degrees: int) -> float:
    """Quantile of the χ² law, by bisection on the series of its distribution."""
    low, high = 0.0, 1.0
    while _chi_square(high, degrees) < level:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _chi_square(middle, degrees) < level else (low, middle)
    return (low + high) / 2


def _chi_square(x: float, degrees: int) -> float:
    """Distribution function: the lower incomplete gamma function as a series."""
    a, half = degrees / 2, x / 2
    if half == 0:
        return 0.0
    term = math.exp(a * math.log(half) - half - math.lgamma(a + 1))
    total, step = 0.0, 0
    while term > 1e-17 * max(total, 1e-300):
        total += term
        step += 1
        term *= half / (a + step)
    return total


def _counted(reference: ArrayLike, today: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p, q = np.asarray(reference, dtype=np.float64), np.asarray(today, dtype=np.float64)
    used = (p > 0) | (q > 0)
    return p[used], q[used]


def _tally(values: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    found = dict.fromkeys(names, 0)
    for value in values:
        found[value] += 1
    return found
