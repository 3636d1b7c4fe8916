"""Assessments asked for by a person or a program: computed, recorded, then given.

One arithmetic for all: ``model.assess``. What is given is in the store before it is given.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dash_app import champion
from dash_app.champion import Serving
from dash_app.security.rights import Action, User, authorise
from dash_app.store.ids import new_id
from dash_app.store.recorder import Entry
from dash_app.store.records import records
from model.errors import FieldError, InputError, PadError, UnknownClientError
from model.tables import MAX_ID
from model.version import code_version

if TYPE_CHECKING:
    from model.assess import Assessment
    from model.case import Case

log = logging.getLogger(__name__)

PAGE_ROUTE = "page"
MOST_CASES = 1_000
"""Cases in one batch."""

LISTED = 10
"""Contributions that a predict answer lists one by one."""

FORMS = ("client_id", "application", "features")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as its page shows it.

    Attributes
    ----------
    assessment_id : name of the record
    assessed_at : when the record was made (UTC): an unchanged file keeps its first one
    assessment : probability, opinion, reasons…
    case : what the model read, and the application's raw columns
    serving : bundle, book, policy and currency that all of it belongs to
    """

    assessment_id: str
    assessed_at: datetime
    assessment: Assessment
    case: Case
    serving: Serving


def open_client(user: User, client_id: int, *, language: str) -> Opened:
    """Open a client's file; the same model, policy and inputs show the assessment already kept.

    Raises
    ------
    UnknownClientError : no such client in the book (or outside the user's scope: same answer)
    UnavailableError : nothing to serve, or the opening could not be recorded
    """
    from model.assess import assess

    authorise(user, Action.OPEN_FILE)
    serving = champion.current()
    book = serving.clients()
    case = book.case(client_id)
    assessment = assess(serving.bundle, case, serving.policy, book_digest=book.digest)
    now = datetime.now(UTC)
    kept = records().assessments.same_case(
        client_id,
        bundle=serving.bundle.digest,
        policy=serving.policy.version,
        inputs_digest=case.inputs_digest,
        code=code_version(),
    )
    opened = {"user_id": user.id, "client_id": client_id, "opened_at": now}
    if kept is not None:
        records().recorder.record(Entry(opened=[opened]))
        return Opened(kept.id, kept.at, assessment, case, serving)
    _, rows = _answers(
        [_Given(case, assessment, None)], serving, user, route=PAGE_ROUTE, language=language, limit=LISTED
    )
    records().recorder.record(Entry(assessments=rows, opened=[opened]))
    return Opened(rows[0]["id"], rows[0]["at_utc"], assessment, case, serving)


def predict(caller: User, payload: Any, *, language: str, limit: int | None = LISTED) -> dict[str, Any]:
    """Assess one case and record it.

    Parameters
    ----------
    payload : one of the three forms of a case, as parsed JSON
    limit : contributions listed one by one; ``None`` lists all

    Returns
    -------
    dict : the JSON of an answer

    Raises
    ------
    InputError, UnknownClientError, UnavailableError
    """
    from model.assess import assess

    authorise(caller, Action.PREDICT if limit else Action.EXPLAIN)
    serving = champion.current()
    case, inputs = read_case(serving, payload)
    assessment = assess(serving.bundle, case, serving.policy, book_digest=book_digest(serving))
    route = "predict" if limit else "explain"
    answers, rows = _answers(
        [_Given(case, assessment, inputs)], serving, caller, route=route, language=language, limit=limit
    )
    records().recorder.record(Entry(assessments=rows))
    return answers[0]


def explain(caller: User, payload: Any, *, language: str) -> dict[str, Any]:
    """As ``predict``, with every contribution."""
    return predict(caller, payload, language=language, limit=None)


def predict_batch(caller: User, payload: Any, *, language: str) -> list[dict[str, Any] | PadError]:
    """Assess many cases; the good ones are recorded in one transaction.

    Returns
    -------
    list : in the order of the cases, an answer or the error of that case

    Raises
    ------
    InputError : the body is not ``{"cases": [...]}`` of 1 to 1,000 cases
    """
    from model.assess import assess_many

    authorise(caller, Action.PREDICT)
    cases = _read_cases(payload)
    serving = champion.current()
    read: list[tuple[Case, str | None] | PadError] = [_try_case(serving, case) for case in cases]
    good = [item for item in read if not isinstance(item, PadError)]
    assessments = assess_many(
        serving.bundle, [case for case, _ in good], serving.policy, book_digest=book_digest(serving)
    )
    given = [_Given(case, one, inputs) for (case, inputs), one in zip(good, assessments, strict=True)]
    answers, rows = _answers(given, serving, caller, route="batch", language=language, limit=LISTED)
    if rows:
        records().recorder.record(Entry(assessments=rows))
    answered = iter(answers)
    return [item if isinstance(item, PadError) else next(answered) for item in read]


