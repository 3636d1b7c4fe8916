"""The OpenAPI 3.1 document: our routes only, problems as they are really answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from dash_app.api import meanings, problems, schemas
from model.tables import MAX_ID
from model.version import RELEASE

CLIENT = "{client_id}"
"""Where an address names a client."""

REFERENCE = "#/components/schemas/{model}"
_READ = (401, 403, 503)
_WRITE = (400, 401, 403, 404, 411, 413, 422, 503)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route of the API as the document tells it."""

    path: str
    method: str
    name: str
    tag: str
    answer: str
    request: str | None = None
    example: Any = None


EXAMPLE_CLIENT = 100002
_ONE = {"client_id": EXAMPLE_CLIENT}
OPERATIONS = (
    Operation("/api/predict", "post", "predict", "assessments", "Answer", "Case", _ONE),
    Operation(
        "/api/predict/batch",
        "post",
        "predict_batch",
        "assessments",
        "BatchAnswer",
        "Batch",
        {"cases": [_ONE]},
    ),
    Operation("/api/explain", "post", "explain", "assessments", "Answer", "Case", _ONE),
    Operation(
        "/api/simulate",
        "post",
        "simulate",
        "scenarios",
        "Simulation",
        "SimulationCase",
        {**_ONE, "changes": {"AMT_CREDIT": 300000}},
    ),
    Operation("/api/recourse", "post", "recourse", "scenarios", "Recourse", "RawCase", _ONE),
    Operation("/api/clients/{client_id}/similar", "get", "similar", "scenarios", "SimilarFiles"),
    Operation("/api/model", "get", "model", "model", "Model"),
    Operation("/api/model/features", "get", "model_features", "model", "ModelFeatures"),
    Operation("/api/policy", "get", "policy", "model", "Policy"),
    Operation("/api/reasons", "get", "reasons", "model", "ReasonCatalogue"),
)


@cache
def openapi() -> Mapping[str, Any]:
    """The document; the same for everybody."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Prêt à dépenser — credit scoring",
            "version": RELEASE,
            "description": "The machine gives an opinion (favourable, review, unfavourable); a named person "
            "decides. Every assessment is recorded before it is answered; a scenario is not kept. Words "
            "follow Accept-Language (fr, en). Errors are RFC 9457 problem details; X-Request-Id is on "
            "every answer.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": "assessments"}, {"name": "scenarios"}, {"name": "model"}],
        "paths": paths,
        "components": {"schemas": meanings.told({**_answers(), **schemas.case_schemas()})},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": problems.operation_summary(operation.name, "en"),
        "parameters": [
            {
                "name": "Accept-Language",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "Language of labels, reasons and errors: fr or en; without it the "
                "server's own (PAD_LANGUAGE), French unless set.",
            }
        ],
        "responses": {
            "200": {
                "description": "OK",
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": _reference(operation.answer)}},
            },
            **{str(status): _problem(status) for status in _statuses(operation)},
        },
    }
    if CLIENT in operation.path:
        described["parameters"].append(
            {
                "name": "client_id",
                "in": "path",
                "required": True,
                "schema": {"type": "integer", "minimum": 1, "maximum": MAX_ID},
                "example": _ONE["client_id"],
            }
        )
    if operation.request:
        content = {"schema": _reference(operation.request), "example": operation.example}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _statuses(operation: Operation) -> tuple[int, ...]:
    if operation.request:
        return _WRITE
    return tuple(sorted({*_READ, 404})) if CLIENT in operation.path else _READ


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": problems.status_meaning(status, "en"),
        "content": {problems.MEDIA_TYPE: {"schema": _reference("Problem")}},
    }


def _reference(model: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=model)}


def _answers() -> dict[str, Any]:
    _, found = models_json_schema(
        [(model, "serialization") for model in schemas.ANSWERS], ref_template=REFERENCE
    )
    return found["$defs"]
