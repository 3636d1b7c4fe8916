"""Every model and field of the API says what it means in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dash_app.api import meanings
from dash_app.api.document import openapi

ROOT = Path(__file__).resolve().parents[2]
WORDS = {
    name: tomllib.loads((ROOT / f"dash_app/api/{name}.toml").read_text(encoding="utf-8"))
    for name in ("meanings", "words")
}
SCHEMAS: dict[str, Any] = openapi()["components"]["schemas"]
FIELDS = [(model, field) for model, schema in SCHEMAS.items() for field in schema.get("properties", {})]
WRONG_FRENCH = re.compile(
    r"[^\s\u00a0\u202f][;?!»%](?!\w)| [:;?!»%]|[^\s\u00a0\u202f]:(?=\s|$)|«[^\u00a0]|\w'\w"
)


def texts(tree: Any, path: str = "") -> list[tuple[str, dict[str, str]]]:
    if set(tree) & {"fr", "en"}:
        return [(path, tree)]
    return [leaf for key, value in tree.items() for leaf in texts(value, f"{path}.{key}")]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("model", SCHEMAS)
def test_every_model_says_what_it_is(model: str, language: str) -> None:
    assert meanings.about(model, language).endswith(".")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("model", "field"), FIELDS)
def test_every_field_says_what_it_means(model: str, field: str, language: str) -> None:
    assert meanings.meaning(model, field, language).endswith(".")


def test_a_field_without_a_meaning_would_be_found() -> None:
    with pytest.raises(KeyError, match=r"Answer\.invented"):
        meanings.meaning("Answer", "invented", "en")


def test_nothing_is_explained_that_the_api_does_not_have() -> None:
    known = {(model, field) for model, field in FIELDS} | {(model, "about") for model in SCHEMAS}
    shared = {field for _, field in FIELDS}
    unused = [
        (section, name)
        for section, entries in WORDS["meanings"].items()
        for name in entries
        if (name not in shared if section in ("common", "tables") else (section, name) not in known)
    ]
    assert unused == []


@pytest.mark.parametrize("catalogue", WORDS)
def test_french_is_set_as_french_and_english_as_english(catalogue: str) -> None:
    every = texts(WORDS[catalogue])

    assert [path for path, words in every if set(words) != {"fr", "en"}] == []
    assert {path: words["fr"] for path, words in every if WRONG_FRENCH.search(words["fr"])} == {}
    assert {path: words["en"] for path, words in every if re.search(r"[\s\u00a0][:;?!%]", words["en"])} == {}


def test_names_in_a_meaning_are_the_same_in_both_languages() -> None:
    names = re.compile(r"`[^`]+`")
    differing = [
        path
        for path, words in texts(WORDS["meanings"])
        if sorted(names.findall(words["fr"])) != sorted(names.findall(words["en"]))
    ]
    assert differing == []
