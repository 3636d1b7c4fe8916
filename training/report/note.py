"""The methodological note: values, tables and figures of its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model import dictionary, locale, reasons
from model.card import Bullets, Card, CardTable, Paragraph, cost_at, cost_of_accepting_all, model_card
from model.features import feature_names
from model.tables import HISTORY
from training.report import figures, words
from training.report.facts import Facts
from training.report.words import count, number, percent, with_span

OWN = "lightgbm"
FR = "fr"
CHAPTERS = {
    "Entraînement du modèle": 2,
    "Traitement du déséquilibre des classes": 1,
    "Fonction de coût métier, algorithme d’optimisation et métrique d’évaluation": 1,
    "Tableau de synthèse des résultats": 1,
    "Interprétabilité globale et locale du modèle": 1,
    "Limites et améliorations possibles": 1,
}
"""Chapter → pages at most."""

OTHER_ATTRIBUTES = ("family_status", "children", "region_rating", "education", "external_scores")

_HALF = 229.0
_UNSEARCHED = {
    "release": "élagage, variantes moins discriminantes et question de l’âge (`training release`)",
    "tuning": "hyperparamètres (`training tune`)",
}


def note_data(facts: Facts) -> dict[str, Any]:
    """What ``note.typ`` reads."""
    card = model_card(facts.bundle, FR, fictional=facts.fictional)
    return words.french(
        {
            "language": FR,
            "title": "Note méthodologique",
            "chapters": list(CHAPTERS),
            "v": {**values(facts), "zone_words": zone_words(card)},
            "t": tables(facts, card),
            "f": {name: drawing.as_json() for name, drawing in drawings(facts).items()},
            "fairness": fairness_words(card),
            "limits": bullets(card, "limits"),
        }
    )


def values(facts: Facts) -> dict[str, Any]:
    """Every figure of the text, written."""
    bundle, policy, params = facts.bundle, facts.bundle.policy, facts.params
    evaluation, metrics = facts.evaluation, facts.evaluation["metrics"]
    comparison, imbalance = facts.needed("comparison"), facts.needed("imbalance")
    release, tuning = facts.searches["release"], facts.searches["tuning"]
    everyone = cost_of_accepting_all(evaluation, fn=policy.cost_fn, fp=policy.cost_fp).cost
    half = cost_at(evaluation, 0.5, fn=policy.cost_fn, fp=policy.cost_fp).cost
    operated = metrics["cost_per_file"]["value"] / policy.cost_fp
    names = feature_names(bundle.vocabulary)
    excluded = sum(dictionary.excluded(name) is not None for name in names)
    constrained = sum(dictionary.direction(name) != 0 for name in bundle.features)
    low, high = policy.zone()
    trees = bundle.booster.params
    leading = figures.leading_numeric(bundle)
    codes = sorted(bundle.importance["codes"].items(), key=lambda item: -item[1]["mean"])
    total = sum(one["mean"] for _, one in codes) or 1.0
    three = sum(one["mean"] for _, one in codes[:3]) / total
    return {
        "version": str(bundle.versions["model"]),
        "date": locale.when(facts.made_at, FR),
        "source": source_of(facts),
        "clients": count(evaluation["clients"]),
        "defaults": count(evaluation["defaults"]),
        "rate": percent(metrics["default_rate"]["value"]),
        "one_in": count(1 / metrics["default_rate"]["value"]),
        "rows": count(sum(table["rows"] for table in facts.manifest["tables"].values())),
        "tables": count(len(facts.manifest["tables"])),
        "history": history_words(facts),
        "candidates": count(len(names)),
        "excluded": count(excluded),
        "features": count(len(bundle.features)),
        "constrained": count(constrained),
        "codes": count(len({code for code in map(dictionary.code_of, bundle.features) if code})),
        "folds": count(len(evaluation["folds"]["auc"])),
        "trees": count(bundle.booster.num_trees()),
        "trees_by_fold": params.get("trees_by_fold", "").strip("[]").replace(", ", " · "),
        "rate_of_learning": number(float(trees["learning_rate"]), 3),
        "leaves": count(int(trees["num_leaves"])),
        "in_leaf": count(int(trees["min_data_in_leaf"])),
        "feature_share": percent(float(trees["feature_fraction"]), 0),
        "client_share": percent(float(trees["bagging_fraction"]), 0),
        "penalty": number(float(trees["lambda_l2"]), 1),
        "a": number(bundle.calibration.a),
        "b": number(bundle.calibration.b),
        "c": number(bundle.calibration.c),
        "pruning": words.pruning_words(release, features=len(bundle.features)),
        "tuning": words.tuning_words(tuning),
        "auc": with_span(metrics["auc"]),
        "auc_value": number(metrics["auc"]["value"]),
        "auc_span": words.span(metrics["auc"]),
        "calibration": words.calibration_answer(
            metrics["ece"], metrics["ece_noise_floor"], metrics["observed_expected"]
        ),
        "imbalance": words.imbalance_answer(imbalance["rows"]),
        "dearest": words.dearest_raw(
            imbalance["rows"], policy.cost_fn * imbalance["defaults"] / imbalance["clients"]
        ),
        "repairs": words.calibration_repairs(imbalance["rows"]),
        "retained": words.retained_treatment(imbalance["rows"]),
        "imbalance_seeds": repeats(imbalance),
        "comparison": words.comparison_answer(comparison["rows"], OWN),
        "comparison_seeds": repeats(comparison),
        "cutoff": percent(policy.cutoff),
        "fn": locale.number(policy.cost_fn, FR), "fp": locale.number(policy.cost_fp, FR),
        "ratio": locale.number(policy.cost_fn / policy.cost_fp, FR),
        "zone": locale.interval(low, high, FR),
        "zone_width": number(policy.grey_halfwidth_logit, 2),
        "lgd": percent(policy.value.lgd, 0), "margin": percent(policy.value.margin, 0),
        "saving": words.saving_answer(operated, everyone, policy.cutoff),
        "saved": percent(max(0.0, 1 - operated / everyone), 0),
        "half": words.half_is_not_neutral(half, everyone),
        "optimum": words.optimum_words(policy.cutoff, metrics["optimal_cutoff"]),
        "cost": count(1_000 * operated),
        "cost_all": count(1_000 * everyone),
        "acceptance": percent(metrics["acceptance_rate"]["value"]),
        "bad_rate": percent(metrics["accepted_bad_rate"]["value"]),
        "pr_auc": with_span(metrics["pr_auc"]),
        "base": percent(bundle.base_probability),
        "explained": count(bundle.importance["clients"]),
        "strongest": reasons.label(codes[0][0], FR),
        "strongest_points": locale.points(100 * codes[0][1]["mean"], FR, signed=False, digits=2),
        "three": percent(three, 0),
        "leading": dictionary.entry(leading).label(FR) if leading else "",
        "refused": count(facts.refused.clients),
        "refused_pd": percent(facts.refused.default_probability),
        "refused_from": "que le modèle n’a pas vus" if facts.refused.unseen else "à l’issue connue",
        "refused_sum": sum_words(facts),
        "max_reasons": count(policy.max_reasons),
        "least_reason": percent(policy.min_reason_share, 0),
        "stability": stability_words(release),
        "next": next_steps(facts),
        "data": str(bundle.versions["data"])[:16],
        "code": str(bundle.versions.get("code", "")),
        "run": str(bundle.versions.get("run_id", "")),
    }  # fmt: skip


def source_of(facts: Facts) -> str:
    """Where the data come from, as the cover says it."""
    if facts.fictional:
        return "Portefeuille fictif : aucun chiffre de ce document ne décrit une banque réelle."
    return (
        f"Données : {count(facts.evaluation['clients'])} dossiers à l’issue connue de l’archive Home "
        "Credit Default "
        "Risk. Ce document ne contient que des agrégats."
    )


def history_words(facts: Facts) -> str:
    """Tables of history read, those left out named."""
    absent = [table for table in HISTORY if table in facts.manifest.get("missing", ())]
    if not absent:
        return "toutes les tables d’historique sont présentes"
    return f"sans historique pour {words.listed(absent)}, absentes de l’archive"


def sum_words(facts: Facts) -> str:
    """The mean refused file as a sum: base, what raises, what lowers."""
    mean = facts.refused
    raising = sum(value for value in mean.codes.values() if value > 0)
    lowering = sum(value for value in mean.codes.values() if value < 0)
    return (
        f"{number(100 * mean.base, 1)} + {number(100 * raising, 1)}"
        + (f" − {number(-100 * lowering, 1)}" if round(-100 * lowering, 1) else "")
        + f" = {percent(mean.default_probability)}"
    )


def stability_words(release: Mapping[str, Any] | None) -> str:
    """How often a model trained on another sample gives the same first reason."""
    kept = ((release or {}).get("stability") or {}).get("first_kept")
    if kept is None:
        return (
            "La stabilité des raisons d’un échantillon d’apprentissage à l’autre n’a pas été chiffrée "
            "sur ces données "
            "(`python -m training release`)."
        )
    return (
        "D’un échantillon d’apprentissage à l’autre, la première raison reste la même dans "
        f"{percent(kept, 0)} des cas."
    )


def next_steps(facts: Facts) -> list[str]:
    """What could be improved, as far as the figures say what is missing."""
    auc = facts.metric("auc")
    half = (auc["high"] - auc["low"]) / 2
    steps = []
    if half > 0.005:
        steps.append(
            f"**Entraîner sur l’archive complète.** L’AUC n’est connue ici qu’à {number(half, 3)} près "
            ": aucune famille de "
            "variables ne peut être jugée sur un écart plus petit."
        )
    missing = (
        facts.bundle.extra("drift.json") if "drift.json" in facts.bundle.manifest["files"] else {}
    ).get("missing", {})
    if missing.get("installments_payments", 0) > 0.5:
        steps.append(
            "**Remesurer les échéances payées** là où leur table est complète : elle est peu remplie dans "
            "ces données."
        )
    unsearched = [command for kind, command in _UNSEARCHED.items() if facts.searches[kind] is None]
    if unsearched:
        steps.append(f"**Lancer ce qui ne l’a pas été sur ces données** : {words.listed(unsearched)}.")
    steps += [
        "**Dater les demandes** : un essai hors période, et un suivi par mois de décision, en dépendent.",
        "**Observer derrière le seuil** : accorder au hasard une petite part des refus, suivie à part, "
        "est la seule façon "
        "d’apprendre comment ils auraient remboursé.",
        "**Mesurer la perte en cas de défaut et la marge** : le rapport des coûts est une hypothèse de "
        "la politique.",
        "**Reprendre la question de l’âge avec le prêteur** : la décision est la sienne, écrite et motivée.",
    ]
    return steps


def repeats(result: Mapping[str, Any]) -> str:
    """« 3 répétitions »."""
    n = len(result.get("seeds") or [0])
    return f"{n} répétitions" if n > 1 else "une répétition"


def bullets(card: Card, section: str) -> list[str]:
    """Sentences of a section of the model card."""
    return [
        item for block in card.section(section).blocks if isinstance(block, Bullets) for item in block.items
    ]


def zone_words(card: Card) -> str:
    """What models of other samples say outside the zone of review; empty where it was not measured."""
    said = [block.text for block in card.section("policy").blocks if isinstance(block, Paragraph)]
    width = "±\u00a0"
    return next((words.replace("**", "") for words in said if width in words), "")


def fairness_words(card: Card) -> list[str]:
    """Sex, age, who is over- or under-charged, the age question: one page has no room for every criterion."""
    others = [f"**{figures.attribute_name(name)}**" for name in OTHER_ATTRIBUTES]
    said = bullets(card, "fairness")
    return [words for words in said if not words.startswith((*others, "**Autres critères**"))]


# ------------------------------------------------------------------------------ tables


def tables(facts: Facts, card: Card) -> dict[str, Any]:
    """Tables by name, as ``theme.typ`` sets them."""
    return {
        "imbalance": imbalance_table(facts),
        "comparison": comparison_table(facts),
        "metrics": of_card(card, "performance"),
        "costs": of_card(card, "policy"),
        "grades": of_card(card, "policy", 1),
        "themes": of_card(card, "data"),
        "grounds": of_card(card, "data", 1),
        "expected": without(of_card(card, "performance", 1), 2),
        "versions": [list(row) for row in next(iter(card.section("versions").blocks)).rows],  # type: ignore[union-attr]
    }


def of_card(card: Card, section: str, position: int = 0) -> dict[str, Any]:
    """A table of the model card."""
    found = [block for block in card.section(section).blocks if isinstance(block, CardTable)][position]
    return {
        "caption": found.caption,
        "columns": list(found.columns),
        "rows": [list(row) for row in found.rows],
        "numeric": list(found.numeric),
        "strong": found.strong,
    }


def without(table: dict[str, Any], position: int) -> dict[str, Any]:
    """A table without one of its columns."""
    kept = [i for i in range(len(table["columns"])) if i != position]
    return {
        **table,
        "columns": [table["columns"][i] for i in kept],
        "rows": [[row[i] for i in kept] for row in table["rows"]],
        "numeric": [table["numeric"][i] for i in kept],
    }


def imbalance_table(facts: Facts) -> dict[str, Any]:
    """DECISION's table: order, then probabilities and cost before and after calibration, and time."""
    rows = facts.needed("imbalance")["rows"]
    none = next(row for row in rows if not row["difference"])
    return {
        "columns": [
            "Traitement", "Écart d’AUC", "Perte brute", "Erreur de calibration brute", "Coût brut",
            "Perte calibrée", "Coût calibré", "Temps",
        ],
        "rows": [
            [
                row["label"][FR],
                with_span(row["difference"]["auc"], signed=True) if row["difference"] else "référence",
                number(row["raw"]["log_loss"]["value"]),
                locale.points(100 * row["raw"]["ece"]["value"], FR, signed=False, short=True),
                count(1_000 * row["raw"]["cost_per_file"]["value"]),
                number(row["calibrated"]["log_loss"]["value"], 4),
                count(1_000 * row["calibrated"]["cost_per_file"]["value"]),
                f"× {number(row['seconds'] / (none['seconds'] or 1), 1)}",
            ]
            for row in rows
        ],
        "numeric": [False] + [True] * 7,
        "strong": rows.index(none),
    }  # fmt: skip


