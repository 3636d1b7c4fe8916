"""Model versions: which exist, which is in force, and the way from MLflow to what is served.

Aliases of ``credit-scoring``: ``champion`` is served, ``candidate`` is the newest one that
waits, ``previous`` is where `rollback` goes. A version counts once it carries the digest of
its bundle; one whose training was stopped half-way carries none and is never chosen.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
from dataclasses import dataclass
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
from training.tracking import Tracking, connected

MODEL = "credit-scoring"
CHAMPION, CANDIDATE, PREVIOUS = "champion", "candidate", "previous"
BUNDLE_TAG, OOF_TAG = "bundle", "oof_sha256"
BUNDLE_ARTIFACT, OOF_ARTIFACT = "artifacts/bundle", "oof/out_of_fold.parquet"


@dataclass(frozen=True, slots=True)
class InForce:
    """What `pull`, `promote` and `rollback` put in force."""

    version: str
    pointer: Pointer

    def __str__(self) -> str:
        book = self.pointer.book[:12] if self.pointer.book else "none"
        return f"version {self.version}, bundle {self.pointer.bundle[:12]}, client book {book}"


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
        champion = _by_alias(tracking.client, CHAMPION)
        if champion is None:
            raise UnavailableError(
                f"{tracking.uri} has no champion of {MODEL}: run `python -m training train` first",
                code="no_champion",
            )
        return _put_in_force(home, champion, _prepare(home, tracking.client, champion, progress), progress)


def promote(home: Home, version: str | int, *, progress: Progress = silent) -> InForce:
    """Make a version the champion and put it in force; the one before is kept for `rollback`.

    Everything that can be refused is refused before the alias moves.

    Raises
    ------
    InputError
        No such version, or its training did not end.
    IntegrityError
        The version reads excluded groups, or its bundle is refused.
    """
    with exclusive(home, "promote"), connected(home) as tracking:
        return _promote(home, tracking, str(version), progress)


def rollback(home: Home, *, progress: Progress = silent) -> InForce:
    """Put the champion before this one back in force; again, and the newer one returns."""
    with exclusive(home, "rollback"), connected(home) as tracking:
        previous = _by_alias(tracking.client, PREVIOUS)
        if previous is None:
            raise InputError(
                f"{MODEL} never had another champion: there is nothing to roll back to", code="no_previous"
            )
        return _promote(home, tracking, str(previous.version), progress)


def latest_version(home: Home) -> str:
    """Newest version whose training ended."""
    with connected(home) as tracking:
        ended = [version for version in _versions(tracking.client) if BUNDLE_TAG in version.tags]
        if not ended:
            raise UnavailableError(f"{tracking.uri} has no trained version of {MODEL}", code="no_version")
        return str(max(int(version.version) for version in ended))


def settle_aliases(client: MlflowClient, version: str) -> str:
    """Give a new version its alias: the first becomes champion, later ones wait as candidate."""
    alias = CHAMPION if _by_alias(client, CHAMPION) is None else CANDIDATE
    client.set_registered_model_alias(MODEL, alias, version)
    return alias


def _promote(home: Home, tracking: Tracking, version: str, progress: Progress) -> InForce:
    client = tracking.client
    chosen = _version(client, version)
    _refuse_by_signature(chosen)
    prepared = _prepare(home, client, chosen, progress)
    champion = _by_alias(client, CHAMPION)
    if champion is not None and str(champion.version) != version:
        client.set_registered_model_alias(MODEL, PREVIOUS, str(champion.version))
    client.set_registered_model_alias(MODEL, CHAMPION, version)
    candidate = _by_alias(client, CANDIDATE)
    if candidate is not None and str(candidate.version) == version:
        client.delete_registered_model_alias(MODEL, CANDIDATE)
    return _put_in_force(home, chosen, prepared, progress)


def _prepare(
    home: Home, client: MlflowClient, version: ModelVersion, progress: Progress
) -> tuple[str, str | None]:
    """Bundle and client book of a version, both in place: their digests."""
    folder = _install(home, version, progress)
    oof = _fetch_oof(home, client, version)
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


def _install(home: Home, version: ModelVersion, progress: Progress) -> Path:
    """Verified bundle folder of a version under ``home.bundles``."""
    digest = version.tags.get(BUNDLE_TAG, "")
    if not is_digest(digest):
        raise InputError(
            f"version {version.version} of {MODEL} has no bundle: its training was stopped, or it is kept "
            "for comparison only. Choose another version, or train again",
            code="no_bundle",
            version=str(version.version),
        )
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
            raise _not_as_registered(version, MANIFEST)
        for name in json.loads(manifest.read_bytes())["files"]:
            if not is_plain_name(name):
                raise _not_as_registered(version, name)
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


def _fetch_oof(home: Home, client: MlflowClient, version: ModelVersion) -> Path | None:
    """Out-of-fold margins of the version's run, beside the home's other data."""
    expected = version.tags.get(OOF_TAG)
    if expected is None or version.run_id is None:
        return None
    kept = home.root / "oof" / f"{expected}.parquet"
    if kept.exists() and hashlib.sha256(kept.read_bytes()).hexdigest() == expected:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pulling-", dir=kept.parent) as folder:
        fetched = Path(client.download_artifacts(version.run_id, OOF_ARTIFACT, folder))
        if hashlib.sha256(fetched.read_bytes()).hexdigest() != expected:
            raise _not_as_registered(version, OOF_ARTIFACT)
        fetched.replace(kept)
    return kept


def _not_as_registered(version: ModelVersion, name: str) -> IntegrityError:
    return IntegrityError(
        f"version {version.version} of {MODEL}: {name} is not what was registered. "
        "What is served has not changed.",
        code="artifact_differs",
        version=str(version.version),
        file=name,
    )


def _refuse_by_signature(version: ModelVersion) -> None:
    """L9 on the version's signature, before anything is downloaded."""
    info = mlflow.models.get_model_info(f"models:/{MODEL}/{version.version}")
    if info.signature is not None:
        refuse_excluded(tuple(str(name) for name in info.signature.inputs.input_names()))


def _version(client: MlflowClient, version: str) -> ModelVersion:
    known = {str(one.version): one for one in _versions(client)}
    if version not in known:
        listed = ", ".join(sorted(known, key=int)) or "none"
        raise InputError(
            f"{MODEL} has no version {version}; versions: {listed}", code="unknown_version", version=version
        )
    # A search leaves tags out on some stores; ask for the one version itself.
    return client.get_model_version(MODEL, version)


def _versions(client: MlflowClient) -> list[ModelVersion]:
    return list(client.search_model_versions(f"name = '{MODEL}'"))


def _by_alias(client: MlflowClient, alias: str) -> ModelVersion | None:
    """The version of an alias, or ``None``; a registry that does not answer still raises."""
    if not client.search_registered_models(filter_string=f"name = '{MODEL}'"):
        return None
    version = client.get_registered_model(MODEL).aliases.get(alias)
    return None if version is None else client.get_model_version(MODEL, str(version))
