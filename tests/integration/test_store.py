"""The store: nothing acknowledged is lost, nothing half-written, one writer a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from dash_app.store.assessments import AssessmentTable
from dash_app.store.engine import Store
from dash_app.store.ids import new_id
from dash_app.store.recorder import Entry, Recorder
from dash_app.store.schema import UtcTime, assessments, sessions
from dash_app.store.sessions import SessionRecord, SessionTable
from model.errors import UnavailableError

NOW = datetime(2026, 11, 24, 9, 14, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store.db")
    made.prepare()
    return made


def row(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": new_id(),
        "at_utc": NOW,
        "client_id": 900001,
        "route": "predict",
        "actor": "loopback",
        "role": "integrator",
        "language": "fr",
        "source": "book",
        "inputs_digest": "d" * 64,
        "inputs": None,
        "features": b"\x00" * 8,
        "default_probability": 0.1243,
        "opinion": "unfavourable",
        "answer": "{}",
        "model": "7",
        "bundle": "b" * 64,
        "book": None,
        "policy": "P-1",
        "code": "0.1.0+abc",
    }
    return {**values, **changes}


def ids(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(connection.execute(select(assessments.c.id)).scalars())


def test_the_file_is_readable_by_its_owner_only_and_waits_for_the_disk(store: Store) -> None:
    assert stat.S_IMODE(os.stat(store.path).st_mode) == 0o600
    with store.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5_000}


def test_what_was_recorded_is_read_back(store: Store) -> None:
    values = row()

    Recorder(store).record(Entry(assessments=[values]))

    with store.reading() as connection:
        found = connection.execute(select(assessments)).one()._asdict()
    assert found == values


def test_an_entry_is_written_whole_or_not_at_all(store: Store) -> None:
    same = new_id()

    with pytest.raises(UnavailableError):
        Recorder(store).record(Entry(assessments=[row(), row(id=same), row(id=same)]))

    assert ids(store) == set()


def test_a_bad_entry_fails_alone_and_those_beside_it_are_kept(store: Store) -> None:
    recorder, taken = Recorder(store), new_id()
    recorder.record(Entry(assessments=[row(id=taken)]))
    good = [row() for _ in range(12)]
    failed: list[Exception] = []

    def write(values: dict[str, Any]) -> None:
        try:
            recorder.record(Entry(assessments=[values]))
        except UnavailableError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(values,)) for values in (*good, row(id=taken))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(failed) == 1
    assert ids(store) == {taken, *(values["id"] for values in good)}


def test_many_threads_share_commits_and_each_is_kept_before_it_goes_on(store: Store) -> None:
    recorder = Recorder(store)
    seen_missing: list[str] = []

    def write() -> None:
        for _ in range(20):
            values = row()
            recorder.record(Entry(assessments=[values]))
            with sqlite3.connect(store.path) as past:
                found = past.execute("select 1 from assessments where id = ?", (values["id"],)).fetchone()
            if found is None:
                seen_missing.append(values["id"])

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not seen_missing
    assert len(ids(store)) == 160


def _write_until_killed(path: str, told: Any) -> None:
    recorder = Recorder(Store(Path(path)))
    while True:
        values = row()
        recorder.record(Entry(assessments=[values]))
        told.send(values["id"])


def test_P1_every_acknowledged_row_of_killed_writers_is_there(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    acknowledged: list[str] = []
    for _ in range(2):
        pairs = []
        for _ in range(2):
            receive, send = context.Pipe(duplex=False)
            writer = context.Process(target=_write_until_killed, args=(str(store.path), send), daemon=True)
            writer.start()
            pairs.append((receive, writer))
        for receive, _ in pairs:
            acknowledged.extend(receive.recv() for _ in range(25))
        for _, writer in pairs:
            os.kill(writer.pid or 0, signal.SIGKILL)
            writer.join()
        for receive, _ in pairs:
            while receive.poll():
                try:
                    acknowledged.append(receive.recv())
                except EOFError:
                    break

    assert len(acknowledged) >= 100
    assert set(acknowledged) <= ids(store)
    with sqlite3.connect(store.path) as past:
        assert past.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_recorder_works_in_a_child_forked_after_its_parent_used_it(store: Store) -> None:
    recorder = Recorder(store)
    parent, child = row(), row()
    recorder.record(Entry(assessments=[parent]))

    process = os.fork()
    if process == 0:
        try:
            recorder.record(Entry(assessments=[child]))
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(process, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert ids(store) == {parent["id"], child["id"]}


def test_FLT13_a_full_disk_refuses_the_record_reads_go_on_and_writing_comes_back(store: Store) -> None:
    recorder = Recorder(store)
    first = row()
    recorder.record(Entry(assessments=[first]))
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    full = Store(store.path)
    with full.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # the pool gives this one back

    with pytest.raises(UnavailableError, match="full"):
        Recorder(full).record(Entry(assessments=[row(answer="x" * 100_000)]))

    assert ids(full) == {first["id"]}
    Recorder(Store(store.path)).record(Entry(assessments=[row(answer="x" * 100_000)]))
    assert len(ids(store)) == 2


def test_FLT14_a_store_locked_too_long_refuses_after_the_busy_time_and_reads_go_on(store: Store) -> None:
    recorder = Recorder(store)
    recorder.record(Entry(assessments=[row()]))
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    try:
        with pytest.raises(UnavailableError, match="locked"):
            recorder.record(Entry(assessments=[row()]))
        waited = time.monotonic() - begun
        assert len(ids(store)) == 1
    finally:
        holder.execute("ROLLBACK")
        holder.close()

    assert 4 <= waited <= 9
    recorder.record(Entry(assessments=[row()]))
    assert len(ids(store)) == 2


def test_FLT14_all_who_wait_for_a_locked_store_are_refused_after_one_busy_time(store: Store) -> None:
    recorder = Recorder(store)
    recorder.record(Entry(assessments=[row()]))
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused: list[str] = []

    def write() -> None:
        try:
            recorder.record(Entry(assessments=[row()]))
        except UnavailableError as error:
            refused.append(error.detail)

    threads = [threading.Thread(target=write) for _ in range(6)]
    begun = time.monotonic()
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        waited = time.monotonic() - begun
    finally:
        holder.execute("ROLLBACK")
        holder.close()

    assert len(refused) == 6 and all("locked" in sentence for sentence in refused)
    assert 4 <= waited <= 9
    recorder.record(Entry(assessments=[row()]))
    assert len(ids(store)) == 2


def test_FLT44_a_lock_that_cannot_be_taken_refuses_the_record(store: Store) -> None:
    store.path.with_suffix(".lock").mkdir()

    with pytest.raises(UnavailableError) as refusal:
        Recorder(store).record(Entry(assessments=[row()]))

    assert refusal.value.code == "store_unavailable"
    assert ids(store) == set()


def test_FLT17_a_store_of_another_version_is_refused_and_untouched(store: Store) -> None:
    with sqlite3.connect(store.path) as past:
        past.execute("insert into schema_versions values (99, '2030-01-01T00:00:00.000000Z')")
    before = store.path.read_bytes()

    with pytest.raises(UnavailableError, match="99") as refusal:
        Store(store.path).prepare()

    assert refusal.value.code == "store_version"
    assert store.path.read_bytes() == before


def test_FLT18_a_file_that_is_not_a_store_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this is not a database, only words " * 40)

    with pytest.raises(UnavailableError):
        Store(path).prepare()

    assert path.read_bytes() == b"this is not a database, only words " * 40


def test_preparing_twice_changes_nothing(store: Store) -> None:
    Recorder(store).record(Entry(assessments=[row()]))

    Store(store.path).prepare()

    assert len(ids(store)) == 1


def test_the_same_case_is_found_again_under_the_same_model_policy_inputs_and_code(store: Store) -> None:
    table, kept = AssessmentTable(store), row()
    Recorder(store).record(Entry(assessments=[kept, row(client_id=900002)]))
    same = {
        "bundle": kept["bundle"],
        "policy": "P-1",
        "inputs_digest": kept["inputs_digest"],
        "code": kept["code"],
    }

    found = table.same_case(900001, **same)

    assert found is not None and (found.id, found.at) == (kept["id"], NOW)
    for change in ({"bundle": "x"}, {"policy": "P-2"}, {"inputs_digest": "x"}, {"code": "x"}):
        assert table.same_case(900001, **{**same, **change}) is None


def test_recent_files_are_per_person_and_the_latest_first(store: Store) -> None:
    recorder, table = Recorder(store), AssessmentTable(store)
    for minutes, client in enumerate([1, 2, 3, 1]):
        opened = {"user_id": "ann", "client_id": client, "opened_at": NOW + timedelta(minutes=minutes)}
        recorder.record(Entry(opened=[opened]))
    recorder.record(Entry(opened=[{"user_id": "bob", "client_id": 9, "opened_at": NOW}]))

    assert [file.client_id for file in table.recent("ann", limit=8)] == [1, 3, 2]
    assert [file.client_id for file in table.recent("ann", limit=1)] == [1]
    assert [file.client_id for file in table.recent("bob", limit=8)] == [9]


def test_sessions_are_found_touched_removed_and_forgotten(store: Store) -> None:
    table = SessionTable(store)
    record = SessionRecord("demo:advisor", "advisor", "advisor", NOW, NOW)
    table.add("a" * 64, record)
    table.add("b" * 64, SessionRecord("x", "auditor", "x", NOW - timedelta(days=2), NOW))

    assert table.find("a" * 64) == record
    table.touch("a" * 64, NOW + timedelta(minutes=3))
    found = table.find("a" * 64)
    assert found is not None and found.seen_at == NOW + timedelta(minutes=3)
    assert table.remove_before(started=NOW - timedelta(days=1)) == 1
    table.remove("a" * 64)
    with store.reading() as connection:
        assert connection.execute(select(sessions)).all() == []


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-12, 14))
def test_a_moment_is_kept_in_utc_to_the_microsecond_and_its_text_sorts_as_time(
    moment: datetime, hours: int
) -> None:
    from datetime import timezone

    kind = UtcTime()
    local = moment.replace(tzinfo=timezone(timedelta(hours=hours)))

    text = kind.process_bind_param(local, None)  # type: ignore[arg-type]

    assert kind.process_result_value(text, None) == local  # type: ignore[arg-type]
    later = kind.process_bind_param(local + timedelta(microseconds=1), None)  # type: ignore[arg-type]
    assert text < later


def test_identifiers_are_uuid7_unique_and_sort_by_time() -> None:
    import uuid

    first = [new_id() for _ in range(1_000)]
    time.sleep(0.002)  # the next millisecond: the clock of the identifiers
    second = new_id()

    assert len(set(first)) == 1_000 and all(one < second for one in first)
    assert uuid.UUID(second).version == 7 and uuid.UUID(second).variant == uuid.RFC_4122
