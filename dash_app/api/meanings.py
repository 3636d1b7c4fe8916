"""What each model and field of the API means, in both languages: ``meanings.toml``.

A field without a meaning fails a test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_SHARED = ("common", "tables")
"""Sections of fields that mean the same in every model."""


def about(model: str, language: str) -> str:
    """What a model of the API is, in one sentence."""
    return _catalogue()[model]["about"][language]


def meaning(model: str, field: str, language: str) -> str:
    """What a field of a model means.

    Raises
    ------
    KeyError : nothing is written about it
    """
    for section in (model, *_SHARED):
        found = _catalogue().get(section, {}).get(field)
        if found is not None:
            return found[language]
    raise KeyError(f"meanings.toml says nothing of {model}.{field}")


def told(schemas: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """JSON schemas by name, each with its English meanings as descriptions."""
    return {
        model: {
            **schema,
            "description": about(model, "en"),
            **(
                {
                    "properties": {
                        field: {**described, "description": meaning(model, field, "en")}
                        for field, described in schema["properties"].items()
                    }
                }
                if "properties" in schema
                else {}
            ),
        }
        for model, schema in schemas.items()
    }


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("meanings.toml").read_text(encoding="utf-8"))
