"""A search goes on where it was stopped, computes nothing twice, and leaves one result."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from model.home import Home
from training import searches
from training.searches import newest, search
from training.tracking import Tracking, connected

LAKE = "a" * 64
ROW = {"metrics": {"auc": {"value": 0.75, "low": 0.7, "high": 0.8}}, "note": "as it is"}


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with connected(Home(tmp_path_factory.mktemp("searches"))) as made:
            yield made


class _Work:
    """Counts how often it is asked."""

    def __init__(self, row: dict | None = None) -> None:
        self.row, self.calls = row or ROW, 0

    def __call__(self) -> dict:
        self.calls += 1
        return dict(self.row)


def _children(tracking: Tracking, parent: str) -> list:
    return tracking.client.search_runs([tracking.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'")


def test_a_finished_search_is_read_back_with_its_kind_data_and_date(tracking):
    with search(tracking, "read-back", data=LAKE) as made:
        made.candidate("one", {"rate": 0.1}, _Work())
        written = made.finish({"rows": [1, 2]})

    assert newest(tracking, "read-back", data=LAKE) == written
    assert (written["kind"], written["data"], written["rows"]) == ("read-back", LAKE, [1, 2])
    assert newest(tracking, "read-back") == written
    assert newest(tracking, "read-back", data="b" * 64) is None
    assert newest(tracking, "never") is None


def test_a_candidate_is_a_nested_run_with_parameters_metrics_and_row(tracking):
    with search(tracking, "nested", data=LAKE) as made:
        row = made.candidate("one", {"rate": 0.1}, _Work({**ROW, "raw": ROW["metrics"]}))
        made.finish({})

    (child,) = _children(tracking, made.run_id)
    assert child.info.status == "FINISHED"
    assert child.data.params == {"rate": "0.1"}
    assert child.data.metrics["auc_low"] == 0.7
    assert child.data.metrics["raw_auc"] == 0.75
    assert child.data.metrics["seconds"] == row["seconds"]
    assert (row["name"], row["note"]) == ("one", "as it is")


def test_a_stopped_search_goes_on_in_its_run_and_computes_only_what_is_missing(tracking):
    first, second = _Work(), _Work()
    with pytest.raises(KeyboardInterrupt), search(tracking, "stopped", data=LAKE) as made:
        made.candidate("one", {}, first)
        raise KeyboardInterrupt
    assert tracking.client.get_run(made.run_id).info.status == "KILLED"
    assert newest(tracking, "stopped") is None

    with search(tracking, "stopped", data=LAKE) as again:
        again.candidate("one", {}, first)
        again.candidate("two", {}, second)
        again.finish({})

    assert again.run_id == made.run_id
    assert (first.calls, second.calls) == (1, 1)
    assert len(_children(tracking, made.run_id)) == 2
    assert tracking.client.get_run(made.run_id).info.status == "FINISHED"


def test_a_search_that_fails_says_so_and_keeps_its_candidates(tracking):
    work = _Work()
    with pytest.raises(ZeroDivisionError), search(tracking, "failing", data=LAKE) as made:
        made.candidate("one", {}, work)
        raise ZeroDivisionError

    assert tracking.client.get_run(made.run_id).info.status == "FAILED"
    with search(tracking, "failing", data=LAKE) as again:
        again.candidate("one", {}, work)
        again.finish({})
    assert work.calls == 1


def test_a_search_made_again_is_a_whole_table_of_its_own_without_computing(tracking):
    work, runs = _Work(), []
    for _ in range(2):
        with search(tracking, "again", data=LAKE) as made:
            made.candidate("one", {}, work)
            made.finish({})
        runs.append(made.run_id)

    assert runs[0] != runs[1]
    assert work.calls == 1
    (original,), (copy,) = (_children(tracking, run) for run in runs)
    assert copy.data.tags["copied_from"] == original.info.run_id
    assert copy.data.metrics == original.data.metrics


@pytest.mark.parametrize(
    ("kind", "data", "name", "params"),
    [
        ("other-kind", LAKE, "one", {"rate": 1}),
        ("changes", "c" * 64, "one", {"rate": 1}),
        ("changes", LAKE, "two", {"rate": 1}),
        ("changes", LAKE, "one", {"rate": 2}),
    ],
)
def test_another_kind_lake_name_or_parameter_is_another_candidate(tracking, kind, data, name, params):
    known, work = _Work(), _Work()
    with search(tracking, "changes", data=LAKE) as made:
        made.candidate("one", {"rate": 1}, known)
        made.finish({})

    with search(tracking, kind, data=data) as made:
        made.candidate(name, params, work)
        made.finish({})

    assert work.calls == 1


def test_other_code_of_the_protocol_computes_again(tracking, monkeypatch):
    work = _Work()
    for code in ("before", "after"):
        monkeypatch.setattr(searches, "_protocol_code", lambda code=code: code)
        with search(tracking, "code", data=LAKE) as made:
            made.candidate("one", {}, work)
            made.finish({})

    assert work.calls == 2


def test_margins_come_back_bit_for_bit(tracking):
    margins = np.random.default_rng(0).normal(size=(3, 20))
    with search(tracking, "margins", data=LAKE) as made:
        made.candidate("one", {}, _Work({**ROW, "margins": margins}))
        row = made.candidate("one", {}, _Work())
        made.finish({})

    assert np.array_equal(row["margins"], margins)
