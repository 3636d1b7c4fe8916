"""Time and memory of the fictional portfolio and of ingest, and how predictable the portfolio is.

Run from the root of the project::

    .venv/bin/python -m benchmarks.ingest [ARCHIVE] [--clients 20000] [--auc]

Each part runs in a process of its own, so that the memory printed is its peak. Processor
seconds stand beside wall seconds: on a busy machine only they can be compared. ``--auc``
adds the cross-validated AUC on the full feature matrix (some minutes).
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from model.home import Home

FOLDS = 5
TREES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", nargs="?", type=Path, help="a real archive (zip or folder)")
    parser.add_argument("--clients", type=int, default=20_000)
    parser.add_argument("--auc", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        _alone(f"portfolio of {asked.clients:,} clients", _make_portfolio, home, asked.clients)
        _alone("its ingest", _ingest, home, home.portfolio)
        if asked.auc:
            _alone("its features and AUC", _measure_auc, home)
        if asked.archive:
            _alone(f"ingest of {asked.archive.name}", _ingest, home, asked.archive.resolve())


def _alone(title: str, work: Callable[..., str], *arguments: object) -> None:
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(send, work, arguments))
    process.start()
    send.close()
    wall, cpu, peak, said = receive.recv()
    process.join()
    print(f"{title}: {wall:.1f} s wall, {cpu:.1f} s processor, peak {peak / 1e6:.2f} GB; {said}", flush=True)


def _measured(send: object, work: Callable[..., str], arguments: tuple[object, ...]) -> None:
    start = time.perf_counter()
    said = work(*arguments)
    used = resource.getrusage(resource.RUSAGE_SELF)
    wall = time.perf_counter() - start
    send.send((wall, used.ru_utime + used.ru_stime, used.ru_maxrss, said))  # type: ignore[attr-defined]


def _make_portfolio(home: Home, clients: int) -> str:
    from training.portfolio import write_portfolio

    write_portfolio(home.portfolio, clients=clients, seed=7)
    size = sum(path.stat().st_size for path in home.portfolio.iterdir())
    return f"{size / 1e6:.0f} MB of Parquet"


def _ingest(home: Home, source: Path) -> str:
    from training.ingest import ingest

    return f"{ingest(source, home).rows:,} rows"


def _measure_auc(home: Home) -> str:
    import lightgbm as lgb
    import numpy as np
    import pyarrow.parquet as pq
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    from training.matrix import build_matrix

    table = pq.read_table(build_matrix(home)).to_pandas()
    labelled = table[table.TARGET.notna()]
    target = labelled.TARGET.to_numpy(dtype=int)
    matrix = labelled.drop(columns=["SK_ID_CURR", "TARGET"]).to_numpy(dtype=np.float32)
    margins = np.zeros(len(target))
    options = {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_child_samples": 60,
        "feature_fraction": 0.3,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 10,
        "verbose": -1,
        "seed": 0,
        "num_threads": 2,
    }
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(matrix, target):
        booster = lgb.train(options, lgb.Dataset(matrix[train], target[train]), TREES)
        margins[test] = booster.predict(matrix[test], raw_score=True)
    area = roc_auc_score(target, margins)
    return f"{matrix.shape[1]} features, AUC out of fold {area:.4f}, default rate {target.mean():.4f}"


if __name__ == "__main__":
    main()
