"""Champion against another version: the figures, the rule, and the table that people read.

The rule: the other version takes its place when it costs no more and loses no more, one of the
two beyond doubt (its paired interval excludes 0), no law fails, and no group's ratio of
acceptance falls by more than two points. Everything is measured out of fold on the same clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from mlflow.entities.model_registry import ModelVersion

from model.errors import IntegrityError
from model.home import Home
from model.policy import Policy
from training.evaluation import Costs, Estimate, plain
from training.evidence import read_labelled
from training.fairness import FEWEST_DEFAULTS, FEWEST_FILES, GroupRow, fairness_tables, groups_of
from training.protocol import calibrated, compare, judge
from training.swap import CELLS, SwapSet, first_reasons, swap_set
from training.tracking import Tracking
from training.versions import BUNDLE_TAG, out_of_fold_of

ATTRIBUTES = ("sex", "age")
LARGEST_FALL = 0.02
"""A group's ratio of acceptance may fall by so much."""

OBSERVED_EXPECTED = (0.9, 1.1)
"""L8, cross-fitted."""

_SHOWN = (
    ("auc", "AUC", 4),
    ("log_loss", "log loss", 5),
    ("brier", "Brier score", 5),
    ("cost_per_file", "cost per file", 4),
    ("acceptance_rate", "acceptance", 4),
    ("accepted_bad_rate", "bad rate among accepted", 4),
    ("ece", "ECE", 4),
    ("ece_noise_floor", "its noise floor", 4),
    ("observed_expected", "observed / expected", 3),
)
_CELL_WORDS = {
    "both_accept": "accepted by both",
    "swap_in": "swapped in",
    "swap_out": "swapped out",
    "both_refuse": "refused by both",
}


_Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Scored:
    """Out-of-fold scores of a version.

    Attributes
    ----------
    version : its number
    ids, outcome, fold, margin : (n,) by client, ids ascending
    costs : under which it was trained
    """

    version: str
    ids: np.ndarray
    outcome: np.ndarray
    fold: np.ndarray
    margin: np.ndarray
    costs: Costs


@dataclass(frozen=True, slots=True)
class Group:
    """Ratio of acceptance of one group to the best accepted one, by each version."""

    attribute: str
    group: str
    champion: Estimate
    other: Estimate

    @property
    def fall(self) -> float:
        return self.champion.value - self.other.value


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions on the same clients.

    Attributes
    ----------
    champion, other : numbers of the versions
    not_paired : why they cannot be compared in pairs, ``None`` when they can
    same_scores : every margin is equal: the same score with other parts
    same_folds : the folds are the same too, so that their noise is shared
    clients, defaults : behind the figures
    metrics : version → metric → estimate
    difference : paired, the other less the champion
    groups : ratios of `ATTRIBUTES`, groups that are large enough
    swap : at the champion's rate of acceptance
    refusals : why the rule refuses, a sentence each; empty when it does not
    """

    champion: str
    other: str
    not_paired: str | None = None
    same_scores: bool = False
    same_folds: bool = True
    clients: int = 0
    defaults: int = 0
    metrics: Mapping[str, Mapping[str, Estimate]] | None = None
    difference: Mapping[str, Estimate] | None = None
    groups: tuple[Group, ...] = ()
    swap: SwapSet | None = None
    refusals: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As kept with the version that is judged."""
        metrics = {} if self.metrics is None else self.metrics
        return {
            "champion": self.champion,
            "other": self.other,
            "not_paired": self.not_paired,
            "same_scores": self.same_scores,
            "same_folds": self.same_folds,
            "clients": self.clients,
            "defaults": self.defaults,
            "metrics": {version: plain(found) for version, found in metrics.items()},
            "difference": plain(self.difference or {}),
            "groups": [asdict(group) for group in self.groups],
            "swap": None if self.swap is None else self.swap.as_json(),
            "refusals": list(self.refusals),
        }

    def table(self) -> str:
        """The comparison for a terminal."""
        lines = [f"version {self.other} against the champion, version {self.champion}"]
        if self.not_paired is not None:
            return "\n".join([*lines, f"  cannot be compared in pairs: {self.not_paired}"])
        folds = "same folds" if self.same_folds else "other folds, whose noise is not shared"
        lines.append(f"  {self.clients:,} clients out of fold, {self.defaults:,} defaulted, {folds}")
        lines += [*self._metric_lines(), *self._group_lines(), *self._swap_lines()]
        if self.same_scores:
            lines.append("  every score is the same: only other parts of the bundle may differ")
        lines += [f"  refused: {sentence}" for sentence in self.refusals]
        if not self.refusals:
            lines.append("  the rule of promotion accepts it")
        return "\n".join(lines)

    def _metric_lines(self) -> list[str]:
        metrics, difference = self.metrics or {}, self.difference or {}
        rows: list[_Row] = [("", f"champion {self.champion}", f"version {self.other}", "difference [95 %]")]
        for name, words, digits in _SHOWN:
            ours, theirs = (_figure(metrics[one][name], digits) for one in (self.champion, self.other))
            change = _figure(difference[name], digits, sign="+") if name in difference else ""
            rows.append((words, ours, theirs, change))
        return _columns(rows)

    def _group_lines(self) -> list[str]:
        if not self.groups:
            return ["  no group of sex or age is large enough for a ratio"]
        rows = [
            ("acceptance against the best group", f"champion {self.champion}", f"version {self.other}", "")
        ]
        rows += [
            (
                f"{one.attribute} {one.group}",
                _figure(one.champion, 3),
                _figure(one.other, 3),
                f"{-one.fall:+.3f}",
            )
            for one in self.groups
        ]
        return _columns(rows)

    def _swap_lines(self) -> list[str]:
        if self.swap is None:
            return []
        rows = [
            (
                f"sides at {self.swap.acceptance:.1%} accepted",
                "clients",
                "mean PD by each",
                "observed bad rate",
            )
        ]
        for name in CELLS:
            cell = self.swap.cells[name]
            if cell.bad_rate is None:
                rows.append((_CELL_WORDS[name], "0", "", ""))
            else:
                means = f"{cell.champion_pd:.1%} | {cell.other_pd:.1%}"
                rows.append((_CELL_WORDS[name], f"{cell.n:,}", means, _figure(cell.bad_rate, 3)))
        lines = _columns(rows)
        for name, told in (self.swap.reasons or {}).items():
            firsts = ", ".join(f"{code} {count}" for code, count in list(told.items())[:8])
            lines.append(f"  {_CELL_WORDS[name]} by the champion's first reason: {firsts or 'none'}")
        return lines


