"""Results of searches as MLflow keeps them, made up: what the papers are tested on where none was run."""

from __future__ import annotations

from typing import Any


def estimate(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def _metrics(auc: float, log_loss: float, cost: float, *, ece: float = 0.008) -> dict[str, Any]:
    return {
        "auc": estimate(auc, 0.026),
        "log_loss": estimate(log_loss, 0.016),
        "brier": estimate(0.065 + (log_loss - 0.238) / 4, 0.005),
        "ece": estimate(ece, 0.003),
        "cost_per_file": estimate(cost, 0.045),
        "acceptance_rate": estimate(0.73, 0.012),
    }


def _gap(auc: float, half: float = 0.006, *, log_loss: float = 0.0, cost: float = 0.0) -> dict[str, Any]:
    return {
        "auc": estimate(auc, half),
        "log_loss": estimate(log_loss, 0.001),
        "cost_per_file": estimate(cost, 0.02),
        "brier": estimate(0.0, 0.001),
    }


def _head(kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "data": "0" * 64,
        "clients": 5_000,
        "defaults": 386,
        "seeds": [0, 1, 2],
        "made_at": "2026-11-25T18:51:55+00:00",
        "cutoff": 1 / 11,
    }


def comparison() -> dict[str, Any]:
    rows = [
        ("dummy", "sans modèle", 0, 0.2, 0.500, 0.2716, 0.772, -0.259),
        ("logistic", "régression logistique", 140, 9.0, 0.742, 0.2432, 0.523, -0.016),
        ("lightgbm", "LightGBM opéré", 200, 41.0, 0.758, 0.2390, 0.503, None),
        ("kernel-replica", "noyau public", 775, 66.0, 0.755, 0.2394, 0.508, -0.003),
    ]
    return {
        **_head("comparison"),
        "rows": [
            {
                "name": name,
                "label": {"fr": label, "en": name},
                "features": features,
                "seconds": seconds,
                "metrics": _metrics(auc, loss, cost),
                "difference": None if gap is None else _gap(gap),
            }
            for name, label, features, seconds, auc, loss, cost, gap in rows
        ],
    }


def imbalance() -> dict[str, Any]:
    rows = [
        ("none", "aucun", 12.0, 0.239, 0.006, 0.503, 0.2390, 0.503, None),
        ("weight_balanced", "poids équilibrés", 12.4, 0.530, 0.300, 0.851, 0.2391, 0.504, 0.0002),
        ("weight_sqrt", "poids, racine", 11.0, 0.301, 0.115, 0.680, 0.2390, 0.502, -0.0004),
        ("under_1_1", "sous-échantillonnage 1 : 1", 2.1, 0.585, 0.335, 0.912, 0.2421, 0.521, -0.0112),
        ("under_1_3", "sous-échantillonnage 1 : 3", 3.0, 0.326, 0.140, 0.741, 0.2402, 0.508, -0.0034),
        ("over", "sur-échantillonnage", 14.0, 0.480, 0.262, 0.843, 0.2397, 0.506, -0.0022),
        ("smote", "SMOTE", 40.0, 0.253, 0.027, 0.556, 0.2431, 0.531, -0.0163),
        ("smotenc", "SMOTENC", 210.0, 0.278, 0.068, 0.661, 0.2502, 0.569, -0.0400),
    ]
    return {
        **_head("imbalance"),
        "features": 614,
        "rows": [
            {
                "name": name,
                "label": {"fr": label, "en": name},
                "seconds": seconds,
                "raw": _metrics(0.758, raw_loss, raw_cost, ece=ece),
                "calibrated": _metrics(0.758, loss, cost),
                "difference": None if gap is None else _gap(gap, 0.005, cost=cost - 0.503),
            }
            for name, label, seconds, raw_loss, ece, raw_cost, loss, cost, gap in rows
        ],
    }


def tuning(*, gap: float = -0.0002, half: float = 0.0006, adopted: bool = False) -> dict[str, Any]:
    trials = [
        {
            "number": i,
            "value": 0.2390 - 0.00002 * i,
            "state": state,
            "params": {"num_leaves": 15},
            "seconds": 9.0,
        }
        for i, state in enumerate(["COMPLETE"] * 18 + ["PRUNED"] * 12)
    ]
    return {
        **_head("tuning"),
        "trials": trials,
        "best": {**trials[17], "metrics": _metrics(0.759, 0.2388, 0.502)},
        "baseline": {**trials[0], "metrics": _metrics(0.758, 0.2390, 0.503)},
        "difference": {"log_loss": estimate(gap, half), "auc": estimate(0.001, 0.003)},
        "space": {},
        "adopted": adopted,
    }


def release(*, chosen: int = 200) -> dict[str, Any]:
    losses = {30: 0.0014, 60: 0.0008, 120: 0.0004, 200: 0.0001, 300: 0.0, 614: 0.0002}
    ratios = {
        "sex": {**estimate(0.92, 0.04), "group": "M"},
        "age": {**estimate(0.40, 0.07), "group": "under_25"},
    }
    used = {**ratios, "age": {**estimate(0.46, 0.07), "group": "under_25"}}
    return {
        **_head("release"),
        "candidates": 614,
        "pruning": {
            "curve": [
                {
                    "k": k,
                    "log_loss": estimate(0.239 + gap, 0.016),
                    "auc": estimate(0.758 - 3 * gap, 0.026),
                    "difference": estimate(gap, 0.0006),
                    "standard_error": 0.0003,
                    "seconds": 20.0,
                }
                for k, gap in losses.items()
            ],
            "best": 300,
            "chosen": chosen,
        },
        "alternatives": [
            {
                "name": name,
                "dropped": [],
                "freed": [],
                "auc": estimate(0.758 - i / 1_000, 0.026),
                "cost_per_file": estimate(0.503 + i / 500, 0.045),
                "ratios": ratios if i < 2 else used,
                "difference": _gap(-i / 1_000, cost=i / 500),
                "standard_error": 0.006,
                "ask": i == 2,
            }
            for i, name in enumerate(["base", "without R11", "without R12"])
        ],
        "age": [
            {
                "variant": name,
                "auc": estimate(auc, 0.026),
                "cost_per_file": estimate(0.503, 0.045),
                "log_loss": estimate(0.239, 0.016),
                "ratios": found,
                "gaps": {},
                "oe": {},
            }
            for name, auc, found in (
                ("excluded", 0.758, ratios),
                ("used", 0.760, used),
                ("used+sex", 0.761, used),
            )
        ],
        "stability": {"first_kept": 0.81, "four_kept": 0.74, "seen": False},
        "review_zone": {"rows": [], "seen": False},
    }


def all_of_them() -> dict[str, Any]:
    """Kind → result."""
    return {"comparison": comparison(), "imbalance": imbalance(), "tuning": tuning(), "release": release()}
