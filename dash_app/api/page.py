"""The API's own page: the OpenAPI document as plain HTML, no script, no other host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dash_app.api import meanings, problems
from dash_app.api.document import CLIENT, EXAMPLE_CLIENT, OPERATIONS, Operation, openapi
from dash_app.i18n import current_language
from dash_app.ui.document import plain_page

_RAW = frozenset({"RowsCase", "SimulationCase"})
"""Forms that hold whole tables: too many columns for a page."""


def render(base: str, *, demo: bool) -> str:
    """The page in the language of the request.

    Parameters
    ----------
    base : address of this server, for the examples
    demo : whether a program on this machine needs no key
    """
    language = current_language()
    title = problems.docs_text("title", language)
    return plain_page(title, "\n".join(_body(base, language, demo=demo)))


def _body(base: str, language: str, *, demo: bool) -> Iterator[str]:
    access = _text("access_demo" if demo else "access_production", language)
    yield f"<h1>{_text('title', language)}</h1>"
    yield f"<p>{_text('lead', language)} {access} {_text('language', language)}</p>"
    yield f'<p><a href="/api/openapi.json">{_text("document", language)}</a></p>'
    told: set[str] = set()
    for operation in OPERATIONS:
        yield from _operation(operation, language, base, told)
    yield f"<h2>{_text('types', language)}</h2>"
    for model in openapi()["components"]["schemas"]:
        if model not in told:
            yield f'<h3 id="{model}"><code>{model}</code></h3>'
            yield from _model(model, language)


def _operation(operation: Operation, language: str, base: str, told: set[str]) -> Iterator[str]:
    """One route; its answer is told here unless another route has `told` it before."""
    described = openapi()["paths"][operation.path][operation.method]
    method = operation.method.upper()
    yield f'<section id="{operation.name}">'
    yield f"<h2><code>{method} {escape(operation.path)}</code></h2>"
    yield f"<p>{escape(problems.operation_summary(operation.name, language))}</p>"
    yield f"<h3>{_text('example', language)}</h3>"
    yield f'<pre tabindex="0"><code>{escape(_curl(operation, base))}</code></pre>'
    if operation.request:
        yield f"<h3>{_text('request', language)}</h3>"
        yield f"<p>{_named(operation.request, language)}</p>"
    yield f"<h3>{_text('answer', language)}</h3>"
    if operation.answer in told:
        yield f"<p>{_named(operation.answer, language)}</p>"
    else:
        told.add(operation.answer)
        yield f'<div id="{operation.answer}">'
        yield from _model(operation.answer, language)
        yield "</div>"
    yield _statuses(described["responses"], language)
    yield "</section>"


def _curl(operation: Operation, base: str) -> str:
    address = f"{base}{operation.path}".replace(CLIENT, str(EXAMPLE_CLIENT))
    if operation.request is None:
        return f"curl -s {address}"
    return f"curl -s {address} -H 'Content-Type: application/json' -d '{json.dumps(operation.example)}'"


def _named(model: str, language: str) -> str:
    return f"<code>{_link(model)}</code>. {_prose(meanings.about(model, language))}"


def _model(model: str, language: str) -> Iterator[str]:
    """What a model is, and its fields or its forms."""
    schema = openapi()["components"]["schemas"][model]
    words = _prose(meanings.about(model, language))
    if model in _RAW:
        words += f" {_text('columns', language)}"
    yield f"<p>{words}</p>"
    if "oneOf" in schema:
        forms = " · ".join(f"<code>{_type(form)}</code>" for form in schema["oneOf"])
        yield f"<p>{_text('forms', language)} {forms}</p>"
        return
    rows = (
        f"<tr><th scope=row><code>{escape(name)}</code></th><td><code>{_type(field)}</code></td>"
        f"<td>{_prose(meanings.meaning(model, name, language))}</td></tr>"
        for name, field in schema["properties"].items()
    )
    yield _table(("field", "type", "meaning"), rows, language)


def _text(name: str, language: str) -> str:
    return escape(problems.docs_text(name, language))


def _prose(words: str) -> str:
    """A meaning, whose names stand between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def _statuses(responses: Mapping[str, Any], language: str) -> str:
    rows = (
        f"<tr><th scope=row>{status}</th>"
        f"<td>{escape(problems.status_meaning(int(status), language))}</td></tr>"
        for status in responses
    )
    return _table(("status", "meaning"), rows, language)


def _table(columns: tuple[str, ...], rows: Iterator[str], language: str) -> str:
    heads = "".join(f"<th scope=col>{_text(name, language)}</th>" for name in columns)
    return (
        f'<div class="table-responsive" tabindex="0"><table class="t"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _type(field: Mapping[str, Any]) -> str:
    """Short name of a schema's type as HTML, as ``number | null`` or ``Reason[]``; a model is a link."""
    if "$ref" in field:
        return _link(field["$ref"].rsplit("/", 1)[1])
    for several in ("anyOf", "oneOf"):
        if several in field:
            return " | ".join(_type(option) for option in field[several])
    if field.get("type") == "array":
        items = _type(field["items"])
        return f"({items})[]" if " | " in items else f"{items}[]"
    if "enum" in field:
        return escape(" | ".join(map(str, field["enum"])))
    held = field.get("additionalProperties")
    if isinstance(held, Mapping):
        return f"{{…: {_type(held)}}}"
    kinds = field.get("const", field.get("type", ""))
    return escape(" | ".join(kinds) if isinstance(kinds, list) else str(kinds))


def _link(model: str) -> str:
    return f'<a href="#{model}">{model}</a>'
