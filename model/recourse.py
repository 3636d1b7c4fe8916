"""What would have to change for a favourable opinion: another amount, another duration.

No search: 290 combinations of amount, instalment and price of the goods are scored in one
block, so that "none" is a fact about this grid. Only the request is ever changed. Income, job,
documents, external scores and anything about the person can be tried in a what-if, never
advised.

An answer says what the model would reply. It promises nothing, and no text may claim that a
smaller loan always helps: for some clients it raises the probability.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.assess import Assessment, assess
from model.bundle import Bundle
from model.case import Case, Value
from model.policy import OPINIONS, Opinion, Policy
from model.simulation import raw_columns, with_changes

PAYMENT_RATES = "payment_rates.json"
"""Part of the bundle: contract type → quantiles of instalment / amount and number of clients."""

PRODUCTS = ("Cash loans", "Consumer loans")
"""Types of contract with an amount and a duration to change; a revolving loan has none."""

AMOUNT_FACTORS = tuple(percent / 100 for percent in range(100, 25, -5))
INSTALMENT_FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
MOST_ANSWERS = 3
BUDGET_SECONDS = 0.2

Kind = Literal["amount", "duration", "both"]
Status = Literal["found", "none", "not_needed", "other_product", "incomplete"]

_EDITED = ("AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
_NEEDED = ("AMT_CREDIT", "AMT_ANNUITY", "AMT_INCOME_TOTAL")
_BLOCK = 96
_CENTS = 2


@dataclass(frozen=True, slots=True)
class Combination:
    """One point of the grid.

    Attributes
    ----------
    amount : factor on ``AMT_CREDIT``
    instalment : factor on the instalment beside `amount`; below 1 the loan is longer
    goods_scaled : the price of the goods falls with the amount; otherwise it stays and the
        difference becomes a down payment
    """

    amount: float
    instalment: float
    goods_scaled: bool

    @property
    def kind(self) -> Kind:
        if self.instalment == 1:
            return "amount"
        return "duration" if self.amount == 1 else "both"

    @property
    def effort(self) -> float:
        """How far the client would have to move; the smallest is chosen."""
        touched = 0.1 * (self.amount != 1) + 0.1 * (self.instalment != 1)
        return abs(math.log(self.amount)) + 0.5 * abs(math.log(self.instalment)) + touched


COMBINATIONS = tuple(
    sorted(
        (
            Combination(a, k, scaled)
            for a in AMOUNT_FACTORS
            for k in INSTALMENT_FACTORS
            for scaled in (False, True)
            if not (scaled and a == 1)
        ),
        # The price kept comes first where the effort is the same: it touches one field less.
        key=lambda one: (one.effort, one.goods_scaled),
    )
)
"""All 290, the least effort first; the first one is the request itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A change that the model would answer otherwise.

    Attributes
    ----------
    kind : what it touches
    combination : Combination
    changes : mapping
        Raw column → new value, untouched columns left out.
    assessment : Assessment
        Of the changed file, by :func:`model.assess.assess`.
    reaches : ``favourable``, or ``review`` for an unfavourable file
    """

    kind: Kind
    combination: Combination
    changes: Mapping[str, float]
    assessment: Assessment
    reaches: Opinion


@dataclass(frozen=True, slots=True)
class Recourse:
    """What was found.

    Attributes
    ----------
    status : ``found``; ``none`` of the grid suffices; ``not_needed``, the opinion is
        favourable; ``other_product``, the loan has no amount and duration to change;
        ``incomplete``, amount, instalment or income is not provided
    before : Assessment
        Of the file as it is; its reasons say what the opinion rests on.
    answers : tuple of Answer
        At most three of different kinds, favourable first.
    tried : int
        Combinations within the bounds that were scored.
    cut : bool
        The time was up before the whole grid was tried.
    """

    status: Status
    before: Assessment
    answers: tuple[Answer, ...] = ()
    tried: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What may be proposed to one client."""

    lowest_rate: float
    highest_rate: float
    highest_burden: float
    smallest_amount: float
    income: float

    def allow(self, changed: Mapping[str, float]) -> bool:
        amount, instalment = changed["AMT_CREDIT"], changed["AMT_ANNUITY"]
        return (
            amount > 0
            and amount >= self.smallest_amount
            and self.lowest_rate <= instalment / amount <= self.highest_rate
            and instalment / self.income <= self.highest_burden
        )


