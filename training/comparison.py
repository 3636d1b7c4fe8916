"""The champion's recipe against a dummy, a logistic regression and the kernel as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from model.features import is_kernel
from model.home import Home
from training.boosting import Recipe
from training.dataset import Clients, lake_digest, read_clients
from training.evaluation import Costs, Estimate, curves, plain
from training.figures import intervals
from training.learners import Boosted, Logistic, Prior
from training.lock import exclusive
from training.progress import Progress, silent
from training.protocol import REPEATS, Learner, calibrated, compare, judge, out_of_fold
from training.recipe import read_recipe
from training.searches import MARGINS, Row, search, without_margins
from training.tracking import connected

KIND = "comparison"
CHAMPION = "lightgbm"
REPLICA = "kernel-replica"

LABELS = {
    "dummy": {"fr": "Taux moyen", "en": "Mean rate"},
    "logistic": {"fr": "Régression logistique", "en": "Logistic regression"},
    CHAMPION: {"fr": "LightGBM, recette du champion", "en": "LightGBM, the champion's recipe"},
    REPLICA: {"fr": "LightGBM, matrice entière du kernel", "en": "LightGBM, the kernel's whole matrix"},
}
"""In the order of the table."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A learner with the features that it reads and what its run records."""

    learner: Learner
    clients: Clients
    params: Mapping[str, Any]


def compare_models(
    home: Home, *, seeds: Sequence[int] = REPEATS, progress: Progress = silent
) -> dict[str, Any]:
    """Judge the four candidates in the same folds; one nested run each.

    Parameters
    ----------
    home : its matrix and recipe are read
    seeds : one a repeat
    progress : one line a fold and a candidate

    Returns
    -------
    ``result.json``: ``rows`` with ``metrics`` (`training.protocol.judge`), ``difference`` to the
    champion's recipe and ``roc``
    """
    costs = Costs.theoretical()
    with exclusive(home, "compare-imbalance"), connected(home) as tracking:
        candidates = _candidates(home)
        clients = candidates[CHAMPION].clients
        target = clients.target[clients.labelled].astype(np.int8)
        with search(tracking, KIND, data=lake_digest(home), progress=progress) as made:
            rows: dict[str, Row] = {}
            for name in LABELS:
                rows[name] = made.candidate(
                    name,
                    {**candidates[name].params, "seeds": list(seeds), "cutoff": costs.cutoff},
                    lambda name=name: _row(  # type: ignore[misc]
                        candidates[name], target, seeds, costs, progress
                    ),
                )
            # Not part of a kept row: the champion's recipe may change while the others stay.
            champion = rows[CHAMPION][MARGINS]
            for name, row in rows.items():
                gap = None if name == CHAMPION else plain(compare(target, row[MARGINS], champion, costs))
                row["difference"] = gap
            table = [without_margins(row) for row in rows.values()]
            made.figure("comparison.png", _figure(table))
            return made.finish(
                {
                    "clients": len(target),
                    "defaults": int(target.sum()),
                    "seeds": list(seeds),
                    "cutoff": costs.cutoff,
                    "rows": table,
                }
            )


def table(result: Mapping[str, Any]) -> list[str]:
    """The result as lines of text, one a candidate."""
    lines = [f"{'model':15} {'AUC':24} {'less the champion':>26} {'log loss':>8} {'cost':>6} {'time':>8}"]
    for row in result["rows"]:
        metrics, gap = row["metrics"], row["difference"]
        auc = "{value:.4f} [{low:.4f}, {high:.4f}]".format(**metrics["auc"])
        against = "0" if gap is None else "{value:+.4f} [{low:+.4f}, {high:+.4f}]".format(**gap["auc"])
        lines.append(
            f"{row['name']:15} {auc:24} {against:>26} {metrics['log_loss']['value']:8.4f} "
            f"{metrics['cost_per_file']['value']:6.3f} {row['seconds']:6.0f} s"
        )
    lines += [
        "",
        f"{'model':15} {'ECE (noise floor)':>17} {'observed/expected':>22} {'cost less accept all':>27}",
    ]
    for row in result["rows"]:
        metrics = row["metrics"]
        observed, saved = (
            template.format(**metrics[name])
            for name, template in (
                ("observed_expected", "{value:.3f} [{low:.3f}, {high:.3f}]"),
                ("cost_against_accepting_all", "{value:+.1%} [{low:+.1%}, {high:+.1%}]"),
            )
        )
        error = f"{metrics['ece']['value']:.4f} ({metrics['ece_noise_floor']['value']:.4f})"
        lines.append(f"{row['name']:15} {error:>17} {observed:>22} {saved:>27}")
    saved = "{value:+.1%} [{low:+.1%}, {high:+.1%}]".format(
        **_champion(result)["metrics"]["cost_against_half"]
    )
    return [*lines, "", f"{CHAMPION}: cost against a cut-off of 50 % {saved}"]


def _champion(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(row for row in result["rows"] if row["name"] == CHAMPION)


def _candidates(home: Home) -> dict[str, _Candidate]:
    lean, whole, chosen = read_clients(home), read_clients(home, wanted=is_kernel), read_recipe(home)
    recipe = Recipe(lean.features, lean.directions, keep=chosen.keep, changed=chosen.parameters)
    replica = Recipe(whole.features, (0,) * len(whole.features))
    made = (
        _Candidate(Prior(), lean.only(np.arange(0)), {"features": 0}),
        _Candidate(Logistic(), lean, {"features": len(lean.features)}),
        _Candidate(
            Boosted(CHAMPION, recipe),
            lean,
            {"features": len(lean.features), "keep": chosen.keep, **recipe.changed},
        ),
        _Candidate(Boosted(REPLICA, replica), whole, {"features": len(whole.features)}),
    )
    return {one.learner.name: one for one in made}


def _row(
    candidate: _Candidate,
    target: np.ndarray,
    seeds: Sequence[int],
    costs: Costs,
    progress: Progress,
) -> Row:
    clients = candidate.clients
    found = out_of_fold(
        candidate.learner, clients.matrix[clients.labelled], target, seeds=seeds, progress=progress
    )
    return {
        "label": LABELS[candidate.learner.name],
        "features": candidate.params["features"],
        # Of learning and scoring alone: judging takes every row the same time.
        "seconds": round(found.seconds, 3),
        "metrics": plain(judge(target, found.margins, costs)),
        "roc": curves(target, calibrated(target, found.margins[0])[0])["roc"],
        MARGINS: found.margins,
    }


def _figure(rows: Sequence[Row]) -> Figure:
    shown = {row["label"]["en"]: Estimate(**row["metrics"]["auc"]) for row in rows}
    return intervals("AUC out of fold", "area under the ROC curve, 95 %", shown)