@dataclass(frozen=True, slots=True)
class _Given:
    """One assessment on its way out; `inputs` is the case as sent, ``None`` for the book's."""

    case: Case
    assessment: Assessment
    inputs: str | None


def read_case(serving: Serving, payload: Any) -> tuple[Case, str | None]:
    """The case that a payload describes, and its text for the record."""
    from model.case import case_from_features, case_from_rows

    form = _form(payload)
    if form == "client_id":
        _refuse_unknown(payload, {"client_id"})
        return serving.clients().case(_client_id(payload["client_id"])), None
    inputs = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    if form == "features":
        _refuse_unknown(payload, {"features"})
        return case_from_features(serving.bundle, payload["features"]), inputs
    return case_from_rows(serving.bundle, payload), inputs


def _try_case(serving: Serving, payload: Any) -> tuple[Case, str | None] | PadError:
    try:
        return read_case(serving, payload)
    except (InputError, UnknownClientError) as error:
        return error


def _form(payload: Any) -> str:
    if not isinstance(payload, Mapping):
        raise input_error("", "not_an_object")
    forms = [form for form in FORMS if form in payload]
    if not forms:
        raise input_error("", "no_case", forms=", ".join(FORMS))
    if len(forms) > 1:
        raise input_error(f"/{forms[1]}", "two_cases", first=forms[0])
    return forms[0]


def _refuse_unknown(payload: Mapping[str, Any], known: set[str]) -> None:
    extra = sorted(set(payload) - known)
    if extra:
        raise input_error(f"/{extra[0]}", "unknown_field", name=extra[0])


def _client_id(value: Any) -> int:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    if not whole or not 1 <= value <= MAX_ID:
        raise input_error("/client_id", "not_a_client_number", high=MAX_ID)
    return int(value)


def _read_cases(payload: Any) -> Sequence[Any]:
    if not isinstance(payload, Mapping) or "cases" not in payload:
        raise input_error("/cases", "required")
    _refuse_unknown(payload, {"cases"})
    cases = payload["cases"]
    if not isinstance(cases, list) or not 1 <= len(cases) <= MOST_CASES:
        raise input_error("/cases", "list_length", low=1, high=MOST_CASES)
    return cases


def input_error(pointer: str, code: str, **params: Any) -> InputError:
    return InputError(
        f"{pointer or 'the body'}: {code}", errors=(FieldError(pointer=pointer, code=code, params=params),)
    )


def book_digest(serving: Serving) -> str | None:
    return serving.book.digest if serving.book else None


def _answers(
    given: Sequence[_Given], serving: Serving, caller: User, *, route: str, language: str, limit: int | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The answers, and the rows that record them word for word."""
    now = datetime.now(UTC)
    for one in given:
        if one.assessment.alerts:
            log.warning("%s: bundle %s", ", ".join(one.assessment.alerts), serving.bundle.digest)
    answers = [_answer(one, serving, language=language, limit=limit, at=now) for one in given]
    rows = [
        _row(one, answer, serving, caller, route=route, language=language, at=now)
        for one, answer in zip(given, answers, strict=True)
    ]
    return answers, rows


def _answer(
    given: _Given, serving: Serving, *, language: str, limit: int | None, at: datetime
) -> dict[str, Any]:
    from model.assess import as_answer

    return {
        "assessment_id": new_id(),
        "status": "proposed",
        **as_answer(given.assessment, serving.bundle, language, serving.currency, limit=limit),
        "assessed_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _row(
    given: _Given,
    answer: Mapping[str, Any],
    serving: Serving,
    asker: User,
    *,
    route: str,
    language: str,
    at: datetime,
) -> dict[str, Any]:
    """The record of one assessment; the features are the bits that were scored."""
    assessment = given.assessment
    return {
        "id": answer["assessment_id"],
        "at_utc": at,
        "client_id": given.case.client_id,
        "route": route,
        "actor": asker.id,
        "role": asker.role,
        "language": language,
        "source": given.case.source,
        "inputs_digest": given.case.inputs_digest,
        "inputs": given.inputs,
        "features": given.case.features.tobytes(),
        "default_probability": assessment.default_probability,
        "opinion": assessment.opinion,
        "answer": json.dumps(answer, separators=(",", ":"), ensure_ascii=False),
        "model": str(assessment.versions["model"]),
        "bundle": serving.bundle.digest,
        "book": book_digest(serving) if given.case.source == "book" else None,
        "policy": serving.policy.version,
        "code": code_version(),
    }
