"""Figures of the papers: each takes values and returns a drawing with the sentence that says it.

Colour means what it means on the screens: blue lowers the risk or is accepted, orange raises it
or costs, ink is the model that is operated, grey is everyone else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model import dictionary, locale, reasons
from model.bundle import Bundle
from model.card import attribute_label, cost_of_accepting_all, group_label, table_label
from training.report.drawing import (
    SMALL,
    Drawing,
    Scale,
    grid_across,
    grid_up,
    interval_row,
    percents,
    plain_numbers,
)
from training.report.facts import MeanFile

FR = "fr"
FILES = 1_000
_COST_SHOWN_TO = 0.25

_SAID = {
    "fr": {
        "cost": "Coût pour 1\u202f000 demandes, en bons clients refusés",
        "cost_alt": "Coût pour 1\u202f000 demandes selon le seuil\u00a0: {own} au seuil opéré de "
        "{cutoff}, {least} au plus "
        "bas, à {best}\u00a0; {everyone} en accordant tout.",
        "cutoff": "Seuil de refus (probabilité de défaut)",
        "operated": "Seuil opéré {cutoff}",
        "accept_all": "tout accorder",
        "calibration_alt": "Calibration\u00a0: dans {holding} tranches sur {total}, la probabilité "
        "annoncée est dans "
        "l’intervalle des défauts observés.",
        "observed": "Défauts observés",
        "predicted": "Probabilité annoncée",
    },
    "en": {
        "cost": "Cost per 1,000 applications, in good clients refused",
        "cost_alt": "Cost per 1,000 applications by cut-off: {own} at the operated cut-off of "
        "{cutoff}, {least} at the "
        "lowest, at {best}; {everyone} when everyone is accepted.",
        "cutoff": "Cut-off (probability of default)",
        "operated": "Operated cut-off {cutoff}",
        "accept_all": "accept everyone",
        "calibration_alt": "Calibration: in {holding} bins of {total}, the predicted probability lies "
        "within the "
        "interval of observed defaults.",
        "observed": "Observed defaults",
        "predicted": "Predicted probability",
    },
}
"""Words of the figures that the model card shows in both languages."""


def folds(width: float = 229, *, parts: int = 5) -> Drawing:
    """The protocol: in each turn one part is scored, a slice of the others stops the trees."""
    row, gap, label = 13.0, 4.0, 34.0
    drawing = Drawing(
        width,
        parts * (row + gap) + 20,
        f"Validation croisée en {parts} parts : à chaque tour, une part est notée par un modèle qui n’en a "
        "rien vu ; un dixième des autres arrête les arbres, le reste les fait pousser.",
    )
    block = (width - label) / parts
    for turn in range(parts):
        y = turn * (row + gap)
        drawing.words(f"tour {turn + 1}", 0, y + row / 2)
        for part in range(parts):
            x = label + part * block
            if part == turn:
                drawing.rect(x, y, block - 3, row, "ink", radius=2)
            else:
                drawing.rect(x, y, block - 3, row, "c-all-soft", radius=2)
                drawing.rect(x + 0.9 * (block - 3), y, 0.1 * (block - 3), row, "fav-fill")
    y = parts * (row + gap) + 10
    x = label
    for colour, words, step in (
        ("c-all-soft", "entraîne", 54),
        ("fav-fill", "arrête", 44),
        ("ink", "noté", 0),
    ):
        drawing.rect(x, y - 3.5, 7, 7, colour, radius=1.5)
        drawing.words(words, x + 11, y)
        x += step
    return drawing


def fold_scores(values: Sequence[float], whole: Mapping[str, float], width: float = 229) -> Drawing:
    """AUC of each part, and of the whole with its interval."""
    bottom = 34.0
    drawing = Drawing(
        width,
        bottom + 16,
        "AUC de chaque part : "
        + ", ".join(locale.number(value, FR, digits=3) for value in values)
        + f" ; de l’ensemble : {locale.number(whole['value'], FR, digits=3)}.",
    )
    low = min(min(values), whole["low"])
    high = max(max(values), whole["high"])
    across = Scale(low - 0.005, high + 0.005, 2, width - 2)
    grid_across(drawing, across, across.ticks(5), plain_numbers(across.ticks(5)), top=0, bottom=bottom)
    for value in values:
        drawing.dot(across(value), 10, "c-all")
    interval_row(drawing, across, 24, dict(whole), "ink", radius=3.2)
    return drawing


def pruning(result: Mapping[str, Any], width: float = 229, height: float = 128) -> Drawing:
    """Paired log loss against the best number of features; the chosen number in ink."""
    curve = sorted(result["curve"], key=lambda row: row["k"])
    chosen = result["chosen"]
    drawing = Drawing(
        width,
        height,
        "Écart de perte logarithmique au meilleur nombre de variables : "
        + ", ".join(
            f"{row['k']} variables "
            f"{locale.number(1_000 * row['difference']['value'], FR, digits=2, signed=True)}"
            for row in curve
        )
        + f" (en millièmes) ; {chosen} variables sont gardées.",
    )
    scaled = [{name: 1_000 * row["difference"][name] for name in ("value", "low", "high")} for row in curve]
    low, high = min(row["low"] for row in scaled), max(row["high"] for row in scaled)
    pad = 0.06 * (high - low or 1)
    left, bottom = 30.0, height - 28
    up = Scale(low - pad, high + pad, bottom, 12)
    ticks = up.ticks(4)
    grid_up(drawing, up, ticks, plain_numbers(ticks, signed=True), left=left, right=width)
    drawing.words("Écart de perte, en millièmes", 0, 3)
    step = (width - left) / len(curve)
    places = [left + step * (i + 0.5) for i in range(len(curve))]
    drawing.line([(x, up(row["value"])) for x, row in zip(places, scaled, strict=True)], "c-all", weight=1.0)
    for x, row, estimate in zip(places, curve, scaled, strict=True):
        own = row["k"] == chosen
        colour = "ink" if own else "c-all"
        drawing.line([(x, up(estimate["low"])), (x, up(estimate["high"]))], colour, weight=1.2)
        drawing.dot(x, up(estimate["value"]), colour, radius=3.2 if own else 2.6)
        drawing.words(
            locale.number(row["k"], FR), x, bottom + 9, anchor="centre", weight=640 if own else 400,
            colour="ink" if own else "axis",
        )  # fmt: skip
    drawing.words("variables gardées", (left + width) / 2, bottom + 21, anchor="centre")
    return drawing


def imbalance(rows: Sequence[Mapping[str, Any]], *, accept_all: float, width: float = 482) -> Drawing:
    """What each treatment does to the order, and to the cost, before and after calibration."""
    row, top, label = 16.5, 24.0, 136.0
    height = top + row * len(rows) + 22
    said = "; ".join(
        f"{one['label'][FR]} : coût {_cost(one['raw'])} brut, {_cost(one['calibrated'])} calibré"
        for one in rows
    )
    drawing = Drawing(width, height, f"Traitements du déséquilibre. {said}.")
    bottom = top + row * len(rows)
    half = (width - label - 26) / 2
    gaps = [one["difference"]["auc"] for one in rows if one["difference"]]
    low, high = min([0.0, *(g["low"] for g in gaps)]), max([0.0, *(g["high"] for g in gaps)])
    pad = 0.08 * (high - low or 0.01)
    order = Scale(low - pad, high + pad, label, label + half)
    ticks = order.ticks(4)
    grid_across(drawing, order, ticks, plain_numbers(ticks, signed=True), top=top, bottom=bottom)
    drawing.line([(order(0), top), (order(0), bottom)], "line-strong", weight=1)
    drawing.words("Écart d’AUC, sans traitement = 0", label, 6, colour="ink", weight=560)
    costs = [FILES * one[side]["cost_per_file"]["value"] for one in rows for side in ("raw", "calibrated")]
    most = max(*costs, accept_all)
    least = min(*costs, accept_all)
    money = Scale(least - 0.06 * (most - least), most + 0.04 * (most - least), label + half + 26, width)
    ticks = money.ticks(4)
    grid_across(drawing, money, ticks, plain_numbers(ticks), top=top, bottom=bottom)
    drawing.line([(money(accept_all), top - 6), (money(accept_all), bottom)], "ink", weight=0.9, dashed=True)
    drawing.words("Coût pour 1\u202f000 demandes", money.start, 6, colour="ink", weight=560)
    drawing.words("tout accorder", money(accept_all) - 3, top - 6, anchor="right")
    for i, one in enumerate(rows):
        y = top + row * (i + 0.5)
        own = not one["difference"]
        drawing.words(
            one["label"][FR], label - 10, y, anchor="right", colour="ink" if own else "text",
            weight=640 if own else 400, size=SMALL + 0.4,
        )  # fmt: skip
        if one["difference"]:
            interval_row(drawing, order, y, one["difference"]["auc"], _against_zero(one["difference"]["auc"]))
        else:
            drawing.dot(order(0), y, "ink", radius=3.2)
        raw, calibrated = (FILES * one[side]["cost_per_file"]["value"] for side in ("raw", "calibrated"))
        drawing.line([(money(raw), y), (money(calibrated), y)], "c-all-soft", weight=1.6)
        drawing.dot(money(raw), y, "unf-fill", hollow=True)
        drawing.dot(money(calibrated), y, "ink", radius=3)
    x = money.start
    y = bottom + 18
    drawing.dot(x + 3, y, "unf-fill", hollow=True)
    drawing.words("probabilités brutes", x + 10, y)
    drawing.dot(x + 86, y, "ink", radius=3)
    drawing.words("calibrées", x + 93, y)
    return drawing


def cost_curve(
    evaluation: Mapping[str, Any],
    *,
    cutoff: float,
    fn: float,
    fp: float,
    width: float = 482,
    height: float = 168,
    language: str = FR,
) -> Drawing:
    """Cost by cut-off: operated, interval of the optimum, accepting everyone."""
    say = _SAID[language]
    curve, clients, defaults = evaluation["cut_off"], evaluation["clients"], evaluation["defaults"]
    best = evaluation["metrics"]["optimal_cutoff"]
    reach = max(_COST_SHOWN_TO, 1.4 * cutoff, 1.1 * best["high"])
    points = [
        (at, FILES * (fn / fp * (defaults - bad) + good) / clients)
        for at, bad, good in zip(curve["cut_off"], curve["refused_bad"], curve["refused_good"], strict=True)
        if at <= reach
    ]
    everyone = FILES * cost_of_accepting_all(evaluation, fn=fn, fp=fp).cost
    least = min(cost for _, cost in points)
    own = min(points, key=lambda point: abs(point[0] - cutoff))[1]
    top = max(1.15 * everyone, 1.3 * least)
    drawing = Drawing(
        width,
        height,
        say["cost_alt"].format(
            own=locale.number(own, language, digits=0),
            cutoff=locale.percent(cutoff, language),
            least=locale.number(least, language, digits=0),
            best=locale.percent(best["value"], language),
            everyone=locale.number(everyone, language, digits=0),
        ),
    )
    left, bottom = 32.0, height - 30
    across, up = Scale(0, reach, left, width), Scale(0.85 * least, top, bottom, 16)
    drawing.rect(across(best["low"]), 16, across(best["high"]) - across(best["low"]), bottom - 16, "sunken")
    ticks = up.ticks(4)
    grid_up(drawing, up, ticks, plain_numbers(ticks, language=language), left=left, right=width)
    ticks = across.ticks(6)
    grid_across(drawing, across, ticks, percents(ticks, language=language), top=16, bottom=bottom, grid=False)
    drawing.line([(left, bottom), (width, bottom)], "line-strong", weight=0.8)
    drawing.line([(left, up(everyone)), (width, up(everyone))], "unf-fill", weight=1, dashed=True)
    drawing.words(say["accept_all"], width, up(everyone) - 7, anchor="right", colour="unf")
    visible = [(across(at), up(cost)) for at, cost in points if cost <= top]
    drawing.line(visible, "ink", weight=1.6)
    drawing.line([(across(cutoff), 16), (across(cutoff), bottom)], "ink", weight=0.9, dashed=True)
    drawing.dot(across(cutoff), up(own), "ink", radius=3.6)
    operated = say["operated"].format(cutoff=locale.percent(cutoff, language))
    drawing.words(operated, across(cutoff) + 5, 21, colour="ink", weight=560)
    drawing.words(say["cost"], 0, 4)
    drawing.words(say["cutoff"], (left + width) / 2, bottom + 21, anchor="centre")
    return drawing


def calibration(
    rows: Sequence[Mapping[str, float]],
    *,
    cutoff: float,
    width: float = 229,
    height: float = 170,
    language: str = FR,
) -> Drawing:
    """Predicted against observed, in bins of the same size."""
    say = _SAID[language]
    holding = sum(row["observed_low"] <= row["predicted"] <= row["observed_high"] for row in rows)
    drawing = Drawing(width, height, say["calibration_alt"].format(holding=holding, total=len(rows)))
    reach = 1.04 * max(max(row["observed_high"], row["predicted"]) for row in rows)
    left, bottom = 32.0, height - 30
    across, up = Scale(0, reach, left, width - 6), Scale(0, reach, bottom, 14)
    ticks = up.ticks(4)
    words = percents(ticks, language=language)
    grid_up(drawing, up, ticks, words, left=left, right=width)
    grid_across(drawing, across, ticks, words, top=14, bottom=bottom, grid=False)
    drawing.line([(across(0), up(0)), (across(reach), up(reach))], "line-strong", weight=1)
    drawing.line([(across(cutoff), 14), (across(cutoff), bottom)], "ink", weight=0.8, dashed=True)
    for row in rows:
        x = across(row["predicted"])
        drawing.line([(x, up(row["observed_low"])), (x, up(row["observed_high"]))], "c-all", weight=1.2)
        drawing.dot(x, up(row["observed"]), "ink", radius=2.8)
    drawing.words(say["observed"], 0, 4)
    drawing.words(say["predicted"], (left + width) / 2, bottom + 21, anchor="centre")
    return drawing


def comparison(rows: Sequence[Mapping[str, Any]], *, own: str, width: float = 482) -> Drawing:
    """AUC and cost of each model, with intervals."""
    row, top, label = 20.0, 20.0, 164.0
    bottom = top + row * len(rows)
    said = "; ".join(
        f"{one['label'][FR]} : AUC {locale.number(one['metrics']['auc']['value'], FR, digits=3)}"
        for one in rows
    )
    drawing = Drawing(width, bottom + 20, f"Modèles comparés sur les mêmes parts. {said}.")
    half = (width - label - 26) / 2
    panels = (
        ("AUC", "auc", 1.0, label, label + half),
        ("Coût pour 1\u202f000 demandes", "cost_per_file", float(FILES), label + half + 26, width),
    )
    for title, metric, factor, start, end in panels:
        scaled = [
            {name: factor * one["metrics"][metric][name] for name in ("value", "low", "high")} for one in rows
        ]
        low, high = min(one["low"] for one in scaled), max(one["high"] for one in scaled)
        pad = 0.05 * (high - low or 1)
        across = Scale(low - pad, high + pad, start, end)
        ticks = across.ticks(4)
        grid_across(drawing, across, ticks, plain_numbers(ticks), top=top, bottom=bottom)
        drawing.words(title, start, 5, colour="ink", weight=560)
        for i, (one, estimate) in enumerate(zip(rows, scaled, strict=True)):
            colour = "ink" if one["name"] == own else "c-all"
            interval_row(drawing, across, top + row * (i + 0.5), estimate, colour, radius=3.2)
    for i, one in enumerate(rows):
        mine = one["name"] == own
        drawing.words(
            one["label"][FR], label - 10, top + row * (i + 0.5), anchor="right", size=SMALL + 0.4,
            colour="ink" if mine else "text", weight=640 if mine else 400,
        )  # fmt: skip
    return drawing


def importance(codes: Mapping[str, Mapping[str, Any]], *, drawn: int = 12, width: float = 229,
               row: float = 15.0) -> Drawing:  # fmt: skip
    """Mean absolute effect by reason code, and its spread over the models of the other folds."""
    ranked = sorted(codes.items(), key=lambda item: (-item[1]["mean"], item[0]))[:drawn]
    top, label = 12.0, 0.55 * width
    bottom = top + row * len(ranked)
    said = ", ".join(
        f"{reasons.label(code, FR)} {locale.points(100 * one['mean'], FR, signed=False, digits=2)}"
        for code, one in ranked[:3]
    )
    drawing = Drawing(width, bottom + 6, f"Effets moyens les plus forts : {said}.")
    reach = 1.3 * max(100 * max(one["mean"], *one["folds"]) for _, one in ranked)
    across = Scale(0, reach, label, width)
    drawing.words("Effet moyen, en points", label, 3)
    for i, (code, one) in enumerate(ranked):
        y = top + row * (i + 0.5)
        mean, spread = 100 * one["mean"], [100 * value for value in one["folds"]]
        drawing.words(reasons.label(code, FR), label - 8, y, anchor="right", colour="text")
        drawing.rect(label, y - 4, across(mean) - label, 8, "c-all", radius=1.5)
        drawing.line([(across(min(spread)), y), (across(max(spread)), y)], "text", weight=0.9)
        drawing.words(
            locale.number(mean, FR, digits=2), across(max(mean, *spread)) + 5, y, colour="ink", weight=600
        )
    return drawing


def leading_numeric(bundle: Bundle) -> str | None:
    """Most important feature that is a number: the one whose effect a curve can show."""
    features = bundle.importance["features"]
    ranked = sorted(features, key=lambda name: (-features[name]["mean"], name))
    return next(
        (name for name in ranked if bundle.population.of(name).kind == "numeric"),
        None,
    )


def dependence(bundle: Bundle, feature: str, *, width: float = 229, height: float = 132) -> Drawing:
    """Mean effect of a feature by tenth of the files, with the band of 80 % of them, missing apart."""
    bins, found = bundle.population.of(feature), bundle.dependences.of(feature)
    label = dictionary.entry(feature).label(FR)
    rows = [
        (i, 100 * mean, 100 * float(found.low[i] or 0), 100 * float(found.high[i] or 0))
        for i, mean in enumerate(found.mean[:-1])
        if mean is not None
    ]
    absent = found.mean[-1]
    drawing = Drawing(
        width,
        height,
        f"{label} : effet moyen de {locale.points(rows[0][1], FR)} aux plus basses valeurs, "
        f"{locale.points(rows[-1][1], FR)} aux plus hautes.",
    )
    values = [value for _, mean, low, high in rows for value in (mean, low, high)]
    values += [0.0] + ([100 * float(absent)] if absent is not None else [])
    pad = 0.06 * (max(values) - min(values) or 1)
    left, bottom = 30.0, height - 30
    apart = 34.0 if absent is not None else 4.0
    up = Scale(min(values) - pad, max(values) + pad, bottom, 14)
    ticks = up.ticks(4)
    grid_up(drawing, up, ticks, plain_numbers(ticks, signed=True), left=left, right=width)
    drawing.line([(left, up(0)), (width, up(0))], "line-strong", weight=1)
    step = (width - left - apart) / bins.size
    place = {i: left + apart + step * (i + 0.5) for i, *_ in rows}
    upper = [(place[i], up(high)) for i, _, _, high in rows]
    lower = [(place[i], up(low)) for i, _, low, _ in rows]
    drawing.area([*upper, *reversed(lower)], "c-all-soft")
    drawing.line([(place[i], up(mean)) for i, mean, _, _ in rows], "ink", weight=1.6)
    for i, mean, _, _ in rows:
        drawing.dot(place[i], up(mean), "ink", radius=2.4)
    edges = list(bins.edges)
    for i in range(0, len(edges), max(1, len(edges) // 4)):
        words = dictionary.shown(feature, edges[i], FR)
        drawing.words(words, left + apart + step * (i + 1), bottom + 8, anchor="centre")
    if absent is not None:
        x = left + apart / 2 - 2
        low, high = 100 * float(found.low[-1] or 0), 100 * float(found.high[-1] or 0)
        drawing.line([(x, up(low)), (x, up(high))], "c-all", weight=1.2)
        drawing.dot(x, up(100 * float(absent)), "c-all", hollow=True)
        drawing.words("absente", x, bottom + 8, anchor="centre")
    drawing.words("Effet, en points de probabilité", 0, 4)
    drawing.words(label, (left + apart + width) / 2, bottom + 21, anchor="centre")
    return drawing


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the calculation: a code and what it moves, in probability."""

    label: str
    contribution: float


