"""Contributions add up, keep their signs, and their rounded figures add up too."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.bundle import Bundle
from model.calibration import BetaCalibration
from model.contributions import Reference, contributions, displayed_points, secant
from tests.bundles import made

calibrations = st.builds(
    BetaCalibration, a=st.floats(0.05, 3.0), b=st.floats(0.05, 3.0), c=st.floats(-2.0, 2.0)
)
phis = arrays(np.float64, 13, elements=st.floats(-1.5, 1.5))


def reference_of(mu: np.ndarray) -> Reference:
    return Reference(mu=mu[:-1], margin=float(mu.sum()), clients=1)


@given(phis, phis, calibrations)
def test_L13_base_and_contributions_give_the_probability(
    phi: np.ndarray, mu: np.ndarray, calibration: BetaCalibration
) -> None:
    mu = np.append(mu[:-1], phi[-1])

    base, parts, probability = contributions(phi, reference_of(mu), calibration, margin=phi.sum())

    assert abs(base + parts.sum() - probability) <= 1e-9


def test_L13_holds_for_every_client_of_a_real_booster(small_bundle: Bundle) -> None:
    matrix = made().matrix

    found = contributions(
        small_bundle.shap(matrix), small_bundle.reference, small_bundle.calibration,
        margin=small_bundle.margins(matrix),
    )  # fmt: skip

    assert np.abs(found.base + found.parts.sum(axis=1) - found.probability).max() <= 1e-9
    assert found.probability.tolist() == small_bundle.probabilities(matrix).tolist()


@given(st.floats(-30, 30), st.floats(-8, 8), calibrations)
def test_L14_the_secant_is_positive(margin: float, reference: float, calibration: BetaCalibration) -> None:
    scale = secant(margin, Reference(np.zeros(1), reference, 1), calibration)

    assert scale[0] > 0


@given(phis, phis, calibrations)
def test_L14_signs_and_order_are_those_of_the_log_odds(
    phi: np.ndarray, mu: np.ndarray, calibration: BetaCalibration
) -> None:
    mu = np.append(mu[:-1], phi[-1])
    delta = phi[:-1] - mu[:-1]

    parts = contributions(phi, reference_of(mu), calibration, margin=phi.sum()).parts

    assert (np.sign(parts) == np.sign(delta)).all() or np.abs(
        delta[np.sign(parts) != np.sign(delta)]
    ).max() < 1e-300
    assert (np.diff(parts[np.argsort(delta)]) >= 0).all()


def test_the_client_at_the_reference_uses_the_slope() -> None:
    calibration = BetaCalibration(1.1, 0.8, 0.2)
    reference = Reference(np.zeros(3), -2.0, 1)

    assert secant(-2.0, reference, calibration)[0] == calibration.derivative(-2.0)[0]
    assert secant(-2.0 + 1e-8, reference, calibration)[0] == pytest.approx(
        calibration.derivative(-2.0)[0], rel=1e-6
    )


def test_a_block_gives_each_client_the_bits_he_has_alone(small_bundle: Bundle) -> None:
    matrix = made().matrix[:97]
    phi, margin = small_bundle.shap(matrix), small_bundle.margins(matrix)

    block = contributions(phi, small_bundle.reference, small_bundle.calibration, margin=margin)

    for i in range(len(matrix)):
        alone = contributions(phi[i], small_bundle.reference, small_bundle.calibration, margin=margin[i])
        assert alone.probability == block.probability[i]
        assert alone.parts.tolist() == block.parts[i].tolist()


def test_reference_is_the_mean_of_the_accepted_clients() -> None:
    phi = np.array([[0.1, 0.3, -2.0], [0.3, -0.1, -2.0]])

    reference = Reference.of(phi)

    assert reference.mu.tolist() == pytest.approx([0.2, 0.1])
    assert reference.margin == pytest.approx(-1.7)
    assert reference.clients == 2


parts_in_points = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=45)


@given(st.floats(0.001, 0.4), parts_in_points, st.sampled_from([0, 1, 2]))
def test_L16_displayed_points_add_up_to_the_displayed_difference(
    base: float, parts: list[float], digits: int
) -> None:
    pd = base + float(np.sum(parts))

    shown = displayed_points(base, parts, pd, digits=digits)

    exact = sum((Decimal(repr(part)) for part in shown.parts), Decimal(repr(shown.base)))
    assert exact == Decimal(repr(shown.probability))
    assert shown.base == pytest.approx(base * 100, abs=0.5001 * 10**-digits)
    assert shown.probability == pytest.approx(pd * 100, abs=0.5001 * 10**-digits)
    off = np.abs(np.array(shown.parts) - np.array(parts) * 100)
    assert off.max() <= 2.0 * 10**-digits + 1e-9


@given(st.floats(0.001, 0.4), parts_in_points)
def test_L16_a_contribution_of_zero_is_shown_as_zero(base: float, parts: list[float]) -> None:
    shown = displayed_points(base, [0.0, *parts], base + float(np.sum(parts)))

    assert shown.parts[0] == 0.0


def test_largest_remainders_are_rounded_up() -> None:
    shown = displayed_points(0.035, [0.0312, 0.0406, 0.0182], 0.125)

    assert shown == (3.5, (3.1, 4.1, 1.8), 12.5)
