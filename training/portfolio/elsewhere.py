"""Credits with other lenders, as a credit bureau reports them: `bureau` and `bureau_balance`."""

from __future__ import annotations

import numpy as np

from training.portfolio import marginals as m
from training.portfolio.draws import MONTH, Columns, Draws, Flags, Floats, Text, spread
from training.portfolio.people import Clients

MOST_CREDITS = 45
MOST_MONTHS = 97

_MONTHLY_STATUS = ("0", "1", "2", "3", "4", "5", "C", "X")
_CLOSED, _UNREPORTED = _MONTHLY_STATUS.index("C"), _MONTHLY_STATUS.index("X")


def make_bureau(clients: Clients, seed: int, block: int) -> tuple[Columns, Columns]:
    """Draw the credits with other lenders and, for some clients, their monthly status.

    Numbers of credits are client number · 100 + 50 and up, so that none can be a real one.
    """
    draws = Draws(seed, block, 2)
    mean = 4.75 * np.exp(0.06 * clients.risk)
    counts = 1 + draws.rng.poisson(draws.rng.gamma(1.25, mean / 1.25))
    counts = np.where(clients.known, np.minimum(counts, MOST_CREDITS), 0)
    owner, place = spread(counts)
    n = len(owner)
    risk = clients.risk[owner]
    haste = draws.signal(clients.risk, 0.34)[owner]

    kind = draws.text(m.CREDIT_TYPE, n, risk)
    card, micro = kind.is_("Credit card"), kind.is_("Microloan")
    opened = np.round(m.DAYS_CREDIT.at(0.55 * haste + 0.835 * draws.normal(n)))
    opened = np.where(micro, np.ceil(opened * 0.25), opened)
    opened = np.minimum(opened, -1)
    amount, term = _amounts_and_terms(draws, kind, clients.means[owner])
    planned = opened + term
    status, closed = _status(draws, opened, planned, card, risk)
    active = status.is_("Active")
    # Clients at risk owe more elsewhere.
    amount = np.round(amount * np.where(active, np.exp(0.18 * risk - 0.016), 1.0), 2)
    debt = _debt(draws, amount, opened, term, card, active, risk)
    late, overdue = _overdue(draws, active, debt, risk)
    columns: Columns = {
        "SK_ID_CURR": clients.ids[owner],
        "SK_ID_BUREAU": clients.ids[owner] * 100 + 50 + place,
        "CREDIT_ACTIVE": status,
        "CREDIT_CURRENCY": draws.text(m.CURRENCY, n),
        "DAYS_CREDIT": opened,
        "CREDIT_DAY_OVERDUE": late,
        "DAYS_CREDIT_ENDDATE": draws.missing(planned, np.where(card, 0.21, 0.012)),
        "DAYS_ENDDATE_FACT": closed,
        "AMT_CREDIT_MAX_OVERDUE": _worst(draws, risk, overdue),
        "CNT_CREDIT_PROLONG": np.where(draws.happens(0.004 * np.exp(0.4 * risk), n), 1, 0)
        * (1 + draws.happens(0.15, n)),
        "AMT_CREDIT_SUM": amount,
        "AMT_CREDIT_SUM_DEBT": draws.missing(debt, np.where(active, 0.1, 0.16)),
        "AMT_CREDIT_SUM_LIMIT": draws.missing(
            np.where(card & active & draws.happens(0.25, n), np.round(np.maximum(amount - debt, 0), 2), 0.0),
            0.36,
        ),
        "AMT_CREDIT_SUM_OVERDUE": overdue,
        "CREDIT_TYPE": kind,
        "DAYS_CREDIT_UPDATE": _updated(draws, opened, closed, active),
        "AMT_ANNUITY": draws.missing(
            np.where(
                draws.happens(0.56, n), 0.0, np.round(amount * 365.25 / np.maximum(term, 365.25) * 1.08, 2)
            ),
            0.6,
        ),
    }
    # What is reported covers some clients whole, and more often those with many credits.
    covered = draws.happens(0.31 + 0.012 * np.minimum(counts, 20), len(clients)) & (counts > 0)
    return columns, _balance(draws, columns, covered[owner], opened, closed, late, risk)


def _amounts_and_terms(draws: Draws, kind: Text, means: Floats) -> tuple[Floats, Floats]:
    n = len(kind.codes)
    amount, term = np.empty(n), np.empty(n)
    pick, size = draws.uniform(n), draws.normal(n)
    for code, name in enumerate(kind.categories):
        rows = kind.codes == code
        median, width, terms = m.BUREAU_SHAPES.get(name, m.BUREAU_SHAPES["other"])
        amount[rows] = median * np.exp(width * (0.3 * means[rows] + 0.95 * size[rows]))
        term[rows] = np.asarray(terms)[(pick[rows] * len(terms)).astype(int)]
    term = np.round(term * np.where(draws.happens(0.5, n), 1.0, np.exp(0.08 * draws.normal(n))))
    nothing = (kind.is_("Credit card")) & draws.happens(0.16, n)
    rounded = np.where(draws.happens(0.6, n), np.round(amount, -2), np.round(amount, 2))
    return np.where(nothing, 0.0, np.minimum(rounded, 900_000)), np.clip(term, 2, 32_000)


