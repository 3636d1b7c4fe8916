"""How the model treats groups that it never reads, measured out of fold at the operated cut-off.

The groups come from the raw table. A group with fewer than 200 files or 20 defaults shows no
figure: its interval would be wider than any gap worth telling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from model.policy import Policy
from training.evaluation import DRAWS, Estimate, auc_score

FAIRNESS = "fairness.json"
"""Part of the bundle; see :func:`as_json`."""

FEWEST_FILES = 200
FEWEST_DEFAULTS = 20
FLAGGED_RATIO = 0.80
NOT_PROVIDED = "not_provided"

_AGES = (25, 30, 40, 50, 60)
_AGE_NAMES = ("under_25", "25_29", "30_39", "40_49", "50_59", "60_and_over")
_DAYS_A_YEAR = 365.25
_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of one attribute.

    Attributes
    ----------
    group : name
    n, defaults : files, and those that defaulted
    acceptance : share on the accept side
    ratio : of its acceptance to that of the best accepted group
    good_acceptance : acceptance among those who repaid (equal opportunity)
    good_gap : to the group where that is highest, zero or negative
    bad_acceptance : acceptance among those who defaulted
    observed_expected : defaults / sum of probabilities; below 1 the group is over-charged
    auc : with DeLong's interval; the other intervals are bootstrap

    ``None`` in place of every figure but the counts where the group is too small.
    """

    group: str
    n: int
    defaults: int
    acceptance: Estimate | None = None
    ratio: Estimate | None = None
    good_acceptance: Estimate | None = None
    good_gap: Estimate | None = None
    bad_acceptance: Estimate | None = None
    observed_expected: Estimate | None = None
    auc: Estimate | None = None

    @property
    def shown(self) -> bool:
        """Whether the group is large enough for figures."""
        return self.n >= FEWEST_FILES and self.defaults >= FEWEST_DEFAULTS


