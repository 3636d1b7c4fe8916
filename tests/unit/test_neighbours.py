"""Similar files: counted as by hand, never oneself, never a rate of too few."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from model.book import Book, load_book
from model.bundle import Bundle, load_bundle
from model.bundle_writing import write_bundle
from model.errors import UnavailableError
from model.neighbours import (
    LEAVES,
    OUTCOMES,
    leaves_of,
    matches,
    nearest,
    reference_sample,
    similar,
)
from model.score_tables import wilson
from tests.bundles import CLIENTS, FIRST_ID, STRANGERS, WAITING, made

REFERENCE = CLIENTS - WAITING + STRANGERS


def _brute_force(leaves: np.ndarray, own: np.ndarray) -> list[int]:
    return [
        sum(int(tree[i] == leaf) for tree, leaf in zip(leaves, own, strict=True))
        for i in range(leaves.shape[1])
    ]


def test_L28_a_client_is_his_own_nearest_with_similarity_1(small_bundle: Bundle, small_book: Book) -> None:
    leaves = small_bundle.extra(LEAVES)
    for row in range(0, CLIENTS - WAITING, 131):
        own = leaves_of(small_bundle.booster, small_book.case_at(row).features[None, :])[:, 0]

        shared = matches(leaves, own)

        assert shared[row] == shared.max() == len(leaves)


def test_L29_similarity_is_symmetric(small_bundle: Bundle) -> None:
    leaves = small_bundle.extra(LEAVES)
    chosen = range(0, REFERENCE, 97)

    table = np.array([matches(leaves, leaves[:, row])[list(chosen)] for row in chosen])

    assert (table == table.T).all()


@given(
    of_numpy.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 30)), elements=st.integers(0, 3)),
    st.data(),
)
def test_L30_matches_equal_a_count_tree_by_tree(leaves: np.ndarray, data: st.DataObject) -> None:
    own = data.draw(of_numpy.arrays(np.uint8, len(leaves), elements=st.integers(0, 3)))

    assert matches(leaves, own).tolist() == _brute_force(leaves, own)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_L30_holds_for_more_trees_than_a_byte_counts_and_more_clients_than_a_block(dtype: type) -> None:
    rng = np.random.default_rng(2)
    leaves = rng.integers(0, 3, size=(600, 9_001)).astype(dtype)
    own = leaves[:, 8_500]

    shared = matches(leaves, own)

    assert shared[8_500] == 600
    assert shared.tolist() == (leaves == own[:, None]).sum(axis=0).tolist()


def test_leaves_are_those_of_the_booster(small_bundle: Bundle) -> None:
    matrix = made().matrix[:50]

    leaves = leaves_of(small_bundle.booster, matrix)

    assert leaves.dtype == np.uint8
    assert leaves.T.tolist() == small_bundle.booster.predict(matrix, pred_leaf=True).tolist()


def test_trees_of_many_leaves_take_two_bytes() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4_000, 3)).astype(np.float32)
    data = lgb.Dataset(x, (rng.random(4_000) < 0.5).astype(int))
    large = lgb.train(
        {"objective": "binary", "num_leaves": 400, "min_data_in_leaf": 1, "verbose": -1}, data, 3
    )

    leaves = leaves_of(large, x)

    assert leaves.dtype == np.uint16
    assert leaves.T.tolist() == large.predict(x, pred_leaf=True).tolist()


@given(of_numpy.arrays(np.uint16, st.integers(2, 60), elements=st.integers(0, 5)), st.data())
def test_nearest_are_the_largest_counts_ties_to_the_lower_row(
    shared: np.ndarray, data: st.DataObject
) -> None:
    without = data.draw(st.none() | st.integers(0, len(shared) - 1))
    k = data.draw(st.integers(1, len(shared) - (without is not None)))

    rows = nearest(shared, k, without=without)

    others = [row for row in range(len(shared)) if row != without]
    assert rows.tolist() == sorted(others, key=lambda row: (-int(shared[row]), row))[:k]


def test_the_rate_is_that_of_the_200_nearest_with_its_wilson_bounds(
    small_bundle: Bundle, small_book: Book
) -> None:
    leaves, outcomes = small_bundle.extra(LEAVES), small_bundle.extra(OUTCOMES)
    case = small_book.case_at(CLIENTS - 1)
    own = leaves_of(small_bundle.booster, case.features[None, :])[:, 0]
    counts = _brute_force(leaves, own)
    rows = sorted(range(REFERENCE), key=lambda row: (-counts[row], row))[:200]

    found = similar(small_bundle, case)

    defaults = sum(int(outcomes[row]) for row in rows)
    assert (found.rate.n, found.rate.observed) == (200, defaults / 200)
    assert (found.rate.low, found.rate.high) == tuple(wilson(defaults, 200))
    assert found.reference == REFERENCE
    assert [one.row for one in found.nearest] == rows[:10]
    assert [one.similarity for one in found.nearest] == [counts[row] / len(leaves) for row in rows[:10]]
    assert [one.defaulted for one in found.nearest] == [bool(outcomes[row]) for row in rows[:10]]


def test_a_client_is_never_among_his_own_similar_files(small_bundle: Bundle, small_book: Book) -> None:
    for row in range(0, CLIENTS - WAITING, 43):
        own = small_book.reference_row(FIRST_ID + row)
        assert own is not None

        found = similar(small_bundle, small_book.case_at(row), own_row=own, shown=200)

        assert own not in {one.row for one in found.nearest}
        assert len(found.nearest) == found.rate.n == 200


def test_only_a_labelled_client_has_a_row_in_the_reference(small_book: Book) -> None:
    assert small_book.reference_row(FIRST_ID + 3) == 3
    assert small_book.reference_row(FIRST_ID + CLIENTS - 1) is None
    assert small_book.reference_row(42) is None


def test_a_book_that_does_not_say_whose_row_is_whose_shows_no_labelled_client(small_book: Book) -> None:
    older = replace(small_book, reference_rows=None)

    assert older.reference_row(FIRST_ID + CLIENTS - 1) is None
    with pytest.raises(UnavailableError, match="training clients"):
        older.reference_row(FIRST_ID + 3)


def test_no_rate_of_fewer_than_100_files_or_from_fewer_than_2000(
    small_bundle: Bundle, small_book: Book, tmp_path: Path
) -> None:
    extra = dict(made().parts.extra)
    few = {**extra, LEAVES: extra[LEAVES][:, :1_999], OUTCOMES: extra[OUTCOMES][:1_999]}
    poor = load_bundle(write_bundle(tmp_path, replace(made().parts, extra=few), versions={"model": "1"}))

    for bundle, k in ((small_bundle, 99), (poor, 200)):
        with pytest.raises(UnavailableError) as refusal:
            similar(bundle, small_book.case_at(0), k=k)
        assert refusal.value.code == "too_few_files"
    assert similar(small_bundle, small_book.case_at(0), k=100).rate.n == 100


def test_the_reference_is_a_seeded_sample_in_an_order_that_tells_nothing() -> None:
    sample = reference_sample(60_000, seed=0)

    assert len(set(sample.tolist())) == len(sample) == 50_000
    assert sample.tolist() == reference_sample(60_000, seed=0).tolist()
    assert sample.tolist() != reference_sample(60_000, seed=1).tolist()
    assert abs(np.corrcoef(sample, np.arange(50_000))[0, 1]) < 0.02
    assert sorted(reference_sample(30, seed=0).tolist()) == list(range(30))


def test_a_book_keeps_the_rows_it_was_written_with(small_book: Book) -> None:
    assert (small_book.folder / "reference_row.npy").exists()
    again = load_book(small_book.folder)
    assert again.reference_rows is not None
    assert again.reference_rows.tolist() == [*range(CLIENTS - WAITING), *[-1] * WAITING]
