"""What each feature adds to the probability of default, against the typical accepted client.

TreeSHAP gives log-odds ``φ``; their means over the accepted clients of the training data are
``μ``. The difference ``φ_j − μ_j`` is scaled by the secant of the calibrated curve between
the reference margin ``M`` and the client's margin ``m``::

    c_j = s · (φ_j − μ_j)        s = (g(m) − g(M)) / (m − M)

``s > 0`` always, so signs and order are those of the log-odds, and the contributions add up
from the base to the client's probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from model.calibration import BetaCalibration, Floats

_SAME_MARGIN = 1e-9
"""Margins closer than this use the slope at the reference in place of the secant."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The typical accepted client: mean log-odds contributions of the accepted side.

    Attributes
    ----------
    mu : float64 (k,)
        Mean of each feature's TreeSHAP value over the reference clients.
    margin : float
        ``M = φ_0 + Σ μ_j``.
    clients : int
        How many reference clients the means come from.
    """

    mu: Floats
    margin: float
    clients: int

    @classmethod
    def of(cls, phi: ArrayLike) -> Reference:
        """Reference of the clients whose TreeSHAP block is `phi`, float64 (n, k + 1)."""
        block = np.asarray(phi, dtype=np.float64)
        mu = np.ascontiguousarray(block[:, :-1].mean(axis=0))
        return cls(mu=mu, margin=float(block[0, -1] + mu.sum()), clients=len(block))


class Contributions(NamedTuple):
    """Result of :func:`contributions`; ``base + parts.sum(-1)`` is ``probability`` to 1e-9.

    Unpacks as ``(base_pd, c, pd)``. For one client: float, float64 (k,), float; for a block
    of n clients: float, float64 (n, k), float64 (n,).
    """

    base: float
    parts: Floats
    probability: Any


def contributions(
    phi: ArrayLike, reference: Reference, calibration: BetaCalibration, *, margin: ArrayLike
) -> Contributions:
    """Contributions in probability of one client or of a block of clients.

    Parameters
    ----------
    phi : float64 (k + 1,) or (n, k + 1)
        TreeSHAP log-odds, the expected value last (:meth:`model.bundle.Bundle.shap`).
    reference : Reference
    calibration : BetaCalibration
    margin : float or float64 (n,)
        The booster's raw prediction (:meth:`model.bundle.Bundle.margins`): the one definition
        of a client's score. ``phi.sum()`` equals it to about 1e-14 only.
    """
    block = np.asarray(phi, dtype=np.float64)
    probability = calibration.probability(margin)
    base = calibration.probability(reference.margin)[0]
    scale = secant(margin, reference, calibration)
    if block.ndim == 1:
        return Contributions(float(base), scale[0] * (block[:-1] - reference.mu), float(probability[0]))
    return Contributions(float(base), scale[:, None] * (block[:, :-1] - reference.mu), probability)


def secant(margin: ArrayLike, reference: Reference, calibration: BetaCalibration) -> Floats:
    """Points of probability per unit of log-odds on the way from the reference, float64 (n,)."""
    m = np.atleast_1d(np.asarray(margin, dtype=np.float64))
    rise = calibration.probability(m) - calibration.probability(reference.margin)
    run = m - reference.margin
    slope = calibration.derivative(reference.margin)[0]
    same = np.abs(run) < _SAME_MARGIN
    scale = np.where(same, slope, rise / np.where(same, 1.0, run))
    # Far out both probabilities may round to one number; a scale must stay positive.
    return np.where(scale > 0.0, scale, slope)


class DisplayedPoints(NamedTuple):
    """Percent figures as shown; ``base + sum(parts) == probability`` in decimal arithmetic."""

    base: float
    parts: tuple[float, ...]
    probability: float


def displayed_points(base: float, parts: ArrayLike, pd: float, digits: int = 1) -> DisplayedPoints:
    """Round contributions so that the sum on screen is right (largest remainder).

    Parameters
    ----------
    base, pd : float
        Probabilities of the reference and of the client.
    parts : array (k,)
        Contributions in probability that lead from `base` to `pd`: of codes or of features.
    digits : int
        Decimals of the percent figures.

    Returns
    -------
    DisplayedPoints
        Percent (1.0 = one point), each part within one displayed unit of its exact value.
    """
    unit = 10.0**digits
    shown_base, shown_pd = _shown_units(base, digits), _shown_units(pd, digits)
    exact = np.asarray(parts, dtype=np.float64) * 100.0 * unit
    whole = np.floor(exact)
    lacking = int(shown_pd - shown_base - whole.sum())
    # Give the missing units to the largest remainders; take back from the smallest ones if
    # rounding base and total apart has left one too many. A part of exactly 0 stays 0.
    moving = np.flatnonzero(exact)
    if len(moving):
        each, some = divmod(lacking, len(moving))
        order = moving[np.argsort(-(exact - whole)[moving], kind="stable")]
        whole[order] += each
        whole[order[:some]] += 1
    return DisplayedPoints(shown_base / unit, tuple((whole / unit).tolist()), shown_pd / unit)


def _shown_units(probability: float, digits: int) -> int:
    percent = Decimal(repr(float(probability))) * 100
    return int(percent.scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