def steps_of(mean: MeanFile, *, most: int = 7) -> list[Step]:
    """The strongest codes of the mean file, raising ones first, the rest in one."""
    ranked = sorted(mean.codes.items(), key=lambda item: (-abs(item[1]), item[0]))
    strong = ranked[:most]
    others = sum(value for _, value in ranked[most:])
    raising = sorted((row for row in strong if row[1] > 0), key=lambda row: -row[1])
    lowering = sorted((row for row in strong if row[1] <= 0), key=lambda row: row[1])
    steps = [Step(reasons.label(code, FR), value) for code, value in (*raising, *lowering)]
    return [*steps, Step(f"{len(ranked) - len(strong)} autres codes", others)] if ranked[most:] else steps


def waterfall(mean: MeanFile, *, cutoff: float, width: float = 229, row: float = 14.5) -> Drawing:
    """From the typical accepted client to the mean refused file, code by code."""
    steps = steps_of(mean)
    top, label = 14.0, 0.55 * width
    bottom = top + row * (len(steps) + 2)
    drawing = Drawing(
        width,
        bottom + 6,
        f"Du client accepté type ({locale.percent(mean.base, FR)}) au dossier refusé moyen "
        f"({locale.percent(mean.default_probability, FR)}) : "
        + ", ".join(f"{s.label} {locale.points(100 * s.contribution, FR)}" for s in steps)
        + ".",
    )
    running, reach = mean.base, max(mean.base, mean.default_probability)
    for step in steps:
        running += step.contribution
        reach = max(reach, running)
    across = Scale(0, 1.36 * reach, label, width)
    drawing.line([(across(cutoff), top - 4), (across(cutoff), bottom)], "ink", weight=0.8, dashed=True)
    drawing.words(f"Seuil {locale.percent(cutoff, FR)}", across(cutoff), 4, anchor="centre")
    _bar(drawing, across, top + row / 2, 0, mean.base, "c-all", "Client accepté type",
         locale.percent(mean.base, FR), label, strong=True, past=across(cutoff))  # fmt: skip
    running = mean.base
    for i, step in enumerate(steps, start=1):
        after = running + step.contribution
        colour = "unf-fill" if step.contribution > 0 else "fav-fill"
        words = locale.number(100 * step.contribution, FR, digits=1, signed=True)
        _bar(drawing, across, top + row * (i + 0.5), running, after, colour, step.label, words, label)
        running = after
    _bar(drawing, across, top + row * (len(steps) + 1.5), 0, mean.default_probability, "ink",
         "Dossier refusé moyen", locale.percent(mean.default_probability, FR), label,
         strong=True)  # fmt: skip
    return drawing


