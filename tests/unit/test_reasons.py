"""Laws of the reasons (DECISION L15, L18-L22), the routing of missing values, and the words."""

from __future__ import annotations

import re
import string
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import dictionary, reason_texts, reasons
from model.locale import LANGUAGES
from model.policy import Policy
from model.reasons import (
    AGAINST,
    CODES,
    FOR,
    NO_CODE,
    Reason,
    ReasonPlan,
    sentence,
    told_inverted,
    value_shown,
)
from tests.unit.test_dictionary import RAW, judges
from tests.unit.vocabularies import archive_features, kept_features

NB = "\u00a0"
FILE = Path(reason_texts.__file__).with_name("reasons.toml")
FEATURES = kept_features()
PLACE = {name: index for index, name in enumerate(FEATURES)}


def medians(value: float = 0.5) -> dict[str, float | None]:
    return dict.fromkeys(FEATURES, value)


PLAN = ReasonPlan(FEATURES, medians())
POLICY = Policy.theoretical()
EVERY_CODE = Policy.theoretical(max_reasons=41, min_reason_share=0.0)

laws = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
booleans = st.booleans()


class Client:
    """A client on which every feature is present and without effect until told otherwise."""

    def __init__(self, plan: ReasonPlan = PLAN) -> None:
        self.plan = plan
        self.values = np.full(len(plan.features), 0.5, dtype=np.float32)
        self.delta = np.zeros(len(plan.features))
        self.has_bureau = self.has_previous = True
        self.application: dict[str, Any] | None = None

    def set(self, feature: str, value: float | None, effect: float) -> Client:
        self.values[PLACE[feature]] = np.nan if value is None else value
        self.delta[PLACE[feature]] = effect
        return self

    def ask(self, side: str = "adverse", policy: Policy = POLICY) -> tuple[Reason, ...]:
        return self.plan.told(
            AGAINST if side == "adverse" else FOR,
            self.delta,
            self.delta / 100,
            self.values,
            has_bureau=self.has_bureau,
            has_previous=self.has_previous,
            application=self.application,
            maximum=policy.max_reasons,
            min_share=policy.min_reason_share,
        )


