"""How far the answer depends on the sample that was learned from.

The models of the folds and the served one explain and decide the same clients, whom none of them
has learned from. What they say alike is a property of the clients; the rest is chance: of the
reasons (which codes come first) and of the side near the cut-off (the zone of review).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.calibration import BetaCalibration, logit
from model.contributions import Reference
from model.policy import Policy
from model.reasons import AGAINST, ReasonPlan
from training.boosting import Grown
from training.importance import shap

HALFWIDTHS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
"""Half-widths of the zone of review that are tried, in log-odds."""

CONTRADICTED = 0.01
"""Outside the zone, models trained on other samples may contradict the served one this often."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Clients to explain, and those they are compared with.

    Attributes
    ----------
    matrix : (n, k) float32 of the candidates' features
    applications : their raw columns
    has_bureau, has_previous : bool (n,)
    accepted : (m, k) float32 of accepted clients with a known outcome
    features : k names
    """

    matrix: np.ndarray
    applications: Sequence[Mapping[str, Any]]
    has_bureau: np.ndarray
    has_previous: np.ndarray
    accepted: np.ndarray
    features: tuple[str, ...]


def reason_stability(
    served: Grown, others: Sequence[Grown], clients: Explained, policy: Policy
) -> dict[str, Any]:
    """How much of the reasons stays when the model learned from another sample.

    Parameters
    ----------
    served : refitted on all labels
    others : models of the folds
    clients : refused or to be reviewed, each explained by every model
    policy : how many reasons, and how small

    Returns
    -------
    ``clients``, ``models``; ``first_kept``: share of clients whose first code is the same, mean of
    the models; ``four_kept``: share of the served codes that are also told by the other;
    ``carried``: share of all that speaks against a client that his first, two, three, four codes
    make up; ``first`` and ``told``: code → share of clients
    """
    ours = _codes_of(served, clients, policy)
    firsts, kept = [], []
    for model in others:
        theirs = [told for told, _ in _codes_of(model, clients, policy)]
        pairs = [(one, other) for (one, _), other in zip(ours, theirs, strict=True) if one]
        firsts += [one[0] == (other[0] if other else None) for one, other in pairs]
        kept += [len(set(one) & set(other)) / len(one) for one, other in pairs]
    told = [codes for codes, _ in ours if codes]
    shares = [np.cumsum([*share, *[0.0] * 4])[:4] for codes, share in ours if codes]
    return {
        "clients": len(told),
        "models": len(others),
        "first_kept": _share(firsts),
        "four_kept": _share(kept),
        "carried": np.mean(shares, axis=0).round(4).tolist() if shares else [],
        "first": _shares(Counter(codes[0] for codes in told), len(told)),
        "told": _shares(Counter(code for codes in told for code in codes), len(told)),
    }


def review_zone(
    served: np.ndarray, others: np.ndarray, calibration: BetaCalibration, policy: Policy
) -> dict[str, Any]:
    """Which half-width of the zone of review leaves the contradictions inside.

    Parameters
    ----------
    served : (n,) log-odds of the served booster
    others : (m, n) of the models of the folds
    calibration : one curve for all
    policy : its cut-off and half-width

    Returns
    -------
    ``clients``, ``models``, ``operated`` (half-width), ``rows`` of ``halfwidth``, ``share`` of files in
    the zone and ``contradicted``: share of files outside it whose side another model changes;
    ``smallest``: the first half-width under one per cent, ``None`` when none is; ``disagree``:
    share of files that at least one model decides otherwise; ``spread``: mean standard deviation of
    the log-odds
    """
    own = calibration.probability(served)
    distance = np.abs(policy.distance(own))
    probabilities = np.stack([calibration.probability(margin) for margin in others])
    changed = policy.refused(probabilities.ravel()).reshape(probabilities.shape) != policy.refused(own)
    rows = []
    for halfwidth in HALFWIDTHS:
        outside = distance > halfwidth
        rows.append(
            {
                "halfwidth": halfwidth,
                "share": float(1 - outside.mean()),
                "contradicted": float(changed[:, outside].mean()) if outside.any() else 0.0,
            }
        )
    return {
        "clients": len(own),
        "models": len(others),
        "operated": policy.grey_halfwidth_logit,
        "rows": rows,
        "smallest": next((row["halfwidth"] for row in rows if row["contradicted"] < CONTRADICTED), None),
        "disagree": float(changed.any(axis=0).mean()),
        "spread": float(np.std([logit(one) for one in probabilities], axis=0).mean()),
    }


def _codes_of(model: Grown, clients: Explained, policy: Policy) -> list[tuple[list[str], list[float]]]:
    """Codes told against each client by one model, and the share that each carries."""
    matrix, accepted = (
        np.ascontiguousarray(rows[:, model.columns]) for rows in (clients.matrix, clients.accepted)
    )
    features = [clients.features[column] for column in model.columns]
    with np.errstate(all="ignore"):
        medians = dict(zip(features, np.nanmedian(accepted, axis=0).tolist(), strict=True))
    plan = ReasonPlan(features, medians)
    delta = shap(model.booster, matrix)[:, :-1] - Reference.of(shap(model.booster, accepted)).mu
    found = []
    for row, application in enumerate(clients.applications):
        told = plan.told(
            AGAINST,
            delta[row],
            delta[row],
            matrix[row],
            has_bureau=bool(clients.has_bureau[row]),
            has_previous=bool(clients.has_previous[row]),
            application=application,
            maximum=policy.max_reasons,
            min_share=policy.min_reason_share,
        )
        found.append(([reason.code for reason in told], [reason.share for reason in told]))
    return found


def _share(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _shares(counted: Counter[str], n: int) -> dict[str, float]:
    return {code: count / n for code, count in counted.most_common()}