def _bar(
    drawing: Drawing, across: Scale, y: float, start: float, end: float, colour: str, name: str,
    words: str, label: float, *, strong: bool = False, past: float | None = None,
) -> None:  # fmt: skip
    low, high = sorted((across(start), across(end)))
    drawing.words(
        name, label - 8, y, anchor="right", colour="ink" if strong else "text", weight=620 if strong else 400
    )
    drawing.rect(low, y - 4, max(high - low, 0.6), 8, colour, radius=1.5)
    at = high + 4
    if past is not None and at < past < at + 24:
        at = past + 4
    drawing.words(words, at, y, colour="ink", weight=620 if strong else 500)


def first_reasons(
    counts: Mapping[str, int], *, drawn: int = 6, width: float = 229, row: float = 15.0
) -> Drawing:
    """Share of each code as first reason of the files that are not favourable."""
    told = {code: n for code, n in counts.items() if n and code in reasons.CODES}
    total = sum(told.values()) or 1
    ranked = sorted(told.items(), key=lambda item: (-item[1], item[0]))[:drawn]
    top, label = 4.0, 0.55 * width
    drawing = Drawing(
        width,
        top + row * len(ranked) + 4,
        "Première raison des avis qui ne sont pas favorables : "
        + ", ".join(
            f"{reasons.label(code, FR)} {locale.percent(n / total, FR, digits=0)}" for code, n in ranked
        )
        + ".",
    )
    reach = 1.3 * max((n / total for _, n in ranked), default=1.0)
    across = Scale(0, reach, label, width)
    for i, (code, n) in enumerate(ranked):
        y = top + row * (i + 0.5)
        drawing.words(reasons.label(code, FR), label - 8, y, anchor="right", colour="text")
        drawing.rect(label, y - 4, max(across(n / total) - label, 0.6), 8, "unf-fill", radius=1.5)
        drawing.words(
            locale.percent(n / total, FR, digits=0 if n / total >= 0.01 else 1), across(n / total) + 5, y,
            colour="ink", weight=600,
        )  # fmt: skip
    return drawing


