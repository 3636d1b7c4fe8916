"""Rights are data: the expected matrix, and refusal of everything that is not in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.errors import ForbiddenError, UnauthenticatedError
from dash_app.security import rights
from dash_app.security.rights import ANONYMOUS, RIGHTS, ROUTES, Action, Door, User, authorise
from dash_app.security.sessions import own_path

STAFF = {"advisor", "manager", "auditor"}
EXPECTED = {
    Action.SEARCH: STAFF,
    Action.OPEN_FILE: STAFF,
    Action.READ_MODEL: STAFF | {"integrator"},
    Action.PREDICT: {"integrator"},
    Action.EXPLAIN: {"integrator"},
    Action.SIMULATE: {"advisor", "manager", "integrator"},
    Action.COMPARE: STAFF | {"integrator"},
}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", sorted(rights.ROLES))
def test_a_role_does_exactly_what_the_matrix_says(action: Action, role: str) -> None:
    user = User(id="someone", role=role)
    if role in EXPECTED[action]:
        authorise(user, action)
    else:
        with pytest.raises((ForbiddenError, UnauthenticatedError)):
            authorise(user, action)


def test_every_action_has_its_rights() -> None:
    assert set(RIGHTS) == set(Action)


def test_a_visitor_is_asked_to_sign_in_and_others_are_refused() -> None:
    with pytest.raises(UnauthenticatedError):
        authorise(ANONYMOUS, Action.SEARCH)
    with pytest.raises(ForbiddenError):
        authorise(User(id="program", role="integrator"), Action.SEARCH)


def test_a_role_that_does_not_exist_may_do_nothing() -> None:
    for action in Action:
        with pytest.raises(ForbiddenError):
            authorise(User(id="x", role="administrator"), action)


def test_persons_never_call_predict_and_programs_never_open_pages() -> None:
    calls = ("predict", "predict_batch", "explain", "simulate", "recourse", "similar")
    predicting = [ROUTES[f"api.{name}"] for name in calls]

    assert all(access.door is Door.API and not access.roles for access in predicting)
    assert rights.INTEGRATOR not in rights.ANYONE


def test_doors_without_sign_in_are_these_and_no_others() -> None:
    opened = {name for name, access in ROUTES.items() if access.door is Door.OPEN}

    assert opened == {
        "/_dash-layout",
        "/_dash-dependencies",
        "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
        "/_favicon.ico",
        "_dash_assets.static",
        "sessions.sign_in_demo",
        "sessions.sign_out",
        "health.live",
        "health.ready",
        "api.document",
        "api.docs",
        "api.unknown",
    }


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "", None,
     "/ok\r\nSet-Cookie: a=b", "evil", "/a\\b"],
)  # fmt: skip
def test_THR24_a_target_outside_this_site_becomes_the_home_page(target: str | None) -> None:
    assert own_path(target) == "/"


@pytest.mark.parametrize("target", ["/", "/client/7", "/client/7?f=EXT_SOURCE_2#reasons"])
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert own_path(target) == target


@given(st.text())
def test_THR24_whatever_is_given_the_target_is_a_path_without_host(target: str) -> None:
    kept = own_path(target)

    assert kept.startswith("/") and not kept.startswith(("//", "/\\"))
    assert "\n" not in kept and "\r" not in kept
