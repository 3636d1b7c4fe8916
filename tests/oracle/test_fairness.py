"""Fairness tables against an independent count with pandas."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_ratio, equalized_odds_difference

from model.policy import Policy
from training.evaluation import Estimate
from training.fairness import (
    FEWEST_DEFAULTS,
    FEWEST_FILES,
    NOT_PROVIDED,
    GroupRow,
    as_json,
    fairness_tables,
    groups_of,
)

N = 6_000
POLICY = Policy.theoretical()
Tables = dict[str, tuple[GroupRow, ...]]


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    risk = rng.normal(size=N)
    return pd.DataFrame(
        {
            "CODE_GENDER": rng.choice(["F", "M", "XNA"], N, p=[0.6, 0.39, 0.01]),
            "DAYS_BIRTH": -rng.integers(7_500, 25_000, N).astype(float),
            "NAME_FAMILY_STATUS": rng.choice(np.array(["Married", "Widow", None], dtype=object), N),
            "CNT_CHILDREN": np.where(rng.random(N) < 0.02, np.nan, rng.poisson(0.5, N)),
            "REGION_RATING_CLIENT": rng.integers(1, 4, N).astype(float),
            "NAME_EDUCATION_TYPE": rng.choice(["Higher education", "Secondary"], N),
            "EXT_SOURCE_1": np.where(rng.random(N) < 0.5, np.nan, rng.random(N)),
            "EXT_SOURCE_3": np.where(rng.random(N) < 0.3, np.nan, rng.random(N)),
            "pd": 1 / (1 + np.exp(2.4 - risk)),
            "y": (rng.random(N) < 1 / (1 + np.exp(2.4 - risk))).astype(int),
        }
    )


@pytest.fixture(scope="module")
def groups(raw: pd.DataFrame) -> dict[str, np.ndarray]:
    texts = {name: raw[name].to_numpy(dtype=object) for name in raw if name.startswith(("CODE", "NAME"))}
    texts = {name: np.where(pd.isna(values), None, values) for name, values in texts.items()}
    numbers = {name: raw[name].to_numpy() for name in raw if name not in texts}
    return groups_of(numbers, texts)


@pytest.fixture(scope="module")
def tables(raw: pd.DataFrame, groups: dict[str, np.ndarray]) -> Tables:
    return fairness_tables(groups, raw["y"].to_numpy(), raw["pd"].to_numpy(), POLICY, draws=200)


def test_L31_group_rows_sum_to_the_whole(raw: pd.DataFrame, tables: Tables) -> None:
    assert len(tables) == 7
    for rows in tables.values():
        assert sum(row.n for row in rows) == N
        assert sum(row.defaults for row in rows) == raw["y"].sum()
        assert len({row.group for row in rows}) == len(rows)


def test_L31_acceptances_weigh_up_to_that_of_all(raw: pd.DataFrame, tables: Tables) -> None:
    rows = tables["education"]
    accepted = sum(row.n * row.acceptance.value for row in rows if row.acceptance)

    assert accepted == pytest.approx((raw["pd"] < POLICY.cutoff).sum(), abs=1e-6)


def test_L32_every_figure_equals_a_count_with_pandas(
    raw: pd.DataFrame, groups: dict[str, np.ndarray], tables: Tables
) -> None:
    compared = 0
    for attribute, rows in tables.items():
        frame = raw.assign(group=groups[attribute].astype(str), accepted=raw["pd"] < POLICY.cutoff)
        by_group = dict(iter(frame.groupby("group")))
        large = [p for p in by_group.values() if len(p) >= FEWEST_FILES and p["y"].sum() >= FEWEST_DEFAULTS]
        best = max(part["accepted"].mean() for part in large)
        best_good = max(part.loc[part["y"] == 0, "accepted"].mean() for part in large)
        for row in rows:
            part = by_group[row.group]
            assert (row.n, row.defaults) == (len(part), part["y"].sum())
            if not row.shown:
                continue
            good = part.loc[part["y"] == 0, "accepted"].mean()
            bad = part.loc[part["y"] == 1, "accepted"].mean()
            pairs = (
                part.loc[part["y"] == 1, "pd"].to_numpy()[:, None] - part.loc[part["y"] == 0, "pd"].to_numpy()
            )
            expected = {
                "acceptance": part["accepted"].mean(),
                "ratio": part["accepted"].mean() / best,
                "good_acceptance": good,
                "good_gap": good - best_good,
                "bad_acceptance": bad,
                "observed_expected": part["y"].sum() / part["pd"].sum(),
                "auc": (pairs > 0).mean() + (pairs == 0).mean() / 2,
            }
            for metric, value in expected.items():
                found = getattr(row, metric)
                assert found.value == pytest.approx(value, abs=1e-12), (attribute, row.group, metric)
                compared += 1
    assert compared > 100


def test_intervals_hold_their_value_and_the_group_compared_with_is_at_one(tables: Tables) -> None:
    for rows in tables.values():
        shown = [row for row in rows if row.shown]
        for row in shown:
            for name in GroupRow.__slots__[3:]:
                estimate: Estimate = getattr(row, name)
                assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12
        best = max(shown, key=lambda row: row.ratio.value)
        assert (best.ratio.value, best.ratio.low, best.ratio.high) == (1.0, 1.0, 1.0)
        assert max(row.good_gap.value for row in shown) == 0.0


def test_a_bootstrap_interval_is_as_wide_as_theory_says(tables: Tables) -> None:
    for row in tables["sex"][:2]:
        share = row.acceptance.value
        theory = 2 * 1.96 * np.sqrt(share * (1 - share) / row.n)
        assert row.acceptance.high - row.acceptance.low == pytest.approx(theory, rel=0.25)


def test_L33_no_cell_below_the_minimum_leaves_the_table(tables: Tables) -> None:
    told = json.loads(json.dumps(as_json(tables, POLICY, clients=N), allow_nan=False))

    small = [row for rows in tables.values() for row in rows if not row.shown]
    assert {row.group for row in small} >= {"XNA", NOT_PROVIDED}
    for attribute, rows in tables.items():
        for row, shown in zip(rows, told["attributes"][attribute], strict=True):
            assert shown["group"] == row.group
            if row.n < FEWEST_FILES or row.defaults < FEWEST_DEFAULTS:
                assert shown == {"group": row.group, "shown": False}
            else:
                assert shown["shown"] and shown["n"] == row.n
                assert shown["flagged"] == (row.ratio.value < 0.80)


def test_L33_few_defaults_hide_a_group_of_many_files() -> None:
    group = np.array(["few"] * 500 + ["many"] * 2_000, dtype=object)
    outcome = np.zeros(2_500, dtype=int)
    outcome[:19] = outcome[500:600] = 1
    rows = fairness_tables({"a": group}, outcome, np.linspace(0.01, 0.3, 2_500), POLICY, draws=20)["a"]

    assert [(row.group, row.shown, row.acceptance is None) for row in rows] == [
        ("few", False, True), ("many", True, False),
    ]  # fmt: skip


def test_ages_fall_into_the_six_bands_by_birthday() -> None:
    ages = [24.9, 25.0, 29.9, 30.0, 39.9, 40.0, 49.9, 50.0, 59.9, 60.0, np.nan]
    n = len(ages)
    blank = np.full(n, np.nan)
    numbers = {
        "DAYS_BIRTH": -np.array(ages) * 365.25, "CNT_CHILDREN": blank, "REGION_RATING_CLIENT": blank,
        "EXT_SOURCE_1": blank, "EXT_SOURCE_3": blank,
    }  # fmt: skip
    none = np.full(n, None, dtype=object)

    found = groups_of(numbers, {"CODE_GENDER": none, "NAME_FAMILY_STATUS": none, "NAME_EDUCATION_TYPE": none})

    assert found["age"].tolist() == [
        "under_25", "25_29", "25_29", "30_39", "30_39", "40_49", "40_49", "50_59", "50_59", "60_and_over",
        NOT_PROVIDED,
    ]  # fmt: skip
    assert set(found["sex"]) == set(found["children"]) == set(found["region_rating"]) == {NOT_PROVIDED}
    assert set(found["external_scores"]) == {"without_1_and_3"}


def test_the_same_seed_gives_the_same_intervals(raw: pd.DataFrame, groups: dict[str, np.ndarray]) -> None:
    y, p, few = raw["y"].to_numpy(), raw["pd"].to_numpy(), {"sex": groups["sex"]}

    first, again, other = (fairness_tables(few, y, p, POLICY, draws=20, seed=seed) for seed in (1, 1, 2))

    assert first == again != other


@pytest.mark.parametrize("attribute", ["sex", "age", "education"])
def test_L32_ratio_and_gaps_equal_fairlearn(
    raw: pd.DataFrame, groups: dict[str, np.ndarray], tables: Tables, attribute: str
) -> None:
    shown = [row for row in tables[attribute] if row.shown]
    large = np.isin(groups[attribute].astype(str), [row.group for row in shown])
    told = {"y_true": 1 - raw["y"][large], "y_pred": raw["pd"][large] < POLICY.cutoff}
    by = groups[attribute][large].astype(str)

    assert len(shown) >= 2
    assert min(row.ratio.value for row in shown if row.ratio) == pytest.approx(
        demographic_parity_ratio(**told, sensitive_features=by), abs=1e-12
    )
    good = [row.good_acceptance.value for row in shown if row.good_acceptance]
    bad = [row.bad_acceptance.value for row in shown if row.bad_acceptance]
    assert max(max(good) - min(good), max(bad) - min(bad)) == pytest.approx(
        equalized_odds_difference(**told, sensitive_features=by), abs=1e-12
    )
