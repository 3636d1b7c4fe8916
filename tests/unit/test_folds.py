"""Folds: every client scored once, by a model that never saw him."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from training.folds import assign_folds, splits, stopping_parts


def _target(n: int, bad: int) -> np.ndarray:
    target = np.zeros(n, dtype=np.int8)
    target[np.random.default_rng(0).choice(n, bad, replace=False)] = 1
    return target


@given(n=st.integers(200, 900), share=st.floats(0.06, 0.5), seed=st.integers(0, 5))
def test_each_client_is_scored_once_and_never_trains_the_model_that_scores_him(n, share, seed):
    target = _target(n, max(10, int(n * share)))

    made = splits(target, assign_folds(target, seed=seed), seed=seed)

    assert sorted(np.concatenate([split.score for split in made]).tolist()) == list(range(n))
    for split in made:
        together = np.concatenate([split.fit, split.stop, split.score])
        assert sorted(together.tolist()) == list(range(n))


def test_the_rows_that_stop_training_are_a_tenth_of_the_training_part():
    target = _target(1000, 100)

    for split in splits(target, assign_folds(target)):
        assert len(split.stop) == pytest.approx(0.1 * 800, abs=1)


@given(n=st.integers(300, 900), share=st.floats(0.1, 0.5), seed=st.integers(0, 5))
def test_the_tenths_that_count_trees_are_of_the_training_part_and_judge_each_row_once(n, share, seed):
    target = _target(n, int(n * share))
    split = splits(target, assign_folds(target, seed=seed), seed=seed)[0]

    made = stopping_parts(target, split.seen, seed=seed)

    judged = np.concatenate([rows for _, rows in made])
    assert len(set(judged.tolist())) == len(judged)
    for grown, rows in made:
        assert sorted([*grown.tolist(), *rows.tolist()]) == split.seen.tolist()
    assert not set(split.score.tolist()) & set(judged.tolist())


@pytest.mark.parametrize(
    ("defaults", "parts"), [(100, 3), (400, 3), (1_000, 2), (1_999, 2), (2_000, 1), (4_000, 1)]
)
def test_as_many_tenths_count_trees_as_hold_two_hundred_defaults_and_never_more_than_three(defaults, parts):
    target = _target(8_000, defaults)

    made = stopping_parts(target, np.arange(8_000))

    assert len(made) == parts
    judged = sum(int(target[rows].sum()) for _, rows in made)
    assert judged >= min(200, int(0.3 * defaults))


def test_each_fold_holds_the_same_share_of_defaults():
    target = _target(1000, 80)
    assigned = assign_folds(target)

    assert [int(target[assigned == fold].sum()) for fold in range(5)] == [16] * 5


def test_the_same_seed_gives_the_same_folds_and_another_seed_other_ones():
    target = _target(500, 50)

    assert np.array_equal(assign_folds(target, seed=0), assign_folds(target, seed=0))
    assert not np.array_equal(assign_folds(target, seed=0), assign_folds(target, seed=1))


@pytest.mark.parametrize("bad", [0, 3, 500])
def test_too_few_clients_of_one_outcome_are_refused_with_their_count(bad):
    with pytest.raises(InputError, match=r"at least 5 clients who (repaid|defaulted), but got"):
        assign_folds(_target(500, bad))
