"""What is in force: swapped when the pointer moves, refused when it does not verify, never half."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dash_app.champion import Champion
from model.bundle import load_bundle
from model.errors import IntegrityError, UnavailableError
from model.home import Home
from model.pointer import read_pointer, replace_pointer
from tests.bundles import write_small_book, write_small_bundle
from tests.integration.conftest import make_home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one bundle and book; each test works on a copy."""
    return make_home(tmp_path_factory.mktemp("made"))


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    shutil.copytree(made.root, tmp_path / "home", copy_function=shutil.copy)
    return Home(tmp_path / "home")


def damage(path: Path) -> None:
    """Flip one byte in the middle of a file."""
    path.parent.chmod(0o755)
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def second_bundle(home: Home) -> tuple[str, str]:
    """Another good bundle with its book: the same model under another registry number."""
    source = home.bundles / read_pointer(home).bundle  # type: ignore[union-attr]
    folder = home.bundles / "draft"
    shutil.copytree(source, folder, copy_function=shutil.copy)
    folder.chmod(0o755)
    manifest_file = folder / "manifest.json"
    manifest_file.chmod(0o644)
    manifest = json.loads(manifest_file.read_bytes())
    manifest["versions"]["model"] = "second"
    content = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    manifest_file.write_bytes(content)
    import hashlib

    named = folder.rename(home.bundles / hashlib.sha256(content).hexdigest())
    book = write_small_book(home.books, load_bundle(named))
    return named.name, book.name


def test_nothing_is_served_before_the_first_pointer(tmp_path: Path) -> None:
    champion = Champion(Home(tmp_path))

    with pytest.raises(UnavailableError) as refusal:
        champion.current()

    assert refusal.value.code == "nothing_to_serve"
    assert champion.status().serving is False
    assert "make run" in champion.status().detail


def test_the_first_pointer_is_noticed_without_a_restart(home: Home, tmp_path: Path) -> None:
    aside = home.pointer.rename(tmp_path / "aside.json")
    champion = Champion(home)
    assert not champion.status().serving

    aside.rename(home.pointer)

    assert champion.current().bundle.digest == read_pointer(home).bundle  # type: ignore[union-attr]
    assert champion.status().bundle == "ok" and champion.status().clients == "ok"


def test_an_unmoved_pointer_costs_no_load(home: Home) -> None:
    champion = Champion(home)

    first = champion.current()

    assert champion.current() is first
    assert champion.current().bundle is first.bundle


def test_a_moved_pointer_is_followed(home: Home) -> None:
    champion = Champion(home)
    before = champion.current()
    bundle, book = second_bundle(home)

    replace_pointer(home, bundle=bundle, book=book)

    after = champion.current()
    assert (after.bundle.digest, after.clients().digest) == (bundle, book)
    assert before.bundle.digest != bundle  # who still holds the old one goes on with it whole
    assert before.bundle.margins(before.clients().features.all()[:3]).shape == (3,)


def test_a_new_client_book_needs_no_new_bundle(home: Home) -> None:
    champion = Champion(home)
    before = champion.current()

    replace_pointer(home, bundle=before.bundle.digest, book=None)

    after = champion.current()
    assert after.bundle is before.bundle
    assert after.book is None and champion.status().clients == "missing"
    with pytest.raises(UnavailableError, match="client book"):
        after.clients()


@pytest.mark.parametrize(
    "name", ["booster.txt", "reference.npy", "policy.json", "manifest.json", "golden_pds.npy"]
)
def test_FLT1_a_bundle_with_one_flipped_byte_is_refused_and_the_old_one_serves(home: Home, name: str) -> None:
    champion = Champion(home)
    before = champion.current()
    bundle, book = second_bundle(home)
    damage(home.bundles / bundle / name)

    replace_pointer(home, bundle=bundle, book=book)

    assert champion.current() is before
    status = champion.status()
    assert (status.serving, status.bundle) == (True, "refused")
    assert name in status.detail


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "policy.json").unlink(),
        lambda folder: (folder / "extra.json").write_text("{}"),
        lambda folder: (folder / "booster.txt").write_bytes(b""),
        lambda folder: shutil.rmtree(folder),
    ],
    ids=["missing", "extra", "empty", "no folder"],
)
def test_FLT2_a_bundle_with_other_files_than_listed_is_refused(
    home: Home, harm: Callable[[Path], None]
) -> None:
    champion = Champion(home)
    before = champion.current()
    bundle, book = second_bundle(home)
    folder = home.bundles / bundle
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    harm(folder)

    replace_pointer(home, bundle=bundle, book=book)

    assert champion.current() is before
    assert champion.status().bundle == "refused"


