"""Finding the tables of an archive: a zip, or a folder of CSV or Parquet.

Nothing here trusts the archive: only members with the name of a table are ever
extracted, never under their own path, never beyond their declared size.
"""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from model.errors import InputError
from model.tables import TABLES, Table
from training.progress import Progress

MAX_FILE_BYTES = 16 * 2**30
"""Largest file accepted; the largest of the real archive has 0.7 GB."""

MAX_RATIO = 200
"""Largest ratio of extracted to compressed size; text of this kind compresses 4 to 10 times."""

RATIO_FROM_BYTES = 50 * 2**20
"""Below this size the ratio says nothing (a short repetitive file compresses well)."""

PORTFOLIO_MARK = "portfolio.json"
"""File by which a fictional portfolio says what it is."""

_CHUNK = 2**20
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_SUFFIXES = (".csv", ".parquet")
_KNOWN_EXTRAS = ("sample_submission.csv", "HomeCredit_columns_description.csv", PORTFOLIO_MARK)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of one table, where it lies in the source.

    Attributes
    ----------
    name : file name, e.g. ``bureau.csv``
    stem : name without extension, one of ``Table.files``
    suffix : ``.csv`` or ``.parquet``
    place : path on disk, or the member's name in the zip
    """

    name: str
    stem: str
    suffix: str
    place: str


@dataclass(frozen=True, slots=True)
class Source:
    """An archive that was looked through: which table files it has, which it lacks."""

    path: Path
    zipped: bool
    files: Mapping[str, SourceFile]
    missing: tuple[str, ...]
    fictional: bool

    @property
    def name(self) -> str:
        return self.path.name

    @contextmanager
    def opened(self, file: SourceFile, work: Path) -> Iterator[Path]:
        """Give the file's path on disk; a zip member is extracted into `work` and removed afterwards.

        Raises
        ------
        InputError
            The member is damaged, or the disk is too small for it.
        """
        if not self.zipped:
            yield Path(file.place)
            return
        target = work / f"member{file.suffix}"
        try:
            _extract(self.path, file, target)
            yield target
        finally:
            target.unlink(missing_ok=True)


def find_tables(path: Path, *, allow_missing: Sequence[str], progress: Progress) -> Source:
    """Look through a zip or a folder for the files of the seven tables.

    Parameters
    ----------
    path : zip file, or folder of CSV or Parquet
    allow_missing : names of tables (``bureau``) or files (``application_test``) that may be absent
    progress : told of every file that is not read

    Raises
    ------
    InputError
        The source does not exist, is no archive, lacks a table, or is not safe to extract.
    """
    allowed = _allowed_files(allow_missing)
    if not path.exists():
        raise InputError(
            f"{path} does not exist. Give the archive home-credit-default-risk.zip, or a folder that "
            "holds its CSV or Parquet files.",
            code="source_not_found",
        )
    zipped = not path.is_dir()
    places = _members(path) if zipped else _entries(path)
    files, others = _sort_out(path, places)
    for name in others:
        if PurePosixPath(name).name not in _KNOWN_EXTRAS:
            progress(f"{name}: not a table of the archive, not read")
    missing = tuple(stem for table in TABLES.values() for stem in table.files if stem not in files)
    _refuse_missing(path, [stem for stem in missing if stem not in allowed], others)
    if all(stem in missing for stem in TABLES["application"].files):
        raise InputError(
            f"{path.name} holds neither application_train nor application_test: there is no client to read. "
            "At least one of the two is needed.",
            code="missing_table",
        )
    return Source(path, zipped, files, missing, _is_fictional(path, zipped))


def _allowed_files(names: Sequence[str]) -> set[str]:
    allowed: set[str] = set()
    for name in names:
        table = TABLES.get(name)
        if table is not None:
            allowed.update(table.files)
        elif any(name in table.files for table in TABLES.values()):
            allowed.add(name)
        else:
            raise InputError(
                f"--allow-missing {name}: there is no such table. Tables: {', '.join(_all_names())}.",
                code="unknown_table",
            )
    return allowed


def _all_names() -> list[str]:
    return [*TABLES, *TABLES["application"].files]


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise InputError(
            f"{path.name} is not a complete zip archive (it may be cut off: compare its size with the "
            "original and fetch it again).",
            code="damaged_archive",
        ) from error
    wanted = _wanted_names()
    names = []
    for entry in entries:
        if entry.is_dir():
            continue
        if PurePosixPath(entry.filename).name in wanted and not _hidden(entry.filename):
            _refuse_unsafe(path, entry)
        names.append(entry.filename)
    return names


def _refuse_unsafe(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    reason = None
    if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
        reason = "its path leads out of the archive"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        reason = "it is a symbolic link"
    elif entry.flag_bits & 0x1:
        reason = "it is encrypted"
    elif entry.compress_type not in _COMPRESSIONS:
        reason = "its compression cannot be read here"
    elif entry.file_size > MAX_FILE_BYTES:
        reason = f"it would extract to {entry.file_size:,} bytes, more than {MAX_FILE_BYTES:,}"
    elif entry.file_size > RATIO_FROM_BYTES and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        reason = f"it would grow more than {MAX_RATIO} times when extracted"
    if reason:
        raise InputError(
            f"{path.name}: member {name} is refused: {reason}. Make the zip again from the original CSV "
            "files.",
            code="unsafe_archive",
        )


def _entries(path: Path) -> list[str]:
    return sorted(str(entry) for entry in path.iterdir() if entry.is_file())


def _wanted_names() -> set[str]:
    return {f"{stem}{suffix}" for table in TABLES.values() for stem in table.files for suffix in _SUFFIXES}


def _hidden(name: str) -> bool:
    """macOS packs resource forks beside every file, under the file's own name."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith("._")


