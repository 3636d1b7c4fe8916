"""Words of the screens, in French and English, and the language in force.

Every visible string lives in ``fr.toml`` and ``en.toml`` under a key named ``page.block.thing``; code holds
none (``tests/unit/test_i18n.py``). Numbers, dates and amounts are formatted by ``model.locale`` and passed in
as ready strings: a catalogue never formats.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import flask

from model import locale
from model.locale import LANGUAGES, Language

__all__ = [
    "COOKIE",
    "DEFAULT",
    "LANGUAGES",
    "Language",
    "catalogue",
    "current_language",
    "known",
    "plural",
    "t",
]

DEFAULT: Final[Language] = "fr"
COOKIE: Final = "pad_language"


def t(key: str, language: str, **params: object) -> str:
    """Return the text of ``key`` in ``language`` with its placeholders filled.

    Parameters
    ----------
    key
        ``page.block.thing`` as in the catalogues.
    language
        ``"fr"`` or ``"en"``.
    **params
        One value for each ``{placeholder}`` of the text, already formatted for reading.

    Raises
    ------
    KeyError
        The key or a placeholder is unknown: a fault of the program, found by the tests.
    """
    return catalogue(known(language))[key].format(**params)


def plural(key: str, count: int, language: str, **params: object) -> str:
    """Return ``key.one`` or ``key.other`` for ``count``, which the text reads as ``{count}``.

    French counts 0 and 1 as singular, English only 1.
    """
    singular = abs(count) < 2 if language == "fr" else count == 1
    form = "one" if singular else "other"
    return t(f"{key}.{form}", language, **{"count": locale.number(count, known(language)), **params})


def known(language: object) -> Language:
    """Return ``language`` if it is one of ours, else French: a value of the browser is never trusted."""
    return "en" if language == "en" else DEFAULT


def current_language() -> Language:
    """Return the language of the request: its cookie, else what the browser asks for, else the setting."""
    if not flask.has_request_context():
        return DEFAULT
    chosen = flask.request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return known(chosen)
    # Not `best_match`: it prefers an exact "fr" of low quality to a first choice of "en-GB".
    asked = (tag.split("-")[0].lower() for tag in flask.request.accept_languages.values())
    ours = (tag for tag in asked if tag in LANGUAGES)
    return known(next(ours, flask.current_app.config.get("PAD_LANGUAGE", DEFAULT)))


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return all texts of a language, flat: ``{"page.block.thing": text}``."""
    text = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
