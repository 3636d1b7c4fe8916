"""From a registered version to what is served, and everything that must not get there."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.book import load_book
from model.bundle import load_bundle
from model.errors import InputError, IntegrityError, UnavailableError
from model.home import Home
from model.pointer import read_pointer
from model.sealed import SealedWriter, is_digest
from tests.trained import copied_data, train_quickly
from training import promotion, registry
from training.clients import make_book, unseen_categories
from training.golden import check_in_child
from training.lock import exclusive
from training.record import Trained
from training.registry import (
    DECISIONS,
    compare_with_champion,
    promote,
    promote_newest,
    pull,
    rollback,
)
from training.tracking import connected
from training.versions import CANDIDATE, CHAMPION, MODEL, PREVIOUS, latest_version

pytestmark = pytest.mark.xdist_group("registry")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def trained(small_home: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained, Trained]:
    """A home and what two trainings of it returned; the first is in force."""
    made = copied_data(small_home, tmp_path_factory.mktemp("registry"))
    first, second = train_quickly(made, seed=0), train_quickly(made, seed=1)
    pull(made)
    return made, first, second


@pytest.fixture(scope="module")
def home(trained: tuple[Home, Trained, Trained]) -> Home:
    return trained[0]


@pytest.fixture(autouse=True)
def first_in_force(home: Home) -> None:
    """Every test starts with version 1 in force."""
    if _alias(home, CHAMPION) != "1":
        promote(home, "1", force="a test")


def _alias(home: Home, alias: str) -> str | None:
    with connected(home) as tracking:
        version = tracking.client.get_registered_model(MODEL).aliases.get(alias)
        return None if version is None else str(version)


def _bundle_of(home: Home, version: str) -> str:
    with connected(home) as tracking:
        return tracking.client.get_model_version(MODEL, version).tags["bundle"]


def _artifact(home: Home, version: str, name: str) -> Path:
    """File of a version in the artifact store."""
    with connected(home) as tracking:
        model_id = tracking.client.get_model_version(MODEL, version).source.rsplit("/", 1)[1]
    (found,) = home.mlflow.rglob(f"{model_id}/artifacts/artifacts/bundle/{name}")
    return found


def _no_orphan(home: Home) -> bool:
    return all(
        is_digest(path.name) for path in home.bundles.iterdir() if not path.name.startswith(".damaged-")
    )


# The way in ---------------------------------------------------------------------------


def test_the_first_version_becomes_champion_and_the_next_one_waits(trained):
    home, first, second = trained

    assert (first.version, first.alias) == ("1", CHAMPION)
    assert (second.version, second.alias) == ("2", CANDIDATE)
    assert latest_version(home) == "2"


def test_the_answer_carries_the_registry_version(home):
    pointer = read_pointer(home)
    bundle = load_bundle(home.bundles / pointer.bundle)

    assert bundle.versions["model"] == "1"
    assert load_book(home.books / pointer.book).manifest["bundle"] == bundle.digest


def test_pull_again_changes_nothing(home):
    before = home.pointer.read_bytes()
    books = sorted(home.books.iterdir())

    pull(home)

    assert home.pointer.read_bytes() == before
    assert sorted(home.books.iterdir()) == books


def test_promote_and_rollback_move_bundle_and_book_together(home):
    first = read_pointer(home)

    promote(home, "2", force="a test")
    second = read_pointer(home)
    rollback(home)

    assert second.bundle == _bundle_of(home, "2") != first.bundle
    assert load_book(home.books / second.book).manifest["bundle"] == second.bundle
    assert (read_pointer(home).bundle, read_pointer(home).book) == (first.bundle, first.book)
    assert _alias(home, CHAMPION) == "1"


def test_a_promoted_candidate_is_no_longer_a_candidate(home):
    promote(home, "2", force="a test")

    assert _alias(home, CANDIDATE) is None


def test_rollback_without_a_former_champion_says_so(home):
    with connected(home) as tracking:
        if PREVIOUS in tracking.client.get_registered_model(MODEL).aliases:
            tracking.client.delete_registered_model_alias(MODEL, PREVIOUS)

    with pytest.raises(InputError, match="never had another champion"):
        rollback(home)


# The rule of promotion ----------------------------------------------------------------


def _decision(home: Home, version: str) -> tuple[dict[str, str], dict[str, object]]:
    """Tags of a version, and the newest decision that its run keeps."""
    with connected(home) as tracking:
        found = tracking.client.get_model_version(MODEL, version)
        files = sorted(file.path for file in tracking.client.list_artifacts(found.run_id, DECISIONS))
        run = tracking.client.get_run(found.run_id)
        return found.tags, json.loads(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{files[-1]}"))


def test_a_version_that_is_not_better_is_refused_with_its_numbers_and_nothing_moves(home):
    before, said = home.pointer.read_bytes(), []

    with pytest.raises(InputError, match=r"version 2 is not promoted: .*\d\.\d+.*`--force REASON`"):
        promote(home, "2", progress=said.append)

    assert home.pointer.read_bytes() == before
    assert _alias(home, CHAMPION) == "1"
    assert any("other folds, whose noise is not shared" in line for line in said)


def test_a_forced_promotion_keeps_who_when_why_and_the_comparison(home):
    promote(home, "2", force="the committee of 25 November")

    tags, kept = _decision(home, "2")
    assert tags["decided_because"] == kept["because"] == "the committee of 25 November"
    assert tags["decided_by"] == kept["by"] == getpass.getuser()
    assert (kept["version"], kept["former"], kept["forced"]) == ("2", "1", True)
    assert set(kept["comparison"]["metrics"]) == {"1", "2"}
    assert kept["comparison"]["refusals"]


@pytest.mark.parametrize("reason", ["", "  "])
def test_force_without_a_reason_is_refused(home, reason):
    with pytest.raises(InputError, match="wants a reason"):
        promote(home, "2", force=reason)


def test_a_rollback_keeps_its_reason(home):
    promote(home, "2", force="a test")
    rollback(home, because="advisors saw wrong reasons")

    _, kept = _decision(home, "1")
    assert (kept["action"], kept["because"], kept["former"]) == (
        "rollback",
        "advisors saw wrong reasons",
        "2",
    )


def test_comparing_shows_both_versions_and_moves_nothing(home):
    before = home.pointer.read_bytes()

    table = compare_with_champion(home, "2").table()

    assert home.pointer.read_bytes() == before
    for words in ("champion 1", "version 2", "log loss", "swapped in", "by the champion's first reason"):
        assert words in table


def test_the_line_leaves_the_champion_when_the_newest_version_is_not_better(home):
    before, said = home.pointer.read_bytes(), []

    sentence = promote_newest(home, progress=said.append)

    assert sentence.startswith("version 1 stays champion: version 2 waits")
    assert home.pointer.read_bytes() == before
    assert any(line.startswith("version 2 is not promoted:") for line in said)


def test_the_line_promotes_a_version_that_was_trained_on_other_clients(home, monkeypatch):
    monkeypatch.setattr(promotion, "unpaired", lambda *_: "they were trained on other clients")

    sentence = promote_newest(home)

    assert sentence == "version 2 is champion (new data: they were trained on other clients)"
    assert _decision(home, "2")[1]["comparison"]["not_paired"] == "they were trained on other clients"


def test_by_hand_a_version_trained_on_other_clients_needs_force(home, monkeypatch):
    monkeypatch.setattr(promotion, "unpaired", lambda *_: "they were trained on other clients")

    with pytest.raises(InputError, match="cannot be compared in pairs"):
        promote(home, "2")


def test_the_line_promotes_when_this_code_finds_a_part_missing_in_the_champion(home, monkeypatch):
    champion = _bundle_of(home, "1")
    real = registry._files
    monkeypatch.setattr(
        registry,
        "_files",
        lambda folder: real(folder) - ({"drift.json"} if folder.name == champion else set()),
    )

    sentence = promote_newest(home)

    assert "this code cannot serve version 1: its bundle holds no drift.json" in sentence


# What is refused ----------------------------------------------------------------------


@pytest.mark.parametrize("unknown", ["99", "0", "x", "1 "])
def test_an_unknown_version_is_refused_with_the_known_ones(home, unknown):
    with pytest.raises(InputError, match=r"has no version .* versions: 1, 2"):
        promote(home, unknown)


class _Constant(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return np.zeros(len(model_input))


def _register_replica(home: Home, features: list[str]) -> str:
    """A model registered for comparison only, as the kernel's full matrix will be."""
    frame = pd.DataFrame([[0.0] * len(features)], columns=features)
    with connected(home) as tracking, mlflow.start_run(experiment_id=tracking.experiment_id):
        info = mlflow.pyfunc.log_model(
            name="kernel-replica",
            python_model=_Constant(),
            signature=mlflow.models.infer_signature(frame, np.zeros(1)),
            pip_requirements=["numpy"],
            registered_model_name=MODEL,
        )
        return str(info.registered_model_version)


