"""The frame around every page: navigation, search, language, theme, user, messages.

The frame holds no data of a client or a model. What changes with the language is drawn by the functions
below, once in :func:`layout` and again by ``callbacks.shell`` when the switch is used; what the frame knows
of the product (fictional or not, files waiting, a refused bundle) is a :class:`Standing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import dash
import dash_bootstrap_components as dbc
import flask
from dash import dcc, html
from dash.development.base_component import Component

from dash_app.i18n import LANGUAGES, current_language, t
from dash_app.security.context import current_user
from dash_app.security.rights import AUDITOR, User
from dash_app.ui import parts
from dash_app.ui.document import current_theme
from dash_app.ui.parts import Content
from model import locale


class Ids:
    """Names of the frame's components."""

    LANGUAGE = "language"
    THEME = "theme"
    SIDE = "side"
    SIDE_COUNT = "side-count"
    MENU = "menu"
    MENU_PARTS = "menu-parts"
    MENU_COUNT = "menu-count"
    SKIP = "skip"
    SEARCH = "search"
    SEARCH_LABEL = "search-label"
    RESULTS = "search-results"
    FICTION = "fiction"
    TOOLS = "tools"
    BANNER = "banner"
    OFFLINE = "offline"
    LIVE = "live"
    BROKEN = "broken-words"
    TOAST = "toast"
    KEYS = "keys"
    KEYS_PARTS = "keys-parts"
    KEYS_OFF = "keys-off"
    LOCATION = "_pages_location"
    """Dash's own location: the address of the page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation, shown when its page exists and the role may open it."""

    key: str
    path: str
    symbol: str
    endpoint: str = ""
    """Flask endpoint of an address that is not a page."""


