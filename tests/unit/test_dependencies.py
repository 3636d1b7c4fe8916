"""Requirements: what is imported is required, what is required is used and has its reason."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("model", "training", "dash_app", "pages", "callbacks")
USED_OTHERWISE = {
    "gunicorn": "the Procfile runs it",
    "shap": "the tests compare our contributions with it; it must be resolved with the rest",
    "plotly": "Dash ships its script; figures are plain dictionaries that the tests validate with it",
}


def _project() -> tuple[set[str], set[str]]:
    """Names of the requirements of the product and of its tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["project"]["dependencies"], project["dependency-groups"]["dev"]
    return tuple({re.split(r"[<>=\[]", line)[0] for line in group} for group in groups)  # type: ignore[return-value]


def _imported_distributions() -> set[str]:
    """Distributions whose packages the shipped code names."""
    files = [path for room in SHIPPED for path in (ROOT / room).rglob("*.py")]
    names: set[str] = set()
    for path in (*files, ROOT / "wsgi.py", ROOT / "gunicorn.conf.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(str(node.module).split(".")[0])
    others = names - set(sys.stdlib_module_names) - {*SHIPPED, "wsgi"}
    required, _ = _project()
    return {_distribution(name, required) for name in others}


def _distribution(package: str, required: set[str]) -> str:
    """The required distribution that brings a package (MLflow is split over three), else the first."""
    names = [re.sub(r"[-_.]+", "-", name).lower() for name in packages_distributions()[package]]
    return next((name for name in names if name in required), names[0])


def test_what_the_shipped_code_imports_is_required_and_nothing_else_is() -> None:
    required, _ = _project()

    assert _imported_distributions() | set(USED_OTHERWISE) == required


def test_every_requirement_has_its_reason_and_no_other_has_one() -> None:
    text = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    chapter = text.split("## Dependencies")[1].split("\n## ")[0]
    reasoned = [name for names in re.findall(r"\*\*(.+?)\*\*", chapter) for name in names.split(", ")]
    required, tests = _project()

    assert len(reasoned) == len(set(reasoned))
    assert set(reasoned) == required | tests