def test_L9_a_model_that_reads_excluded_groups_is_never_promoted(home):
    version = _register_replica(home, ["AMT_CREDIT", "CODE_GENDER", "DAYS_BIRTH"])
    before = home.pointer.read_bytes()

    try:
        with pytest.raises(IntegrityError, match=r"CODE_GENDER \(sex\), DAYS_BIRTH \(age\)"):
            promote(home, version)
        assert home.pointer.read_bytes() == before
        assert _alias(home, CHAMPION) == "1"
        assert latest_version(home) == "2"
    finally:
        with connected(home) as tracking:
            tracking.client.delete_model_version(MODEL, version)


def test_a_version_without_a_bundle_is_refused(home):
    version = _register_replica(home, ["AMT_CREDIT"])

    try:
        with pytest.raises(InputError, match="has no bundle"):
            promote(home, version)
    finally:
        with connected(home) as tracking:
            tracking.client.delete_model_version(MODEL, version)


def _forget(home: Home, version: str) -> None:
    """Remove the local bundle of a version, so that it must be downloaded again."""
    folder = home.bundles / _bundle_of(home, version)
    if folder.exists():
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["booster.txt", "manifest.json", "golden_pds.npy"])
def test_FLT1_a_flipped_byte_in_the_artifact_store_is_refused_and_the_old_stays(home, name):
    _forget(home, "2")
    stored = _artifact(home, "2", name)
    good, before = stored.read_bytes(), home.pointer.read_bytes()
    stored.write_bytes(good[:-10] + bytes([good[-10] ^ 1]) + good[-9:])

    try:
        with pytest.raises(IntegrityError, match=name):
            promote(home, "2", force="a test")
        assert home.pointer.read_bytes() == before
        assert _alias(home, CHAMPION) == "1"
        assert _no_orphan(home)
    finally:
        stored.write_bytes(good)


