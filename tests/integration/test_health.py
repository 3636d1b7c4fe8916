"""Health: alive means breathing, ready means able to answer, and if not the JSON says why."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from model.home import Home
from tests.integration.conftest import ORIGIN, Program, Visitor


def test_P9_all_well_is_said_part_by_part(program: Program) -> None:
    answer = program.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "bundle": "ok", "clients": "ok", "store": "ok"}


def test_P9_alive_says_nothing_else(program: Program) -> None:
    assert program.get("/health/live").json == {"status": "alive"}


def test_P9_a_refused_bundle_is_said_while_the_old_one_answers(program: Program, web_home: Home) -> None:
    good = web_home.pointer.read_bytes()
    before = program.get("/api/model").json["bundle"]
    web_home.pointer.write_bytes(good.replace(before.removeprefix("sha256:").encode(), b"0" * 64))
    try:
        ready = program.get("/health/ready")
        model = program.get("/api/model")
    finally:
        web_home.pointer.write_bytes(good)

    assert (ready.status_code, ready.json["bundle"], ready.json["status"]) == (200, "refused", "ready")
    assert model.json["bundle"] == before
    assert program.get("/health/ready").json["bundle"] == "ok"


@pytest.mark.parametrize(("env", "told"), [("demo", True), ("production", False)])
def test_only_the_demonstration_tells_everybody_what_was_refused_and_where(
    app: Flask, program: Program, web_home: Home, monkeypatch: pytest.MonkeyPatch, env: str, told: bool
) -> None:
    settings = app.config["PAD_SETTINGS"].model_copy(update={"env": env})
    monkeypatch.setitem(app.config, "PAD_SETTINGS", settings)
    good = web_home.pointer.read_bytes()
    web_home.pointer.write_bytes(b"no pointer")
    try:
        ready = program.get("/health/ready")
    finally:
        web_home.pointer.write_bytes(good)

    assert (ready.json["bundle"], "detail" in ready.json) == ("refused", told)
    assert program.get("/health/ready").json["bundle"] == "ok"


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/ready/x"])
def test_there_is_no_other_health(program: Program, path: str) -> None:
    assert program.get(path, headers={"Accept": "application/json"}).status_code in (302, 404)


def test_FLT14_a_store_that_cannot_be_written_is_said_and_nothing_is_answered(
    program: Program, web_home: Home, kept: Any
) -> None:
    before = kept("select count(*) n from assessments")[0]["n"]
    holder = sqlite3.connect(web_home.store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        ready = program.get("/health/ready")
        predict = program.post("/api/predict", {"client_id": 900001})
        reading = program.get("/api/policy")
    finally:
        holder.execute("ROLLBACK")
        holder.close()

    assert (ready.status_code, ready.json["store"]) == (503, "not writable")
    assert (predict.status_code, predict.json["code"]) == (503, "store_unavailable")
    assert "Retry-After" in predict.headers
    assert "probability_of_default" not in predict.json
    assert reading.status_code == 200
    assert kept("select count(*) n from assessments")[0]["n"] == before
    assert program.post("/api/predict", {"client_id": 900001}).status_code == 200


def test_FLT14_a_signed_in_person_reads_on_while_the_store_cannot_be_written(
    visitor: Visitor, web_home: Home
) -> None:
    visitor.sign_in("advisor")
    with sqlite3.connect(web_home.store) as past:  # a request that would prolong the session
        past.execute("update sessions set seen_at = ?", (_minutes_ago(5),))
    holder = sqlite3.connect(web_home.store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        page = visitor.get("/importance")
    finally:
        holder.execute("ROLLBACK")
        holder.close()

    assert page.status_code == 200


def _minutes_ago(minutes: int) -> str:
    moment = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes)
    return moment.isoformat(timespec="microseconds") + "Z"


@pytest.mark.parametrize(("minutes", "column"), [(17, "seen_at"), (9 * 60 + 1, "started_at")])
def test_a_session_ends_when_idle_and_after_its_hours(
    visitor: Visitor, web_home: Home, minutes: int, column: str
) -> None:
    visitor.sign_in("advisor")
    assert visitor.get("/importance").status_code == 200

    with sqlite3.connect(web_home.store) as past:
        past.execute(f"update sessions set {column} = ?", (_minutes_ago(minutes),))

    assert visitor.get("/importance").status_code == 302


def test_health_is_asked_by_the_right_host_name_only(program: Program) -> None:
    assert program.client.get("/health/ready", base_url="http://elsewhere.example").status_code == 400
    assert program.client.get("/health/ready", base_url=ORIGIN).status_code == 200


def test_ready_names_no_file_of_the_machine_when_all_is_well(program: Program, web_home: Home) -> None:
    assert str(Path(web_home.root)) not in program.get("/health/ready").text
