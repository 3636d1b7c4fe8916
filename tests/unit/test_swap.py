"""The swap set: as many accepted by either score, every client in one cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.swap import CELLS, swap_set

clients = st.integers(1, 80).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 1), min_size=n, max_size=n),
        st.lists(st.sampled_from([0.01, 0.05, 0.09, 0.1, 0.3]), min_size=n, max_size=n),
        st.lists(st.sampled_from([0.02, 0.07, 0.2]), min_size=n, max_size=n),
    )
)


@given(clients, st.floats(0.005, 0.5))
def test_both_scores_accept_as_many_and_every_client_has_one_cell(drawn, cutoff: float) -> None:
    outcome, ours, theirs = (np.array(one, dtype=float) for one in drawn)

    swap, places = swap_set(outcome.astype(int), ours, theirs, cutoff=cutoff)

    counts = {name: swap.cells[name].n for name in CELLS}
    assert sum(counts.values()) == len(outcome) == len(places)
    assert counts["swap_in"] == counts["swap_out"]
    assert counts["both_accept"] + counts["swap_out"] == int((ours < cutoff).sum())
    assert sum(cell.defaults for cell in swap.cells.values()) == int(outcome.sum())


@given(clients, st.floats(0.005, 0.5))
def test_nobody_changes_side_against_the_same_score(drawn, cutoff: float) -> None:
    outcome, ours = np.array(drawn[0]), np.array(drawn[1])
    # Equal scores are told apart by their order alone: no score may lie on the cut-off's edge.
    distinct = ours + np.arange(len(ours)) * 1e-9

    swap, _ = swap_set(outcome, distinct, distinct, cutoff=cutoff)

    assert swap.cells["swap_in"].n == swap.cells["swap_out"].n == 0


def test_cells_of_a_table_made_by_hand() -> None:
    outcome = np.array([0, 1, 0, 1])
    ours, theirs = np.array([0.02, 0.04, 0.20, 0.50]), np.array([0.03, 0.40, 0.05, 0.60])

    swap, places = swap_set(outcome, ours, theirs, cutoff=0.1)

    assert [CELLS[place] for place in places] == ["both_accept", "swap_out", "swap_in", "both_refuse"]
    assert (swap.acceptance, swap.other_cutoff) == (0.5, 0.40)
    going_out = swap.cells["swap_out"]
    assert (going_out.n, going_out.defaults) == (1, 1)
    assert (going_out.champion_pd, going_out.other_pd) == (0.04, 0.40)
    assert going_out.bad_rate is not None
    assert going_out.bad_rate.value == 1.0 and going_out.bad_rate.low == pytest.approx(0.2065, abs=1e-3)


def test_an_empty_cell_has_no_figures_and_no_cut_off_where_nobody_is_refused() -> None:
    swap, _ = swap_set(np.array([0, 1]), np.array([0.1, 0.2]), np.array([0.3, 0.1]), cutoff=0.9)

    assert swap.other_cutoff is None
    assert swap.cells["both_refuse"].bad_rate is None
    assert swap.as_json()["cells"]["both_accept"]["n"] == 2
