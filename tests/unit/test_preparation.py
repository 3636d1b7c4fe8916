"""What the start page reads of ``make run``, written by another process."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dash_app.services.preparation import read_preparation
from model.home import Home

STEPS = ["portfolio", "ingest", "features", "train", "promote"]


def write(home: Home, **changes: object) -> None:
    state = {
        "steps": STEPS,
        "running": "train",
        "since": time.time() - 40,
        "process": os.getpid(),
        "error": None,
    }
    home.preparation.write_text(json.dumps({**state, **changes}))


def test_the_running_step_is_told_with_its_place(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(home)
    found = read_preparation(home)
    assert found is not None
    assert (found.step, found.number, found.total, found.error) == ("train", 4, 5, None)
    assert 40 <= found.seconds < 60


def test_no_file_is_no_preparation(tmp_path: Path) -> None:
    assert read_preparation(Home(tmp_path)) is None


def test_a_process_that_is_gone_prepares_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    write(Home(tmp_path), process=child.pid)
    assert read_preparation(Home(tmp_path)) is None


def test_a_step_that_failed_is_told_after_its_process_ended(tmp_path: Path) -> None:
    write(Home(tmp_path), process=0, error="bureau.csv line 3: no such column")
    found = read_preparation(Home(tmp_path))
    assert found is not None
    assert found.error == "bureau.csv line 3: no such column"


@pytest.mark.parametrize(
    "changes", [{"running": None}, {"running": "dance"}, {"since": "noon"}, {"steps": 3}]
)
def test_a_state_of_another_shape_reads_as_nothing(tmp_path: Path, changes: dict[str, object]) -> None:
    write(Home(tmp_path), **changes)
    assert read_preparation(Home(tmp_path)) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60))
def test_bytes_of_any_kind_read_as_nothing(tmp_path: Path, content: bytes) -> None:
    Home(tmp_path).preparation.write_bytes(content)
    assert read_preparation(Home(tmp_path)) is None
