"""The guard: every route, page and output against every role, and bodies of any shape."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from dash import html
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dash_app.security import rights
from dash_app.security.register import ROUTER_OUTPUT, GuardedDash, RegistrationError
from dash_app.security.rights import Door
from tests.integration.conftest import ORIGIN, ROLES, Visitor

UPDATE = "/_dash-update-component"
EVERYBODY = ("visitor", *ROLES)
AsRole = Callable[[str], Visitor]


@pytest.fixture(scope="session")
def dash_app(app: Flask) -> GuardedDash:
    return app.extensions["pad_dash"]


def well_formed(dash_app: GuardedDash, output: str) -> dict[str, Any]:
    """A body as the browser would send it, with empty values."""
    declared = dash_app.callback_map[output]

    def entry(part: dict[str, Any]) -> Any:
        if part["id"].startswith("{"):
            return []
        return {"id": part["id"], "property": part["property"], "value": None}

    outputs = declared["output"]
    many = isinstance(outputs, list | tuple)
    given_outputs = [
        []
        if out.component_id_str().startswith("{")
        else {"id": out.component_id_str(), "property": out.component_property.split("@")[0]}
        for out in (outputs if many else [outputs])
    ]
    return {
        "output": output,
        "outputs": given_outputs if many else given_outputs[0],
        "inputs": [entry(part) for part in declared["inputs"]],
        "state": [entry(part) for part in declared["state"]],
        "changedPropIds": [],
    }


def router_body(dash_app: GuardedDash, pathname: Any, search: Any = "") -> dict[str, Any]:
    body = well_formed(dash_app, ROUTER_OUTPUT)
    values = {"pathname": pathname, "search": search, "data": "fr"}
    for part in body["inputs"]:
        part["value"] = values[part["property"]]
    return body


# Output × role --------------------------------------------------------------------------


def test_THR1_every_output_answers_its_roles_and_refuses_the_others(
    dash_app: GuardedDash, as_role: AsRole
) -> None:
    outputs = {name: roles for name, roles in dash_app.callback_roles.items() if name != ROUTER_OUTPUT}
    assert outputs
    for role in EVERYBODY:
        browser = as_role(role)
        for output, roles in outputs.items():
            status = browser.post(UPDATE, json=well_formed(dash_app, output)).status_code
            if role in roles:
                assert status not in (401, 403), (output, role)
            else:
                assert status == (401 if role == "visitor" else 403), (output, role)


def test_THR1_every_page_is_drawn_for_its_roles_and_no_others_through_the_router(
    dash_app: GuardedDash, as_role: AsRole
) -> None:
    for role in EVERYBODY:
        browser = as_role(role)
        for page in dash_app.page_rights.values():
            path = page.path.replace("<client_id>", "900001")
            status = browser.post(UPDATE, json=router_body(dash_app, path)).status_code
            expected = 200 if role in page.roles else 401 if role == "visitor" else 403
            assert status == expected, (page, role)


def test_every_document_of_a_page_opens_for_its_roles_and_asks_others_to_sign_in(
    dash_app: GuardedDash, as_role: AsRole
) -> None:
    for role in EVERYBODY:
        browser = as_role(role)
        for page in dash_app.page_rights.values():
            path = page.path.replace("<client_id>", "900001")
            answer = browser.get(path, headers={"Accept": "text/html"})
            if role in page.roles:
                assert answer.status_code in (200, 404), page
            elif role == "visitor":
                assert (answer.status_code, answer.headers["Location"][:8]) == (302, "/sign-in"), page
            else:
                assert answer.status_code == 403, page


def test_every_route_refuses_or_answers_each_role_as_the_table_says(app: Flask, as_role: AsRole) -> None:
    for role in EVERYBODY:
        browser = as_role(role)
        for rule in app.url_map.iter_rules():
            access = rights.ROUTES[rule.endpoint]
            if access.door is not Door.API:
                continue
            method = "POST" if "POST" in (rule.methods or set()) else "GET"
            answer = browser.client.open(
                rule.rule,
                method=method,
                base_url=ORIGIN,
                headers={"Origin": ORIGIN},
                json={} if method == "POST" else None,
            )
            if role == "visitor" or role in access.roles:
                assert answer.status_code not in (401, 403), (rule, role)
            else:
                assert answer.status_code == 403, (rule, role)


def test_what_dash_leaves_open_is_closed(as_role: AsRole) -> None:
    for role in EVERYBODY:
        assert as_role(role).get("/_reload-hash").status_code == 404


def test_the_frame_holds_no_data_of_a_client_or_a_model(as_role: AsRole, app: Flask) -> None:
    serving = app.extensions["pad_champion"].current()
    for role in EVERYBODY:
        for path in ("/_dash-layout", "/_dash-dependencies"):
            text = as_role(role).get(path).text
            assert str(serving.clients().ids[0]) not in text
            assert serving.bundle.digest[:12] not in text


# Sessions -------------------------------------------------------------------------------


def test_THR18_a_stolen_cookie_stands_for_nothing_after_sign_out(app: Flask, as_role: AsRole) -> None:
    victim = as_role("manager")
    cookie = victim.client.get_cookie("pad_session", domain="127.0.0.1")
    thief = Visitor(app)
    thief.client.set_cookie("pad_session", cookie.value, domain="127.0.0.1")
    assert thief.get("/api/model").status_code == 200

    victim.post("/sign-out")

    assert thief.get("/", headers={"Accept": "text/html"}).status_code == 302


def test_THR18_signing_in_gives_a_new_cookie_and_ends_the_old_one(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in("advisor")
    first = visitor.client.get_cookie("pad_session", domain="127.0.0.1").value
    visitor.sign_in("manager")
    second = visitor.client.get_cookie("pad_session", domain="127.0.0.1").value

    assert first != second
    old = Visitor(app)
    old.client.set_cookie("pad_session", first, domain="127.0.0.1")
    assert old.get("/", headers={"Accept": "text/html"}).status_code == 302


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "a" * 5_000, "é", "..", "0" * 43 + ".sig"])
def test_a_cookie_that_we_did_not_sign_is_a_visitor(visitor: Visitor, cookie: str) -> None:
    answer = visitor.get(
        "/", headers={"Accept": "text/html", "Cookie": f"pad_session={cookie}".encode().decode("latin-1")}
    )

    assert answer.status_code == 302


def test_the_store_never_holds_the_name_in_the_cookie(as_role: AsRole, kept: Any) -> None:
    browser = as_role("auditor")
    token = browser.client.get_cookie("pad_session", domain="127.0.0.1").value.split(".")[0]

    digests = {row["token_digest"] for row in kept("select token_digest from sessions")}

    assert digests and token not in digests


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    answer = visitor.post("/sign-in/demo", data={"role": "advisor"})

    cookie = answer.headers.getlist("Set-Cookie")[-1]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie


@pytest.mark.parametrize("role", ["", "administrator", "visitor", "integrator"])
def test_only_the_three_roles_can_be_tried(visitor: Visitor, role: str) -> None:
    assert visitor.post("/sign-in/demo", data={"role": role}).status_code == 400


def test_THR24_signing_in_returns_to_the_page_asked_for_and_never_elsewhere(visitor: Visitor) -> None:
    asked = visitor.get("/client/900001?f=EXT_SOURCE_2", headers={"Accept": "text/html"})
    assert asked.headers["Location"] == "/sign-in?next=%2Fclient%2F900001%3Ff%3DEXT_SOURCE_2"

    own = visitor.post("/sign-in/demo", data={"role": "advisor", "next": "/client/900001?f=EXT_SOURCE_2"})
    other = visitor.post("/sign-in/demo", data={"role": "advisor", "next": "//evil.example/x"})

    assert own.headers["Location"] == "/client/900001?f=EXT_SOURCE_2"
    assert other.headers["Location"] == "/"


# Forged values --------------------------------------------------------------------------


def test_THR2_a_role_in_the_body_changes_nothing(dash_app: GuardedDash, as_role: AsRole) -> None:
    closed = [name for name, roles in dash_app.callback_roles.items() if "visitor" not in roles]
    body = well_formed(dash_app, closed[0])
    for part in [*body["inputs"], *body["state"]]:
        if isinstance(part, dict):
            part["value"] = "manager"

    assert as_role("visitor").post(UPDATE, json={**body, "role": "manager"}).status_code == 401


@pytest.mark.parametrize("search", ["?client_id=99", "?f=x&client_id=", "?client_id=900001&client_id=2"])
def test_THR3_a_query_that_repeats_a_path_variable_is_refused(
    dash_app: GuardedDash, as_role: AsRole, search: str
) -> None:
    assert any("<client_id>" in page.path for page in dash_app.page_rights.values())
    browser = as_role("advisor")

    assert browser.post(UPDATE, json=router_body(dash_app, "/client/900001", search)).status_code == 400
    assert browser.get(f"/client/900001{search}", headers={"Accept": "text/html"}).status_code == 400


@pytest.mark.parametrize(
    "name", ["abc", "1234567890", "-1", "9%20", "９００００１", "900001/x", "../900001", " "]
)
def test_THR3_a_client_number_is_one_to_nine_digits(
    dash_app: GuardedDash, as_role: AsRole, name: str
) -> None:
    browser = as_role("advisor")

    drawn = browser.post(UPDATE, json=router_body(dash_app, f"/client/{name}"))

    assert drawn.status_code == 200
    assert json.dumps(drawn.json) == json.dumps(
        browser.post(UPDATE, json=router_body(dash_app, "/nope")).json
    )


@pytest.mark.parametrize("pathname", [None, 7, ["/"], {"a": 1}, True, "/client/900001\n", "/\x00"])
def test_an_address_that_is_not_plain_text_is_refused(
    dash_app: GuardedDash, as_role: AsRole, pathname: Any
) -> None:
    assert as_role("advisor").post(UPDATE, json=router_body(dash_app, pathname)).status_code == 400


# Origin and host ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:8051"},
        {"Origin": "https://127.0.0.1:8050"},
        {"Origin": "http://127.0.0.1:8050.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", [UPDATE, "/sign-in/demo", "/sign-out"])
def test_THR5_an_unsafe_request_must_come_from_our_own_pages(
    visitor: Visitor, path: str, headers: dict[str, str]
) -> None:
    options: dict[str, Any] = {"json": {}} if path == UPDATE else {"data": {"role": "advisor"}}

    answer = visitor.client.post(path, base_url=ORIGIN, headers=headers, **options)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"Origin": ORIGIN}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_THR5_our_own_pages_are_let_through(visitor: Visitor, headers: dict[str, str]) -> None:
    answer = visitor.client.post("/sign-in/demo", base_url=ORIGIN, headers=headers, data={"role": "advisor"})

    assert answer.status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8050", "127.0.0.1.evil.example", "169.254.169.254"]
)
@pytest.mark.parametrize("path", ["/", "/health/live", "/api/model", "/assets/ux.css", "/api/docs"])
def test_THR24_another_host_name_is_refused_everywhere(visitor: Visitor, path: str, host: str) -> None:
    assert visitor.client.get(path, base_url=f"http://{host}").status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "localhost", "[::1]:8050"])
def test_loopback_names_are_ours_at_any_port(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/health/live", base_url=f"http://{host}").status_code == 200


# Bodies of callbacks --------------------------------------------------------------------

BAD_BODIES: list[tuple[str, bytes, str, int]] = [
    ("list", b"[]", "application/json", 400),
    ("empty", b"{}", "application/json", 400),
    ("null", b"null", "application/json", 400),
    ("broken", b'{"output":', "application/json", 400),
    ("number output", b'{"output": 7}', "application/json", 400),
    ("unknown output", b'{"output": "nope.children"}', "application/json", 404),
    ("nested", b'{"output": "a.b", "inputs": ' + b"[" * 2_000 + b"]" * 2_000 + b"}", "application/json", 400),
    ("NaN", b'{"output": "a.b", "inputs": NaN}', "application/json", 400),
    ("key twice", b'{"output": "a.b", "output": "c.d"}', "application/json", 400),
    ("text", b'{"output": "a.b"}', "text/plain", 400),
    ("form", b"output=a.b", "application/x-www-form-urlencoded", 400),
    ("large", b'{"output": "' + b"a" * 200_000 + b'"}', "application/json", 413),
]


@pytest.mark.parametrize(
    ("body", "kind", "status"), [case[1:] for case in BAD_BODIES], ids=[c[0] for c in BAD_BODIES]
)
def test_THR6_a_malformed_body_is_refused_by_4xx(
    as_role: AsRole, body: bytes, kind: str, status: int
) -> None:
    answer = as_role("advisor").post(UPDATE, data=body, content_type=kind)

    assert answer.status_code == status
    assert b"Traceback" not in answer.data


def test_THR6_a_clientside_callback_does_not_exist_for_the_server(
    dash_app: GuardedDash, as_role: AsRole
) -> None:
    clientside = [name for name, entry in dash_app.callback_map.items() if "callback" not in entry]
    assert clientside
    for output in clientside:
        assert as_role("advisor").post(UPDATE, json={"output": output}).status_code == 404


def _damaged(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The body with one part missing, doubled, renamed or of another kind."""
    found = []
    for part in ("inputs", "outputs"):
        for value in (None, [], {}, 7, "x", [None], [[]], [7]):
            if value == body[part]:
                continue
            found.append({**body, part: value})
    for change in (
        {"id": "other"},
        {"property": "other"},
        {"id": {"type": "x"}},
        {"extra": 1},
        {"property": 7},
    ):
        changed = copy.deepcopy(body)
        if changed["inputs"] and isinstance(changed["inputs"][0], dict):
            changed["inputs"][0].update(change)
            found.append(changed)
    found.append({**body, "state": [*body["state"], {"id": "x", "property": "y"}]})
    found.append({**body, "changedPropIds": [{}]})
    found.append({**body, "inputs": body["inputs"] * 2})
    return found


