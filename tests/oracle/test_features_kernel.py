"""The engine against the pandas implementation, column by column, in float64."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model.features import feature_names, is_kernel
from model.home import Home
from tests.oracle.beyond import beyond_kernel
from tests.oracle.kernel import kernel_matrix
from training.matrix import compute_features, learn_vocabulary

KERNEL_COLUMNS_OF_THE_SAMPLE = 771

RELATIVE = 1e-9
"""Every column agrees this well, those beyond the kernel without exception …"""

RATIO_SUMS = 1e-12
"""… means and sums of ratios and rates, held to 12 decimals, to this besides, …"""

RATIO_VARIANCES = 1e-9
"""… and their variances, held to 9 decimals, to this."""

RATIOS = ("APP_CREDIT_PERC", "RATE_DOWN_PAYMENT", "PAYMENT_PERC", "BURO_STATUS_")


def tolerance(name: str) -> float:
    """Absolute part of the tolerance: only what the engine adds up as rounded integers has one."""
    if not is_kernel(name) or not any(ratio in name for ratio in RATIOS):
        return 0.0
    if name.endswith("_VAR"):
        return RATIO_VARIANCES
    return RATIO_SUMS if name.endswith(("_MEAN", "_SUM")) else 0.0


@pytest.fixture(scope="module")
def engine(home: Home) -> pd.DataFrame:
    vocabulary = learn_vocabulary(home)
    ids, matrix = compute_features(home, vocabulary, dtype=np.float64)
    return pd.DataFrame(np.asarray(matrix), index=ids, columns=list(feature_names(vocabulary)))


@pytest.fixture(scope="module")
def oracle(home: Home) -> pd.DataFrame:
    return kernel_matrix(home.lake).join(beyond_kernel(home.lake))


def test_columns_are_the_kernels_in_its_order_then_those_beyond_it(
    engine: pd.DataFrame, oracle: pd.DataFrame
) -> None:
    assert list(engine.columns) == list(oracle.columns)


def test_clients_are_those_of_the_application_in_ascending_order(
    engine: pd.DataFrame, oracle: pd.DataFrame
) -> None:
    assert engine.index.tolist() == oracle.index.tolist()


def test_what_is_missing_is_the_same_in_every_column(engine: pd.DataFrame, oracle: pd.DataFrame) -> None:
    differing = (engine.isna() != oracle.isna()).sum()

    assert differing[differing > 0].to_dict() == {}


def test_every_column_agrees(engine: pd.DataFrame, oracle: pd.DataFrame) -> None:
    off = {}
    for name in engine.columns:
        ours, theirs = engine[name].to_numpy(), oracle[name].to_numpy()
        excess = np.abs(ours - theirs) - RELATIVE * np.abs(theirs) - tolerance(name)
        worst = np.nanmax(excess, initial=0.0)
        if worst > 0:
            off[name] = worst

    assert off == {}


def test_only_the_last_rounding_separates_the_served_numbers_from_these(
    home: Home, engine: pd.DataFrame
) -> None:
    _, served = compute_features(home, learn_vocabulary(home))

    np.testing.assert_array_equal(np.asarray(served), engine.to_numpy().astype(np.float32))


def test_the_sample_has_the_kernels_number_of_columns(sample_lake: Home) -> None:
    names = feature_names(learn_vocabulary(sample_lake))

    assert sum(map(is_kernel, names)) == KERNEL_COLUMNS_OF_THE_SAMPLE


def test_every_column_beyond_the_kernel_says_something_of_the_portfolio(
    home: Home, oracle: pd.DataFrame
) -> None:
    own = oracle[[name for name in oracle if not is_kernel(name)]]

    assert own.columns[own.nunique() < 2].tolist() == []
    assert own.columns[own.notna().mean() < 0.03].tolist() == []