def groups_of(numbers: Mapping[str, np.ndarray], texts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Group of every client for each attribute, as texts.

    Parameters
    ----------
    numbers, texts : raw application columns of the labelled clients

    Returns
    -------
    dict
        ``sex``, ``age``, ``family_status``, ``children``, ``region_rating``, ``education``,
        ``external_scores`` → object (n,); a missing value is its own group.
    """
    age = -numbers["DAYS_BIRTH"] / _DAYS_A_YEAR
    bands = np.array(_AGE_NAMES, dtype=object)[np.digitize(np.nan_to_num(age), _AGES)]
    children = np.where(numbers["CNT_CHILDREN"] > 0, "with_children", "without_children").astype(object)
    rating = np.array([f"rating_{value:.0f}" for value in numbers["REGION_RATING_CLIENT"]], dtype=object)
    unscored = np.isnan(numbers["EXT_SOURCE_1"]) & np.isnan(numbers["EXT_SOURCE_3"])
    return {
        "sex": _told(texts["CODE_GENDER"]),
        "age": np.where(np.isnan(age), NOT_PROVIDED, bands),
        "family_status": _told(texts["NAME_FAMILY_STATUS"]),
        "children": np.where(np.isnan(numbers["CNT_CHILDREN"]), NOT_PROVIDED, children),
        "region_rating": np.where(np.isnan(numbers["REGION_RATING_CLIENT"]), NOT_PROVIDED, rating),
        "education": _told(texts["NAME_EDUCATION_TYPE"]),
        "external_scores": np.where(unscored, "without_1_and_3", "with_1_or_3").astype(object),
    }


def fairness_tables(
    groups: Mapping[str, np.ndarray],
    outcome: np.ndarray,
    default_probability: np.ndarray,
    policy: Policy,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, tuple[GroupRow, ...]]:
    """Rows of every attribute, groups in alphabetical order.

    Parameters
    ----------
    groups : attribute → (n,) names
    outcome : (n,) 0 repaid, 1 defaulted
    default_probability : (n,) calibrated, out of fold
    policy : its cut-off decides the side; the review zone plays no part
    draws : bootstrap draws of clients over fixed scores, the same for every attribute
    seed : of the draws
    """
    bad = np.asarray(outcome, dtype=np.int64)
    accepted = (~policy.refused(default_probability)).astype(np.int64)
    coded = {name: np.unique(values.astype(str), return_inverse=True) for name, values in groups.items()}
    cells = {name: (codes * 2 + accepted) * 2 + bad for name, (_, codes) in coded.items()}
    p = np.asarray(default_probability, dtype=np.float64)

    def sums(weight: np.ndarray | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        weighted = p if weight is None else p * weight
        return {
            name: (
                np.bincount(cells[name], weights=weight, minlength=4 * len(names)).reshape(-1, 2, 2),
                np.bincount(codes, weights=weighted, minlength=len(names)),
            )
            for name, (names, codes) in coded.items()
        }

    random, n = np.random.default_rng(seed), len(bad)
    whole = sums(None)
    drawn = [
        sums(np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)) for _ in range(draws)
    ]
    return {
        name: _rows(
            names,
            whole[name],
            [draw[name] for draw in drawn],
            {i: (bad[codes == i], p[codes == i]) for i in range(len(names))},
        )
        for name, (names, codes) in coded.items()
    }


def as_json(tables: Mapping[str, Sequence[GroupRow]], policy: Policy, *, clients: int) -> dict[str, Any]:
    """The bundle's file: nothing of a group that is too small leaves it but its name.

    Returns
    -------
    dict
        ``clients``, ``policy``, ``cut_off``, ``fewest_files``, ``fewest_defaults`` and
        ``attributes``: attribute → rows. A row holds ``group`` and ``shown``; where shown also
        ``n``, ``defaults``, ``flagged`` (ratio under 0.80) and each metric with ``value``,
        ``low``, ``high``.
    """
    return {
        "clients": clients,
        "policy": policy.version,
        "cut_off": policy.cutoff,
        "fewest_files": FEWEST_FILES,
        "fewest_defaults": FEWEST_DEFAULTS,
        "attributes": {name: [_row_as_json(row) for row in rows] for name, rows in tables.items()},
    }


def _row_as_json(row: GroupRow) -> dict[str, Any]:
    if not row.shown or row.ratio is None:
        return {"group": row.group, "shown": False}
    figures = {name: value for name, value in asdict(row).items() if name != "group"}
    return {"group": row.group, "shown": True, "flagged": row.ratio.value < FLAGGED_RATIO, **figures}


def _rows(
    names: np.ndarray,
    whole: tuple[np.ndarray, np.ndarray],
    drawn: Sequence[tuple[np.ndarray, np.ndarray]],
    scores: Mapping[int, tuple[np.ndarray, np.ndarray]],
) -> tuple[GroupRow, ...]:
    counts = whole[0]
    n, defaults = counts.sum(axis=(1, 2)).astype(int), counts[:, :, 1].sum(axis=1).astype(int)
    shown = (n >= FEWEST_FILES) & (defaults >= FEWEST_DEFAULTS) & (n > defaults)
    if not shown.any():
        return tuple(GroupRow(str(name), int(n[i]), int(defaults[i])) for i, name in enumerate(names))
    value = _metrics(*whole, shown, None)
    best = (value["best"], value["best_good"])
    draws = [_metrics(*draw, shown, best) for draw in drawn]

    def estimate(metric: str, i: int) -> Estimate:
        seen = np.array([draw[metric][i] for draw in draws])
        seen = seen[np.isfinite(seen)]
        low, high = np.quantile(seen, [_TAIL, 1 - _TAIL]) if len(seen) else (np.nan, np.nan)
        return Estimate(float(value[metric][i]), float(low), float(high))

    return tuple(
        GroupRow(
            str(name),
            int(n[i]),
            int(defaults[i]),
            **{metric: estimate(metric, i) for metric in _BOOTSTRAPPED},
            auc=auc_score(*scores[i]),
        )
        if shown[i]
        else GroupRow(str(name), int(n[i]), int(defaults[i]))
        for i, name in enumerate(names)
    )


_BOOTSTRAPPED = ("acceptance", "ratio", "good_acceptance", "good_gap", "bad_acceptance", "observed_expected")


def _metrics(
    counts: np.ndarray, expected: np.ndarray, shown: np.ndarray, best: tuple[int, int] | None
) -> dict[str, Any]:
    """Metrics of every group; `best` are the groups compared with, found where not given.

    Parameters
    ----------
    counts : (groups, refused or accepted, repaid or defaulted)
    expected : (groups,) sums of probabilities
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        acceptance = counts[:, 1].sum(axis=1) / counts.sum(axis=(1, 2))
        good = counts[:, 1, 0] / counts[:, :, 0].sum(axis=1)
        bad = counts[:, 1, 1] / counts[:, :, 1].sum(axis=1)
        ratio = counts[:, :, 1].sum(axis=1) / expected
        # A draw keeps the groups of the whole: the best of each draw would flatter none.
        first, first_good = best or (
            int(np.argmax(np.where(shown, acceptance, -1.0))),
            int(np.argmax(np.where(shown, good, -1.0))),
        )
        return {
            "best": first,
            "best_good": first_good,
            "acceptance": acceptance,
            "ratio": acceptance / acceptance[first],
            "good_acceptance": good,
            "good_gap": good - good[first_good],
            "bad_acceptance": bad,
            "observed_expected": ratio,
        }


def _told(values: np.ndarray) -> np.ndarray:
    return np.array([NOT_PROVIDED if value is None else value for value in values], dtype=object)
