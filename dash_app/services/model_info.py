"""What the model and the policy in force are, as plain JSON-able values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dash_app import champion
from dash_app.champion import Serving
from dash_app.security.rights import Action, User, authorise


def model_facts(user: User) -> dict[str, Any]:
    """Versions, data and out-of-fold figures of the model in force."""
    serving = _serving(user)
    bundle, book = serving.bundle, serving.book
    known = sum(row.n for row in bundle.grades)
    defaults = sum(row.defaults for row in bundle.grades)
    return {
        "model": str(bundle.versions["model"]),
        "bundle": f"sha256:{bundle.digest}",
        "clients": f"sha256:{book.digest}" if book else None,
        "policy": serving.policy.version,
        "trained_at": bundle.versions.get("trained_at"),
        "versions": {name: bundle.versions.get(name) for name in ("code", "data", "reasons", "libraries")},
        "features": len(bundle.features),
        "fictional": serving.fictional,
        "currency": serving.currency,
        "base_probability": bundle.base_probability,
        "clients_in_book": len(book) if book else 0,
        "training": {"clients": known, "defaults": defaults},
        "metrics": dict(bundle.evaluation.get("metrics", {})),
        "grades": [asdict(row) for row in bundle.grades],
    }


def feature_list(user: User, *, language: str) -> list[dict[str, Any]]:
    """Every feature that the model reads, in its order, with words and training range."""
    from model import dictionary

    bundle = _serving(user).bundle
    found = []
    for column, name in enumerate(bundle.features):
        entry = dictionary.entry(name)
        low, high = float(bundle.low[column]), float(bundle.high[column])
        found.append(
            {
                "name": name,
                "label": entry.label(language),
                "unit": entry.unit,
                "code": dictionary.code_of(name),
                "theme": entry.theme,
                "direction": dictionary.direction(name),
                "low": None if low != low else low,
                "high": None if high != high else high,
                "missing_rate": float(bundle.missing_rate[column]),
            }
        )
    return found


def policy_facts(user: User) -> dict[str, Any]:
    """The policy in force: cut-off, zone, costs, limits."""
    policy = _serving(user).policy
    low, high = policy.zone()
    return {**policy.as_json(), "review_zone": {"low": low, "high": high}}


def reason_catalogue(user: User, *, language: str) -> dict[str, Any]:
    """Every reason code with its label and theme."""
    from model import dictionary, reasons

    authorise(user, Action.READ_MODEL)
    return {
        "version": reasons.CATALOGUE_VERSION,
        "reasons": [
            {
                "code": code,
                "label": reasons.label(code, language),
                "theme": dictionary.theme_of(code),
                "theme_label": dictionary.theme_label(dictionary.theme_of(code), language),
            }
            for code in reasons.CODES
        ],
    }


def _serving(user: User) -> Serving:
    authorise(user, Action.READ_MODEL)
    return champion.current()
