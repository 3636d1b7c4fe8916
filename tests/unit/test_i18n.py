"""Words: both languages whole, every key used, no visible word in code."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest

from dash_app.i18n import LANGUAGES, catalogue, current_language, known, plural, t

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("pages", "callbacks", "dash_app", "wsgi.py")
FR, EN = catalogue("fr"), catalogue("en")
KEYS = sorted(FR)


def sources(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for room in rooms:
        path = ROOT / room
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# ---------- catalogues ----------
def test_both_languages_have_the_same_keys() -> None:
    assert FR.keys() == EN.keys()


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_have_the_same_placeholders(key: str) -> None:
    assert placeholders(FR[key]) == placeholders(EN[key])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_padded(language: str) -> None:
    assert [key for key, text in catalogue(language).items() if not text or text != text.strip(" \n\t")] == []


def test_french_puts_unbreakable_spaces_before_double_signs() -> None:
    wrong = re.compile(r"[^\s\u00a0\u202f][;?!»%](?!\w)| [:;?!»%]|[^\s\u00a0\u202f]:(?=\s|$)|«[^\u00a0]")
    assert {key: text for key, text in FR.items() if wrong.search(text)} == {}


def test_french_uses_the_typographic_apostrophe() -> None:
    assert {key: text for key, text in FR.items() if re.search(r"\w'\w", text)} == {}


def test_english_leaves_no_french_spacing() -> None:
    assert {key: text for key, text in EN.items() if re.search(r"[\s\u00a0][:;?!%]", text)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_shouts_or_begs(language: str) -> None:
    shouted = re.compile(r"!|\bveuillez\b|\bplease\b", re.IGNORECASE)
    assert {key: text for key, text in catalogue(language).items() if shouted.search(text)} == {}


def test_plural_forms_come_in_pairs() -> None:
    ones = {key.removesuffix(".one") for key in FR if key.endswith(".one")}
    others = {key.removesuffix(".other") for key in FR if key.endswith(".other")}
    assert ones == others


# ---------- keys in code ----------
def named_in_code() -> tuple[set[str], list[re.Pattern[str]]]:
    """Whole strings of the code, and what its f-strings can become."""
    whole: set[str] = set()
    shapes: list[re.Pattern[str]] = []
    for _, tree in sources(*ROOMS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                pieces = [
                    re.escape(str(piece.value)) if isinstance(piece, ast.Constant) else r"[a-z0-9_.]+"
                    for piece in node.values
                ]
                # A shape must name its block: f"{a}.{b}" would use every key.
                if re.match(r"[a-z_]+\\\.", pieces[0]):
                    shapes.append(re.compile("".join(pieces) + r"(\.one|\.other)?"))
    return whole, shapes


def test_every_key_is_used() -> None:
    whole, shapes = named_in_code()
    unused = [
        key
        for key in KEYS
        if key not in whole
        and re.sub(r"\.(one|other)$", "", key) not in whole
        and not any(shape.fullmatch(key) for shape in shapes)
    ]
    assert unused == []


def calls_of(name: str) -> Iterator[tuple[str, ast.Call]]:
    for file, tree in sources(*ROOMS):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) == name
            ):
                yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def test_every_key_asked_for_exists_with_all_its_placeholders() -> None:
    faults = []
    for where, call in calls_of("t"):
        if not (call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)):
            continue
        key = call.args[0].value
        if key not in FR:
            faults.append(f"{where}: no text {key}")
        elif all(keyword.arg for keyword in call.keywords):
            given = {str(keyword.arg) for keyword in call.keywords}
            if placeholders(FR[key]) != given:
                faults.append(f"{where}: {key} reads {placeholders(FR[key])}, given {given}")
    assert faults == []


def test_every_plural_asked_for_exists() -> None:
    keys = [call.args[0].value for _, call in calls_of("plural") if isinstance(call.args[0], ast.Constant)]
    assert keys
    assert [key for key in keys if f"{key}.one" not in FR] == []


# ---------- no visible word in code ----------
VISIBLE = {"children", "title", "placeholder", "label", "alt", "aria-label", "caption", "subtitle", "message"}
WORD = re.compile(r"[^\W\d_]{2,}")


def visible_literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Literals that a component shows: its first argument, and the arguments that are read or spoken."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if getattr(node.func.value, "id", "") not in ("html", "dbc", "dcc"):
            continue
        shown = list(node.args[:1])
        for keyword in node.keywords:
            if keyword.arg in VISIBLE:
                shown.append(keyword.value)
            if keyword.arg is None and isinstance(keyword.value, ast.Dict):
                shown.extend(
                    value
                    for name, value in zip(keyword.value.keys, keyword.value.values, strict=True)
                    if isinstance(name, ast.Constant) and name.value in VISIBLE
                )
        for argument in shown:
            pieces = argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
            for piece in pieces:
                texts = piece.values if isinstance(piece, ast.JoinedStr) else [piece]
                for text in texts:
                    if (
                        isinstance(text, ast.Constant)
                        and isinstance(text.value, str)
                        and WORD.search(text.value)
                    ):
                        yield node.lineno, text.value


def test_components_show_no_literal() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text!r}"
        for file, tree in sources("pages", "callbacks", "dash_app/ui", "dash_app/charts")
        for line, text in visible_literals(tree)
    ]
    assert found == []


def test_a_literal_would_be_found() -> None:
    tree = ast.parse('html.P("Bonjour", **{"aria-label": "Dire"})\nhtml.B([f"{x} jours", t("a.b", x)])')
    assert [text for _, text in visible_literals(tree)] == ["Bonjour", "Dire", " jours"]


def test_code_holds_no_french_sentence() -> None:
    """Accented letters outside docstrings and comments are words of a screen."""
    found = []
    for file, tree in sources("pages", "callbacks", "dash_app/ui", "dash_app/charts"):
        documentation = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        loose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in documentation | loose
                and re.search(r"[à-öø-ÿ]", node.value, re.IGNORECASE)
            ):
                found.append(f"{file.relative_to(ROOT)}:{node.lineno}: {node.value!r}")
    assert found == []


# ---------- choosing a language ----------
@pytest.fixture(scope="module")
def server() -> flask.Flask:
    return flask.Flask("words")


@pytest.mark.parametrize(
    ("cookie", "accepted", "expected"),
    [
        ("en", "fr", "en"),
        ("fr", "en", "fr"),
        ("de", "en-GB,fr;q=0.5", "en"),
        ("<script>", "fr-CA", "fr"),
        ("", "en-US", "en"),
        ("", "de,it", "fr"),
        ("", "", "fr"),
    ],
)
def test_the_cookie_wins_then_the_browser_then_the_setting(
    server: flask.Flask, cookie: str, accepted: str, expected: str
) -> None:
    headers = {"Accept-Language": accepted}
    if cookie:
        headers["Cookie"] = f"pad_language={cookie}"
    with server.test_request_context("/", headers=headers):
        assert current_language() == expected


def test_the_setting_speaks_to_who_asks_for_neither(server: flask.Flask) -> None:
    other = flask.Flask("words")
    other.config["PAD_LANGUAGE"] = "en"
    with other.test_request_context("/", headers={"Accept-Language": "de"}):
        assert current_language() == "en"


@pytest.mark.parametrize("stranger", [None, 3, ["en"], {"en": 1}, "EN", "../en"])
def test_an_unknown_language_is_french(stranger: object) -> None:
    assert known(stranger) == "fr"


def test_an_unknown_key_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        t("worklist.no_such_text", "fr")


@pytest.mark.parametrize(
    ("count", "language", "start"),
    [
        (0, "fr", "0 dossier attend"),
        (1, "fr", "1 dossier attend"),
        (2, "fr", "2 dossiers attendent"),
        (0, "en", "0 files wait"),
        (1, "en", "1 file waits"),
        (48744, "en", "48,744 files wait"),
    ],
)
def test_plurals_follow_the_language(count: int, language: str, start: str) -> None:
    assert plural("worklist.lead", count, language).replace("\u202f", " ").startswith(start)
