"""What if, and what would have to change: tried on a case, shown, and not kept.

A scenario is no assessment of the client: nothing of it is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dash_app import champion
from dash_app.champion import Serving
from dash_app.i18n import t
from dash_app.security.rights import Action, User, authorise
from dash_app.services.assessments import LISTED, book_digest, input_error, read_case

if TYPE_CHECKING:
    from model.assess import Assessment
    from model.case import Case
    from model.recourse import Answer, Recourse
    from model.simulation import Simulation

SIMULATED = "simulated"
CHANGES = "changes"


def simulate(caller: User, payload: Any, *, language: str) -> dict[str, Any]:
    """Assess a case as it is and with some application fields changed.

    Parameters
    ----------
    payload : a case in one of its forms, and ``changes``: raw application field → value

    Returns
    -------
    dict : the JSON of an answer

    Raises
    ------
    InputError, UnknownClientError, UnavailableError
    """
    from model import simulation

    authorise(caller, Action.SIMULATE)
    if not isinstance(payload, Mapping) or CHANGES not in payload:
        raise input_error(f"/{CHANGES}", "required")
    serving = champion.current()
    case, _ = read_case(serving, {name: value for name, value in payload.items() if name != CHANGES})
    found = simulation.simulate(
        serving.bundle, case, payload[CHANGES], serving.policy, book_digest=book_digest(serving)
    )
    return _simulated(found, case, serving, language)


def recourse(caller: User, payload: Any, *, language: str) -> dict[str, Any]:
    """Changes of amount and duration that the model would answer otherwise.

    Parameters
    ----------
    payload : a case given by ``client_id`` or by raw rows

    Returns
    -------
    dict : the JSON of an answer

    Raises
    ------
    InputError, UnknownClientError, UnavailableError
    """
    from model import recourse as grid

    authorise(caller, Action.SIMULATE)
    serving = champion.current()
    case, _ = read_case(serving, payload)
    found = grid.recourse(serving.bundle, case, serving.policy, book_digest=book_digest(serving))
    return {
        "client_id": case.client_id,
        "status": found.status,
        "before": _brief(found.before),
        "answers": [_change(one, case, language) for one in found.answers],
        "tried": found.tried,
        "cut": found.cut,
        "message": _message(found, language),
        "versions": dict(found.before.versions),
    }


def _simulated(found: Simulation, case: Case, serving: Serving, language: str) -> dict[str, Any]:
    from model import reasons
    from model.assess import as_answer

    def whole(assessment: Assessment) -> dict[str, Any]:
        answer = as_answer(assessment, serving.bundle, language, serving.currency, limit=LISTED)
        return {**answer, "status": SIMULATED}

    return {
        "client_id": case.client_id,
        "before": whole(found.before),
        "after": whole(found.after),
        "changed": [_field(name, case, found, language) for name in found.changed],
        "moved": [
            {
                "code": one.code,
                "label": reasons.label(one.code, language),
                "before": one.before,
                "after": one.after,
            }
            for one in found.moved
        ],
        "notes": _notes(found, language),
    }


def _field(name: str, case: Case, found: Simulation, language: str) -> dict[str, Any]:
    from model.dictionary import column

    assert case.application is not None
    return {
        "field": name,
        "label": column(name).label(language),
        "before": case.application.get(name),
        "after": found.edited[name],
        "read_by_model": name not in found.outside,
    }


def _notes(found: Simulation, language: str) -> list[str]:
    from model.dictionary import column

    if not found.changed:
        return [t("scenario.unchanged", language)]
    return [t("scenario.outside", language, label=column(name).label(language)) for name in found.outside]


def _brief(assessment: Assessment) -> dict[str, Any]:
    return {
        "probability_of_default": assessment.default_probability,
        "opinion": assessment.opinion,
        "grade": assessment.grade,
        "points": assessment.points,
    }


def _change(one: Answer, case: Case, language: str) -> dict[str, Any]:
    from model.dictionary import column

    assert case.application is not None
    return {
        "kind": one.kind,
        "reaches": one.reaches,
        "changes": [
            {
                "field": name,
                "label": column(name).label(language),
                "before": case.application[name],
                "after": value,
            }
            for name, value in one.changes.items()
        ],
        "goods_price_kept": not one.combination.goods_scaled,
        **_brief(one.assessment),
    }


def _message(found: Recourse, language: str) -> str:
    from model import reasons

    if found.status != "none":
        text = t(f"recourse.{found.status}", language)
    elif found.before.reasons:
        told = ", ".join(reasons.label_of(reason, language) for reason in found.before.reasons)
        text = t("recourse.none", language, reasons=told)
    else:
        text = t("recourse.none_bare", language)
    return f"{text} {t('recourse.cut', language)}" if found.cut else text
