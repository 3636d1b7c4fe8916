"""One client, one assessment: same bits alone, in a block, from the book or from his rows."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from model.assess import NO_REASON, Assessment, as_answer, assess, assess_many, shortest
from model.book import Book
from model.bundle import Bundle
from model.case import case_from_features, case_from_rows
from model.contributions import Reference
from model.errors import IntegrityError
from model.version import code_version
from tests.bundles import CLIENTS, FIRST_ID, made


def bits(assessment: Assessment) -> dict[str, object]:
    """Every field, arrays as bytes, so that equality means equal bits."""
    found = {field.name: getattr(assessment, field.name) for field in fields(assessment)}
    return {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in found.items()}


@pytest.fixture(scope="module")
def assessments(small_bundle: Bundle, small_book: Book) -> list[Assessment]:
    return assess_many(small_bundle, [small_book.case_at(i) for i in range(CLIENTS)])


def test_a_block_of_any_size_gives_each_client_the_bits_he_has_alone(
    small_bundle: Bundle, small_book: Book, assessments: list[Assessment]
) -> None:
    for size in (1, 2, 7, 100, 300):
        for start in range(0, 300, size):
            cases = [small_book.case_at(i) for i in range(start, min(start + size, 300))]
            block = assess_many(small_bundle, cases)
            assert [bits(one) for one in block] == [
                bits(one) for one in assessments[start : start + len(cases)]
            ]
    for i in range(0, CLIENTS, 53):
        assert bits(assess(small_bundle, small_book.case_at(i))) == bits(assessments[i])


def test_the_list_of_the_book_shows_the_number_of_the_page(
    small_bundle: Bundle, small_book: Book, assessments: list[Assessment]
) -> None:
    assert [one.default_probability for one in assessments] == small_book.default_probability.tolist()
    assert [one.margin for one in assessments] == small_book.margin.tolist()


def test_rows_and_features_give_the_probability_of_the_book(small_bundle: Bundle, small_book: Book) -> None:
    for i in range(0, CLIENTS, 101):
        row = made().matrix[i]
        named = {
            f: None if np.isnan(v) else float(v) for f, v in zip(small_bundle.features, row, strict=True)
        }
        of_book = assess(small_bundle, small_book.case_at(i))
        of_rows = assess(small_bundle, case_from_rows(small_bundle, made().payloads[i]))
        of_features = assess(small_bundle, case_from_features(small_bundle, named))

        assert of_book.default_probability == of_rows.default_probability == of_features.default_probability
        assert of_book.contributions.tobytes() == of_rows.contributions.tobytes()
        assert of_book.reasons == of_rows.reasons
        assert of_book.codes == of_rows.codes


def test_a_new_policy_changes_the_opinion_and_no_explanation(small_bundle: Bundle, small_book: Book) -> None:
    case = small_book.case_at(1)
    strict = replace(small_bundle.policy, version="P-2", cutoff=0.001)

    usual, other = assess(small_bundle, case), assess(small_bundle, case, strict)

    assert (other.opinion, other.cut_off, other.versions["policy"]) == ("unfavourable", 0.001, "P-2")
    assert other.default_probability == usual.default_probability
    assert other.base_probability == usual.base_probability
    assert other.contributions.tobytes() == usual.contributions.tobytes()
    assert other.strengths == usual.strengths


def test_a_favourable_opinion_gives_no_reasons_but_strengths(assessments: list[Assessment]) -> None:
    favourable = [one for one in assessments if one.opinion == "favourable"]

    assert favourable
    assert all(one.reasons == () for one in favourable)
    assert sum(bool(one.strengths) for one in favourable) > 0.9 * len(favourable)


def test_versions_name_model_bundle_clients_policy_code_and_catalogue(
    small_bundle: Bundle, small_book: Book
) -> None:
    found = assess(small_bundle, small_book.case_at(0), book_digest=small_book.digest).versions

    assert found["model"] == "1"
    assert found["bundle"] == f"sha256:{small_bundle.digest}"
    assert found["clients"] == f"sha256:{small_book.digest}"
    assert found["policy"] == "P-1"
    assert found["code"] == code_version()
    assert found["reasons"]


def test_a_case_that_was_sent_names_no_client_book_even_beside_one_of_the_book(
    small_bundle: Bundle, small_book: Book
) -> None:
    cases = [small_book.case_at(0), case_from_features(small_bundle, {"EXT_SOURCE_2": 0.4})]

    found = assess_many(small_bundle, cases, book_digest=small_book.digest)

    assert [one.versions["clients"] for one in found] == [f"sha256:{small_book.digest}", None]


def test_a_learning_file_shows_the_probability_by_the_model_that_had_not_seen_it(
    small_bundle: Bundle, assessments: list[Assessment]
) -> None:
    labelled, waiting = assessments[0], assessments[-1]

    assert labelled.learning
    assert labelled.oof_probability == small_bundle.calibration.probability(made().oof_margins[0])[0]
    assert (waiting.learning, waiting.oof_probability) == (False, None)


def test_percentile_and_interval_follow_the_score(assessments: list[Assessment]) -> None:
    ordered = sorted(assessments, key=lambda one: one.default_probability)

    assert [one.percentile for one in ordered] == sorted(one.percentile for one in ordered)
    for one in ordered:
        assert one.interval.low <= one.interval.observed <= one.interval.high


def test_FLT41_contributions_that_do_not_add_up_are_never_given(
    small_bundle: Bundle, small_book: Book
) -> None:
    tampered = replace(
        small_bundle,
        reference=Reference(small_bundle.reference.mu + 0.01, small_bundle.reference.margin, 1),
    )

    with pytest.raises(IntegrityError, match="contributions miss") as refusal:
        assess(tampered, small_book.case_at(0))

    assert refusal.value.code == "sum_broken"


def test_L22_an_unfavourable_opinion_without_a_reason_becomes_review_with_an_alert(
    small_bundle: Bundle, small_book: Book, assessments: list[Assessment]
) -> None:
    row = next(i for i, one in enumerate(assessments) if one.opinion == "unfavourable")
    silent = replace(small_bundle.policy, min_reason_share=1.1)

    found = assess(small_bundle, small_book.case_at(row), silent)

    assert (found.opinion, found.reasons, found.alerts) == ("review", (), (NO_REASON,))
    assert found.side == "refuse"


# The answer ---------------------------------------------------------------------------


def test_the_answer_has_the_documented_fields(small_bundle: Bundle, assessments: list[Assessment]) -> None:
    answer = as_answer(assessments[-1], small_bundle, "en", "EUR")

    assert {
        "status", "client_id", "probability_of_default", "interval", "opinion", "cut_off", "grade", "points",
        "base_probability", "contributions", "reasons", "data_quality", "versions",
    } <= set(answer)  # fmt: skip
    assert set(answer["interval"]) == {"low", "high", "level", "observed", "n"}
    assert answer["client_id"] == FIRST_ID + CLIENTS - 1


@pytest.mark.parametrize("limit", [10, 3, None])
def test_listed_contributions_and_the_rest_add_up_to_the_probability(
    small_bundle: Bundle, assessments: list[Assessment], limit: int | None
) -> None:
    for one in assessments[::37]:
        listed = as_answer(one, small_bundle, "en", limit=limit)["contributions"]
        total = one.base_probability + sum(row["contribution"] for row in listed)

        assert total == pytest.approx(one.default_probability, abs=1e-9)
        named = [row for row in listed if row["feature"] is not None]
        assert len(named) == (limit or len(small_bundle.features))
        assert len(listed) - len(named) == (0 if limit is None else 1)
        sizes = [abs(row["contribution"]) for row in named]
        assert sizes == sorted(sizes, reverse=True)


def test_the_answer_is_plain_json_in_both_languages(
    small_bundle: Bundle, assessments: list[Assessment]
) -> None:
    one = next(one for one in assessments if one.opinion == "unfavourable")

    french, english = (as_answer(one, small_bundle, language, "EUR") for language in ("fr", "en"))

    assert json.loads(json.dumps(french, allow_nan=False)) == french
    assert [r["code"] for r in french["reasons"]] == [r["code"] for r in english["reasons"]]
    assert all(f["text"] != e["text"] for f, e in zip(french["reasons"], english["reasons"], strict=True))
    assert french["contributions"] == english["contributions"]


def test_every_listed_feature_has_its_code_and_theme(
    small_bundle: Bundle, assessments: list[Assessment]
) -> None:
    one = assessments[3]
    listed = as_answer(one, small_bundle, "en", limit=None)["contributions"]

    sums: dict[str, float] = {}
    for row in listed:
        assert row["theme"]
        sums[row["code"]] = sums.get(row["code"], 0.0) + row["contribution"]
    for code, total in sums.items():
        assert one.codes[code] == pytest.approx(total, abs=1e-12)


def test_a_learning_file_says_so_in_the_answer(small_bundle: Bundle, assessments: list[Assessment]) -> None:
    labelled = as_answer(assessments[0], small_bundle, "en")
    waiting = as_answer(assessments[-1], small_bundle, "en")

    assert labelled["learning"] == {"out_of_fold_probability": assessments[0].oof_probability}
    assert "learning" not in waiting


@pytest.mark.parametrize("text", ["0.21", "0.1", "1000000.0", "-834.0", "16777216.0", "1.17549e-38"])
def test_values_are_written_with_the_fewest_digits_of_their_float32(text: str) -> None:
    value = np.float32(text)

    written = shortest(value)

    assert written == float(str(value))
    assert np.float32(written) == value
    assert shortest(np.float32("nan")) is None
