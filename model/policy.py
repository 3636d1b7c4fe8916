"""The rule that turns a probability of default into an opinion, a grade and points.

A policy is immutable and versioned; a manager's new cut-off is a new version over the same
model. Everything here is computed on unrounded values, so that opinion, grade and points of
one client agree to the last bit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.calibration import Floats, logit, sigmoid
from model.errors import InputError

Opinion = Literal["favourable", "review", "unfavourable"]
Side = Literal["accept", "refuse"]

OPINIONS: tuple[Opinion, ...] = ("favourable", "review", "unfavourable")
"""Codes 0, 1, 2 of :meth:`Policy.opinion_codes` and of the client book's lists."""

GRADES = "ABCDEFG"
"""Each grade halves the odds of the one before it; D and E meet at the cut-off."""

_FIRST_REFUSED = GRADES.index("E")
_POINTS_LOW, _POINTS_HIGH = 300, 850


@dataclass(frozen=True, slots=True)
class Empirical:
    """Cut-off that would have cost least on the out-of-fold scores: a check, not the rule."""

    cutoff: float
    ci95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Value:
    """What a loan brings and what a default costs: assumptions, for the data give none of them.

    Shown beside a decision, never deciding it: the operated cut-off is that of the policy.

    Attributes
    ----------
    lgd : share of the amount that is lost when the client defaults, in (0, 1]
    margin : share of the amount that is earned when he repays, positive
    file_cost : cost of an accepted file, in the currency of the amounts
    """

    lgd: float = 0.60
    margin: float = 0.06
    file_cost: float = 0.0

    def __post_init__(self) -> None:
        _require(0.0 < self.lgd <= 1.0, "value.lgd", "must lie in (0, 1]", self.lgd)
        _require(0.0 < self.margin <= 1.0, "value.margin", "must lie in (0, 1]", self.margin)
        _require(0.0 <= self.file_cost < np.inf, "value.file_cost", "must not be negative", self.file_cost)

    def expected(self, default_probability: ArrayLike, amount: ArrayLike) -> Floats:
        """Expected value of accepting, float64 (n,): ``(1 − PD)·r·A − PD·LGD·A − F``.

        Parameters
        ----------
        default_probability : (n,) in [0, 1]
        amount : (n,) or one for all; a missing one gives NaN
        """
        probability, lent = np.atleast_1d(*_floats(default_probability, amount))
        return (1.0 - probability) * self.margin * lent - probability * self.lgd * lent - self.file_cost

    def cutoff(self, amount: ArrayLike) -> Floats:
        """Probability from which accepting loses money, float64 (n,): ``(r·A − F) / ((r + LGD)·A)``.

        Without a cost of the file it is ``r / (r + LGD)``, whatever the amount. With one, a small
        loan must be safer; at zero or below no client is safe enough.
        """
        lent = np.atleast_1d(np.asarray(amount, dtype=np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.margin - self.file_cost / lent) / (self.margin + self.lgd)

    def refused(self, default_probability: ArrayLike, amount: ArrayLike) -> NDArray[np.bool_]:
        """Which clients the amount-aware rule refuses, bool (n,)."""
        probability = np.atleast_1d(np.asarray(default_probability, dtype=np.float64))
        return probability >= self.cutoff(amount)


@dataclass(frozen=True, slots=True)
class Points:
    """Points scale: `anchor_points` at odds `anchor_odds` good to 1 bad, `pdo` a doubling."""

    anchor_points: float = 600.0
    anchor_odds: float = 10.0
    pdo: float = 50.0

    def __post_init__(self) -> None:
        _require(self.anchor_odds > 0, "points.anchor_odds", "must be positive", self.anchor_odds)
        _require(self.pdo > 0, "points.pdo", "must be positive", self.pdo)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rule.

    Attributes
    ----------
    version : ``P-1``, ``P-2``, …
    cutoff : probability of default from which a client is on the refuse side
    cutoff_rule : ``theoretical`` (``cost_fp / (cost_fp + cost_fn)``) or ``manual``
    cost_fn, cost_fp : cost of accepting a defaulter, of refusing a good client
    grey_halfwidth_logit : half-width of the review zone, in log-odds
    max_reasons, min_reason_share : at most so many reasons, each at least that share
    override_limit : amount above which a second person confirms an override, or ``None``
    income_cap : largest instalment / income that recourse may propose
    smallest_amount : smallest loan that recourse may propose
    """

    version: str
    cutoff: float
    cutoff_rule: str = "theoretical"
    cost_fn: float = 10.0
    cost_fp: float = 1.0
    grey_halfwidth_logit: float = 0.15
    empirical: Empirical | None = None
    value: Value = field(default_factory=Value)
    points_scale: Points = field(default_factory=Points)
    max_reasons: int = 4
    min_reason_share: float = 0.02
    override_limit: float | None = None
    income_cap: float = 0.40
    smallest_amount: float = 0.0

    def __post_init__(self) -> None:
        _require(0.0 < self.cutoff < 1.0, "cutoff", "must lie strictly between 0 and 1", self.cutoff)
        _require(self.grey_halfwidth_logit >= 0.0, "grey_halfwidth_logit", "must not be negative",
                 self.grey_halfwidth_logit)  # fmt: skip
        _require(self.cost_fn > 0 and self.cost_fp > 0, "cost_fn", "and cost_fp must be positive",
                 (self.cost_fn, self.cost_fp))  # fmt: skip
        _require(self.max_reasons >= 1, "max_reasons", "must be at least 1", self.max_reasons)

    @classmethod
    def theoretical(cls, *, version: str = "P-1", cost_fn: float = 10.0, cost_fp: float = 1.0,
                    **others: Any) -> Policy:  # fmt: skip
        """Policy whose cut-off makes both actions cost the same: ``c_FP / (c_FP + c_FN)``."""
        return cls(version=version, cutoff=cost_fp / (cost_fp + cost_fn), cutoff_rule="theoretical",
                   cost_fn=cost_fn, cost_fp=cost_fp, **others)  # fmt: skip

    # Many clients at once -------------------------------------------------------------

    def distance(self, default_probability: ArrayLike) -> Floats:
        """Signed distance to the cut-off in log-odds, float64 (n,); positive = riskier."""
        return logit(default_probability) - logit(self.cutoff)

    def refused(self, default_probability: ArrayLike) -> NDArray[np.bool_]:
        """Which clients lie on the refuse side, bool (n,)."""
        return np.atleast_1d(np.asarray(default_probability, dtype=np.float64)) >= self.cutoff

    def opinion_codes(self, default_probability: ArrayLike) -> NDArray[np.uint8]:
        """Index into :data:`OPINIONS` for each client, uint8 (n,)."""
        distance = self.distance(default_probability)
        codes = np.where(distance > self.grey_halfwidth_logit, 2, 1)
        return np.where(distance < -self.grey_halfwidth_logit, 0, codes).astype(np.uint8)

    def grade_codes(self, default_probability: ArrayLike) -> NDArray[np.uint8]:
        """Index into :data:`GRADES` for each client, uint8 (n,)."""
        doublings = np.floor(-self.distance(default_probability) / np.log(2.0))
        codes = np.clip(_FIRST_REFUSED - 1 - doublings, 0, len(GRADES) - 1)
        # The side decides between D and E: at the cut-off itself the division would say D.
        refused = self.refused(default_probability)
        return np.where(refused, np.maximum(codes, _FIRST_REFUSED), np.minimum(codes, _FIRST_REFUSED - 1)
                        ).astype(np.uint8)  # fmt: skip

    def exact_points(self, default_probability: ArrayLike) -> Floats:
        """Points before rounding and clipping, float64 (n,); strictly decreasing in PD."""
        scale = self.points_scale
        good_odds = -logit(default_probability)
        return scale.anchor_points + scale.pdo / np.log(2.0) * (good_odds - np.log(scale.anchor_odds))

    # One client -----------------------------------------------------------------------

    def side(self, default_probability: float) -> Side:
        return "refuse" if self.refused(default_probability)[0] else "accept"

    def opinion(self, default_probability: float) -> Opinion:
        return OPINIONS[self.opinion_codes(default_probability)[0]]

    def grade(self, default_probability: float) -> str:
        return GRADES[self.grade_codes(default_probability)[0]]

    def points(self, default_probability: float) -> int:
        """Points as shown: rounded, within 300 and 850."""
        exact = self.exact_points(default_probability)[0]
        return int(np.clip(np.rint(exact), _POINTS_LOW, _POINTS_HIGH))

    def zone(self) -> tuple[float, float]:
        """The two probabilities between which a file is to be reviewed."""
        centre = logit(self.cutoff)[0]
        low, high = sigmoid([centre - self.grey_halfwidth_logit, centre + self.grey_halfwidth_logit])
        return float(low), float(high)

    # JSON -----------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """The policy object as it is stored, answered and stamped."""
        data = asdict(self)
        data["points"] = data.pop("points_scale")
        if self.empirical is not None:
            data["empirical"]["ci95"] = list(self.empirical.ci95)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Policy:
        """Read what :meth:`as_json` wrote; an unknown field is refused by name.

        Raises
        ------
        InputError
            Unknown field, or a value outside its bounds.
        """
        fields = dict(data)
        unknown = sorted(set(fields) - _JSON_FIELDS)
        if unknown:
            raise InputError(f"policy has unknown field(s) {', '.join(unknown)}", code="policy_field")
        fields["points_scale"] = Points(**fields.pop("points", {}))
        fields["value"] = Value(**fields.get("value", {}))
        if fields.get("empirical") is not None:
            empirical = fields["empirical"]
            low, high = empirical["ci95"]
            fields["empirical"] = Empirical(cutoff=empirical["cutoff"], ci95=(low, high))
        return cls(**fields)


_JSON_FIELDS = (set(Policy.__dataclass_fields__) - {"points_scale"}) | {"points"}


def _floats(*values: ArrayLike) -> list[Floats]:
    return [np.asarray(one, dtype=np.float64) for one in values]


def _require(holds: bool, name: str, law: str, value: object) -> None:
    if not holds:
        raise InputError(f"policy: {name} {law}, got {value}", code="policy_value", field=name, value=value)
