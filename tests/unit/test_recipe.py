"""The recipe of a home: defaults without a file, a clear refusal of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from model.home import Home
from training.recipe import DEFAULT_KEEP, RECIPE, SEARCHED, Chosen, read_recipe, write_recipe


def test_without_a_file_the_defaults_of_the_code_hold(tmp_path: Path) -> None:
    assert read_recipe(Home(tmp_path)) == Chosen(DEFAULT_KEEP, {}, None)


@given(
    st.none() | st.integers(1, 2000),
    st.dictionaries(st.sampled_from(["lambda_l2", "feature_fraction"]), st.floats(0.1, 1.0)),
    st.none() | st.text(max_size=8),
)
def test_what_was_written_is_read_back(tmp_path_factory, keep, parameters, source) -> None:
    home = Home(tmp_path_factory.mktemp("home"))

    write_recipe(home, Chosen(keep, parameters, source))

    assert read_recipe(home) == Chosen(keep, parameters, source)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "it is not JSON"),
        ("[]", "it must be an object"),
        ('{"kept": 3}', "unknown field 'kept'"),
        ('{"keep": 0}', "keep must be a whole number from 1, or null for all, got 0"),
        ('{"keep": 2.5}', "got 2.5"),
        ('{"keep": true}', "got True"),
        ('{"parameters": 3}', "parameters must be an object"),
        ('{"parameters": {"objective": 1}}', "'objective' is not one that a recipe may change"),
        ('{"parameters": {"num_leaves": 1}}', "num_leaves must lie between 2 and 255, got 1"),
        ('{"parameters": {"num_leaves": 7.5}}', "num_leaves must be a whole number, got 7.5"),
        ('{"parameters": {"lambda_l2": "ten"}}', "got 'ten'"),
        ('{"from": 4}', "from must be the number of a run"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_law_and_the_way_out(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / RECIPE).write_text(text)

    with pytest.raises(InputError) as refusal:
        read_recipe(Home(tmp_path))

    assert told in refusal.value.detail
    assert "remove it to train with the defaults" in refusal.value.detail


def test_no_recipe_may_weigh_classes_or_lift_constraints() -> None:
    """What would distort probabilities, or undo a law, is not a search's to choose."""
    forbidden = {"scale_pos_weight", "is_unbalance", "monotone_constraints", "objective", "seed"}

    assert not forbidden & set(SEARCHED)