def test_THR6_a_body_of_another_shape_than_declared_is_400_for_every_callback(
    dash_app: GuardedDash, as_role: AsRole
) -> None:
    browser = as_role("manager")
    for output in dash_app.callback_roles:
        for damaged in _damaged(well_formed(dash_app, output)):
            assert browser.post(UPDATE, json=damaged).status_code == 400, (output, damaged)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_THR6_no_body_gives_a_5xx_from_the_guard(
    dash_app: GuardedDash, app: Flask, data: st.DataObject
) -> None:
    output = data.draw(st.sampled_from([*dash_app.callback_map, "x.y"]))
    body = data.draw(
        st.fixed_dictionaries(
            {"output": st.just(output) | VALUES},
            optional={
                "inputs": st.lists(VALUES, max_size=3) | VALUES,
                "outputs": VALUES,
                "state": VALUES,
                "changedPropIds": VALUES,
            },
        )
        | VALUES
    )

    answer = Visitor(app).post(UPDATE, data=json.dumps(body).encode(), content_type="application/json")

    assert answer.status_code < 500


# Registration ---------------------------------------------------------------------------


class _Page:
    """A module-like page."""

    __name__ = "pages.example"

    def __init__(self, page: dict[str, Any]) -> None:
        self.PAGE = page

    @staticmethod
    def layout() -> html.Div:
        return html.Div()


