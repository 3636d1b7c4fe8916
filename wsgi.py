"""The front door: puts the server, the pages and their callbacks together.

gunicorn, the Procfile and the tests enter here. ``wsgi:server`` is made when it is first
asked for, from the environment; ``build`` makes one from given settings.
"""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask

import callbacks.client
import callbacks.importance
import callbacks.model_card
import callbacks.shell
import callbacks.worklist
import pages.client
import pages.importance
import pages.model_card
import pages.not_found_404
import pages.sign_in
import pages.unavailable_503
import pages.worklist
from dash_app.errors import PadError
from dash_app.server import create_app
from dash_app.settings import Settings, load_settings

PAGES: tuple[Any, ...] = (
    pages.worklist,
    pages.client,
    pages.importance,
    pages.model_card,
    pages.sign_in,
    pages.not_found_404,
    pages.unavailable_503,
)
CALLBACKS: tuple[Any, ...] = (
    callbacks.shell,
    callbacks.worklist,
    callbacks.client,
    callbacks.importance,
    callbacks.model_card,
)


def build(settings: Settings) -> Flask:
    """The whole application."""
    return create_app(settings, pages=PAGES, callbacks=CALLBACKS)


def __getattr__(name: str) -> Any:
    if name != "server":
        raise AttributeError(name)
    try:
        made = build(load_settings())
    except PadError as error:
        sys.stderr.write(f"error: {error.detail}\n")
        sys.exit(1)
    globals()["server"] = made
    return made
