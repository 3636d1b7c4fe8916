"""The model card: figures of the bundle, sentences that follow them, both languages."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import numpy as np
import pytest

from model import card, dictionary, locale
from model.card import Bullets, CardTable, Facts, Paragraph
from model.errors import UnavailableError
from training.evaluation import Costs, curves, evaluate
from training.fairness import as_json, fairness_tables

WORDS = card._words()


def evaluation_of(outcome: np.ndarray, pd_: np.ndarray) -> dict:
    metrics = evaluate(outcome, pd_, costs=Costs.theoretical(), draws=60)
    return {
        "clients": len(outcome),
        "defaults": int(outcome.sum()),
        "metrics": {name: {"value": e.value, "low": e.low, "high": e.high} for name, e in metrics.items()},
        "folds": {"auc": [0.7, 0.71, 0.72, 0.73, 0.74]},
        "warnings": [],
        **curves(outcome, pd_),
    }


@pytest.fixture(scope="module")
def scored():
    """3,000 clients whose probabilities are right; women are accepted more often than men."""
    random = np.random.default_rng(5)
    sex = np.where(random.random(3_000) < 0.6, "F", "M").astype(object)
    pd_ = 1 / (1 + np.exp(2.9 - 0.4 * (sex == "M") - 1.1 * random.normal(size=3_000)))
    return (random.random(3_000) < pd_).astype(np.int8), pd_, sex


@pytest.fixture(scope="module")
def told(small_bundle, scored):
    """A bundle with figures, and further parts by name: ``told(release={...})``."""
    outcome, pd_, sex = scored
    tables = fairness_tables({"sex": sex}, outcome, pd_, small_bundle.policy, draws=60)
    themes = {"external": {"mean": 0.03, "folds": []}, "request": {"mean": 0.01, "folds": []}}
    # A bundle is sealed: its further files are handed over as if they had been read already.
    ready = {"fairness.json": as_json(tables, small_bundle.policy, clients=len(outcome))}

    def make(**changes):
        extras = {f"{name}.json": part for name, part in changes.pop("extras", {}).items()}
        files = {**small_bundle.manifest["files"], **{name: {} for name in (*ready, *extras)}}
        made = replace(
            small_bundle,
            manifest={**small_bundle.manifest, "files": files},
            **{
                "evaluation": evaluation_of(outcome, pd_),
                "importance": {**small_bundle.importance, "themes": themes},
                **changes,
            },
        )
        made._extras.update({**ready, **extras})
        return made

    return make


def texts(made: card.Card) -> list[str]:
    found: list[str] = [made.title, made.lead]
    for section in made.sections:
        found.append(section.title)
        for block in section.blocks:
            if isinstance(block, Paragraph):
                found.append(block.text)
            elif isinstance(block, Bullets):
                found += block.items
            elif isinstance(block, Facts):
                found += [words for row in block.rows for words in row]
            else:
                found += [block.caption, *block.columns, *(cell for row in block.rows for cell in row)]
    return found


def bullets(made: card.Card, section: str) -> str:
    return " ".join(
        item for block in made.section(section).blocks if isinstance(block, Bullets) for item in block.items
    )


def paragraphs(made: card.Card, section: str) -> str:
    return " ".join(block.text for block in made.section(section).blocks if isinstance(block, Paragraph))


# ---------- words ----------
@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_fill_the_same_places(key):
    french, english = (
        {name for _, name, _, _ in string.Formatter().parse(WORDS[key][language]) if name}
        for language in ("fr", "en")
    )
    assert french == english


def test_french_words_keep_their_spaces():
    wrong = re.compile(r" [:;?!»%]|«[^\u00a0]|\w'\w|[^\s\u00a0\u202f(]:(?=\s|$)")
    assert [words["fr"] for words in WORDS.values() if wrong.search(words["fr"])] == []


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_every_exclusion_has_its_name_and_its_ground(language):
    for ground in dictionary.GROUNDS:
        assert card.ground_label(ground, language)
        assert WORDS[f"ground.{ground}_why"][language]


def test_a_text_is_split_into_its_pieces():
    assert list(card.pieces("a **b** c `d`")) == [
        ("plain", "a "),
        ("strong", "b"),
        ("plain", " c "),
        ("code", "d"),
    ]
    assert card.plain("**a** `b`") == "a b"


# ---------- figures ----------
def test_the_card_holds_every_section_in_both_languages(told):
    for language in locale.LANGUAGES:
        made = card.model_card(told(), language)
        assert [section.name for section in made.sections] == [
            "use", "data", "method", "performance", "policy", "fairness", "limits", "versions", "contact",
        ]  # fmt: skip
        assert all(section.blocks for section in made.sections)
        assert not [text for text in texts(made) if "{" in text or re.search(r"\bnan\b", text)]


def test_the_same_bundle_gives_the_same_card(told):
    assert card.model_card(told(), "fr") == card.model_card(told(), "fr")


def test_metrics_are_those_of_the_bundle(told):
    bundle = told()
    table = next(
        b for b in card.model_card(bundle, "en").section("performance").blocks if isinstance(b, CardTable)
    )
    auc = bundle.evaluation["metrics"]["auc"]

    assert table.rows[0][1:] == (f"{auc['value']:.3f}", f"{auc['low']:.3f} to {auc['high']:.3f}")


def test_costs_are_counted_on_the_clients(told, scored):
    outcome, pd_, _ = scored
    evaluation = told().evaluation

    at = card.cost_at(evaluation, 0.2, fn=10, fp=1)

    refused = pd_ >= 0.2
    assert at.cost == pytest.approx(
        ((~refused & (outcome == 1)).sum() * 10 + (refused & (outcome == 0)).sum()) / 3_000
    )
    assert at.acceptance == pytest.approx((~refused).mean())
    assert card.cost_of_accepting_all(evaluation, fn=10, fp=1).cost == pytest.approx(10 * outcome.mean())


def test_a_bundle_without_figures_has_no_card(small_bundle):
    with pytest.raises(UnavailableError, match="no evaluation"):
        card.model_card(small_bundle, "fr")


# ---------- sentences that follow the figures ----------
def changed(bundle, **estimates):
    metrics = {**bundle.evaluation["metrics"]}
    for name, values in estimates.items():
        metrics[name] = dict(zip(("value", "low", "high"), values, strict=True))
    made = replace(bundle, evaluation={**bundle.evaluation, "metrics": metrics})
    made._extras.update(bundle._extras)
    return made


@pytest.mark.parametrize(
    ("estimates", "section", "words"),
    [
        (
            {"ece": (0.004, 0, 0.01), "ece_noise_floor": (0.006, 0, 0.01)},
            "performance",
            "at the level of the noise",
        ),
        (
            {"ece": (0.02, 0, 0.03), "ece_noise_floor": (0.006, 0, 0.01)},
            "performance",
            "exceeds twice the noise",
        ),
        ({"observed_expected": (0.99, 0.9, 1.1)}, "performance", "which holds 1"),
        ({"observed_expected": (0.8, 0.7, 0.9)}, "performance", "does not hold 1"),
        ({"optimal_cutoff": (0.1, 0.08, 0.12)}, "policy", "within the interval"),
        ({"optimal_cutoff": (0.2, 0.15, 0.25)}, "policy", "outside the interval"),
        ({"cost_per_file": (0.1, 0.05, 0.2)}, "policy", "less** than accepting everyone"),
        ({"cost_per_file": (9.0, 8.0, 10.0)}, "policy", "cost no less"),
    ],
)
def test_a_sentence_says_what_its_figures_say(told, estimates, section, words):
    made = card.model_card(changed(told(), **estimates), "en")

    assert words in paragraphs(made, section)


def fairness_of(**rows):
    def estimate(value, half=0.01):
        return {"value": value, "low": value - half, "high": value + half}

    return {
        "fewest_files": 200,
        "fewest_defaults": 20,
        "attributes": {
            "sex": [
                {
                    "group": group, "shown": True, "n": 900, "defaults": 60, "flagged": ratio < 0.8,
                    "acceptance": estimate(0.9 * ratio), "ratio": estimate(ratio),
                    "good_gap": estimate(ratio - 1), "observed_expected": estimate(charged, 0.05),
                }
                for group, (ratio, charged) in rows.items()
            ],
            "children": [{"group": "with_children", "shown": False}],
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "words", "not_words"),
    [
        (
            {"F": (1.0, 1.0), "M": (0.92, 1.0)},
            ["above the mark of 0.80", "every interval holds 1"],
            ["a gap to examine"],
        ),
        (
            {"F": (1.0, 1.0), "M": (0.70, 1.0)},
            ["under the mark of 0.80", "a gap to examine"],
            ["above the mark"],
        ),
        (
            {"F": (1.0, 0.9), "M": (0.92, 1.0)},
            ["Risk overestimated", "sex: women (0.90)"],
            ["Risk underestimated"],
        ),
        (
            {"F": (1.0, 1.0), "M": (0.92, 1.1)},
            ["Risk underestimated", "sex: men (1.10)"],
            ["Risk overestimated"],
        ),
    ],
)
def test_fairness_is_told_as_it_is(told, rows, words, not_words):
    said = bullets(card.model_card(told(extras={"fairness": fairness_of(**rows)}), "en"), "fairness")

    assert all(word in said for word in words)
    assert not [word for word in not_words if word in said]


def test_a_group_that_is_too_small_shows_its_name_alone(told):
    table = card.model_card(told(extras={"fairness": fairness_of(F=(1.0, 1.0), M=(0.9, 1.0))}), "en")
    rows = [block for block in table.section("fairness").blocks if isinstance(block, CardTable)][-1].rows

    assert rows[-1] == ("Children: with children, too few files", "–", "–", "–", "–", "–")


def variant(name, auc, ratio):
    return {
        "variant": name,
        "auc": {"value": auc, "low": auc - 0.01, "high": auc + 0.01},
        "cost_per_file": {"value": 0.5, "low": 0.4, "high": 0.6},
        "ratios": {
            "sex": {"value": 0.9, "low": 0.85, "high": 0.95, "group": "M"},
            **({} if ratio is None else {"age": {"value": ratio, "low": ratio - 0.05, "high": ratio + 0.05}}),
        },
    }


@pytest.mark.parametrize(
    ("used", "words"),
    [
        ((0.790, 0.37), ["takes the AUC from 0.760 to 0.790 and leaves"]),
        (
            (0.762, 0.46),
            [
                "takes the AUC from 0.760 to 0.762 (less than the uncertainty of either)",
                "raises the acceptance ratio from 0.37 to 0.46",
            ],
        ),
        ((0.760, 0.37), ["leaves the AUC at 0.760", "leaves the acceptance ratio at 0.37"]),
        (
            (0.755, 0.30),
            ["takes the AUC from 0.760 to 0.755", "lowers the acceptance ratio from 0.37 to 0.30"],
        ),
    ],
)
def test_the_age_question_is_answered_by_both_variants(told, used, words):
    release = {"age": [variant("excluded", 0.760, 0.37), variant("used", *used)]}
    made = card.model_card(told(extras={"release": release}), "en")

    assert all(word in bullets(made, "fairness") for word in words)
    tables = [block for block in made.section("fairness").blocks if isinstance(block, CardTable)]
    assert [row[0] for row in tables[0].rows] == ["Age excluded (operated)", "Age used"]


def test_too_few_files_for_a_ratio_by_age_is_said(told):
    release = {"age": [variant("excluded", 0.760, None), variant("used", 0.762, None)]}
    made = card.model_card(told(extras={"release": release}), "en")

    assert "too few files for a ratio by age" in bullets(made, "fairness")
    tables = [block for block in made.section("fairness").blocks if isinstance(block, CardTable)]
    assert tables[0].rows[0][-2:] == ("0.90", "–")


@pytest.mark.parametrize(
    ("asked", "words"),
    [([], "none raises the lowest ratio"), (["without R11"], "must choose in writing")],
)
def test_less_discriminatory_variants_are_told(told, asked, words):
    rows = [{"name": name, "ask": name in asked} for name in ("base", "without R11", "free R05")]
    said = bullets(card.model_card(told(extras={"release": {"alternatives": rows}}), "en"), "fairness")

    assert "2 tried" in said and words in said
    assert ("without R11 (time in current job)" in said) == bool(asked)


def test_many_variants_that_ask_are_told_by_their_codes(told):
    names = ("base", "without R11", "without R16", "without R19", "free R05", "free R21")
    rows = [{"name": name, "ask": name != "base"} for name in names]
    said = bullets(card.model_card(told(extras={"release": {"alternatives": rows}}), "fr"), "fairness")

    assert "sans R11, R16, R19\u00a0; sens imposé levé pour R05, R21." in said


def with_evaluation(bundle, **parts):
    made = replace(bundle, evaluation={**bundle.evaluation, **parts})
    made._extras.update(bundle._extras)
    return made


def zone(contradicted, smallest):
    rows = [
        {"halfwidth": 0.15, "share": 0.09, "contradicted": contradicted},
        {"halfwidth": 0.45, "share": 0.31, "contradicted": 0.008},
    ]
    return {"rows": rows, "operated": 0.15, "smallest": smallest}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (zone(0.004, 0.15), ["decide otherwise in 0.4% of the files"]),
        (zone(0.05, 0.45), ["review zone is narrow", "±0.45 would keep them under 1%, with 31%"]),
        (zone(0.05, None), ["review zone is narrow", "None of the widths tried"]),
    ],
)
def test_the_review_zone_is_told_against_models_of_other_samples(told, found, words):
    said = paragraphs(card.model_card(with_evaluation(told(), review_zone=found), "en"), "policy")

    assert all(piece in said for piece in words)


def test_the_interval_of_a_client_is_told_with_how_often_it_holds(told):
    covered = with_evaluation(told(), coverage={"agreement": 0.953, "width": 0.052})

    assert "in 95.3% of the bands" in paragraphs(card.model_card(covered, "en"), "performance")


def test_a_warning_that_a_sentence_tells_is_not_repeated(told):
    warned = with_evaluation(told(), warnings=["the zone of review is narrow for so few labels: …"])

    assert "narrow" not in bullets(card.model_card(warned, "en"), "limits")


def test_without_both_variants_the_card_says_that_nobody_counted(told):
    assert "training release" in bullets(card.model_card(told(), "en"), "fairness")


def test_a_fictional_portfolio_is_called_so(told):
    made = card.model_card(told(), "en", fictional=True)

    assert "fictional" in made.lead
    assert "Fictional portfolio" in bullets(made, "limits")
    assert "fictional" not in card.model_card(told(), "en").lead


def test_warnings_of_the_training_are_shown(told):
    bundle = told()
    warned = replace(bundle, evaluation={**bundle.evaluation, "warnings": ["costs look wrong"]})
    warned._extras.update(bundle._extras)

    assert "costs look wrong" in bullets(card.model_card(warned, "en"), "limits")


def test_a_cutoff_set_by_a_person_says_what_the_rule_would_give(told):
    bundle = told()
    policy = replace(bundle.policy, cutoff=0.12, cutoff_rule="manual")
    rows = next(
        block for block in card.model_card(bundle, "en", policy=policy).section("policy").blocks
        if isinstance(block, Facts)
    ).rows  # fmt: skip

    assert "12.0%" in rows[0][1] and "9.1%" in rows[0][1]
