"""What holds for every chart: valid Plotly, tokens only, words in both languages, few ticks."""

from __future__ import annotations

import json
import re

import plotly.graph_objects as go
import pytest

from dash_app.charts.template import CONFIG, DARK, LIGHT, LIVE, TEMPLATES, nice_ticks
from dash_app.ui.tokens import COLOURS
from tests.unit.chart_samples import charts

CHARTS = charts()
every_chart = pytest.mark.parametrize("name", CHARTS)
both_languages = pytest.mark.parametrize("language", ["fr", "en"])
both_widths = pytest.mark.parametrize("narrow", [False, True])


@every_chart
@both_languages
@both_widths
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_plotly_accepts_every_property(name, language, narrow, look):
    figure = CHARTS[name].figure(language, narrow=narrow, look=look)

    assert go.Figure(figure, skip_invalid=False).data


@every_chart
@both_widths
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_come_from_the_tokens_of_the_theme(name, narrow, look):
    drawn = json.dumps(CHARTS[name].figure("fr", narrow=narrow, look=look))

    used = set(re.findall(r"#[0-9a-fA-F]{3,8}", drawn))
    assert used <= set(COLOURS[look.name].values())
    assert not re.search(r"\brgb\(", drawn)


@every_chart
@both_widths
def test_live_figure_resolved_in_a_theme_is_the_figure_of_that_theme(name, narrow):
    live = json.dumps(CHARTS[name].figure("fr", narrow=narrow, look=LIVE))

    for look in (LIGHT, DARK):
        resolved = re.sub(r"var\(--pd-([a-z0-9-]+)\)", lambda m, look=look: look(m.group(1)), live)
        assert json.loads(resolved) == json.loads(
            json.dumps(CHARTS[name].figure("fr", narrow=narrow, look=look))
        )


@every_chart
def test_nothing_needs_webgl_or_a_title_inside(name):
    figure = CHARTS[name].figure("fr")

    assert all(trace["type"] in ("bar", "scatter") for trace in figure["data"])
    assert "title" not in figure["layout"]


@every_chart
@both_languages
@both_widths
def test_axes_have_five_ticks_at_most_and_words_for_each(name, language, narrow):
    layout = CHARTS[name].figure(language, narrow=narrow)["layout"]

    for axis in (value for key, value in layout.items() if re.fullmatch(r"[xy]axis\d?", key)):
        if not axis.get("showticklabels", True) or not axis.get("visible", True):
            continue
        assert len(axis["tickvals"]) == len(axis["ticktext"])
        numeric = not name.startswith("position") or key_is_rate(axis)
        if numeric:
            assert len(axis["tickvals"]) <= 6  # five and the missing column's


def key_is_rate(axis):
    return all("%" in text for text in axis["ticktext"])


@every_chart
def test_figures_differ_between_languages_only_by_words(name):
    french, english = (CHARTS[name].figure(language) for language in ("fr", "en"))

    assert [trace.get("y") for trace in french["data"]] == [trace.get("y") for trace in english["data"]]
    assert json.dumps(french["data"]) + str(french["layout"].get("annotations")) != json.dumps(
        english["data"]
    ) + str(english["layout"].get("annotations"))
    assert french["layout"]["separators"] == ",\u202f"
    assert english["layout"]["separators"] == ".,"


@every_chart
@both_languages
def test_table_and_sentence_are_words(name, language):
    table, sentence = CHARTS[name].table(language), CHARTS[name].sentence(language)

    assert sentence.strip()
    assert table.rows
    assert all(len(row) == len(table.columns) == len(table.numeric) for row in table.rows)
    assert all(isinstance(cell, str) for row in table.rows for cell in row)
    assert not any("nan" in cell.lower().split() for row in table.rows for cell in row)


def test_template_of_a_theme_is_kept_by_its_name():
    assert TEMPLATES["pd_dark"]["layout"]["xaxis"]["gridcolor"] == COLOURS["dark"]["grid"]
    assert TEMPLATES["pd_light"]["layout"]["dragmode"] is False
    assert CONFIG["displayModeBar"] is False


def test_unknown_token_is_refused():
    with pytest.raises(KeyError):
        LIVE("no-such-token")


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 17.3, [0, 5, 10, 15]), (-2.2, 3.1, [-2, 0, 2]), (0, 0.04, [0, 0.01, 0.02, 0.03, 0.04]), (3, 3, [3])],
)
def test_ticks_are_round_and_inside(low, high, ticks):
    assert nice_ticks(low, high) == pytest.approx(ticks)
