"""Where clients stand: bins of each feature with counts and default rates, made at training.

A population entry is a feature of the model, except that the one-hot features of one text
column of the application stand together as one entry under the column's own name. Missing is
always a bin of its own, the last one. Where the model reads some categories of a text column and
not the others, its features cannot tell another category from a missing one: both are
`OTHER_OR_MISSING`. Nothing here names a client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError

Kind = Literal["numeric", "values", "category"]

MOST_BINS = 12
"""Most bins of a numeric feature."""

MISSING_CODE = 255
"""Bin code of a missing value in the client book (uint8)."""

SAMPLE_POINTS = 260
"""Points of a dependence chart."""

OTHER_OR_MISSING = "other_or_missing"
"""Category of whoever has none of those that the model reads."""

_MISSING_CATEGORY = "nan"
"""Category by which a one-hot feature says that the text is missing."""

_DAYS_PER_MONTH = 365.25 / 12
_DAY_STEPS = sorted(
    [*(m * _DAYS_PER_MONTH for m in (1, 2, 3, 6, 9, 12, 15, 18, 21)), *(365.25 * y for y in range(2, 125))]
)


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """Bins of one entry.

    Attributes
    ----------
    name : str
        Feature of the model, or raw column of a one-hot group.
    kind : ``numeric`` (bins between `edges`), ``values`` (one bin a value), ``category``
    edges : tuple of float
        ``numeric`` only: b − 1 ascending cut points; bin i is ``[edges[i−1], edges[i])``,
        the first open below, the last open above.
    values : tuple of float
        ``values`` only: ascending.
    categories : tuple of str
        ``category`` only, in the vocabulary's order.
    low, high : float or None
        Smallest and largest value present; ``None`` for categories or when all is missing.
    counts, known, defaults : tuple of b + 1 int
        All clients, those with a known outcome, those who defaulted; the missing bin last.
    """

    name: str
    kind: Kind
    edges: tuple[float, ...]
    values: tuple[float, ...]
    categories: tuple[str, ...]
    low: float | None
    high: float | None
    counts: tuple[int, ...]
    known: tuple[int, ...]
    defaults: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of bins without the missing one; also the index of the missing bin."""
        return len(self.counts) - 1

    @property
    def rest(self) -> int:
        """Bin of whoever has none of the categories: the missing one, or that of the others."""
        return self.size - 1 if OTHER_OR_MISSING in self.categories else self.size

    def bin_of(self, value: float | str | None) -> int:
        """Index of the bin of one value; :attr:`size` when missing or an unseen category."""
        if self.kind == "category":
            return self.categories.index(value) if value in self.categories else self.rest  # type: ignore[arg-type]
        number = np.nan if value is None else float(value)
        return int(self.bins_of(np.array([number]))[0])

    def bins_of(self, numbers: NDArray[np.floating]) -> NDArray[np.int64]:
        """Bin indices of an array of numbers with NaN = missing (not for categories)."""
        x = np.asarray(numbers, dtype=np.float64)
        if self.kind == "values":
            found = np.clip(np.searchsorted(self.values, x, side="right") - 1, 0, max(self.size - 1, 0))
        else:
            found = np.searchsorted(self.edges, x, side="right")
        return np.where(np.isnan(x), self.size, found)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FeatureBins:
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**plain)


