"""JSON read strictly: no duplicate key, no NaN or Infinity, bounded depth, UTF-8 only."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from dash_app.errors import RequestError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def parse(body: bytes, *, maximum_depth: int | None = None) -> Any:
    """Value of a JSON text.

    Parameters
    ----------
    body : the bytes as received
    maximum_depth : deepest nesting accepted, looked at before any value is parsed

    Raises
    ------
    RequestError : the text is not strict JSON; the code names the broken rule
    """
    if maximum_depth is not None:
        _check_depth(body, maximum_depth)
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except UnicodeDecodeError:
        raise RequestError("the body is not UTF-8", code="not_utf8") from None
    except RecursionError:
        raise RequestError("the body is nested too deeply", code="too_deep") from None
    except json.JSONDecodeError as error:
        raise RequestError(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            code="malformed_json",
            line=error.lineno,
            column=error.colno,
        ) from None
    if _SURROGATE.search(body):
        _check_text(value)
    return value


def _check_text(value: Any) -> None:
    """Refuse half a surrogate pair: such a text cannot be written anywhere."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise RequestError("a text holds a lone surrogate", code="bad_text") from None


def _check_depth(body: bytes, maximum: int) -> None:
    depth = 0
    for token in _TOKEN.findall(body):
        if token in b"[{":
            depth += 1
            if depth > maximum:
                raise RequestError(f"the body is nested more than {maximum} deep", code="too_deep")
        elif token in b"]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RequestError(f"the key {key[:80]!r} comes twice", code="duplicate_key", key=key[:80])
            seen.add(key)
    return value


def _refuse_constant(name: str) -> Any:
    raise RequestError(f"{name} is not a JSON number; a missing value is null", code="not_finite")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise RequestError("a number is too large", code="not_finite")
    return value


def _whole(text: str) -> int:
    if len(text) > 400:
        raise RequestError("a number is too long", code="not_finite")
    return int(text)
