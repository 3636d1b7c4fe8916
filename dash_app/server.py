"""The factory: one Flask server with its pages, callbacks and API, from one settings object.

Nothing happens at import. Dash keeps global state, so one process makes one application.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from dash import Input
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from dash_app import failures, health
from dash_app.api import routes
from dash_app.champion import Champion
from dash_app.security import rights
from dash_app.security.compression import register_compression
from dash_app.security.guard import Guard
from dash_app.security.headers import Headers
from dash_app.security.register import GuardedDash, RegistrationError
from dash_app.security.sessions import Sessions, register_sign_in
from dash_app.settings import Settings
from dash_app.store.engine import Store
from dash_app.store.records import Records
from dash_app.ui import document, shell

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def create_app(
    settings: Settings,
    *,
    pages: Collection[ModuleType] = (),
    callbacks: Collection[ModuleType] = (),
) -> Flask:
    """Make the server.

    Parameters
    ----------
    settings : every choice of the operator
    pages : modules with ``PAGE`` and ``layout``, in the order of the menu
    callbacks : modules with ``register(app)``

    Returns
    -------
    Flask : a WSGI application; ``extensions`` holds ``pad_champion``, ``pad_records``, ``pad_dash``

    Raises
    ------
    RegistrationError : a page, callback or route declares no rights
    model.errors.PadError : the store cannot be used, or production has nothing to serve
    """
    logging.getLogger("dash_app").setLevel(settings.log_level)
    server = Flask("dash_app", static_folder=None)
    server.config.update(PAD_SETTINGS=settings, PAD_LANGUAGE=settings.language)
    store = Store(settings.store_path)
    store.prepare()
    champion = Champion(settings.paths, currency=settings.currency)
    records = Records(store)
    records.sessions.remove_before(started=datetime.now(UTC) - timedelta(hours=settings.session_hours))
    sessions = Sessions(records.sessions, settings.signing_key(), settings)
    server.extensions.update(pad_records=records, pad_champion=champion)
    _load_champion(champion, settings)

    register_sign_in(server, sessions, settings)
    health.register(server)
    failures.register(server)
    if settings.shows_api:
        routes.register(server)
    dash_app = _make_pages(server, pages, callbacks) if settings.shows_pages else None
    server.extensions["pad_dash"] = dash_app
    register_compression(server)
    server.after_request(failures.mark_unknown_pages)
    Headers(dash_app, settings).register(server)
    Guard(dash_app, settings, sessions).register(server)
    _finish(server, dash_app)
    # SQLite must not be carried through a fork, not even to be closed there; each worker opens its own.
    store.close()
    if settings.proxy_hops:
        hops = settings.proxy_hops
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return server


def _load_champion(champion: Champion, settings: Settings) -> None:
    """Load before the fork, so that workers share it; production does not start with nothing."""
    champion.refresh()
    if not settings.demo:
        champion.current()


def _make_pages(
    server: Flask,
    pages: Collection[ModuleType],
    callbacks: Collection[ModuleType],
) -> GuardedDash:
    app = GuardedDash(
        "dash_app",
        server=server,
        assets_folder=str(ASSETS),
        use_pages=True,
        pages_folder="",
        routing_callback_inputs={"language": Input("language", "data")},
        assets_ignore=document.ASSETS_IGNORE,
        update_title="",
        serve_locally=True,
        suppress_callback_exceptions=True,
        include_pages_meta=False,
        enable_mcp=False,
        add_log_handler=False,
    )
    document.install(app)
    app.layout = shell.layout
    app.register_pages(pages)
    for module in callbacks:
        module.register(app)
    return app


def _finish(server: Flask, app: GuardedDash | None) -> None:
    """Let Dash finish its own registration, then hold everything against the rights."""
    for rule in server.url_map.iter_rules():
        if rule.endpoint not in rights.ROUTES:
            raise RegistrationError(f"route {rule.rule} ({rule.endpoint}) declares no rights")
    if app is not None:
        app.finish_setup()
        app.check_registration()
