"""Other models that a lender could have: without a reason, without a constraint, with age.

Tabled at a release and never applied. A variant that treats the worst treated group better at a cost
that may be chance is to be asked about; the answer is a person's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from model.dictionary import code_of, direction, excluded
from model.home import Home
from model.policy import Policy
from training.boosting import Grown, Recipe, dataset, grow_on, kept_columns, rank, tree_count
from training.dataset import Clients, read_clients
from training.evaluation import (
    Costs,
    Estimate,
    auc_difference,
    differences,
    evaluate,
    per_client,
    plain,
)
from training.evidence import read_labelled
from training.fairness import GroupRow, fairness_tables, groups_of
from training.folds import Split
from training.promotion import ATTRIBUTES
from training.protocol import Learner, calibrated, out_of_fold
from training.pruning import strongest
from training.recipe import Chosen
from training.searches import MARGINS, Row, Search

WORTH_ASKING = 0.01
"""A variant whose worst ratio is higher by this, at a cost that may be chance, is asked about."""

DRAWS = 200
"""Of the bootstrap of each variant: there are dozens."""

_AGE_VARIANTS = (("excluded", ()), ("used", ("age",)), ("used+sex", ("age", "sex")))


@dataclass(frozen=True, slots=True)
class Labelled:
    """What every search of a release is judged on.

    Attributes
    ----------
    clients : all clients with the candidates' features
    matrix, target : of those with a known outcome
    groups : attribute → their groups
    """

    clients: Clients
    matrix: np.ndarray
    target: np.ndarray
    groups: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Variant:
    """The recipe without some features or constraints.

    Boosters that rank the candidates are grown once a fold and shared by the variants. So is, where
    `counts` is given, the number of trees: that of the recipe with nothing dropped or lifted.

    Attributes
    ----------
    name : of the candidate
    recipe : on all candidates; its seed is that of the repeat
    rankings : seed and first scored row → booster on all candidates
    dropped, freed : names of features that are left out, whose constraint is lifted
    counts : as `rankings`, the number of trees; ``None`` lets each variant choose its own
    """

    name: str
    recipe: Recipe
    rankings: dict[tuple[int, int], Grown] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    freed: frozenset[str] = frozenset()
    counts: dict[tuple[int, int], int] | None = None

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        """Out-of-fold log-odds; `training.protocol.Learner`."""
        recipe = replace(self.recipe, seed=seed)
        first = self._ranking(matrix, target, split, recipe)
        columns = self._columns(first, recipe)
        constraints = tuple(
            0 if name in self.freed else own
            for name, own in zip(recipe.features, recipe.constraints, strict=True)
        )
        own = replace(recipe, constraints=constraints)
        trees = self._trees(first, matrix, target, split, recipe)
        return grow_on(columns, first, matrix, target, split, own, trees=trees).margin(matrix[split.score])

    def _ranking(self, matrix: np.ndarray, target: np.ndarray, split: Split, recipe: Recipe) -> Grown:
        key = _fold(recipe, split)
        if key not in self.rankings:
            self.rankings[key] = rank(dataset(matrix, target, recipe), split, recipe)
        return self.rankings[key]

    def _trees(
        self, first: Grown, matrix: np.ndarray, target: np.ndarray, split: Split, recipe: Recipe
    ) -> int | None:
        if self.counts is None:
            return None
        key = _fold(recipe, split)
        if key not in self.counts:
            columns = kept_columns(first, recipe)
            narrow, own = recipe.only(columns), np.ascontiguousarray(matrix[:, columns])
            self.counts[key] = tree_count(dataset(own, target, narrow), target, split.seen, narrow)
        return self.counts[key]

    def _columns(self, first: Grown, recipe: Recipe) -> np.ndarray:
        if not self.dropped:
            return kept_columns(first, recipe)
        gain = first.booster.feature_importance("gain", iteration=first.trees)
        allowed = np.array([name not in self.dropped for name in recipe.features]).nonzero()[0]
        names = [recipe.features[column] for column in allowed]
        return allowed[strongest(gain[allowed], names, recipe.keep or len(names))]


def _fold(recipe: Recipe, split: Split) -> tuple[int, int]:
    """Names a fold of a repeat: no two of them score the same first row."""
    return recipe.seed, int(split.score[0])


def alternatives_of(
    made: Search,
    labelled: Labelled,
    recipe: Recipe,
    rankings: dict[tuple[int, int], Grown],
    costs: Costs,
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """One variant a reason code dropped and a group of constraints lifted, with what is to be asked."""
    counts: dict[tuple[int, int], int] = {}
    variants = [
        replace(one, counts=counts)
        for one in (Variant("base", recipe, rankings), *variants_of(recipe, rankings))
    ]
    found: list[dict[str, Any]] = []
    margins: np.ndarray | None = None
    for variant in variants:
        row = made.candidate(
            variant.name,
            {
                "keep": recipe.keep,
                "seed": seed,
                "dropped": len(variant.dropped),
                "freed": len(variant.freed),
                **recipe.changed,
            },
            partial(_judged_by_group, variant, labelled, costs, seed),
        )
        margins = row[MARGINS] if margins is None else margins
        dearer = _costs(labelled.target, row[MARGINS], costs), _costs(labelled.target, margins, costs)
        found.append(
            {
                "name": variant.name,
                "dropped": sorted(variant.dropped),
                "freed": sorted(variant.freed),
                "auc": row["metrics"]["auc"],
                "cost_per_file": row["metrics"]["cost_per_file"],
                "ratios": row["ratios"],
                "difference": plain(
                    {
                        "auc": auc_difference(labelled.target, row[MARGINS], margins),
                        **differences(labelled.target, {"cost_per_file": dearer}, draws=DRAWS),
                    }
                ),
                "standard_error": standard_error(dearer[0] - dearer[1]),
            }
        )
        found[-1]["ask"] = worth_asking(found[0], found[-1])
    return found


def variants_of(recipe: Recipe, rankings: dict[tuple[int, int], Grown]) -> list[Variant]:
    """A variant without each reason code, and one without the constraints of each."""
    by_code = sorted((str(code_of(name)), name) for name in recipe.features)
    groups = {
        code: frozenset(name for _, name in rows) for code, rows in groupby(by_code, key=lambda r: r[0])
    }
    constrained = {
        code: frozenset(name for name in names if direction(name)) for code, names in groups.items()
    }
    return [
        *(Variant(f"without {code}", recipe, rankings, dropped=names) for code, names in groups.items()),
        *(
            Variant(f"free {code}", recipe, rankings, freed=names)
            for code, names in constrained.items()
            if names
        ),
    ]


def worth_asking(base: Mapping[str, Any], variant: Mapping[str, Any]) -> bool:
    """Whether the lender must choose: hardly a cost that shows, and a better worst ratio."""
    if variant is base:
        return False
    dearer = variant["difference"]["cost_per_file"]["value"]
    gained = worst_ratio(variant["ratios"]) - worst_ratio(base["ratios"])
    return bool(dearer <= variant["standard_error"] and gained >= WORTH_ASKING)


def worst_ratio(ratios: Mapping[str, Mapping[str, Any]]) -> float:
    """The smallest over the attributes; 1 where no group was large enough."""
    return min((float(one["value"]) for one in ratios.values()), default=1.0)


def age_variants(
    made: Search, home: Home, keep: int | None, chosen: Chosen, costs: Costs, *, seed: int
) -> list[dict[str, Any]]:
    """Without age, with it, and with sex as well: what each does to the groups."""
    found = []
    for name, grounds in _AGE_VARIANTS:
        labelled = read_judged(home, partial(_may_read, grounds=grounds))
        learner = Variant(f"age {name}", replace(recipe_of(labelled.clients, chosen), keep=keep))
        row = made.candidate(
            learner.name,
            {
                "keep": keep,
                "seed": seed,
                "grounds": ",".join(grounds),
                "features": len(labelled.clients.features),
            },
            partial(_judged_by_group, learner, labelled, costs, seed),
        )
        found.append(
            {
                "variant": name,
                "auc": row["metrics"]["auc"],
                "cost_per_file": row["metrics"]["cost_per_file"],
                "log_loss": row["metrics"]["log_loss"],
                "ratios": row["ratios"],
                "gaps": row["gaps"],
                "oe": row["oe"],
            }
        )
    return found


def read_judged(home: Home, wanted: Callable[[str], bool]) -> Labelled:
    clients = read_clients(home, wanted=wanted)
    known = clients.labelled
    raw = read_labelled(home, clients.ids[known])
    groups = groups_of(raw.numbers, raw.texts)
    return Labelled(
        clients,
        clients.matrix[known],
        clients.target[known].astype(np.int8),
        {name: groups[name] for name in ATTRIBUTES},
    )


def recipe_of(clients: Clients, chosen: Chosen) -> Recipe:
    return Recipe(clients.features, clients.directions, changed=chosen.parameters)


def standard_error(gaps: np.ndarray) -> float:
    """Of the mean of paired differences by client."""
    return float(gaps.std(ddof=1) / np.sqrt(len(gaps)))


def _may_read(feature: str, *, grounds: Sequence[str]) -> bool:
    return excluded(feature) in (None, *grounds)


def _judged_by_group(learner: Learner, labelled: Labelled, costs: Costs, seed: int) -> Row:
    """Metrics, and what becomes of the groups, of one repeat."""
    found = out_of_fold(learner, labelled.matrix, labelled.target, seeds=[seed])
    probability = calibrated(labelled.target, found.margins)[0]
    policy = Policy(version="release", cutoff=costs.cutoff)
    tables = fairness_tables(labelled.groups, labelled.target, probability, policy, draws=DRAWS)
    metrics = evaluate(labelled.target, probability, costs=costs, draws=DRAWS)
    shown = {name: [row for row in rows if row.ratio is not None] for name, rows in tables.items()}
    return {
        "metrics": plain(
            {name: metrics[name] for name in ("auc", "log_loss", "cost_per_file", "acceptance_rate")}
        ),
        "ratios": _worst(shown, lambda row: row.ratio),
        "gaps": _worst(shown, lambda row: row.good_gap),
        "oe": {
            name: {
                row.group: plain({"oe": row.observed_expected})["oe"] for row in rows if row.observed_expected
            }
            for name, rows in shown.items()
        },
        MARGINS: found.margins,
    }


def _worst(
    shown: Mapping[str, Sequence[GroupRow]], figure: Callable[[GroupRow], Estimate | None]
) -> dict[str, dict[str, Any]]:
    """The smallest figure of each attribute, with the group that has it."""
    found = {}
    for name, rows in shown.items():
        pairs = [(estimate, row.group) for row in rows if (estimate := figure(row)) is not None]
        if pairs:
            estimate, group = min(pairs, key=lambda pair: pair[0].value)
            found[name] = {**plain({"it": estimate})["it"], "group": group}
    return found


def _costs(target: np.ndarray, margins: np.ndarray, costs: Costs) -> np.ndarray:
    return per_client(target, calibrated(target, margins), costs)["cost_per_file"].mean(axis=0)
