"""The search goes on where it was, chooses on one fold set and is judged on others."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import optuna
import pytest
from click.testing import CliRunner
from sklearn.metrics import log_loss

from model.home import Home
from tests.matrices import matrix_home
from training import boosting, tuning
from training.__main__ import cli
from training.boosting import PARAMETERS, Recipe
from training.dataset import read_clients
from training.learners import Boosted
from training.protocol import out_of_fold
from training.recipe import SEARCHED, Chosen, read_recipe, write_recipe
from training.searches import newest
from training.tracking import connected
from training.tuning import CHOOSING_SEED, JUDGING_SEEDS, SPACE, tune


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(boosting, "MAXIMUM_TREES", 8)
        patch.setattr(boosting, "PATIENCE", 4)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return matrix_home(tmp_path_factory.mktemp("tuning"))


@pytest.fixture(scope="module")
def tuned(home: Home) -> dict:
    return tune(home, trials=3)


def _studies(home: Home) -> dict[str, optuna.Study]:
    storage = f"sqlite:///{home.root / 'tuning' / 'optuna.db'}"
    names = optuna.get_all_study_names(storage=storage)
    return {name: optuna.load_study(study_name=name, storage=storage) for name in names}


def test_the_first_trial_is_the_recipe_in_force(tuned):
    assert tuned["trials"][0]["params"] == {name: PARAMETERS[name] for name in SPACE}
    assert tuned["baseline"]["number"] == 0
    assert tuned["best"]["value"] <= tuned["baseline"]["value"]


def test_a_trial_is_worth_its_log_loss_out_of_fold_on_the_choosing_folds(home, tuned):
    clients = read_clients(home)
    matrix = clients.matrix[clients.labelled]
    target = clients.target[clients.labelled].astype(np.int8)
    best = tuned["best"]
    learner = Boosted("again", Recipe(clients.features, clients.directions, changed=best["params"]))

    margins = out_of_fold(learner, matrix, target, seeds=(CHOOSING_SEED,)).margins[0]

    assert best["value"] == pytest.approx(log_loss(target, 1 / (1 + np.exp(-margins))))


def test_the_best_is_judged_on_folds_that_chose_nothing(tuned):
    assert CHOOSING_SEED not in JUDGING_SEEDS
    assert tuned["seeds"] == list(JUDGING_SEEDS)
    gap = tuned["best"]["metrics"]["auc"]["value"] - tuned["baseline"]["metrics"]["auc"]["value"]
    assert tuned["difference"]["auc"]["value"] == pytest.approx(gap)


def test_the_space_lies_within_what_a_recipe_may_change_and_holds_the_recipe_in_force():
    for name, one in SPACE.items():
        low, high = SEARCHED[name]
        assert low <= one.low <= PARAMETERS[name] <= one.high <= high, name


def test_the_result_is_json_and_the_newest_of_its_kind(home, tuned):
    json.dumps(tuned, allow_nan=False)
    with connected(home) as tracking:
        assert newest(tracking, "tuning", data=tuned["data"]) is not None


def test_a_search_goes_on_to_the_number_that_is_asked_for(home, tuned):
    again = tune(home, trials=4)

    assert again["study"] == tuned["study"]
    assert again["trials"][:3] == tuned["trials"]
    assert len(again["trials"]) == 4
    assert len(tune(home, trials=2)["trials"]) == 4


def test_every_trial_is_a_nested_run_of_its_search_once(tmp_path):
    home = matrix_home(tmp_path, clients=200)
    tune(home, trials=2)
    tune(home, trials=3)

    with connected(home) as tracking:
        parents = tracking.client.search_runs(
            [tracking.experiment_id], "tags.role = 'search'", order_by=["attributes.start_time"]
        )
        names = [
            sorted(
                run.info.run_name
                for run in tracking.client.search_runs(
                    [tracking.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
                )
            )
            for parent in parents
        ]
    assert [[name for name in one if name.startswith("trial")] for one in names] == [
        ["trial 0", "trial 1"],
        ["trial 0", "trial 1", "trial 2"],
    ]
    assert all({"best trial", "recipe in force"} <= set(one) for one in names)


def test_a_search_stopped_inside_a_trial_loses_that_trial_only(tmp_path, monkeypatch):
    home, folds = matrix_home(tmp_path, clients=200), []
    original = tuning.fold_by_fold

    def stopping(*args, **kwargs):
        for one in original(*args, **kwargs):
            folds.append(1)
            if len(folds) == 7:
                raise KeyboardInterrupt
            yield one

    monkeypatch.setattr(tuning, "fold_by_fold", stopping)
    with pytest.raises(KeyboardInterrupt):
        tune(home, trials=2)

    found = tune(home, trials=2)

    ended = [trial for trial in found["trials"] if trial["state"] in ("COMPLETE", "PRUNED")]
    assert [trial["number"] for trial in ended] == [0, 2]
    (study,) = _studies(home).values()
    assert [trial.state.name for trial in study.trials if trial.number == 1] == ["FAIL"]


def test_the_same_seed_draws_the_same_trials_and_another_others(tmp_path):
    drawn = [
        [trial["params"] for trial in tune(matrix_home(tmp_path / str(k)), trials=2, seed=seed)["trials"]]
        for k, seed in enumerate((0, 0, 1))
    ]

    assert drawn[0] == drawn[1]
    assert drawn[0][0] == drawn[2][0]
    assert drawn[0][1:] != drawn[2][1:]


def test_no_further_trial_begins_after_the_time_is_over(tmp_path):
    found = tune(matrix_home(tmp_path, clients=200), trials=50, minutes=1e-6)

    assert len(found["trials"]) == 1


def test_another_lake_is_another_study(tmp_path):
    home = matrix_home(tmp_path / "one", clients=200)
    other = matrix_home(tmp_path / "two", clients=200, seed=1)
    first = tune(home, trials=1)
    (home.lake / "manifest.json").write_bytes((other.lake / "manifest.json").read_bytes())
    home.features.write_bytes(other.features.read_bytes())

    second = tune(home, trials=1)

    assert first["study"] != second["study"]
    assert set(_studies(home)) == {first["study"], second["study"]}


def test_a_better_recipe_is_adopted_and_says_where_it_comes_from(tmp_path):
    """No leaf may hold fewer than 500 of 360 clients: the recipe in force grows no tree at all."""
    home = matrix_home(tmp_path)
    write_recipe(home, Chosen(keep=4, parameters={"min_child_samples": 500}))

    found = tune(home, trials=4)

    assert found["adopted"]
    assert found["difference"]["log_loss"]["high"] < 0
    recipe = read_recipe(home)
    assert recipe.keep == 4
    assert dict(recipe.parameters) == found["best"]["params"]
    with connected(home) as tracking:
        assert tracking.client.get_run(recipe.source).data.tags["kind"] == "tuning"


def test_the_recipe_in_force_is_not_better_than_itself(tmp_path):
    home = matrix_home(tmp_path, clients=200)

    found = tune(home, trials=1)

    assert found["best"]["number"] == 0
    assert found["difference"]["log_loss"] == {"value": 0, "low": 0, "high": 0}
    assert not found["adopted"]
    assert not (home.root / "recipe.json").exists()


def test_the_command_says_what_it_found(home, tuned, monkeypatch):
    monkeypatch.setenv("PAD_HOME", str(home.root))

    done = CliRunner().invoke(cli, ["tune", "--trials", "3"])

    assert done.exit_code == 0, done.output
    assert "recipe in force: log loss" in done.output
    assert done.output.splitlines()[-1].startswith("wrote ")
