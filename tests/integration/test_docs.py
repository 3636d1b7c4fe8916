"""The calls that docs/api.md shows do what it says."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from dash_app.api import schemas
from dash_app.api.document import OPERATIONS
from tests.integration.conftest import Program
from tests.serving import ROOT

TEXT = (ROOT / "docs/api.md").read_text(encoding="utf-8")
CALLS = [
    (kind, call)
    for kind, block in re.findall(r"<!-- run: (\w+) -->\n```sh\n(.*?)```", TEXT, flags=re.S)
    for call in re.split(r"\n(?=curl )", block.strip())
]
SCHEMAS: dict[str, Any] = {
    "predict": schemas.Answer,
    "batch": schemas.BatchAnswer,
    "simulate": schemas.Simulation,
    "recourse": schemas.Recourse,
    "similar": schemas.SimilarFiles,
}


def _spoken(call: str) -> tuple[str, dict[str, str], str | None]:
    """Path, headers and body of a curl call."""
    words = shlex.split(call.replace("\\\n", " "))
    assert words[:2] == ["curl", "-s"]
    headers: dict[str, str] = {}
    body = None
    for flag, value in zip(words[3::2], words[4::2], strict=True):
        if flag == "-H":
            name, text = value.split(": ")
            headers[name] = text
        else:
            assert flag == "-d"
            body = value
    return words[2].removeprefix("http://127.0.0.1:8050"), headers, body


@pytest.mark.parametrize(("kind", "call"), CALLS)
def test_each_documented_call_answers_what_is_described(program: Program, kind: str, call: str) -> None:
    path, headers, body = _spoken(call)

    answer = (
        program.get(path, headers=headers) if body is None else program.post(path, data=body, headers=headers)
    )

    assert answer.status_code == 200, answer.text
    if kind in SCHEMAS:
        SCHEMAS[kind].model_validate_json(answer.data)


def test_every_route_is_in_the_page() -> None:
    for operation in OPERATIONS:
        assert operation.path in TEXT


def test_every_field_of_the_answer_is_in_the_page() -> None:
    for field in schemas.Answer.model_fields:
        if field != "client_id":
            assert f"`{field}`" in TEXT, field


def test_every_status_of_the_document_is_in_the_page() -> None:
    from dash_app.api.document import openapi

    statuses = {
        status
        for methods in openapi()["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }
    errors = TEXT.split("## Errors")[1]
    assert all(status in errors for status in statuses if status != "200")