GROUPS: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    ("advice", (Entry("worklist", "/", "inbox"),)),
    ("steering", (Entry("importance", "/importance", "bar-chart-steps"),)),
    (
        "reference",
        (
            Entry("model_card", "/model-card", "card-checklist"),
            Entry("api", "/api/docs", "code-slash", endpoint="api.docs"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the frame says of the product.

    Attributes
    ----------
    fictional
        The clients in force are invented.
    waiting
        Files that wait, ``None`` where it is not known.
    refused
        A newer bundle or client book was refused; the old one stays.
    """

    fictional: bool = False
    waiting: int | None = None
    refused: bool = False


def layout() -> html.Div:
    """Return the frame for whoever asks, in his language and theme; pages are drawn into its ``main``."""
    language = current_language()
    user = current_user()
    empty = Standing()
    return html.Div(
        [
            html.A(t("app.skip", language), id=Ids.SKIP, className="skip", href="#main"),
            dcc.Store(id=Ids.LANGUAGE, data=language),
            dcc.Store(id=Ids.THEME, data=current_theme()),
            html.Div(
                [
                    html.Aside(side(language, user, empty), id=Ids.SIDE, className="side"),
                    html.Div(
                        [
                            _top(language, user),
                            html.Main(dash.page_container, id="main", className="main", tabIndex=-1),
                        ],
                        className="col-main",
                    ),
                ],
                className="app",
            ),
            html.Dialog(menu(language, user, empty), id=Ids.MENU, className="sheet side"),
            html.Dialog(_keys(language), id=Ids.KEYS, className="box", **{"aria-labelledby": "keys-title"}),
            html.Div(id=Ids.LIVE, className="visually-hidden", role="status", **{"aria-live": "polite"}),
            html.Div(id=Ids.TOAST, className="toastx", role="status"),
            html.Span(broken(language), id=Ids.BROKEN, hidden=True),
        ],
        className="frame",
    )


def side(language: str, user: User, standing: Standing) -> list[Component]:
    """Return the navigation at the left."""
    return [_nav(language, user, standing, count_id=Ids.SIDE_COUNT)]


def menu(language: str, user: User, standing: Standing) -> list[Component]:
    """Return the same navigation for the phone's menu, with the language below."""
    close = html.Button(
        parts.icon("x-lg"),
        className="btn btn-quiet btn-icon",
        type="button",
        **{"data-close": "true", "aria-label": t("nav.close", language)},
    )
    return [
        html.Div(close, className="sheet-end"),
        _nav(language, user, standing, count_id=Ids.MENU_COUNT),
        html.Div(language_switch(language), className="sheet-foot"),
    ]


def _nav(language: str, user: User, standing: Standing, *, count_id: str) -> html.Nav:
    lines: list[Component] = [brand(language)]
    for group, entries in GROUPS:
        shown = [entry for entry in entries if _opens(entry, user)]
        if shown:
            lines.append(html.Small(t(f"nav.{group}", language)))
            lines.extend(_line(entry, language, user, standing, count_id=count_id) for entry in shown)
    if not any(_opens(entry, user) for _, entries in GROUPS for entry in entries if entry.path == "/"):
        lines.append(
            html.Span(id=count_id, hidden=True)
        )  # the callback that counts finds its place for everybody
    return html.Nav(lines, **{"aria-label": t("nav.label", language)})


def brand(language: str) -> html.A:
    mark = html.Span(t("app.mark", language), className="mark", **{"aria-hidden": "true"})
    return html.A([mark, t("app.name", language)], className="brand", href="/", **{"data-nav": "true"})


def _line(entry: Entry, language: str, user: User, standing: Standing, *, count_id: str) -> html.A:
    is_list = entry.path == "/"
    key = "requests" if is_list and user.role == AUDITOR else entry.key
    words: list[Content] = [parts.icon(entry.symbol), t(f"nav.{key}", language)]
    if is_list:
        words.append(html.Span(count(language, standing), className="n", id=count_id))
    # The API's page is outside the single-page application: an ordinary link.
    inside = {} if entry.endpoint else {"data-nav": "true"}
    return html.A(words, className="nv", href=entry.path, **inside)


def count(language: str, standing: Standing) -> str:
    return "" if standing.waiting is None else locale.number(standing.waiting, language)


def _opens(entry: Entry, user: User) -> bool:
    """Whether the page exists and the role may open it: never a dead link."""
    if entry.endpoint:
        return entry.endpoint in flask.current_app.view_functions and user.signed_in
    pages = (page for page in dash.page_registry.values() if page["path"] == entry.path)
    return any(user.role in page.get("roles", ()) for page in pages)


def _top(language: str, user: User) -> html.Header:
    """Return the bar and, under it, what is said above every page."""
    open_menu = html.Button(
        [parts.icon("list"), parts.hidden(t("nav.menu", language))],
        id="menu-open",
        className="btn btn-quiet btn-icon mob-nav",
        type="button",
        **{"data-dialog": Ids.MENU},
    )
    bar = [
        open_menu,
        _search(language),
        html.Div(tools(language, user, Standing()), id=Ids.TOOLS, className="tools"),
    ]
    return html.Header(
        [
            html.Div(bar, className="top"),
            html.Div(banner(language, Standing()), id=Ids.BANNER),
            html.Div(offline(language), id=Ids.OFFLINE, className="offline", role="status", hidden=True),
        ]
    )


def _search(language: str) -> html.Div:
    """Return the search: ``assets/frame.js`` gives the field its role of combobox and its keys."""
    return html.Div(
        [
            parts.icon("search"),
            html.Label(
                t("search.label", language),
                htmlFor=Ids.SEARCH,
                id=Ids.SEARCH_LABEL,
                className="visually-hidden",
            ),
            dbc.Input(
                id=Ids.SEARCH,
                type="search",
                placeholder=t("search.placeholder", language),
                autocomplete="off",
                inputmode="numeric",
                maxlength=24,
                debounce=100,
            ),
            parts.key("/", desk_only=True),
            html.Div(id=Ids.RESULTS, className="pop"),
        ],
        className="find",
        id="find",
    )


def tools(language: str, user: User, standing: Standing) -> list[Component]:
    """Return the right end of the top bar."""
    toggle = html.Button(
        parts.icon("circle-half"),
        id="theme-toggle",
        className="btn btn-quiet btn-icon",
        type="button",
        **{"aria-label": t("theme.label", language)},
    )
    return [
        html.Div(fiction(language, standing), id=Ids.FICTION, className="desk"),
        html.Div(language_switch(language), className="desk"),
        toggle,
        *([_user_menu(language, user)] if user.signed_in else []),
    ]


def fiction(language: str, standing: Standing) -> Component | None:
    """Return «Portefeuille fictif» while it is one."""
    if not standing.fictional:
        return None
    return html.Span(
        [parts.icon("info-circle"), t("fiction.tag", language)],
        className="fiction",
        title=t("fiction.hint", language),
    )


def language_switch(language: str) -> html.Div:
    """Return FR|EN; ``assets/frame.js`` keeps the choice in a cookie and changes the ``language`` store."""
    buttons = [
        html.Button(
            t(f"language.{choice}", language),
            type="button",
            lang=choice,
            title=t(f"language.full_{choice}", language),
            **{"data-language": choice, "aria-pressed": "true" if choice == language else "false"},
        )
        for choice in LANGUAGES
    ]
    return html.Div(buttons, className="seg", role="group", **{"aria-label": t("language.label", language)})


def _user_menu(language: str, user: User) -> html.Details:
    name = user_name(user, language)
    role = t(f"role.{user.role}", language)
    initials = "".join(word[0] for word in name.split()[:2]).upper()
    summary = html.Summary(
        [
            html.Span(initials, className="avatar", **{"aria-hidden": "true"}),
            parts.hidden(t("user.menu", language, name=name, role=role)),
        ]
    )
    shortcuts = html.Button(
        [parts.icon("keyboard"), t("user.shortcuts", language)],
        className="line",
        type="button",
        **{"data-dialog": Ids.KEYS},
    )
    sign_out = html.Form(
        html.Button(
            [parts.icon("box-arrow-right"), t("user.sign_out", language)], className="line", type="submit"
        ),
        action="/sign-out",
        method="POST",
    )
    who = html.P([html.B(name), html.Span(role, className="muted")], className="who")
    return html.Details(
        [summary, html.Div([who, shortcuts, sign_out], className="panel sheet-user")], className="user"
    )


def user_name(user: User, language: str) -> str:
    """Name shown for a person; the fictional ones have theirs in the catalogues."""
    return t(f"user.fictional.{user.role}", language) if user.fictional else user.name


def banner(language: str, standing: Standing) -> list[Component]:
    """Return what stands above the page: a refused model or client book; on a phone, where the
    top bar has no room for it, that the portfolio is fictional."""
    lines: list[Component] = []
    if standing.refused:
        warning = t("state.refused.body", language)
        lines.append(parts.note(warning, symbol="exclamation-triangle", tone="unf"))
    if standing.fictional:
        lines.append(html.Div(fiction(language, standing), className="mob strip"))
    return lines


def broken(language: str) -> str:
    """Return what ``assets/frame.js`` says when an answer fails: ``{code}`` is the name of the request."""
    return t("state.broken.body", language, code="{code}")


def offline(language: str) -> list[Component]:
    return [parts.icon("wifi-off"), html.P(t("state.offline.body", language))]


def _keys(language: str) -> list[Component]:
    """Return the list of shortcuts and the setting that turns single keys off (WCAG 2.1.4)."""
    return [
        html.Div(keys(language), id=Ids.KEYS_PARTS),
        dbc.Checkbox(
            id=Ids.KEYS_OFF,
            label=t("keys.off", language),
            value=False,
            persistence=True,
            persistence_type="local",
        ),
    ]


def keys(language: str) -> list[Component]:
    """Return the lines of the list of shortcuts."""
    lines: Sequence[tuple[str, Sequence[str]]] = (
        ("search", ("/",)),
        ("move", ("j", "k")),
        ("open", ("↵",)),
        ("help", ("?",)),
        ("close", (t("keys.esc", language),)),
    )
    close = html.Button(
        parts.icon("x-lg"),
        className="btn btn-quiet btn-icon",
        type="button",
        **{"data-close": "true", "aria-label": t("keys.close", language)},
    )
    rows = [
        html.Div(
            [
                html.Dt(t(f"keys.{name}", language)),
                html.Dd([piece for key in names for piece in (parts.key(key), " ")]),
            ]
        )
        for name, names in lines
    ]
    return [
        html.Div([html.H2(t("keys.title", language), id="keys-title"), close], className="hd"),
        html.Dl(rows, className="keys"),
    ]


def page_title(key: str) -> Callable[..., str]:
    """Return a title for ``dash.register_page``: the page's words and the product's name."""

    def title(**_: str) -> str:
        language = current_language()
        return t("app.title", language, page=t(key, language))

    return title
