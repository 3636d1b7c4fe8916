"""Sentences of the papers: each case says what its figures say, in French with its spaces."""

from __future__ import annotations

import copy

import pytest

from tests import searched
from tests.searched import estimate
from training.report import words
from training.report.facts import MeanFile
from training.report.figures import steps_of

NBSP = "\u00a0"


def rows_with(aucs: dict[str, float], *, half: float = 0.002, costs: dict[str, float] | None = None):
    """The table of imbalance with other differences of AUC, and of calibrated cost."""
    rows = copy.deepcopy(searched.imbalance()["rows"])
    for row in rows:
        if row["difference"]:
            row["difference"]["auc"] = estimate(aucs.get(row["name"], 0.0), half)
            row["difference"]["cost_per_file"] = estimate((costs or {}).get(row["name"], 0.0), 0.001)
    return rows


@pytest.mark.parametrize(
    ("gap", "high_is_better", "said"),
    [
        (estimate(0.01, 0.005), True, "better"),
        (estimate(-0.01, 0.005), True, "worse"),
        (estimate(0.01, 0.02), True, "same"),
        (estimate(0.01, 0.005), False, "worse"),
        (estimate(-0.01, 0.005), False, "better"),
        (estimate(0.01, 0.01), True, "same"),
    ],
)
def test_a_difference_is_a_gain_only_when_its_interval_excludes_zero(gap, high_is_better, said):
    assert words.verdict(gap, high_is_better=high_is_better) == said


NAMES = [row["name"] for row in searched.imbalance()["rows"][1:]]


@pytest.mark.parametrize(
    ("aucs", "said"),
    [
        ({"over": 0.01}, "Un traitement classe mieux que de ne rien faire : sur-échantillonnage."),
        (dict.fromkeys(NAMES, -0.01), "Tous les traitements classent moins bien que de ne rien faire."),
        ({"smote": -0.01, "smotenc": -0.01}, "2 classent moins bien (SMOTE et SMOTENC)."),
        ({"smote": -0.01}, "un classe moins bien (SMOTE)."),
        ({}, "Aucun traitement ne classe mieux ou moins bien"),
    ],
)
def test_the_order_of_the_treatments_is_told_as_it_is(aucs, said):
    assert said in words.imbalance_answer(rows_with(aucs))


@pytest.mark.parametrize(
    ("aucs", "said"),
    [({"over": 0.01}, "au moins classe mieux"), (dict.fromkeys(NAMES, -0.01), "Tous"), ({}, "ne fait mieux")],
)
def test_the_title_says_the_same(aucs, said):
    assert said in words.imbalance_short(rows_with(aucs))


@pytest.mark.parametrize(("cheap", "said"), [(0, "tous"), (3, "4 sur 7"), (7, "aucun")])
def test_raw_costs_are_counted(cheap, said):
    rows = rows_with({})
    for row in rows[1 : 1 + cheap]:
        row["raw"]["cost_per_file"]["value"] = 0.1

    assert f"Sans calibration, {said} " in words.raw_costs(rows)


@pytest.mark.parametrize(("everyone", "said"), [(0.8, "plus que de"), (0.95, "moins que de")])
def test_the_dearest_raw_cost_is_compared_with_accepting_everyone(everyone, said):
    assert said in words.dearest_raw(rows_with({}), everyone)


@pytest.mark.parametrize(
    ("spread", "said"),
    [(0.01, "répare"), (0.3, "réduit"), (0.6, "ne réduit pas")],
)
def test_what_calibration_repairs_is_measured(spread, said):
    rows = rows_with({})
    for i, row in enumerate(rows):
        row["calibrated"]["cost_per_file"]["value"] = 0.5 + spread * i / (len(rows) - 1)

    assert said in words.calibration_repairs(rows)


