"""MLflow, quiet and offline: the one place that imports and connects it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Read by mlflow while it is imported. No figure of a lender's model leaves the machine.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
import requests
import sqlalchemy.exc
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from model.errors import UnavailableError
from model.home import Home

EXPERIMENT = "credit-scoring"

for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Tracking:
    """A connection: where runs go and who speaks to it."""

    uri: str
    experiment_id: str
    client: MlflowClient


def tracking_uri(home: Home) -> str:
    """``MLFLOW_TRACKING_URI`` when set, else SQLite in the home."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.mlflow / 'mlflow.db'}"


@contextmanager
def connected(home: Home) -> Iterator[Tracking]:
    """MLflow with its experiment in place; its failures speak our language.

    Raises
    ------
    UnavailableError
        MLflow does not answer or refuses, or the disk does; what is served is as it was.
    """
    given = os.environ.get("MLFLOW_TRACKING_URI")
    uri = tracking_uri(home)
    try:
        if uri == f"sqlite:///{home.mlflow / 'mlflow.db'}":
            create_database(home.mlflow / "mlflow.db")
        mlflow.set_tracking_uri(uri)
        client = MlflowClient(uri)
        yield Tracking(uri, _experiment(client, home, uri), client)
    except (MlflowException, requests.RequestException, sqlalchemy.exc.SQLAlchemyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UnavailableError(
            f"MLflow at {uri} did not do what was asked: {reason}. What is served has not changed.",
            code="mlflow_unavailable",
        ) from error
    except OSError as error:  # a full disk, a folder of another user
        raise UnavailableError(
            f"{error.filename or home.root}: {error.strerror or error}. What is served has not changed.",
            code="storage_unavailable",
        ) from error
    finally:
        # `set_tracking_uri` writes this variable: left there, the next home would be taken for this one.
        if given is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        else:
            os.environ["MLFLOW_TRACKING_URI"] = given


def create_database(path: Path) -> None:
    """Make the tables under another name first, so that a stopped start leaves no half database."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    MlflowClient(f"sqlite:///{partial}").search_experiments(max_results=1)
    partial.replace(path)


def _experiment(client: MlflowClient, home: Home, uri: str) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return found.experiment_id
    # A server keeps artifacts where it was told to; a local database keeps them beside it.
    location = (home.mlflow / "artifacts").as_uri() if uri.startswith("sqlite:") else None
    return client.create_experiment(EXPERIMENT, artifact_location=location)
