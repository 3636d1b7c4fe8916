"""The API's own page: the OpenAPI document as plain HTML, no script, no other host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dash_app.api import problems
from dash_app.api.document import CLIENT, EXAMPLE_CLIENT, OPERATIONS, Operation, openapi
from dash_app.i18n import current_language
from dash_app.ui.document import plain_page


def render(base: str, *, demo: bool) -> str:
    """The page in the language of the request.

    Parameters
    ----------
    base : address of this server, for the examples
    demo : whether a program on this machine needs no key
    """
    language = current_language()

    def text(name: str) -> str:
        return escape(problems.docs_text(name, language))

    access = text("access_demo" if demo else "access_production")
    body = [
        f"<h1>{text('title')}</h1>",
        f"<p>{text('lead')} {access} {text('language')}</p>",
        f'<p><a href="/api/openapi.json">{text("document")}</a></p>',
    ]
    for operation in OPERATIONS:
        body.extend(_operation(operation, language, base))
    return plain_page(problems.docs_text("title", language), "\n".join(body))


def _operation(operation: Operation, language: str, base: str) -> Iterator[str]:
    described = openapi()["paths"][operation.path][operation.method]
    method = operation.method.upper()
    yield f'<section id="{operation.name}">'
    yield f"<h2><code>{method} {escape(operation.path)}</code></h2>"
    yield f"<p>{escape(problems.operation_summary(operation.name, language))}</p>"
    yield f"<h3>{escape(problems.docs_text('example', language))}</h3>"
    yield f'<pre tabindex="0"><code>{escape(_curl(operation, base))}</code></pre>'
    yield f"<h3>{escape(problems.docs_text('answer', language))}</h3>"
    yield _fields(operation.answer, language)
    yield _statuses(described["responses"], language)
    yield "</section>"


def _curl(operation: Operation, base: str) -> str:
    address = f"{base}{operation.path}".replace(CLIENT, str(EXAMPLE_CLIENT))
    if operation.request is None:
        return f"curl -s {address}"
    return f"curl -s {address} -H 'Content-Type: application/json' -d '{json.dumps(operation.example)}'"


def _fields(model: str, language: str) -> str:
    schema = openapi()["components"]["schemas"][model]
    rows = (
        f"<tr><th scope=row><code>{escape(name)}</code></th><td><code>{escape(_type(field))}</code></td>"
        f'<td lang="en">{_prose(field.get("description", ""))}</td></tr>'
        for name, field in schema["properties"].items()
    )
    return _table(("field", "type", "meaning"), rows, language)


def _prose(words: str) -> str:
    """A description, whose names stand between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def _statuses(responses: Mapping[str, Any], language: str) -> str:
    rows = (
        f"<tr><th scope=row>{status}</th>"
        f"<td>{escape(problems.status_meaning(int(status), language))}</td></tr>"
        for status in responses
    )
    return _table(("status", "meaning"), rows, language)


def _table(columns: tuple[str, ...], rows: Iterator[str], language: str) -> str:
    heads = "".join(f"<th scope=col>{escape(problems.docs_text(name, language))}</th>" for name in columns)
    return (
        f'<div class="table-responsive" tabindex="0"><table class="t"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _type(field: Mapping[str, Any]) -> str:
    """Short name of a schema's type, as ``number | null`` or ``Reason[]``."""
    if "$ref" in field:
        return field["$ref"].rsplit("/", 1)[1]
    if "anyOf" in field:
        return " | ".join(_type(option) for option in field["anyOf"])
    if field.get("type") == "array":
        return f"{_type(field['items'])}[]"
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    return str(field.get("const", field.get("type", "")))
