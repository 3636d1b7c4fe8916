"""The recipe: no refused name, monotone where told, the same model from the same seed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from training.boosting import Recipe, booster_names, cross_validate, dataset, grow, refit
from training.evaluation import auc_score
from training.folds import assign_folds, splits

FEATURES = ("EXT_SOURCE_2", "CREDIT_TO_GOODS", "AMT_CREDIT")


def _clients(n: int = 1200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 3)).astype(np.float32)
    logit = -1.5 - matrix[:, 0] + 0.5 * matrix[:, 1] + 0.5 * np.sin(2 * matrix[:, 2])
    target = (random.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    matrix[random.random(n) < 0.2, 0] = np.nan
    return matrix, target


@given(st.lists(st.text(alphabet='ab,[]{}":_ ', min_size=1, max_size=6), unique=True, max_size=8))
def test_booster_names_hold_nothing_that_lightgbm_refuses_and_stay_different(features):
    try:
        names = booster_names(features)
    except InputError as error:
        assert "share one name" in error.detail
    else:
        assert not set("".join(names)) & set(',[]{}": ')
        assert len(set(names)) == len(features)


def test_two_features_of_one_booster_name_are_refused_by_name():
    with pytest.raises(InputError, match="A,B, A:B"):
        booster_names(["A,B", "A:B", "C"])


def test_a_constrained_feature_never_moves_the_margin_the_wrong_way():
    matrix, target = _clients()
    recipe = Recipe(FEATURES, (-1, 1, 0))
    booster = refit(dataset(matrix, target, recipe), matrix, target, recipe, trees=60).booster

    for position, sign in ((0, -1), (1, 1)):
        rows = np.repeat(matrix[:50], 40, axis=0)
        rows[:, position] = np.tile(np.linspace(-3, 3, 40), 50)
        margin = booster.predict(rows, raw_score=True).reshape(50, 40)
        assert (sign * np.diff(margin, axis=1) >= 0).all()


def test_out_of_fold_margins_come_from_the_model_of_the_other_folds():
    matrix, target = _clients()
    recipe = Recipe(FEATURES, (-1, 1, 0))
    made = splits(target, assign_folds(target))

    found = cross_validate(dataset(matrix, target, recipe), matrix, target, made, recipe)

    for split, model in zip(made, found.models, strict=True):
        expected = model.booster.predict(matrix[split.score], raw_score=True, num_iteration=model.trees)
        assert np.array_equal(found.margin[split.score], expected)
    assert found.mean_trees == round(np.mean(found.trees))
    assert auc_score(target, found.margin).low > 0.6


def test_a_shuffled_outcome_cannot_be_predicted():
    """The guard against every leak: with random labels one half lies inside the interval."""
    matrix, target = _clients(3000)
    shuffled = np.random.default_rng(1).permutation(target)
    recipe = Recipe(FEATURES, (0, 0, 0))

    found = cross_validate(
        dataset(matrix, shuffled, recipe), matrix, shuffled, splits(shuffled, assign_folds(shuffled)), recipe
    )

    auc = auc_score(shuffled, found.margin)
    assert auc.low < 0.5 < auc.high


def test_the_same_seed_grows_the_same_trees_to_the_last_character():
    matrix, target = _clients()
    texts = []
    for seed in (0, 0, 1):
        recipe = Recipe(FEATURES, (-1, 1, 0), seed)
        grown = refit(dataset(matrix, target, recipe), matrix, target, recipe, trees=20)
        texts.append(grown.booster.model_to_string())

    assert texts[0] == texts[1] != texts[2]


def test_no_class_weight_and_no_resampling_by_default():
    parameters = Recipe(FEATURES, (0, 0, 0)).parameters()

    assert parameters["objective"] == "binary"
    assert not {"scale_pos_weight", "is_unbalance", "class_weight"} & parameters.keys()
    assert json.dumps(parameters)  # plain values: they are logged as they are


# Pruning ------------------------------------------------------------------------------


def _with_noise(n: int = 1500, noise: int = 12) -> tuple[np.ndarray, np.ndarray, Recipe]:
    """Three columns that tell something, between columns that do not."""
    matrix, target = _clients(n)
    random = np.random.default_rng(5).normal(size=(n, noise)).astype(np.float32)
    wide = np.hstack([random[:, :5], matrix, random[:, 5:]])
    names = tuple(f"NOISE_{i}" for i in range(5)) + FEATURES + tuple(f"NOISE_{i}" for i in range(5, noise))
    return wide, target, Recipe(names, (0,) * 5 + (-1, 1, 0) + (0,) * (noise - 5), keep=3)


def test_the_kept_features_are_the_strongest_ones_in_column_order():
    matrix, target, recipe = _with_noise()

    grown = refit(dataset(matrix, target, recipe), matrix, target, recipe, trees=40)

    assert grown.columns.tolist() == [5, 6, 7]
    assert grown.booster.feature_name() == list(FEATURES)
    assert np.array_equal(grown.margin(matrix), grown.booster.predict(matrix[:, 5:8], raw_score=True))


def test_each_fold_ranks_by_its_training_part_alone():
    """Whatever happens to the scored rows, the fold keeps the same features and grows the same trees."""
    matrix, target, recipe = _with_noise()
    split = splits(target, assign_folds(target))[0]
    other, flipped = matrix.copy(), target.copy()
    other[split.score] = np.random.default_rng(2).permutation(other[split.score])
    flipped[split.score] = 1 - flipped[split.score]

    grown = grow(dataset(matrix, target, recipe), matrix, target, split, recipe)
    again = grow(dataset(other, flipped, recipe), other, flipped, split, recipe)

    assert len(grown.columns) == 3
    assert grown.columns.tolist() == again.columns.tolist()
    assert grown.booster.model_to_string() == again.booster.model_to_string()


def test_a_constraint_follows_its_feature_through_the_pruning():
    matrix, target, recipe = _with_noise()

    booster = refit(dataset(matrix, target, recipe), matrix, target, recipe, trees=40).booster

    for position, sign in ((0, -1), (1, 1)):
        rows = np.repeat(matrix[:50, 5:8], 40, axis=0)
        rows[:, position] = np.tile(np.linspace(-3, 3, 40), 50)
        margin = booster.predict(rows, raw_score=True).reshape(50, 40)
        assert (sign * np.diff(margin, axis=1) >= 0).all()


@pytest.mark.parametrize("keep", [None, 15, 400])
def test_nothing_is_pruned_when_all_may_stay(keep):
    matrix, target, recipe = _with_noise()
    recipe = replace(recipe, keep=keep)
    split = splits(target, assign_folds(target))[0]

    grown = grow(dataset(matrix, target, recipe), matrix, target, split, recipe)

    assert not recipe.prunes
    assert grown.columns.tolist() == list(range(15))


def test_a_shuffled_outcome_cannot_be_predicted_by_pruned_features_either():
    """Ranking on all labels before the folds would be seen here: pure noise would look like signal."""
    random = np.random.default_rng(8)
    matrix = random.normal(size=(1500, 300)).astype(np.float32)
    target = (random.random(1500) < 0.2).astype(np.int8)
    recipe = Recipe(tuple(f"N_{i}" for i in range(300)), (0,) * 300, keep=10)

    found = cross_validate(
        dataset(matrix, target, recipe), matrix, target, splits(target, assign_folds(target)), recipe
    )

    auc = auc_score(target, found.margin)
    assert auc.low < 0.5 < auc.high


def test_the_parameters_of_a_recipe_override_those_of_the_code():
    recipe = Recipe(FEATURES, (0, 0, 0), changed={"num_leaves": 7})

    assert recipe.parameters()["num_leaves"] == 7
    assert recipe.parameters()["learning_rate"] == 0.03
