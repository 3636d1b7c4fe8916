"""Bodies refused before anything reads them: chunked, too large, or not shaped as declared.

The shape of a callback's body is checked against the callback's own declaration, because
Dash answers 500 to a body of another shape and believes any ``State`` that has the right one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Request

from dash_app.errors import LengthRequiredError, NotFoundError, RequestError, TooLargeError
from dash_app.security import strict_json
from dash_app.security.register import GuardedDash

API_BYTES = 8_000_000
CALLBACK_BYTES = 200_000
FORM_BYTES = 4_000
CALLBACK_DEPTH = 40
_KEYS = frozenset({"id", "property", "value", "allow_optional"})


def check_length(request: Request, maximum: int) -> None:
    """Refuse a chunked body (it would be cut silently at the cap) or one over `maximum`.

    A request that names neither a length nor a transfer encoding has no body (RFC 9112, 6.3).
    """
    if "Transfer-Encoding" in request.headers:
        raise LengthRequiredError("the body needs a Content-Length; chunked bodies are not accepted")
    if (request.content_length or 0) > maximum:
        raise TooLargeError(f"the body is larger than {maximum} bytes", maximum=maximum)


def read_callback_body(app: GuardedDash, request: Request) -> Mapping[str, Any]:
    """The body of a callback, known to be of the declared shape.

    Raises
    ------
    NotFoundError : no callback has this output
    RequestError : the body is not what that callback declares
    """
    if request.mimetype != "application/json":
        raise RequestError("a callback's body is application/json", code="not_json")
    body = strict_json.parse(request.get_data(cache=True), maximum_depth=CALLBACK_DEPTH)
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        raise RequestError("a callback's body is an object with an output")
    declared = app.callback_map.get(body["output"])
    if declared is None or "callback" not in declared:
        raise NotFoundError("no such callback")
    _check_list(body.get("inputs", []), declared["inputs"], "inputs")
    _check_list(body.get("state", []), declared["state"], "state")
    _check_outputs(body, declared)
    _check_changed(body.get("changedPropIds", []))
    return body


def value_of(body: Mapping[str, Any], component: str, prop: str) -> Any:
    """Value that the body gives to one input or state, ``None`` when it has none."""
    for entry in [*body.get("inputs", []), *body.get("state", [])]:
        if isinstance(entry, dict) and entry.get("id") == component and entry.get("property") == prop:
            return entry.get("value")
    return None


def _check_list(given: Any, declared: Sequence[Mapping[str, Any]], part: str) -> None:
    if not isinstance(given, list) or len(given) != len(declared):
        raise RequestError(f"{part} are not those that the callback declares")
    for entry, expected in zip(given, declared, strict=True):
        _check_entry(entry, expected["id"], expected["property"], part)


def _check_entry(entry: Any, expected_id: Any, expected_property: str, part: str) -> None:
    """One dependency: an object, or for a wildcard a list of objects (one for ``MATCH``)."""
    pattern = _pattern(expected_id)
    if pattern is not None and isinstance(entry, list):
        for single in entry:
            _check_single(single, pattern, expected_property, part)
        return
    _check_single(entry, pattern if pattern is not None else expected_id, expected_property, part)


def _check_single(entry: Any, expected_id: Any, expected_property: str, part: str) -> None:
    if not isinstance(entry, dict) or not set(entry) <= _KEYS or not isinstance(entry.get("property"), str):
        raise RequestError(f"{part} holds something that is not a dependency")
    if _bare(entry["property"]) != expected_property or not _id_matches(entry.get("id"), expected_id):
        raise RequestError(f"{part} holds a dependency that the callback does not declare")


def _id_matches(given: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return (
            isinstance(given, dict)
            and set(given) == set(expected)
            and all(_part_matches(given[key], expected[key]) for key in expected)
        )
    return given == expected


def _part_matches(given: Any, expected: Any) -> bool:
    if isinstance(expected, list):  # a wildcard, ["MATCH"], ["ALL"] or ["ALLSMALLER"]
        return isinstance(given, str | int | float)
    return given == expected


def _pattern(declared_id: Any) -> dict[str, Any] | None:
    """A pattern id is declared as a JSON object in a string."""
    if isinstance(declared_id, str) and declared_id.startswith("{"):
        return strict_json.parse(declared_id.encode())
    return None


def _check_outputs(body: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
    given = body.get("outputs")
    outputs = declared["output"]
    if declared.get("no_output"):
        if given not in (None, []):
            raise RequestError("outputs are not those that the callback declares")
        return
    expected = outputs if isinstance(outputs, list | tuple) else [outputs]
    entries = given if isinstance(outputs, list | tuple) else [given]
    if not isinstance(entries, list) or len(entries) != len(expected):
        raise RequestError("outputs are not those that the callback declares")
    for entry, output in zip(entries, expected, strict=True):
        _check_entry(entry, output.component_id_str(), _bare(output.component_property), "outputs")


def _bare(prop: str) -> str:
    return prop.split("@", 1)[0]


def _check_changed(changed: Any) -> None:
    if not isinstance(changed, list) or not all(isinstance(item, str) for item in changed):
        raise RequestError("changedPropIds is a list of texts")
