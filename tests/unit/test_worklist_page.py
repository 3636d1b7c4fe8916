"""The worklist's view and words, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.services.clients import QUEUES, SORTS, WorklistRow
from dash_app.ui import parts
from pages import worklist
from pages.worklist import ROWS, Listing, View

NOW = datetime(2026, 11, 24, 9, 14, tzinfo=UTC)
VIEWS = st.builds(View, st.sampled_from(QUEUES), st.sampled_from(SORTS), st.integers(1, 10**6))
STRANGERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner),
    max_leaves=3,
)


def row(**changes: object) -> WorklistRow:
    values = {
        "client_id": 900412,
        "product": "Cash loans",
        "amount": 31_500.0,
        "opinion": "unfavourable",
        "default_probability": 0.124,
        "reason_code": "R11",
        "flags": 1,
        "waiting_since": NOW - timedelta(hours=6),
    }
    return WorklistRow(**{**values, **changes})  # type: ignore[arg-type]


def listing(
    *rows: WorklistRow, view: View | None = None, total: int | None = None, **changes: object
) -> Listing:
    total = len(rows) if total is None else total
    counts = {"all": total, "review": 0, "unfavourable": total, "favourable": 0}
    values = {"view": view or View(), "lines": rows, "total": total, "counts": counts, "now": NOW}
    policy = {"zone": (0.079, 0.104), "cut_off": 0.0909, "currency": "EUR"}
    return Listing(**{**values, **policy, **changes})  # type: ignore[arg-type]


def words(component: object) -> str:
    """All text of a component, in order."""
    if component is None:
        return ""
    if isinstance(component, str | int | float):
        return str(component)
    if isinstance(component, list | tuple):
        return " ".join(filter(None, (words(part) for part in component)))
    return words(getattr(component, "children", None))


@given(queue=STRANGERS, sort=STRANGERS, page=STRANGERS)
def test_THR4_any_value_of_the_browser_reads_as_a_view(queue: object, sort: object, page: object) -> None:
    view = View.read({"queue": queue, "sort": sort, "page": page})
    assert view.queue in QUEUES
    assert view.sort in SORTS
    assert view.page >= 1


@given(view=VIEWS)
def test_a_view_survives_its_address(view: View) -> None:
    assert View.read(dict(parse_qsl(urlsplit(view.address()).query))) == view


def test_the_first_page_of_everything_needs_no_query() -> None:
    assert View().address() == "/"
    assert View(queue="review", page=3).address(page=1) == "/?queue=review"


@pytest.mark.parametrize(
    ("waited", "french", "english"),
    [
        (timedelta(seconds=20), "à l’instant", "just now"),
        (timedelta(minutes=24), "24 min", "24 min"),
        (timedelta(hours=6), "6 h", "6 h"),
        (timedelta(hours=20), "hier", "yesterday"),
        (timedelta(days=2), "2 j", "2 d"),
        (timedelta(days=1500), "1 500 j", "1,500 d"),
        (timedelta(seconds=-90), "à l’instant", "just now"),
    ],
)
def test_how_long_a_file_waits(waited: timedelta, french: str, english: str) -> None:
    said = {language: worklist.waited(NOW - waited, NOW, language) for language in ("fr", "en")}
    assert {
        language: text.replace("\u202f", " ").replace("\u00a0", " ") for language, text in said.items()
    } == {
        "fr": french,
        "en": english,
    }


def test_an_unknown_date_says_nothing() -> None:
    assert worklist.waited(None, NOW, "fr") == ""


def test_a_row_shows_what_is_missing_in_words() -> None:
    shown = words(worklist.body(listing(row(product=None, amount=None, reason_code=None)), "fr"))
    assert shown.count("non renseigné") == 2
    assert "aucune" in shown


def test_the_shown_probability_never_contradicts_the_opinion() -> None:
    shown = words(worklist.body(listing(row(default_probability=0.10402)), "en"))
    assert "10.40%" in shown


def test_an_empty_queue_says_which_filter_empties_it() -> None:
    empty = listing(view=View(queue="review"), total=0, counts=dict.fromkeys(QUEUES, 0) | {"all": 3})
    assert "À étudier" in words(worklist.body(empty, "fr"))
    assert "Enlever le filtre" in words(worklist.body(empty, "fr"))
    assert "Tout est décidé" in words(worklist.body(listing(total=0), "fr"))


@pytest.mark.parametrize(("page", "turns"), [(1, {"2"}), (2, {"1", "3"}), (3, {"2"})])
def test_pages_lead_to_their_neighbours_only(page: int, turns: set[str]) -> None:
    rows = [row(client_id=900_000 + place) for place in range(ROWS)]
    foot = worklist.body(listing(*rows, view=View(page=page), total=2 * ROWS + 4), "fr")[3]
    found = {getattr(part, "data-page") for part in foot.children if hasattr(part, "data-page")}
    assert found == turns


@given(st.floats(0, 1))
def test_the_small_scale_keeps_every_probability_on_it(probability: float) -> None:
    scale = parts.mini_scale(probability, zone=(0.079, 0.104), cut_off=0.0909, label="x")
    place = float(scale.children[-1].style["left"].removesuffix("%"))
    assert 0 <= place <= 100
    assert place == pytest.approx(min(probability, 0.30) / 0.30 * 100, abs=0.01)
