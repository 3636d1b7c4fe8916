"""The rule: opinion, side, grade and points agree on one number to the last bit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from model.policy import GRADES, OPINIONS, Empirical, Policy, Value

probabilities = st.floats(1e-6, 1 - 1e-6)
cutoffs = st.floats(0.005, 0.6)


def near(cutoff: float, steps: int) -> float:
    """The number `steps` representable numbers above a cut-off."""
    for _ in range(abs(steps)):
        cutoff = float(np.nextafter(cutoff, 1.0 if steps > 0 else 0.0))
    return cutoff


@given(probabilities, cutoffs)
def test_L1_side_opinion_grade_and_points_follow_one_number(pd: float, cutoff: float) -> None:
    policy = Policy(version="P-1", cutoff=cutoff)

    refused = policy.side(pd) == "refuse"

    assert refused == (pd >= cutoff)
    assert (policy.grade(pd) >= "E") == refused
    if policy.opinion(pd) == "favourable":
        assert not refused
    if policy.opinion(pd) == "unfavourable":
        assert refused


@given(cutoffs, st.integers(-3, 3))
def test_L1_L39_hold_at_the_very_edge_of_the_cutoff(cutoff: float, steps: int) -> None:
    policy = Policy(version="P-1", cutoff=cutoff)
    pd = near(cutoff, steps)

    assert policy.side(pd) == ("refuse" if pd >= cutoff else "accept")
    assert (policy.grade(pd) >= "E") == (pd >= cutoff)
    assert policy.opinion(pd) == "review"


@given(probabilities, cutoffs, cutoffs)
def test_L2_lowering_the_cutoff_never_accepts_a_refused_client(pd: float, one: float, other: float) -> None:
    high, low = Policy(version="P-1", cutoff=max(one, other)), Policy(version="P-2", cutoff=min(one, other))

    if high.side(pd) == "refuse":
        assert low.side(pd) == "refuse"
    assert OPINIONS.index(low.opinion(pd)) >= OPINIONS.index(high.opinion(pd))


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_L3_both_actions_cost_the_same_at_the_theoretical_cutoff(cost_fn: float, cost_fp: float) -> None:
    policy = Policy.theoretical(cost_fn=cost_fn, cost_fp=cost_fp)

    accepting, refusing = policy.cutoff * policy.cost_fn, (1 - policy.cutoff) * policy.cost_fp

    assert accepting == pytest.approx(refusing, rel=1e-12)


def test_theoretical_cutoff_of_ten_to_one_is_one_eleventh() -> None:
    assert Policy.theoretical().cutoff == 1 / 11


@given(probabilities, probabilities)
def test_L38_points_strictly_decrease_with_probability(one: float, other: float) -> None:
    policy = Policy.theoretical()
    low, high = sorted((one, other))

    if high - low > 1e-9:
        assert policy.exact_points(low)[0] > policy.exact_points(high)[0]
    assert policy.points(low) >= policy.points(high)


@given(probabilities, cutoffs)
def test_L39_grade_is_E_or_worse_exactly_on_the_refuse_side(pd: float, cutoff: float) -> None:
    policy = Policy(version="P-1", cutoff=cutoff)

    assert (GRADES.index(policy.grade(pd)) >= GRADES.index("E")) == (policy.side(pd) == "refuse")


@pytest.mark.parametrize(
    ("pd", "points", "grade"),
    [(1 / 11, 600, "E"), (0.1243, 575, "E"), (0.01, 765, "A"), (0.0899, 601, "D"), (0.5, 434, "G")],
)
def test_points_and_grades_of_known_probabilities(pd: float, points: int, grade: str) -> None:
    policy = Policy.theoretical()

    assert (policy.points(pd), policy.grade(pd)) == (points, grade)


def test_fifty_points_double_the_odds() -> None:
    policy = Policy.theoretical()
    ten_to_one, twenty_to_one = policy.exact_points([1 / 11, 1 / 21])

    assert ten_to_one == pytest.approx(600)
    assert twenty_to_one == pytest.approx(650)


def test_shown_points_stay_within_300_and_850() -> None:
    policy = Policy.theoretical()

    assert (policy.points(1e-9), policy.points(1 - 1e-9)) == (850, 300)


def test_points_do_not_move_with_the_cutoff_and_grades_do() -> None:
    strict, loose = Policy(version="P-1", cutoff=0.05), Policy(version="P-2", cutoff=0.20)

    assert strict.points(0.08) == loose.points(0.08)
    assert (strict.grade(0.08), loose.grade(0.08)) == ("E", "C")


def test_review_zone_of_the_default_policy_is_7_9_to_10_4_percent() -> None:
    low, high = Policy.theoretical().zone()

    assert (round(low, 3), round(high, 3)) == (0.079, 0.104)


@given(cutoffs, st.floats(0.0, 1.0))
def test_zone_bounds_are_where_the_opinion_changes(cutoff: float, half: float) -> None:
    policy = Policy(version="P-1", cutoff=cutoff, grey_halfwidth_logit=half)
    low, high = policy.zone()

    assert policy.opinion(low * (1 - 1e-9)) == "favourable"
    assert policy.opinion(high * (1 + 1e-9)) == "unfavourable"
    assert low <= cutoff * (1 + 1e-12)
    assert high >= cutoff * (1 - 1e-12)


@given(st.lists(probabilities, min_size=1, max_size=67))
def test_many_clients_get_the_bits_of_each_alone(drawn: list[float]) -> None:
    policy = Policy.theoretical()
    block = np.array(drawn)

    assert [OPINIONS[c] for c in policy.opinion_codes(block)] == [policy.opinion(p) for p in drawn]
    assert [GRADES[c] for c in policy.grade_codes(block)] == [policy.grade(p) for p in drawn]
    assert policy.exact_points(block).tolist() == [float(policy.exact_points(p)[0]) for p in drawn]


def test_json_has_the_documented_fields_and_reads_back_equal() -> None:
    policy = Policy.theoretical(
        empirical=Empirical(cutoff=0.095, ci95=(0.075, 0.099)),
        value=Value(file_cost=30.0),
        override_limit=1e6,
    )

    data = json.loads(json.dumps(policy.as_json()))

    assert data["empirical"] == {"cutoff": 0.095, "ci95": [0.075, 0.099]}
    assert data["points"] == {"anchor_points": 600.0, "anchor_odds": 10.0, "pdo": 50.0}
    assert {"override_limit", "income_cap", "smallest_amount", "max_reasons", "cutoff_rule"} <= set(data)
    assert Policy.from_json(data) == policy


def test_unknown_policy_field_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="cut_off"):
        Policy.from_json({"version": "P-1", "cutoff": 0.1, "cut_off": 0.2})


@pytest.mark.parametrize(
    "wrong", [{"cutoff": 0.0}, {"cutoff": 1.0}, {"cutoff": float("nan")}, {"grey_halfwidth_logit": -0.1},
              {"cost_fn": 0.0}, {"max_reasons": 0}],
)  # fmt: skip
def test_impossible_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Policy(**{"version": "P-1", "cutoff": 0.1, **wrong})  # type: ignore[arg-type]


# In money ------------------------------------------------------------------------------

amounts = st.floats(1_000, 5_000_000)
shares = st.floats(0.01, 1.0)


@given(probabilities, amounts, amounts, shares, shares)
def test_without_a_file_cost_the_sign_of_the_value_depends_on_the_probability_alone(
    pd: float, one: float, other: float, lgd: float, margin: float
) -> None:
    value = Value(lgd=lgd, margin=margin)
    break_even = margin / (margin + lgd)

    signs = np.sign(value.expected([pd, pd], [one, other]))

    if abs(pd - break_even) > 1e-9:
        assert signs[0] == signs[1] == np.sign(break_even - pd)
    assert value.cutoff([one, other]).tolist() == [break_even, break_even]


@given(probabilities, amounts, shares, shares, st.floats(0, 10_000))
def test_the_value_is_zero_at_the_cutoff_of_the_amount_and_falls_with_the_probability(
    pd: float, amount: float, lgd: float, margin: float, file_cost: float
) -> None:
    value = Value(lgd, margin, file_cost)
    cutoff = value.cutoff(amount)[0]

    assert value.expected(cutoff, amount)[0] == pytest.approx(0.0, abs=1e-9 * amount)
    assert value.expected(min(pd + 0.01, 1.0), amount)[0] <= value.expected(pd, amount)[0]
    if abs(pd - cutoff) > 1e-9:
        assert value.refused(pd, amount)[0] == (value.expected(pd, amount)[0] < 0)


@given(amounts, amounts, shares, shares, st.floats(1, 10_000))
def test_with_a_file_cost_a_smaller_loan_must_be_safer(
    one: float, other: float, lgd: float, margin: float, file_cost: float
) -> None:
    small, large = Value(lgd, margin, file_cost).cutoff(sorted((one, other)))

    assert small <= large < margin / (margin + lgd)


def test_the_default_values_are_exactly_ten_to_one() -> None:
    assert Value().cutoff(512_145.0)[0] == pytest.approx(Policy.theoretical().cutoff, rel=1e-12)
    assert Value().expected(0.0, 100.0)[0] == pytest.approx(6.0)
    assert Value().expected(1.0, 100.0)[0] == pytest.approx(-60.0)


def test_a_loan_that_never_pays_its_file_is_always_refused_and_a_missing_amount_is_nan() -> None:
    value = Value(file_cost=3_000.0)

    assert value.cutoff(40_000.0)[0] < 0
    assert value.refused(0.0, 40_000.0)[0]
    assert np.isnan(value.expected(0.1, np.nan)[0])
    assert np.isnan(value.cutoff(np.nan)[0])


@pytest.mark.parametrize("wrong", [{"lgd": 0.0}, {"lgd": 1.5}, {"margin": 0.0}, {"file_cost": -1.0},
                                   {"margin": float("nan")}])  # fmt: skip
def test_impossible_values_in_money_are_refused_by_name(wrong: dict[str, float]) -> None:
    (name,) = wrong

    with pytest.raises(InputError, match=f"value.{name}"):
        Policy.from_json({"version": "P-1", "cutoff": 0.1, "value": wrong})


@pytest.mark.parametrize("wrong", [{"pdo": 0.0}, {"anchor_odds": -1.0}])
def test_impossible_scales_of_points_are_refused_by_name(wrong: dict[str, float]) -> None:
    (name,) = wrong

    with pytest.raises(InputError, match=f"points.{name}"):
        Policy.from_json({"version": "P-1", "cutoff": 0.1, "points": wrong})
