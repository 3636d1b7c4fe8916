"""What holds for every client of a portfolio, fictional and real: sums, reasons, their words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from model import dictionary
from model.assess import Assessment, assess_many
from model.book import load_book
from model.bundle import Bundle, load_bundle
from model.home import Home
from model.locale import LANGUAGES
from model.pointer import read_pointer
from model.reasons import Reason, label_of, sentence

BLOCK = 500
Whole = tuple[Bundle, list[Assessment]]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("small_home", marks=pytest.mark.xdist_group("small_home")),
        pytest.param("sample_home", marks=pytest.mark.xdist_group("sample_home")),
    ],
)
def whole(request: pytest.FixtureRequest) -> Whole:
    """Every client of the home, assessed as the pages assess him."""
    home: Home = request.getfixturevalue(request.param)
    pointer = read_pointer(home)
    assert pointer is not None and pointer.book is not None
    bundle, book = load_bundle(home.bundles / pointer.bundle), load_book(home.books / pointer.book)
    rows = range(len(book))
    assessed: list[Assessment] = []
    for start in rows[::BLOCK]:
        assessed += assess_many(bundle, [book.case_at(row) for row in rows[start : start + BLOCK]])
    return bundle, assessed


def test_L13_contributions_add_up_to_every_client_s_probability(whole: Whole) -> None:
    _, clients = whole
    gaps = [
        abs(one.base_probability + float(one.contributions.sum()) - one.default_probability)
        for one in clients
    ]

    assert max(gaps) <= 1e-9


def test_L15_codes_add_up_to_the_contributions_of_every_client(whole: Whole) -> None:
    _, clients = whole

    assert max(abs(sum(one.codes.values()) - float(one.contributions.sum())) for one in clients) <= 1e-9


def test_L18_at_most_four_reasons_each_once_strongest_first_and_all_adverse(whole: Whole) -> None:
    _, clients = whole
    for one in clients:
        shares = [reason.share for reason in one.reasons]
        assert len(shares) <= 4
        assert shares == sorted(shares, reverse=True)
        assert len({reason.code for reason in one.reasons}) == len(shares)
        assert all(reason.contribution > 0 for reason in one.reasons)


def test_L22_every_unfavourable_opinion_has_a_reason(whole: Whole) -> None:
    _, clients = whole
    refused = [one for one in clients if one.opinion == "unfavourable"]

    assert len(refused) > 100
    assert all(one.reasons for one in refused)


def test_L19_no_reason_shows_a_protected_attribute_to_anyone(whole: Whole) -> None:
    bundle, clients = whole

    assert [name for name in bundle.features if dictionary.excluded(name)] == []
    shown = {reason.feature for _, reason in _told(clients) if reason.feature}
    assert len(shown) > 10
    assert [name for name in sorted(shown) if dictionary.excluded(name)] == []


def test_a_constrained_field_speaks_against_a_client_only_on_its_adverse_side(whole: Whole) -> None:
    _, clients = whole
    judged = 0
    for one in clients:
        for reason in one.reasons:
            direction = dictionary.entry(reason.feature).direction if reason.feature else 0
            if direction and isinstance(reason.value, float) and reason.reference is not None:
                judged += 1
                assert direction * (reason.value - reason.reference) > 0, (reason, one.client_id)

    assert judged > 100


def test_every_reason_told_to_a_client_has_its_sentence_in_both_languages(whole: Whole) -> None:
    _, clients = whole
    kinds = {(reason.code, reason.feature): reason for _, reason in _told(clients)}

    assert len(kinds) > 10
    for reason in kinds.values():
        for language in LANGUAGES:
            text = sentence(reason, language)
            assert text.endswith((".", "?")) and "{" not in text and "nan" not in text
            assert label_of(reason, language)


def test_missing_values_never_become_a_figure_in_a_reason(whole: Whole) -> None:
    bundle, clients = whole
    place = {name: position for position, name in enumerate(bundle.features)}
    seen = 0
    for one, reason in _told(clients):
        if reason.feature in place and isinstance(reason.value, float):
            seen += 1
            assert not np.isnan(one.values[place[reason.feature]])

    assert seen > 100


def _told(clients: list[Assessment]) -> Iterator[tuple[Assessment, Reason]]:
    for one in clients:
        for reason in (*one.reasons, *one.strengths):
            yield one, reason