def fairness(tables: Mapping[str, Any], *, attributes: Sequence[str] = ("sex", "age"), width: float = 482,
             row: float = 13.5) -> Drawing:  # fmt: skip
    """Acceptance by group against four fifths of the best, and observed over expected."""
    shown = [
        (attribute, group)
        for attribute in attributes
        for group in sorted(
            (one for one in tables["attributes"].get(attribute, ()) if one["shown"]),
            key=lambda one: (one["group"] != "under_25", one["group"]),
        )
    ]
    top, label = 20.0, 118.0
    bottom = top + row * len(shown) + 8 * (len({attribute for attribute, _ in shown}) - 1)
    said = ", ".join(
        f"{group_label(attribute, one['group'], FR)} {locale.percent(one['acceptance']['value'], FR)}"
        for attribute, one in shown
    )
    drawing = Drawing(width, bottom + 20, f"Acceptation par groupe : {said}.")
    half = (width - label - 26) / 2
    panels = (("Acceptés", "acceptance", label, label + half), ("Défauts observés / attendus",
              "observed_expected", label + half + 26, width))  # fmt: skip
    for title, metric, start, end in panels:
        estimates = [one[metric] for _, one in shown]
        low, high = min(one["low"] for one in estimates), max(one["high"] for one in estimates)
        if metric == "observed_expected":
            low, high = min(low, 1.0), max(high, 1.0)
        else:
            low, high = 0.0, 1.0
        pad = 0.04 * (high - low or 1)
        across = Scale(low - (pad if low else 0), high + (pad if metric != "acceptance" else 0), start, end)
        ticks = across.ticks(5)
        words = percents(ticks) if metric == "acceptance" else plain_numbers(ticks)
        drawing.words(title, start, 5, colour="ink", weight=560)
        y, before = top, None
        bests = {
            attribute: max(one["acceptance"]["value"] for a, one in shown if a == attribute)
            for attribute, _ in shown
        }
        if metric == "acceptance":
            y0, mark = top, None
            for attribute in bests:
                n = sum(a == attribute for a, _ in shown)
                drawing.rect(start, y0, across(0.8 * bests[attribute]) - start, row * n, "sunken", radius=2)
                y0 += row * n + 8
                mark = attribute
            del mark
        grid_across(drawing, across, ticks, words, top=top, bottom=bottom)
        if metric == "observed_expected":
            drawing.line([(across(1), top), (across(1), bottom)], "ink", weight=0.8, dashed=True)
        for attribute, one in shown:
            if before is not None and attribute != before:
                y += 8
            before = attribute
            middle = y + row / 2
            flagged = metric == "acceptance" and one["flagged"]
            interval_row(drawing, across, middle, one[metric], "unf-fill" if flagged else "ink")
            if metric == "acceptance":
                drawing.words(
                    f"{group_label(attribute, one['group'], FR)}", label - 10, middle, anchor="right",
                    colour="text", size=SMALL + 0.2,
                )  # fmt: skip
            y += row
    return drawing


