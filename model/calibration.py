"""From a booster's margin to a probability of default: beta calibration.

Kull, Silva Filho and Flach (2017): ``g(m) = σ(a·ln s − b·ln(1 − s) + c)`` with
``s = σ(m)``, ``a, b > 0``. Strictly increasing and smooth, so that ranking, percentile,
what-if and contributions all follow the margin.

Everything is float64 and goes through ``logaddexp``: no overflow, and the same bits for a
client alone or in a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.errors import IntegrityError

Floats = NDArray[np.float64]


def sigmoid(logit: ArrayLike) -> Floats:
    """``1 / (1 + exp(−x))`` without overflow, float64, at least one-dimensional."""
    x = np.atleast_1d(np.asarray(logit, dtype=np.float64))
    return np.exp(-np.logaddexp(0.0, -x))


def logit(probability: ArrayLike) -> Floats:
    """``ln(p / (1 − p))``, float64, at least one-dimensional."""
    p = np.atleast_1d(np.asarray(probability, dtype=np.float64))
    return np.log(p) - np.log1p(-p)


@dataclass(frozen=True, slots=True)
class BetaCalibration:
    """Three numbers fitted on out-of-fold margins.

    Parameters
    ----------
    a, b : float > 0
        Slopes at the low and the high end.
    c : float
        Intercept.
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0 and np.isfinite([self.a, self.b, self.c]).all()):
            raise IntegrityError(
                f"beta calibration needs finite a > 0, b > 0, got a={self.a}, b={self.b}, c={self.c}",
                code="bundle_invalid",
            )

    def logit(self, margin: ArrayLike) -> Floats:
        """Calibrated log-odds of default.

        Parameters
        ----------
        margin : array (n,)
            Raw log-odds of the booster.

        Returns
        -------
        float64 (n,)
        """
        m = np.atleast_1d(np.asarray(margin, dtype=np.float64))
        # ln s = −logaddexp(0, −m) and ln(1 − s) = −logaddexp(0, m)
        return self.b * np.logaddexp(0.0, m) - self.a * np.logaddexp(0.0, -m) + self.c

    def probability(self, margin: ArrayLike) -> Floats:
        """Probability of default in (0, 1), float64 (n,)."""
        return sigmoid(self.logit(margin))

    def derivative(self, margin: ArrayLike) -> Floats:
        """Slope of the probability at each margin, float64 (n,), positive."""
        m = np.atleast_1d(np.asarray(margin, dtype=np.float64))
        z = self.logit(m)
        # σ(−z), not 1 − σ(z): stays positive where σ(z) rounds to 1.
        return sigmoid(z) * sigmoid(-z) * (self.a * sigmoid(-m) + self.b * sigmoid(m))

    def as_json(self) -> dict[str, Any]:
        return {"kind": "beta", "a": self.a, "b": self.b, "c": self.c}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> BetaCalibration:
        if data.get("kind") != "beta":
            raise IntegrityError(f"unknown calibration {data.get('kind')!r}; this code reads 'beta'")
        return cls(a=float(data["a"]), b=float(data["b"]), c=float(data["c"]))
