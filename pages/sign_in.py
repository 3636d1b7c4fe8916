"""Sign-in: in the demonstration, one button a role. Fields that could not work are not shown.

The picture at the right is an invented file on the scale that every screen uses; it comes from a formula, not
from the portfolio, since whoever reads this page is not signed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import flask
from dash import dcc, html
from dash.development.base_component import Component

from dash_app.i18n import t
from dash_app.security.rights import ADVISOR, ANYONE, AUDITOR, MANAGER
from dash_app.ui import parts, shell
from model import locale
from model.policy import Policy
from model.score_tables import SCALE_BINS, SCALE_TOP

PAGE: dict[str, Any] = {
    "path": "/sign-in",
    "roles": ANYONE,
    "title": shell.page_title("sign_in.title"),
}

ROLES: Final = ((ADVISOR, "inbox"), (MANAGER, "bar-chart-steps"), (AUDITOR, "patch-check"))

_USUAL: Final = Policy.theoretical()
_CUT_OFF: Final = _USUAL.cutoff
_ZONE: Final = _USUAL.zone()
_EXAMPLE: Final = 0.096
_EXAMPLE_SPAN: Final = (0.072, 0.128)
_EXAMPLE_RANK: Final = 0.72


def layout(next: str | None = None, ended: str | None = None, language: str = "fr") -> html.Div:
    """Return the page; ``next`` is where to go afterwards, ``ended`` tells that a session ran out."""
    demo = flask.current_app.config["PAD_SETTINGS"].demo
    words: list[Component] = [
        shell.brand(language),
        html.H1(t("sign_in.title", language), className="mb-1"),
        html.P(t("sign_in.lead", language), className="muted mb-4"),
    ]
    if ended:
        words.append(html.Div(parts.note(t("sign_in.ended", language), symbol="clock"), className="mb-4"))
    words.append(_demo(next, language) if demo else html.P(t("sign_in.closed", language)))
    left = html.Div(
        [html.Div(shell.language_switch(language), className="corner"), html.Div(words, className="in")]
    )
    return html.Div([left, html.Div(_example(language), className="out")], className="si")


def _demo(target: str | None, language: str) -> html.Form:
    buttons = [
        html.Button(
            [parts.icon(symbol), t(f"sign_in.role.{role}", language)],
            type="submit",
            name="role",
            value=role,
            className="btn btn-line",
        )
        for role, symbol in ROLES
    ]
    return html.Form(
        [
            html.H2(t("sign_in.demo", language), className="form-label", id="sign-in-demo"),
            html.P(t("sign_in.demo_hint", language), className="sm muted mb-3"),
            # The one hidden value of a form that Dash can write without a field of its own.
            *([dcc.Input(type="hidden", name="next", value=target)] if target else []),
            html.Div(buttons, className="demo", role="group", **{"aria-labelledby": "sign-in-demo"}),
        ],
        action="/sign-in/demo",
        method="POST",
    )


def _example(language: str) -> Sequence[Component]:
    """The scale with an invented file, for the eye only."""
    low, high = _ZONE
    heights = [_density((place + 0.5) / SCALE_BINS) for place in range(SCALE_BINS)]
    top = max(heights)
    bars = [html.I(style={"height": f"{100 * height / top:.1f}%"}) for height in heights]
    zones = (("fav", 0.0, low), ("mid", low, high), ("unf", high, SCALE_TOP))
    words = zip(zones, parts.ICONS, strict=True)
    picture = [
        html.Div(bars, className="hist"),
        *(
            html.Span(
                className=f"zone {tone}", style={"left": _at(start), "width": _at(end - start, gap=True)}
            )
            for tone, start, end in zones
        ),
        *(_tick(percent, language) for percent in range(0, 31, 5)),
        *(
            html.Span(
                t(f"opinion.{opinion}", language),
                className=f"word {tone}",
                style={"left": _at((start + end) / 2)},
            )
            for (tone, start, end), opinion in words
        ),
        html.Span(className="cut", style={"left": _at(_CUT_OFF)}),
        html.Span(
            t("sign_in.scale.cut_off", language, value=locale.percent(_CUT_OFF, language)),
            className="lab",
            style={"left": _at(_CUT_OFF)},
        ),
        html.Span(
            className="span",
            style={"left": _at(_EXAMPLE_SPAN[0]), "width": _at(_EXAMPLE_SPAN[1] - _EXAMPLE_SPAN[0])},
        ),
        html.Span(className="pin", style={"left": _at(_EXAMPLE)}),
        html.Span(className="dot", style={"left": _at(_EXAMPLE)}),
        html.Span(
            [
                html.B(t("sign_in.scale.here", language, value=locale.percent(_EXAMPLE, language))),
                t("sign_in.scale.rank", language, share=locale.percent(_EXAMPLE_RANK, language, digits=0)),
            ],
            className="me",
            style={"left": _at(_EXAMPLE)},
        ),
    ]
    return [
        html.Figure(html.Div(picture, className="pic"), **{"aria-hidden": "true"}),
        html.P(t("sign_in.scale.caption", language), className="muted sm mt-3 mb-0 caption"),
    ]


def _density(share: float) -> float:
    """Shape of a portfolio's probabilities: few near zero, most at a few per cent, a long tail."""
    return share**0.9 * 2.718281828 ** (-11 * share) + 0.0006


def _tick(percent: int, language: str) -> html.Span:
    last = percent == 100 * SCALE_TOP
    words = locale.percent(percent / 100, language, digits=0)
    return html.Span(
        t("chart.scale.at_least", language, value=words) if last else words,
        className="tick last" if last else "tick first" if percent == 0 else "tick",
        style={"left": _at(percent / 100)},
    )


def _at(probability: float, *, gap: bool = False) -> str:
    share = 100 * probability / SCALE_TOP
    return f"calc({share:.2f}% - 1px)" if gap else f"{share:.2f}%"
