"""The searches of a release: what the lender must see before choosing, and what is chosen by rule.

Pruning is chosen by a rule (the smallest number of features within one standard error of the
best) and written to ``recipe.json``. Less discriminatory alternatives, the two ways with age and the
zone of review are tabled and never applied: they are the lender's decisions.
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
from training.boosting import (
    CrossValidated,
    Grown,
    Recipe,
    cross_validate,
    dataset,
    grow_on,
    kept_columns,
    refit,
    stopped_early,
)
from training.calibrate import fit_beta
from training.clients import applications
from training.dataset import Clients, lake_digest, not_excluded, read_clients
from training.evaluation import Costs, Estimate, evaluate, per_client, plain
from training.evidence import read_labelled
from training.fairness import GroupRow, fairness_tables, groups_of
from training.folds import Split, assign_folds, splits
from training.history import history_counts, known_history
from training.lock import exclusive
from training.progress import Progress, silent
from training.promotion import ATTRIBUTES
from training.protocol import REPEATS, Learner, calibrated, compare, judge, judged, out_of_fold
from training.pruning import strongest
from training.recipe import Chosen, read_recipe, write_recipe
from training.searches import MARGINS, Row, Search, search
from training.stability import Explained, reason_stability, review_zone
from training.tracking import connected
from training.versions import KIND_RELEASE

GRID = (30, 60, 120, 200, 300)
"""Numbers of features that are tried, besides all."""

WORTH_ASKING = 0.01
"""A variant whose worst ratio is higher by this, at a cost that may be chance, is asked about."""

DRAWS = 200
"""Of the bootstrap of each variant: there are dozens."""

EXPLAINED = 1_000
ACCEPTED = 2_000
DECIDED = 20_000
FEWEST_UNSEEN = 500

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

    Boosters that rank the candidates are grown once a fold and shared by the variants.

    Attributes
    ----------
    name : of the candidate
    recipe : on all candidates; its seed is that of the repeat
    rankings : seed and first scored row → booster on all candidates
    dropped, freed : names of features that are left out, whose constraint is lifted
    """

    name: str
    recipe: Recipe
    rankings: dict[tuple[int, int], Grown] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    freed: frozenset[str] = frozenset()

    def margin(self, matrix: np.ndarray, target: np.ndarray, split: Split, *, seed: int) -> np.ndarray:
        """Out-of-fold log-odds; `training.protocol.Learner`."""
        recipe = replace(self.recipe, seed=seed)
        first = self._ranking(matrix, target, split, recipe)
        if not recipe.prunes and not self.dropped and not self.freed:
            return first.margin(matrix[split.score])
        columns = self._columns(first, recipe)
        constraints = tuple(
            0 if name in self.freed else own
            for name, own in zip(recipe.features, recipe.constraints, strict=True)
        )
        own = replace(recipe, constraints=constraints)
        return grow_on(columns, first, matrix, target, split, own).margin(matrix[split.score])

    def _ranking(self, matrix: np.ndarray, target: np.ndarray, split: Split, recipe: Recipe) -> Grown:
        key = (recipe.seed, int(split.score[0]))
        if key not in self.rankings:
            self.rankings[key] = stopped_early(dataset(matrix, target, recipe), split, recipe)
        return self.rankings[key]

    def _columns(self, first: Grown, recipe: Recipe) -> np.ndarray:
        if not self.dropped:
            return kept_columns(first, recipe)
        gain = first.booster.feature_importance("gain", iteration=first.trees)
        allowed = np.array([name not in self.dropped for name in recipe.features]).nonzero()[0]
        names = [recipe.features[column] for column in allowed]
        return allowed[strongest(gain[allowed], names, recipe.keep or len(names))]


def release(home: Home, *, seeds: Sequence[int] = REPEATS, progress: Progress = silent) -> dict[str, Any]:
    """All searches of a release; one MLflow run with a nested run a candidate.

    Stopped and run again, it goes on where it was.

    Parameters
    ----------
    home : its matrix, lake and recipe are read, its ``recipe.json`` written
    seeds : repeats of the pruning curve; the rest uses the first of them
    progress : one line a fold and a candidate

    Returns
    -------
    ``result.json``
    """
    costs = Costs.theoretical()
    with exclusive(home, KIND_RELEASE), connected(home) as tracking:
        chosen, labelled = read_recipe(home), _labelled(home, not_excluded)
        with search(tracking, KIND_RELEASE, data=lake_digest(home), progress=progress) as made:
            recipe = _recipe(labelled.clients, chosen)
            rankings: dict[tuple[int, int], Grown] = {}
            pruning = prune(made, labelled, recipe, rankings, costs, seeds=seeds)
            recipe = replace(recipe, keep=pruning["chosen"])
            alternatives = alternatives_of(made, labelled, recipe, rankings, costs, seed=seeds[0])
            rankings.clear()
            age = age_variants(made, home, recipe.keep, chosen, costs, seed=seeds[0])
            certainty = _certainty(made, home, labelled, recipe, costs, seed=seeds[0])
            result = made.finish(
                {
                    "clients": len(labelled.target),
                    "defaults": int(labelled.target.sum()),
                    "candidates": len(labelled.clients.features),
                    "seeds": list(seeds),
                    "cutoff": costs.cutoff,
                    "pruning": pruning,
                    "alternatives": alternatives,
                    "age": age,
                    **certainty,
                }
            )
            keep = None if pruning["chosen"] >= len(labelled.clients.features) else pruning["chosen"]
            write_recipe(home, replace(chosen, keep=keep, source=made.run_id))
            return result


