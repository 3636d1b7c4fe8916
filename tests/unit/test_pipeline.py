"""The line of steps: skipped when nothing changed, run again after a stop."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from dash_app.settings import load_settings
from model.errors import InputError, UnavailableError
from model.home import Home
from training import pipeline
from training.__main__ import _home
from training.pipeline import Step, run
from training.recipe import Chosen, write_recipe


class Recorder:
    """A step whose input and result are switches of the test."""

    def __init__(self) -> None:
        self.reads = "one"
        self.result_there = False
        self.runs = 0
        self.fails = False

    def step(self) -> Step:
        return Step("probe", lambda: self.reads, lambda: self.result_there, self.work)

    def work(self) -> str:
        self.runs += 1
        if self.fails:
            raise KeyboardInterrupt
        self.result_there = True
        return "probe made"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def _run(home: Home, recorder: Recorder) -> list[str]:
    lines: list[str] = []
    pipeline._run_step(home, recorder.step(), "[1/1] probe", lines.append)
    return lines


def test_a_step_runs_once_and_is_then_skipped(home: Home) -> None:
    recorder = Recorder()
    _run(home, recorder)
    lines = _run(home, recorder)
    assert recorder.runs == 1
    assert lines == ["[1/1] probe: unchanged, skipped"]


def test_a_step_runs_again_when_what_it_reads_changes(home: Home) -> None:
    recorder = Recorder()
    _run(home, recorder)
    recorder.reads = "two"
    _run(home, recorder)
    assert recorder.runs == 2


def test_a_step_runs_again_when_its_result_is_gone(home: Home) -> None:
    recorder = Recorder()
    _run(home, recorder)
    recorder.result_there = False
    _run(home, recorder)
    assert recorder.runs == 2


def test_a_stopped_step_leaves_no_stamp_and_runs_again(home: Home) -> None:
    recorder = Recorder()
    recorder.fails = True
    with pytest.raises(KeyboardInterrupt):
        _run(home, recorder)
    recorder.fails = False
    _run(home, recorder)
    assert recorder.runs == 2


def test_a_damaged_stamp_counts_as_none(home: Home) -> None:
    recorder = Recorder()
    _run(home, recorder)
    (home.stamps / "probe.json").write_text("{")
    _run(home, recorder)
    assert recorder.runs == 2


def test_a_source_that_does_not_exist_is_named(home: Home) -> None:
    with pytest.raises(InputError, match=r"nowhere\.zip: no such archive"):
        run(home, Path("nowhere.zip"), progress=lambda _text: None)
    assert not home.root.exists() or not any(home.root.iterdir())


def test_a_new_archive_of_the_same_name_is_read_again(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"one")
    before = pipeline._files_state(archive)
    archive.write_bytes(b"other")
    assert pipeline._files_state(archive) != before


def test_the_start_page_is_told_which_step_runs_and_why_it_failed(home: Home) -> None:
    preparation = pipeline.Preparation(home, ["ingest", "train"])
    preparation.started("ingest")
    assert json.loads(home.preparation.read_text())["running"] == "ingest"
    preparation.failed("bureau.csv, line 3: …")
    assert json.loads(home.preparation.read_text())["error"] == "bureau.csv, line 3: …"
    preparation.ended()
    assert not home.preparation.exists()


def test_commands_find_the_home_where_the_server_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAD_HOME", raising=False)
    (tmp_path / ".env").write_text("PAD_HOME=from_the_file\n")
    assert _home().root == tmp_path / "from_the_file" == load_settings().paths.root

    monkeypatch.setenv("PAD_HOME", "from_the_environment")
    assert _home().root == tmp_path / "from_the_environment" == load_settings().paths.root


# What a step reads --------------------------------------------------------------------

BESIDE = {"lock", "progress", "registry", "searches", "tracking", "versions"}
"""Modules that training calls and that change nothing of the model."""


def _imported(module: str) -> set[str]:
    tree = ast.parse((pipeline._ROOT / "training" / f"{module}.py").read_text())
    return {
        node.module.split(".")[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("training.")
    }


def test_every_module_that_makes_the_model_is_in_the_fingerprint_of_the_training() -> None:
    read = set().union(*(_imported(module) for module in pipeline.TRAIN_MODULES))

    assert read <= {*pipeline.TRAIN_MODULES, *BESIDE}


def test_a_chosen_recipe_trains_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    train = next(s for s in pipeline._steps(home, Path("x"), 1, 1, (), print) if s.name == "train")
    before = train.fingerprint()

    write_recipe(home, Chosen(30, {}, "a run"))

    assert train.fingerprint() != before


def test_a_challenger_that_fails_is_told_and_leaves_what_is_served(home: Home) -> None:
    def fails() -> str:
        raise UnavailableError("no room left")

    said: list[str] = []
    pipeline._run_beside(home, Step("challenger", lambda: "one", lambda: True, fails), said.append)

    assert said[-1] == "challenger: failed, what is served has not changed: no room left"
    assert pipeline._read_stamp(home, "challenger") is None
