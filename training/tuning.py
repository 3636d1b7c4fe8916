"""The search of the recipe's parameters: seeded, pruned, bounded in time, resumable.

What a trial is worth is its log loss out of fold on fold set 0. The best is then compared with
the recipe in force on fold sets that chose nothing, and adopted only where it is surely better.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution, distribution_to_json
from optuna.trial import FrozenTrial, Trial, TrialState

from model.home import Home
from training.boosting import PARAMETERS, Recipe
from training.dataset import lake_digest, read_clients
from training.evaluation import Costs, plain
from training.learners import Boosted
from training.lock import exclusive
from training.progress import Progress, silent
from training.protocol import compare, fold_by_fold, judge, out_of_fold
from training.recipe import Chosen, read_recipe, write_recipe
from training.searches import MARGINS, Row, Search, search
from training.tracking import connected

KIND = "tuning"

SPACE_VERSION = 1
"""Raised with every change of `SPACE`: values of another space start another study."""

SPACE: Mapping[str, BaseDistribution] = {
    "num_leaves": IntDistribution(4, 63, log=True),
    "min_child_samples": IntDistribution(20, 500, log=True),
    "feature_fraction": FloatDistribution(0.1, 0.5),
    "bagging_fraction": FloatDistribution(0.5, 1.0),
    "lambda_l2": FloatDistribution(0.1, 100.0, log=True),
}
"""What is searched; `docs/methodology.md` gives the reasons."""

CHOOSING_SEED = 0
JUDGING_SEEDS = (1, 2)
"""Fold sets that chose nothing, on which the best is compared with the recipe in force."""

_STARTUP_TRIALS = 10
_PRUNED_FROM = 5

optuna.logging.set_verbosity(optuna.logging.WARNING)


def tune(
    home: Home,
    *,
    trials: int = 60,
    minutes: float = 30.0,
    seed: int = 0,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Search, compare the best with the recipe in force, adopt it if it is surely better.

    Parameters
    ----------
    home : its matrix and recipe are read; ``tuning/optuna.db`` keeps every trial
    trials : how many the study shall hold in all: asked again, it goes on to that number
    minutes : after which no further trial begins
    seed : of the sampler
    progress : one line a trial

    Returns
    -------
    ``result.json``: ``trials``, ``best``, ``baseline``, ``difference`` (best less recipe in
    force, `training.protocol.compare` on `JUDGING_SEEDS`), ``space``, ``adopted``
    """
    costs = Costs.theoretical()
    with exclusive(home, "tune"), connected(home) as tracking:
        clients, chosen, data = read_clients(home), read_recipe(home), lake_digest(home)
        labelled = clients.labelled
        matrix, target = clients.matrix[labelled], clients.target[labelled].astype(np.int8)
        recipe = Recipe(clients.features, clients.directions, keep=chosen.keep, changed=chosen.parameters)
        study = _study(home, _name(data, matrix, target, recipe), recipe, seed)
        with search(tracking, KIND, data=data, progress=progress) as made:
            _keep_trials(made, study)
            _optimise(study, recipe, matrix, target, trials, minutes, made)
            best = study.best_trial
            found = _compared(made, best.params, recipe, matrix, target, costs)
            adopted = found["difference"]["log_loss"]["high"] < 0
            result = {
                "clients": len(target),
                "defaults": int(target.sum()),
                "seeds": list(JUDGING_SEEDS),
                "cutoff": costs.cutoff,
                "study": study.study_name,
                "trials": [_trial(trial) for trial in study.trials if trial.state.is_finished()],
                "best": {**_trial(best), "metrics": found["best"]},
                "baseline": {**_trial(study.trials[0]), "metrics": found["baseline"]},
                "difference": found["difference"],
                "space": {name: json.loads(distribution_to_json(one)) for name, one in SPACE.items()},
                "adopted": adopted,
            }
            if adopted:
                # All that the trial set, also what equals the code's default: the recipe in
                # force may differ from that default already.
                parameters = {**chosen.parameters, **best.params}
                write_recipe(home, Chosen(chosen.keep, parameters, made.run_id))
            return made.finish(result)


def summary(result: Mapping[str, Any]) -> list[str]:
    """The result as lines of text."""
    states = [trial["state"] for trial in result["trials"]]
    loss, auc = (
        "{value:+.5f} [{low:+.5f}, {high:+.5f}]".format(**result["difference"][name])
        for name in ("log_loss", "auc")
    )
    values = ", ".join(f"{name} {value:.4g}" for name, value in result["best"]["params"].items())
    return [
        f"{len(states)} trials, {states.count('PRUNED')} of them stopped early",
        f"recipe in force: log loss {result['baseline']['value']:.5f} on fold set {CHOOSING_SEED}",
        f"best, trial {result['best']['number']}: {result['best']['value']:.5f} with {values}",
        f"best less recipe in force, fold sets {JUDGING_SEEDS}: log loss {loss}, AUC {auc}",
        "adopted: the next training uses it" if result["adopted"] else "not adopted: not surely better",
    ]


