"""What if, recourse and similar files as a program asks for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dash_app.api import schemas
from dash_app.champion import Serving
from model.dictionary import column
from model.neighbours import similar
from model.policy import OPINIONS
from tests.bundles import CLIENTS, FIRST_ID, WAITING, made
from tests.integration.conftest import Program, Visitor

CLIENT = FIRST_ID + 1_900


@pytest.fixture(scope="module")
def serving(app: Flask) -> Serving:
    return app.extensions["pad_champion"].current()


def _clients(serving: Serving, opinion: str, product: str = "Cash loans") -> list[int]:
    book = serving.clients()
    chosen = book.opinions(serving.policy) == OPINIONS.index(opinion)
    return book.ids[chosen & (book.column("NAME_CONTRACT_TYPE") == product)].tolist()


# What if --------------------------------------------------------------------------------


def test_a_what_if_answers_before_after_and_what_moved(program: Program) -> None:
    changes = {"EXT_SOURCE_2": 0.01, "EXT_SOURCE_3": 0.01}

    answer = program.post("/api/simulate", {"client_id": CLIENT, "changes": changes})

    assert answer.status_code == 200
    read = schemas.Simulation.model_validate_json(answer.data)
    assert {one.field for one in read.changed} == set(changes)
    assert read.after.probability_of_default > read.before.probability_of_default
    assert read.moved
    plain = program.post("/api/predict", {"client_id": CLIENT}).json
    assert read.before.probability_of_default == plain["probability_of_default"]


def test_L24_an_edit_that_no_feature_reads_is_told_in_words(program: Program, serving: Serving) -> None:
    today = serving.clients().case(CLIENT).application["CODE_GENDER"]
    body = {"client_id": CLIENT, "changes": {"CODE_GENDER": "M" if today == "F" else "F"}}

    french, english = (
        program.post("/api/simulate", body, headers={"Accept-Language": language}).json
        for language in ("fr", "en")
    )

    assert english["before"]["probability_of_default"] == english["after"]["probability_of_default"]
    assert [one["read_by_model"] for one in english["changed"]] == [False]
    assert column("CODE_GENDER").label("fr") in french["notes"][0]
    assert column("CODE_GENDER").label("en") in english["notes"][0]


def test_a_case_of_raw_rows_can_be_tried_too(program: Program) -> None:
    payload = json.loads(json.dumps(made().payloads[3]))

    answer = program.post("/api/simulate", {**payload, "changes": {}})

    assert answer.status_code == 200
    assert answer.json["before"] == answer.json["after"]
    assert len(answer.json["notes"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"client_id": CLIENT}, "/changes"),
        ({"client_id": CLIENT, "changes": 3}, "/changes"),
        ({"client_id": CLIENT, "changes": {"AMT_CREDITS": 3}}, "/changes/AMT_CREDITS"),
        ({"client_id": CLIENT, "changes": {"AMT_CREDIT": "3"}}, "/changes/AMT_CREDIT"),
        ({"features": {}, "changes": {"AMT_CREDIT": 3}}, "/features"),
        ({"changes": {}}, ""),
        ([], "/changes"),
    ],
)
def test_a_refused_what_if_names_the_value(program: Program, body: Any, pointer: str) -> None:
    answer = program.post("/api/simulate", body)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == [pointer]


def test_a_scenario_is_not_kept(program: Program, kept: Callable[[str], list[Any]], serving: Serving) -> None:
    program.post("/api/predict", {"client_id": CLIENT})
    count = "select count(*) from assessments"
    before = kept(count)[0][0]

    program.post("/api/simulate", {"client_id": CLIENT, "changes": {"AMT_CREDIT": 1}})
    program.post("/api/recourse", {"client_id": _clients(serving, "unfavourable")[0]})
    program.get(f"/api/clients/{CLIENT}/similar")

    assert before > 0
    assert kept(count)[0][0] == before


# Recourse -------------------------------------------------------------------------------


def test_recourse_answers_what_the_what_if_confirms(program: Program, serving: Serving) -> None:
    confirmed = 0
    for client in _clients(serving, "review")[:10]:
        read = schemas.Recourse.model_validate(program.post("/api/recourse", {"client_id": client}).json)
        for one in read.answers:
            body = {"client_id": client, "changes": {change.field: change.after for change in one.changes}}
            tried = program.post("/api/simulate", body).json["after"]
            assert tried["probability_of_default"] == one.probability_of_default
            assert tried["opinion"] == one.opinion == one.reaches == "favourable"
            confirmed += 1
    assert confirmed


def test_recourse_says_plainly_why_it_has_no_answer(program: Program, serving: Serving) -> None:
    def asked(client: int, language: str = "en") -> dict[str, Any]:
        answer = program.post("/api/recourse", {"client_id": client}, headers={"Accept-Language": language})
        return schemas.Recourse.model_validate_json(answer.data).model_dump()

    none = next(
        found for client in _clients(serving, "unfavourable") if (found := asked(client))["status"] == "none"
    )
    accepted = asked(_clients(serving, "favourable")[0])
    revolving = asked(_clients(serving, "unfavourable", "Revolving loans")[0])

    assert none["message"].startswith("No change of amount or duration is enough")
    assert (accepted["status"], revolving["status"]) == ("not_needed", "other_product")
    assert asked(none["client_id"], "fr")["message"].startswith("Aucun changement de montant")


# Similar files --------------------------------------------------------------------------


def test_similar_files_have_a_rate_ten_files_and_no_identifier(program: Program, serving: Serving) -> None:
    answer = program.get(f"/api/clients/{CLIENT}/similar")

    read = schemas.SimilarFiles.model_validate_json(answer.data)
    assert (read.rate.n, len(read.nearest)) == (200, 10)
    assert read.rate.low <= read.rate.observed <= read.rate.high
    similarities = [one.similarity for one in read.nearest]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[-1] >= read.least_similarity
    text = answer.text.replace(str(CLIENT), "")
    assert not any(str(client) in text for client in serving.clients().ids.tolist())


def test_differing_fields_are_read_by_the_model_and_never_protected(
    program: Program, serving: Serving
) -> None:
    seen = 0
    for client in range(FIRST_ID + CLIENTS - 10, FIRST_ID + CLIENTS):
        raw = serving.clients().case(client).application
        for one in program.get(f"/api/clients/{client}/similar").json["nearest"]:
            for told in one["differences"] or ():
                assert not column(told["field"]).protected
                assert told["client"] == raw[told["field"]] != told["similar"]
                seen += 1
    assert seen > 50


def test_a_labelled_client_is_not_his_own_similar_file(program: Program, serving: Serving) -> None:
    book = serving.clients()
    for client in range(FIRST_ID, FIRST_ID + CLIENTS - WAITING, 170):
        case, row = book.case(client), book.reference_row(client)
        others = similar(serving.bundle, case, own_row=row).nearest
        everybody = similar(serving.bundle, case).nearest

        nearest = program.get(f"/api/clients/{client}/similar").json["nearest"]

        assert row in {one.row for one in everybody}
        assert [one["similarity"] for one in nearest] == [one.similarity for one in others]
        assert row not in {one.row for one in others}


def test_a_file_that_left_the_book_is_told_without_its_fields(program: Program) -> None:
    told = [
        one
        for client in range(FIRST_ID, FIRST_ID + CLIENTS, 40)
        for one in program.get(f"/api/clients/{client}/similar").json["nearest"]
    ]

    assert any(one["differences"] is None and one["shared_codes"] is None for one in told)


@pytest.mark.parametrize("number", ["42", "0", "007", "abc", "9999999999", "-1", "1.5", "%20"])
def test_similar_files_of_nobody_are_a_404(program: Program, number: str) -> None:
    answer = program.get(f"/api/clients/{number}/similar")

    assert (answer.status_code, answer.json["code"]) == (404, "unknown_client")


# Rights ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["advisor", "manager", "auditor"])
def test_a_persons_session_opens_none_of_these_routes(as_role: Callable[[str], Visitor], role: str) -> None:
    browser = as_role(role)
    answers = [
        browser.post("/api/simulate", json={"client_id": CLIENT, "changes": {}}),
        browser.post("/api/recourse", json={"client_id": CLIENT}),
        browser.get(f"/api/clients/{CLIENT}/similar"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_another_method_is_a_405(program: Program) -> None:
    assert program.get("/api/simulate").status_code == 405
    assert program.post(f"/api/clients/{CLIENT}/similar", {}).status_code == 405


# Every way to be refused ----------------------------------------------------------------

FIELDS = ["AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE", "AMT_INCOME_TOTAL", "NAME_CONTRACT_TYPE",
          "DAYS_EMPLOYED", "EXT_SOURCE_1", "OCCUPATION_TYPE", "TARGET", "X"]  # fmt: skip
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(width=32) | st.floats(0, 1e6).map(round)
    | st.sampled_from(["", "Cash loans", "Revolving loans", "x" * 300])
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    case=st.sampled_from([{"client_id": CLIENT}, {"client_id": FIRST_ID}, {"features": {}}, {}])
    | st.dictionaries(st.sampled_from(FIELDS), VALUES).map(lambda row: {"application": row}),
    changes=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES,
)
def test_FLT27_no_scenario_gives_a_5xx(program: Program, case: dict[str, Any], changes: Any) -> None:
    for path, payload in (("/api/simulate", {**case, "changes": changes}), ("/api/recourse", case)):
        body = json.dumps(payload).encode()

        answer = program.post(path, data=body, content_type="application/json")

        assert answer.status_code in (200, 400, 422), answer.data
        if answer.status_code == 200 and path == "/api/simulate":
            schemas.Simulation.model_validate_json(answer.data)
        elif answer.status_code == 200:
            schemas.Recourse.model_validate_json(answer.data)
