"""The slides for those who decide: the note's figures, one assertion a slide."""

from __future__ import annotations

from typing import Any

from model import dictionary, locale
from model.card import model_card
from model.drift import noise_line
from training.report import figures, words
from training.report.facts import Facts
from training.report.note import (
    FR,
    bullets,
    drawings,
    fairness_words,
    of_card,
    tables,
    values,
)
from training.report.words import count, number, percent

_BINS = 10


def slides_data(facts: Facts) -> dict[str, Any]:
    """What ``slides.typ`` reads."""
    card = model_card(facts.bundle, FR, fictional=facts.fictional)
    found = {**drawings(facts), "roc": roc(facts), "rows": rows_of_tables(facts)}
    return words.french(
        {
            "language": FR,
            "title": "Prêt à dépenser : accorder un crédit en connaissance de cause",
            "v": {**values(facts), **more_values(facts)},
            "t": {**tables(facts, card), "performance": of_card(card, "performance")},
            "f": {name: drawing.as_json() for name, drawing in found.items()},
            "fairness": fairness_words(card),
            "limits": bullets(card, "limits"),
        }
    )


def more_values(facts: Facts) -> dict[str, str]:
    """Figures that only the slides tell."""
    metrics, policy = facts.evaluation["metrics"], facts.bundle.policy
    ranked = sorted(facts.bundle.importance["themes"].items(), key=lambda item: -item[1]["mean"])
    clients = facts.evaluation["clients"]
    comparison = {row["name"]: row for row in facts.needed("comparison")["rows"]}
    logistic = comparison.get("logistic")
    return {
        "first_theme": dictionary.theme_label(ranked[0][0], FR),
        "second_theme": dictionary.theme_label(ranked[1][0], FR),
        "ks": number(metrics["ks"]["value"]),
        "gini": number(metrics["gini"]["value"]),
        "ece": locale.points(100 * metrics["ece"]["value"], FR, signed=False, short=True),
        "noise": locale.points(100 * metrics["ece_noise_floor"]["value"], FR, signed=False, short=True),
        "logistic_auc": number(logistic["metrics"]["auc"]["value"]) if logistic else "",
        "noise_line": number(noise_line(_BINS, 1_000, clients), 3),
        "income_cap": percent(policy.income_cap, 0),
        "age": age_words(facts),
        "imbalance_short": words.imbalance_short(facts.needed("imbalance")["rows"]),
        "raw": words.raw_costs(facts.needed("imbalance")["rows"]),
        "calibration_short": words.calibration_short(metrics["ece"], metrics["ece_noise_floor"]),
        "neighbours": count(facts.bundle.intervals.neighbours),
    }


def age_words(facts: Facts) -> str:
    """Whether the lender has both variants before him."""
    found = {row["variant"] for row in (facts.searches["release"] or {}).get("age", ())}
    if {"excluded", "used"} <= found:
        return (
            "La question de l’âge est posée au prêteur, ses deux variantes chiffrées dans la fiche du modèle."
        )
    return "La question de l’âge reste à chiffrer sur ces données (`python -m training release`)."


def roc(facts: Facts) -> figures.Drawing:
    """The curve, with the operated point."""
    evaluation, cutoff = facts.evaluation, facts.bundle.policy.cutoff
    curve = evaluation["cut_off"]
    i = min(range(len(curve["cut_off"])), key=lambda j: abs(curve["cut_off"][j] - cutoff))
    good = evaluation["clients"] - evaluation["defaults"]
    point = (curve["refused_good"][i] / good, curve["refused_bad"][i] / evaluation["defaults"])
    return figures.roc(evaluation["roc"], point)


def rows_of_tables(facts: Facts) -> figures.Drawing:
    """Rows of each table of the lake."""
    return figures.table_rows({name: table["rows"] for name, table in facts.manifest["tables"].items()})