def random_block(seed: int, clients: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Effects and values of made-up clients, a third of the values missing."""
    rng = np.random.default_rng(seed)
    values = rng.choice([0, 0.5, 1, 10, -300.0, 400.0], size=(clients, len(FEATURES))).astype(np.float32)
    values[rng.random(values.shape) < 0.33] = np.nan
    return rng.normal(size=values.shape), values


# -------------------------------------------------------------------------------- laws


@laws
@given(seed=seeds, has_bureau=booleans, has_previous=booleans)
def test_L15_code_sums_add_up_to_the_sum_of_the_features(
    seed: int, has_bureau: bool, has_previous: bool
) -> None:
    delta, values = random_block(seed, 1)
    sums = PLAN.code_contributions(delta[0], values[0], has_bureau, has_previous)
    assert tuple(sums) == CODES
    assert sum(sums.values()) == pytest.approx(delta[0].sum(), abs=1e-9)


@laws
@given(
    seed=seeds, has_bureau=booleans, has_previous=booleans, side=st.sampled_from(["adverse", "favourable"])
)
def test_L18_reasons_are_at_most_four_sorted_unique_and_all_on_their_side(
    seed: int, has_bureau: bool, has_previous: bool, side: str
) -> None:
    client = Client()
    (client.delta,), (client.values,) = random_block(seed, 1)
    client.has_bureau, client.has_previous = has_bureau, has_previous
    found = client.ask(side)
    sign = 1 if side == "adverse" else -1
    assert len(found) <= 4
    assert len({reason.code for reason in found}) == len(found)
    assert [reason.share for reason in found] == sorted((reason.share for reason in found), reverse=True)
    assert all(reason.contribution * sign > 0 for reason in found)
    assert all(0.02 <= reason.share <= 1 for reason in found)


@laws
@given(seed=seeds)
def test_L19_L20_a_reason_shows_a_kept_feature_of_its_own_code(seed: int) -> None:
    client = Client()
    (client.delta,), (client.values,) = random_block(seed, 1)
    for reason in client.ask(policy=EVERY_CODE):
        assert reason.code in CODES
        if reason.feature is not None:
            assert dictionary.excluded(reason.feature) is None
            assert dictionary.code_of(reason.feature) == reason.code


@laws
@given(seed=seeds)
def test_L21_equal_inputs_give_equal_reasons_and_texts(seed: int) -> None:
    texts = []
    for _ in range(2):
        client = Client(ReasonPlan(FEATURES, medians()))
        (client.delta,), (client.values,) = random_block(seed, 1)
        texts.append([reasons.sentence(reason, "fr", "EUR") for reason in client.ask()])
    assert texts[0] == texts[1]


def test_L22_without_a_qualifying_code_there_is_no_reason_to_give() -> None:
    client = Client().set("BURO_AMT_CREDIT_SUM_DEBT_SUM", 0.0, 1.0)
    assert client.ask() == ()


@laws
@given(seed=seeds, has_bureau=booleans, has_previous=booleans)
def test_many_clients_get_the_codes_that_each_gets_alone(
    seed: int, has_bureau: bool, has_previous: bool
) -> None:
    delta, values = random_block(seed)
    bureau, previous = np.full(len(delta), has_bureau), np.full(len(delta), has_previous)
    bureau[0], previous[1] = True, True
    adverse, favourable = PLAN.first_codes(delta, values, bureau, previous, min_share=POLICY.min_reason_share)
    sums = PLAN.code_sums(delta, values, bureau, previous)
    for row in range(len(delta)):
        client = Client()
        client.delta, client.values = delta[row], values[row]
        client.has_bureau, client.has_previous = bool(bureau[row]), bool(previous[row])
        for codes, side in ((adverse, "adverse"), (favourable, "favourable")):
            found = client.ask(side)
            assert codes[row] == (CODES.index(found[0].code) if found else NO_CODE)
        alone = PLAN.code_contributions(delta[row], values[row], client.has_bureau, client.has_previous)
        np.testing.assert_allclose(sums[row], list(alone.values()), atol=1e-9)


@laws
@given(seed=seeds)
def test_many_clients_read_their_categories_as_each_does_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    delta, values = random_block(seed)
    columns = ("OCCUPATION_TYPE", "ORGANIZATION_TYPE", "NAME_INCOME_TYPE", "FLAG_OWN_REALTY")
    choices = {name: [None, "XNA", "Religion", "Maternity leave", "Drivers", "Y"] for name in columns}
    raw = {name: [choices[name][i] for i in rng.integers(0, 6, len(delta))] for name in columns}
    everyone = np.ones(len(delta), dtype=bool)
    adverse, _ = PLAN.first_codes(
        delta, values, everyone, everyone, application=raw, min_share=POLICY.min_reason_share
    )
    for row in range(len(delta)):
        client = Client()
        client.delta, client.values = delta[row], values[row]
        client.application = {name: raw[name][row] for name in columns}
        found = client.ask()
        assert adverse[row] == (CODES.index(found[0].code) if found else NO_CODE)


# ------------------------------------------------------------------ choosing and ranking


def test_ties_go_to_the_lower_code() -> None:
    client = Client().set("AMT_INCOME_TOTAL", 10, 1.0).set("AMT_CREDIT", 10, 1.0)
    assert [reason.code for reason in client.ask()] == ["R03", "R10"]


def test_a_code_under_two_per_cent_of_the_adverse_sum_is_no_reason() -> None:
    client = Client().set("AMT_CREDIT", 10, 1.0).set("AMT_INCOME_TOTAL", 10, 0.019)
    assert [reason.code for reason in client.ask()] == ["R03"]


def test_effects_of_a_code_are_summed_before_they_are_ranked() -> None:
    client = (
        Client().set("AMT_CREDIT", 10, 0.4).set("AMT_GOODS_PRICE", 10, 0.4).set("AMT_INCOME_TOTAL", 10, 0.7)
    )
    first = client.ask()[0]
    assert first.code == "R03"
    assert first.contribution == pytest.approx(0.008)
    assert first.share == pytest.approx(0.8 / 1.5)


def test_the_shown_field_is_the_one_with_the_largest_effect_that_may_be_shown() -> None:
    client = (
        Client().set("EXT_SOURCE_1", 0.1, 0.2).set("EXT_SOURCE_2", 0.3, 0.9).set("EXT_SOURCE_3", 0.8, 1.0)
    )
    reason = client.ask()[0]
    assert (reason.code, reason.feature, reason.value) == ("R01", "EXT_SOURCE_2", pytest.approx(0.3))


def test_a_constrained_field_is_shown_only_on_its_adverse_side_of_the_reference() -> None:
    above = Client().set("CREDIT_TO_GOODS", 1.2, 1.0)
    below = Client().set("CREDIT_TO_GOODS", 0.3, 1.0)
    assert [reason.code for reason in above.ask()] == ["R04"]
    assert below.ask() == ()
    assert [reason.code for reason in Client().set("CREDIT_TO_GOODS", 0.3, -1.0).ask("favourable")] == ["R04"]


def test_a_guarded_field_is_never_shown_at_what_would_read_as_zero() -> None:
    plan = ReasonPlan(FEATURES, medians(0.0))
    for value, codes in ((0.04, []), (0.06, ["R34"])):
        client = only_shown(Client(plan), "INSTAL_DPD_MEAN").set("INSTAL_DPD_MEAN", value, 1.0)
        assert [reason.code for reason in client.ask()] == codes


def test_a_field_may_bring_its_own_arrow_and_guard() -> None:
    for use, codes in ((0.4, []), (0.6, ["R36"])):  # against a reference of 0.5
        client = only_shown(Client(), "CC_USE_LAST").set("CC_USE_LAST", use, 1.0)
        assert [reason.code for reason in client.ask()] == codes
    for ratio, codes in ((0.6, []), (0.4, ["R39"])):
        client = only_shown(Client(), "CC_PAID_TO_MINIMUM").set("CC_PAID_TO_MINIMUM", ratio, 1.0)
        assert [reason.code for reason in client.ask()] == codes


def test_a_sentence_that_needs_a_reference_is_dropped_without_one() -> None:
    plan = ReasonPlan(FEATURES, {**medians(), "AMT_CREDIT": None})
    client = Client(plan).set("AMT_CREDIT", 10, 1.0).set("AMT_INCOME_TOTAL", 10, 0.5)
    assert [reason.code for reason in client.ask()] == ["R10"]


def test_every_constrained_shown_field_has_the_arrow_of_its_constraint() -> None:
    for code, row in catalogue().items():
        for field in row.get("fields", ()):
            direction = dictionary.direction(field["feature"])
            if direction:
                adverse = field.get("adverse", row.get("adverse"))
                assert adverse == direction, (code, field["feature"])


def test_a_served_feature_without_a_code_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"CODE_GENDER.*excluded"):
        ReasonPlan(("EXT_SOURCE_1", "CODE_GENDER"), {})


# ----------------------------------------------------------------------- missing values


def test_a_missing_external_score_counts_for_R02() -> None:
    client = Client().set("EXT_SOURCE_1", None, 1.0).set("EXT_SOURCE_COUNT", 2, 0.0)
    (reason,) = client.ask()
    assert (reason.code, reason.value) == ("R02", 2.0)
    assert reasons.sentence(reason, "fr") == f"Notes de crédit externes disponibles{NB}: 2 sur 3."


def test_three_available_scores_are_never_held_against_a_client() -> None:
    assert Client().set("EXT_SOURCE_COUNT", 3, 1.0).ask() == ()
    assert Client().set("EXT_SOURCE_COUNT", 3, -1.0).ask("favourable")[0].code == "R02"


def test_missing_history_elsewhere_counts_for_R40_only_without_a_single_loan() -> None:
    client = Client().set("BURO_DAYS_CREDIT_MIN", None, 1.0)
    assert client.ask() == ()
    client.has_bureau = False
    (reason,) = client.ask()
    assert (reason.code, reason.feature, reason.value) == ("R40", None, None)
    assert reasons.sentence(reason, "en") == "No known loan with other lenders."


@pytest.mark.parametrize(
    "feature", ["PREV_DAYS_DECISION_MAX", "POS_COUNT", "INSTAL_DPD_MEAN", "CC_SK_DPD_MAX"]
)
def test_missing_history_with_us_counts_for_R41_only_without_any(feature: str) -> None:
    client = only_shown(Client(), feature).set(feature, None, 1.0)
    assert client.ask() == ()
    client.has_previous = False
    assert [reason.code for reason in client.ask()] == ["R41"]


@pytest.mark.parametrize(
    ("feature", "sentence"),
    [
        ("DAYS_EMPLOYED", "Aucune ancienneté d’emploi déclarée."),
        ("OWN_CAR_AGE", "Aucun véhicule déclaré."),
    ],
)
def test_a_missing_value_with_a_meaning_is_told_by_its_absent_text(feature: str, sentence: str) -> None:
    (reason,) = Client().set(feature, None, 1.0).ask()
    assert reason.value is None
    assert reasons.sentence(reason, "fr") == sentence


def test_any_other_missing_value_drops_its_code() -> None:
    assert Client().set("AMT_CREDIT", None, 1.0).ask() == ()


def test_no_sentence_speaks_of_a_missing_value() -> None:
    for row in catalogue().values():
        for text in texts_of(row):
            assert "manquant" not in text and "missing" not in text


# --------------------------------------------------------------------------- categories


def occupation(application: dict[str, Any] | None) -> Client:
    client = Client()
    client.values[:] = 0
    client.set("OCCUPATION_TYPE_Drivers", 1, 1.0)
    client.application = application
    return client


def test_the_clients_own_category_is_told() -> None:
    (reason,) = occupation({"OCCUPATION_TYPE": "Drivers", "ORGANIZATION_TYPE": "XNA"}).ask()
    assert (reason.code, reason.feature, reason.value) == ("R13", "OCCUPATION_TYPE_Drivers", "Drivers")
    assert reasons.sentence(reason, "fr") == f"Activité déclarée{NB}: conducteur."


def test_without_the_raw_application_the_category_is_read_from_the_features() -> None:
    assert occupation(None).ask()[0].value == "Drivers"


def test_an_occupation_that_was_not_given_is_told_as_such() -> None:
    (reason,) = occupation({"OCCUPATION_TYPE": None, "ORGANIZATION_TYPE": "XNA"}).ask()
    assert reason.value is None
    assert reasons.sentence(reason, "fr") == "Profession non indiquée."
    assert reasons.sentence(reason, "en") == "Occupation not stated."


def test_a_protected_employer_is_never_named() -> None:
    client = Client().set("ORGANIZATION_TYPE_Bank", 0, 1.0)
    client.values[:] = 0
    client.application = {"OCCUPATION_TYPE": "Drivers", "ORGANIZATION_TYPE": "Religion"}
    assert [reason.value for reason in client.ask()] == ["Drivers"]


def test_maternity_leave_is_told_as_working() -> None:
    client = Client().set("NAME_INCOME_TYPE_Working", 1, 1.0)
    client.application = {"NAME_INCOME_TYPE": "Maternity leave"}
    (reason,) = client.ask()
    assert reasons.sentence(reason, "en") == "Type of income declared: wages."


def test_a_numbered_column_tells_its_category() -> None:
    client = Client().set("FLAG_OWN_REALTY", 1, 1.0)
    (reason,) = client.ask()
    assert (reason.feature, reason.value) == ("FLAG_OWN_REALTY", "N")
    assert reasons.sentence(reason, "en") == "Housing: no home or land owned."


def test_documents_are_counted() -> None:
    client = Client(ReasonPlan(FEATURES, {**medians(0.0), "DOCUMENT_COUNT": 1.0}))
    client.set("FLAG_DOCUMENT_3", 1, 1.0)
    client.application = {"FLAG_DOCUMENT_3": 1, "FLAG_DOCUMENT_8": 1, "FLAG_DOCUMENT_6": 0}
    (reason,) = client.ask()
    assert reasons.sentence(reason, "fr") == f"Pièces fournies au dossier{NB}: 2 (clients acceptés{NB}: 1)."


@pytest.mark.parametrize("served", [("DOCUMENT_COUNT",), ("FLAG_DOCUMENT_3", "FLAG_DOCUMENT_8")])
def test_documents_are_counted_by_what_the_model_holds_where_no_application_is_given(
    served: tuple[str, ...],
) -> None:
    plan = ReasonPlan(served, dict.fromkeys(served, 1.0))
    values = np.full(len(served), 2.0 / len(served), dtype=np.float32)
    (reason,) = plan.told(
        AGAINST, np.ones(len(served)), np.ones(len(served)), values,
        has_bureau=True, has_previous=True, application=None, maximum=4, min_share=0.0,
    )  # fmt: skip
    assert (reason.code, reason.value, reason.reference) == ("R09", 2.0, float(len(served)))


def test_the_leading_category_of_earlier_applications_is_named_with_its_share() -> None:
    client = (
        Client()
        .set("PREV_NAME_PORTFOLIO_Cards_MEAN", 0.25, 1.0)
        .set("PREV_NAME_PORTFOLIO_POS_MEAN", 0.1, 0.3)
    )
    (reason,) = client.ask()
    assert reasons.sentence(reason, "fr") == (
        f"«{NB}cartes{NB}» dans vos demandes précédentes{NB}: 25,0{NB}% (clients acceptés{NB}: 50,0{NB}%)."
    )


def test_a_category_that_says_nothing_alone_brings_its_column() -> None:
    client = Client().set("PREV_NAME_GOODS_CATEGORY_XNA_MEAN", 0.25, 1.0)
    assert reasons.sentence(client.ask()[0], "en").startswith('"Type of goods: not stated" in your earlier')


# ------------------------------------------------------------------------------- words

FILLED = [
    ("R01", "EXT_SOURCE_2", 0.2094, 0.571,
     f"Votre note de crédit externe n°{NB}2 est de 0,21 sur 1 (clients acceptés{NB}: 0,57).",
     f"Your external credit score no.{NB}2 is 0.21 out of 1 (accepted clients: 0.57)."),
    ("R11", "DAYS_EMPLOYED", -243.0, -1885.0,
     f"Ancienneté dans l’emploi{NB}: 8{NB}mois (clients acceptés{NB}: 5{NB}ans et 2{NB}mois).",
     f"Time in current job: 8{NB}months (accepted clients: 5{NB}years 2{NB}months)."),
    ("R34", "INSTAL_DPD_MEAN", 1.3, 0.1,
     f"Retard moyen de vos échéances{NB}: 1,3{NB}jour (clients acceptés{NB}: 0,1{NB}jour).",
     f"Average delay of your instalments: 1.3{NB}days (accepted clients: 0.1{NB}days)."),
    ("R21", "BURO_AMT_CREDIT_SUM_DEBT_SUM", 14200.0, 5900.0,
     f"Reste dû à d’autres prêteurs{NB}: 14\u202f200{NB}€ (clients acceptés{NB}: 5\u202f900{NB}€).",
     "Outstanding debt with other lenders: €14,200 (accepted clients: €5,900)."),
    ("R05", "PAYMENT_RATE", 0.1, 0.052,
     f"Chaque échéance rembourse 10,0{NB}% du montant emprunté (clients acceptés{NB}: 5,2{NB}%).",
     "Each instalment repays 10.0% of the amount borrowed (accepted clients: 5.2%)."),
    ("R05", "AMT_ANNUITY", 3150.0, 2520.0,
     f"L’échéance est de 3\u202f150{NB}€ (clients acceptés{NB}: 2\u202f520{NB}€).",
     "The instalment is €3,150 (accepted clients: €2,520)."),
    ("R04", "CREDIT_TO_GOODS", 1.05, 1.12,
     f"Le crédit représente 105{NB}% du prix du bien (clients acceptés{NB}: 112{NB}%).",
     "The loan is 105% of the price of the goods (accepted clients: 112%)."),
    ("R25", "BURO_DAYS_CREDIT_MIN", -2405.0, -1765.0,
     f"Votre premier crédit connu ailleurs date de 6{NB}ans et 7{NB}mois"
     f" (clients acceptés{NB}: 4{NB}ans et 10{NB}mois).",
     f"Your first known loan elsewhere was 6{NB}years 7{NB}months ago"
     f" (accepted clients: 4{NB}years 10{NB}months)."),
    ("R07", "CREDIT_TO_INCOME", 1.21, 2.0,
     f"Le montant demandé vaut 1,21 fois le revenu déclaré (clients acceptés{NB}: 2,00).",
     "The amount requested is 1.21 times the declared income (accepted clients: 2.00)."),
    ("R34", "INSTAL_LATE_365D", 3.0, 0.0,
     f"Paiements en retard en un an{NB}: 3 (clients acceptés{NB}: 0).",
     "Late payments within a year: 3 (accepted clients: 0)."),
    ("R36", "CC_USE_LAST", 0.953, 0.12,
     f"Solde de votre carte de crédit{NB}: 95,3{NB}% du plafond (clients acceptés{NB}: 12,0{NB}%).",
     "Balance of your credit card: 95.3% of the limit (accepted clients: 12.0%)."),
    ("R33", "POS_REMAINING", 5.0, 2.0,
     f"Reste à payer sur vos achats à crédit{NB}: 5{NB}échéances (clients acceptés{NB}: 2{NB}échéances).",
     f"Left to pay on your point-of-sale loans: 5{NB}instalments (accepted clients: 2{NB}instalments)."),
    ("R07", "INCOME_CREDIT_PERC", 0.8264, 0.5,
     f"Le montant demandé vaut 1,21 fois le revenu déclaré (clients acceptés{NB}: 2,00).",
     "The amount requested is 1.21 times the declared income (accepted clients: 2.00)."),
    ("R24", "BURO_DAYS_CREDIT_ENDDATE_MAX", 700.0, 1100.0,
     f"Fin prévue de votre crédit le plus long ailleurs{NB}: dans 23{NB}mois"
     f" (clients acceptés{NB}: dans 3{NB}ans).",
     f"Your longest loan elsewhere ends in 23{NB}months (accepted clients: in 3{NB}years)."),
    ("R29", "PREV_CNT_PAYMENT_MEAN", 1.0, 14.0,
     f"Durée moyenne de vos crédits précédents{NB}: 1{NB}échéance (clients acceptés{NB}: 14{NB}échéances).",
     f"Average term of your earlier loans: 1{NB}instalment (accepted clients: 14{NB}instalments)."),
    ("R33", "POS_COUNT", 12.0, 21.0,
     f"Historique de remboursement chez nous{NB}: 12{NB}mois (clients acceptés{NB}: 21{NB}mois).",
     f"Repayment history with us: 12{NB}months (accepted clients: 21{NB}months)."),
    ("R23", "BURO_STATUS_1_MEAN_MEAN", 0.032, 0.001,
     f"Retards déclarés par d’autres prêteurs{NB}: 3,2{NB}% des mois (clients acceptés{NB}: 0,1{NB}%).",
     "Arrears reported by other lenders: 3.2% of months (accepted clients: 0.1%)."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "feature", "value", "reference", "french", "english"), FILLED)
def test_a_sentence_reads_as_designed(
    code: str, feature: str, value: float, reference: float, french: str, english: str
) -> None:
    reason = Reason(code, feature, value, reference, 0.01, 0.5)
    assert reasons.sentence(reason, "fr", "EUR") == french
    assert reasons.sentence(reason, "en", "EUR") == english


def test_the_value_beside_a_reason_is_the_one_of_its_sentence_in_its_language() -> None:
    job = Reason("R13", "OCCUPATION_TYPE_Drivers", "Drivers", None, 0.01, 0.5)
    amount = Reason("R07", "INCOME_CREDIT_PERC", 0.25, 0.5, 0.01, 0.5)

    for reason in (job, amount):
        for language in ("fr", "en"):
            assert value_shown(reason, language) in sentence(reason, language)
    assert value_shown(job, "fr") != value_shown(job, "en")
    assert (told_inverted(job), told_inverted(amount)) == (False, True)
    assert value_shown(Reason("R40", None, None, None, 0.01, 0.5), "fr") == ""


def test_R01_names_the_score_it_shows_and_is_plural_where_scores_are_summed() -> None:
    reason = Reason("R01", "EXT_SOURCE_2", 0.2, 0.5, 0.01, 0.5)
    assert reasons.label_of(reason, "fr") == f"Note de crédit externe n°{NB}2"
    assert reasons.label_of(reason, "en") == f"External credit score no.{NB}2"
    assert reasons.label("R01", "fr") == "Notes de crédit externes"
    assert reasons.label_of(replace(reason, code="R03", feature="AMT_CREDIT"), "fr") == "Montant demandé"


@pytest.mark.parametrize("code", CODES)
def test_a_label_is_short_neutral_and_in_both_languages(code: str) -> None:
    for language in LANGUAGES:
        text = reasons.label(code, language)
        assert 3 <= len(text) <= 32
        assert not judges(text, language)
        assert not text.endswith(".")


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_distinct(language: str) -> None:
    assert len({reasons.label(code, language) for code in CODES}) == len(CODES)


@pytest.mark.parametrize("code", CODES)
def test_L20_both_languages_have_the_same_placeholders(code: str) -> None:
    row = catalogue()[code]
    for place in (row, *row.get("fields", ())):
        if "fr" in place:
            assert placeholders(place["fr"]) == placeholders(place["en"])
    assert ("absent_fr" in row) == ("absent_en" in row)


@pytest.mark.parametrize("code", CODES)
def test_no_sentence_judges_or_shows_a_raw_token(code: str) -> None:
    for text in texts_of(catalogue()[code]):
        language = "fr" if re.search(r"\u00a0|é|è|ê|’|œ", text) or " de " in text else "en"
        assert not judges(text, language)
        assert not RAW.search(text)
        assert text.endswith(".")


def test_every_shown_field_exists_belongs_to_its_code_and_has_a_known_unit() -> None:
    named = set(archive_features())
    for code, row in catalogue().items():
        for field in row.get("fields", ()):
            if row.get("show") == "category":
                assert dictionary.code_of(field["feature"]) == code
            else:
                assert field["feature"] in named
                assert dictionary.code_of(field["feature"]) == code
                assert field["unit"] in dictionary.UNITS


@laws
@given(seed=seeds, language=st.sampled_from(LANGUAGES))
def test_no_written_reason_leaks_a_placeholder_a_token_or_the_other_language(
    seed: int, language: str
) -> None:
    client = Client()
    (client.delta,), (client.values,) = random_block(seed, 1)
    client.has_bureau, client.has_previous = bool(seed % 2), bool(seed % 3)
    for side in ("adverse", "favourable"):
        for reason in client.ask(side, EVERY_CODE):
            text = reasons.sentence(reason, language, "EUR")
            assert not re.search(r"[{}]|-\d|\bnan\b|None", text), text
            assert not RAW.search(text), text
            assert ("clients acceptés" in text) <= (language == "fr")
            assert ("accepted clients" in text) <= (language == "en")
            assert reasons.label_of(reason, language)


def test_each_feature_counts_for_one_code_that_the_plan_tells() -> None:
    client = Client().set("EXT_SOURCE_3", None, 0.0)
    codes = PLAN.feature_codes(client.values, True, True)
    assert len(codes) == len(FEATURES)
    assert (codes[PLACE["AMT_CREDIT"]], codes[PLACE["EXT_SOURCE_3"]]) == ("R03", "R02")


# ------------------------------------------------------------------------------ helpers


def only_shown(client: Client, feature: str) -> Client:
    """The client without the other fields that the feature's code may show."""
    for field in catalogue()[str(dictionary.code_of(feature))]["fields"]:
        if field["feature"] != feature:
            client.set(field["feature"], None, 0.0)
    return client


def catalogue() -> dict[str, dict[str, Any]]:
    rows = tomllib.loads(FILE.read_text("utf-8"))
    assert rows.pop("version") == reasons.CATALOGUE_VERSION
    return rows


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}


def texts_of(row: dict[str, Any]) -> list[str]:
    places = (row, *row.get("fields", ()))
    return [place[key] for place in places for key in ("fr", "en", "absent_fr", "absent_en") if key in place]