def test_a_treatment_that_costs_less_for_sure_questions_the_default():
    assert "est à revoir" in words.retained_treatment(rows_with({}, costs={"over": -0.05}))
    assert "aucun traitement ne coûte moins" in words.retained_treatment(rows_with({}))


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        (
            {"dummy": -0.2, "logistic": -0.02, "kernel-replica": 0.0},
            "ne se distingue pas de « noyau public ».",
        ),
        (
            {"dummy": -0.2, "logistic": 0.02, "kernel-replica": 0.0},
            "moins bien que « régression logistique ».",
        ),
        (
            {"dummy": -0.2, "logistic": -0.2, "kernel-replica": -0.2},
            "classe mieux que « sans modèle », « rég",
        ),
    ],
)
def test_models_are_ranked_by_paired_differences(gaps, said):
    rows = copy.deepcopy(searched.comparison()["rows"])
    for row in rows:
        if row["difference"]:
            row["difference"]["auc"] = estimate(gaps[row["name"]], 0.005)

    assert said in words.comparison_answer(rows, "lightgbm")


@pytest.mark.parametrize(
    ("chosen", "said"), [(200, "200 sur 614 sont gardées"), (614, "Aucun élagage n’est sans perte")]
)
def test_pruning_says_what_was_kept(chosen, said):
    assert said in words.pruning_words(searched.release(chosen=chosen), features=chosen)


def test_what_was_not_run_is_said_with_its_command():
    assert "training release" in words.pruning_words(None, features=614)
    assert "training tune" in words.tuning_words(None)


@pytest.mark.parametrize(
    ("gap", "adopted", "said"),
    [
        (-0.002, True, ["réduit la perte logarithmique, écart établi", "il est adopté"]),
        (0.0, False, ["ne se distingue pas", "la recette est gardée"]),
        (0.002, False, ["augmente la perte", "la recette est gardée"]),
    ],
)
def test_tuning_says_what_it_found(gap, adopted, said):
    told = words.tuning_words(searched.tuning(gap=gap, adopted=adopted))

    assert "30 essais, dont 12 arrêtés tôt" in told
    assert all(piece in told for piece in said)


def test_saving_nothing_is_said():
    assert "35 % de moins" in words.saving_answer(0.5, 0.77, 1 / 11).replace(NBSP, " ")
    assert "n’apporte rien ici" in words.saving_answer(0.8, 0.77, 1 / 11)


@pytest.mark.parametrize(
    ("half", "said"), [(0.765, "ce n’est pas un seuil neutre"), (0.6, "22 % de moins que de tout accorder")]
)
def test_a_cutoff_of_one_half_is_priced(half, said):
    assert said in words.half_is_not_neutral(half, 0.77).replace(NBSP, " ")


def test_the_optimum_is_inside_or_outside():
    assert "est dans l’intervalle" in words.optimum_words(0.09, estimate(0.1, 0.02))
    assert "est hors de l’intervalle" in words.optimum_words(0.09, estimate(0.2, 0.02))


@pytest.mark.parametrize(
    ("ece", "ratio", "said", "short"),
    [
        (0.004, 1.0, ["au niveau du bruit", "contient 1"], "prendre au mot"),
        (0.012, 1.0, ["proche du bruit", "contient 1"], "prendre au mot"),
        (0.04, 1.4, ["dépasse deux fois le bruit", "ne contient pas 1"], "à relire"),
    ],
)
def test_calibration_is_told_against_its_noise(ece, ratio, said, short):
    given = estimate(ece, 0.001), estimate(0.01, 0.001)

    assert all(piece in words.calibration_answer(*given, estimate(ratio, 0.1)) for piece in said)
    assert short in words.calibration_short(*given)


def test_french_spaces_do_not_break():
    told = words.french({"a": ["Oui : 5 % ; « non » ?"], "b": 3})

    assert told == {"a": [f"Oui{NBSP}: 5{NBSP}%{NBSP}; «{NBSP}non{NBSP}»{NBSP}?"], "b": 3}


def test_lists_are_joined_as_one_says_them():
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b et c"


def test_the_steps_of_the_mean_file_add_up_and_raising_ones_come_first():
    codes = {f"R{i:02}": value for i, value in enumerate([0.05, -0.02, 0.03, 0.01, -0.004, *[0.001] * 10], 1)}
    mean = MeanFile(100, True, 0.035, 0.035 + sum(codes.values()), codes)

    steps = steps_of(mean, most=4)

    assert sum(step.contribution for step in steps) == pytest.approx(sum(codes.values()))
    signs = [step.contribution > 0 for step in steps[:-1]]
    assert signs == sorted(signs, reverse=True)
    assert steps[-1].label == "11 autres codes"
