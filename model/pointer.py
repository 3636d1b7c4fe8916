"""The one pointer to what is in force: which bundle, which client book."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from model.errors import IntegrityError
from model.home import Home
from model.sealed import canonical_json, is_digest


@dataclass(frozen=True, slots=True)
class Pointer:
    """Content of ``current.json``.

    Attributes
    ----------
    bundle : str
        Digest of the bundle in force: the name of its folder under ``home.bundles``.
    book : str or None
        Digest of the client book in force, or ``None`` when there is none yet.
    at : str
        When it was set, ISO 8601 in UTC.
    """

    bundle: str
    book: str | None
    at: str


def read_pointer(home: Home) -> Pointer | None:
    """The pointer, or ``None`` when nothing was ever put in force.

    Raises
    ------
    IntegrityError
        The file is not a pointer.
    """
    try:
        content = home.pointer.read_bytes()
    except FileNotFoundError:
        return None
    try:
        data = json.loads(content)
        pointer = Pointer(bundle=data["bundle"], book=data["book"], at=data["at"])
    except (ValueError, KeyError, TypeError) as error:
        raise _malformed(home) from error
    names = [pointer.bundle] if pointer.book is None else [pointer.bundle, pointer.book]
    if not all(isinstance(name, str) and is_digest(name) for name in names):
        raise _malformed(home)
    return pointer


def replace_pointer(home: Home, *, bundle: str, book: str | None) -> Pointer:
    """Put a bundle and a client book in force, in one step that cannot half happen.

    Readers see the old pointer or the new one, never none: the new file is complete on disk
    before it takes the name.
    """
    pointer = Pointer(bundle, book, datetime.now(UTC).isoformat(timespec="milliseconds"))
    for name in (bundle, book):
        if name is not None and not is_digest(name):
            raise IntegrityError(f"{name!r} is not a digest", code="pointer_malformed")
    home.root.mkdir(parents=True, exist_ok=True)
    temporary = home.pointer.with_name(f".{home.pointer.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as target:
            target.write(canonical_json({"bundle": bundle, "book": book, "at": pointer.at}))
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(home.pointer)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(home.root, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return pointer


def _malformed(home: Home) -> IntegrityError:
    return IntegrityError(
        f"{home.pointer} is not a pointer to a bundle; set it again with `python -m training pull`",
        code="pointer_malformed",
        file=home.pointer.name,
    )
