"""The pointer: the old one or the new one, never none."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import IntegrityError
from model.home import Home
from model.pointer import read_pointer, replace_pointer

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_nothing_in_force_reads_as_none(home: Home) -> None:
    assert read_pointer(home) is None


def test_what_was_put_in_force_is_read_back(home: Home) -> None:
    written = replace_pointer(home, bundle=ONE, book=TWO)

    assert read_pointer(home) == written
    assert (written.bundle, written.book) == (ONE, TWO)


def test_a_pointer_without_a_book_says_so(home: Home) -> None:
    replace_pointer(home, bundle=ONE, book=None)

    pointer = read_pointer(home)

    assert pointer is not None
    assert pointer.book is None


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_FLT6_a_kill_in_the_middle_leaves_the_old_pointer(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    old = replace_pointer(home, bundle=ONE, book=None)

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*(("os.fsync", killed) if step == "fsync" else (Path, "replace", killed)))
        with pytest.raises(KeyboardInterrupt):
            replace_pointer(home, bundle=TWO, book=None)

    assert read_pointer(home) == old
    assert [path.name for path in home.root.iterdir()] == ["current.json"]


def test_replacing_is_a_rename_so_open_readers_keep_a_whole_file(home: Home) -> None:
    replace_pointer(home, bundle=ONE, book=None)
    with home.pointer.open("rb") as reader:
        replace_pointer(home, bundle=TWO, book=None)
        seen = reader.read()

    assert ONE.encode() in seen
    assert TWO.encode() not in seen


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"bundle": "1"}', '{"at": "", "book": null, "bundle": "../../etc"}',
                '{"at": "", "book": 3, "bundle": "' + ONE + '"}'],
)  # fmt: skip
def test_a_file_that_is_no_pointer_is_refused_with_the_way_out(home: Home, content: str) -> None:
    home.root.mkdir()
    home.pointer.write_text(content)

    with pytest.raises(IntegrityError, match="training pull"):
        read_pointer(home)


def test_only_digests_are_put_in_force(home: Home) -> None:
    with pytest.raises(IntegrityError, match="is not a digest"):
        replace_pointer(home, bundle="latest", book=None)

    assert read_pointer(home) is None
