"""Sentences of the papers that depend on what was found, in French.

Each takes figures and says what they say, whatever the data: better, worse or no difference
that an interval allows to claim. Templates hold the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from model import locale
from model.card import against_noise

FR = "fr"
Verdict = Literal["better", "worse", "same"]
Estimate = Mapping[str, float]


_SPACED = re.compile(r" (?=[:;?!»%])")


def french(value: Any) -> Any:
    """The same words with the spaces of French typography: none breaks before : ; ? ! % or inside « »."""
    if isinstance(value, str):
        return (
            _SPACED.sub(locale.NBSP, value).replace("« ", f"«{locale.NBSP}").replace("± ", f"±{locale.NBSP}")
        )
    if isinstance(value, Mapping):
        return {key: french(one) for key, one in value.items()}
    return [french(one) for one in value] if isinstance(value, list | tuple) else value


def count(value: float) -> str:
    return locale.number(value, FR, digits=0)


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    return locale.number(value, FR, digits=digits, signed=signed)


def percent(value: float, digits: int = 1) -> str:
    return locale.percent(value, FR, digits=digits)


def span(estimate: Estimate, digits: int = 3, *, signed: bool = False) -> str:
    """« 0,733 à 0,785 »."""
    low, high = (number(estimate[end], digits, signed=signed) for end in ("low", "high"))
    return f"{low} à {high}"


def with_span(estimate: Estimate, digits: int = 3, *, signed: bool = False) -> str:
    """« 0,759 (0,733 à 0,785) »."""
    return f"{number(estimate['value'], digits, signed=signed)} ({span(estimate, digits, signed=signed)})"


def per_thousand(estimate: Estimate) -> dict[str, float]:
    """A cost per file as a cost per 1,000 applications."""
    return {name: 1_000 * estimate[name] for name in ("value", "low", "high")}


def verdict(gap: Estimate, *, high_is_better: bool) -> Verdict:
    """What a difference with its interval allows to say: nothing where it holds zero."""
    if gap["low"] <= 0 <= gap["high"]:
        return "same"
    return "better" if (gap["value"] > 0) == high_is_better else "worse"


def listed(names: Sequence[str]) -> str:
    """« a, b et c »."""
    *first, last = names
    return f"{', '.join(first)} et {last}" if first else last


def quoted(names: Sequence[str]) -> str:
    """« a », « b » et « c »."""
    return listed([f"« {name} »" for name in names])


# ------------------------------------------------------------------------------ imbalance


def imbalance_answer(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether any treatment orders the files better than none, and what they cost before calibration."""
    treated = [row for row in rows if row["difference"]]
    told = [verdict(row["difference"]["auc"], high_is_better=True) for row in treated]
    better = [row["label"][FR] for row, one in zip(treated, told, strict=True) if one == "better"]
    worse = [row["label"][FR] for row, one in zip(treated, told, strict=True) if one == "worse"]
    if better:
        first = f"Un traitement classe mieux que de ne rien faire : {listed(better)}."
    elif len(worse) == len(treated):
        first = "Tous les traitements classent moins bien que de ne rien faire."
    elif worse:
        first = (
            "Aucun traitement ne classe mieux que de ne rien faire, et "
            + (f"{len(worse)} classent moins bien" if len(worse) > 1 else "un classe moins bien")
            + f" ({listed(worse)})."
        )
    else:
        first = "Aucun traitement ne classe mieux ou moins bien que de ne rien faire, à cette taille."
    return f"{first} {raw_costs(rows)}"


def imbalance_short(rows: Sequence[Mapping[str, Any]]) -> str:
    """The same in a title."""
    told = [verdict(row["difference"]["auc"], high_is_better=True) for row in rows if row["difference"]]
    if "better" in told:
        return "Un traitement au moins classe mieux que de ne rien faire"
    if told and all(one == "worse" for one in told):
        return "Tous les traitements classent moins bien que de ne rien faire"
    return "Aucun traitement ne fait mieux que de ne rien faire"


