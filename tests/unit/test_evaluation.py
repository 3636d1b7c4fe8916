"""Metrics agree with scikit-learn, intervals with their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from training.evaluation import (
    CUTOFF_GRID,
    Costs,
    Estimate,
    auc_difference,
    auc_score,
    curves,
    delong,
    differences,
    evaluate,
    flat,
    per_client,
    plain,
    relative_cost,
)

TENTH = Costs.theoretical()


def _scored(n: int, seed: int = 0, decimals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes drawn from their own probabilities: a calibrated score with ties on demand."""
    random = np.random.default_rng(seed)
    pd_ = np.round(1 / (1 + np.exp(-random.normal(-2.6, 1.1, n))), decimals)
    target = (random.random(n) < pd_).astype(int)
    target[:2] = 0, 1
    return target, np.clip(pd_, 1e-4, 1 - 1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), decimals=st.sampled_from([1, 2, 12]))
def test_every_metric_equals_scikit_learn_ties_included(seed, decimals):
    target, pd_ = _scored(400, seed, decimals)

    got = {name: estimate.value for name, estimate in evaluate(target, pd_, costs=TENTH, draws=2).items()}

    false_rate, true_rate, _ = oracle.roc_curve(target, pd_, drop_intermediate=False)
    (tn, fp), (fn, _) = oracle.confusion_matrix(target, pd_ >= TENTH.cutoff)
    assert got["auc"] == pytest.approx(oracle.roc_auc_score(target, pd_), abs=1e-12)
    assert got["gini"] == pytest.approx(2 * oracle.roc_auc_score(target, pd_) - 1, abs=1e-12)
    assert got["ks"] == pytest.approx(np.max(true_rate - false_rate), abs=1e-12)
    assert got["pr_auc"] == pytest.approx(oracle.average_precision_score(target, pd_), abs=1e-12)
    assert got["brier"] == pytest.approx(oracle.brier_score_loss(target, pd_), abs=1e-12)
    assert got["log_loss"] == pytest.approx(oracle.log_loss(target, pd_), abs=1e-12)
    assert got["observed_expected"] == pytest.approx(target.sum() / pd_.sum(), abs=1e-12)
    assert got["cost_per_file"] == pytest.approx((10 * fn + fp) / 400, abs=1e-12)
    assert got["acceptance_rate"] == pytest.approx((tn + fn) / 400, abs=1e-12)
    if tn + fn:
        assert got["accepted_bad_rate"] == pytest.approx(fn / (tn + fn), abs=1e-12)


def test_delong_equals_its_definition_by_pairs():
    """Structural components as the 1988 paper writes them: a double loop over all pairs."""
    target, pd_ = _scored(150, seed=3, decimals=2)
    other = np.round(pd_ * np.random.default_rng(1).uniform(0.5, 1.5, 150), 2)
    bad = target == 1
    kernels = [
        (score[bad][:, None] > score[~bad]) + 0.5 * (score[bad][:, None] == score[~bad])
        for score in (pd_, other)
    ]

    auc, covariance = delong(target, np.vstack([pd_, other]))

    by_bad = np.cov([kernel.mean(axis=1) for kernel in kernels]) / bad.sum()
    by_good = np.cov([kernel.mean(axis=0) for kernel in kernels]) / (~bad).sum()
    assert auc == pytest.approx([kernel.mean() for kernel in kernels])
    assert covariance == pytest.approx(by_bad + by_good)


def test_delong_interval_is_as_wide_as_a_bootstrap_one():
    target, pd_ = _scored(3000, seed=5)
    random = np.random.default_rng(0)
    draws = [random.integers(0, 3000, 3000) for _ in range(300)]
    spread = np.std([oracle.roc_auc_score(target[draw], pd_[draw]) for draw in draws])

    auc = auc_score(target, pd_)

    assert (auc.high - auc.low) / 2 / 1.96 == pytest.approx(spread, rel=0.15)


def test_a_score_without_information_has_one_half_in_its_interval():
    target, pd_ = _scored(4000, seed=7)

    auc = auc_score(np.random.default_rng(2).permutation(target), pd_)

    assert auc.low < 0.5 < auc.high


def test_intervals_hold_their_value_and_shrink_with_the_sample():
    few = evaluate(*_scored(1000, seed=1), costs=TENTH)
    many = evaluate(*_scored(16_000, seed=1), costs=TENTH)

    for name in (
        "auc", "ks", "brier", "log_loss", "ece", "cost_per_file", "acceptance_rate", "observed_expected"
    ):  # fmt: skip
        assert few[name].low <= few[name].value <= few[name].high, name
        assert many[name].high - many[name].low < few[name].high - few[name].low, name


