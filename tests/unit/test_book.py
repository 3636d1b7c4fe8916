"""The client book: right client, right bits, quick lists, damage refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.book import Book, check_pair, load_book
from model.bundle import Bundle
from model.case import case_from_rows
from model.errors import InputError, IntegrityError, UnknownClientError
from model.policy import OPINIONS, Policy
from model.population import MISSING_CODE
from model.reasons import NO_CODE
from model.sealed import MANIFEST, verify_folder
from tests.bundles import CLIENTS, FIRST_ID, WAITING, made, write_small_book

DEFERRED = ("features.npy", "bins.npy")


@pytest.fixture
def copy(small_book: Book, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / small_book.digest
    shutil.copytree(small_book.folder, folder)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    yield folder


def flip(path: Path, at: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.write_bytes(content)


def test_a_case_is_the_client_that_was_written(small_book: Book) -> None:
    for i in (0, 699, 700, 1399, CLIENTS - 1):
        case = small_book.case(FIRST_ID + i)

        assert case.client_id == FIRST_ID + i
        assert case.features.tobytes() == made().matrix[i].tobytes()
        told = {k: v for k, v in (case.application or {}).items() if v is not None}
        expected = dict(made().payloads[i]["application"])
        del expected["SK_ID_CURR"]
        assert told == expected


def test_a_case_of_the_book_has_the_bits_of_the_case_from_its_rows(
    small_bundle: Bundle, small_book: Book
) -> None:
    for i in range(0, CLIENTS, 97):
        rows, book = case_from_rows(small_bundle, made().payloads[i]), small_book.case(FIRST_ID + i)

        assert rows.features.tobytes() == book.features.tobytes()
        assert rows.application == book.application
        assert rows.counts == book.counts


def test_an_unchanged_what_if_keeps_every_bit(small_bundle: Bundle, small_book: Book) -> None:
    for i in range(0, CLIENTS, 97):
        case = small_book.case(FIRST_ID + i)
        assert case.application is not None

        assert (
            small_bundle.reader.recompute(case.application, case.features).tobytes()
            == case.features.tobytes()
        )


def test_labelled_clients_are_learning_files_with_their_out_of_fold_margin(small_book: Book) -> None:
    labelled, waiting = small_book.case(FIRST_ID), small_book.case(FIRST_ID + CLIENTS - 1)

    assert labelled.learning
    assert labelled.oof_margin == made().oof_margins[0]
    assert (waiting.learning, waiting.target, waiting.oof_margin) == (False, None, None)


def test_unseen_categories_come_with_the_case(small_book: Book) -> None:
    assert small_book.case(FIRST_ID).unseen == (("application", "NAME_INCOME_TYPE", "Astronaut"),)
    assert small_book.case(FIRST_ID + 1).unseen == ()


def test_inputs_digest_is_the_clients_own_and_stable(small_book: Book) -> None:
    one, again, other = (small_book.case(FIRST_ID + i).inputs_digest for i in (5, 5, 6))

    assert one == again != other


@pytest.mark.parametrize("number", [1, FIRST_ID - 1, FIRST_ID + CLIENTS, 0, -5, 10**12])
def test_an_unknown_client_is_said_to_be_unknown(small_book: Book, number: int) -> None:
    assert small_book.index_of(number) is None
    with pytest.raises(UnknownClientError):
        small_book.case(number)


def test_margins_and_probabilities_are_the_bundles(small_bundle: Bundle, small_book: Book) -> None:
    assert small_book.margin.tolist() == small_bundle.margins(made().matrix).tolist()
    assert small_book.default_probability.tolist() == small_bundle.probabilities(made().matrix).tolist()


# Search -------------------------------------------------------------------------------


def book_of(ids: list[int]) -> Book:
    empty = np.zeros(0)
    return Book(Path("."), "", {}, np.array(sorted(ids)), *[empty] * 10, {})  # type: ignore[arg-type]


@given(st.sets(st.integers(1, 999_999_999), max_size=200), st.integers(1, 99_999), st.integers(1, 12))
def test_search_finds_what_a_scan_would(ids: set[int], number: int, limit: int) -> None:
    prefix = str(number)

    found = book_of(list(ids)).search(prefix, limit)

    matching = [i for i in sorted(ids, key=lambda i: (len(str(i)), i)) if str(i).startswith(prefix)]
    assert found == matching[:limit]


def test_search_puts_the_exact_number_first_and_ignores_spaces() -> None:
    book = book_of([412, 4120, 41200, 412087, 500])

    assert book.search(" 412 ") == [412, 4120, 41200, 412087]
    assert book.search("412 087") == [412087]


@pytest.mark.parametrize("text", ["", " ", "x", "41x", "-4", "4.1", "0", "012", "٤", "1234567890"])
def test_search_of_anything_but_an_id_finds_nothing(small_book: Book, text: str) -> None:
    assert small_book.search(text) == []


# Lists --------------------------------------------------------------------------------


def test_only_clients_without_a_known_outcome_wait(small_book: Book) -> None:
    assert len(small_book.waiting) == WAITING
    assert (small_book.target[small_book.waiting] == -1).all()


def test_opinions_are_those_of_the_policy(small_bundle: Bundle, small_book: Book) -> None:
    policy = small_bundle.policy
    codes = small_book.opinions(policy)

    assert [OPINIONS[c] for c in codes] == [policy.opinion(p) for p in small_book.default_probability]


def test_a_new_cutoff_moves_the_opinions(small_bundle: Bundle, small_book: Book) -> None:
    strict = replace(small_bundle.policy, cutoff=0.02)

    assert (
        small_book.queue_counts(strict)["unfavourable"]
        > small_book.queue_counts(small_bundle.policy)["unfavourable"]
    )


def test_queue_counts_add_up(small_bundle: Bundle, small_book: Book) -> None:
    counts = small_book.queue_counts(small_bundle.policy)

    assert counts["all"] == WAITING == sum(counts[opinion] for opinion in OPINIONS)
    for opinion in OPINIONS:
        assert len(small_book.worklist(small_bundle.policy, queue=opinion)) == counts[opinion]


def test_worklists_are_sorted(small_bundle: Bundle, small_book: Book) -> None:
    policy: Policy = small_bundle.policy
    oldest = small_book.worklist(policy)
    closest = small_book.worklist(policy, sort="closest")
    amounts = small_book.column("AMT_CREDIT")[small_book.worklist(policy, sort="amount")]

    assert (np.diff(small_book.ids[oldest]) > 0).all()
    assert (np.diff(np.abs(policy.distance(small_book.default_probability[closest]))) >= 0).all()
    assert (np.diff(amounts) <= 0).all()
    assert set(oldest) == set(closest) == set(small_book.waiting)


def test_kept_lists_cannot_be_changed_by_one_reader(small_bundle: Bundle, small_book: Book) -> None:
    with pytest.raises(ValueError, match="read-only"):
        small_book.worklist(small_bundle.policy)[0] = 3


@pytest.mark.parametrize("wrong", [{"queue": "everything"}, {"sort": "name; drop table"}])
def test_an_unknown_queue_or_sort_is_refused(
    small_bundle: Bundle, small_book: Book, wrong: dict[str, str]
) -> None:
    with pytest.raises(InputError):
        small_book.worklist(small_bundle.policy, **wrong)  # type: ignore[arg-type]


def test_columns_come_with_their_missing_values(small_book: Book) -> None:
    age, job = small_book.column("OWN_CAR_AGE"), small_book.column("OCCUPATION_TYPE")
    told = [p["application"].get("OWN_CAR_AGE") for p in made().payloads]

    assert [None if np.isnan(v) else v for v in age] == told
    assert job.tolist() == [p["application"].get("OCCUPATION_TYPE") for p in made().payloads]
    with pytest.raises(KeyError):
        small_book.column("TARGET")


def test_first_codes_are_named(small_book: Book) -> None:
    assert small_book.first_code(CLIENTS - 1, adverse=True) == "R01"
    assert small_book.first_code(CLIENTS - 1, adverse=False) is None


def test_bins_hold_a_code_for_every_entry_and_client(small_bundle: Bundle, small_book: Book) -> None:
    population = small_bundle.population

    assert tuple(small_book.manifest["entries"]) == population.names
    assert small_book.bins.shape == (len(population.names), CLIENTS)
    for name, codes in zip(population.names, small_book.bins, strict=True):
        found = np.bincount(np.where(codes == MISSING_CODE, population.entries[name].size, codes))
        assert found.sum() == CLIENTS
        assert found.tolist() == list(population.entries[name].counts)[: len(found)]


# Integrity ----------------------------------------------------------------------------


def test_the_manifest_says_whose_book_it_is(small_bundle: Bundle, small_book: Book) -> None:
    manifest = small_book.manifest

    assert manifest["bundle"] == small_bundle.digest
    assert (manifest["fictional"], manifest["clients"], manifest["waiting"]) == (True, CLIENTS, WAITING)
    check_pair(small_bundle, small_book)


def test_a_book_of_another_bundle_is_refused(small_bundle: Bundle, small_book: Book) -> None:
    with pytest.raises(IntegrityError, match="training clients"):
        check_pair(replace(small_bundle, digest="0" * 64), small_book)


def test_equal_clients_make_one_book(small_bundle: Bundle, small_book: Book, tmp_path: Path) -> None:
    assert write_small_book(tmp_path, small_bundle).name == small_book.digest


def test_one_flipped_byte_is_refused_by_name(copy: Path) -> None:
    for path in sorted(copy.iterdir()):
        flip(path)
        expected = path.name.replace(".", r"\.")
        if path.name not in DEFERRED:
            with pytest.raises(IntegrityError, match=expected):
                load_book(copy)
        with pytest.raises(IntegrityError, match=expected):
            verify_folder(copy)
        flip(path)
    load_book(copy)


def test_a_damaged_row_is_refused_when_it_is_asked_for_and_no_other(copy: Path) -> None:
    size = made().matrix.nbytes
    flip(copy / "features.npy", at=-size + 70 * made().matrix.shape[1] * 4)
    book = load_book(copy)

    assert book.case(FIRST_ID).client_id == FIRST_ID
    assert book.case(FIRST_ID + 128).client_id == FIRST_ID + 128
    with pytest.raises(IntegrityError, match=r"features\.npy: rows from 64"):
        book.case(FIRST_ID + 64)
    with pytest.raises(IntegrityError, match=r"features\.npy"):
        book.features.all()


def test_damaged_bins_are_refused_at_first_use(copy: Path) -> None:
    flip(copy / "bins.npy")
    book = load_book(copy)

    with pytest.raises(IntegrityError, match=r"bins\.npy"):
        _ = book.bins


@pytest.mark.parametrize("name", ["features.npy", "application.arrow", "ids.npy"])
def test_FLT43_a_truncated_file_is_refused_before_it_is_mapped(copy: Path, name: str) -> None:
    path = copy / name
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(IntegrityError, match="bytes, the manifest says"):
        load_book(copy)


def test_FLT43_a_deleted_folder_goes_on_serving_from_the_map(copy: Path) -> None:
    book = load_book(copy)
    shutil.rmtree(copy)

    assert book.case(FIRST_ID + 5).features.tobytes() == made().matrix[5].tobytes()


def test_a_missing_or_extra_file_is_refused(copy: Path) -> None:
    (copy / "notes.txt").write_text("x")
    with pytest.raises(IntegrityError, match=r"notes\.txt is not in the manifest"):
        load_book(copy)
    (copy / "notes.txt").unlink()
    (copy / "bins.npy").unlink()
    with pytest.raises(IntegrityError, match=r"bins\.npy is missing"):
        load_book(copy)


def test_a_bundle_is_not_a_book(small_bundle: Bundle) -> None:
    with pytest.raises(IntegrityError, match="not a book"):
        load_book(small_bundle.folder)


def test_a_book_names_its_manifest_in_its_digest(small_book: Book) -> None:
    assert (small_book.folder / MANIFEST).exists()
    assert small_book.folder.name == small_book.digest


def test_L22_a_list_reviews_whom_it_could_not_give_a_reason(small_bundle: Bundle, small_book: Book) -> None:
    codes = small_book.opinions(small_bundle.policy)
    row = next(r for r in small_book.waiting if OPINIONS[codes[r]] == "unfavourable")
    silent = small_book.first_adverse.copy()
    silent[row] = NO_CODE
    other = replace(small_book, first_adverse=silent, _orders={})
    assert OPINIONS[other.opinions(small_bundle.policy)[row]] == "review"
