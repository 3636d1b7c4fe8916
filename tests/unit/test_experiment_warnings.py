"""What a training warns of: a cut-off outside its interval, a zone of review that is too narrow."""

from __future__ import annotations

from typing import Any

import pytest

from training.evaluation import Costs, Estimate
from training.experiment import _warnings

COSTS = Costs.theoretical()
INSIDE = {"optimal_cutoff": Estimate(0.095, 0.075, 0.099)}


def zone(*contradicted: float, smallest: float | None) -> dict[str, Any]:
    rows = [
        {"halfwidth": halfwidth, "share": share, "contradicted": value}
        for halfwidth, share, value in zip((0.15, 0.4), (0.09, 0.24), contradicted, strict=True)
    ]
    return {"operated": 0.15, "rows": rows, "smallest": smallest}


def test_nothing_is_said_when_nothing_is_wrong() -> None:
    assert _warnings(INSIDE, COSTS, None) == ()
    assert _warnings(INSIDE, COSTS, zone(0.007, 0.001, smallest=0.15)) == ()


def test_a_cut_off_outside_the_interval_of_the_optimum_is_said() -> None:
    (said,) = _warnings({"optimal_cutoff": Estimate(0.2, 0.15, 0.25)}, COSTS, None)

    assert "0.0909" in said and "0.2000 [0.1500, 0.2500]" in said


@pytest.mark.parametrize(
    ("smallest", "remedy"), [(0.4, "0.40 would keep them under 1%, with 24%"), (None, "none that was tried")]
)
def test_a_zone_that_leaves_contradictions_outside_is_said_with_its_remedy(
    smallest: float | None, remedy: str
) -> None:
    (said,) = _warnings(INSIDE, COSTS, zone(0.037, 0.008 if smallest else 0.02, smallest=smallest))

    assert "3.7%" in said and remedy in said