def test_a_calibrated_score_has_its_ece_near_the_noise_floor_and_a_doubled_one_far_above():
    target, pd_ = _scored(20_000, seed=11)

    honest = evaluate(target, pd_, costs=TENTH, draws=2)
    doubled = evaluate(target, np.minimum(2 * pd_, 0.99), costs=TENTH, draws=2)

    assert honest["ece"].value < 2 * honest["ece_noise_floor"].value
    assert doubled["ece"].value > 10 * doubled["ece_noise_floor"].value


def test_L4_cost_of_the_curve_equals_a_direct_count_at_twenty_cut_offs():
    target, pd_ = _scored(2000, seed=13, decimals=3)
    drawn = curves(target, pd_)["cut_off"]

    for at in np.random.default_rng(0).integers(0, len(CUTOFF_GRID), 20):
        refused = pd_ >= CUTOFF_GRID[at]
        assert drawn["refused_bad"][at] == int(target[refused].sum())
        assert drawn["refused_good"][at] == int((1 - target[refused]).sum())


def test_empirical_optimum_is_the_cheapest_cut_off_of_the_grid():
    target, pd_ = _scored(3000, seed=17)

    best = evaluate(target, pd_, costs=TENTH, draws=2)["optimal_cutoff"].value

    costs = [10 * target[pd_ < t].sum() + (1 - target[pd_ >= t]).sum() for t in CUTOFF_GRID]
    assert best == pytest.approx(CUTOFF_GRID[int(np.argmin(costs))])


def test_L3_at_the_theoretical_cut_off_both_actions_cost_the_same():
    costs = Costs.theoretical(fn=10, fp=1)

    assert costs.cutoff * costs.fn == pytest.approx((1 - costs.cutoff) * costs.fp, abs=1e-12)


def test_curves_start_and_end_where_a_curve_must():
    drawn = curves(*_scored(2000, seed=19))

    assert (drawn["roc"]["fpr"][0], drawn["roc"]["tpr"][0]) == (0.0, 0.0)
    assert (drawn["roc"]["fpr"][-1], drawn["roc"]["tpr"][-1]) == (1.0, 1.0)
    assert drawn["gains"]["captured"][-1] == 1.0
    assert sum(row["n"] for row in drawn["calibration"]) == 2000


def test_roc_points_are_what_their_threshold_gives():
    target, pd_ = _scored(1500, seed=23, decimals=2)
    roc = curves(target, pd_)["roc"]

    for fpr, tpr, threshold in list(zip(roc["fpr"], roc["tpr"], roc["threshold"], strict=True))[1:]:
        assert fpr == pytest.approx((pd_[target == 0] >= threshold).mean())
        assert tpr == pytest.approx((pd_[target == 1] >= threshold).mean())


def test_calibration_bins_add_up_to_the_ece():
    target, pd_ = _scored(3000, seed=29)

    rows = curves(target, pd_)["calibration"]

    ece = sum(row["n"] * abs(row["observed"] - row["predicted"]) for row in rows) / 3000
    assert ece == pytest.approx(evaluate(target, pd_, costs=TENTH, draws=2)["ece"].value)


def test_flat_metrics_carry_their_bounds_and_no_number_that_does_not_exist():
    values = evaluate(*_scored(500), costs=Costs(cutoff=1e-9), draws=5)

    named = flat(values)

    assert {"auc", "auc_low", "auc_high"} <= named.keys()
    assert "accepted_bad_rate" not in named  # nobody is accepted


# Repeats and paired differences ---------------------------------------------------------


def _repeated(n: int, repeats: int, seed: int = 0, decimals: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """One outcome and several noisy views of the probability that drew it, ties included."""
    target, pd_ = _scored(n, seed)
    random = np.random.default_rng(seed + 1)
    noisy = np.log(pd_ / (1 - pd_)) + random.normal(0, 0.5, (repeats, n))
    return target, np.round(np.clip(1 / (1 + np.exp(-noisy)), 1e-3, 1 - 1e-3), decimals)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), repeats=st.integers(1, 4))
def test_a_metric_of_repeats_is_the_mean_of_the_repeats(seed, repeats):
    target, pds = _repeated(300, repeats, seed)

    whole = evaluate(target, pds, costs=TENTH, draws=2)

    single = [evaluate(target, row, costs=TENTH, draws=2) for row in pds]
    for name in whole:
        assert whole[name].value == pytest.approx(np.mean([one[name].value for one in single])), name
    assert whole["auc"].value == pytest.approx(np.mean([oracle.roc_auc_score(target, row) for row in pds]))


