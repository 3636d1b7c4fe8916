"""A release of the fictional portfolio: searched once, gone on with, read by the next training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from model.bundle import load_bundle
from model.home import Home
from tests.trained import copied_data, train_quickly
from training import alternatives, boosting
from training import release as module
from training.recipe import read_recipe
from training.registry import pull
from training.release import release, table
from training.searches import newest
from training.tracking import connected

pytestmark = pytest.mark.xdist_group("small_home")


class Released(NamedTuple):
    home: Home
    result: dict[str, Any]
    said: list[str]


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """Few trees, few variants, few clients: what is searched, not how well."""
    every = alternatives.variants_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "MAXIMUM_TREES", 12)
        patch.setattr(module, "GRID", (30,))
        patch.setattr(module, "EXPLAINED", 40)
        patch.setattr(alternatives, "variants_of", lambda *given: [every(*given)[0], every(*given)[-1]])
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(scope="module")
def released(quick: None, small_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Released:
    home = copied_data(small_home, tmp_path_factory.mktemp("release"))
    said: list[str] = []
    return Released(home, release(home, seeds=(0,), progress=said.append), said)


def test_the_result_holds_every_table_that_the_lender_must_see(released: Released) -> None:
    result = json.loads(json.dumps(released.result))

    assert [row["k"] for row in result["pruning"]["curve"]] == [30, result["candidates"]]
    assert result["pruning"]["chosen"] in (30, result["candidates"])
    assert [row["name"].split()[0] for row in result["alternatives"]] == ["base", "without", "free"]
    assert [row["variant"] for row in result["age"]] == ["excluded", "used", "used+sex"]
    for row in (*result["alternatives"], *result["age"]):
        assert {"auc", "cost_per_file", "ratios"} <= set(row)
        assert all(ratio["value"] <= 1 for ratio in row["ratios"].values())
    assert 0 <= result["stability"]["first_kept"] <= 1
    assert result["review_zone"]["operated"] == 0.15


def test_the_base_is_the_age_excluded_and_is_compared_with_itself_as_nothing(released: Released) -> None:
    base, excluded = released.result["alternatives"][0], released.result["age"][0]

    assert base["difference"]["auc"]["value"] == base["difference"]["cost_per_file"]["value"] == 0.0
    assert base["auc"] == excluded["auc"]
    assert base["ask"] is False


def test_the_chosen_number_is_what_the_next_training_keeps(released: Released) -> None:
    chosen, result = read_recipe(released.home), released.result

    assert chosen.keep in (result["pruning"]["chosen"], None)
    with connected(released.home) as tracking:
        assert tracking.client.get_run(chosen.source).data.tags["kind"] == "release"
        assert newest(tracking, "release") == result


def test_run_again_it_computes_nothing_twice(released: Released) -> None:
    said: list[str] = []

    again = release(released.home, seeds=(0,), progress=said.append)

    taken = [line for line in said if "taken from run" in line]
    assert len(taken) == 2 + 3 + 3 + 1
    assert again["pruning"] == released.result["pruning"]
    assert again["alternatives"] == released.result["alternatives"]


def test_the_table_names_what_is_kept(released: Released) -> None:
    lines = table(released.result)

    assert sum(line.endswith("kept") for line in lines) == 2  # the number of features, the reasons
    assert any(line.startswith("age used+sex") for line in lines)
    assert sum(line.startswith("zone of review") for line in lines) == 7


def test_the_next_bundle_carries_the_result(released: Released) -> None:
    train_quickly(released.home)

    bundle = load_bundle(released.home.bundles / pull(released.home).pointer.bundle)

    carried = bundle.extra("release.json")
    assert carried["pruning"]["chosen"] == released.result["pruning"]["chosen"]
    assert len(bundle.features) == (read_recipe(released.home).keep or released.result["candidates"])