def test_FLT2_a_missing_artifact_is_named(home):
    _forget(home, "2")
    stored = _artifact(home, "2", "grades.json")
    good, before = stored.read_bytes(), home.pointer.read_bytes()
    stored.unlink()

    try:
        with pytest.raises(UnavailableError, match=r"grades\.json cannot be read"):
            promote(home, "2", force="a test")
        assert home.pointer.read_bytes() == before
        assert _no_orphan(home)
    finally:
        stored.write_bytes(good)


def test_only_files_that_the_manifest_names_are_fetched(home):
    _forget(home, "2")
    stranger = _artifact(home, "2", "grades.json").with_name("stranger.pkl")
    stranger.write_bytes(b"not asked for")

    try:
        promote(home, "2", force="a test")
        assert not (home.bundles / _bundle_of(home, "2") / "stranger.pkl").exists()
    finally:
        stranger.unlink()


def test_a_damaged_local_bundle_is_fetched_again(home):
    promote(home, "2", force="a test")
    promote(home, "1", force="a test")
    folder = home.bundles / _bundle_of(home, "2")
    damaged = folder / "policy.json"
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes().replace(b"P-1", b"P-2"))

    promote(home, "2", force="a test")

    assert load_bundle(folder).policy.version == "P-1"
    # Only renamed: a read-only folder cannot be moved into another one, but by root.
    assert [(aside / "manifest.json").exists() for aside in home.bundles.glob(".damaged-*")] == [True]


