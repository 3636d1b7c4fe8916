"""Bins of the population: everybody counted once, missing apart, edges one can read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.bundle import Bundle
from model.errors import InputError
from model.population import (
    MOST_BINS,
    OTHER_OR_MISSING,
    Population,
    build_dependences,
    build_population,
    numeric_bins,
)
from tests.bundles import CLIENTS, WAITING, made

numbers = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(float("nan")), st.integers(0, 4).map(float))
columns = arrays(np.float32, st.integers(1, 200), elements=numbers)


@given(columns, st.integers(0, 1000), st.booleans())
def test_every_client_is_counted_once(values: np.ndarray, seed: int, days: bool) -> None:
    rng = np.random.default_rng(seed)
    target = rng.choice([0.0, 1.0, np.nan], size=len(values))

    bins = numeric_bins("X", values, target, days=days)

    assert sum(bins.counts) == len(values)
    assert sum(bins.known) == (~np.isnan(target)).sum()
    assert sum(bins.defaults) == (target == 1).sum()
    assert bins.counts[-1] == np.isnan(values).sum()
    assert len(bins.counts) == len(bins.known) == len(bins.defaults) == bins.size + 1
    assert bins.size <= MOST_BINS
    assert all(count > 0 for count in bins.counts[:-1])


@given(columns)
def test_the_bin_of_one_value_is_the_bin_it_was_counted_in(values: np.ndarray) -> None:
    bins = numeric_bins("X", values, np.zeros(len(values)))

    found = np.bincount([bins.bin_of(float(v)) for v in values], minlength=bins.size + 1)

    assert found.tolist() == list(bins.counts)


def test_few_distinct_values_get_a_bin_each() -> None:
    bins = numeric_bins("CNT", np.array([0, 1, 1, 3, np.nan], dtype=np.float32), np.zeros(5))

    assert (bins.kind, bins.values, bins.counts) == ("values", (0.0, 1.0, 3.0), (1, 2, 1, 1))
    assert bins.bin_of(2.0) == bins.bin_of(1.0)
    assert bins.bin_of(9.0) == 2
    assert bins.bin_of(None) == 3


def test_edges_are_round_numbers() -> None:
    values = np.random.default_rng(0).normal(500_000, 200_000, 20_000).astype(np.float32)

    bins = numeric_bins("AMT_CREDIT", values, np.zeros(20_000))

    assert bins.kind == "numeric"
    assert all(edge % 25_000 == 0 for edge in bins.edges)
    shares = np.array(bins.counts[:-1]) / 20_000
    assert shares.max() < 0.2


def test_days_are_cut_at_whole_months_and_years() -> None:
    values = -np.random.default_rng(0).integers(10, 12_000, 20_000).astype(np.float32)

    bins = numeric_bins("DAYS_EMPLOYED", values, np.zeros(20_000), days=True)

    months = np.abs(np.array(bins.edges)) / (365.25 / 12)
    assert np.abs(months - np.rint(months)).max() < 0.02
    assert any(round(m) % 12 == 0 for m in months)


def test_a_column_without_any_value_has_only_the_missing_bin() -> None:
    bins = numeric_bins("EMPTY", np.full(4, np.nan, dtype=np.float32), np.zeros(4))

    assert (bins.size, bins.counts, bins.low, bins.high) == (0, (4,), None, None)
    assert bins.bin_of(None) == 0


def test_one_hot_features_stand_together_under_their_column(small_bundle: Bundle) -> None:
    population = small_bundle.population

    bins = population.of("NAME_INCOME_TYPE_Working")

    assert bins is population.of("NAME_INCOME_TYPE")
    assert bins.categories == ("Commercial associate", "Pensioner", "Working")
    assert "NAME_INCOME_TYPE_Working" not in population.names
    assert population.position("NAME_INCOME_TYPE", "Working") == 2


def test_a_client_without_the_category_is_missing(small_bundle: Bundle) -> None:
    bins = small_bundle.population.of("OCCUPATION_TYPE")

    stated = sum("OCCUPATION_TYPE" in payload["application"] for payload in made().payloads)
    assert bins.counts[-1] == CLIENTS - stated
    assert bins.bin_of(None) == bins.size
    assert bins.bin_of("Astronaut") == bins.size


def test_a_category_that_the_model_does_not_read_is_other_and_never_missing() -> None:
    features = ("HOUSE_Flat", "HOUSE_Room")
    flat, room, neither = (1, 0), (0, 1), (0, 0)
    matrix = np.array([flat, flat, room, neither], dtype=np.float32)
    groups = {f"HOUSE_{name}": ("HOUSE", name) for name in ("Flat", "House", "Room")}

    population = build_population(matrix, features, np.zeros(4), groups=groups)
    bins = population.of("HOUSE")

    assert bins.categories == ("Flat", "Room", OTHER_OR_MISSING)
    assert bins.counts == (2, 1, 1, 0)
    assert [bins.bin_of(value) for value in ("Flat", "House", None)] == [0, 2, 2]
    assert population.codes_of("HOUSE", features, [0, 1], matrix).tolist() == [0, 0, 1, 2]
    assert "HOUSE_House" not in population.groups


def test_every_entry_counts_all_clients_and_those_with_a_known_outcome(small_bundle: Bundle) -> None:
    for bins in small_bundle.population.entries.values():
        assert sum(bins.counts) == CLIENTS
        assert sum(bins.known) == CLIENTS - WAITING
        assert sum(bins.defaults) == (made().target == 1).sum()


def test_an_unknown_feature_is_refused_by_name(small_bundle: Bundle) -> None:
    with pytest.raises(InputError, match="AMT_CREDT"):
        small_bundle.population.of("AMT_CREDT")


def test_json_round_trip(small_bundle: Bundle) -> None:
    data = json.loads(json.dumps(small_bundle.population.as_json()))

    assert Population.from_json(data) == small_bundle.population


def test_codes_of_a_block_are_the_bins_of_each_client(small_bundle: Bundle) -> None:
    population, features = small_bundle.population, small_bundle.features
    matrix = made().matrix[:200]

    for name, members in population.members(features).items():
        codes = population.codes_of(name, features, members, matrix)
        if population.entries[name].kind == "category":
            told = [payload["application"].get(name) for payload in made().payloads[:200]]
        else:
            told = [float(v) for v in matrix[:, members[0]]]
        assert codes.tolist() == [population.position(name, value) for value in told]


def test_dependence_is_the_mean_effect_of_each_bin(small_bundle: Bundle) -> None:
    population, features, matrix = small_bundle.population, small_bundle.features, made().matrix[:500]
    rng = np.random.default_rng(3)
    effects = rng.normal(size=matrix.shape)
    j = features.index("EXT_SOURCE_1")

    found = build_dependences(population, features, matrix, effects).of("EXT_SOURCE_1")

    codes = population.of("EXT_SOURCE_1").bins_of(matrix[:, j])
    assert sum(found.counts) == 500
    assert found.counts[-1] == np.isnan(matrix[:, j]).sum()
    for code, (mean, low, high) in enumerate(zip(found.mean, found.low, found.high, strict=True)):
        mine = effects[codes == code, j]
        assert mean == pytest.approx(mine.mean())
        assert (low, high) == pytest.approx(tuple(np.quantile(mine, [0.1, 0.9])))


def test_dependence_of_a_one_hot_group_adds_its_columns(small_bundle: Bundle) -> None:
    population, features, matrix = small_bundle.population, small_bundle.features, made().matrix[:500]
    effects = np.ones(matrix.shape)

    found = build_dependences(population, features, matrix, effects).of("NAME_INCOME_TYPE")

    assert found.mean[:3] == (3.0, 3.0, 3.0)
    assert found.mean[3] is None
    assert len(found.values) == 0


def test_dependence_shows_at_most_260_clients_and_keeps_the_missing(small_bundle: Bundle) -> None:
    found = small_bundle.dependences.of("EXT_SOURCE_1")

    assert len(found.values) == len(found.effects) == 260
    assert np.isnan(found.values).any()