def roc(curve: Mapping[str, Sequence[float]], point: tuple[float, float], *, width: float = 229,
        height: float = 200) -> Drawing:  # fmt: skip
    """Refused among those who defaulted against refused among those who repaid."""
    drawing = Drawing(
        width,
        height,
        f"Courbe ROC : au seuil opéré, {locale.percent(point[1], FR)} des défauts sont refusés, et "
        f"{locale.percent(point[0], FR)} des bons payeurs.",
    )
    left, bottom = 32.0, height - 30
    across, up = Scale(0, 1, left, width - 6), Scale(0, 1, bottom, 14)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    grid_up(drawing, up, ticks, percents(ticks), left=left, right=width)
    grid_across(drawing, across, ticks, percents(ticks), top=14, bottom=bottom, grid=False)
    drawing.line([(across(0), up(0)), (across(1), up(1))], "line-strong", weight=1)
    drawing.line(
        [(across(x), up(y)) for x, y in zip(curve["fpr"], curve["tpr"], strict=True)], "ink", weight=1.7
    )
    drawing.dot(across(point[0]), up(point[1]), "ink", radius=3.8)
    drawing.words("au seuil opéré", across(point[0]) + 8, up(point[1]) + 5, colour="ink", weight=560)
    drawing.words("Défauts refusés", 0, 4)
    drawing.words("Bons payeurs refusés", (left + width) / 2, bottom + 21, anchor="centre")
    return drawing