def _resealed(home: Home, tmp_path: Path, change: dict[str, bytes]) -> Path:
    """A bundle with other content and a right digest."""
    source = home.bundles / read_pointer(home).bundle
    manifest = json.loads((source / "manifest.json").read_bytes())
    with SealedWriter(tmp_path / "bundles") as writer:
        for name in manifest.pop("files"):
            writer.file(name).write_bytes(change.get(name, (source / name).read_bytes()))
        manifest.pop("format")
        return writer.seal(manifest)


def test_FLT3_golden_rows_that_score_differently_here_are_refused_with_both_library_versions(home, tmp_path):
    source = home.bundles / read_pointer(home).bundle
    stored = (source / "golden_pds.npy").read_bytes()
    other = _resealed(home, tmp_path, {"golden_pds.npy": stored[:-1] + bytes([stored[-1] ^ 1])})

    with pytest.raises(
        IntegrityError, match=r"1 of 200 golden rows score differently here .*lightgbm.*lightgbm"
    ):
        check_in_child(Home(tmp_path), other, other.name)


def test_FLT4_a_booster_text_that_kills_its_parser_kills_only_the_child(home, tmp_path):
    other = _resealed(
        home, tmp_path, {"booster.txt": b"tree\nversion=v4\nnum_class=1\ntree_sizes=9999999\n\nTree=0\n"}
    )

    with pytest.raises(IntegrityError, match="is refused"):
        check_in_child(Home(tmp_path), other, other.name)


def test_a_bundle_found_right_is_not_loaded_again(home, monkeypatch):
    digest = read_pointer(home).bundle
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a second child was started"))

    check_in_child(home, home.bundles / digest, digest)


# Faults -------------------------------------------------------------------------------


def test_FLT26_mlflow_down_leaves_what_is_served(home, monkeypatch):
    before = home.pointer.read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(UnavailableError, match=r"http://127\.0\.0\.1:9 .* has not changed"):
        pull(home)

    assert home.pointer.read_bytes() == before


def test_FLT26_a_lost_alias_is_said_and_the_bundle_stays(home):
    before = home.pointer.read_bytes()
    with connected(home) as tracking:
        tracking.client.delete_registered_model_alias(MODEL, CHAMPION)

    try:
        with pytest.raises(UnavailableError, match="no champion"):
            pull(home)
        assert home.pointer.read_bytes() == before
    finally:
        with connected(home) as tracking:
            tracking.client.set_registered_model_alias(MODEL, CHAMPION, "1")


