"""Strict JSON: what the standard parser accepts by kindness is refused by name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.errors import RequestError
from dash_app.security.strict_json import parse

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]))
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b'{"a": 1,}', "malformed_json"),
        (b"{'a': 1}", "malformed_json"),
        (b'{"a": NaN}', "not_finite"),
        (b'{"a": -Infinity}', "not_finite"),
        (b'{"a": 1e999}', "not_finite"),
        (b'{"a": ' + b"9" * 500 + b"}", "not_finite"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"x": {"a": 1, "b": 2, "a": 3}}', "duplicate_key"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b'{"a": "\\ud800"}', "bad_text"),
        (b"[" * 41 + b"]" * 41, "too_deep"),
        (b"[" * 2_000_000, "too_deep"),
    ],
)
def test_FLT27_what_is_not_strict_json_is_refused_by_name(body: bytes, code: str) -> None:
    with pytest.raises(RequestError) as refusal:
        parse(body, maximum_depth=40)
    assert refusal.value.code == code
    assert refusal.value.status == 400


def test_depth_is_counted_outside_texts_only() -> None:
    assert parse(b'{"a": "[[[[[["}', maximum_depth=1) == {"a": "[[[[[["}
    assert parse(b"[" * 40 + b"]" * 40, maximum_depth=40)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_without_a_bound_a_very_deep_text_is_still_refused_and_never_crashes() -> None:
    with pytest.raises(RequestError) as refusal:
        parse(b"[" * 100_000 + b"]" * 100_000)
    assert refusal.value.code == "too_deep"


@given(JSON)
def test_every_json_value_comes_back_as_it_was(value: object) -> None:
    assert parse(json.dumps(value).encode(), maximum_depth=40) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode(), maximum_depth=40) == value


@given(st.binary(max_size=300))
def test_whatever_the_bytes_only_our_own_error_comes_out(body: bytes) -> None:
    try:
        parse(body, maximum_depth=40)
    except RequestError as error:
        assert error.status == 400