def test_a_damaged_book_is_refused_while_the_good_bundle_serves(home: Home) -> None:
    champion = Champion(home)
    before = champion.current()
    bundle, book = second_bundle(home)
    damage(home.books / book / "margin.npy")

    replace_pointer(home, bundle=bundle, book=book)

    after = champion.current()
    assert after.bundle.digest == bundle
    assert after.book is None  # the old book belongs to the old bundle
    assert champion.status().clients == "refused" and "margin.npy" in champion.status().detail
    assert before.book is not None


def test_damaged_features_are_refused_when_they_are_first_read(home: Home) -> None:
    book = home.books / read_pointer(home).book  # type: ignore[union-attr,operator]
    damage(book / "features.npy")
    clients = Champion(home).current().clients()

    with pytest.raises(IntegrityError, match=r"features\.npy"):
        for client in clients.ids:
            clients.case(int(client))


def test_a_damaged_book_of_the_same_bundle_leaves_the_old_book_in_force(home: Home) -> None:
    champion = Champion(home)
    before = champion.current()
    folder = home.books / ("0" * 64)
    shutil.copytree(before.clients().folder, folder, copy_function=shutil.copy)

    replace_pointer(home, bundle=before.bundle.digest, book=folder.name)

    assert champion.current().book is before.book
    assert champion.status().clients == "refused"


def test_a_book_that_another_bundle_made_is_refused(home: Home) -> None:
    champion = Champion(home)
    old_book = champion.current().clients().digest
    bundle, _ = second_bundle(home)

    replace_pointer(home, bundle=bundle, book=old_book)

    assert champion.current().bundle.digest == bundle
    assert champion.status().clients == "refused"


def test_a_broken_pointer_leaves_what_is_in_force(home: Home) -> None:
    champion = Champion(home)
    before = champion.current()

    home.pointer.write_text("{not json")

    assert champion.current() is before
    assert champion.status().bundle == "refused"


def test_a_removed_pointer_leaves_what_is_in_force(home: Home) -> None:
    champion = Champion(home)
    before = champion.current()

    home.pointer.unlink()

    assert champion.current() is before


def test_FLT43_a_deleted_folder_does_not_stop_who_has_it_open(home: Home) -> None:
    champion = Champion(home)
    serving = champion.current()
    book = serving.clients()
    expected = serving.bundle.margins(book.features.all()[:5])

    for folder in (serving.bundle.folder, book.folder):
        folder.chmod(0o755)
        shutil.rmtree(folder)

    assert (champion.current().bundle.margins(book.features.all()[:5]) == expected).all()


def test_after_a_refusal_a_good_pointer_is_followed_again(home: Home) -> None:
    champion = Champion(home)
    first = champion.current()
    bundle, book = second_bundle(home)
    damage(home.bundles / bundle / "policy.json")
    replace_pointer(home, bundle=bundle, book=book)
    assert champion.current() is first

    replace_pointer(home, bundle=first.bundle.digest, book=first.clients().digest)

    assert champion.status().bundle == "ok" and champion.status().detail == ""


def test_files_that_would_not_open_are_tried_again_without_a_new_pointer(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = Champion(home)
    first = champion.current()
    bundle, book = second_bundle(home)
    monkeypatch.setattr("dash_app.champion.RETRY_SECONDS", 0.0)
    with monkeypatch.context() as failing:

        def no_more_files(*_: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files", "booster.txt")

        failing.setattr("model.bundle.load_bundle", no_more_files)
        replace_pointer(home, bundle=bundle, book=book)
        assert champion.current() is first
        assert champion.status().bundle == "refused"

    assert champion.current().bundle.digest == bundle
    assert champion.status().bundle == "ok"


def test_FLT7_many_threads_see_one_bundle_each_while_the_pointer_moves(home: Home) -> None:
    champion = Champion(home)
    first = champion.current()
    bundle, book = second_bundle(home)
    pairs = {(first.bundle.digest, first.clients().digest), (bundle, book)}
    seen: set[tuple[str, str]] = set()
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                serving = champion.current()
                seen.add((serving.bundle.digest, serving.clients().digest))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for target in (bundle, first.bundle.digest, bundle):
        replace_pointer(home, bundle=target, book=dict(pairs)[target])
        champion.refresh()
    for _ in range(200):
        if champion.current().bundle.digest == bundle:
            break
    stop.set()
    for thread in threads:
        thread.join()

    assert not failures
    assert seen <= pairs and (bundle, book) in seen


@pytest.mark.parametrize(("setting", "shown"), [(None, "EUR"), ("", ""), ("CHF", "CHF")])
def test_the_currency_is_the_operators_choice_else_that_of_the_fictional_portfolio(
    home: Home, setting: str | None, shown: str
) -> None:
    assert Champion(home, currency=setting).current().currency == shown


def test_what_is_loaded_is_what_was_written(home: Home, made: Home) -> None:
    serving = Champion(home).current()

    assert (
        serving.bundle.digest == write_small_bundle(Home(Path(os.fspath(home.root)) / "again").bundles).name
    )
    assert serving.policy == serving.bundle.policy
