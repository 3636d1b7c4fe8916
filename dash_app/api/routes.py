"""Routes of the API: parse, call one service, answer."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from dash_app.api import document, page, problems
from dash_app.errors import MethodNotAllowedError, NotFoundError, RequestError
from dash_app.security import strict_json
from dash_app.security.context import current_user, request_id
from dash_app.services import assessments, model_info, scenarios
from dash_app.services import similar as similar_files
from model.errors import PadError, UnknownClientError

DEEPEST = 40

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def register(server: Flask) -> None:
    """Add the API to a server."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.post("/predict")
    def predict() -> Response:
        return _answer(assessments.predict(current_user(), _body(), language=_language()))

    @api.post("/explain")
    def explain() -> Response:
        return _answer(assessments.explain(current_user(), _body(), language=_language()))

    @api.post("/predict/batch")
    def predict_batch() -> Response:
        language = _language()
        results = assessments.predict_batch(current_user(), _body(), language=language)
        return _answer({"results": [_result(one, language) for one in results]})

    @api.post("/simulate")
    def simulate() -> Response:
        return _answer(scenarios.simulate(current_user(), _body(), language=_language()))

    @api.post("/recourse")
    def recourse() -> Response:
        return _answer(scenarios.recourse(current_user(), _body(), language=_language()))

    @api.get("/clients/<client_id>/similar")
    def similar(client_id: str) -> Response:
        return _answer(
            similar_files.similar_files(current_user(), _client_number(client_id), language=_language())
        )

    @api.get("/model")
    def model() -> Response:
        return _answer(model_info.model_facts(current_user()))

    @api.get("/model/features")
    def model_features() -> Response:
        return _answer({"features": model_info.feature_list(current_user(), language=_language())})

    @api.get("/policy")
    def policy() -> Response:
        return _answer(model_info.policy_facts(current_user()))

    @api.get("/reasons")
    def reasons() -> Response:
        return _answer(model_info.reason_catalogue(current_user(), language=_language()))

    @api.get("/openapi.json", endpoint="document")
    def openapi() -> Response:
        return _answer(document.openapi())

    @api.get("/docs")
    def docs() -> str:
        return page.render(request.host_url.rstrip("/"), demo=current_app.config["PAD_SETTINGS"].demo)

    @api.get("/", defaults={"path": ""}, endpoint="unknown", strict_slashes=False)
    @api.get("/<path:path>", endpoint="unknown")
    def unknown(path: str) -> Response:
        """Dash answers any GET with its page: under /api an unknown path is a 404, a known one a 405."""
        raise not_served()

    server.register_blueprint(api)


def _client_number(text: str) -> int:
    """A client's number in a path; anything else is nobody's."""
    if not _NUMBER.fullmatch(text):
        raise UnknownClientError("not a client's number")
    return int(text)


def _body() -> Any:
    if request.mimetype != "application/json":
        raise RequestError("the body must be application/json", code="not_json")
    return strict_json.parse(request.get_data(), maximum_depth=DEEPEST)


def _language() -> str:
    return problems.asked_language()


def _answer(value: Any) -> Response:
    answer = Response(json.dumps(value, ensure_ascii=False), mimetype="application/json")
    answer.headers["Content-Language"] = _language()
    answer.headers["Vary"] = "Accept-Language"
    return answer


def _result(one: dict[str, Any] | PadError, language: str) -> dict[str, Any]:
    if isinstance(one, PadError):
        return problems.problem(one, language=language, instance=request_id())
    return one


def not_served() -> PadError:
    """The refusal of this request's method at this path: 405 where another one is served, else 404."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    served = []
    for method in _METHODS:
        try:
            endpoint, _ = adapter.match(method=method)
        except HTTPException:
            continue
        if endpoint != "api.unknown":
            served.append(method)
    return MethodNotAllowedError(tuple(served)) if served else NotFoundError("no such address")