def comparison_table(facts: Facts) -> dict[str, Any]:
    """Every model on the same folds, and its paired difference to the operated one."""
    rows = facts.needed("comparison")["rows"]
    return {
        "columns": [
            "Modèle", "Variables", "AUC", "Écart d’AUC", "Perte", "Brier", "Coût", "Temps",
        ],
        "rows": [
            [
                row["label"][FR],
                count(row["features"]),
                with_span(row["metrics"]["auc"]),
                with_span(row["difference"]["auc"], signed=True) if row["difference"] else "référence",
                number(row["metrics"]["log_loss"]["value"], 4),
                number(row["metrics"]["brier"]["value"], 4),
                count(1_000 * row["metrics"]["cost_per_file"]["value"]),
                f"{count(row['seconds'])} s" if row["seconds"] >= 1 else "< 1 s",
            ]
            for row in rows
        ],
        "numeric": [False] + [True] * 7,
        "strong": next((i for i, row in enumerate(rows) if row["name"] == OWN), None),
    }  # fmt: skip


# ------------------------------------------------------------------------------ figures


def drawings(facts: Facts) -> dict[str, figures.Drawing]:
    """Figures by name."""
    bundle, evaluation, policy = facts.bundle, facts.evaluation, facts.bundle.policy
    imbalance, release = facts.needed("imbalance"), facts.searches["release"]
    found = {
        "folds": figures.folds(_HALF, parts=len(evaluation["folds"]["auc"])),
        "fold_scores": figures.fold_scores(evaluation["folds"]["auc"], evaluation["metrics"]["auc"], _HALF),
        "imbalance": figures.imbalance(
            imbalance["rows"],
            accept_all=1_000 * policy.cost_fn * imbalance["defaults"] / imbalance["clients"],
        ),
        "cost": figures.cost_curve(evaluation, cutoff=policy.cutoff, fn=policy.cost_fn, fp=policy.cost_fp),
        "calibration": figures.calibration(evaluation["calibration"], cutoff=policy.cutoff),
        "comparison": figures.comparison(facts.needed("comparison")["rows"], own=OWN),
        "importance": figures.importance(bundle.importance["codes"]),
        "waterfall": figures.waterfall(facts.refused, cutoff=policy.cutoff),
    }
    leading = figures.leading_numeric(bundle)
    if leading:
        found["dependence"] = figures.dependence(bundle, leading)
    if release:
        found["pruning"] = figures.pruning(release["pruning"])
    if "drift.json" in bundle.manifest["files"]:
        found["reasons"] = figures.first_reasons(bundle.extra("drift.json")["first_reasons"])
    if "fairness.json" in bundle.manifest["files"]:
        found["fairness"] = figures.fairness(bundle.extra("fairness.json"))
    return found
