"""The floors: a room imports only from the rooms below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("model", "training", "dash_app", "pages", "callbacks", "wsgi")
MAY_IMPORT = {
    "model": {"model"},
    "training": {"model", "training"},
    "dash_app": {"model", "dash_app"},
    "pages": {"model", "dash_app", "pages"},
    "callbacks": {"model", "dash_app", "pages", "callbacks"},
    "wsgi": {"dash_app", "pages", "callbacks"},
}
MODEL_LIBRARIES = {"numpy", "pandas", "pyarrow", "lightgbm", "sqlglot", "babel"}
HEAVY = {"mlflow", "shap", "imblearn", "matplotlib", "sklearn", "duckdb", "optuna"}


def _files(room: str) -> list[Path]:
    if room == "wsgi":
        return [ROOT / "wsgi.py"]
    files = sorted((ROOT / room).rglob("*.py"))
    assert files, room
    return files


def _imported(path: Path) -> set[str]:
    """Full dotted names that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_below(room: str) -> None:
    for path in _files(room):
        rooms = {name.split(".")[0] for name in _imported(path)} & set(ROOMS)
        assert rooms <= MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {rooms - MAY_IMPORT[room]}"


def test_model_imports_only_its_few_libraries() -> None:
    import sys

    for path in _files("model"):
        names = {name.split(".")[0] for name in _imported(path)}
        foreign = names - set(sys.stdlib_module_names) - MODEL_LIBRARIES - {"model"}
        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


@pytest.mark.parametrize("room", ["model", "dash_app", "pages", "callbacks", "wsgi"])
def test_the_serving_side_never_names_a_training_library(room: str) -> None:
    for path in _files(room):
        names = {name.split(".")[0] for name in _imported(path)}
        assert not names & HEAVY, f"{path.relative_to(ROOT)} imports {names & HEAVY}"


def test_pages_read_plain_values_only() -> None:
    for path in _files("pages"):
        forbidden = {
            name
            for name in _imported(path)
            if name.startswith(("dash_app.store", "model.bundle", "model.book"))
        }
        assert not forbidden, f"{path.relative_to(ROOT)} imports {forbidden}"


def test_of_the_rooms_that_serve_only_the_store_knows_sql() -> None:
    knowing = {
        path.relative_to(ROOT).parent.as_posix()
        for room in ROOMS
        if room != "training"
        for path in _files(room)
        if any(name.split(".")[0] in ("sqlalchemy", "sqlite3") for name in _imported(path))
    }
    assert knowing == {"dash_app/store"}