def compare_versions(
    home: Home, tracking: Tracking, champion: ModelVersion, other: ModelVersion
) -> Comparison:
    """Compare two versions by what their runs kept, and judge the other by the rule.

    Raises
    ------
    UnavailableError
        MLflow does not answer.
    IntegrityError
        What was kept is not what was registered.
    """
    names = str(champion.version), str(other.version)
    scored = [scores_of(home, tracking, version) for version in (champion, other)]
    lacking = [name for name, found in zip(names, scored, strict=True) if found is None]
    if lacking:
        return _not_paired(*names, f"version {lacking[0]} kept no out-of-fold scores")
    ours, theirs = scored
    assert ours is not None and theirs is not None
    why = unpaired(ours, theirs)
    if why is not None:
        return _not_paired(*names, why)
    found = compare_scores(ours, theirs, groups=_groups(home, ours.ids))
    champion_pd, other_pd = (calibrated(ours.outcome, one.margin)[0] for one in (ours, theirs))
    swap, places = swap_set(ours.outcome, champion_pd, other_pd, cutoff=ours.costs.cutoff)
    reasons = first_reasons(home, champion.tags.get(BUNDLE_TAG, ""), ours.ids, places)
    return replace(found, swap=replace(swap, reasons=reasons))


def compare_scores(champion: Scored, other: Scored, *, groups: Mapping[str, np.ndarray] | None) -> Comparison:
    """Figures and rule, of two scores of the same clients.

    Parameters
    ----------
    groups : attribute → (n,) names; ``None`` when they are not at hand, which the rule refuses
    """
    outcome, costs = champion.outcome, champion.costs
    same = bool(np.array_equal(champion.margin, other.margin))
    metrics = {one.version: judge(outcome, one.margin, costs) for one in (champion, other)}
    difference = compare(outcome, other.margin, champion.margin, costs)
    ratios = None if groups is None else _ratios(outcome, champion, other, groups)
    refused = () if same else refusals(difference, metrics[other.version], ratios)
    return Comparison(
        champion.version,
        other.version,
        same_scores=same,
        same_folds=bool(np.array_equal(champion.fold, other.fold)),
        clients=len(outcome),
        defaults=int(outcome.sum()),
        metrics=metrics,
        difference=difference,
        groups=ratios or (),
        refusals=refused,
    )


