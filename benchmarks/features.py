"""Speed of the features: the batch against the pandas oracle, and one client online.

Run from the root of the project, on an archive (a zip, or a folder of CSV)::

    .venv/bin/python -m benchmarks.features path/to/home-credit-default-risk.zip

Engine and oracle read the same lake in the same process, turn by turn; the best of the
rounds counts. Processor seconds stand beside wall seconds: on a busy machine only
they can be compared.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from model.features import Reader
from model.home import Home
from tests.lakes import client_rows
from tests.oracle.beyond import beyond_kernel
from tests.oracle.kernel import kernel_matrix
from training.ingest import ingest
from training.matrix import compute_features, learn_vocabulary

Item = TypeVar("Item")

ROUNDS = 3
CLIENTS = 300
PASSES = 3

BATCH_BAR_SECONDS = 10.0
RATIO_BAR = 5.0
READER_BAR_MS = 15.0


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one call."""

    wall: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("archive", type=Path, help="zip, or folder of CSV, of the seven tables")
    archive = parser.parse_args().archive
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        rows = ingest(archive, home).rows
        engine, oracle = race(home)
        print_batch(rows, engine, oracle)
        vocabulary = learn_vocabulary(home)
        everything = Reader(vocabulary)
        print_reader(f"all {len(everything.columns)} features", everything, home)
        print_reader("150 of them", Reader(vocabulary, spread(everything.columns, 150)), home)


def race(home: Home) -> tuple[Spent, Spent]:
    """Best of the rounds, engine and oracle in turn."""

    def engine() -> None:
        compute_features(home, learn_vocabulary(home))

    def oracle() -> None:
        kernel_matrix(home.lake).join(beyond_kernel(home.lake)).astype(np.float32)

    rounds = [(spent(engine), spent(oracle)) for _ in range(ROUNDS)]
    return best([first for first, _ in rounds]), best([second for _, second in rounds])


def spent(work: Callable[[], None]) -> Spent:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def best(found: list[Spent]) -> Spent:
    return Spent(min(one.wall for one in found), min(one.processor for one in found))


def print_batch(rows: int, engine: Spent, oracle: Spent) -> None:
    ratio, processor_ratio = oracle.wall / engine.wall, oracle.processor / engine.processor
    print(f"batch, {rows:,} rows, best of {ROUNDS}   wall s   processor s")
    print(f"  engine (vocabulary and features)  {engine.wall:8.2f} {engine.processor:13.2f}")
    print(f"  pandas oracle                     {oracle.wall:8.2f} {oracle.processor:13.2f}")
    print(f"  oracle / engine                   {ratio:8.1f} {processor_ratio:13.1f}")
    print(f"  bar: engine ≤ {BATCH_BAR_SECONDS:.0f} s {verdict(engine.wall <= BATCH_BAR_SECONDS)}", end="")
    print(f", ratio ≥ {RATIO_BAR:.0f} {verdict(ratio >= RATIO_BAR)}")


def print_reader(title: str, reader: Reader, home: Home) -> None:
    bodies = [json.dumps(rows).encode() for rows in client_rows(home, some_clients(home)).values()]
    milliseconds = np.array([read_once(reader, body) for _ in range(PASSES) for body in bodies])
    p50, p95 = np.percentile(milliseconds, [50, 95])
    print(f"one client online, {title}, JSON parsing included: {len(bodies)} clients, {PASSES} passes")
    print(f"  p50 {p50:.2f} ms, p95 {p95:.2f} ms   bar: p95 ≤ {READER_BAR_MS:.0f} ms", end=" ")
    print(verdict(p95 <= READER_BAR_MS))


def read_once(reader: Reader, body: bytes) -> float:
    start = time.perf_counter()
    application, history = json.loads(body)
    reader.read(application, history)
    return (time.perf_counter() - start) * 1000


def some_clients(home: Home) -> list[int]:
    ids, _ = compute_features(home, learn_vocabulary(home), ("AMT_CREDIT",))
    return list(spread(ids.tolist(), CLIENTS))


def spread(items: Sequence[Item], number: int) -> tuple[Item, ...]:
    """`number` of the items, evenly spread."""
    places = np.linspace(0, len(items) - 1, min(number, len(items))).astype(int)
    return tuple(items[place] for place in places)


def verdict(reached: bool) -> str:
    return "reached" if reached else "MISSED"


if __name__ == "__main__":
    main()
