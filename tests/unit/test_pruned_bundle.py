"""Whatever a model left out, every service of a file still answers."""

from __future__ import annotations

import numpy as np
import pytest

from model.assess import as_answer, assess
from model.book import Book, load_book
from model.bundle import Bundle, load_bundle
from model.drift import DriftReference, drift
from model.neighbours import similar
from model.recourse import recourse
from model.simulation import simulate
from tests.bundles import WAITING, served_features, write_pruned_bundle, write_small_book

KEPT = {
    "no amount": [n for n in served_features() if "AMT" not in n and n not in
                  ("CREDIT_TO_GOODS", "PAYMENT_RATE", "ANNUITY_INCOME_PERC", "INCOME_CREDIT_PERC")],
    "no external score": [n for n in served_features() if not n.startswith("EXT_SOURCE")],
    "nothing of the application": [
        n for n in served_features() if n.startswith(("BURO", "PREV", "INSTAL", "POS"))],
    "one category of each": [n for n in served_features() if "_TYPE_" not in n or n.endswith(
        ("Cash loans", "Working", "Higher education", "Drivers"))],
    "one feature": ["CREDIT_TO_GOODS"],
}  # fmt: skip


@pytest.fixture(scope="module", params=KEPT)
def pruned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Book]:
    """A bundle that reads some features, and its client book."""
    folder = tmp_path_factory.mktemp("pruned")
    bundle = load_bundle(write_pruned_bundle(folder, KEPT[request.param]))
    return bundle, load_book(write_small_book(folder, bundle))


def _files(book: Book) -> list[int]:
    """Waiting files, the riskiest and the safest among them."""
    waiting = np.arange(len(book) - WAITING, len(book))
    order = waiting[np.argsort(book.default_probability[waiting])]
    return [int(row) for row in (*order[:3], *order[-9:])]


def test_every_file_is_assessed_and_its_contributions_add_up(pruned: tuple[Bundle, Book]) -> None:
    bundle, book = pruned

    for row in _files(book):
        one = assess(bundle, book.case_at(row))

        assert abs(bundle.base_probability + one.contributions.sum() - one.default_probability) < 1e-9
        assert as_answer(one, bundle, "fr")["probability_of_default"] == one.default_probability


def test_recourse_answers_whether_or_not_the_model_reads_the_request(pruned: tuple[Bundle, Book]) -> None:
    bundle, book = pruned
    request = bundle.columns_read & {"AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"}

    for row in _files(book):
        found = recourse(bundle, book.case_at(row), budget=60.0)

        if not request:
            # Nothing of the request moves the score: the grid is walked, and none suffices.
            assert found.status in ("not_needed", "other_product", "none")
        for answer in found.answers:
            assert answer.assessment.default_probability < found.before.default_probability


def test_a_what_if_of_a_field_that_was_left_out_changes_nothing(pruned: tuple[Bundle, Book]) -> None:
    bundle, book = pruned
    case = book.case_at(_files(book)[-1])

    changed = simulate(bundle, case, {"AMT_INCOME_TOTAL": 250_000.0})

    moved = changed.after.default_probability != changed.before.default_probability
    assert moved <= ("AMT_INCOME_TOTAL" in bundle.columns_read)


def test_population_entries_count_everybody_and_similar_files_are_found(pruned: tuple[Bundle, Book]) -> None:
    bundle, book = pruned

    for entry in bundle.population.entries.values():
        assert sum(entry.counts) == len(book)
    assert similar(bundle, book.case_at(_files(book)[0])).rate.n >= 100


def test_drift_of_the_same_clients_is_nothing(pruned: tuple[Bundle, Book]) -> None:
    bundle, book = pruned
    matrix = book.features.all()
    probability = bundle.probabilities(matrix)
    told = {
        "default_probability": probability,
        "opinion_codes": bundle.policy.opinion_codes(probability),
        "matrix": matrix,
        "features": bundle.features,
    }
    reference = DriftReference.of(
        **told,
        code_sums=np.zeros((1, len(bundle.reason_plan.codes))),
        codes=bundle.reason_plan.codes,
        first_reasons=[],
        importance=dict.fromkeys(bundle.reason_plan.codes, 1.0),
    )
    codes = [bundle.reason_plan.codes[index] for index in bundle.reason_plan.code_index]

    found = drift(reference, **told, feature_codes=codes)

    assert found.score.psi == 0.0
    assert found.data == "green"
