"""Similar files: past clients whom the model itself cannot tell apart from this one.

Two clients are as similar as the share of trees in which they fall into the same leaf. The
rate of default among the nearest is not a second opinion: it comes from the same model.

The bundle holds leaves and outcomes of labelled clients, no number and no column of them::

    leaves.npy           uint8 or uint16 (trees, n), row-major: one tree's leaves lie together
    leaves_outcomes.npy  uint8 (n,): 1 = defaulted
"""

from __future__ import annotations

from typing import NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from model.bundle import Bundle
from model.case import Case
from model.errors import UnavailableError
from model.score_tables import LEVEL, Interval, wilson

LEAVES = "leaves.npy"
OUTCOMES = "leaves_outcomes.npy"

NEAREST = 200
"""Files behind the rate."""

SHOWN = 10
FEWEST = 100
"""Never a rate of fewer files."""

SMALLEST_REFERENCE = 2_000
LARGEST_REFERENCE = 50_000

Leaves = NDArray[np.unsignedinteger]

_CLIENTS = 8_192
_TREES = 255
"""Matches of so many trees fit a byte."""


class Neighbour(NamedTuple):
    """One similar file.

    Attributes
    ----------
    row : row of the reference; the client book alone knows whose it is
    similarity : share of trees with the same leaf, 0 to 1
    defaulted : bool
    """

    row: int
    similarity: float
    defaulted: bool


class Similar(NamedTuple):
    """What became of the nearest files.

    Attributes
    ----------
    rate : Interval
        Observed default rate of the nearest files, with its Wilson bounds.
    nearest : tuple of Neighbour
        The nearest of them, most similar first.
    least_similarity : float
        Of the farthest file behind the rate.
    reference : int
        Files that were compared.
    """

    rate: Interval
    nearest: tuple[Neighbour, ...]
    least_similarity: float
    reference: int


def similar(
    bundle: Bundle, case: Case, *, own_row: int | None = None, k: int = NEAREST, shown: int = SHOWN
) -> Similar:
    """The files most similar to a case.

    Parameters
    ----------
    bundle : Bundle
    case : Case
    own_row : int, optional
        Row of the reference that is this very client: left out.
    k : files behind the rate, at least 100
    shown : files told one by one

    Raises
    ------
    UnavailableError
        The bundle holds no leaves (``no_evidence``) or too few of them for a rate
        (``too_few_files``).
    """
    leaves, outcomes = bundle.evidence(LEAVES), bundle.evidence(OUTCOMES)
    others = len(outcomes) - (own_row is not None)
    if len(outcomes) < SMALLEST_REFERENCE or min(k, others) < FEWEST:
        raise UnavailableError(
            f"a rate of similar files asks for {SMALLEST_REFERENCE:,} past files and {FEWEST} near ones, "
            f"bundle {bundle.digest[:12]} holds {len(outcomes):,}",
            code="too_few_files", low=SMALLEST_REFERENCE, found=len(outcomes),
        )  # fmt: skip
    shared = matches(leaves, leaves_of(bundle.booster, case.features[None, :])[:, 0])
    rows = nearest(shared, min(k, others), without=own_row)
    defaults = int(np.asarray(outcomes[rows], dtype=np.int64).sum())
    bounds = wilson(defaults, len(rows))
    share = shared[rows] / len(leaves)
    return Similar(
        rate=Interval(bounds.low, bounds.high, LEVEL, defaults / len(rows), len(rows)),
        nearest=tuple(
            Neighbour(int(row), float(share[i]), bool(outcomes[row])) for i, row in enumerate(rows[:shown])
        ),
        least_similarity=float(share[-1]),
        reference=len(outcomes),
    )


def leaves_of(booster: lgb.Booster, matrix: NDArray[np.float32], *, threads: int = 1) -> Leaves:
    """Leaf of each client in each tree.

    Parameters
    ----------
    booster : lgb.Booster
    matrix : float32 (n, k)
    threads : of LightGBM

    Returns
    -------
    uint8 (trees, n), uint16 where a tree has more than 256 leaves
    """
    rows = np.ascontiguousarray(matrix, dtype=np.float32)
    found = np.empty((booster.num_trees(), len(rows)), dtype=np.uint16)
    for start in range(0, len(rows), _CLIENTS):
        part = slice(start, start + _CLIENTS)
        leaves = booster.predict(rows[part], pred_leaf=True, num_threads=threads)
        found[:, part] = np.asarray(leaves).reshape(len(rows[part]), -1).T
    return found if found.size and found.max() > np.iinfo(np.uint8).max else found.astype(np.uint8)


def matches(leaves: Leaves, own: Leaves) -> NDArray[np.uint16]:
    """In how many trees each reference client shares the leaf of one client, uint16 (n,).

    Parameters
    ----------
    leaves : (trees, n)
    own : (trees,)
    """
    trees, n = leaves.shape
    total = np.zeros(n, dtype=np.uint16)
    own = own.astype(leaves.dtype) if own.max(initial=0) <= np.iinfo(leaves.dtype).max else own
    # Blocks that stay in the processor's cache, counted in bytes.
    for first in range(0, trees, _TREES):
        some = slice(first, first + _TREES)
        for start in range(0, n, _CLIENTS):
            part = slice(start, start + _CLIENTS)
            same = leaves[some, part] == own[some, None]
            total[part] += same.view(np.uint8).sum(axis=0, dtype=np.uint8)
    return total


def nearest(shared: NDArray[np.uint16], k: int, *, without: int | None = None) -> NDArray[np.int64]:
    """Rows of the `k` largest counts, largest first; ties go to the lower row.

    Parameters
    ----------
    shared : uint16 (n,)
    k : at most n, or n − 1 where a row is left out
    without : row that never counts
    """
    n = len(shared)
    # One number that orders by count, then by row: no two are equal.
    order = shared.astype(np.int64) * n + (n - 1 - np.arange(n))
    if without is not None:
        order[without] = -1
    chosen = np.argpartition(order, n - k)[n - k :] if k < n else np.arange(n)
    return chosen[np.argsort(-order[chosen])]


def reference_sample(labelled: int, *, seed: int) -> NDArray[np.int64]:
    """Which labelled clients make the reference: at most 50,000, in an order that tells nothing."""
    return np.random.default_rng([seed, labelled]).permutation(labelled)[:LARGEST_REFERENCE]