def _name(data: str, matrix: np.ndarray, target: np.ndarray, recipe: Recipe) -> str:
    """Study of these very numbers: another lake, feature, constraint or space is another study."""
    digest = hashlib.sha256(json.dumps([recipe.features, recipe.constraints, recipe.keep]).encode())
    digest.update(np.ascontiguousarray(matrix).data)
    digest.update(target.tobytes())
    return f"space{SPACE_VERSION}-lake-{data[:12]}-matrix-{digest.hexdigest()[:12]}"


def _study(home: Home, name: str, recipe: Recipe, seed: int) -> optuna.Study:
    path = home.root / "tuning" / "optuna.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{path}",
        study_name=name,
        load_if_exists=True,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_PRUNED_FROM, n_min_trials=_PRUNED_FROM),
    )
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)  # of a process that was stopped
    # Its random numbers go on with the study: a stopped search does not draw the same twice.
    study.sampler = optuna.samplers.TPESampler(
        seed=seed + len(study.trials), n_startup_trials=_STARTUP_TRIALS, multivariate=True
    )
    if not study.trials:
        study.enqueue_trial(_in_force(recipe))
    return study


def _in_force(recipe: Recipe) -> dict[str, Any]:
    parameters = {**PARAMETERS, **recipe.changed}
    return {name: parameters[name] for name in SPACE}


def _optimise(
    study: optuna.Study,
    recipe: Recipe,
    matrix: np.ndarray,
    target: np.ndarray,
    trials: int,
    minutes: float,
    made: Search,
) -> None:
    ended = len(_ended(study))
    if ended:
        made.progress(f"study {study.study_name} goes on after {ended} trials")
    if ended >= trials:
        return

    def tell(study: optuna.Study, trial: FrozenTrial) -> None:
        _keep_trials(made, study)
        made.progress(_line(study, trial))

    study.optimize(
        _objective(recipe, matrix, target),
        n_trials=trials - ended,
        timeout=60 * minutes,
        callbacks=[tell],
    )


def _objective(recipe: Recipe, matrix: np.ndarray, target: np.ndarray) -> Callable[[Trial], float]:
    """Log loss out of fold of the trees' own probabilities, reported fold after fold."""

    def objective(trial: Trial) -> float:
        changed = {name: trial._suggest(name, one) for name, one in SPACE.items()}
        learner = Boosted("trial", replace(recipe, changed={**recipe.changed, **changed}))
        loss, clients = 0.0, 0
        for step, (scored, margin) in enumerate(
            fold_by_fold(learner, matrix, target, seed=CHOOSING_SEED), start=1
        ):
            loss += float(np.sum(np.logaddexp(0.0, margin) - target[scored] * margin))
            clients += len(scored)
            trial.report(loss / clients, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss / clients

    return objective


def _compared(
    made: Search,
    best: Mapping[str, Any],
    recipe: Recipe,
    matrix: np.ndarray,
    target: np.ndarray,
    costs: Costs,
) -> dict[str, Any]:
    """Best and recipe in force on the fold sets that chose nothing."""

    def row(learner: Boosted) -> Row:
        found = out_of_fold(learner, matrix, target, seeds=JUDGING_SEEDS, progress=made.progress)
        return {"metrics": plain(judge(target, found.margins, costs)), MARGINS: found.margins}

    rows = {}
    for name, parameters in (("recipe in force", _in_force(recipe)), ("best trial", best)):
        changed = {**recipe.changed, **parameters}
        learner = Boosted(name, replace(recipe, changed=changed))
        params = {
            "features": len(recipe.features),
            "keep": recipe.keep,
            "seeds": list(JUDGING_SEEDS),
            **changed,
        }
        rows[name] = made.candidate(name, params, lambda learner=learner: row(learner))  # type: ignore[misc]
    in_force, chosen = rows["recipe in force"], rows["best trial"]
    return {
        "baseline": in_force["metrics"],
        "best": chosen["metrics"],
        "difference": plain(compare(target, chosen[MARGINS], in_force[MARGINS], costs)),
    }


def _keep_trials(made: Search, study: optuna.Study) -> None:
    """Every trial that ended is a nested run of this search, also those of a search before it."""
    kept = made.names()
    for trial in _ended(study):
        name = f"trial {trial.number}"
        if name not in kept:
            value = {"log_loss": {"value": trial.value, "low": None, "high": None}}
            made.log(name, trial.params, {**_trial(trial), "metrics": value})


def _ended(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED])


def _trial(trial: FrozenTrial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "value": trial.value,
        "state": trial.state.name,
        "params": dict(trial.params),
        "seconds": round(trial.duration.total_seconds(), 3) if trial.duration else None,
    }


def _line(study: optuna.Study, trial: FrozenTrial) -> str:
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    if trial.state is TrialState.PRUNED:
        return f"trial {trial.number}: stopped after fold {trial.last_step}, {seconds:.1f} s"
    return f"trial {trial.number}: log loss {trial.value:.5f} (best {study.best_value:.5f}), {seconds:.1f} s"
