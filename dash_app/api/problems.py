"""Errors as RFC 9457 problem details, in the language that the caller asks for.

Every error of the product has its title and detail in ``words.toml`` by code; a code without
words fails a test. The English ``detail`` of an exception is for the log and never sent: it may
name a file.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Response, current_app, request

from dash_app.i18n import DEFAULT, LANGUAGES
from model.errors import FieldError, InputError, PadError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/api/docs#"
UNEXPECTED = "unexpected"
INVALID = "invalid"
NEEDS_A_NEW_VERSION = frozenset({"no_evidence", "too_few_files"})
"""What the model in force does not hold: asking again in a moment would not help."""


@dataclass(frozen=True, slots=True)
class Words:
    """Title and sentence of one code in one language."""

    title: str
    text: str

    language: str

    def detail(self, params: Mapping[str, Any]) -> str:
        """The sentence with its values; a value that is not given stays out of it."""
        return self.text.format_map(_Shown(params, self.language))


class _Shown(dict[str, str]):
    """Values as text, cut to a readable length."""

    def __init__(self, params: Mapping[str, Any], language: str) -> None:
        super().__init__({name: _text(value, language) for name, value in params.items()})

    def __missing__(self, key: str) -> str:
        return "…"


def problem(error: PadError, *, language: str, instance: str) -> dict[str, Any]:
    """Body of the answer to `error`; `instance` is the id of the request.

    An unexpected error and one of a code without words say nothing of their inside.
    """
    known = words_of(error, language)
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": known.title,
        "status": error.status,
        "detail": known.detail(error.params),
        "instance": instance,
        "code": error.code,
    }
    if isinstance(error, InputError) and error.errors:
        body["errors"] = [_field(found, language) for found in error.errors]
    return body


def response(body: Mapping[str, Any]) -> Response:
    """The answer that carries a problem."""
    answer = Response(json.dumps(body, ensure_ascii=False), status=body["status"], mimetype=MEDIA_TYPE)
    answer.headers["Content-Language"] = asked_language()
    answer.headers["Vary"] = "Accept-Language"
    if body["status"] == 503 and body["code"] not in NEEDS_A_NEW_VERSION:
        answer.headers["Retry-After"] = "5"
    if body["status"] == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return answer


def asked_language() -> str:
    """The best liked of French and English in ``Accept-Language``, else the language of the setting."""
    for language, quality in request.accept_languages:
        primary = language.split("-")[0].lower()
        if quality > 0 and primary in LANGUAGES:
            return primary
    return str(current_app.config.get("PAD_LANGUAGE", DEFAULT))


def words_of(error: PadError, language: str) -> Words:
    """Words of an error: of its own code, else of its kind, else of an unexpected error."""
    known = _catalogue()["codes"]
    entry = known.get(error.code) or known.get(type(error).code) or known[UNEXPECTED]
    return Words(entry["title"][language], entry["detail"][language], language)


def field_message(found: FieldError, language: str) -> str:
    """Sentence about one refused value."""
    known = _catalogue()["fields"]
    entry = known.get(found.code, known[INVALID])
    params = dict(found.params)
    if params.get("expected") in known_types():
        params["expected"] = _catalogue()["types"][params["expected"]][language]
    near = params.get("near")
    hint = _catalogue()["hints"]["near"][language].format(near=near) if near else ""
    return entry[language].format_map(_Shown(params, language)) + hint


def operation_summary(name: str, language: str) -> str:
    """One sentence about an operation of the API."""
    return _catalogue()["operations"][name][language]


def status_meaning(status: int, language: str) -> str:
    """What a status says in this API."""
    return _catalogue()["statuses"][str(status)][language]


def docs_text(name: str, language: str) -> str:
    """A text of the API's own page."""
    return _catalogue()["docs"][name][language]


def known_types() -> frozenset[str]:
    """Types of a JSON value that have a name in both languages."""
    return frozenset(_catalogue()["types"])


def _field(found: FieldError, language: str) -> dict[str, Any]:
    return {"pointer": found.pointer, "code": found.code, "message": field_message(found, language)}


def _text(value: Any, language: str) -> str:
    if isinstance(value, float) and math.isfinite(value):
        # Written as in JSON, with the decimal sign of the language; 1.0 as 1.
        written = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return written.replace(".", ",") if language == "fr" else written
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 120 else text[:119] + "…"


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
