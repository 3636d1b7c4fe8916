"""The client book: all clients of the lake under one bundle, for lists and pages.

New applicants, corrections and erasures make a new book of the same model. First codes and
data-quality counts are those of the worklist, so they are made for waiting clients alone: a
labelled file is opened, not queued, and its page computes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from model.book import UNKNOWN
from model.book_writing import Block, write_book
from model.bundle import Bundle, load_bundle
from model.errors import IntegrityError, UnavailableError
from model.features import features, text_columns
from model.home import Home
from model.pointer import Pointer, read_pointer, replace_pointer
from model.quality import QualityPlan
from model.reasons import NO_CODE, ReasonPlan
from model.sealed import MANIFEST, is_digest, read_json, verify_folder
from model.tables import APPLICATION
from model.version import code_version
from training.dataset import lake_digest
from training.history import history_counts, known_history, lake_rows
from training.importance import shap
from training.lock import exclusive
from training.matrix import compute_features, outcomes
from training.progress import Progress, silent

_BLOCK = 20_000
_MOST_FLAGS = 255


def make_book(home: Home, *, progress: Progress = silent) -> Pointer:
    """New client book from the lake for the bundle in force, and put it in force.

    Raises
    ------
    UnavailableError
        No bundle is in force yet, or there is no lake.
    """
    with exclusive(home, "clients"):
        pointer = read_pointer(home)
        if pointer is None:
            raise UnavailableError(
                "no bundle is in force: run `python -m training pull` first", code="nothing_in_force"
            )
        lake_digest(home)
        bundle = load_bundle(home.bundles / pointer.bundle)
        book = book_for(home, bundle, oof=_kept_margins(home, pointer), progress=progress)
        if book == pointer.book:
            return pointer
        return replace_pointer(home, bundle=pointer.bundle, book=book)


def book_for(home: Home, bundle: Bundle, *, oof: Path | None, progress: Progress = silent) -> str | None:
    """Digest of the client book of this bundle and this lake, made unless it is there.

    Parameters
    ----------
    home : its lake is read; without a lake the answer is ``None``
    bundle : scores and explains the clients
    oof : Parquet of out-of-fold margins by client, when the version has one
    """
    if not (home.lake / MANIFEST).exists():
        progress("no lake here: the bundle is served without a client book")
        return None
    made_from = {
        "lake": lake_digest(home),
        "code": code_version(),
        "model": bundle.versions["model"],
        "out_of_fold": oof.stem if oof else None,
    }
    kept = _find(home, bundle.digest, made_from)
    if kept is not None:
        return kept
    folder = _write(home, bundle, made_from, oof, progress)
    progress(f"client book {folder.name[:12]} for bundle {bundle.digest[:12]}")
    return folder.name


def _find(home: Home, bundle: str, made_from: Mapping[str, Any]) -> str | None:
    """A whole book made from the same things: going back to a version costs nothing."""
    if not home.books.exists():
        return None
    for folder in sorted(home.books.iterdir()):
        if not is_digest(folder.name):
            continue
        try:
            manifest = read_json(folder, MANIFEST)
            if manifest.get("bundle") == bundle and manifest.get("made_from") == made_from:
                verify_folder(folder, folder.name, kind="book")
                return folder.name
        except (OSError, ValueError, IntegrityError):
            continue  # a damaged book is made again and takes its own name back
    return None


@dataclass(frozen=True, slots=True)
class _LakeClients:
    """All clients of the lake, by number: features, outcome (NaN = waiting), history rows."""

    ids: np.ndarray
    matrix: np.ndarray
    target: np.ndarray
    counts: np.ndarray


def _write(
    home: Home, bundle: Bundle, made_from: Mapping[str, Any], oof: Path | None, progress: Progress
) -> Path:
    manifest = json.loads((home.lake / MANIFEST).read_text())
    ids, matrix = compute_features(home, bundle.vocabulary, bundle.features, progress)
    lake = _LakeClients(ids, matrix, outcomes(home), history_counts(home, ids))
    unseen = unseen_categories(home, bundle)
    plan = ReasonPlan(bundle.features, bundle.medians)
    with applications(home, waiting_only=True) as waiting, applications(home) as everyone:
        return write_book(
            home.books,
            bundle,
            ids=ids,
            target=np.where(np.isnan(lake.target), UNKNOWN, lake.target).astype(np.int8),
            counts=lake.counts,
            oof_margin=_margins_of(ids, oof),
            blocks=_blocks(bundle, plan, lake, waiting.read_all(), unseen, progress),
            application=everyone,
            unseen=unseen,
            codes=plan.codes,
            reference_rows=_reference_rows(ids, oof),
            source={
                "source": manifest["source"],
                "fictional": manifest["fictional"],
                "ingested_at": manifest["ingested_at"],
                "made_from": dict(made_from),
            },
        )


def _blocks(
    bundle: Bundle,
    plan: ReasonPlan,
    lake: _LakeClients,
    waiting_applications: pa.Table,
    unseen: Mapping[int, list[tuple[str, str, str]]],
    progress: Progress,
) -> Iterator[Block]:
    """Features and worklist columns of all clients, block by block."""
    quality, done = QualityPlan.of(bundle), 0
    for start in range(0, len(lake.ids), _BLOCK):
        rows = slice(start, start + _BLOCK)
        features = np.ascontiguousarray(lake.matrix[rows])
        first_adverse = np.full(len(features), NO_CODE, dtype=np.uint8)
        first_favourable, flags = first_adverse.copy(), np.zeros(len(features), dtype=np.uint8)
        queued = np.flatnonzero(np.isnan(lake.target[rows]))
        if len(queued):
            raw = waiting_applications.slice(done, len(queued))
            done += len(queued)
            first_adverse[queued], first_favourable[queued] = _first_codes(
                bundle, plan, features[queued], lake.counts[rows][queued], raw
            )
            flags[queued] = _flag_counts(quality, lake.ids[rows][queued], features[queued], unseen)
        yield Block(features, first_adverse, first_favourable, flags)
        progress(f"client book: {min(start + _BLOCK, len(lake.ids)):,} of {len(lake.ids):,} clients")


def _first_codes(
    bundle: Bundle, plan: ReasonPlan, features: np.ndarray, counts: np.ndarray, raw: pa.Table
) -> tuple[np.ndarray, np.ndarray]:
    """First adverse and favourable code of a block of waiting clients."""
    delta = shap(bundle.booster, features)[:, :-1] - bundle.reference.mu
    texts = {name: raw[name].to_pylist() for name in raw.column_names if pa.types.is_string(raw[name].type)}
    has_bureau, has_previous = known_history(counts)
    return plan.first_codes(
        delta,
        features,
        has_bureau,
        has_previous,
        application=texts,
        min_share=bundle.policy.min_reason_share,
    )


def _flag_counts(
    plan: QualityPlan,
    ids: np.ndarray,
    features: np.ndarray,
    unseen: Mapping[int, list[tuple[str, str, str]]],
) -> list[int]:
    """Number of values to check of each client of a block."""
    return [
        min(len(plan.assess(row, unseen.get(int(client), ())).to_check), _MOST_FLAGS)
        for client, row in zip(ids, features, strict=True)
    ]


def _margins_of(ids: np.ndarray, oof: Path | None) -> np.ndarray:
    """Out-of-fold margin of each client, NaN where there is none."""
    margin = np.full(len(ids), np.nan)
    if oof is not None:
        table = pq.read_table(oof, columns=["SK_ID_CURR", "margin"])
        known, rows, chosen = np.intersect1d(ids, table["SK_ID_CURR"].to_numpy(), return_indices=True)
        if len(known):
            margin[rows] = table["margin"].to_numpy()[chosen]
    return margin


def _reference_rows(ids: np.ndarray, oof: Path | None) -> np.ndarray | None:
    """Row of each client among the version's leaves, −1 where he is not there.

    ``None`` for a version that holds none.
    """
    if oof is None or "reference_row" not in pq.read_schema(oof).names:
        return None
    found = np.full(len(ids), -1, dtype=np.int32)
    table = pq.read_table(oof, columns=["SK_ID_CURR", "reference_row"])
    _, rows, chosen = np.intersect1d(ids, table["SK_ID_CURR"].to_numpy(), return_indices=True)
    if len(rows):
        found[rows] = table["reference_row"].to_numpy()[chosen]
    return found


def _kept_margins(home: Home, pointer: Pointer) -> Path | None:
    """Margins that came with the bundle in force, by the book that was made with them."""
    if pointer.book is None:
        return None
    made_from = read_json(home.books / pointer.book, MANIFEST).get("made_from", {})
    digest = made_from.get("out_of_fold")
    return None if digest is None else home.root / "oof" / f"{digest}.parquet"


@contextmanager
def applications(home: Home, *, waiting_only: bool = False) -> Iterator[pa.RecordBatchReader]:
    """Raw application rows by client number, amounts as numbers, in batches."""
    columns = ", ".join(
        f'cast("{column.name}" as double) as "{column.name}"'
        if column.kind == "money"
        else f'"{column.name}"'
        for column in APPLICATION.columns
    )
    where = "where TARGET is null" if waiting_only else ""
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        rows = connection.sql(
            f"select {columns} from {lake_rows(home, 'application')} {where} order by SK_ID_CURR"
        )
        yield rows.to_arrow_reader(_BLOCK)


def unseen_categories(home: Home, bundle: Bundle) -> dict[int, list[tuple[str, str, str]]]:
    """Client → categories of served text columns that the bundle's vocabulary lacks."""
    served = set(bundle.features)
    texts = text_columns()
    read = {
        (feature.table, feature.column)
        for feature in features(bundle.vocabulary)
        if feature.name in served and feature.column in texts.get(feature.table, ())
    }
    found: dict[int, list[tuple[str, str, str]]] = {}
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        for table, column in sorted(read):
            known = list(bundle.vocabulary[table][column])
            for client, value in connection.execute(_unseen_query(home, table, column), [known]).fetchall():
                found.setdefault(client, []).append((table, column, value))
    return found


def _unseen_query(home: Home, table: str, column: str) -> str:
    rows = lake_rows(home, table)
    if table == "bureau_balance":  # its rows belong to a client through his loan
        rows += f" join {lake_rows(home, 'bureau')} using (SK_ID_BUREAU)"
    return (
        f'select distinct SK_ID_CURR, "{column}" from {rows} '
        f'where "{column}" is not null and not list_contains(?, "{column}") order by all'
    )