def test_equal_repeats_change_neither_value_nor_interval():
    target, pd_ = _scored(800, seed=3)

    once, thrice = (evaluate(target, given_, costs=TENTH, draws=20) for given_ in (pd_, np.stack([pd_] * 3)))

    for name in once:
        assert once[name].value == pytest.approx(thrice[name].value), name
        assert (once[name].low, once[name].high) == pytest.approx((thrice[name].low, thrice[name].high)), name


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_difference_of_areas_is_that_of_scikit_learn_and_turns_with_its_sides(seed):
    target, pds = _repeated(250, 4, seed, decimals=2)
    one, other = pds[:2], pds[2:]

    found, turned = auc_difference(target, one, other), auc_difference(target, other, one)

    areas = [oracle.roc_auc_score(target, row) for row in pds]
    assert found.value == pytest.approx(np.mean(areas[:2]) - np.mean(areas[2:]), abs=1e-12)
    assert (found.value, found.low, found.high) == pytest.approx((-turned.value, -turned.high, -turned.low))


def test_a_score_differs_from_itself_or_from_its_own_order_by_nothing():
    target, pd_ = _scored(500, seed=4)

    found = auc_difference(target, pd_, np.log(pd_))

    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0), abs=1e-9)


def test_the_interval_of_a_difference_is_as_wide_as_clients_drawn_again_make_it():
    """Oracle: both scores on the same redrawn clients, areas by scikit-learn, mean over repeats."""
    target, pds = _repeated(1500, 4, seed=9)
    random = np.random.default_rng(0)
    gaps = []
    for _ in range(300):
        draw = random.integers(0, 1500, 1500)
        areas = [oracle.roc_auc_score(target[draw], row[draw]) for row in pds]
        gaps.append(np.mean(areas[:2]) - np.mean(areas[2:]))

    found = auc_difference(target, pds[:2], pds[2:])

    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(np.std(gaps), rel=0.15)


def test_scores_of_equal_worth_differ_by_less_than_the_interval_in_about_95_of_100_cases():
    """Exchangeable scores: swapping the two sides of each client changes no distribution."""
    held = 0
    for seed in range(200):
        target, pds = _repeated(400, 2, seed, decimals=12)
        found = auc_difference(target, pds[:1], pds[1:])
        held += found.low <= 0 <= found.high

    assert 182 <= held <= 198  # binomial, 99.9 %


def test_differences_of_means_are_those_of_scikit_learn_on_the_same_redrawn_clients():
    target, pds = _repeated(300, 4, seed=21, decimals=12)
    one, other = pds[:2], pds[2:]
    sides = per_client(target, one, TENTH), per_client(target, other, TENTH)

    found = differences(
        target, {name: (sides[0][name], sides[1][name]) for name in sides[0]}, draws=40, seed=5
    )

    def cost(y: np.ndarray, p: np.ndarray) -> float:
        (_, fp), (fn, _) = oracle.confusion_matrix(y, p >= TENTH.cutoff)
        return (10 * fn + fp) / len(y)

    random = np.random.default_rng(5)
    draws = [random.integers(0, 300, 300) for _ in range(40)]
    for name, metric in (
        ("log_loss", oracle.log_loss), ("brier", oracle.brier_score_loss), ("cost_per_file", cost)
    ):  # fmt: skip
        gaps = [
            np.mean([metric(target[draw], row[draw]) for row in one])
            - np.mean([metric(target[draw], row[draw]) for row in other])
            for draw in [np.arange(300), *draws]
        ]
        bounds = np.quantile(gaps[1:], [0.025, 0.975])
        assert (found[name].value, found[name].low, found[name].high) == pytest.approx((gaps[0], *bounds)), (
            name
        )


def test_a_paired_difference_is_narrower_than_the_two_intervals_apart():
    target, pds = _repeated(2000, 2, seed=2)
    close = np.clip(pds[:1] * 1.05, 0, 0.99)
    sides = per_client(target, pds[:1], TENTH), per_client(target, close, TENTH)

    paired = differences(target, {"brier": (sides[0]["brier"], sides[1]["brier"])})["brier"]

    alone = evaluate(target, pds[:1], costs=TENTH)["brier"]
    assert paired.high - paired.low < (alone.high - alone.low) / 5


def test_relative_cost_compares_the_same_clients_at_two_cut_offs():
    target, pd_ = _scored(4000, seed=6)

    accepting = relative_cost(target, pd_, TENTH, cutoff=2.0)
    itself = relative_cost(target, pd_, TENTH, cutoff=TENTH.cutoff)

    refused = pd_ >= TENTH.cutoff
    cost = 10 * target[~refused].sum() + (1 - target[refused]).sum()
    assert accepting.value == pytest.approx(cost / (10 * target.sum()) - 1)
    assert accepting.low < accepting.value < accepting.high < 0
    assert (itself.value, itself.low, itself.high) == (0, 0, 0)


def test_plain_estimates_say_null_where_there_is_no_number():
    assert plain({"rate": Estimate(0.5, float("nan"), 0.75)}) == {
        "rate": {"value": 0.5, "low": None, "high": 0.75}
    }