def attribute_name(attribute: str) -> str:
    """Name of an attribute in the papers."""
    return attribute_label(attribute, FR)


def _against_zero(estimate: Mapping[str, float]) -> str:
    """Orange where the interval is below zero, blue where above, grey where it holds it."""
    if estimate["high"] < 0:
        return "unf-fill"
    return "fav-fill" if estimate["low"] > 0 else "c-all"


def _cost(side: Mapping[str, Any]) -> str:
    return locale.number(FILES * side["cost_per_file"]["value"], FR, digits=0)


def table_rows(rows: Mapping[str, int], *, width: float = 229, row: float = 17.0) -> Drawing:
    """Rows of each table, on a logarithmic scale: they span five orders of magnitude on the whole archive."""
    ranked = sorted(((table, n) for table, n in rows.items() if n), key=lambda item: -item[1])
    label, top = 0.42 * width, 4.0
    drawing = Drawing(
        width,
        top + row * len(ranked) + 4,
        "Lignes par table : "
        + ", ".join(f"{_table_name(table)} {locale.number(n, FR)}" for table, n in ranked)
        + ".",
    )
    most = math.log10(max((n for _, n in ranked), default=10))
    across = Scale(0, 1.42 * most, label, width)
    for i, (table, n) in enumerate(ranked):
        y = top + row * (i + 0.5)
        drawing.words(_table_name(table), label - 8, y, anchor="right", colour="text")
        drawing.rect(label, y - 4.5, max(across(math.log10(n)) - label, 1.0), 9, "c-all", radius=1.5)
        drawing.words(locale.number(n, FR), across(math.log10(n)) + 5, y, colour="ink", weight=600)
    return drawing


def _table_name(table: str) -> str:
    return table_label(table, FR)
