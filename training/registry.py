"""Which version is in force, and the way from MLflow to what is served.

Aliases of ``credit-scoring``: ``champion`` is served, ``candidate`` is the newest one that
waits, ``previous`` is where `rollback` goes, ``challenger`` is kept for comparison only. A version
counts once it carries the digest of its bundle; one whose training was stopped half-way carries
none and is never chosen. Who decided what, when and why is kept with the version.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from model.bundle import load_bundle
from model.errors import InputError, IntegrityError, PadError, UnavailableError
from model.home import Home
from model.pointer import Pointer, read_pointer, replace_pointer
from model.sealed import MANIFEST, is_digest, is_plain_name, verify_folder
from training.clients import book_for
from training.golden import check_in_child, refuse_excluded
from training.lock import exclusive, remove_folder
from training.progress import Progress, silent
from training.promotion import Comparison, compare_versions
from training.tracking import Tracking, connected
from training.versions import (
    BUNDLE_ARTIFACT,
    BUNDLE_TAG,
    CANDIDATE,
    CHAMPION,
    MODEL,
    PREVIOUS,
    RELEASE,
    by_alias,
    latest_version,
    not_as_registered,
    out_of_fold_of,
    version_named,
)

DECISIONS = "decisions"
"""Folder of the run that keeps, as JSON, each decision about its version."""

DECIDED_TAG = "decided"

OPTIONAL_PARTS = frozenset({RELEASE})
"""Files of a bundle that a training makes only when there is something to put in."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What `pull`, `promote` and `rollback` put in force."""

    version: str
    pointer: Pointer

    def __str__(self) -> str:
        book = self.pointer.book[:12] if self.pointer.book else "none"
        return f"version {self.version}, bundle {self.pointer.bundle[:12]}, client book {book}"


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a version is put in force.

    Attributes
    ----------
    action : ``promote`` or ``rollback``
    because : the reason, in words
    forced : against the rule
    comparison : with the champion before it; ``None`` where there was none to make
    """

    action: str
    because: str
    forced: bool = False
    comparison: Comparison | None = None


def pull(home: Home, *, progress: Progress = silent) -> InForce:
    """Put the champion in force here: download, verify, check, book, pointer.

    Killed at any point it leaves the old pointer or the new one; run again, it finishes.
    Nothing that is already in place is done twice.

    Raises
    ------
    UnavailableError
        MLflow does not answer, or has no champion.
    IntegrityError
        What was downloaded is not what was registered, or scores otherwise here.
    """
    with exclusive(home, "pull"), connected(home) as tracking:
        champion = _champion(tracking)
        return _put_in_force(home, champion, _prepare(home, tracking.client, champion, progress), progress)


def compare_with_champion(home: Home, version: str | int) -> Comparison:
    """What `promote` would judge by; nothing is changed.

    Raises
    ------
    InputError
        No such version.
    UnavailableError
        There is no champion to compare with.
    """
    with exclusive(home, "compare"), connected(home) as tracking:
        other = version_named(tracking.client, str(version))
        return compare_versions(home, tracking, _champion(tracking), other)


def promote(
    home: Home, version: str | int, *, force: str | None = None, progress: Progress = silent
) -> InForce:
    """Make a version the champion and put it in force; the one before is kept for `rollback`.

    Everything that can be refused is refused before the alias moves.

    Parameters
    ----------
    version : its number
    force : why it is promoted although the rule refuses it

    Raises
    ------
    InputError
        No such version, its training did not end, or the rule refuses it (``not_better``).
    IntegrityError
        The version reads excluded groups, or its bundle is refused.
    """
    if force is not None and not force.strip():
        raise InputError("--force wants a reason: it is kept with the version", code="no_reason")
    with exclusive(home, "promote"), connected(home) as tracking:
        chosen = version_named(tracking.client, str(version))
        _refuse_by_signature(chosen)
        _bundle_of(chosen)
        comparison = _judged(home, tracking, chosen)
        if comparison is not None:
            progress(comparison.table())
        refused = () if comparison is None else comparison.refusals
        if refused and force is None:
            raise InputError(
                f"version {chosen.version} is not promoted: {'; '.join(refused)}. What is served has not "
                "changed. `--force REASON` promotes it all the same and keeps the reason",
                code="not_better",
                version=str(chosen.version),
            )
        because = force or ("first champion" if comparison is None else "the rule of promotion accepts it")
        decision = Decision("promote", because, forced=bool(refused), comparison=comparison)
        return _promote(home, tracking, chosen, decision, progress)


def promote_newest(home: Home, *, progress: Progress = silent) -> str:
    """What the line does with the newest version: promote it, or say why the champion stays.

    New data make a new line: a version trained on other clients is promoted, since the two cannot
    be compared in pairs. So is one whose champion this code cannot serve, or not whole. Trained on
    the same clients, the rule of promotion decides.

    Returns
    -------
    One sentence.
    """
    with exclusive(home, "promote"), connected(home) as tracking:
        newest = version_named(tracking.client, latest_version(home))
        champion = by_alias(tracking.client, CHAMPION)
        if champion is None or champion.version == newest.version:
            decision: Decision | None = Decision("promote", "first champion")
        else:
            decision = _decide(home, tracking, champion, newest, progress)
        if decision is not None:
            _promote(home, tracking, newest, decision, progress)
            return f"version {newest.version} is champion ({decision.because})"
        assert champion is not None
        _put_in_force(home, champion, _prepare(home, tracking.client, champion, progress), progress)
        return (
            f"version {champion.version} stays champion: version {newest.version} waits; "
            f"`python -m training compare {newest.version}` says why"
        )


def rollback(home: Home, *, because: str = "rollback", progress: Progress = silent) -> InForce:
    """Put the champion before this one back in force; again, and the newer one returns."""
    with exclusive(home, "rollback"), connected(home) as tracking:
        previous = by_alias(tracking.client, PREVIOUS)
        if previous is None:
            raise InputError(
                f"{MODEL} never had another champion: there is nothing to roll back to", code="no_previous"
            )
        _refuse_by_signature(previous)
        return _promote(home, tracking, previous, Decision("rollback", because), progress)


def settle_aliases(client: MlflowClient, version: str) -> str:
    """Give a new version its alias: the first becomes champion, later ones wait as candidate."""
    alias = CHAMPION if by_alias(client, CHAMPION) is None else CANDIDATE
    client.set_registered_model_alias(MODEL, alias, version)
    return alias


def _champion(tracking: Tracking) -> ModelVersion:
    champion = by_alias(tracking.client, CHAMPION)
    if champion is None:
        raise UnavailableError(
            f"{tracking.uri} has no champion of {MODEL}: run `python -m training train` first",
            code="no_champion",
        )
    return champion


def _judged(home: Home, tracking: Tracking, chosen: ModelVersion) -> Comparison | None:
    """Comparison with the champion; ``None`` when there is none, or it is the very version."""
    champion = by_alias(tracking.client, CHAMPION)
    if champion is None or champion.version == chosen.version:
        return None
    return compare_versions(home, tracking, champion, chosen)


def _decide(
    home: Home, tracking: Tracking, champion: ModelVersion, newest: ModelVersion, progress: Progress
) -> Decision | None:
    """Whether the line promotes a newly trained version; ``None`` when the champion stays."""
    comparison = compare_versions(home, tracking, champion, newest)
    progress(comparison.table())
    if comparison.not_paired is not None:
        return Decision("promote", f"new data: {comparison.not_paired}", comparison=comparison)
    if not comparison.refusals:
        because = "the same score" if comparison.same_scores else "the rule of promotion accepts it"
        return Decision("promote", because, comparison=comparison)
    lacking = _cannot_serve(home, tracking, champion, newest, progress)
    if lacking is not None:
        because = f"this code cannot serve version {champion.version}: {lacking}"
        return Decision("promote", because, forced=True, comparison=comparison)
    for sentence in comparison.refusals:
        progress(f"version {newest.version} is not promoted: {sentence}")
    return None


def _cannot_serve(
    home: Home, tracking: Tracking, champion: ModelVersion, newest: ModelVersion, progress: Progress
) -> str | None:
    """Why the champion cannot be served whole by this code, or ``None``."""
    try:
        bundle, _ = _prepare(home, tracking.client, champion, progress)
    except (IntegrityError, InputError) as error:
        return error.detail
    made = _install(home, newest, progress)
    ours, theirs = (_files(folder) for folder in (home.bundles / bundle, made))
    lacking = sorted(theirs - ours - OPTIONAL_PARTS)
    return f"its bundle holds no {lacking[0]}" if lacking else None


def _files(folder: Path) -> set[str]:
    return set(json.loads((folder / MANIFEST).read_bytes())["files"])


def _promote(
    home: Home, tracking: Tracking, chosen: ModelVersion, decision: Decision, progress: Progress
) -> InForce:
    client, version = tracking.client, str(chosen.version)
    prepared = _prepare(home, client, chosen, progress)
    champion = by_alias(client, CHAMPION)
    former = None if champion is None else str(champion.version)
    if former != version or DECIDED_TAG not in chosen.tags:
        _keep_decision(client, chosen, former, decision)
    if former is not None and former != version:
        client.set_registered_model_alias(MODEL, PREVIOUS, former)
    client.set_registered_model_alias(MODEL, CHAMPION, version)
    candidate = by_alias(client, CANDIDATE)
    if candidate is not None and str(candidate.version) == version:
        client.delete_registered_model_alias(MODEL, CANDIDATE)
    return _put_in_force(home, chosen, prepared, progress)


def _keep_decision(
    client: MlflowClient, chosen: ModelVersion, former: str | None, decision: Decision
) -> None:
    """Who, when and why, before it takes effect: tags of the version, JSON in its run."""
    at, by = datetime.now(UTC).isoformat(timespec="seconds"), _user()
    comparison = decision.comparison
    kept = {
        "action": decision.action,
        "version": str(chosen.version),
        "former": former,
        "by": by,
        "at": at,
        "because": decision.because,
        "forced": decision.forced,
        "comparison": None if comparison is None else comparison.as_json(),
    }
    if chosen.run_id is not None:
        client.log_dict(chosen.run_id, kept, f"{DECISIONS}/{at.replace(':', '')}-{decision.action}.json")
    for tag, value in (
        (DECIDED_TAG, decision.action),
        ("decided_by", by),
        ("decided_at", at),
        ("decided_because", decision.because),
    ):
        client.set_model_version_tag(MODEL, str(chosen.version), tag, value)


def _user() -> str:
    """Who is at the keyboard, as the operating system knows him."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return f"uid {os.getuid()}"


