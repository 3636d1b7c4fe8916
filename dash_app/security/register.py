"""Registration of pages and callbacks together with who may use them.

Dash draws every page through one callback whose path comes from the request's body, so a
rule on URLs protects nothing: each layout is wrapped with its roles here, and the guard
looks the path and the outputs of a body up in the two tables that this module fills.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import dash
from dash import Dash
from dash._callback import GLOBAL_CALLBACK_LIST, GLOBAL_CALLBACK_MAP
from dash._pages import _path_to_page

from dash_app.errors import NotFoundError, RequestError
from dash_app.security import rights
from dash_app.security.context import current_user
from model.errors import PadError

ROUTER_OUTPUT = ".._pages_content.children..._pages_store.data.."
"""Output of Dash's router callback: every page travels through it."""

CLIENT_ID = re.compile(r"\d{1,9}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NOT_FOUND = "not_found_404"
"""Module name of the page for an unknown path, file or client (Dash looks for this name)."""

UNAVAILABLE = "unavailable_503"
"""Module name of the page shown while there is nothing to serve."""


class RegistrationError(RuntimeError):
    """A page, a callback or a route that declares no rights, or rights that do not exist."""


@dataclass(frozen=True, slots=True)
class PageRights:
    """What the guard knows of a page."""

    module: str
    path: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class PageAddress:
    """An address that was checked: its page (``None`` = unknown path) and its path variables."""

    page: PageRights | None
    variables: Mapping[str, str]


class GuardedDash(Dash):
    """Dash whose pages and callbacks cannot be registered without roles."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.callback_roles: dict[str, frozenset[str]] = {}
        self.page_rights: dict[str, PageRights] = {}
        super().__init__(*args, **kwargs)

    def callback(self, *args: Any, roles: object = None, **kwargs: Any) -> Callable[..., Any]:
        """As ``Dash.callback``, plus `roles`: who may call it. Missing roles stop the start.

        Raises
        ------
        RegistrationError : no roles, or a role that does not exist
        """
        before = set(self.callback_map)
        decorate = super().callback(*args, **kwargs)

        @functools.wraps(decorate)
        def register(function: Callable[..., Any]) -> Any:
            result = decorate(function)
            for output in set(self.callback_map) - before:
                if output == ROUTER_OUTPUT:
                    self.callback_roles[output] = rights.ANYONE
                else:
                    self.callback_roles[output] = _known_roles(roles, f"callback {output}")
            return result

        return register

    def register_pages(self, modules: Collection[ModuleType]) -> None:
        """Register each page module: ``PAGE`` (``path_template`` or ``path``, ``roles``…), ``layout``.

        Raises
        ------
        RegistrationError : a page without roles or path
        """
        for module in modules:
            self._register_page(module)

    def _register_page(self, module: ModuleType) -> None:
        page = dict(module.PAGE)
        name = module.__name__
        path = page.get("path_template") or page.get("path")
        if not path:
            raise RegistrationError(f"page {name} declares no path")
        roles = _known_roles(page.get("roles"), f"page {name}")
        self.page_rights[name] = PageRights(module=name, path=path, roles=roles)
        page["roles"] = sorted(roles)
        if callable(page.get("title")):
            page["title"] = self._guarded_title(page["title"])
        dash.register_page(name, layout=self._guarded_layout(module, roles), **page)

    def _guarded_title(self, title: Callable[..., str]) -> Callable[..., str]:
        """The page's title, or that of the page for an unknown address when the number is none."""

        @functools.wraps(title)
        def guarded(**variables: str) -> str:
            if CLIENT_ID.fullmatch(variables.get("client_id", "0")):
                return title(**variables)
            stand_in = _page_named(NOT_FOUND)
            found = stand_in["title"] if stand_in else ""
            return found() if callable(found) else found

        return guarded

    def _guarded_layout(self, module: ModuleType, roles: frozenset[str]) -> Callable[..., Any]:
        """The page's layout, called only for its roles and only with arguments that it names.

        A layout that raises an error of status 404 or 503 is replaced by the page for it.
        """
        accepted = _parameters(module.layout)

        @functools.wraps(module.layout)
        def guarded(**arguments: Any) -> Any:
            rights.demand(current_user(), roles, what=f"page {module.__name__}")
            try:
                if "client_id" in arguments and not CLIENT_ID.fullmatch(str(arguments["client_id"])):
                    raise NotFoundError("a client number has one to nine digits", code="unknown_client")
                return module.layout(**{key: value for key, value in arguments.items() if key in accepted})
            except PadError as error:
                return self._layout_instead(error, arguments)

        return guarded

    def _layout_instead(self, error: PadError, arguments: Mapping[str, Any]) -> Any:
        stand_in = {404: NOT_FOUND, 503: UNAVAILABLE}.get(error.status)
        for name, page in dash.page_registry.items():
            if stand_in and name.split(".")[-1] == stand_in:
                return page["layout"](language=arguments.get("language"))
        raise error

    def address(self, pathname: Any, search: Any) -> PageAddress:
        """Parse an address of the browser: the one way from a path and a query to a page.

        Raises
        ------
        RequestError : not text, or a query key that equals a path variable (it would win in Dash)
        """
        if not isinstance(pathname, str) or not isinstance(search, str | None):
            raise RequestError("an address is text")
        if _CONTROL.search(pathname):
            raise RequestError("an address holds no control character")
        page, variables = _path_to_page(self.strip_relative_path(pathname) or "")
        variables = variables or {}
        clash = set(variables) & set(parse_qs((search or "").removeprefix("?"), keep_blank_values=True))
        if clash:
            raise RequestError(
                f"{clash.pop()} is part of the path and may not come in the query", code="query_shadows_path"
            )
        rights_of_page = self.page_rights.get(page.get("module", "")) if page else None
        if "client_id" in variables and not CLIENT_ID.fullmatch(variables["client_id"]):
            rights_of_page = None
        return PageAddress(rights_of_page, variables)

    def finish_setup(self) -> None:
        """Run what Dash leaves to its first request (router, titles, resources), before any fork."""
        with self.server.test_request_context("/"):
            for hook in self.server.before_request_funcs.get(None, []):
                if getattr(hook, "__module__", "").startswith("dash."):
                    hook()

    def check_registration(self) -> None:
        """Refuse to start when something is registered past this class or past the route table."""
        if GLOBAL_CALLBACK_LIST or GLOBAL_CALLBACK_MAP:
            raise RegistrationError("dash.callback was used: register with @app.callback in register(app)")
        for output, entry in self.callback_map.items():
            if "callback" in entry and output not in self.callback_roles:
                raise RegistrationError(f"callback {output} declares no roles")
        for name in dash.page_registry:
            if name not in self.page_rights:
                raise RegistrationError(f"page {name} was registered past register_pages")
        for rule in self.server.url_map.iter_rules():
            if rule.endpoint not in rights.ROUTES:
                raise RegistrationError(f"route {rule.rule} ({rule.endpoint}) declares no rights")


def _known_roles(roles: object, what: str) -> frozenset[str]:
    if not roles or isinstance(roles, str) or not isinstance(roles, Collection):
        raise RegistrationError(f"{what} declares no roles")
    unknown = set(roles) - rights.ROLES
    if unknown:
        raise RegistrationError(f"{what} names unknown roles: {', '.join(sorted(map(str, unknown)))}")
    return frozenset(roles)


def _page_named(name: str) -> Mapping[str, Any] | None:
    """The registered page of this module name, without its package."""
    found = (page for module, page in dash.page_registry.items() if module.split(".")[-1] == name)
    return next(found, None)


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    """Names that may be passed by keyword."""
    return frozenset(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )
