"""Every way to fail has words in both languages, with the same placeholders."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

import dash_app.errors
import model.errors
from dash_app.api import problems
from model.errors import FieldError, InputError, PadError

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = tomllib.loads((ROOT / "dash_app/api/words.toml").read_text(encoding="utf-8"))
SOURCES = [
    *(ROOT / "dash_app").rglob("*.py"),
    ROOT / "model/case.py",
    *(ROOT / "model").glob("checked_rows.py"),
]
FIELD_CALLS = {"add", "input_error", "FieldError"}


def _classes() -> set[type[PadError]]:
    found: set[type[PadError]] = set()
    waiting = [PadError]
    while waiting:
        for child in waiting.pop().__subclasses__():
            if child.__module__ in (model.errors.__name__, dash_app.errors.__name__):
                found.add(child)
            waiting.append(child)
    return found


def _calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


@pytest.mark.parametrize("kind", sorted(_classes(), key=lambda kind: kind.__name__))
def test_every_class_of_error_has_words(kind: type[PadError]) -> None:
    assert kind.code in CATALOGUE["codes"]


@pytest.mark.parametrize("path", (ROOT / "dash_app").rglob("*.py"), ids=lambda path: path.name)
def test_every_code_that_the_server_raises_has_words(path: Path) -> None:
    codes = {
        keyword.value.value
        for call in _calls(path)
        if _name(call).endswith("Error")
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    } - set(CATALOGUE["fields"])

    assert codes <= set(CATALOGUE["codes"])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_rule_on_a_value_has_words(path: Path) -> None:
    codes = {
        call.args[1].value
        for call in _calls(path)
        if _name(call) in FIELD_CALLS and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }

    assert {code for code in codes if isinstance(code, str)} <= set(CATALOGUE["fields"])


def _leaves(tree: object, path: str = "") -> list[tuple[str, dict[str, str]]]:
    if isinstance(tree, dict) and set(tree) & {"fr", "en"}:
        return [(path, tree)]
    return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{path}.{key}")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "texts"), _leaves(CATALOGUE), ids=lambda value: value if isinstance(value, str) else ""
)
def test_both_languages_say_it_with_the_same_values(path: str, texts: dict[str, str]) -> None:
    assert set(texts) == {"fr", "en"}
    assert all(texts.values())
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts.values()]
    assert fields[0] == fields[1], path


def test_a_problem_names_each_value_and_proposes_the_near_name() -> None:
    error = InputError(
        "internal words",
        errors=(FieldError("/application/AMT_CREDITS", "unknown_column", {"near": "AMT_CREDIT"}),),
    )

    body = problems.problem(error, language="fr", instance="r1")

    assert body["status"] == 422
    assert body["errors"] == [
        {
            "pointer": "/application/AMT_CREDITS",
            "code": "unknown_column",
            "message": "Cette colonne n’existe pas. Vouliez-vous dire AMT_CREDIT\u00a0?",
        }
    ]


def test_the_words_for_the_log_are_never_sent() -> None:
    body = problems.problem(PadError("/secret/path is broken"), language="en", instance="r1")

    assert "secret" not in str(body)


def test_an_error_of_a_later_code_speaks_as_its_kind() -> None:
    known = problems.words_of(model.errors.IntegrityError("x", code="sum_broken"), "en")

    assert known == problems.words_of(model.errors.IntegrityError("x"), "en")


def test_a_value_cannot_break_the_sentence() -> None:
    long = "x" * 1_000
    message = problems.field_message(FieldError("/a", "unknown_field", {"name": long + "{evil}"}), "en")

    assert len(message) < 200 and re.search("x{50}", message)


@pytest.mark.parametrize(
    ("found", "french", "english"),
    [
        (
            FieldError("/a", "wrong_type", {"expected": "number"}),
            "Type refusé\u00a0; attendu\u00a0: nombre.",
            "Wrong type; expected: number.",
        ),
        (
            FieldError("/a", "out_of_range", {"low": 0.0, "high": 0.5}),
            "Hors des bornes\u00a0: de 0 à 0,5.",
            "Out of range: 0 to 0.5.",
        ),
        (
            FieldError("/a", "not_whole", {"value": 1.5}),
            "Un nombre entier est attendu, reçu 1,5.",
            "A whole number is expected, got 1.5.",
        ),
    ],
    ids=lambda value: value.code if isinstance(value, FieldError) else "",
)
def test_types_and_numbers_are_written_in_the_language(found: FieldError, french: str, english: str) -> None:
    assert problems.field_message(found, "fr") == french
    assert problems.field_message(found, "en") == english


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_type_that_a_refusal_expects_has_a_name(path: Path) -> None:
    expected = {
        keyword.value.value
        for call in _calls(path)
        if any(isinstance(a, ast.Constant) and a.value == "wrong_type" for a in call.args)
        for keyword in call.keywords
        if keyword.arg == "expected" and isinstance(keyword.value, ast.Constant)
    }

    assert expected <= problems.known_types()