def recourse(
    bundle: Bundle,
    case: Case,
    policy: Policy | None = None,
    *,
    book_digest: str | None = None,
    budget: float = BUDGET_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Recourse:
    """Changes of amount and duration that would change the opinion.

    Parameters
    ----------
    bundle : Bundle
    case : Case
        With raw application columns.
    policy : Policy, optional
        Default: the bundle's.
    book_digest : str, optional
        Client book in force, for the versions.
    budget : seconds after which no further block of the grid is scored
    clock : seconds that only grow

    Raises
    ------
    UnavailableError
        The bundle holds no bounds of instalments (``no_evidence``).
    InputError
        The case was given by feature values.
    """
    began = clock()
    policy = policy or bundle.policy
    application = raw_columns(case)
    before = assess(bundle, case, policy, book_digest=book_digest)
    if before.opinion == "favourable":
        return Recourse("not_needed", before)
    if application.get("NAME_CONTRACT_TYPE") not in PRODUCTS:
        return Recourse("other_product", before)
    if not all(application.get(name) for name in _NEEDED):
        return Recourse("incomplete", before)
    bounds = _bounds(bundle, application, policy)
    if bounds is None:
        return Recourse("other_product", before)
    allowed = [
        (one, changed)
        for one in COMBINATIONS
        if (one.amount, one.instalment) != (1, 1) and bounds.allow(changed := _edited(application, one))
    ]
    codes, cut = _opinions(bundle, case, policy, allowed, lambda: clock() - began > budget)
    chosen = _chosen(allowed, codes, unfavourable=before.opinion == "unfavourable")
    answers = tuple(
        _answer(bundle, case, policy, book_digest, one, changed, reaches) for one, changed, reaches in chosen
    )
    return Recourse("found" if answers else "none", before, answers, tried=len(codes), cut=cut)


def payment_rates(
    contract_types: Sequence[Any], amounts: NDArray[np.float64], instalments: NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    """Bounds of instalment / amount by contract type, from labelled clients.

    Parameters
    ----------
    contract_types : n texts, ``None`` = missing
    amounts, instalments : float64 (n,), NaN = missing

    Returns
    -------
    dict
        Contract type → ``low``, ``high`` (1 % and 99 % quantiles) and ``clients``.
    """
    types = np.asarray(contract_types, dtype=object)
    rates = np.divide(instalments, amounts, out=np.full(len(types), np.nan), where=amounts > 0)
    found = {}
    for product in sorted({one for one in types.tolist() if one is not None}):
        own = rates[(types == product) & np.isfinite(rates)]
        if len(own):
            low, high = np.quantile(own, [0.01, 0.99])
            found[str(product)] = {"low": float(low), "high": float(high), "clients": len(own)}
    return found


def _bounds(bundle: Bundle, application: Mapping[str, Value], policy: Policy) -> _Bounds | None:
    """Bounds of this client; ``None`` when no labelled client had such a contract."""
    rates = bundle.evidence(PAYMENT_RATES)
    own = rates.get(application["NAME_CONTRACT_TYPE"])
    if own is None:
        return None
    income, instalment = _number(application, "AMT_INCOME_TOTAL"), _number(application, "AMT_ANNUITY")
    return _Bounds(
        lowest_rate=own["low"],
        highest_rate=own["high"],
        highest_burden=max(instalment / income, policy.income_cap),
        smallest_amount=policy.smallest_amount,
        income=income,
    )


def _number(application: Mapping[str, Value], name: str) -> float:
    return float(application[name] or 0.0)


def _edited(application: Mapping[str, Value], one: Combination) -> dict[str, float]:
    """The three amounts of the request under a combination, in cents; untouched ones as they are."""
    changed = {}
    for name, factor in (
        ("AMT_CREDIT", one.amount),
        ("AMT_ANNUITY", one.amount * one.instalment),
        ("AMT_GOODS_PRICE", one.amount if one.goods_scaled else 1.0),
    ):
        if application.get(name) is not None:
            value = _number(application, name)
            changed[name] = value if factor == 1 else round(value * factor, _CENTS)
    return changed


def _opinions(
    bundle: Bundle,
    case: Case,
    policy: Policy,
    allowed: Sequence[tuple[Combination, Mapping[str, float]]],
    late: Callable[[], bool],
) -> tuple[list[int], bool]:
    """Opinion code of each combination, the least effort first, and whether time cut it short."""
    application, codes = raw_columns(case), list[int]()
    positions, reader = bundle.reader_of(_EDITED)
    stored = case.features[positions]
    for start in range(0, len(allowed), _BLOCK):
        if late():
            return codes, True
        part = allowed[start : start + _BLOCK]
        block = np.repeat(case.features[None, :], len(part), axis=0)
        block[:, positions] = [reader.recompute({**application, **new}, stored) for _, new in part]
        codes.extend(policy.opinion_codes(bundle.probabilities(block)).tolist())
    return codes, False


def _chosen(
    allowed: Sequence[tuple[Combination, Mapping[str, float]]], codes: Sequence[int], *, unfavourable: bool
) -> list[tuple[Combination, Mapping[str, float], Opinion]]:
    """The answer of least effort of each kind, favourable first."""
    chosen: dict[Kind, tuple[Combination, Mapping[str, float], Opinion]] = {}
    wanted: tuple[Opinion, ...] = ("favourable", "review") if unfavourable else ("favourable",)
    for opinion in wanted:
        for (one, changed), code in zip(allowed, codes, strict=False):
            if OPINIONS[code] == opinion and one.kind not in chosen:
                chosen[one.kind] = (one, changed, opinion)
    return list(chosen.values())[:MOST_ANSWERS]


def _answer(
    bundle: Bundle,
    case: Case,
    policy: Policy,
    book_digest: str | None,
    one: Combination,
    changed: Mapping[str, float],
    reaches: Opinion,
) -> Answer:
    application = raw_columns(case)
    changes = {name: value for name, value in changed.items() if value != application[name]}
    return Answer(
        kind=one.kind,
        combination=one,
        changes=changes,
        assessment=assess(bundle, with_changes(bundle, case, changes), policy, book_digest=book_digest),
        reaches=reaches,
    )