def table(result: Mapping[str, Any]) -> list[str]:
    """The result as lines of text."""
    lines = ["features  log loss  less the best [95 %]                AUC"]
    for row in result["pruning"]["curve"]:
        gap = "{value:+.5f} [{low:+.5f}, {high:+.5f}]".format(**row["difference"])
        mark = "  kept" if row["k"] == result["pruning"]["chosen"] else ""
        lines.append(
            f"{row['k']:8}  {row['log_loss']['value']:.5f}  {gap:34}  {row['auc']['value']:.4f}{mark}"
        )
    lines.append("variant         AUC     cost    worst ratio sex  age     ask")
    for row in [
        *result["alternatives"],
        *({"name": f"age {one['variant']}", **one} for one in result["age"]),
    ]:
        ratios = "".join(f"{row['ratios'][name]['value']:12.3f}" if name in row["ratios"] else f"{'-':>12}"
                         for name in ATTRIBUTES)  # fmt: skip
        lines.append(
            f"{row['name']:14} {row['auc']['value']:.4f}  {row['cost_per_file']['value']:.4f}{ratios}"
            f"{'  ask the lender' if row.get('ask') else ''}"
        )
    stable, zone = result["stability"], result["review_zone"]
    lines.append(
        f"same first code {_percent(stable['first_kept'])}, of the four {_percent(stable['four_kept'])} kept"
    )
    lines += [
        f"zone of review {row['halfwidth']:.2f}: {row['share']:.1%} of the files, outside it "
        f"{row['contradicted']:.2%} contradicted" for row in zone["rows"]
    ]  # fmt: skip
    return lines


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


# Pruning ------------------------------------------------------------------------------


def prune(
    made: Search,
    labelled: Labelled,
    recipe: Recipe,
    rankings: dict[tuple[int, int], Grown],
    costs: Costs,
    *,
    seeds: Sequence[int],
) -> dict[str, Any]:
    """The curve of log loss by number of features, and the number that the rule chooses."""
    candidates = len(recipe.features)
    margins: dict[int, np.ndarray] = {}
    rows: dict[int, Row] = {}
    for keep in [*(one for one in GRID if one < candidates), candidates]:
        learner = Variant(f"keep {keep}", replace(recipe, keep=keep), rankings)
        rows[keep] = made.candidate(
            learner.name,
            {"keep": keep, "features": candidates, "seeds": list(seeds), **recipe.changed},
            partial(_pruned, learner, labelled, costs, seeds, made.progress),
        )
        margins[keep] = np.asarray(rows[keep][MARGINS])
    losses = {keep: _losses(labelled.target, found, costs) for keep, found in margins.items()}
    best = min(losses, key=lambda keep: float(losses[keep].mean()))
    chosen = smallest_as_good(losses)
    return {
        "curve": [
            {
                "k": keep,
                "log_loss": row["metrics"]["log_loss"],
                "auc": row["metrics"]["auc"],
                "difference": plain(compare(labelled.target, margins[keep], margins[best], costs))[
                    "log_loss"
                ],
                "standard_error": standard_error(losses[keep] - losses[best]),
                "seconds": row["seconds"],
            }
            for keep, row in rows.items()
        ],
        "best": best,
        "chosen": chosen,
    }


def smallest_as_good(losses: Mapping[int, np.ndarray]) -> int:
    """The smallest number of features whose paired loss is within one standard error of the best.

    Parameters
    ----------
    losses : number of features → (n,) log loss of each client
    """
    best = min(losses, key=lambda keep: float(losses[keep].mean()))
    return min(
        keep
        for keep, loss in losses.items()
        if float((loss - losses[best]).mean()) <= standard_error(loss - losses[best])
    )


def standard_error(gaps: np.ndarray) -> float:
    """Of the mean of paired differences by client."""
    return float(gaps.std(ddof=1) / np.sqrt(len(gaps)))


