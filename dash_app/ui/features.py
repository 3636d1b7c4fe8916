"""Features as words, and the control that chooses one."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import dash_bootstrap_components as dbc
from dash import html

from model import dictionary

Option = dict[str, str]


@lru_cache(maxsize=8)
def labels(names: tuple[str, ...], language: str) -> tuple[str, ...]:
    """Words of each feature: the same for every file of a model."""
    return tuple(dictionary.entry(name).label(language) for name in names)


def options(names: Sequence[str], language: str) -> list[Option]:
    """What a control offers, in the order given."""
    every = tuple(names)
    return [
        {"label": label, "value": name} for label, name in zip(labels(every, language), every, strict=True)
    ]


@lru_cache(maxsize=8)
def options_by_label(names: tuple[str, ...], language: str) -> list[Option]:
    """The same in the order of the words."""
    return sorted(options(names, language), key=lambda option: _as_in_a_dictionary(option["label"]))


def _as_in_a_dictionary(words: str) -> str:
    """Key that puts «études» with the e."""
    letters = unicodedata.normalize("NFKD", words.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def choice(control_id: str, label: str, offered: Sequence[Option], value: str) -> html.Div:
    """Return the control with its label before it."""
    return html.Div(
        [
            html.Label(label, htmlFor=control_id, className="form-label mb-0"),
            dbc.Select(
                id=control_id,
                options=offered,
                value=value,
                class_name="form-select-sm",
                style={"width": "320px", "maxWidth": "100%"},
            ),
        ],
        className="mb-3 d-flex gap-2 align-items-center flex-wrap",
    )
