"""Versions of the model in MLflow: their names, aliases and tags, and how one is found."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient

from model.errors import InputError, IntegrityError, UnavailableError
from model.home import Home
from training.tracking import connected

MODEL = "credit-scoring"
CHAMPION, CANDIDATE, PREVIOUS, CHALLENGER = "champion", "candidate", "previous", "challenger"
BUNDLE_TAG, OOF_TAG = "bundle", "oof_sha256"
KIND_RELEASE, RELEASE = "release", "release.json"
"""Kind of search, and the part of the bundle that holds its result on the same data."""

BUNDLE_ARTIFACT, OOF_ARTIFACT = "artifacts/bundle", "oof/out_of_fold.parquet"


def version_named(client: MlflowClient, version: str) -> ModelVersion:
    """One version by its number.

    Raises
    ------
    InputError
        There is none; the message lists those that there are.
    """
    known = {str(one.version): one for one in versions(client)}
    if version not in known:
        listed = ", ".join(sorted(known, key=int)) or "none"
        raise InputError(
            f"{MODEL} has no version {version}; versions: {listed}", code="unknown_version", version=version
        )
    # A search leaves tags out on some stores; ask for the one version itself.
    return client.get_model_version(MODEL, version)


def versions(client: MlflowClient) -> list[ModelVersion]:
    """All versions, trained to the end or not."""
    return list(client.search_model_versions(f"name = '{MODEL}'"))


def by_alias(client: MlflowClient, alias: str) -> ModelVersion | None:
    """The version of an alias, or ``None``; a registry that does not answer still raises."""
    if not client.search_registered_models(filter_string=f"name = '{MODEL}'"):
        return None
    version = client.get_registered_model(MODEL).aliases.get(alias)
    return None if version is None else client.get_model_version(MODEL, str(version))


def latest_version(home: Home) -> str:
    """Newest version that can be served: its training ended and left a bundle."""
    with connected(home) as tracking:
        ended = [version for version in versions(tracking.client) if BUNDLE_TAG in version.tags]
        if not ended:
            raise UnavailableError(f"{tracking.uri} has no trained version of {MODEL}", code="no_version")
        return str(max(int(version.version) for version in ended))


def out_of_fold_of(home: Home, client: MlflowClient, version: ModelVersion) -> Path | None:
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
            raise not_as_registered(version, OOF_ARTIFACT)
        fetched.replace(kept)
    return kept


def not_as_registered(version: ModelVersion, name: str) -> IntegrityError:
    return IntegrityError(
        f"version {version.version} of {MODEL}: {name} is not what was registered. "
        "What is served has not changed.",
        code="artifact_differs",
        version=str(version.version),
        file=name,
    )
