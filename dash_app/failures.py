"""What a failure looks like: a problem for programs and callbacks, a page for people.

The one place where exceptions become answers. A 500 says an id and nothing else; the log has
the rest.
"""

from __future__ import annotations

import logging

from dash.exceptions import DependencyException
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from dash_app.api import problems
from dash_app.api.routes import not_served
from dash_app.errors import MethodNotAllowedError, NotFoundError, RequestError
from dash_app.i18n import current_language, t
from dash_app.security.context import current_user, request_id
from dash_app.security.register import PageAddress
from dash_app.services import clients
from dash_app.ui.document import message_page
from model.errors import PadError, UnavailableError

log = logging.getLogger(__name__)

PAGE_ENDPOINTS = ("/", "/<path:path>")


def register(server: Flask) -> None:
    server.register_error_handler(PadError, _own_error)
    server.register_error_handler(HTTPException, _http_error)
    server.register_error_handler(DependencyException, _unknown_static_file)
    server.register_error_handler(Exception, _unexpected_error)


def _own_error(error: PadError) -> Response:
    if error.status >= 500:
        log.error("%s %s: %s", request_id(), error.code, error.detail)
    return _answer(error)


def _http_error(error: HTTPException) -> Response:
    """An error of the router or of Werkzeug, in our own words."""
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # type: ignore[return-value]
    return _answer(_translated(error))


def _unknown_static_file(_error: Exception) -> Response:
    """Dash raises this, and would answer 500, for a file that is not in its own list."""
    return _answer(NotFoundError("no such file"))


def _unexpected_error(error: Exception) -> Response:
    log.exception("%s unexpected error", request_id())
    return _answer(PadError("an unexpected error", code="unexpected"))


def _translated(error: HTTPException) -> PadError:
    if error.code == 404:
        return NotFoundError("no such address")
    if isinstance(error, MethodNotAllowed):
        if request.path.startswith("/api/"):  # where GET has a catch-all, the router allows it everywhere
            return not_served()
        return MethodNotAllowedError(tuple(sorted(error.valid_methods or ())))
    known = RequestError(error.description or "the request is malformed")
    known.status = error.code or 400
    return known


def _answer(error: PadError) -> Response:
    if wants_page():
        return Response(_page(error), status=error.status, mimetype="text/html")
    answer = problems.response(
        problems.problem(error, language=problems.asked_language(), instance=request_id())
    )
    if isinstance(error, MethodNotAllowedError):
        answer.headers["Allow"] = ", ".join(error.allowed)
    return answer


def wants_page() -> bool:
    """A person's document: anything that is neither API, nor health, nor a callback."""
    own = ("/api", "/health", "/_dash", "/_reload")
    return (
        request.method == "GET"
        and not request.path.startswith(own)
        and "html" in request.headers.get("Accept", "html")
    )


def _page(error: PadError) -> str:
    language = current_language()
    if error.status == 403:
        role = t(f"role.{current_user().role}", language) if current_user().signed_in else ""
        return message_page(
            t("state.forbidden.heading", language), t("state.forbidden.body", language, role=role)
        )
    words = problems.words_of(error, language)
    reference = "" if error.status < 500 else f" ({request_id()})"
    return message_page(words.title, words.detail(error.params) + reference)


def mark_unknown_pages(answer: Response) -> Response:
    """Status 404 for the document of an unknown path or file: the frame shows the page for it.

    A file outside the user's scope gets the same answer as one that does not exist.
    """
    if request.endpoint in PAGE_ENDPOINTS and answer.status_code == 200 and _is_unknown(g.get("address")):
        answer.status_code = 404
    return answer


def _is_unknown(address: PageAddress | None) -> bool:
    if address is None:
        return False
    if address.page is None:
        return True
    client_id = address.variables.get("client_id")
    if client_id is None or not current_user().signed_in:
        return False
    try:
        return not clients.exists(current_user(), int(client_id))
    except UnavailableError:
        return False
