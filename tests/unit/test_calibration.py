"""Beta calibration: increasing, smooth, the same bits alone and in a block."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.calibration import BetaCalibration, logit, sigmoid
from model.errors import IntegrityError

slopes = st.floats(0.01, 2.0)
intercepts = st.floats(-3.0, 3.0)
calibrations = st.builds(BetaCalibration, a=slopes, b=slopes, c=intercepts)
margins = st.floats(-12.0, 12.0)


@given(calibrations)
def test_L5_probability_strictly_increases_on_10_000_margins(calibration: BetaCalibration) -> None:
    grid = np.linspace(-8.0, 8.0, 10_000)

    assert (np.diff(calibration.logit(grid)) > 0).all()
    assert (np.diff(calibration.probability(grid)) > 0).all()


@given(calibrations, st.lists(margins, min_size=2, max_size=50))
def test_L6_ranking_by_probability_is_ranking_by_margin(
    calibration: BetaCalibration, drawn: list[float]
) -> None:
    m = np.array(drawn)

    order = np.argsort(m, kind="stable")

    assert (np.diff(calibration.probability(m)[order]) >= 0).all()


def test_formula_is_that_of_the_beta_family() -> None:
    calibration = BetaCalibration(a=1.123, b=0.4, c=0.444)
    s = 1 / (1 + math.exp(1.7))

    expected = 1 / (1 + math.exp(-(1.123 * math.log(s) - 0.4 * math.log(1 - s) + 0.444)))

    assert calibration.probability(-1.7)[0] == pytest.approx(expected, rel=1e-14)


def test_identity_when_a_and_b_are_one_and_c_zero() -> None:
    m = np.linspace(-5, 5, 101)

    assert BetaCalibration(1.0, 1.0, 0.0).logit(m) == pytest.approx(m, abs=1e-14)


@given(calibrations, margins)
def test_derivative_is_the_slope(calibration: BetaCalibration, m: float) -> None:
    step = 1e-5
    rise = calibration.probability(m + step) - calibration.probability(m - step)

    assert calibration.derivative(m)[0] == pytest.approx(rise[0] / (2 * step), rel=1e-4, abs=1e-9)
    assert calibration.derivative(m)[0] > 0


@given(calibrations, st.lists(margins, min_size=1, max_size=67))
def test_same_bits_alone_and_in_a_block(calibration: BetaCalibration, drawn: list[float]) -> None:
    block = calibration.probability(np.array(drawn))

    assert block.tolist() == [float(calibration.probability(m)[0]) for m in drawn]


def test_far_margins_do_not_overflow() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        p = BetaCalibration(1.0, 0.5, 0.0).probability([-700.0, 700.0])

    assert 0.0 <= p[0] < p[1] <= 1.0


@given(st.floats(1e-6, 1 - 1e-6))
def test_logit_and_sigmoid_are_inverse(p: float) -> None:
    assert sigmoid(logit(p))[0] == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("numbers", [(0.0, 1.0, 0.0), (1.0, -0.1, 0.0), (1.0, 1.0, math.nan)])
def test_slopes_that_are_not_positive_are_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(IntegrityError, match="a > 0, b > 0"):
        BetaCalibration(*numbers)


def test_json_round_trip_keeps_every_bit() -> None:
    calibration = BetaCalibration(1.1230000001, 0.007, 0.444)

    assert BetaCalibration.from_json(calibration.as_json()) == calibration


def test_unknown_calibration_is_refused_by_name() -> None:
    with pytest.raises(IntegrityError, match="isotonic"):
        BetaCalibration.from_json({"kind": "isotonic"})
