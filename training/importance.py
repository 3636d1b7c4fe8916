"""How much each reason code, theme and feature moves the probability of default.

One definition for page, API and model card: the mean over random clients of the absolute
contribution in probability. The same figure within each fold's booster shows how far it
would move with other clients in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from model.calibration import BetaCalibration
from model.contributions import Reference, contributions
from model.dictionary import CODES, THEMES, theme_of


def shap(booster: lgb.Booster, matrix: np.ndarray) -> np.ndarray:
    """TreeSHAP log-odds on both cores, float64 (n, k + 1); each row has a lone row's bits."""
    return np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=2))


def margins(booster: lgb.Booster, matrix: np.ndarray) -> np.ndarray:
    """Raw log-odds on both cores, float64 (n,)."""
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=2))


@dataclass(frozen=True, slots=True)
class Sizes:
    """Mean absolute contribution in probability: by feature (k,), by code, by theme."""

    features: np.ndarray
    codes: np.ndarray
    themes: np.ndarray


def sizes(parts: np.ndarray, by_code: np.ndarray) -> Sizes:
    """Importance over the clients of a block.

    Parameters
    ----------
    parts : (n, k) float64 contributions in probability
    by_code : (n, 41) their sums by code, from `ReasonPlan.code_sums`
    """
    membership = np.array([[theme_of(code) == theme for theme in THEMES] for code in CODES], dtype=float)
    return Sizes(
        np.abs(parts).mean(axis=0),
        np.abs(by_code).mean(axis=0),
        np.abs(by_code @ membership).mean(axis=0),
    )


def own_contributions(
    booster: lgb.Booster, matrix: np.ndarray, accepted: np.ndarray, calibration: BetaCalibration
) -> np.ndarray:
    """Contributions in probability of some clients against the accepted ones among them.

    Parameters
    ----------
    booster : of a fold, with features of its own
    matrix : (n, k) float32 sampled labelled clients, the booster's features
    accepted : (n,) which of them lie on the accept side, out of fold
    calibration : of the version

    Returns
    -------
    float64 (n, k)
    """
    phi = shap(booster, matrix)
    reference = Reference.of(phi[accepted])
    return contributions(phi, reference, calibration, margin=margins(booster, matrix)).parts


def as_tables(whole: Sizes, folds: Sequence[Sizes], features: Sequence[str], clients: int) -> dict[str, Any]:
    """``importance.json`` of the bundle."""

    def rows(names: Sequence[str], field: str) -> dict[str, Any]:
        means = getattr(whole, field)
        by_fold = np.stack([getattr(fold, field) for fold in folds])
        return {
            name: {"mean": float(means[i]), "folds": by_fold[:, i].tolist()} for i, name in enumerate(names)
        }

    return {
        "clients": clients,
        "codes": rows(CODES, "codes"),
        "themes": rows(THEMES, "themes"),
        "features": rows(features, "features"),
    }