def _prepare(
    home: Home, client: MlflowClient, version: ModelVersion, progress: Progress
) -> tuple[str, str | None]:
    """Bundle and client book of a version, both in place: their digests."""
    folder = _install(home, version, progress)
    oof = out_of_fold_of(home, client, version)
    return folder.name, book_for(home, load_bundle(folder), oof=oof, progress=progress)


def _put_in_force(
    home: Home, version: ModelVersion, prepared: tuple[str, str | None], progress: Progress
) -> InForce:
    bundle, book = prepared
    pointer = read_pointer(home)
    if pointer is None or (pointer.bundle, pointer.book) != prepared:
        pointer = replace_pointer(home, bundle=bundle, book=book)
        progress(f"in force: version {version.version}, bundle {bundle[:12]}")
    return InForce(str(version.version), pointer)


def _bundle_of(version: ModelVersion) -> str:
    """Digest of its bundle; a version without one is refused."""
    digest = str(version.tags.get(BUNDLE_TAG, ""))
    if not is_digest(digest):
        raise InputError(
            f"version {version.version} of {MODEL} has no bundle: its training was stopped, or it is kept "
            "for comparison only. Choose another version, or train again",
            code="no_bundle",
            version=str(version.version),
        )
    return digest


def _install(home: Home, version: ModelVersion, progress: Progress) -> Path:
    """Verified bundle folder of a version under ``home.bundles``."""
    digest = _bundle_of(version)
    folder = home.bundles / digest
    if not _is_right(folder, digest):
        _download(home, version, digest)
        progress(f"version {version.version}: bundle {digest[:12]} downloaded and verified")
    check_in_child(home, folder, digest)
    return folder


