"""Models and treatments in one table each, the champion's recipe and no treatment as reference."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from click.testing import CliRunner

from model.errors import InputError
from model.home import Home
from tests.matrices import FLAGS, NUMBERS, matrix_home
from training import boosting, comparison, imbalance
from training.__main__ import cli
from training.comparison import CHAMPION, LABELS, REPLICA, compare_models
from training.imbalance import TREATMENTS, compare_imbalance
from training.recipe import Chosen, write_recipe
from training.searches import newest
from training.tracking import connected

METRICS = {"auc", "ks", "pr_auc", "brier", "log_loss", "ece", "ece_noise_floor", "observed_expected",
           "cost_per_file", "cost_against_accepting_all", "cost_against_half"}  # fmt: skip
DIFFERENCES = {"auc", "log_loss", "brier", "cost_per_file"}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(boosting, "MAXIMUM_TREES", 8)
        patch.setattr(boosting, "PATIENCE", 4)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return matrix_home(tmp_path_factory.mktemp("comparison"))


@pytest.fixture(scope="module")
def models(home: Home) -> dict:
    return compare_models(home, seeds=(0,))


@pytest.fixture(scope="module")
def treatments(home: Home) -> dict:
    return compare_imbalance(home, seeds=(0,))


def test_the_table_of_models_has_every_row_metric_and_paired_difference(models):
    assert [row["name"] for row in models["rows"]] == list(LABELS)
    for row in models["rows"]:
        assert row["metrics"].keys() >= METRICS
        assert set(row["label"]) == {"fr", "en"}
        assert row["seconds"] >= 0
        if row["name"] == CHAMPION:
            assert row["difference"] is None
        else:
            assert set(row["difference"]) == DIFFERENCES
    assert (models["clients"], models["seeds"]) == (360, [0])


def test_differences_are_less_the_champion(models):
    auc = {row["name"]: row["metrics"]["auc"]["value"] for row in models["rows"]}

    for row in models["rows"]:
        if row["name"] != CHAMPION:
            expected = auc[row["name"]] - auc[CHAMPION]
            assert row["difference"]["auc"]["value"] == pytest.approx(expected)


def test_only_the_replica_reads_what_the_champion_may_not(models):
    features = {row["name"]: row["features"] for row in models["rows"]}

    everything = len(NUMBERS + FLAGS)
    assert features[CHAMPION] == features["logistic"] == everything - 2  # sex, age
    assert features[REPLICA] == everything - 1  # CREDIT_TO_GOODS is not of the kernel
    assert features["dummy"] == 0


def test_the_dummy_orders_nobody_and_costs_what_refusing_or_accepting_all_costs(models):
    dummy = models["rows"][0]["metrics"]

    rate = models["defaults"] / models["clients"]
    assert abs(dummy["auc"]["value"] - 0.5) < 0.05
    assert dummy["cost_per_file"]["value"] == pytest.approx(min(10 * rate, 1 - rate), abs=0.02)


def test_the_table_of_treatments_has_every_row_raw_and_calibrated(treatments):
    assert [row["name"] for row in treatments["rows"]] == [one.name for one in TREATMENTS]
    none, *others = treatments["rows"]
    assert none["difference"] is None
    for row in others:
        assert set(row["difference"]) == DIFFERENCES
    for row in treatments["rows"]:
        assert row["calibrated"].keys() >= METRICS
        assert row["raw"].keys() >= METRICS - {"cost_against_accepting_all", "cost_against_half"}


def test_results_are_json_and_the_newest_of_their_kind(home, models, treatments):
    with connected(home) as tracking:
        assert newest(tracking, "comparison", data=models["data"]) == models
        assert newest(tracking, "imbalance", data=treatments["data"]) == treatments
    json.dumps([models, treatments], allow_nan=False)


def test_the_same_comparison_again_computes_nothing(home, models, monkeypatch):
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a candidate was computed again")

    monkeypatch.setattr(comparison, "out_of_fold", refuse)

    again = compare_models(home, seeds=(0,))

    assert again["rows"] == models["rows"]


def test_a_comparison_that_was_stopped_keeps_its_rows(tmp_path, monkeypatch):
    home, computed = matrix_home(tmp_path, clients=200), []
    original = imbalance.out_of_fold

    def stopping(learner, *args, **kwargs):
        computed.append(learner.name)
        if computed == ["none", "weight_balanced", "weight_sqrt"]:
            raise KeyboardInterrupt
        return original(learner, *args, **kwargs)

    monkeypatch.setattr(imbalance, "out_of_fold", stopping)
    skip = ["over", "under_1_1", "under_1_3", "smote", "smotenc"]
    with pytest.raises(KeyboardInterrupt):
        compare_imbalance(home, skip=skip)

    found = compare_imbalance(home, skip=skip)

    assert computed == ["none", "weight_balanced", "weight_sqrt", "weight_sqrt"]
    assert [row["name"] for row in found["rows"]] == ["none", "weight_balanced", "weight_sqrt"]


def test_a_treatment_that_does_not_exist_cannot_be_skipped(home):
    with pytest.raises(InputError, match="smoot"):
        compare_imbalance(home, skip=("smoot",))


def test_the_command_prints_both_tables(home, models, treatments, monkeypatch):
    monkeypatch.setenv("PAD_HOME", str(home.root))

    done = CliRunner().invoke(cli, ["compare-imbalance", "--repeats", "1"])

    assert done.exit_code == 0, done.output
    for name in (*LABELS, *(one.name for one in TREATMENTS)):
        assert name in done.output
    row = models["rows"][2]
    assert f"{row['metrics']['auc']['value']:.4f}" in done.output
    assert np.isfinite(row["metrics"]["log_loss"]["value"])


def test_another_recipe_computes_the_champion_alone_and_all_differences_anew(tmp_path, monkeypatch):
    home, computed = matrix_home(tmp_path), []
    before = compare_models(home, seeds=(0,))
    original = comparison.out_of_fold
    monkeypatch.setattr(
        comparison,
        "out_of_fold",
        lambda learner, *a, **k: computed.append(learner.name) or original(learner, *a, **k),
    )
    write_recipe(home, Chosen(parameters={"min_child_samples": 500}))  # no tree at all

    after = compare_models(home, seeds=(0,))

    assert computed == [CHAMPION]
    auc = {row["name"]: row["metrics"]["auc"]["value"] for row in after["rows"]}
    assert auc[CHAMPION] < before["rows"][2]["metrics"]["auc"]["value"]
    gap = after["rows"][1]["difference"]["auc"]["value"]
    assert gap == pytest.approx(auc["logistic"] - auc[CHAMPION])
