"""``/health/live``: the process breathes. ``/health/ready``: it can answer, and if not, why."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app

from dash_app import champion
from dash_app.store.engine import Store
from dash_app.store.records import records
from model.errors import UnavailableError


def register(server: Flask) -> None:
    routes = Blueprint("health", __name__, url_prefix="/health")

    @routes.get("/live")
    def live() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/ready")
    def ready() -> tuple[dict[str, Any], int]:
        state = champion.status()
        store = _store_state(records().store)
        whole = state.serving and store == "ok"
        body = {
            "status": "ready" if whole else "not ready",
            "bundle": state.bundle,
            "clients": state.clients,
            "store": store,
        }
        # It may name a file of this machine: in production it is for the log alone.
        if state.detail and current_app.config["PAD_SETTINGS"].demo:
            body["detail"] = state.detail
        return body, 200 if whole else 503

    server.register_blueprint(routes)


def _store_state(store: Store) -> str:
    try:
        store.check_writable()
    except UnavailableError:
        return "not writable"
    return "ok"
