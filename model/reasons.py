"""Reasons: which codes speak against or for a client, and the sentence of each.

One :class:`ReasonPlan` is built per bundle, from its features and the medians of the
accepted clients; page, API, letter and log all ask it, so they cannot differ::

    plan = ReasonPlan(features, medians)
    plan.told(side, delta, contributions, values, has_bureau=…, has_previous=…, …)
    plan.code_contributions(…)          code → sum, adds up to the sum of the contributions
    plan.feature_codes(values, …)       the code of each feature for this client
    plan.code_sums(block, values, …)    the same sums for many clients, (n, 41)
    plan.first_codes(delta, values, …)  first adverse and first favourable code of many clients

``delta`` is ``φ − μ`` in log-odds, ``contributions`` the same in probability
(`model.contributions`); both have the shape of ``values``. Words come from
:func:`label`, :func:`label_of` and :func:`sentence`; the texts are in ``reasons.toml``.

The features of a code are in ``dictionary.toml``. A missing value changes the code that a
feature counts for: an external score goes to R02, a feature of a client without any loan
elsewhere to R40, without any earlier contract with us to R41.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model import dictionary
from model.dictionary import CODES
from model.features import origin
from model.reason_fields import AGAINST, FOR, Client, Clients, Floats, Served, Values, field_of
from model.reason_texts import (
    CATALOGUE_VERSION,
    Reason,
    catalogue,
    label,
    label_of,
    sentence,
    told_inverted,
    value_shown,
)
from model.tables import OWN_HISTORY

__all__ = [
    "AGAINST",
    "CATALOGUE_VERSION",
    "CODES",
    "FOR",
    "NO_CODE",
    "Reason",
    "ReasonPlan",
    "can_be_shown",
    "label",
    "label_of",
    "sentence",
    "told_inverted",
    "value_shown",
]

NO_CODE = 255
"""Stands for "no reason" in the arrays of :meth:`ReasonPlan.first_codes`."""

_INDEX = {code: index for index, code in enumerate(CODES)}
_NAMES = np.array(CODES, dtype=object)


class ReasonPlan:
    """What is worked out once per bundle, so that a client costs microseconds.

    Parameters
    ----------
    features : k names in the booster's order, none of them excluded
    medians : feature → median of the accepted clients, ``None`` or absent when unknown

    Attributes
    ----------
    codes : the 41 codes, R01 first
    code_index : intp (k,), position in `codes` of each feature's own code

    Raises
    ------
    ValueError
        A feature has no code: it is excluded, or the dictionary lacks a pattern.
    """

    def __init__(self, features: Sequence[str], medians: Mapping[str, float | None]) -> None:
        self.features = tuple(features)
        self.codes: tuple[str, ...] = CODES
        self.code_index = np.array([_code_index(name) for name in self.features], dtype=np.intp)
        tables = [origin(name).table for name in self.features]
        self._scores = _where(name.startswith("EXT_SOURCE_") for name in self.features)
        self._bureau = _where(table.startswith("bureau") for table in tables)
        self._ours = _where(table in OWN_HISTORY for table in tables)
        self._indicator = np.zeros((len(self.features), len(CODES)))
        self._indicator[np.arange(len(self.features)), self.code_index] = 1.0
        served = Served({name: index for index, name in enumerate(self.features)}, medians)
        self._fields = tuple(
            field_of(catalogue()[code], served, np.flatnonzero(self.code_index == _INDEX[code]))
            for code in CODES
        )

    # -- one client

    def told(
        self,
        side: int,
        delta: ArrayLike,
        contributions: ArrayLike,
        values: Values,
        *,
        has_bureau: bool,
        has_previous: bool,
        application: Mapping[str, Any] | None,
        maximum: int,
        min_share: float,
    ) -> tuple[Reason, ...]:
        """What raises the risk (`AGAINST`) or lowers it (`FOR`), strongest first; ties go to the lower code.

        Parameters
        ----------
        side : int
            `AGAINST` or `FOR`.
        delta : float64 (k,)
            ``φ − μ`` in log-odds.
        contributions : float64 (k,)
            The same in probability.
        values : float32 (k,)
            NaN = missing.
        has_bureau, has_previous : bool
            Whether any loan elsewhere, any earlier contract with us, is known.
        application : mapping or None
            Raw columns; without it categories are read from the features.
        maximum, min_share
            `max_reasons` and `min_reason_share` of the policy.

        Returns
        -------
        tuple of Reason
            At most `maximum`, each at least `min_share` of all that pulls the same way. Empty
            when no code qualifies: against a client, the caller then asks for a review (L22).
        """
        client = Client(side, np.asarray(delta, dtype=np.float64) * side, values, application)
        route = self._route(values, has_bureau, has_previous)
        pull = np.bincount(route, weights=client.effects, minlength=len(CODES))
        sums = np.bincount(route, weights=np.asarray(contributions, dtype=np.float64), minlength=len(CODES))
        total = float(pull[pull > 0].sum())
        found: list[Reason] = []
        for index in np.argsort(-pull, kind="stable").tolist():
            strength = float(pull[index])
            if len(found) == maximum or strength <= 0 or strength < min_share * total:
                break
            shown = self._fields[index].show(client)
            if shown is not None:
                found.append(
                    Reason(
                        CODES[index],
                        feature=shown.feature,
                        value=shown.value,
                        reference=shown.reference,
                        contribution=float(sums[index]),
                        share=strength / total,
                    )
                )
        return tuple(found)

    def code_contributions(
        self,
        contributions: ArrayLike,
        values: Values,
        has_bureau: bool,
        has_previous: bool,
    ) -> dict[str, float]:
        """Code → sum of the contributions that count for it; all 41 codes, in order."""
        route = self._route(values, has_bureau, has_previous)
        sums = np.bincount(route, weights=np.asarray(contributions, dtype=np.float64), minlength=len(CODES))
        return dict(zip(CODES, sums.tolist(), strict=True))

    def feature_codes(self, values: Values, has_bureau: bool, has_previous: bool) -> tuple[str, ...]:
        """The code that each feature counts for, missing values considered."""
        return tuple(_NAMES[self._route(values, has_bureau, has_previous)].tolist())

    # -- many clients

    def code_sums(
        self,
        block: ArrayLike,
        values: Values,
        has_bureau: ArrayLike,
        has_previous: ArrayLike,
    ) -> Floats:
        """Sums per code of an effect (log-odds or probability), float64 (n, 41).

        Parameters
        ----------
        block, values : (n, k)
        has_bureau, has_previous : bool (n,)
        """
        effects = np.asarray(block, dtype=np.float64)
        sums = effects @ self._indicator
        everyone = np.ones(len(effects), dtype=bool)
        for members, code, concerned in (
            (self._scores, "R02", everyone),
            (self._bureau, "R40", ~np.asarray(has_bureau, dtype=bool)),
            (self._ours, "R41", ~np.asarray(has_previous, dtype=bool)),
        ):
            rows = np.flatnonzero(concerned)
            if len(rows) and len(members):
                cells = np.ix_(rows, members)
                moved = np.where(np.isnan(values[cells]), effects[cells], 0.0)
                sums[rows] -= moved @ self._indicator[members]
                sums[rows, _INDEX[code]] += moved.sum(axis=1)
        return sums

    def first_codes(
        self,
        delta: ArrayLike,
        values: Values,
        has_bureau: ArrayLike,
        has_previous: ArrayLike,
        *,
        application: Mapping[str, Sequence[Any]] | None = None,
        min_share: float,
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """First adverse and first favourable code of each client.

        The code is the one of the first reason that :meth:`told` gives for the same client.

        Parameters
        ----------
        delta, values : (n, k)
        has_bureau, has_previous : bool (n,)
        application : mapping, optional
            Raw text columns, n values each.
        min_share
            `min_reason_share` of the policy.

        Returns
        -------
        (uint8 (n,), uint8 (n,))
            Positions in `codes`, `NO_CODE` where there is none.
        """
        sums = self.code_sums(delta, values, has_bureau, has_previous)
        firsts = []
        for side in (AGAINST, FOR):
            clients = Clients(side, values, application)
            can = np.stack([field.can_show(clients) for field in self._fields], axis=1)
            pull = sums * side
            total = np.where(pull > 0, pull, 0.0).sum(axis=1, keepdims=True)
            allowed = np.where(can & (pull > 0) & (pull >= min_share * total), pull, -np.inf)
            best = allowed.argmax(axis=1)
            none = np.isneginf(allowed[np.arange(len(best)), best])
            firsts.append(np.where(none, NO_CODE, best).astype(np.uint8))
        return firsts[0], firsts[1]

    # -- inside

    def _route(self, values: Values, has_bureau: bool, has_previous: bool) -> NDArray[np.intp]:
        """Position of the code that each feature counts for."""
        missing = np.isnan(values)
        route = self.code_index.copy()
        route[self._scores[missing[self._scores]]] = _INDEX["R02"]
        if not has_bureau:
            route[self._bureau[missing[self._bureau]]] = _INDEX["R40"]
        if not has_previous:
            route[self._ours[missing[self._ours]]] = _INDEX["R41"]
        return route


def can_be_shown(feature: str) -> bool:
    """Whether the sentence of the feature's code may show this very feature.

    Where a code shows the raw application, a share or a count instead of named fields, any of its
    features will do.
    """
    code = dictionary.code_of(feature)
    if code is None:
        return False
    row = catalogue()[code]
    return row["show"] != "value" or any(field["feature"] == feature for field in row["fields"])


def _code_index(feature: str) -> int:
    code = dictionary.code_of(feature)
    if code is None:
        ground = dictionary.excluded(feature)
        why = f"is excluded ({ground})" if ground else "matches no pattern of dictionary.toml"
        raise ValueError(f"a served feature must have a reason code, but {feature!r} {why}")
    return _INDEX[code]


def _where(flags: Iterable[bool]) -> NDArray[np.intp]:
    return np.flatnonzero(np.fromiter(flags, dtype=bool))