@dataclass(frozen=True)
class Population:
    """All entries, in the order of the model's features."""

    entries: Mapping[str, FeatureBins]
    groups: Mapping[str, str]
    """One-hot feature → name of its group's entry."""

    def of(self, feature: str) -> FeatureBins:
        """Bins of a feature, one-hot feature or group column.

        Raises
        ------
        InputError
            The model has no such feature (code ``unknown_feature``).
        """
        name = self.groups.get(feature, feature)
        if name not in self.entries:
            raise InputError(f"the model has no feature {feature!r}", code="unknown_feature", feature=feature)
        return self.entries[name]

    def position(self, feature: str, value: float | str | None) -> int:
        """Bin index of a client's value; for a one-hot group the value is the category."""
        return self.of(feature).bin_of(value)

    def members(self, features: Sequence[str]) -> dict[str, list[int]]:
        """Entry name → columns of `features` that it gathers (one, but for a one-hot group)."""
        columns: dict[str, list[int]] = {name: [] for name in self.entries}
        for j, feature in enumerate(features):
            columns[self.of(feature).name].append(j)
        return columns

    def codes_of(
        self, name: str, features: Sequence[str], members: Sequence[int], matrix: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """Bin index of every row of a block of features for one entry, int64 (n,).

        Parameters
        ----------
        name : str
            Entry.
        features, matrix
            Names and float32 (n, k) block.
        members : columns of the entry, from :meth:`members`
        """
        entry = self.entries[name]
        if entry.kind != "category":
            return entry.bins_of(matrix[:, members[0]])
        codes = np.full(len(matrix), entry.rest, dtype=np.int64)
        for j in members:
            category = features[j].removeprefix(f"{self.groups[features[j]]}_")
            codes[matrix[:, j] == 1.0] = entry.bin_of(category)
        return codes

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.entries)

    def as_json(self) -> dict[str, Any]:
        return {"entries": [e.as_json() for e in self.entries.values()], "groups": dict(self.groups)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Population:
        entries = [FeatureBins.from_json(entry) for entry in data["entries"]]
        return cls({entry.name: entry for entry in entries}, dict(data["groups"]))


def build_population(
    matrix: NDArray[np.float32],
    features: Sequence[str],
    target: NDArray[np.floating],
    *,
    groups: Mapping[str, tuple[str, str]] | None = None,
    unit_of: Callable[[str], str] | None = None,
) -> Population:
    """Bins of every feature over all clients of the lake.

    Parameters
    ----------
    matrix : float32 (n, k)
        All clients, known outcome or not; NaN = missing.
    features : k names, in the order of the columns
    target : float (n,)
        0, 1, or NaN where the outcome is not known.
    groups : mapping, optional
        One-hot feature → (raw column, category); see :func:`one_hot_groups`. A feature named here
        and absent from `features` is a category that the model does not read.
    unit_of : callable, optional
        Unit of a feature by the dictionary; ``days`` are cut at whole months and years.
    """
    groups = groups or {}
    columns = {name: j for j, name in enumerate(features)}
    members: dict[str, list[tuple[str, int]]] = {}
    partly_read = {column for feature, (column, _) in groups.items() if feature not in columns}
    for feature, (column, category) in groups.items():
        if feature in columns:
            members.setdefault(column, []).append((category, columns[feature]))
    entries: dict[str, FeatureBins] = {}
    for j, feature in enumerate(features):
        if feature in groups:
            column = groups[feature][0]
            if column not in entries:
                entries[column] = _category_bins(
                    column, members[column], matrix, target, partly_read=column in partly_read
                )
        else:
            days = unit_of is not None and unit_of(feature) == "days"
            entries[feature] = numeric_bins(feature, matrix[:, j], target, days=days)
    return Population(entries, {f: column for f, (column, _) in groups.items() if f in columns})


def numeric_bins(
    name: str, values: NDArray[np.floating], target: NDArray[np.floating], *, days: bool = False
) -> FeatureBins:
    """Bins of one numeric feature: a bin a value when there are few, else readable quantiles."""
    x = np.asarray(values, dtype=np.float64)
    present = x[~np.isnan(x)]
    distinct = _few_distinct(present)
    edges: tuple[float, ...] = ()
    if distinct is None:
        edges = _readable_edges(present, days=days)
    empty = FeatureBins(
        name,
        "numeric" if distinct is None else "values",
        edges,
        () if distinct is None else tuple(distinct.tolist()),
        (),
        float(present.min()) if len(present) else None,
        float(present.max()) if len(present) else None,
        (0,) * ((len(edges) + 1 if distinct is None else len(distinct)) + 1),
        (),
        (),
    )
    return _counted(empty, empty.bins_of(x), target)


def _category_bins(
    name: str,
    members: Sequence[tuple[str, int]],
    matrix: NDArray[np.float32],
    target: NDArray[np.floating],
    *,
    partly_read: bool,
) -> FeatureBins:
    members = sorted(member for member in members if member[0] != _MISSING_CATEGORY)
    # Whoever has none of them comes next: another category, or else the missing bin.
    codes = np.full(len(matrix), len(members), dtype=np.int64)
    for code, (_, j) in enumerate(members):
        codes[matrix[:, j] == 1.0] = code
    categories = tuple(category for category, _ in members) + (OTHER_OR_MISSING,) * partly_read
    empty = FeatureBins(
        name, "category", (), (), categories, None, None, (0,) * (len(categories) + 1), (), ()
    )
    return _counted(empty, codes, target)


def _counted(bins: FeatureBins, codes: NDArray[np.int64], target: NDArray[np.floating]) -> FeatureBins:
    size = bins.size + 1
    known = ~np.isnan(np.asarray(target, dtype=np.float64))
    data = bins.as_json()
    data["counts"] = tuple(np.bincount(codes, minlength=size).tolist())
    data["known"] = tuple(np.bincount(codes[known], minlength=size).tolist())
    data["defaults"] = tuple(np.bincount(codes[known & (target == 1)], minlength=size).tolist())
    return FeatureBins(**data)


def _few_distinct(present: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The distinct values when there are at most :data:`MOST_BINS`, else ``None``."""
    if len(np.unique(present[:1000])) > MOST_BINS:
        return None
    distinct = np.unique(present)
    return distinct if len(distinct) <= MOST_BINS else None


def _readable_edges(present: NDArray[np.float64], *, days: bool) -> tuple[float, ...]:
    """Cut points near the quantiles, as round as the gap to their neighbours allows."""
    cuts = np.unique(np.quantile(present, np.linspace(0.0, 1.0, MOST_BINS + 1)))
    edges: list[float] = []
    for before, cut, after in zip(cuts[:-2], cuts[1:-1], cuts[2:], strict=True):
        room = min(cut - before, after - cut) / 3
        edge = _day_edge(cut, room) if days else None
        edges.append(_round_number(cut, room) if edge is None else edge)
    # A cut below or at the smallest value, or above the largest, would leave an empty bin.
    low, high = present.min(), present.max()
    kept = np.unique([edge for edge in edges if low < edge <= high])
    filled = np.bincount(np.searchsorted(kept, present, side="right"), minlength=len(kept) + 1) > 0
    return tuple(float(edge) for edge, used in zip(kept, filled[:-1], strict=True) if used)


def _round_number(value: float, room: float) -> float:
    """Number with the fewest digits within `room` of `value`."""
    for magnitude in range(12, -13, -1):
        for unit in (5.0, 2.5, 2.0, 1.0):
            step = unit * 10.0**magnitude
            near = float(np.rint(value / step) * step)
            if abs(near - value) <= room:
                return float(f"{near:.12g}")
    return value


def _day_edge(value: float, room: float) -> float | None:
    """Whole months (to 21) or years nearest to a number of days, or ``None`` if too far."""
    sign = -1.0 if value < 0 else 1.0
    nearest = min(_DAY_STEPS, key=lambda step: abs(step - abs(value)))
    edge = sign * float(np.rint(nearest))
    return edge if abs(edge - value) <= room else None


def one_hot_groups(origins: Iterable[tuple[str, Any]]) -> dict[str, tuple[str, str]]:
    """One-hot features of the application: feature → (raw column, category).

    Parameters
    ----------
    origins : iterable of (feature, :class:`model.features.Origin`)
    """
    return {
        feature: (origin.column, origin.category)
        for feature, origin in origins
        if origin.table == "application" and origin.category is not None and origin.statistic is None
    }


# Dependence ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dependence:
    """How the effect of one entry goes with its value, over a sample of clients.

    Attributes
    ----------
    name : str
        Entry of the population; bins are those of ``population.of(name)``.
    mean, low, high : tuple of b + 1 (float or None)
        Mean effect and its 10 % and 90 % quantiles in probability, a bin each, the missing
        bin last; ``None`` where no sampled client lies.
    counts : tuple of b + 1 int
        Sampled clients a bin.
    values, effects : float32 (≤ 260,)
        Single clients, without identifier, for the scatter; NaN value = missing. Empty for a
        category.
    """

    name: str
    mean: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    counts: tuple[int, ...]
    values: NDArray[np.float32]
    effects: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dependences:
    """Dependence of every entry: bins as JSON, points as two arrays.

    Attributes
    ----------
    bins : mapping
        Entry name → ``{"mean", "low", "high", "counts"}``.
    points : float32 (2, p, ≤ 260)
        Values and effects by entry in the population's order, NaN where unused.
    order : tuple of str
        The p entry names.
    """

    bins: Mapping[str, Mapping[str, Sequence[Any]]]
    points: NDArray[np.float32]
    order: tuple[str, ...]

    def of(self, name: str) -> Dependence:
        """Dependence of one entry (name as in ``population.of(feature).name``)."""
        row = self.order.index(name)
        values, effects = np.array(self.points[0, row]), np.array(self.points[1, row])
        used = ~np.isnan(effects)
        bins = self.bins[name]
        return Dependence(
            name,
            tuple(bins["mean"]),
            tuple(bins["low"]),
            tuple(bins["high"]),
            tuple(bins["counts"]),
            values[used],
            effects[used],
        )


def build_dependences(
    population: Population,
    features: Sequence[str],
    values: NDArray[np.float32],
    effects: NDArray[np.float64],
    *,
    seed: int = 0,
) -> Dependences:
    """Dependence of every entry over a random sample of clients.

    Parameters
    ----------
    population : Population
        Made over the same `features`.
    values : float32 (n, k)
        Sampled clients, at random.
    effects : float64 (n, k)
        Their contributions in probability (:func:`model.contributions.contributions`).
    seed : int
        Draw of the points.
    """
    columns = population.members(features)
    chosen = np.random.default_rng(seed).permutation(len(values))[:SAMPLE_POINTS]
    points = np.full((2, len(columns), SAMPLE_POINTS), np.nan, dtype=np.float32)
    bins: dict[str, dict[str, list[Any]]] = {}
    for row, (name, members) in enumerate(columns.items()):
        entry = population.entries[name]
        effect = effects[:, members].sum(axis=1)
        codes = population.codes_of(name, features, members, values)
        if entry.kind != "category":
            points[0, row, : len(chosen)] = values[chosen, members[0]]
            points[1, row, : len(chosen)] = effect[chosen]
        bins[name] = _effects_by_bin(codes, effect, entry.size + 1)
    return Dependences(bins, points, tuple(columns))


def _effects_by_bin(codes: NDArray[np.int64], effect: NDArray[np.float64], size: int) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {"mean": [], "low": [], "high": [], "counts": []}
    for code in range(size):
        mine = effect[codes == code]
        result["counts"].append(len(mine))
        if len(mine):
            low, high = np.quantile(mine, [0.1, 0.9])
            figures: tuple[float | None, ...] = (float(mine.mean()), float(low), float(high))
        else:
            figures = (None, None, None)
        for key, figure in zip(("mean", "low", "high"), figures, strict=True):
            result[key].append(figure)
    return result
