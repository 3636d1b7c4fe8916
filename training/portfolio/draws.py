"""Random draws that share one latent risk, and the columns they fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MONTH = 30.4375
"""Days of a month on average."""

_PROBABILITIES = (0.005, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.995)
_SCORES = np.array([-4.0, *(NormalDist().inv_cdf(p) for p in _PROBABILITIES), 4.0])


class Text(NamedTuple):
    """A text column: positions in `categories`, -1 = missing."""

    codes: Ints
    categories: tuple[str, ...]

    def is_(self, *names: str) -> Flags:
        """Which rows have one of the named categories."""
        wanted = [self.categories.index(name) for name in names]
        return np.isin(self.codes, wanted)

    def put(self, where: Flags, name: str | None) -> Text:
        """The same column with `name` (``None`` = missing) in the rows of `where`."""
        categories = self.categories
        if name is not None and name not in categories:
            categories = (*categories, name)
        code = -1 if name is None else categories.index(name)
        return Text(np.where(where, code, self.codes), categories)


Columns = dict[str, "Floats | Ints | Text"]


@dataclass(frozen=True, slots=True)
class Marginal:
    """Distribution of a number, by its quantiles at 0.5, 5, 10, 20 … 90, 95 and 99.5 %.

    Attributes
    ----------
    points : one value a normal score of `_SCORES`
    """

    points: tuple[float, ...]

    def at(self, score: Floats) -> Floats:
        """Value at a standard normal score: the score 0 gives the median."""
        return np.interp(score, _SCORES, self.points)


def marginal(quantiles: Sequence[float], low: float, high: float) -> Marginal:
    """Make a marginal from its 13 quantiles, running out towards `low` and `high`."""
    return Marginal((low, *quantiles, high))


@dataclass(frozen=True, slots=True)
class Choice:
    """Categories of a text column, their shares and how each leans with some scores.

    Attributes
    ----------
    names, shares : categories and their shares at score 0 (any scale)
    leanings : one row a category, one number a score; positive = more frequent when the score is high
    """

    names: tuple[str, ...]
    shares: Floats
    leanings: Floats


def choice(table: Mapping[str, float | tuple[float, ...]]) -> Choice:
    """Make a choice from ``{category: share}`` or ``{category: (share, leaning, …)}``."""
    rows = [value if isinstance(value, tuple) else (value,) for value in table.values()]
    width = max(2, *(len(row) for row in rows))
    full = np.array([[*row, *[0.0] * (width - len(row))] for row in rows])
    return Choice(tuple(table), full[:, 0], full[:, 1:])


class Draws:
    """Random numbers of one block of clients and one subject; never the clock, never a global state."""

    def __init__(self, seed: int, block: int, subject: int) -> None:
        self.rng = np.random.default_rng([seed, block, subject])

    def normal(self, size: int) -> Floats:
        return self.rng.standard_normal(size)

    def uniform(self, size: int) -> Floats:
        return self.rng.random(size)

    def happens(self, probability: Floats | float, size: int) -> Flags:
        """True with the given probability, in each row."""
        return self.rng.random(size) < probability

    def signal(self, risk: Floats, loading: float) -> Floats:
        """A standard normal score whose correlation with `risk` is `loading`."""
        return loading * risk + np.sqrt(1 - loading**2) * self.normal(len(risk))

    def text(self, table: Choice, size: int, *scores: Floats) -> Text:
        """A category a row, leaning with as many scores as the table has leanings for."""
        if not scores:
            edges = np.cumsum(table.shares / table.shares.sum())
            return Text(np.searchsorted(edges[:-1], self.rng.random(size)), table.names)
        exponents = np.stack(scores, axis=1) @ table.leanings[:, : len(scores)].T
        edges = np.cumsum(table.shares * np.exp(exponents), axis=1)
        codes = (edges < (self.rng.random(size) * edges[:, -1])[:, None]).sum(axis=1)
        return Text(codes.astype(np.int64), table.names)

    def missing(self, values: Floats | Ints, share: Floats | float) -> Floats:
        """The values with a share of them missing."""
        return np.where(self.rng.random(len(values)) < share, np.nan, values)


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def instalment(credit: Floats, yearly_rate: Floats, months: Floats) -> Floats:
    """Constant monthly instalment that repays `credit` in `months`."""
    rate = yearly_rate / 12
    return credit * rate / (1 - (1 + rate) ** -months)


def numbered(owner: Ints, size: int) -> Ints:
    """Position of each row among the rows of its owner; `owner` is sorted, values below `size`."""
    counts = np.bincount(owner, minlength=size)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.arange(len(owner)) - starts[owner]


def spread(counts: Ints) -> tuple[Ints, Ints]:
    """Rows of each owner: (owner of each row, position among the owner's rows)."""
    owner = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - starts[owner]
