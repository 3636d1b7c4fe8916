"""Pictures of an evaluation for the MLflow run; screens draw their own from the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib.figure import Figure

from training.evaluation import Costs, Estimate

_SIZE = (5.2, 4.0)


def figures(
    evaluation: Mapping[str, Any],
    metrics: Mapping[str, Estimate],
    costs: Costs,
    importance: Mapping[str, Any],
) -> dict[str, Figure]:
    """File name → figure: ROC, calibration, cost by cut-off, importance by code."""
    return {
        "roc.png": _roc(evaluation["roc"], metrics["auc"]),
        "calibration.png": _calibration(evaluation["calibration"], metrics),
        "cost.png": _cost(evaluation, metrics, costs),
        "importance.png": _importance(importance["codes"]),
    }


def intervals(
    title: str, across: str, rows: Mapping[str, Estimate], *, reference: float | None = None
) -> Figure:
    """One dot with its interval a row, the first on top.

    Parameters
    ----------
    title, across : words over and under the axis
    rows : label → estimate
    reference : value that a vertical line marks
    """
    figure, axes = _figure(title, across, "")
    height = np.arange(len(rows))[::-1]
    if reference is not None:
        axes.axvline(reference, linestyle="--", color="0.6")
    for at, estimate in zip(height, rows.values(), strict=True):
        bounds = [[estimate.value - estimate.low], [estimate.high - estimate.value]]
        axes.errorbar(estimate.value, at, xerr=bounds, fmt="o", color="C0", markersize=5)
    axes.set_yticks(height, list(rows))
    return figure


def _figure(title: str, across: str, up: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _roc(roc: Mapping[str, Any], auc: Estimate) -> Figure:
    figure, axes = _figure(f"ROC, out of fold: AUC {auc}", "refused among repaid", "refused among defaulted")
    axes.plot([0, 1], [0, 1], color="0.8")
    axes.plot(roc["fpr"], roc["tpr"])
    return figure


def _calibration(rows: list[Mapping[str, float]], metrics: Mapping[str, Estimate]) -> Figure:
    title = f"Calibration: ECE {metrics['ece'].value:.4f} (noise {metrics['ece_noise_floor'].value:.4f})"
    figure, axes = _figure(title, "predicted", "observed")
    predicted, observed = ([row[name] for row in rows] for name in ("predicted", "observed"))
    bounds = [
        [row["observed"] - row["observed_low"] for row in rows],
        [row["observed_high"] - row["observed"] for row in rows],
    ]
    axes.axline((0, 0), slope=1, color="0.8")
    axes.errorbar(predicted, observed, bounds, fmt="o", markersize=4)
    return figure


def _cost(evaluation: Mapping[str, Any], metrics: Mapping[str, Estimate], costs: Costs) -> Figure:
    curve = evaluation["cut_off"]
    refused_bad, refused_good = np.array(curve["refused_bad"]), np.array(curve["refused_good"])
    cost = costs.fn * (evaluation["defaults"] - refused_bad) + costs.fp * refused_good
    best = metrics["optimal_cutoff"]
    figure, axes = _figure(f"Cost: operated {costs.cutoff:.4f}, best {best}", "cut-off", "cost per file")
    axes.axvspan(best.low, best.high, color="0.9")
    axes.plot(curve["cut_off"], cost / evaluation["clients"])
    axes.axvline(costs.cutoff, linestyle="--", color="0.4")
    axes.set_xlim(0, 0.4)
    return figure


def _importance(codes: Mapping[str, Mapping[str, Any]]) -> Figure:
    ranked = sorted(codes.items(), key=lambda item: item[1]["mean"])[-20:]
    figure, axes = _figure("Mean absolute effect by reason code", "points of probability", "")
    mean = [100 * row["mean"] for _, row in ranked]
    spread = [[100 * abs(row["mean"] - side(row["folds"])) for _, row in ranked] for side in (min, max)]
    axes.barh([code for code, _ in ranked], mean, xerr=spread, error_kw={"elinewidth": 1})
    axes.tick_params(axis="y", labelsize=7)
    return figure
