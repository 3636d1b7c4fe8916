"""Explaining: one client with everything that a page shows, and five thousand at once.

    python -m benchmarks.explain HOME [--clients 5000] [--processes 2]

One client: the file from the client book, score, contributions, reasons, interval, data quality, timed
apart for each of random clients. Many: the same through `assess_many`, spread over processes as a batch
would be. Also prints the largest gap between the sum of the contributions and the probability.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

# As in the server: one OpenMP thread a process, set before LightGBM is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.client_page import p95
from model.assess import assess, assess_many
from model.book import Book, load_book
from model.bundle import Bundle, load_bundle
from model.home import Home
from model.pointer import read_pointer

WARM = 20
SINGLE = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--clients", type=int, default=5_000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()

    bundle, book = opened(asked.home)
    rows = random.Random(4).choices(range(len(book)), k=SINGLE + WARM)
    times = []
    for row in rows:
        start = time.perf_counter()
        assess(bundle, book.case_at(row))
        times.append(1000 * (time.perf_counter() - start))
    times = sorted(times[WARM:])
    print(f"features, trees       {len(bundle.features)}, {bundle.booster.num_trees()}")
    print(f"one client            median {times[len(times) // 2]:.2f} ms, p95 {p95(times):.2f} ms")

    wanted = [row % len(book) for row in range(asked.clients)]
    parts = [wanted[part :: asked.processes] for part in range(asked.processes)]
    start = time.perf_counter()
    with ProcessPoolExecutor(asked.processes) as pool:
        gaps = list(pool.map(explain_all, [asked.home] * len(parts), parts))
    seconds = time.perf_counter() - start
    print(f"{asked.clients:,} clients         {seconds:.1f} s on {asked.processes} processes, start included")
    print(f"largest gap of a sum  {max(gaps):.1e}")


def opened(root: Path) -> tuple[Bundle, Book]:
    """What is in force in a home."""
    home = Home(root.resolve())
    pointer = read_pointer(home)
    if pointer is None or pointer.book is None:
        raise SystemExit(f"{root} holds no model with its client book in force: run `make run` first")
    return load_bundle(home.bundles / pointer.bundle), load_book(home.books / pointer.book)


def explain_all(root: Path, rows: list[int]) -> float:
    """Assess the clients of some rows; the largest gap between sum and probability."""
    bundle, book = opened(root)
    gap = 0.0
    for start in range(0, len(rows), 500):
        for one in assess_many(bundle, [book.case_at(row) for row in rows[start : start + 500]]):
            gap = max(
                gap,
                abs(one.base_probability + float(one.contributions.sum()) - one.default_probability),
            )
    return gap


if __name__ == "__main__":
    main()