def refusals(
    difference: Mapping[str, Estimate], metrics: Mapping[str, Estimate], groups: tuple[Group, ...] | None
) -> tuple[str, ...]:
    """Why the rule refuses a version, a sentence each; empty when it does not.

    Parameters
    ----------
    difference : paired, the version less the champion
    metrics : of the version
    groups : ratios by both; ``None`` when they could not be made
    """
    cost, loss = difference["cost_per_file"], difference["log_loss"]
    found = []
    if cost.value > 0:
        found.append(f"its cost per file is higher, by {_figure(cost, 4, sign='+')}")
    if loss.value > 0:
        found.append(f"its log loss is higher, by {_figure(loss, 5, sign='+')}")
    if not found and not (cost.high < 0 or loss.high < 0):
        found.append(
            f"it is not better beyond doubt: the intervals of cost per file ({_figure(cost, 4, sign='+')}) "
            f"and log loss ({_figure(loss, 5, sign='+')}) both hold 0"
        )
    ratio = metrics["observed_expected"]
    if not OBSERVED_EXPECTED[0] <= ratio.value <= OBSERVED_EXPECTED[1]:
        found.append(f"L8: observed / expected is {_figure(ratio, 3)}, outside {OBSERVED_EXPECTED}")
    if groups is None:
        found.append("the lake here holds other clients: the ratios of the groups cannot be checked")
    for group in groups or ():
        if group.fall > LARGEST_FALL:
            found.append(
                f"the ratio of acceptance of {group.attribute} {group.group} falls by {group.fall:.3f}, "
                f"from {group.champion.value:.3f} to {group.other.value:.3f}; {LARGEST_FALL} is the most"
            )
    return tuple(found)


def unpaired(champion: Scored, other: Scored) -> str | None:
    """Why two scores are not of the same clients and outcomes, or ``None``."""
    if not np.array_equal(champion.ids, other.ids):
        common = len(np.intersect1d(champion.ids, other.ids))
        return (
            f"they were trained on other clients ({len(champion.ids):,} and {len(other.ids):,}, "
            f"{common:,} in common)"
        )
    differing = int((champion.outcome != other.outcome).sum())
    return f"{differing:,} clients have another outcome" if differing else None


def scores_of(home: Home, tracking: Tracking, version: ModelVersion) -> Scored | None:
    """What the run of a version kept of its out-of-fold scores; ``None`` when it kept none."""
    path = out_of_fold_of(home, tracking.client, version)
    if path is None or version.run_id is None:
        return None
    return read_scores(path, str(version.version), _costs(tracking, version.run_id))


def read_scores(path: Path, version: str, costs: Costs) -> Scored:
    """Scores of an out-of-fold table."""
    table = pq.read_table(path, columns=["SK_ID_CURR", "TARGET", "fold", "margin"])
    columns = {name: table[name].to_numpy() for name in table.column_names}
    order = np.argsort(columns["SK_ID_CURR"], kind="stable")
    return Scored(
        version,
        columns["SK_ID_CURR"][order],
        columns["TARGET"][order].astype(np.int8),
        columns["fold"][order],
        columns["margin"][order],
        costs,
    )


def _costs(tracking: Tracking, run_id: str) -> Costs:
    parameters = tracking.client.get_run(run_id).data.params
    return Costs(float(parameters["cutoff"]), float(parameters["cost_fn"]), float(parameters["cost_fp"]))


def _groups(home: Home, ids: np.ndarray) -> dict[str, np.ndarray] | None:
    """Groups of the same clients from the raw table, when this home holds them."""
    if not (home.lake / "application.parquet").exists():
        return None
    try:
        labelled = read_labelled(home, ids)
    except IntegrityError:
        return None
    found = groups_of(labelled.numbers, labelled.texts)
    return {name: found[name] for name in ATTRIBUTES}


def _ratios(
    outcome: np.ndarray, champion: Scored, other: Scored, groups: Mapping[str, np.ndarray]
) -> tuple[Group, ...]:
    policy = Policy(version="comparison", cutoff=champion.costs.cutoff)
    ours, theirs = (
        fairness_tables(groups, outcome, calibrated(outcome, one.margin)[0], policy)
        for one in (champion, other)
    )
    return tuple(
        Group(attribute, row.group, row.ratio, match.ratio)
        for attribute in groups
        for row, match in zip(ours[attribute], theirs[attribute], strict=True)
        if _has_ratio(row) and row.ratio is not None and match.ratio is not None
    )


def _has_ratio(row: GroupRow) -> bool:
    return row.n >= FEWEST_FILES and row.defaults >= FEWEST_DEFAULTS


def _not_paired(champion: str, other: str, why: str) -> Comparison:
    return Comparison(champion, other, not_paired=why, refusals=(f"they cannot be compared in pairs: {why}",))


def _figure(estimate: Estimate, digits: int, *, sign: str = "") -> str:
    value, low, high = (format(x, f"{sign}.{digits}f") for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def _columns(rows: list[_Row]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
