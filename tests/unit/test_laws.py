"""Laws of the decision that need a real booster, the reasons and the policy together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import dictionary, reasons
from model.assess import NO_REASON, Assessment, as_answer, assess, assess_many
from model.book import Book
from model.bundle import Bundle
from model.case import case_from_features
from model.contributions import displayed_points
from tests.bundles import CLIENTS, made


@pytest.fixture(scope="module")
def assessments(small_bundle: Bundle, small_book: Book) -> list[Assessment]:
    return assess_many(small_bundle, [small_book.case_at(i) for i in range(CLIENTS)])


def test_L1_one_probability_to_the_last_bit(small_bundle: Bundle, assessments: list[Assessment]) -> None:
    policy = small_bundle.policy
    for one in assessments:
        answer = as_answer(one, small_bundle, "fr")
        pd = answer["probability_of_default"]

        assert pd == one.default_probability
        assert (answer["opinion"], answer["grade"], answer["points"]) == (
            policy.opinion(pd), policy.grade(pd), policy.points(pd),
        )  # fmt: skip
        assert one.side == policy.side(pd)


@given(st.floats(0.01, 0.5), st.floats(0.0, 0.5))
def test_L2_no_lower_cutoff_accepts_a_client_refused_by_a_higher_one(
    small_bundle: Bundle, small_book: Book, cutoff: float, less: float
) -> None:
    high = replace(small_bundle.policy, cutoff=cutoff)
    low = replace(small_bundle.policy, cutoff=max(cutoff - less, 0.005))

    assert (low.refused(small_book.default_probability) >= high.refused(small_book.default_probability)).all()


def test_L6_clients_rank_by_probability_as_by_margin(assessments: list[Assessment]) -> None:
    by_margin = sorted(assessments, key=lambda one: one.margin)

    probabilities = [one.default_probability for one in by_margin]

    assert probabilities == sorted(probabilities)
    assert len({one.margin for one in assessments}) == len(set(probabilities))


def test_L7_intervals_enclose_what_was_observed_and_shrink_in_k(small_bundle: Bundle) -> None:
    for margin in np.linspace(-6, 1, 40):
        few = small_bundle.intervals.interval(margin, neighbours=100)
        many = small_bundle.intervals.interval(margin, neighbours=1600)

        assert few.low <= few.observed <= few.high
        assert many.high - many.low < few.high - few.low


def test_L10_moving_a_constrained_feature_the_safe_way_never_raises_the_risk(small_bundle: Bundle) -> None:
    rows = made().matrix[:300]
    before = small_bundle.probabilities(rows)
    split_on = small_bundle.booster.feature_importance("split") > 0
    constrained = [j for j, name in enumerate(small_bundle.features) if dictionary.direction(name)]
    read = [j for j in constrained if split_on[j]]
    assert len(read) > 10

    lowered = {}
    for j in constrained:
        moved = rows.copy()
        spread = small_bundle.high[j] - small_bundle.low[j]
        moved[:, j] -= dictionary.direction(small_bundle.features[j]) * spread / 3
        after = small_bundle.probabilities(moved)
        assert (after <= before).all(), small_bundle.features[j]
        lowered[j] = int((after < before).sum())
    assert all(lowered[j] > 0 for j in read), lowered


def test_L13_contributions_lead_from_the_typical_accepted_client_to_the_file(
    small_bundle: Bundle, assessments: list[Assessment]
) -> None:
    for one in assessments:
        assert one.base_probability == small_bundle.base_probability
        assert abs(one.base_probability + one.contributions.sum() - one.default_probability) <= 1e-9


def test_L13_holds_for_a_client_of_whom_nothing_is_known(small_bundle: Bundle) -> None:
    one = assess(small_bundle, case_from_features(small_bundle, {}))

    assert abs(one.base_probability + one.contributions.sum() - one.default_probability) <= 1e-9
    assert one.data_quality.provided_share == 0.0


def test_L14_contributions_keep_sign_and_order_of_the_log_odds(
    small_bundle: Bundle, assessments: list[Assessment]
) -> None:
    phi = small_bundle.shap(made().matrix)[:, :-1] - small_bundle.reference.mu
    for one, delta in zip(assessments, phi, strict=True):
        assert (np.sign(one.contributions) == np.sign(delta)).all()
        assert (np.diff(one.contributions[np.argsort(delta)]) >= 0).all()


def test_L15_codes_add_up_to_the_features_and_each_feature_has_one(assessments: list[Assessment]) -> None:
    for one in assessments:
        assert sum(one.codes.values()) == pytest.approx(one.contributions.sum(), abs=1e-12)
        assert set(one.feature_codes) <= set(one.codes)
        assert len(one.feature_codes) == len(one.contributions)


def test_L16_points_on_screen_add_up(assessments: list[Assessment]) -> None:
    for one in assessments:
        shown = displayed_points(one.base_probability, list(one.codes.values()), one.default_probability)

        assert round(shown.base + sum(shown.parts), 6) == pytest.approx(shown.probability)
        assert np.abs(np.array(shown.parts) - 100 * np.array(list(one.codes.values()))).max() < 0.1 + 1e-9


def test_L18_at_most_four_reasons_sorted_unique_and_adverse(assessments: list[Assessment]) -> None:
    for one in assessments:
        sizes = [reason.contribution for reason in one.reasons]

        assert len(sizes) <= 4
        assert len({reason.code for reason in one.reasons}) == len(sizes)
        assert sizes == sorted(sizes, reverse=True)
        assert all(size > 0 for size in sizes)
        assert all(reason.share >= 0.02 for reason in one.reasons)
        assert all(reason.contribution == pytest.approx(one.codes[reason.code]) for reason in one.reasons)


def test_L19_no_reason_shows_an_excluded_column(assessments: list[Assessment]) -> None:
    for one in assessments:
        for reason in (*one.reasons, *one.strengths):
            assert reason.feature is None or dictionary.excluded(reason.feature) is None


def test_L21_equal_inputs_give_equal_reasons_and_sentences(
    small_bundle: Bundle, small_book: Book, assessments: list[Assessment]
) -> None:
    again = assess_many(small_bundle, [small_book.case_at(i) for i in range(CLIENTS - 1, CLIENTS - 60, -1)])

    for one, other in zip(reversed(assessments[-59:]), again, strict=True):
        assert one.reasons == other.reasons
        for language in ("fr", "en"):
            assert [reasons.sentence(r, language) for r in one.reasons] == [
                r["text"] for r in as_answer(other, small_bundle, language)["reasons"]
            ]


def test_L22_every_client_refused_beyond_the_zone_has_a_reason(
    small_bundle: Bundle, assessments: list[Assessment]
) -> None:
    beyond = [one for one in assessments if one.default_probability > small_bundle.policy.zone()[1]]

    assert len(beyond) > 100
    assert all(one.reasons or one.alerts == (NO_REASON,) for one in beyond)
    assert [one.client_id for one in beyond if not one.reasons] == []


def test_L22_a_refusal_for_which_no_code_is_strong_enough_is_a_review_with_an_alert(
    small_bundle: Bundle, small_book: Book
) -> None:
    strict = replace(small_bundle.policy, min_reason_share=0.4)
    found = assess_many(small_bundle, [small_book.case_at(i) for i in range(CLIENTS)], strict)
    beyond = [one for one in found if one.default_probability > strict.zone()[1]]
    without = [one for one in beyond if not one.reasons]

    assert len(without) > 10
    assert len(beyond) - len(without) > 10
    assert {(one.opinion, one.side, one.alerts) for one in without} == {("review", "refuse", (NO_REASON,))}
    assert {(one.opinion, one.alerts) for one in beyond if one.reasons} == {("unfavourable", ())}


def test_L18_the_policy_says_how_many_reasons_and_how_strong(small_bundle: Bundle, small_book: Book) -> None:
    one_strong = replace(small_bundle.policy, max_reasons=1, min_reason_share=0.2)
    given = assess_many(small_bundle, [small_book.case_at(i) for i in range(300)], one_strong)

    assert {len(one.reasons) for one in given} | {len(one.strengths) for one in given} == {0, 1}
    assert min(r.share for one in given for r in (*one.reasons, *one.strengths)) >= 0.2


def test_L38_L39_points_fall_and_grades_turn_at_the_cutoff(assessments: list[Assessment]) -> None:
    ordered = sorted(assessments, key=lambda one: one.default_probability)

    assert [one.points for one in ordered] == sorted((one.points for one in ordered), reverse=True)
    assert all((one.grade >= "E") == (one.side == "refuse") for one in ordered)