@pytest.mark.parametrize(
    "page",
    [
        {"path": "/x"},
        {"path": "/x", "roles": ()},
        {"path": "/x", "roles": "advisor"},
        {"path": "/x", "roles": ("boss",)},
        {"roles": ("advisor",)},
    ],
)
def test_THR1_a_page_without_roles_or_path_stops_the_start(
    dash_app: GuardedDash, page: dict[str, Any]
) -> None:
    with pytest.raises(RegistrationError):
        dash_app.register_pages([_Page(page)])  # type: ignore[list-item]


def test_THR1_a_callback_without_roles_stops_the_start(dash_app: GuardedDash) -> None:
    from dash import Input, Output

    for roles in (None, (), "advisor", ("boss",)):
        known = dict(dash_app.callback_map)
        with pytest.raises(RegistrationError):

            @dash_app.callback(Output("example", "children"), Input("example", "id"), roles=roles)
            def show(_: str) -> str:
                return ""

        dash_app.callback_map.clear()
        dash_app.callback_map.update(known)
        dash_app._callback_list.pop()


def test_THR1_the_global_callback_is_noticed(dash_app: GuardedDash) -> None:
    import dash
    from dash import Input, Output
    from dash._callback import GLOBAL_CALLBACK_LIST, GLOBAL_CALLBACK_MAP

    @dash.callback(Output("example", "children"), Input("example", "id"))
    def show(_: str) -> str:
        return ""

    try:
        with pytest.raises(RegistrationError, match=r"dash\.callback"):
            dash_app.check_registration()
    finally:
        GLOBAL_CALLBACK_LIST.clear()
        GLOBAL_CALLBACK_MAP.clear()


def test_THR1_a_route_outside_the_table_is_noticed(
    dash_app: GuardedDash, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {name: access for name, access in rights.ROUTES.items() if name != "api.predict"}
    monkeypatch.setattr(rights, "ROUTES", table)

    with pytest.raises(RegistrationError, match="/api/predict"):
        dash_app.check_registration()


def test_everything_that_was_registered_passes_the_check(dash_app: GuardedDash) -> None:
    dash_app.check_registration()