def _is_right(folder: Path, digest: str) -> bool:
    """Whether the bundle is here, whole; a damaged one is moved out of the way."""
    if not folder.exists():
        return False
    try:
        verify_folder(folder, digest, kind="bundle")
    except IntegrityError:
        # Workers keep the map of the old files; the name is free for the good ones. The folder is
        # read-only: whoever is not root may rename it, but not move it into another one.
        folder.rename(folder.with_name(f".damaged-{digest[:12]}-{secrets.token_hex(4)}"))
        return False
    return True


def _download(home: Home, version: ModelVersion, digest: str) -> None:
    """Fetch the manifest and the files that it names, nothing else, and move them in whole."""
    home.bundles.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix=".pulling-", dir=home.bundles))
    try:
        manifest = _fetch(version, MANIFEST, target)
        if hashlib.sha256(manifest.read_bytes()).hexdigest() != digest:
            raise not_as_registered(version, MANIFEST)
        for name in json.loads(manifest.read_bytes())["files"]:
            if not is_plain_name(name):
                raise not_as_registered(version, name)
            _fetch(version, name, target).chmod(0o444)
        manifest.chmod(0o444)
        target.chmod(0o555)
        verify_folder(target, digest, kind="bundle")
        target.rename(home.bundles / digest)
    except PadError:
        remove_folder(target)
        raise


def _fetch(version: ModelVersion, name: str, target: Path) -> Path:
    source = f"models:/{MODEL}/{version.version}/{BUNDLE_ARTIFACT}/{name}"
    try:
        fetched = Path(mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(target)))
    except (OSError, MlflowException) as error:
        reason = str(error).strip().splitlines()[0]
        raise UnavailableError(
            f"{source} cannot be read: {reason} What is served has not changed.", code="artifact_missing"
        ) from error
    if fetched != target / name:  # repositories keep the artifact's own folders
        fetched = fetched.rename(target / name)
        shutil.rmtree(target / BUNDLE_ARTIFACT.split("/")[0], ignore_errors=True)
    return fetched


def _refuse_by_signature(version: ModelVersion) -> None:
    """L9 on the version's signature, before anything is downloaded."""
    info = mlflow.models.get_model_info(f"models:/{MODEL}/{version.version}")
    if info.signature is not None:
        refuse_excluded(tuple(str(name) for name in info.signature.inputs.input_names()))
