"""A search in MLflow: one parent run, one nested run a candidate, a result that others read.

A candidate that ended is not computed again: it is found by the fingerprint of what it
depends on (lake, code, name, parameters) and its row taken from its run. So a search that was
stopped goes on where it was, and the same search on the same data costs seconds.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import Metric, Param, Run
from mlflow.tracking import MlflowClient

from model.version import code_version
from training.progress import Progress, silent
from training.tracking import Tracking

MARGINS = "margins"
"""The one entry of a candidate's row that is an array; kept beside the row as a file."""

RESULT = "result.json"
CANDIDATE = "candidate.json"

_PARENT = "mlflow.parentRunId"
# Modules of this room that decide a candidate's figures, whoever asks for it.
_PROTOCOL = (
    "alternatives",
    "boosting",
    "calibrate",
    "dataset",
    "evaluation",
    "fairness",
    "folds",
    "imbalance",
    "learners",
    "protocol",
    "pruning",
    "stability",
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """An open search.

    Attributes
    ----------
    tracking : where it is kept
    kind : ``comparison``, ``imbalance``, ``tuning`` or ``release``
    data : digest of the lake
    run_id : of the parent run
    progress : told of each candidate
    """

    tracking: Tracking
    kind: str
    data: str
    run_id: str
    progress: Progress

    def candidate(self, name: str, params: Mapping[str, Any], work: Callable[[], Row]) -> Row:
        """The row of a candidate: from its run if it ended once, else from `work`.

        Parameters
        ----------
        name : of the candidate within its kind
        params : all that distinguishes it from others of that name; logged
        work : gives JSON values. Entries that are name → ``{"value", "low", "high"}`` are
            logged as metrics (those of ``metrics`` under their own names, others with the
            entry's name in front); ``margins`` may be an array and comes back as one

        Returns
        -------
        The row, with ``name`` and ``seconds``
        """
        fingerprint = self._fingerprint(name, params)
        former = self._ended(fingerprint)
        if former is not None:
            row = _read_row(self.tracking.client, former)
            self.progress(f"{name}: taken from run {former.info.run_id[:8]}")
            if former.data.tags.get(_PARENT) != self.run_id:
                self.log(name, params, row, fingerprint=fingerprint, copied_from=former.info.run_id)
            return row
        start = time.perf_counter()
        found = work()
        row = {"name": name, "seconds": round(time.perf_counter() - start, 3)} | found
        self.log(name, params, row, fingerprint=fingerprint)
        self.progress(f"{name}: {row['seconds']:.1f} s{_headline(row)}")
        return row

    def log(self, name: str, params: Mapping[str, Any], row: Row, **tags: str) -> None:
        """Keep a candidate's row as a nested run that ended."""
        client, now = self.tracking.client, int(time.time() * 1000)
        run = client.create_run(
            self.tracking.experiment_id,
            run_name=name,
            tags={_PARENT: self.run_id, **self._tags("candidate"), **tags},
        )
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in _numbers(row).items()],
            params=[Param(key, str(value)) for key, value in params.items()],
        )
        with tempfile.TemporaryDirectory() as folder:
            if MARGINS in row:
                np.save(Path(folder) / f"{MARGINS}.npy", row[MARGINS], allow_pickle=False)
                client.log_artifact(run.info.run_id, str(Path(folder) / f"{MARGINS}.npy"))
        client.log_dict(run.info.run_id, without_margins(row), CANDIDATE)
        client.set_terminated(run.info.run_id)

    def names(self) -> set[str]:
        """Candidates that this search has kept."""
        # A search of hundreds of trials is longer than one page of the answer.
        found: set[str] = set()
        page = None
        while True:
            runs = self.tracking.client.search_runs(
                [self.tracking.experiment_id],
                f"tags.`{_PARENT}` = '{self.run_id}' and attributes.status = 'FINISHED'",
                page_token=page,
            )
            found |= {run.info.run_name for run in runs}
            page = runs.token
            if not page:
                return found

    def figure(self, name: str, figure: Figure) -> None:
        """Keep a figure with the parent run, as ``figures/<name>``."""
        self.tracking.client.log_figure(self.run_id, figure, f"figures/{name}")

    def finish(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Write ``result.json`` and end the search.

        Returns
        -------
        What was written: `result` with ``kind``, ``data`` and ``made_at``
        """
        written = {
            "kind": self.kind,
            "data": self.data,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            **result,
        }
        client = self.tracking.client
        client.log_dict(self.run_id, written, RESULT)
        client.set_terminated(self.run_id)
        return written

    def _tags(self, role: str) -> dict[str, str]:
        return {"kind": self.kind, "role": role, "data": self.data, "code": code_version()}

    def _fingerprint(self, name: str, params: Mapping[str, Any]) -> str:
        text = json.dumps(
            [self.kind, self.data, code_version(), _protocol_code(), name, dict(params)],
            sort_keys=True,
            default=str,
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def _ended(self, fingerprint: str) -> Run | None:
        runs = _runs(self.tracking, f"tags.fingerprint = '{fingerprint}' and attributes.status = 'FINISHED'")
        return runs[0] if runs else None


@contextmanager
def search(tracking: Tracking, kind: str, *, data: str, progress: Progress = silent) -> Iterator[Search]:
    """Open a search: go on with one of the same data and code that was stopped, else a new one.

    Parameters
    ----------
    tracking : connected MLflow
    kind : of the search
    data : digest of the lake
    progress : told of each candidate

    Notes
    -----
    A block that ends without `Search.finish` leaves the run KILLED (interrupted) or FAILED,
    its candidates kept.
    """
    client = tracking.client
    made = Search(tracking, kind, data, "", progress)
    tags = made._tags("search") | {"protocol": _protocol_code()}
    run_id = _stopped(tracking, tags)
    if run_id is None:
        run_id = client.create_run(
            tracking.experiment_id, run_name=f"{kind}-{data[:8]}", tags=tags
        ).info.run_id
    else:
        client.update_run(run_id, status="RUNNING")
        progress(f"{kind}: goes on with run {run_id[:8]}")
    status = "FAILED"
    try:
        yield Search(tracking, kind, data, run_id, progress)
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        if client.get_run(run_id).info.status == "RUNNING":
            client.set_terminated(run_id, status)


def newest(tracking: Tracking, kind: str, *, data: str | None = None) -> dict[str, Any] | None:
    """``result.json`` of the newest finished search of a kind.

    Parameters
    ----------
    tracking : connected MLflow
    kind : of the search
    data : digest of the lake; None takes any
    """
    wanted = f"tags.kind = '{kind}' and tags.role = 'search' and attributes.status = 'FINISHED'"
    if data is not None:
        wanted += f" and tags.data = '{data}'"
    runs = _runs(tracking, wanted)
    if not runs:
        return None
    result: dict[str, Any] = json.loads(_download(tracking.client, runs[0].info.run_id, RESULT))
    return result


def without_margins(row: Row) -> Row:
    """The row as JSON takes it."""
    return {key: value for key, value in row.items() if key != MARGINS}


def _stopped(tracking: Tracking, tags: Mapping[str, str]) -> str | None:
    alike = " and ".join(f"tags.{key} = '{value}'" for key, value in tags.items())
    runs = [run for run in _runs(tracking, alike) if run.info.status != "FINISHED"]
    return runs[0].info.run_id if runs else None


def _runs(tracking: Tracking, wanted: str) -> list[Run]:
    """Newest first."""
    return list(
        tracking.client.search_runs(
            [tracking.experiment_id], wanted, order_by=["attributes.start_time DESC"], max_results=50
        )
    )


def _read_row(client: MlflowClient, run: Run) -> Row:
    row: Row = json.loads(_download(client, run.info.run_id, CANDIDATE))
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    if f"{MARGINS}.npy" in files:
        with tempfile.TemporaryDirectory() as folder:
            path = client.download_artifacts(run.info.run_id, f"{MARGINS}.npy", folder)
            row[MARGINS] = np.load(path, allow_pickle=False)
    return row


def _download(client: MlflowClient, run_id: str, name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return Path(client.download_artifacts(run_id, name, folder)).read_text(encoding="utf-8")


def _numbers(row: Row) -> dict[str, float]:
    """Metrics of a row as MLflow takes them: one number each, bounds included."""
    numbers = {"seconds": float(row["seconds"])} if row.get("seconds") is not None else {}
    for entry, metrics in row.items():
        if not isinstance(metrics, Mapping):
            continue
        for name, estimate in metrics.items():
            if isinstance(estimate, Mapping) and estimate.keys() == {"value", "low", "high"}:
                full = name if entry == "metrics" else f"{entry}_{name}"
                parts = {full: "value", f"{full}_low": "low", f"{full}_high": "high"}
                numbers |= {key: estimate[part] for key, part in parts.items() if estimate[part] is not None}
    return numbers


def _headline(row: Row) -> str:
    for entry in ("metrics", "calibrated"):
        auc = row.get(entry, {}).get("auc")
        if auc:
            return f", AUC {auc['value']:.4f} [{auc['low']:.4f}, {auc['high']:.4f}]"
    return ""


@cache
def _protocol_code() -> str:
    """Digest of the files of this room that decide a candidate's figures."""
    digest = hashlib.sha256()
    for name in _PROTOCOL:
        path = Path(__file__).with_name(f"{name}.py")
        if path.exists():
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