def _sort_out(path: Path, places: Sequence[str]) -> tuple[dict[str, SourceFile], list[str]]:
    wanted = _wanted_names()
    files: dict[str, SourceFile] = {}
    others: list[str] = []
    for place in places:
        name = PurePosixPath(place).name
        if name not in wanted or _hidden(place):
            if not _hidden(place):
                others.append(name)
            continue
        stem, _, extension = name.rpartition(".")
        if stem in files:
            raise InputError(
                f"{path.name} holds {stem} twice: {files[stem].place} and {place}. Keep one of them.",
                code="ambiguous_table",
            )
        files[stem] = SourceFile(name, stem, f".{extension}", place)
    return files, others


def _refuse_missing(path: Path, stems: Sequence[str], others: Sequence[str]) -> None:
    if not stems:
        return
    hints = []
    for stem in stems:
        near = [name for name in others if name.lower().startswith(stem.lower())]
        hints += [f"{name} is not read: rename it to {stem}.csv" for name in near]
    hint = f" ({'; '.join(hints)})" if hints else ""
    plural = "s" if len(stems) > 1 else ""
    raise InputError(
        f"{path.name} lacks the table{plural} {', '.join(stems)}{hint}. Add the file{plural}, or say that "
        f"this is meant: {' '.join(f'--allow-missing {stem}' for stem in stems)}.",
        code="missing_table",
        tables=list(stems),
    )


def _is_fictional(path: Path, zipped: bool) -> bool:
    try:
        if zipped:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if PurePosixPath(name).name == PORTFOLIO_MARK]
                if not names or archive.getinfo(names[0]).file_size > _CHUNK:
                    return False
                text = archive.read(names[0]).decode()
        else:
            text = (path / PORTFOLIO_MARK).read_text()
        return json.loads(text).get("fictional") is True
    except FileNotFoundError:
        return False
    except (ValueError, AttributeError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise InputError(
            f"{path.name}: {PORTFOLIO_MARK} is not readable. Write the portfolio again.",
            code="damaged_archive",
        ) from error


def _extract(path: Path, file: SourceFile, target: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(file.place)
        free = shutil.disk_usage(target.parent).free
        if entry.file_size > free:
            raise InputError(
                f"{file.name} needs {entry.file_size / 1e9:.1f} GB of disk to be extracted, "
                f"{free / 1e9:.1f} GB are free under {target.parent.parent}. Free some, or point PAD_HOME "
                "to a larger disk.",
                code="disk_full",
            )
        try:
            with archive.open(entry) as member, target.open("wb") as output:
                # ZipExtFile stops at the declared size and checks the CRC at the end.
                shutil.copyfileobj(member, output, _CHUNK)
        # RuntimeError: flags of a member that zipfile does not read.
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise InputError(
                f"{path.name}: {file.name} is damaged ({_short(error)}). Fetch the archive again.",
                code="damaged_archive",
                table=file.stem,
            ) from error


def _short(error: BaseException) -> str:
    return "checksum differs" if "CRC" in str(error) else "cannot be decompressed"


def table_of(stem: str) -> Table:
    """The table that a file belongs to."""
    return next(table for table in TABLES.values() if stem in table.files)
