"""Folders that are written once, named by their own digest and checked before use.

The bundle and the client book are such folders. ``manifest.json`` lists every other file
with its SHA-256 and size; the folder's name is the SHA-256 of the manifest. Files are data,
never code. Nothing in a folder is parsed before every digest has been found right, since one
flipped byte in a model text or an Arrow file can abort the process or change a number
silently.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from model.errors import IntegrityError

MANIFEST = "manifest.json"
FORMAT = 1
"""Grows when a reader of the older number could misread a folder, not when files are added."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_MANIFEST_LIMIT = 4 * 1024 * 1024


def canonical_json(data: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces and no NaN: equal data, equal bytes."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


class SealedWriter:
    """Write a folder under a temporary name, then seal it under its digest.

    Use as a context manager; without :meth:`seal` nothing stays on disk.

    Parameters
    ----------
    parent : Path
        Folder of the sealed folders; created when absent.
    """

    def __init__(self, parent: Path) -> None:
        self.parent = parent
        self.path = parent / f".writing-{os.getpid()}-{secrets.token_hex(4)}"
        self.sealed: Path | None = None

    def __enter__(self) -> SealedWriter:
        self.path.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.sealed is None:
            _remove(self.path)

    def file(self, name: str) -> Path:
        """Path at which to write the file `name`."""
        return self.path / name

    def json(self, name: str, data: Any) -> None:
        self.file(name).write_bytes(canonical_json(data))

    def array(self, name: str, values: np.ndarray) -> None:
        """Save an array row-major, without pickle."""
        with self.file(name).open("wb") as target:
            np.save(target, np.ascontiguousarray(values), allow_pickle=False)

    def seal(self, manifest: Mapping[str, Any]) -> Path:
        """Digest every file, write the manifest, make all read-only, rename.

        Parameters
        ----------
        manifest : mapping
            Further fields of the manifest (``kind``, ``versions``, …).

        Returns
        -------
        Path
            The folder ``parent/<digest>``. The same content written twice is one folder; a
            damaged folder of that name is replaced.
        """
        names = sorted(entry.name for entry in os.scandir(self.path))
        files = {
            name: {"bytes": self.file(name).stat().st_size, "sha256": file_digest(self.file(name))}
            for name in names
        }
        content = canonical_json({**manifest, "format": FORMAT, "files": files})
        self.file(MANIFEST).write_bytes(content)
        for name in [*names, MANIFEST]:
            _to_disk(self.file(name))
            self.file(name).chmod(0o444)
        _to_disk(self.path)
        self.path.chmod(0o555)
        self.sealed = self._publish(hashlib.sha256(content).hexdigest())
        return self.sealed

    def _publish(self, digest: str) -> Path:
        target = self.parent / digest
        if target.exists():
            try:
                verify_folder(target, digest)
            except IntegrityError:
                # Workers keep the map of the old files; the name gets the good ones.
                target.rename(self.parent / f".damaged-{digest[:12]}-{secrets.token_hex(4)}")
            else:
                _remove(self.path)
                return target
        self.path.rename(target)
        _to_disk(self.parent)
        return target


def verify_folder(
    path: Path, digest: str | None = None, *, kind: str | None = None, deferred: Collection[str] = ()
) -> dict[str, Any]:
    """Check that a folder is exactly what its manifest says, and return the manifest.

    Nothing but the manifest is parsed, and that only after its own digest is right.

    Parameters
    ----------
    path : Path
    digest : str, optional
        Expected SHA-256 of the manifest. Default: the folder's name when that is a digest.
    kind : str, optional
        Expected ``kind`` of the manifest (``bundle`` or ``book``).
    deferred : collection of str
        Files whose size is checked now and whose digest their reader checks before use.

    Raises
    ------
    IntegrityError
        Names the file that is missing, extra, a link, unreadable, of another size or digest.
    """
    try:
        manifest = _verified_manifest(path, digest)
        if kind is not None and manifest.get("kind") != kind:
            raise _refused(path, MANIFEST, f"describes a {manifest.get('kind')!r}, not a {kind}")
        entries = manifest["files"]
        _verify_listing(path, entries)
        now = [name for name in entries if name not in deferred]
        # Hashing releases the interpreter lock: two files at a time.
        with ThreadPoolExecutor(2) as pool:
            for _ in pool.map(lambda name: verify_file(path, name, entries[name]["sha256"]), now):
                pass
    except OSError as error:
        name = Path(error.filename or path).name
        raise _refused(path, name, f"cannot be read: {error.strerror}") from error
    return manifest


def verify_file(folder: Path, name: str, sha256: str) -> None:
    """Compare one file's digest; `IntegrityError` when it differs."""
    if file_digest(folder / name) != sha256:
        raise _refused(folder, name, "differs from its digest in the manifest")


def file_digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def is_digest(text: str) -> bool:
    """Whether `text` is a SHA-256 in hexadecimal, the name of a sealed folder."""
    return _DIGEST.fullmatch(text) is not None


def is_plain_name(name: str) -> bool:
    """Whether a file of that name lies in the folder itself and is not hidden."""
    return _PLAIN_NAME.fullmatch(name) is not None


def read_json(folder: Path, name: str) -> Any:
    """Parse a JSON file of a verified folder."""
    return json.loads((folder / name).read_bytes())


def read_array(folder: Path, name: str, *, mapped: bool = False) -> np.ndarray:
    """Open an array of a verified folder, memory-mapped read-only when `mapped`."""
    return np.load(folder / name, mmap_mode="r" if mapped else None, allow_pickle=False)


def _verified_manifest(path: Path, digest: str | None) -> dict[str, Any]:
    if path.is_symlink() or not path.is_dir():
        raise IntegrityError(f"{path} is not a folder", code="folder_missing", folder=str(path))
    file = path / MANIFEST
    if not file.exists() and not file.is_symlink():
        raise _refused(path, MANIFEST, "is missing")
    if not stat.S_ISREG(file.lstat().st_mode) or file.stat().st_size > _MANIFEST_LIMIT:
        raise _refused(path, MANIFEST, "is not a regular file of a manifest's size")
    content = file.read_bytes()
    expected = digest or (path.name if is_digest(path.name) else None)
    if expected is not None and hashlib.sha256(content).hexdigest() != expected:
        raise _refused(path, MANIFEST, f"differs from the digest {expected[:12]}…")
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise _refused(path, MANIFEST, "is not JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _refused(path, MANIFEST, f"has another format than {FORMAT}, which this code reads")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(
        is_plain_name(name)
        and isinstance(entry, dict)
        and isinstance(entry.get("bytes"), int)
        and isinstance(entry.get("sha256"), str)
        for name, entry in files.items()
    ):
        raise _refused(path, MANIFEST, "does not list files with size and digest")
    return manifest


def _verify_listing(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    present = {entry.name: entry for entry in os.scandir(path)}
    for name in sorted(set(entries) - set(present)):
        raise _refused(path, name, "is missing")
    for name in sorted(set(present) - set(entries) - {MANIFEST}):
        raise _refused(path, name, "is not in the manifest")
    for name, expected in entries.items():
        found = present[name].stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, name, "is not a regular file")
        if found.st_size != expected["bytes"]:
            raise _refused(path, name, f"has {found.st_size} bytes, the manifest says {expected['bytes']}")


def _refused(folder: Path, name: str, law: str) -> IntegrityError:
    return IntegrityError(f"{folder}: {name} {law}", code="folder_refused", folder=str(folder), file=name)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.exists():
        path.chmod(0o755)
        shutil.rmtree(path)
