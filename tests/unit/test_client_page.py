"""The client page from plain values: figures agree, words follow the opinion, panels fail alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import flask
import pytest
from plotly.utils import PlotlyJSONEncoder

from dash_app.champion import Serving
from dash_app.security.rights import ADVISOR, User
from dash_app.services import clients, portfolio
from dash_app.services.assessments import Opened
from model import dictionary, quality
from model.assess import assess
from model.book import Book
from model.bundle import Bundle
from pages import client
from pages.client import head, position, values, verdict
from pages.client import reasons as page_reasons
from tests import bundles

USER = User("demo:advisor", ADVISOR, "Sophie Laurent")
LANGUAGES = ("fr", "en")


@pytest.fixture(scope="module")
def serving(small_bundle: Bundle, small_book: Book) -> Serving:
    return Serving(
        bundle=small_bundle, book=small_book, policy=small_bundle.policy, currency="EUR", fictional=True
    )


@pytest.fixture
def app_context(serving):
    app = flask.Flask("pages")
    with app.test_request_context():
        flask.g.serving = serving
        yield


def opened(serving: Serving, client_id: int) -> client.File:
    case = serving.clients().case(client_id)
    given = assess(serving.bundle, case, serving.policy, book_digest=serving.clients().digest)
    moment = datetime(2026, 11, 24, 9, 14, tzinfo=UTC)
    return client.File(
        opened=Opened("id", moment, given, case, serving),
        identity=clients.identity(serving, case),
        place=clients.Place(3, 14, 900_001, None),
        position=portfolio.position(USER, serving, case, "DAYS_EMPLOYED"),
        refused=None,
        features=portfolio.features(USER, serving),
        read=clients.columns_read(serving),
        asked=client.Asked(client_id),
        now=moment,
        role=ADVISOR,
    )


def file_of(serving: Serving, opinion: str) -> client.File:
    """The first file of an opinion."""
    book = serving.clients()
    code = ("favourable", "review", "unfavourable").index(opinion)
    row = int((book.opinions(serving.policy) == code).nonzero()[0][0])
    return opened(serving, int(book.ids[row]))


def text_of(component) -> str:
    """All words of a component, in order."""
    if component is None or isinstance(component, str | int | float):
        return str(component or "")
    if isinstance(component, list | tuple):
        return " ".join(text_of(child) for child in component)
    if isinstance(component, dict):
        return text_of(component["props"]["children"])
    return text_of(getattr(component, "children", None))


def as_json(components) -> str:
    return json.dumps(components, cls=PlotlyJSONEncoder, ensure_ascii=False)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("opinion", ["favourable", "review", "unfavourable"])
def test_every_panel_is_built_for_every_opinion(serving, app_context, opinion, language):
    page = as_json(client.body(file_of(serving, opinion), language))

    assert '"panel": "client-' not in page  # no retry button: no panel failed
    for anchor in ("reasons", "calculation", "position", "data", "values"):
        assert f'"id": "{anchor}"' in page


def test_l16_effects_of_the_reasons_are_those_of_the_waterfall(serving, app_context):
    file = file_of(serving, "unfavourable")
    by_code = file.by_code("en")

    reasons = text_of(page_reasons.section(file, by_code, "en"))

    given = file.opened.assessment
    shown = {step.name: step.points for step in by_code.every}
    for reason in (*given.reasons, *given.strengths):
        assert f"{abs(shown[reason.code]):.1f}" in reasons
    assert by_code.base + sum(shown.values()) == pytest.approx(by_code.total)


def test_effects_by_feature_lead_to_the_same_probability_as_by_code(serving, app_context):
    file = file_of(serving, "unfavourable")

    by_code, by_feature = file.by_code("fr"), file.by_feature("fr")

    assert by_feature.base == by_code.base
    assert by_feature.total == by_code.total
    assert by_feature.base + sum(s.points for s in by_feature.every) == pytest.approx(by_feature.total)


def test_distance_is_the_difference_of_the_figures_shown(serving, app_context):
    file = file_of(serving, "unfavourable")
    shown = round(100 * file.opened.assessment.default_probability, file.digits)
    cut_off = round(100 * file.opened.assessment.cut_off, file.digits)

    words = text_of(verdict.distance(file, "en"))

    assert words.startswith(f"{shown - cut_off:.{file.digits}f}\u00a0points above the cut-off")


def test_favourable_file_shows_strengths_only(serving, app_context):
    file = file_of(serving, "favourable")

    words = text_of(page_reasons.section(file, file.by_code("en"), "en"))

    assert "What lowers the risk" in words
    assert "What raises the risk" not in words


def test_file_to_review_is_not_given_a_frequency(serving, app_context):
    words = text_of(verdict.distance(file_of(serving, "review"), "fr"))

    assert "trop près pour trancher" in words
    assert "Sur 100" not in words


def test_learning_file_says_so_with_its_out_of_fold_probability(serving, app_context):
    learning, waiting = opened(serving, bundles.FIRST_ID), opened(serving, int(serving.clients().ids[-1]))

    assert "Dossier d’apprentissage" in text_of(head.title(learning, "fr"))
    assert "sans l’avoir vu" in text_of(head.title(learning, "fr"))
    assert "apprentissage" not in text_of(head.title(waiting, "fr"))


def test_value_that_the_model_does_not_read_is_tagged(serving, app_context):
    strip = head.identity(opened(serving, bundles.FIRST_ID), "fr").children

    tagged = [text_of(fact.children[0]) for fact in strip if "hors modèle" in text_of(fact)]

    assert len(strip) == 9
    assert [words.split()[0] for words in tagged][:2] == ["Âge", "Famille"]


def test_failure_of_one_panel_leaves_the_others(serving, app_context, monkeypatch, caplog):
    flask.g.request_id = "e7k2f000aaaa"
    monkeypatch.setattr(quality, "flag_text", broken)
    monkeypatch.setattr(client.quality, "section", broken)

    page = client.body(file_of(serving, "unfavourable"), "fr")

    words = text_of(page)
    assert "La qualité des données" in words
    assert "E7K2F000" in words
    assert "Pourquoi cet avis" in words
    assert "E7K2F000" in caplog.text


@pytest.mark.parametrize(
    ("low", "high", "percentile", "words"),
    [
        (0.0, 1.0, 99.9, None),
        (0.0, 0.001, 99.9, "en bout d’échelle, presque toutes les PD voisines sont plus basses"),
        (0.0, 0.001, 50.0, "moins souvent que ne le dit le modèle"),
        (0.999, 1.0, 50.0, "plus souvent que ne le dit le modèle"),
        (0.999, 1.0, 0.1, "en bout d’échelle, presque toutes les PD voisines sont plus hautes"),
    ],
)
def test_a_probability_outside_its_interval_is_said(serving, app_context, low, high, percentile, words):
    file = file_of(serving, "review")
    given = file.opened.assessment
    near = given.interval._replace(low=low, high=high)
    given = replace(given, interval=near, percentile=percentile)
    file = replace(file, opened=replace(file.opened, assessment=given))

    shown = text_of(verdict.section(file, "fr"))

    assert ("cet intervalle" in shown) == (words is not None)
    assert words is None or words in shown


@pytest.mark.parametrize(
    ("share", "words"), [(0.38, "2 modèles sur 5"), (0.16, "1 modèle sur 5"), (0.02, None)]
)
def test_how_sure_the_score_is_is_said_where_it_was_measured(serving, app_context, share, words):
    measured = {
        "coverage": {"agreement": 0.954, "pd_inside": 0.965, "bands": 240, "width": 0.066},
        "disagreement": {"distances": [0.0], "n": [500], "share": [share], "models": 5},
    }
    told = replace(serving, bundle=replace(serving.bundle, evaluation=measured))

    shown = text_of(verdict.section(file_of(told, "review"), "fr"))

    assert "95\u00a0% tiennent" in shown
    assert ("appris sur d’autres échantillons" in shown) == (words is not None)
    assert words is None or words in shown
    assert "tiennent" not in text_of(verdict.section(file_of(serving, "review"), "fr"))


@pytest.mark.parametrize(("value", "french", "english"), [("Y", "oui", "yes"), ("N", "non", "no")])
def test_a_declared_possession_is_yes_or_no_beside_its_label(serving, app_context, value, french, english):
    file = file_of(serving, "review")

    for language, words in (("fr", french), ("en", english)):
        row = values._value("FLAG_OWN_CAR", value, file, language)
        assert text_of(row).endswith(words)


def broken(*_args, **_kwargs):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("pd", "words"),
    [
        (0.1243, "Sur 100 dossiers notés ainsi, 12 ou 13 font défaut."),
        (0.129, "Sur 100 dossiers notés ainsi, 13 font défaut."),
        (0.031, "Sur 100 dossiers notés ainsi, 3 font défaut."),
        (0.0102, "Sur 100 dossiers notés ainsi, 1 fait défaut."),
        (0.004, "Sur 1\u202f000 dossiers notés ainsi, 4 font défaut."),
    ],
)
def test_natural_frequency(pd, words):
    assert verdict.frequency(pd, "fr") == words


@pytest.mark.parametrize(
    "forged",
    [{}, {"client_id": "1"}, {"client_id": True}, {"client_id": None}, {"client_id": 1.5}],
)
def test_forged_store_names_no_file(forged):
    assert client.Asked.read(forged) is None


def test_impossible_view_list_and_feature_are_the_usual_ones():
    asked = client.Asked.read({"client_id": 1, "view": "pie", "queue": "x", "sort": 3, "feature": 7})

    assert asked == client.Asked(1)


def test_way_back_has_neighbours_under_the_keys_j_and_k(app_context):
    links = head.crumb(clients.Place(3, 14, 900_001, 900_002), ADVISOR, "fr").children

    keys = {getattr(link, "data-key", None): link.href for link in links if hasattr(link, "href")}
    assert keys == {None: "/", "k": "/client/900001", "j": "/client/900002"}
    assert "3 sur 14" in text_of(links)


@pytest.mark.parametrize(
    ("asked", "back"),
    [
        (client.Asked(1), "/"),
        (client.Asked(1, queue="review"), "/?queue=review"),
        (client.Asked(1, queue="review", sort="closest"), "/?queue=review&sort=closest"),
    ],
)
def test_way_back_keeps_the_filter_and_the_order_of_the_list(serving, app_context, asked, back):
    from dataclasses import replace

    file = replace(file_of(serving, "review"), asked=asked)

    assert client.body(file, "fr")[0].children[0].href == back


def test_feature_of_the_address_that_does_not_exist_is_named(serving, app_context):
    from dataclasses import replace

    file = replace(file_of(serving, "review"), refused="NOPE")

    assert "NOPE" in text_of(position.section(file, "fr"))


def test_missing_raw_values_are_listed_and_never_written_as_zero(serving, app_context):
    file = file_of(serving, "review")
    absent = [c for c, value in file.opened.case.application.items() if value is None]

    rows = text_of(values.section(file, "fr"))

    assert absent
    assert rows.count("Non renseigné") >= 1
    for column in absent:
        assert dictionary.entry(column).label("fr") in rows