def _status(draws: Draws, opened: Floats, planned: Floats, card: Flags, risk: Floats) -> tuple[Text, Floats]:
    """CREDIT_ACTIVE and, where the credit has ended, the day it did."""
    n = len(opened)
    early = draws.happens(0.33 * np.exp(-0.15 * risk), n)
    lingering = draws.happens(0.045 * np.exp(0.35 * risk), n)
    still = np.where(card, draws.happens(0.68 + 0.06 * np.clip(risk, -2, 2), n), (planned > 0) & ~early)
    active = still | lingering
    share = draws.uniform(n)
    on_time = np.minimum(planned + np.where(draws.happens(0.15, n), np.round(60 * share), 0), -1)
    before = np.minimum(np.round(opened + (np.minimum(planned, 0) - opened) * (0.3 + 0.68 * share)), -1)
    ended = np.where(early | card | (planned > 0), before, on_time)
    ended = np.clip(ended, opened, -1)
    codes = np.where(active, 1, 0)
    sold = ~active & draws.happens(0.006 * np.exp(0.8 * risk), n)
    bad = active & draws.happens(0.00005 * np.exp(risk), n)
    codes = np.where(sold, 2, np.where(bad, 3, codes))
    closed = np.where(codes == 0, ended, np.nan)
    return Text(codes, ("Closed", "Active", "Sold", "Bad debt")), closed


def _debt(
    draws: Draws, amount: Floats, opened: Floats, term: Floats, card: Flags, active: Flags, risk: Floats
) -> Floats:
    n = len(amount)
    left = np.clip(1 + opened / term, 0.02, 1) ** 0.85 * np.exp(0.08 * draws.normal(n))
    use = np.clip(0.42 + 0.48 * draws.signal(risk, 0.55), 0, 1.03)
    share = np.where(card, use, np.clip(left, 0, 1.1))
    return np.where(active, np.round(amount * share, 2), 0.0)


def _overdue(draws: Draws, active: Flags, debt: Floats, risk: Floats) -> tuple[Floats, Floats]:
    """Days and amount overdue today: rare, and mostly of clients at risk."""
    n = len(debt)
    late = active & (debt > 0) & draws.happens(np.minimum(0.007 * np.exp(0.95 * risk), 0.25), n)
    days = np.ceil(draws.rng.exponential(1.0, n) * np.where(draws.happens(0.25, n), 300, 22))
    days = np.where(late, np.minimum(days, 2700), 0)
    amount = np.minimum(debt * 0.05 * (1 + days / 30), debt)
    return days, np.where(late, np.maximum(np.round(amount, 2), 0.01), 0.0)


def _worst(draws: Draws, risk: Floats, overdue: Floats) -> Floats:
    n = len(risk)
    ever = draws.happens(np.minimum(0.2 * np.exp(0.38 * risk), 0.9), n)
    worst = np.where(ever, np.round(np.exp(5.1 + 1.1 * draws.normal(n) + 0.15 * risk), 2), 0.0)
    return draws.missing(np.maximum(worst, overdue), 0.63)


def _updated(draws: Draws, opened: Floats, closed: Floats, active: Flags) -> Floats:
    n = len(opened)
    recent = -np.ceil(draws.rng.exponential(1.0, n) * np.where(draws.happens(0.15, n), 380, 22))
    after = np.floor(draws.rng.exponential(1.0, n) * np.where(draws.happens(0.3, n), 520, 4))
    last = np.where(active | np.isnan(closed), recent, np.nan_to_num(closed) + after)
    return np.clip(last, opened, -1)


def _balance(
    draws: Draws,
    credits: Columns,
    covered: Flags,
    opened: Floats,
    closed: Floats,
    late: Floats,
    risk: Floats,
) -> Columns:
    """One row a month from the opening to now; C after the end, X where nobody reported."""
    chosen = np.flatnonzero(covered)
    months = np.minimum(np.floor(-opened[chosen] / MONTH).astype(np.int64) + 1, MOST_MONTHS)
    row, place = spread(months)
    credit = chosen[row]
    month = place - months[row] + 1  # ends at 0
    n = len(credit)

    silent = draws.happens(0.33, len(opened))[credit]
    unreported = np.where(silent, draws.happens(0.85, n), draws.happens(0.08, n))
    slips = draws.happens(np.minimum(0.016 * np.exp(0.55 * risk[credit]), 0.5), n)
    codes = np.where(slips, 1 + draws.happens(0.08, n) + draws.happens(0.03, n), 0)
    codes = np.where(unreported, _UNREPORTED, codes)
    # Days overdue today were thirty fewer a month ago.
    owed = np.ceil((late[credit] + MONTH * month) / 30)
    codes = np.where(owed > 0, np.minimum(owed, 5), codes)
    ended = np.where(np.isnan(closed), 1.0, np.floor(closed / MONTH))[credit]
    codes = np.where(month > ended, _CLOSED, codes).astype(np.int64)
    return {
        "SK_ID_BUREAU": np.asarray(credits["SK_ID_BUREAU"])[credit].astype(np.int64),
        "MONTHS_BALANCE": month,
        "STATUS": Text(codes, _MONTHLY_STATUS),
    }