def _python(home: Home, code: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PAD_HOME": str(home.root)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


def test_FLT25_a_second_command_says_who_holds_the_lock_and_a_dead_holder_holds_nothing(home):
    holder = _python(
        home,
        "import sys, time\n"
        "from model.home import Home\n"
        "from training.lock import exclusive\n"
        "with exclusive(Home.from_environment(), 'train'):\n"
        "    print('held', flush=True); time.sleep(600)\n",
    )
    try:
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(UnavailableError, match=rf"`train` \(process {holder.pid}, since .*\) holds"):
            pull(home)
    finally:
        holder.kill()
        holder.wait()

    with exclusive(home, "test"):
        assert json.loads((home.root / "training.lock").read_text())["command"] == "test"


def test_FLT24_what_a_killed_training_left_is_removed_by_the_next_command(tmp_path):
    home = Home(tmp_path)
    sealed = tmp_path / ".training-killed" / "bundles" / ("0" * 64)
    sealed.mkdir(parents=True)
    (sealed / "booster.txt").write_text("half")
    sealed.chmod(0o555)

    with exclusive(home, "train"):
        assert not (tmp_path / ".training-killed").exists()


@pytest.mark.parametrize(
    "step",
    [
        "training.clients.write_book",
        "training.registry.replace_pointer",
        "training.registry._fetch@3",
    ],
)
def test_FLT6_promote_killed_at_a_step_leaves_the_old_pointer_and_ends_when_run_again(home, step):
    _forget(home, "2")
    before = home.pointer.read_bytes()
    name, _, count = step.partition("@")
    module, _, function = name.rpartition(".")
    killed = _python(
        home,
        "import importlib, os, signal\n"
        f"module = importlib.import_module({module!r}); real = module.{function}; calls = [0]\n"
        "def dying(*a, **k):\n"
        "    calls[0] += 1\n"
        f"    if calls[0] == {count or 1}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(*a, **k)\n"
        f"module.{function} = dying\n"
        "from model.home import Home\n"
        "from training.registry import promote\n"
        "import shutil\n"
        "home = Home.from_environment()\n"
        "shutil.rmtree(home.stamps, ignore_errors=True)\n"
        "[p.chmod(0o755) or shutil.rmtree(p) for p in home.books.iterdir()"
        " if p.name not in home.pointer.read_text()]\n"
        "promote(home, '2', force='a test')\n",
    )

    assert killed.wait(300) == -signal.SIGKILL
    assert home.pointer.read_bytes() == before
    promote(home, "2", force="a test")
    assert read_pointer(home).bundle == _bundle_of(home, "2")
    assert _no_orphan(home)


# The client book ----------------------------------------------------------------------


def _with_new_applicant(home: Home, root: Path) -> tuple[Home, int]:
    """The same home with one more applicant in its lake, a copy of a waiting one."""
    other = Home(root)
    shutil.copytree(home.lake, other.lake)
    shutil.copytree(home.bundles, other.bundles)
    shutil.copytree(home.books, other.books)
    shutil.copytree(home.root / "oof", other.root / "oof")
    shutil.copy(home.pointer, other.pointer)
    path = other.lake / "application.parquet"
    table = pq.read_table(path)
    waiting = table.filter(pa.compute.is_null(table["TARGET"])).slice(0, 1)
    newcomer = int(pa.compute.max(table["SK_ID_CURR"]).as_py()) + 1
    at = table.column_names.index("SK_ID_CURR")
    waiting = waiting.set_column(at, table.field("SK_ID_CURR"), pa.array([newcomer]))
    pq.write_table(pa.concat_tables([table, waiting]), path)
    manifest = json.loads((other.lake / "manifest.json").read_text())
    manifest["tables"]["application"] |= {"rows": table.num_rows + 1, "sha256": "of the new file"}
    (other.lake / "manifest.json").write_text(json.dumps(manifest))
    return other, newcomer


def test_a_new_applicant_needs_a_new_book_and_no_new_model(home, tmp_path):
    other, newcomer = _with_new_applicant(home, tmp_path)
    before = read_pointer(other)

    after = make_book(other)

    book = load_book(other.books / after.book)
    assert after.bundle == before.bundle
    assert after.book != before.book
    assert book.index_of(newcomer) is not None
    old = load_book(home.books / before.book)
    assert np.array_equal(book.margin[: len(old)], old.margin)
    assert np.array_equal(book.oof_margin[: len(old)], old.oof_margin, equal_nan=True)


def test_the_same_lake_and_bundle_make_no_second_book(home):
    before = home.pointer.read_bytes()

    make_book(home)

    assert home.pointer.read_bytes() == before


def test_without_a_bundle_in_force_the_clients_command_says_what_to_run(small_home, tmp_path):
    with pytest.raises(UnavailableError, match=r"python -m training pull"):
        make_book(copied_data(small_home, tmp_path))


def test_a_category_that_the_model_has_not_seen_is_kept_with_its_client(home, tmp_path):
    bundle = load_bundle(home.bundles / read_pointer(home).bundle)
    other, newcomer = _with_new_applicant(home, tmp_path)
    path = other.lake / "application.parquet"
    table = pq.read_table(path)
    column = table["NAME_EDUCATION_TYPE"].to_pylist()
    column[-1] = "Apprenticeship"
    at = table.column_names.index("NAME_EDUCATION_TYPE")
    pq.write_table(table.set_column(at, table.field(at), pa.array(column)), path)

    assert unseen_categories(home, bundle) == {}
    assert unseen_categories(other, bundle) == {
        newcomer: [("application", "NAME_EDUCATION_TYPE", "Apprenticeship")]
    }
