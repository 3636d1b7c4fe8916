"""The importance page from plain values: rows lead to features, effects run as the axis does."""

from __future__ import annotations

import flask
import pytest

from callbacks import importance as callbacks
from dash_app.champion import Serving
from dash_app.security.rights import MANAGER, User
from dash_app.services import importance as service
from pages import importance as page

USER = User("demo:manager", MANAGER, "Karim Benali")


@pytest.fixture
def serving(small_bundle, small_book):
    made = Serving(
        bundle=small_bundle, book=small_book, policy=small_bundle.policy, currency="EUR", fictional=True
    )
    with flask.Flask("pages").test_request_context():
        flask.g.serving = made
        yield made


def shown(serving, feature, language="en"):
    return page.dependence_data(service.dependence(USER, serving, feature), "EUR", language)


def test_effects_are_those_of_the_bundle_in_points(serving):
    found = service.dependence(USER, serving, "EXT_SOURCE_2")

    data, _ = page.dependence_data(found, "EUR", "en")

    known = [100 * mean for mean in found.dependence.mean[:-1] if mean is not None]
    assert sorted(data.mean) == pytest.approx(sorted(known))
    assert data.at == tuple(sorted(data.at))
    assert sum(data.files) == sum(found.dependence.counts[:-1])


def test_direction_is_told_as_the_axis_runs(serving):
    data, write = shown(serving, "DAYS_EMPLOYED")

    assert data.direction == -1  # more time in a job never raises the risk
    assert min(data.at) >= 0
    assert write(2.0, "en") == "2\u00a0years"
    assert shown(serving, "EXT_SOURCE_2")[0].direction == -1


def test_one_hot_feature_shows_its_whole_column_as_rows(serving):
    data, write = shown(serving, "NAME_EDUCATION_TYPE_Higher education")

    assert data.column == "NAME_EDUCATION_TYPE"
    assert len(data.labels) == len(data.mean) == 2
    assert write(0.0, "en") == data.labels[0]


@pytest.mark.parametrize(
    ("feature", "level", "row"),
    [
        ("EXT_SOURCE_2", "code", "R01"),
        ("EXT_SOURCE_2", "theme", "external"),
        ("EXT_SOURCE_2", "feature", "EXT_SOURCE_2"),
        ("NAME_EDUCATION_TYPE", "code", "R14"),
        ("NOPE", "code", None),
        ("CODE_GENDER", "feature", None),
    ],
)
def test_feature_belongs_to_one_row_of_each_level(serving, feature, level, row):
    assert callbacks._row_of(feature, level, serving) == row


def test_every_bar_leads_to_its_most_important_feature(serving):
    ranked = callbacks.read_ranking(USER, "feature", None)

    assert ranked.chosen == ranked.rows[0].name
    assert all(ranked.leading[row.name] == row.name for row in ranked.rows)
    assert callbacks._leading(USER, serving, "code")["R01"].startswith("EXT_SOURCE_")


def test_figure_carries_the_feature_that_a_click_chooses(serving):
    ranked = callbacks.read_ranking(USER, "feature", "EXT_SOURCE_2")

    figures = page.ranking_figures(ranked, "fr")

    for variant in figures.values():
        for name, _, feature in variant["data"][0]["customdata"]:
            assert feature == ranked.leading[name]


@pytest.mark.parametrize("forged", [None, 3, "pie", ["code"], {"a": 1}])
def test_impossible_level_is_the_usual_one(forged):
    assert page.level_of(forged) == "code"
