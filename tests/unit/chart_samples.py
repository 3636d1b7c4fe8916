"""Data of each chart as a portfolio might give it, for the tests of charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dash_app.charts import calibration, cost, dependence, importance, position, scale, waterfall
from dash_app.charts.template import LIVE, Look, Table

PARTS = (
    waterfall.Part("R01", "Notes de crédit externes", 0.050, "0,21"),
    waterfall.Part("R11", "Ancienneté dans l’emploi", 0.018, "8 mois"),
    waterfall.Part("R34", "Retard moyen des échéances", 0.0150),
    waterfall.Part("R05", "Part remboursée par échéance", -0.0070),
    waterfall.Part("R04", "Crédit / prix du bien", -0.0050),
    *(waterfall.Part(f"R{i}", f"Code {i}", 0.0001) for i in range(12, 24)),
)
BASE = 0.0352


def scale_data(pd: float = 0.1243, **changes: Any) -> scale.ScaleData:
    counts = [max(5, 900 - 20 * i) for i in range(60)] + [130]
    given: dict[str, Any] = {
        "default_probability": pd,
        "cut_off": 1 / 11,
        "zone": (0.0792, 0.1041),
        "interval": (0.097, 0.160),
        "share_below": 0.8,
    }
    return scale.data(counts, [n // 12 for n in counts], **(given | changes))


def waterfall_data(parts: tuple[waterfall.Part, ...] = PARTS, digits: int = 1) -> waterfall.WaterfallData:
    total = BASE + sum(part.contribution for part in parts)
    return waterfall.data(
        parts, base=BASE, default_probability=total, cut_off=1 / 11, digits=digits, kind="code"
    )


def position_data(here: int | None = 1, **changes: Any) -> position.PositionData:
    bins = [
        position.Bin(f"{i} à {i + 1} ans", f"{i}–{i + 1}", 400 + 10 * i, 300 + 10 * i, 40 - 3 * i)
        for i in range(9)
    ]
    bins.append(position.Bin("9 ans et plus", "≥ 9", 40, 20, 5))
    given: dict[str, Any] = {"feature": "Ancienneté dans l’emploi", "here": here, "value": "8 mois"}
    return position.data(
        bins, position.Bin("sans emploi salarié", "sans emploi salarié", 700, 600, 30), **(given | changes)
    )


def importance_data(selected: str | None = "R03") -> importance.ImportanceData:
    bars = [importance.Bar(f"R{i:02}", f"Code {i}", "Thème", 3 / i, 2.8 / i, 3.3 / i) for i in range(1, 25)]
    return importance.data(bars[::-1], kind="code", selected=selected)


def dependence_data(**changes: Any) -> dependence.DependenceData:
    given: dict[str, Any] = {
        "feature": "Ancienneté dans l’emploi",
        "column": "DAYS_EMPLOYED",
        "direction": -1,
        "line": [(float(x), 2.0 - x / 4, 1.6 - x / 4, 2.5 - x / 4, 100) for x in range(12)],
        "sample": [(x / 10, 2.0 - x / 40) for x in range(100)],
        "missing": dependence.Missing(0.18, -0.8, -1.25, -0.35, "sans emploi salarié"),
    }
    return dependence.data(**(given | changes))


def calibration_data() -> calibration.CalibrationData:
    rows = [
        {
            "n": 333,
            "predicted": 0.01 * 1.27**i,
            "observed": 0.012 * 1.25**i,
            "observed_low": 0.007 * 1.25**i,
            "observed_high": 0.02 * 1.25**i,
        }
        for i in range(15)
    ]
    return calibration.data(rows[::-1], cutoff=1 / 11)


def cost_data(cutoff: float = 1 / 11) -> cost.CostData:
    at = [0.0005 * i for i in range(1, 1201)]
    evaluation = {
        "clients": 10_000,
        "defaults": 800,
        "metrics": {"optimal_cutoff": {"value": 0.095, "low": 0.075, "high": 0.11}},
        "cut_off": {
            "cut_off": at,
            "refused_bad": [int(800 * (1 - x) ** 6) for x in at],
            "refused_good": [int(9_200 * (1 - x) ** 16) for x in at],
        },
    }
    return cost.data(evaluation, cutoff=cutoff, cost_fn=10, cost_fp=1)


def write(place: float, language: str) -> str:
    return f"{place:g} {'ans' if language == 'fr' else 'years'}"


class Drawn(NamedTuple):
    """A chart by its functions, on one sample."""

    figure: Callable[..., dict[str, Any]]
    table: Callable[[str], Table]
    sentence: Callable[[str], str]


def charts() -> dict[str, Drawn]:
    """Every chart of the product that Plotly draws, on data that exercises its branches."""
    across = position_data(across=True)
    rows = dependence_data(
        labels=("Supérieur", "Secondaire"),
        line=[(0.0, -0.2, -0.5, 0.1, 40), (1.0, 0.3, 0.1, 0.6, 160)],
        sample=(),
    )
    samples: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
        "scale": (scale, scale_data(), ()),
        "scale-low": (scale, scale_data(0.031), ()),
        "scale-near": (scale, scale_data(0.0887), ()),
        "scale-beyond": (scale, scale_data(0.47, interval=(0.4, 0.55)), ()),
        "waterfall": (waterfall, waterfall_data(), ()),
        "waterfall-exact": (waterfall, waterfall_data(digits=2), ()),
        "position": (position, position_data(), ()),
        "position-missing": (position, position_data(here=10), ()),
        "position-rows": (position, across, ()),
        "importance": (importance, importance_data(), ()),
        "importance-far": (importance, importance_data("R24"), ()),
        "calibration": (calibration, calibration_data(), ()),
        "cost": (cost, cost_data(), ()),
        "cost-high": (cost, cost_data(0.4), ()),
        "dependence": (dependence, dependence_data(), (write,)),
        "dependence-full": (dependence, dependence_data(missing=None, direction=0), (write,)),
        "dependence-rows": (dependence, rows, (write,)),
    }
    return {name: _drawn(*sample) for name, sample in samples.items()}


def _drawn(module: Any, data: Any, more: tuple[Any, ...]) -> Drawn:
    def figure(language: str, *, narrow: bool = False, look: Look = LIVE) -> dict[str, Any]:
        return module.figure(data, language, *more, narrow=narrow, look=look)

    return Drawn(
        figure,
        lambda language: module.table(data, language, *more),
        lambda language: module.sentence(data, language, *more),
    )
