"""Similar files of a client: what became of those whom the model cannot tell apart from him."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash_app import champion
from dash_app.champion import Serving
from dash_app.i18n import t
from dash_app.security.rights import Action, User, authorise
from dash_app.services.assessments import book_digest

if TYPE_CHECKING:
    from model.assess import Assessment
    from model.case import Case
    from model.neighbours import Neighbour

SHARED_CODES = 5
"""Codes that weigh most in a file, among which shared ones are looked for."""

DIFFERENCES = 5
"""Differing fields told of one similar file, those that weigh most for the client first."""


def similar_files(user: User, client_id: int, *, language: str) -> dict[str, Any]:
    """Rate of default of the nearest past files, and the nearest of them; no identifier.

    Raises
    ------
    UnknownClientError : no such client in the book
    UnavailableError : the model or the book holds no similar files, or too few
    """
    from model.assess import assess_many
    from model.neighbours import similar

    authorise(user, Action.COMPARE)
    serving = champion.current()
    book = serving.clients()
    case = book.case(client_id)
    found = similar(serving.bundle, case, own_row=book.reference_row(client_id))
    rows = [book.client_of_reference(one.row) for one in found.nearest]
    others = {row: book.case_at(row) for row in rows if row is not None}
    digest = book_digest(serving)
    own, *theirs = assess_many(serving.bundle, [case, *others.values()], serving.policy, book_digest=digest)
    assessed = dict(zip(others, theirs, strict=True))
    return {
        "client_id": client_id,
        "rate": found.rate._asdict(),
        "reference": found.reference,
        "least_similarity": found.least_similarity,
        "nearest": [
            {
                **_told(one),
                "shared_codes": None if row is None else _shared(own, assessed[row]),
                "differences": None
                if row is None
                else _differences(serving, own, case, others[row], language),
            }
            for one, row in zip(found.nearest, rows, strict=True)
        ],
        "note": t("similar.note", language),
        "versions": dict(own.versions),
    }


def _told(one: Neighbour) -> dict[str, Any]:
    return {"similarity": one.similarity, "outcome": "defaulted" if one.defaulted else "repaid"}


def _shared(own: Assessment, other: Assessment) -> list[str]:
    """Codes that weigh most in both files and pull the same way, in the client's order."""
    theirs = set(_heaviest(other))
    return [code for code in _heaviest(own) if code in theirs and own.codes[code] * other.codes[code] > 0]


def _heaviest(assessment: Assessment) -> list[str]:
    return sorted(assessment.codes, key=lambda code: -abs(assessment.codes[code]))[:SHARED_CODES]


def _differences(
    serving: Serving, own: Assessment, case: Case, other: Case, language: str
) -> list[dict[str, Any]]:
    """Raw fields that the model reads and that differ; protected ones are never shown."""
    from model.dictionary import column

    assert case.application is not None and other.application is not None
    bundle, weight = serving.bundle, dict[str, float]()
    for feature, read in bundle.columns_behind.items():
        size = abs(float(own.contributions[bundle.index[feature]]))
        for name in read:
            weight[name] = weight.get(name, 0.0) + size
    differing = [
        name
        for name in sorted(weight, key=lambda name: (-weight[name], name))
        if case.application.get(name) != other.application.get(name) and not column(name).protected
    ]
    return [
        {
            "field": name,
            "label": column(name).label(language),
            "client": case.application.get(name),
            "similar": other.application.get(name),
        }
        for name in differing[:DIFFERENCES]
    ]
