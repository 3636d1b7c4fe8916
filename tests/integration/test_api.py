"""The API as a program meets it: answers, records, and every way to be refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask import Flask, g
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dash_app.api import schemas
from dash_app.api.document import OPERATIONS, openapi
from dash_app.champion import Serving
from dash_app.security.guard import LOOPBACK
from dash_app.services import assessments
from model.assess import assess
from model.home import Home
from tests.bundles import FIRST_ID, made
from tests.integration.conftest import ORIGIN, ROLES, Program, Visitor

CLIENT = FIRST_ID + 1_900
UNKNOWN = 42


@pytest.fixture(scope="module")
def serving(app: Flask) -> Serving:
    return app.extensions["pad_champion"].current()


def _one_of(serving: Serving, opinion: str) -> int:
    """A client of the book with this opinion."""
    from model.policy import OPINIONS

    rows = np.flatnonzero(serving.clients().opinions(serving.policy) == OPINIONS.index(opinion))
    return int(serving.clients().ids[rows[0]])


# Answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("opinion", ["favourable", "review", "unfavourable"])
def test_an_answer_has_exactly_the_described_fields(program: Program, serving: Serving, opinion: str) -> None:
    answer = program.post("/api/predict", {"client_id": _one_of(serving, opinion)})

    assert answer.status_code == 200
    read = schemas.Answer.model_validate_json(answer.data)
    assert read.opinion == opinion
    assert bool(read.reasons) == (opinion != "favourable")


def test_base_and_contributions_add_up_to_the_probability(program: Program) -> None:
    for path in ("/api/predict", "/api/explain"):
        answer = program.post(path, {"client_id": CLIENT}).json
        total = answer["base_probability"] + sum(part["contribution"] for part in answer["contributions"])
        assert abs(total - answer["probability_of_default"]) <= 1e-9


def test_predict_lists_ten_contributions_and_the_rest_and_explain_lists_all(
    program: Program, serving: Serving
) -> None:
    listed = program.post("/api/predict", {"client_id": CLIENT}).json["contributions"]
    whole = program.post("/api/explain", {"client_id": CLIENT}).json["contributions"]

    assert len(listed) == 11 and listed[-1]["feature"] is None
    assert {part["feature"] for part in whole} == set(serving.bundle.features)
    sizes = [abs(part["contribution"]) for part in listed[:-1]]
    assert sizes == sorted(sizes, reverse=True)


def test_the_answer_is_the_assessment_bit_for_bit(program: Program, serving: Serving) -> None:
    known = assess(serving.bundle, serving.clients().case(CLIENT), serving.policy)

    answer = program.post("/api/predict", {"client_id": CLIENT}).json

    assert answer["probability_of_default"] == known.default_probability
    assert (answer["opinion"], answer["grade"], answer["points"]) == (
        known.opinion,
        known.grade,
        known.points,
    )
    assert answer["versions"]["bundle"] == f"sha256:{serving.bundle.digest}"
    assert answer["versions"]["clients"] == f"sha256:{serving.clients().digest}"


def test_raw_rows_give_the_same_bits_as_the_client_book(program: Program) -> None:
    rows = made().payloads[CLIENT - FIRST_ID]

    by_id = program.post("/api/predict", {"client_id": CLIENT}).json
    by_rows = program.post("/api/predict", rows).json

    for field in ("probability_of_default", "opinion", "grade", "points", "contributions", "reasons"):
        assert by_rows[field] == by_id[field], field
    assert by_rows["versions"]["clients"] is None


def test_single_batch_and_explain_give_the_same_bits(program: Program) -> None:
    one = program.post("/api/predict", {"client_id": CLIENT}).json
    many = program.post(
        "/api/predict/batch", {"cases": [{"client_id": CLIENT + 1}, {"client_id": CLIENT}]}
    ).json
    whole = program.post("/api/explain", {"client_id": CLIENT}).json

    assert many["results"][1]["probability_of_default"] == one["probability_of_default"]
    assert whole["probability_of_default"] == one["probability_of_default"]


def test_feature_values_are_a_case_too(program: Program) -> None:
    answer = program.post("/api/predict", {"features": {"EXT_SOURCE_2": 0.1, "EXT_SOURCE_3": None}})

    assert answer.status_code == 200
    assert schemas.Answer.model_validate_json(answer.data).client_id is None


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("fr", "fr"),
        ("en", "en"),
        ("de", "fr"),
        ("", "fr"),
        ("en-GB, fr;q=0.5", "en"),
        ("fr;q=0, en;q=0.1", "en"),
        ("fr-FR, en;q=0.5", "fr"),
    ],
)
def test_words_follow_accept_language_and_numbers_do_not(
    program: Program, serving: Serving, language: str, word: str
) -> None:
    client = _one_of(serving, "unfavourable")

    asked = program.post("/api/predict", {"client_id": client}, headers={"Accept-Language": language})
    plain = program.post("/api/predict", {"client_id": client}, headers={"Accept-Language": word})

    assert asked.headers["Content-Language"] == word
    assert asked.json["reasons"] == plain.json["reasons"]
    assert asked.json["probability_of_default"] == plain.json["probability_of_default"]


def test_french_and_english_reasons_have_other_words_and_the_same_codes(
    program: Program, serving: Serving
) -> None:
    client = _one_of(serving, "unfavourable")
    french, english = (
        program.post("/api/predict", {"client_id": client}, headers={"Accept-Language": language}).json[
            "reasons"
        ]
        for language in ("fr", "en")
    )

    assert [reason["code"] for reason in french] == [reason["code"] for reason in english]
    assert [reason["text"] for reason in french] != [reason["text"] for reason in english]


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/api/model", schemas.Model),
        ("/api/model/features", schemas.ModelFeatures),
        ("/api/policy", schemas.Policy),
        ("/api/reasons", schemas.ReasonCatalogue),
    ],
)
def test_what_the_model_is_can_be_read(program: Program, path: str, schema: type[schemas.BaseModel]) -> None:
    answer = program.get(path)

    assert answer.status_code == 200
    schema.model_validate_json(answer.data)


def test_the_catalogue_holds_the_41_codes(program: Program) -> None:
    assert len(program.get("/api/reasons").json["reasons"]) == 41


# Records --------------------------------------------------------------------------------


def test_what_is_answered_is_in_the_store_word_for_word(
    program: Program, serving: Serving, kept: Any
) -> None:
    answer = program.post("/api/predict", {"client_id": CLIENT}).json

    (row,) = kept(f"select * from assessments where id = '{answer['assessment_id']}'")

    assert json.loads(row["answer"]) == answer
    assert (row["actor"], row["role"], row["route"]) == ("loopback", "integrator", "predict")
    assert row["default_probability"] == answer["probability_of_default"]
    assert (row["bundle"], row["book"]) == (serving.bundle.digest, serving.clients().digest)


def test_the_kept_features_score_to_the_kept_probability(
    program: Program, serving: Serving, kept: Any
) -> None:
    answer = program.post("/api/predict", made().payloads[CLIENT - FIRST_ID]).json

    (row,) = kept(f"select * from assessments where id = '{answer['assessment_id']}'")
    features = np.frombuffer(row["features"], dtype=np.float32)

    assert serving.bundle.probabilities(features[None, :])[0] == row["default_probability"]
    assert json.loads(row["inputs"]) == made().payloads[CLIENT - FIRST_ID]


def test_each_request_of_a_program_is_its_own_record(program: Program) -> None:
    first, second = (program.post("/api/predict", {"client_id": CLIENT}).json for _ in range(2))

    assert first["assessment_id"] < second["assessment_id"]


def test_L22_a_refusal_without_a_reason_is_a_review_and_an_alert_in_the_log(
    app: Flask, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    silent = replace(serving, policy=replace(serving.policy, min_reason_share=1.1))
    riskiest = int(silent.clients().ids[silent.clients().default_probability.argmax()])

    with app.test_request_context():
        g.serving = silent
        answer = assessments.predict(LOOPBACK, {"client_id": riskiest}, language="en")

    assert (answer["opinion"], answer["alerts"]) == ("review", ["no_reason"])
    assert "no_reason" in caplog.text
    assert str(riskiest) not in caplog.text


def test_a_batch_is_recorded_without_its_failures(program: Program, kept: Any) -> None:
    before = kept("select count(*) n from assessments")[0]["n"]

    answer = program.post(
        "/api/predict/batch",
        {
            "cases": [
                {"client_id": CLIENT},
                {"client_id": UNKNOWN},
                {"features": {"nope": 1}},
                {"client_id": CLIENT},
            ]
        },
    )

    results = answer.json["results"]
    assert answer.status_code == 200
    assert [result.get("status") for result in results] == ["proposed", 404, 422, "proposed"]
    assert results[2]["errors"][0]["pointer"] == "/features/nope"
    assert kept("select count(*) n from assessments")[0]["n"] == before + 2
    schemas.BatchAnswer.model_validate_json(answer.data)


# Refusals -------------------------------------------------------------------------------

A = "/application/"
REFUSALS = [
    ("not JSON", b"{", 400, "malformed_json", None),
    ("empty", b"", 400, "malformed_json", None),
    ("NaN", b'{"client_id": NaN}', 400, "not_finite", None),
    ("key twice", b'{"client_id": 1, "client_id": 2}', 400, "duplicate_key", None),
    ("not UTF-8", b'{"a": "\xff"}', 400, "not_utf8", None),
    ("nested", b"[" * 500 + b"]" * 500, 400, "too_deep", None),
    ("list", b"[]", 422, "invalid_input", ""),
    ("nothing", b"{}", 422, "invalid_input", ""),
    ("two cases", b'{"client_id": 1, "features": {}}', 422, "invalid_input", "/features"),
    ("text number", b'{"client_id": "900001"}', 422, "invalid_input", "/client_id"),
    ("boolean", b'{"client_id": true}', 422, "invalid_input", "/client_id"),
    ("fraction", b'{"client_id": 900001.5}', 422, "invalid_input", "/client_id"),
    ("ten digits", b'{"client_id": 1234567890}', 422, "invalid_input", "/client_id"),
    ("unknown field", b'{"client_id": 900001, "x": 1}', 422, "invalid_input", "/x"),
    ("unknown client", b'{"client_id": 42}', 404, "unknown_client", None),
    ("unknown column", b'{"application": {"AMT_CREDITS": 1}}', 422, "invalid_input", A + "AMT_CREDITS"),
    ("text amount", b'{"application": {"AMT_CREDIT": "1"}}', 422, "invalid_input", A + "AMT_CREDIT"),
    ("out of range", b'{"application": {"EXT_SOURCE_2": 2}}', 422, "invalid_input", A + "EXT_SOURCE_2"),
    ("decimals", b'{"application": {"AMT_CREDIT": 1.23456}}', 422, "invalid_input", A + "AMT_CREDIT"),
    ("unknown feature", b'{"features": {"EXT_SOURCE_9": 1}}', 422, "invalid_input", "/features/EXT_SOURCE_9"),
]  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"), [case[1:] for case in REFUSALS], ids=[c[0] for c in REFUSALS]
)
def test_FLT27_a_refusal_is_a_problem_that_names_the_field_and_stores_nothing(
    program: Program, kept: Any, body: bytes, status: int, code: str, pointer: str | None, language: str
) -> None:
    before = kept("select count(*) n from assessments")[0]["n"]

    answer = program.post(
        "/api/predict",
        data=body,
        content_type="application/json",
        headers={"Accept-Language": language},
        environ_overrides={"CONTENT_LENGTH": str(len(body))},
    )

    problem = schemas.Problem.model_validate_json(answer.data)
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert answer.mimetype == "application/problem+json"
    assert problem.instance == answer.headers["X-Request-Id"]
    if pointer is not None:
        assert problem.errors and problem.errors[0].pointer == pointer
    assert kept("select count(*) n from assessments")[0]["n"] == before


def test_every_wrong_value_is_named_at_once(program: Program) -> None:
    answer = program.post(
        "/api/predict",
        {
            "application": {"AMT_CREDIT": "x", "EXT_SOURCE_1": 7, "NOPE": 1},
            "bureau": [{"SK_ID_BUREAU": 5}, {"SK_ID_BUREAU": 6, "DAYS_CREDIT": 12}],
        },
    )

    assert {error["pointer"] for error in answer.json["errors"]} == {
        "/application/AMT_CREDIT",
        "/application/EXT_SOURCE_1",
        "/application/NOPE",
        "/bureau/1/DAYS_CREDIT",
    }


def test_an_integral_float_is_a_whole_number(program: Program) -> None:
    answer = program.post(
        "/api/predict", data=f'{{"client_id": {CLIENT}.0}}', content_type="application/json"
    )

    assert answer.status_code == 200


def test_another_content_type_is_refused(program: Program) -> None:
    answer = program.post("/api/predict", data=b'{"client_id": 900001}', content_type="text/plain")

    assert (answer.status_code, answer.json["code"]) == (400, "not_json")


@pytest.mark.parametrize("cases", [[], [{}] * 1_001, {}, None, "x"])
def test_a_batch_holds_one_to_a_thousand_cases(program: Program, cases: Any) -> None:
    answer = program.post("/api/predict/batch", {"cases": cases})

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/cases"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nope", "/api/predict/nope", "/api/model/x/y"])
def test_an_unknown_path_is_a_problem_and_not_a_page(program: Program, path: str) -> None:
    answer = program.get(path)

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/api/nope", "/api/predict/nope", "/api/clients/900001/nope"])
def test_an_unknown_path_is_unknown_to_every_method(program: Program, path: str, method: str) -> None:
    answer = program.client.open(path, method=method, base_url=ORIGIN, data=b"")

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert "Allow" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/predict", "POST"),
        ("PUT", "/api/predict", "POST"),
        ("DELETE", "/api/model", "GET"),
        ("POST", "/api/model", "GET"),
        ("GET", "/api/predict/batch", "POST"),
        ("POST", "/api/clients/900001/similar", "GET"),
    ],
)
def test_another_method_is_405_and_names_only_the_right_one(
    program: Program, method: str, path: str, allowed: str
) -> None:
    answer = program.client.open(path, method=method, base_url=ORIGIN, data=b"")

    assert answer.status_code == 405
    assert allowed in answer.headers["Allow"].split(", ")
    assert set(answer.headers["Allow"].split(", ")) <= {allowed, "OPTIONS", "HEAD"}
    assert answer.json["code"] == "method_not_allowed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
CASE_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "client_id": JSON,
        "application": st.dictionaries(
            st.sampled_from(["AMT_CREDIT", "SK_ID_CURR", "TARGET", "X"]), JSON, max_size=3
        ),
        "bureau": st.lists(
            st.dictionaries(st.sampled_from(["SK_ID_BUREAU", "DAYS_CREDIT"]), JSON), max_size=3
        ),
        "bureau_balance": JSON,
        "features": st.dictionaries(st.sampled_from(["EXT_SOURCE_2", "x"]), JSON, max_size=2),
    },
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=CASE_LIKE | JSON)
def test_FLT27_no_payload_gives_a_5xx(program: Program, payload: Any) -> None:
    text = json.dumps(payload).encode()

    answer = program.post("/api/predict", data=text, content_type="application/json")

    assert answer.status_code in (200, 400, 404, 422), answer.data
    assert b"Traceback" not in answer.data


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200),
    path=st.sampled_from(
        [f"/api/{name}" for name in ("predict", "predict/batch", "explain", "simulate", "recourse")]
    ),
)
def test_FLT27_no_bytes_give_a_5xx(program: Program, body: bytes, path: str) -> None:
    answer = program.post(path, data=body, content_type="application/json")

    assert 400 <= answer.status_code < 500
    schemas.Problem.model_validate_json(answer.data)


# Who may call ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_signed_in_person_cannot_call_predict(as_role: Any, role: str) -> None:
    answer = as_role(role).post("/api/predict", json={"client_id": CLIENT})

    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize("role", ROLES)
def test_a_signed_in_person_may_read_the_model(as_role: Any, role: str) -> None:
    assert as_role(role).get("/api/model").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8050"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/api/predict", "/api/model"])
def test_THR5_a_browser_on_another_site_cannot_use_the_open_api(
    program: Program, path: str, headers: dict[str, str]
) -> None:
    call = program.get if path == "/api/model" else program.post
    options: dict[str, Any] = {} if path == "/api/model" else {"json": {"client_id": CLIENT}}

    answer = call(path, headers=headers, **options)

    assert (answer.status_code, answer.json["code"]) == (403, "cross_site")


def test_a_caller_from_another_machine_needs_a_key(program: Program) -> None:
    answer = program.post(
        "/api/predict", {"client_id": CLIENT}, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}
    )

    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_THR28_what_a_proxy_passes_on_is_not_a_caller_on_this_machine(program: Program, header: str) -> None:
    answer = program.post("/api/predict", {"client_id": CLIENT}, headers={header: "192.0.2.7"})

    assert answer.status_code == 401


def test_an_unknown_key_is_refused_and_never_falls_back_to_the_open_door(program: Program) -> None:
    answer = program.post("/api/predict", {"client_id": CLIENT}, headers={"Authorization": "Bearer pad_x_y"})

    assert (answer.status_code, answer.json["code"]) == (401, "unknown_key")


# The document ---------------------------------------------------------------------------


def test_the_document_lists_exactly_our_routes(app: Flask, program: Program) -> None:
    document = program.get("/api/openapi.json").json

    listed = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    served = {
        (rule.rule.replace("<client_id>", "{client_id}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.endpoint not in ("api.unknown", "api.document", "api.docs")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert document["openapi"].startswith("3.1")
    assert listed == served


def test_every_reference_of_the_document_leads_somewhere() -> None:
    known = openapi()["components"]["schemas"]

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(dict(openapi())):
        assert reference.removeprefix("#/components/schemas/") in known


def test_every_refusal_that_was_seen_is_documented(program: Program) -> None:
    documented = openapi()["paths"]["/api/predict"]["post"]["responses"]

    for _, body, status, _, _ in REFUSALS:
        answer = program.post("/api/predict", data=body, content_type="application/json")
        assert str(answer.status_code) in documented, status


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_of_the_api_needs_no_script_and_no_other_host(visitor: Visitor, language: str) -> None:
    page = visitor.get("/api/docs", headers={"Accept-Language": language}).text

    assert f'<html lang="{language}"' in page
    for operation in OPERATIONS:
        assert operation.path in page
    for model in openapi()["components"]["schemas"]:
        assert page.count(f'id="{model}"') == 1
    for target in set(re.findall(r'href="#(\w+)"', page)):
        assert f'id="{target}"' in page
    assert "<script>" not in page and "onclick" not in page
    addresses = [part.split('"')[0] for part in page.replace("href=", "src=").split('src="')[1:]]
    assert all(address.startswith(("/", "#")) for address in addresses)


def test_the_documented_raw_case_has_every_column_of_the_seven_tables(web_home: Home) -> None:
    from model.tables import TABLES

    case = openapi()["components"]["schemas"]["RowsCase"]["properties"]

    for name, table in TABLES.items():
        rows = case[name] if name == "application" else case[name]["items"]
        assert set(rows["properties"]) == set(table.names) - {"TARGET"}