def raw_costs(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many treatments, left uncalibrated, cost more at the cut-off than no treatment."""
    none = next(row for row in rows if not row["difference"])
    treated = [row for row in rows if row["difference"]]
    dearer = sum(
        row["raw"]["cost_per_file"]["value"] > none["raw"]["cost_per_file"]["value"] for row in treated
    )
    if dearer == len(treated):
        return "Sans calibration, tous coûtent plus cher au seuil."
    if dearer:
        return f"Sans calibration, {dearer} sur {len(treated)} coûtent plus cher au seuil."
    return "Sans calibration, aucun ne coûte plus cher au seuil."


def dearest_raw(rows: Sequence[Mapping[str, Any]], accept_all: float) -> str:
    """The treatment whose raw probabilities cost most, against accepting everyone."""
    row = max(rows, key=lambda one: one["raw"]["cost_per_file"]["value"])
    cost = row["raw"]["cost_per_file"]["value"]
    than = "plus que de" if cost > accept_all else "moins que de" if cost < accept_all else "autant que de"
    return (
        f"Au seuil théorique, les probabilités brutes les plus chères ({row['label'][FR]}) coûtent "
        f"{count(1_000 * cost)} pour 1\u202f000 demandes, {than} tout accorder ({count(1_000 * accept_all)})."
    )


def calibration_repairs(rows: Sequence[Mapping[str, Any]]) -> str:
    """How far apart the costs are before and after calibration."""
    raw, calibrated = (
        [row[side]["cost_per_file"]["value"] for row in rows] for side in ("raw", "calibrated")
    )
    before, after = max(raw) - min(raw), max(calibrated) - min(calibrated)
    told = f"de {count(1_000 * before)} à {count(1_000 * after)}"
    if after < 0.5 * before:
        return (
            f"Une calibration ramène l’écart de coût entre traitements {told} : c’est elle qui répare "
            "l’échelle."
        )
    if after < before:
        return f"Une calibration réduit l’écart de coût entre traitements {told}, sans l’effacer."
    return f"La calibration ne réduit pas l’écart de coût entre traitements ({told})."


def retained_treatment(rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether the default, no treatment, is what the table recommends."""
    none = next(row for row in rows if not row["difference"])
    cheaper = [
        row["label"][FR]
        for row in rows
        if row["difference"] and verdict(row["difference"]["cost_per_file"], high_is_better=False) == "better"
    ]
    if cheaper:
        return (
            f"Après calibration, {listed(cheaper)} coûte moins, écart établi : le réglage retenu "
            f"({none['label'][FR]}) "
            "est à revoir sur ces données."
        )
    return (
        "Après calibration, aucun traitement ne coûte moins de façon établie : le modèle est entraîné "
        "sur les "
        "données telles qu’elles sont, et le seuil porte le coût des erreurs."
    )


# ------------------------------------------------------------------------------ comparison


def comparison_answer(rows: Sequence[Mapping[str, Any]], own: str) -> str:
    """The operated model against each other one, as the paired differences allow."""
    mine = next(row for row in rows if row["name"] == own)
    others = [row for row in rows if row["name"] != own and row["difference"]]
    # The difference is the other's less ours.
    told = {row["label"][FR]: verdict(row["difference"]["auc"], high_is_better=True) for row in others}
    behind = [name for name, one in told.items() if one == "worse"]
    ahead = [name for name, one in told.items() if one == "better"]
    level = [name for name, one in told.items() if one == "same"]
    parts = []
    if behind:
        parts.append(f"classe mieux que {quoted(behind)}")
    if level:
        parts.append(f"ne se distingue pas de {quoted(level)}")
    if ahead:
        parts.append(f"classe moins bien que {quoted(ahead)}")
    name = quoted([mine["label"][FR]])
    return f"{name} {' ; il '.join(parts)}." if parts else f"{name} n’est comparé à rien."


# ------------------------------------------------------------------------------ training


def pruning_words(release: Mapping[str, Any] | None, *, features: int) -> str:
    """How many features are kept, and by what rule."""
    if release is None:
        return (
            "L’élagage n’a pas été chiffré sur ces données (`python -m training release`) : "
            f"{count(features)} "
            "variables sont lues, selon la recette du code."
        )
    pruned = release["pruning"]
    rows = {row["k"]: row for row in pruned["curve"]}
    most = max(rows)
    chosen = rows[pruned["chosen"]]
    if pruned["chosen"] == most:
        return (
            f"Aucun élagage n’est sans perte : les {count(most)} variables candidates sont gardées, seules à "
            "moins d’une erreur-type de la meilleure perte."
        )
    return (
        f"Les variables sont classées par gain dans chaque part ; {count(pruned['chosen'])} sur "
        f"{count(most)} "
        "sont gardées : le plus petit nombre à moins d’une erreur-type de la meilleure perte logarithmique "
        f"(AUC {with_span(chosen['auc'])})."
    )


def tuning_words(tuning: Mapping[str, Any] | None) -> str:
    """What the search of the parameters found, and whether it was taken up."""
    if tuning is None:
        return (
            "La recherche d’hyperparamètres n’a pas été lancée sur ces données (`python -m training tune`) : "
            "la recette est celle du code."
        )
    states = [trial["state"] for trial in tuning["trials"]]
    pruned = states.count("PRUNED")
    loss = tuning["difference"]["log_loss"]
    told = verdict(loss, high_is_better=False)
    found = {
        "better": "le meilleur essai réduit la perte logarithmique, écart établi",
        "worse": "le meilleur essai augmente la perte logarithmique sur d’autres parts",
        "same": "le meilleur essai ne se distingue pas de la recette sur d’autres parts",
    }[told]
    kept = "il est adopté" if tuning["adopted"] else "la recette est gardée"
    # In thousandths, or the difference would round to nothing.
    gap = {name: 1_000 * loss[name] for name in ("value", "low", "high")}
    return (
        f"Optuna (TPE, graine fixée, reprise possible) a fait {count(len(states))} essais, dont "
        f"{count(pruned)} arrêtés tôt ; "
        f"{found} (en millièmes : {number(gap['value'], 2, signed=True)}, intervalle "
        f"{span(gap, 2, signed=True)}) : {kept}."
    )


# ------------------------------------------------------------------------------ cost


def saving_answer(operated: float, everyone: float, cutoff: float) -> str:
    """What the cut-off saves against accepting everyone."""
    saved = 1 - operated / everyone
    if saved > 0:
        return (
            f"Refuser à partir de {percent(cutoff)} coûte {percent(saved, 0)} de moins que de tout "
            "accorder : "
            f"{count(1_000 * operated)} contre {count(1_000 * everyone)} pour 1\u202f000 demandes."
        )
    return (
        f"Refuser à partir de {percent(cutoff)} ne coûte pas moins que de tout accorder "
        f"({count(1_000 * operated)} contre {count(1_000 * everyone)}) : le score n’apporte rien ici."
    )


def half_is_not_neutral(half: float, everyone: float) -> str:
    """What a cut-off at 50 % costs."""
    saved = 1 - half / everyone
    if saved < 0.02:
        return (
            f"Un seuil à 50 % coûterait {count(1_000 * half)}, presque autant que de tout accorder : "
            "ce n’est pas un seuil neutre."
        )
    return (
        f"Un seuil à 50 % coûterait {count(1_000 * half)}, {percent(saved, 0)} de moins que de tout accorder."
    )


def optimum_words(cutoff: float, best: Estimate) -> str:
    """The operated cut-off against the interval of the empirical optimum."""
    interval = locale.interval(best["low"], best["high"], FR)
    if best["low"] <= cutoff <= best["high"]:
        return (
            f"L’optimum empirique est à {percent(best['value'])} ({interval}) : le seuil opéré est "
            "dans l’intervalle, "
            "rien ne contredit la règle."
        )
    return (
        f"L’optimum empirique est à {percent(best['value'])} ({interval}) : le seuil opéré est hors de "
        "l’intervalle, "
        "calibration ou coûts sont à revoir."
    )


def calibration_answer(ece: Estimate, noise: Estimate, ratio: Estimate) -> str:
    """Calibration against its noise floor, and observed over expected."""
    first = {
        "under": "L’erreur de calibration est au niveau du bruit",
        "near": "L’erreur de calibration est proche du bruit, sous son double",
        "over": "L’erreur de calibration dépasse deux fois le bruit",
    }[against_noise(ece["value"], noise["value"])]
    holds = "contient" if ratio["low"] <= 1 <= ratio["high"] else "ne contient pas"
    return (
        f"{first} ({_points(ece)} pour {_points(noise)} attendus) ; défauts observés sur attendus : "
        f"{with_span(ratio, 2)}, intervalle qui {holds} 1."
    )


def calibration_short(ece: Estimate, noise: Estimate) -> str:
    """The same in a title."""
    if against_noise(ece["value"], noise["value"]) != "over":
        return "Des probabilités que l’on peut prendre au mot"
    return "Des probabilités à relire : l’erreur de calibration dépasse le double du bruit"


def _points(estimate: Estimate) -> str:
    return locale.points(100 * estimate["value"], FR, signed=False, short=True, digits=2)
