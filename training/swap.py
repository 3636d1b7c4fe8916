"""Who changes side when one score replaces another at the same rate of acceptance.

Each score accepts as many clients as the champion does today, those it finds safest. What tells
the two apart is then the default rate of the clients that come in against those that go out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from model.assess import assess
from model.book import load_book
from model.bundle import load_bundle
from model.home import Home
from model.pointer import read_pointer
from model.score_tables import wilson
from training.evaluation import Estimate

CELLS = ("both_accept", "swap_in", "swap_out", "both_refuse")
"""By both; refused today and accepted by the other; accepted today and refused by it; by neither."""

NO_REASON = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the two-by-two table.

    Attributes
    ----------
    n, defaults : clients, and those who defaulted
    champion_pd, other_pd : mean probability of default by each score, ``None`` without clients
    bad_rate : observed, with Wilson's interval
    """

    n: int
    defaults: int
    champion_pd: float | None = None
    other_pd: float | None = None
    bad_rate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class SwapSet:
    """The two-by-two table.

    Attributes
    ----------
    acceptance : share accepted by both
    champion_cutoff, other_cutoff : probabilities from which each refuses; ``None`` where it
        refuses nobody
    cells : by the names of `CELLS`
    reasons : cell → first reason of the champion → clients; only of those who change side,
        and only where the champion's client book is at hand
    """

    acceptance: float
    champion_cutoff: float
    other_cutoff: float | None
    cells: Mapping[str, Cell]
    reasons: Mapping[str, Mapping[str, int]] | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def swap_set(
    outcome: np.ndarray, champion_pd: np.ndarray, other_pd: np.ndarray, *, cutoff: float
) -> tuple[SwapSet, np.ndarray]:
    """The table, and the cell of each client.

    Parameters
    ----------
    outcome : (n,) 0 repaid, 1 defaulted
    champion_pd, other_pd : (n,) calibrated, out of fold, of the same clients
    cutoff : the champion's, operated

    Returns
    -------
    SwapSet without reasons, and (n,) positions in `CELLS`
    """
    kept = champion_pd < cutoff
    accepted = int(kept.sum())
    order = np.argsort(other_pd, kind="stable")
    taken = np.zeros(len(outcome), dtype=bool)
    taken[order[:accepted]] = True
    places = np.where(kept, np.where(taken, 0, 2), np.where(taken, 1, 3))
    cells = {
        name: _cell(outcome[places == place], champion_pd[places == place], other_pd[places == place])
        for place, name in enumerate(CELLS)
    }
    other_cutoff = float(other_pd[order[accepted]]) if accepted < len(order) else None
    return SwapSet(accepted / len(outcome), cutoff, other_cutoff, cells), places


def first_reasons(
    home: Home, bundle: str, ids: np.ndarray, places: np.ndarray
) -> dict[str, dict[str, int]] | None:
    """First reason of the champion for those who change side, counted.

    For a client whom the champion refuses it is what speaks most against him, for one whom it
    accepts what speaks most for him: the reasons of his file.

    Parameters
    ----------
    home : its client book in force
    bundle : digest of the champion's bundle
    ids, places : (n,) clients and their cells

    Returns
    -------
    Cell → code → clients; ``None`` when the book in force is not the champion's
    """
    pointer = read_pointer(home)
    if pointer is None or pointer.book is None or pointer.bundle != bundle:
        return None
    champion, book = load_bundle(home.bundles / bundle), load_book(home.books / pointer.book)
    found: dict[str, dict[str, int]] = {}
    for name in ("swap_in", "swap_out"):
        told: Counter[str] = Counter()
        for client in ids[places == CELLS.index(name)].tolist():
            row = book.index_of(int(client))
            if row is not None:
                one = assess(champion, book.case_at(row))
                given = one.reasons if name == "swap_in" else one.strengths
                told[given[0].code if given else NO_REASON] += 1
        found[name] = dict(told.most_common())
    return found


def _cell(outcome: np.ndarray, champion_pd: np.ndarray, other_pd: np.ndarray) -> Cell:
    n, defaults = len(outcome), int(outcome.sum())
    if n == 0:
        return Cell(0, 0)
    bounds = wilson(defaults, n)
    return Cell(
        n,
        defaults,
        float(champion_pd.mean()),
        float(other_pd.mean()),
        Estimate(defaults / n, bounds.low, bounds.high),
    )
