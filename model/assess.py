"""One client, one assessment: the only way to a score.

Page, simulation, API, batch, replay and tests call :func:`assess`; :func:`assess_many` is the
same arithmetic on a block and gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import dictionary, quality, reasons
from model.bundle import Bundle
from model.calibration import Floats
from model.case import Case
from model.contributions import contributions
from model.errors import IntegrityError
from model.policy import Opinion, Policy, Side
from model.quality import DataQuality
from model.reasons import Reason
from model.score_tables import Interval, percentile
from model.version import code_version

_SUM_TOLERANCE = 1e-9
_BLOCK = 256
"""Clients explained at once: bounds the memory of `assess_many`."""

NO_REASON = "no_reason"
"""Alert: an unfavourable opinion without a reason to give became ``review``."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything computed about one case.

    Attributes
    ----------
    default_probability : float
        Calibrated, unrounded, in (0, 1).
    margin : float
        The booster's raw log-odds, from which all else follows.
    interval : Interval
        Observed default rate of the nearest scores.
    opinion, side : see :mod:`model.policy`
    cut_off : float
    grade : ``A`` … ``G``
    points : int
    base_probability : float
        Of the typical accepted client.
    contributions : float64 (k,)
        In probability, by feature; with the base they add up to `default_probability`.
    codes : mapping
        Reason code → sum of its contributions.
    feature_codes : tuple of k str
        Code that each feature's contribution counts for in this case.
    reasons : tuple of Reason
        What speaks against the client; empty when the opinion is favourable.
    strengths : tuple of Reason
        What speaks for him, for the client page.
    data_quality : DataQuality
    percentile : float
        Percent of past clients with a lower probability of default.
    versions : mapping
        ``model``, ``bundle``, ``clients``, ``policy``, ``code``, ``reasons``.
    oof_probability : float or None
        By the model that had not seen this labelled client.
    learning : bool
        The model has learned from this file.
    values : float32 (k,)
        The features that were scored.
    inputs_digest : str
    alerts : tuple of str
        ``no_reason``.
    """

    client_id: int | None
    default_probability: float
    margin: float
    interval: Interval
    opinion: Opinion
    side: Side
    cut_off: float
    grade: str
    points: int
    base_probability: float
    contributions: Floats
    codes: Mapping[str, float]
    feature_codes: tuple[str, ...]
    reasons: tuple[Reason, ...]
    strengths: tuple[Reason, ...]
    data_quality: DataQuality
    percentile: float
    versions: Mapping[str, str | None]
    oof_probability: float | None
    learning: bool
    values: NDArray[np.float32]
    inputs_digest: str
    alerts: tuple[str, ...]


def assess(
    bundle: Bundle, case: Case, policy: Policy | None = None, *, book_digest: str | None = None
) -> Assessment:
    """Assess one case.

    Parameters
    ----------
    bundle : Bundle
    case : Case
    policy : Policy, optional
        Default: the bundle's.
    book_digest : str, optional
        Client book in force; the versions name it where the case came from it.

    Raises
    ------
    IntegrityError
        The contributions do not add up to the score (code ``sum_broken``).
    """
    return assess_many(bundle, [case], policy, book_digest=book_digest)[0]


def assess_many(
    bundle: Bundle, cases: Sequence[Case], policy: Policy | None = None, *, book_digest: str | None = None
) -> list[Assessment]:
    """Assess cases in order; each gets the bits that :func:`assess` gives it alone."""
    return list(_assessments(bundle, cases, policy or bundle.policy, book_digest))


def _assessments(
    bundle: Bundle, cases: Sequence[Case], policy: Policy, book_digest: str | None
) -> Iterator[Assessment]:
    for start in range(0, len(cases), _BLOCK):
        part = cases[start : start + _BLOCK]
        block = np.stack([case.features for case in part])
        margins, phi = bundle.margins(block), bundle.shap(block)
        for case, margin, row in zip(part, margins, phi, strict=True):
            yield _assessment(bundle, case, policy, book_digest, margin=float(margin), phi=row)


def _assessment(
    bundle: Bundle, case: Case, policy: Policy, book_digest: str | None, *, margin: float, phi: Floats
) -> Assessment:
    explained = contributions(phi, bundle.reference, bundle.calibration, margin=margin)
    default_probability = explained.probability
    _check_sum(case, explained.base, explained.parts, default_probability)
    plan, behind = bundle.reason_plan, (case.has_bureau, case.has_previous)
    opinion = policy.opinion(default_probability)
    against, favour = _reasons(bundle, case, policy, phi[:-1] - bundle.reference.mu, explained.parts)
    alerts: tuple[str, ...] = ()
    if opinion == "unfavourable" and not against:
        opinion, alerts = "review", (NO_REASON,)
    return Assessment(
        client_id=case.client_id,
        default_probability=default_probability,
        margin=margin,
        interval=bundle.intervals.interval(margin),
        opinion=opinion,
        side=policy.side(default_probability),
        cut_off=policy.cutoff,
        grade=policy.grade(default_probability),
        points=policy.points(default_probability),
        base_probability=explained.base,
        contributions=explained.parts,
        codes=plan.code_contributions(explained.parts, case.features, *behind),
        feature_codes=plan.feature_codes(case.features, *behind),
        reasons=() if opinion == "favourable" else against,
        strengths=favour,
        data_quality=bundle.quality_plan.assess(case.features, case.unseen),
        percentile=percentile(bundle.percentiles, default_probability),
        versions=_versions(bundle, policy, book_digest if case.source == "book" else None),
        oof_probability=_oof_probability(bundle, case),
        learning=case.learning,
        values=case.features,
        inputs_digest=case.inputs_digest,
        alerts=alerts,
    )


def _reasons(
    bundle: Bundle, case: Case, policy: Policy, delta: Floats, parts: Floats
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """What speaks against the client and what speaks for him."""
    given: dict[str, Any] = {
        "has_bureau": case.has_bureau,
        "has_previous": case.has_previous,
        "application": case.application,
        "maximum": policy.max_reasons,
        "min_share": policy.min_reason_share,
    }
    plan = bundle.reason_plan
    return (
        plan.told(reasons.AGAINST, delta, parts, case.features, **given),
        plan.told(reasons.FOR, delta, parts, case.features, **given),
    )


def _check_sum(case: Case, base: float, parts: Floats, default_probability: float) -> None:
    gap = abs(base + float(parts.sum()) - default_probability)
    if not gap <= _SUM_TOLERANCE:
        raise IntegrityError(
            f"client {case.client_id}: contributions miss the probability of default by {gap:.3g}",
            code="sum_broken", client_id=case.client_id, gap=gap,
        )  # fmt: skip


def _versions(bundle: Bundle, policy: Policy, book_digest: str | None) -> dict[str, str | None]:
    return {
        "model": str(bundle.versions.get("model")),
        "bundle": f"sha256:{bundle.digest}",
        "clients": None if book_digest is None else f"sha256:{book_digest}",
        "policy": policy.version,
        "code": code_version(),
        "reasons": reasons.CATALOGUE_VERSION,
    }


def _oof_probability(bundle: Bundle, case: Case) -> float | None:
    if case.oof_margin is None:
        return None
    return float(bundle.calibration.probability(case.oof_margin)[0])


# The answer ---------------------------------------------------------------------------


def as_answer(
    assessment: Assessment, bundle: Bundle, language: str, currency: str = "", *, limit: int | None = 10
) -> dict[str, Any]:
    """The assessment as the API answers it and the store keeps it.

    Parameters
    ----------
    language : ``fr`` or ``en``
    currency : ISO code for the sentences, or empty
    limit : int, optional
        Contributions listed, largest first; the rest is summed under feature ``null``.
        ``None`` lists all.

    Returns
    -------
    dict
        Plain JSON values, unrounded; ``base_probability`` plus all contributions is
        ``probability_of_default`` to 1e-9. The caller adds ``assessment_id`` and
        ``assessed_at``.
    """
    answer: dict[str, Any] = {
        "status": "proposed",
        "client_id": assessment.client_id,
        "probability_of_default": assessment.default_probability,
        "interval": assessment.interval._asdict(),
        "opinion": assessment.opinion,
        "cut_off": assessment.cut_off,
        "grade": assessment.grade,
        "points": assessment.points,
        "percentile": assessment.percentile,
        "base_probability": assessment.base_probability,
        "contributions": _listed_contributions(assessment, bundle, limit),
        "reasons": [_reason_as_json(reason, language, currency) for reason in assessment.reasons],
        "data_quality": _quality_as_json(assessment.data_quality, language, currency),
        "alerts": list(assessment.alerts),
        "versions": dict(assessment.versions),
    }
    if assessment.learning:
        answer["learning"] = {"out_of_fold_probability": assessment.oof_probability}
    return answer


def _listed_contributions(assessment: Assessment, bundle: Bundle, limit: int | None) -> list[dict[str, Any]]:
    parts = assessment.contributions
    order = np.argsort(-np.abs(parts), kind="stable")
    shown = order if limit is None else order[:limit]
    listed = [_contribution_as_json(assessment, bundle, int(j)) for j in shown]
    rest = order[len(shown) :]
    if len(rest):
        total = float(parts[rest].sum())
        listed.append({"feature": None, "code": None, "theme": None, "value": None, "contribution": total})
    return listed


def _contribution_as_json(assessment: Assessment, bundle: Bundle, j: int) -> dict[str, Any]:
    code = assessment.feature_codes[j]
    return {
        "feature": bundle.features[j],
        "code": code,
        "theme": dictionary.theme_of(code),
        "value": shortest(assessment.values[j]),
        "contribution": float(assessment.contributions[j]),
    }


def _reason_as_json(reason: Reason, language: str, currency: str) -> dict[str, Any]:
    return {
        "code": reason.code,
        "label": reasons.label_of(reason, language),
        "text": reasons.sentence(reason, language, currency),
        "feature": reason.feature,
        "value": reason.value,
        "reference": reason.reference,
        "contribution": reason.contribution,
        "share": reason.share,
    }


def _quality_as_json(found: DataQuality, language: str, currency: str) -> dict[str, Any]:
    return {
        "provided_share": found.provided_share,
        "flags": [
            {
                "kind": flag.kind,
                "feature": flag.feature,
                "value": flag.value,
                "low": flag.low,
                "high": flag.high,
                "text": quality.flag_text(flag, language, currency),
            }
            for flag in found.flags
        ],
    }


def shortest(value: np.float32) -> float | None:
    """The double with the fewest digits that is the same float32; ``None`` when missing.

    >>> shortest(np.float32(0.21))
    0.21
    """
    return None if np.isnan(value) else float(str(np.float32(value)))
