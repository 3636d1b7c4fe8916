"""Figures of the papers: marks stay on their sheet, take their colours from the tokens, and have words."""

from __future__ import annotations

import numpy as np
import pytest

from dash_app.ui.tokens import COLOURS
from model.policy import Policy
from tests import searched
from training.evaluation import Costs, curves, evaluate
from training.fairness import as_json, fairness_tables
from training.report import figures
from training.report.drawing import Drawing, Scale, nice_ticks, percents, plain_numbers
from training.report.facts import MeanFile
from training.report.typeset import colours

WIDEST_LETTER = 0.62
"""Of a letter's size: what a label takes at most, on average."""


def evaluation() -> dict:
    random = np.random.default_rng(3)
    pd_ = 1 / (1 + np.exp(2.9 - random.normal(size=2_000)))
    outcome = (random.random(2_000) < pd_).astype(np.int8)
    metrics = evaluate(outcome, pd_, costs=Costs.theoretical(), draws=40)
    groups = {"sex": np.where(random.random(2_000) < 0.6, "F", "M").astype(object)}
    return {
        "clients": 2_000,
        "defaults": int(outcome.sum()),
        "metrics": {name: {"value": e.value, "low": e.low, "high": e.high} for name, e in metrics.items()},
        "fairness": as_json(
            fairness_tables(groups, outcome, pd_, Policy.theoretical(), draws=40), Policy.theoretical(),
            clients=2_000,
        ),
        **curves(outcome, pd_),
    }  # fmt: skip


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawing]:
    found = evaluation()
    codes = {f"R{i:02}": {"mean": 0.03 / i, "folds": [0.028 / i, 0.034 / i]} for i in range(1, 20)}
    mean = MeanFile(80, True, 0.03, 0.15, {f"R{i:02}": 0.12 / 19 for i in range(1, 20)})
    cut = {"cutoff": 1 / 11, "fn": 10.0, "fp": 1.0}
    return {
        "folds": figures.folds(),
        "fold_scores": figures.fold_scores([0.74, 0.76, 0.77], found["metrics"]["auc"]),
        "pruning": figures.pruning(searched.release()["pruning"]),
        "imbalance": figures.imbalance(searched.imbalance()["rows"], accept_all=772),
        "cost": figures.cost_curve(found, **cut),
        "cost_en": figures.cost_curve(found, **cut, language="en"),
        "calibration": figures.calibration(found["calibration"], cutoff=1 / 11),
        "comparison": figures.comparison(searched.comparison()["rows"], own="lightgbm"),
        "importance": figures.importance(codes),
        "waterfall": figures.waterfall(mean, cutoff=1 / 11),
        "reasons": figures.first_reasons({"R01": 80, "R26": 12, "R40": 1, "none": 4}),
        "fairness": figures.fairness(found["fairness"]),
        "roc": figures.roc(found["roc"], (0.25, 0.6)),
        "rows": figures.table_rows({"application": 10_000, "bureau": 49_227, "bureau_balance": 0}),
    }


NAMES = (
    "folds", "fold_scores", "pruning", "imbalance", "cost", "cost_en", "calibration", "comparison",
    "importance", "waterfall", "reasons", "fairness", "roc", "rows",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_mark_stays_on_its_sheet(drawn, name):
    drawing = drawn[name]
    for mark in drawing.marks:
        points = mark.get("p") or [[mark["x"], mark["y"]]]
        if mark["m"] == "rect":
            points = [*points, [mark["x"] + mark["w"], mark["y"] + mark["h"]]]
        for x, y in points:
            assert -1 <= x <= drawing.width + 1, mark
            assert -4 <= y <= drawing.height + 1, mark


@pytest.mark.parametrize("name", NAMES)
def test_words_do_not_run_off_the_right_end(drawn, name):
    drawing = drawn[name]
    for mark in drawing.marks:
        if mark["m"] == "text" and mark["a"] == "left":
            assert mark["x"] + WIDEST_LETTER * mark["s"] * len(mark["t"]) <= drawing.width + 6, mark


@pytest.mark.parametrize("name", NAMES)
def test_colours_are_tokens_and_every_figure_has_its_sentence(drawn, name):
    assert {mark["c"] for mark in drawn[name].marks} <= set(colours())
    assert len(drawn[name].alt) > 30


def test_the_papers_and_the_screens_have_the_same_colours():
    assert {name: colours()[name] for name in COLOURS["light"]} == dict(COLOURS["light"])


def test_a_gap_is_coloured_by_what_its_interval_allows(drawn):
    gaps = {
        row["label"]["fr"]: row["difference"] for row in searched.imbalance()["rows"] if row["difference"]
    }

    for gap in gaps.values():
        colour = figures._against_zero(gap["auc"])
        assert (colour == "c-all") == (gap["auc"]["low"] <= 0 <= gap["auc"]["high"])


def test_a_scale_is_linear_and_its_ticks_round():
    scale = Scale(0, 10, 100, 200)

    assert scale(5) == 150
    assert scale.ticks(5) == [0, 2.5, 5, 7.5, 10]
    assert nice_ticks(3, 3) == [3]
    assert plain_numbers([0.0, 0.5, 1.0]) == ["0,0", "0,5", "1,0"]
    assert percents([0.0, 0.1]) == ["0\u00a0%", "10\u00a0%"]