def _pruned(
    learner: Learner, labelled: Labelled, costs: Costs, seeds: Sequence[int], progress: Progress
) -> Row:
    found = out_of_fold(learner, labelled.matrix, labelled.target, seeds=seeds, progress=progress)
    return {"metrics": plain(judge(labelled.target, found.margins, costs)), MARGINS: found.margins}


def _losses(target: np.ndarray, margins: np.ndarray, costs: Costs) -> np.ndarray:
    """Cross-fitted log loss of each client, mean of the repeats."""
    return per_client(target, judged(target, margins), costs)["log_loss"].mean(axis=0)


# Less discriminatory alternatives, and age --------------------------------------------


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
    variants = [Variant("base", recipe, rankings), *variants_of(recipe, rankings)]
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
        difference = compare(labelled.target, row[MARGINS], margins, costs)
        error = standard_error(_costs(labelled.target, row[MARGINS], costs)
                               - _costs(labelled.target, margins, costs))  # fmt: skip
        found.append(
            {
                "name": variant.name,
                "dropped": sorted(variant.dropped),
                "freed": sorted(variant.freed),
                "auc": row["metrics"]["auc"],
                "cost_per_file": row["metrics"]["cost_per_file"],
                "ratios": row["ratios"],
                "difference": plain(difference),
                "standard_error": error,
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
        labelled = _labelled(home, partial(_may_read, grounds=grounds))
        learner = Variant(f"age {name}", replace(_recipe(labelled.clients, chosen), keep=keep))
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


# Stability ----------------------------------------------------------------------------


def _certainty(
    made: Search, home: Home, labelled: Labelled, recipe: Recipe, costs: Costs, *, seed: int
) -> dict[str, Any]:
    """Reasons and sides under models that learned from other samples."""
    row = made.candidate(
        "other samples",
        {"keep": recipe.keep, "seed": seed, **recipe.changed},
        partial(_other_samples, home, labelled, replace(recipe, seed=seed), costs, made.progress),
    )
    return {"stability": row["stability"], "review_zone": row["review_zone"]}


def _other_samples(home: Home, labelled: Labelled, recipe: Recipe, costs: Costs, progress: Progress) -> Row:
    target, matrix, clients = labelled.target, labelled.matrix, labelled.clients
    data = dataset(matrix, target, recipe)
    made = splits(target, assign_folds(target, seed=recipe.seed), seed=recipe.seed)
    found = cross_validate(data, matrix, target, made, recipe, progress=progress)
    served = refit(
        data, matrix, target, recipe, trees=found.mean_trees, ranking_trees=found.mean_ranking_trees
    )
    calibration = fit_beta(found.margin, target)
    policy = Policy(version="release", cutoff=costs.cutoff)
    random = np.random.default_rng(recipe.seed)
    unseen = np.flatnonzero(np.isnan(clients.target))
    # Without enough of them, labelled clients serve: the refit has seen them and agrees the more.
    rows = unseen if len(unseen) >= FEWEST_UNSEEN else clients.labelled
    rows = np.sort(random.permutation(rows)[:DECIDED])
    margin = served.margin(clients.matrix[rows])
    zone = review_zone(
        margin, np.stack([model.margin(clients.matrix[rows]) for model in found.models]), calibration, policy
    )
    told = rows[policy.opinion_codes(calibration.probability(margin)) > 0]
    explained = _explained(
        home, clients, np.sort(random.permutation(told)[:EXPLAINED]), found, calibration, policy
    )
    told_alike = reason_stability(served, found.models, explained, policy)
    seen = len(unseen) < FEWEST_UNSEEN
    return {"stability": {**told_alike, "seen": seen}, "review_zone": {**zone, "seen": seen}}


def _explained(
    home: Home,
    clients: Clients,
    rows: np.ndarray,
    found: CrossValidated,
    calibration: Any,
    policy: Policy,
) -> Explained:
    accepted = clients.labelled[~policy.refused(calibration.probability(found.margin))]
    reference = np.random.default_rng(0).permutation(accepted)[:ACCEPTED]
    history = known_history(history_counts(home, clients.ids)[rows])
    return Explained(
        clients.matrix[rows],
        _raw(home, clients.ids[rows]),
        *history,
        accepted=clients.matrix[reference],
        features=clients.features,
    )


def _raw(home: Home, ids: np.ndarray) -> list[dict[str, Any]]:
    """Raw columns of some clients, in the order of their numbers."""
    found: list[dict[str, Any]] = []
    with applications(home) as batches:
        for batch in batches:
            wanted = np.isin(batch["SK_ID_CURR"].to_numpy(), ids)
            found += batch.take(np.flatnonzero(wanted)).to_pylist()
    return found


# Reading ------------------------------------------------------------------------------


def _labelled(home: Home, wanted: Callable[[str], bool]) -> Labelled:
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


def _recipe(clients: Clients, chosen: Chosen) -> Recipe:
    return Recipe(clients.features, clients.directions, changed=chosen.parameters)
