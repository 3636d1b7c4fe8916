"""Month by month with this lender: `POS_CASH_balance`, `credit_card_balance`, `installments_payments`.

Instalments are drawn first; the monthly days past due and the end of each contract follow
from them, so that the tables tell one story.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from training.portfolio import marginals as m
from training.portfolio.draws import MONTH, Columns, Draws, Flags, Floats, Ints, Text, sigmoid, spread
from training.portfolio.people import Clients
from training.portfolio.previous import Contracts

MOST_MONTHS = 96

_POS_STATUS = (
    "Active",
    "Completed",
    "Signed",
    "Returned to the store",
    "Demand",
    "Approved",
    "Amortized debt",
    "Canceled",
)
_CARD_STATUS = ("Active", "Completed", "Signed", "Sent proposal", "Demand", "Refused", "Approved")


class Payments(NamedTuple):
    """Payments of instalments.

    Attributes
    ----------
    contract : position of the contract
    number : of the instalment, from 1
    due_day, paid_day : days before the application; missing = not paid
    due, paid : amounts
    serious : counts for the days past due with tolerance
    """

    contract: Ints
    number: Ints
    due_day: Floats
    paid_day: Floats
    due: Floats
    paid: Floats
    serious: Flags


class Histories(NamedTuple):
    """The three monthly tables of a block."""

    pos: Columns
    card: Columns
    instalments: Columns


def make_payments(
    clients: Clients, previous: Columns, contracts: Contracts, seed: int, block: int
) -> Histories:
    """Draw what was paid and when; fill the end of each contract into `previous`."""
    draws = Draws(seed, block, 4)
    loans = contracts.only(~contracts.card)
    paid = _instalments(draws, clients, loans)
    ended = _ends(draws, previous, loans, paid)
    pos = _pos_months(draws, clients, loans, paid, ended)
    cards = contracts.only(contracts.card)
    card, card_payments = _card_months(Draws(seed, block, 5), clients, previous, cards)
    return Histories(pos, card, _payment_rows(draws, clients, (loans, paid, 1), (cards, card_payments, 0)))


def _instalments(draws: Draws, clients: Clients, loans: Contracts) -> Payments:
    fallen_due = np.clip(np.floor((-1 - loans.first_due) / 30) + 1, 0, loans.months).astype(np.int64)
    contract, place = spread(fallen_due)
    n = len(contract)
    carefree = clients.discipline[loans.owner][contract]
    due_day = loans.first_due[contract] + 30 * place
    last = (place + 1 == loans.months[contract]) & (loans.months < loans.term)[contract]
    rest = 1 + 0.94 * (loans.term - loans.months)[contract]
    due = np.round(loans.due[contract] * np.where(last, rest, 1.0), 2)

    late = draws.happens(sigmoid(-2.45 + 0.75 * carefree), n)
    severe = draws.happens(np.minimum(0.05 * np.exp(0.5 * carefree), 0.3), n)
    delay = np.ceil(draws.rng.exponential(1.0, n) * np.where(severe, 60, 5.0))
    ahead = np.floor(m.DAYS_EARLY.at(draws.signal(carefree, 0.15)))
    paid_day = np.maximum(due_day + np.where(late, np.minimum(delay, 700), -ahead), loans.decided[contract])
    short = draws.happens(np.minimum(0.012 * np.exp(0.5 * carefree), 0.3), n)
    paid = np.round(due * np.where(short, draws.uniform(n), 1.0), 2)
    unpaid = paid_day > -1
    return Payments(
        contract,
        place + 1,
        due_day,
        np.where(unpaid, np.nan, paid_day),
        due,
        np.where(unpaid, np.nan, paid),
        draws.happens(0.7, n),
    )


def _ends(draws: Draws, previous: Columns, loans: Contracts, paid: Payments) -> Floats:
    """Day on which each loan ended, missing while it runs; written into `previous`."""
    size = len(loans.row)
    settled = np.zeros(size)
    np.add.at(settled, paid.contract, ~np.isnan(paid.paid_day))
    last_paid = np.full(size, -np.inf)
    np.maximum.at(last_paid, paid.contract, np.nan_to_num(paid.paid_day, nan=np.inf))
    last_due = loans.first_due + 30 * (loans.months - 1)
    over = (settled >= loans.months) & (last_due < 0)
    end = np.maximum(last_due, last_paid) + 2 + np.floor(draws.rng.exponential(5, size))
    over &= end < 0
    for name, days in (("DAYS_LAST_DUE", last_due), ("DAYS_TERMINATION", end)):
        column = np.asarray(previous[name], dtype=float).copy()
        column[loans.row[over]] = days[over]
        previous[name] = column
    return np.where(over, end, np.nan)


def _pos_months(draws: Draws, clients: Clients, loans: Contracts, paid: Payments, ended: Floats) -> Columns:
    """One row a month from the first after the decision to the end of the contract, or now."""
    oldest = np.minimum(np.floor(-loans.decided / MONTH), MOST_MONTHS).astype(np.int64)
    newest = np.where(np.isnan(ended), 1, np.floor(-np.nan_to_num(ended) / MONTH)).astype(np.int64)
    newest = np.maximum(newest, 1)
    counts = np.maximum(oldest - newest + 1, 0)
    starts = np.cumsum(counts) - counts
    contract, place = spread(counts)
    n = len(contract)
    age = oldest[contract] - place
    day = -MONTH * age
    fallen_due = np.clip(np.floor((day - loans.first_due[contract]) / 30) + 1, 0, loans.months[contract])
    completed = (age == newest[contract]) & ~np.isnan(ended)[contract] & (day >= ended[contract])
    future = np.where(completed, 0, loans.term[contract] - fallen_due)
    agreed = np.where(completed, loans.months[contract], loans.term[contract])

    past_due, tolerated = np.zeros(n), np.zeros(n)
    _fill_past_due(paid, oldest, newest, starts, past_due, tolerated)
    codes = np.where(completed, 1, 0)
    codes = np.where((place == 0) & (fallen_due == 0) & draws.happens(0.09, n) & ~completed, 2, codes)
    codes = np.where((codes == 0) & (past_due > 60) & draws.happens(0.2, n), 4, codes)
    codes = _rarely(draws, codes, {3: 0.0006, 5: 0.0005, 6: 0.0003, 7: 0.00001})
    unknown = draws.happens(0.0026, n) & ~completed
    return {
        "SK_ID_PREV": loans.number[contract],
        "SK_ID_CURR": clients.ids[loans.owner[contract]],
        "MONTHS_BALANCE": -age,
        "CNT_INSTALMENT": np.where(unknown, np.nan, agreed),
        "CNT_INSTALMENT_FUTURE": np.where(unknown, np.nan, future),
        "NAME_CONTRACT_STATUS": Text(codes.astype(np.int64), _POS_STATUS),
        "SK_DPD": past_due,
        "SK_DPD_DEF": tolerated,
    }


def _rarely(draws: Draws, codes: Ints, shares: dict[int, float]) -> Ints:
    """Give a few of the active months (code 0) one of the rare statuses."""
    luck = draws.uniform(len(codes))
    edge = 0.0
    for code, share in shares.items():
        codes = np.where((codes == 0) & (luck >= edge) & (luck < edge + share), code, codes)
        edge += share
    return codes


def _fill_past_due(
    paid: Payments, oldest: Ints, newest: Ints, starts: Ints, past_due: Floats, tolerated: Floats
) -> None:
    """Put into each month the days since the oldest instalment that was then still unpaid."""
    until = np.nan_to_num(paid.paid_day, nan=0.0)
    late = np.flatnonzero(until > paid.due_day)
    contract = paid.contract[late]
    # Months whose end lies strictly after the due day and before the payment.
    first = np.minimum(np.ceil(-paid.due_day[late] / MONTH) - 1, oldest[contract]).astype(np.int64)
    last = np.maximum(np.floor(-until[late] / MONTH) + 1, newest[contract]).astype(np.int64)
    item, place = spread(np.maximum(first - last + 1, 0))
    age = first[item] - place
    row = starts[contract[item]] + oldest[contract[item]] - age
    days = np.floor(-MONTH * age - paid.due_day[late[item]])
    np.maximum.at(past_due, row, days)
    serious = paid.serious[late[item]]
    np.maximum.at(tolerated, row[serious], days[serious])


class _CardMonths(NamedTuple):
    """What happens on a card in a month, one value a row.

    Attributes
    ----------
    balance : owed at the end of the month
    atm, pos, other : drawn in cash, in shops, otherwise; `n_*` how many times
    least : minimum payment of the month, 0 when nothing is owed
    paid : payment of the month
    behind : minimum payments skipped in a row
    settled : minimum payments made so far
    """

    balance: Floats
    atm: Floats
    pos: Floats
    other: Floats
    n_atm: Floats
    n_pos: Floats
    n_other: Floats
    least: Floats
    paid: Floats
    behind: Floats
    settled: Floats


class _CardRows(NamedTuple):
    """Rows of the cards' months, oldest first: card of the row, its place, months before now."""

    card: Ints
    place: Ints
    age: Ints
    starts: Ints
    counts: Ints
    closing: Flags


def _card_months(
    draws: Draws, clients: Clients, previous: Columns, cards: Contracts
) -> tuple[Columns, Payments]:
    """Draw the cards month by month; write the end of those that were closed into `previous`."""
    size = len(cards.row)
    oldest = np.minimum(np.floor(-cards.first_due / MONTH), MOST_MONTHS).astype(np.int64)
    gone = draws.happens(0.16, size) & (oldest > 6)
    newest = np.where(gone, 1 + np.floor(draws.uniform(size) * (oldest - 4)), 1).astype(np.int64)
    counts = oldest - newest + 1
    card, place = spread(counts)
    age = oldest[card] - place
    closing = gone[card] & (age == newest[card])
    rows = _CardRows(card, place, age, np.cumsum(counts) - counts, counts, closing)
    for name in ("DAYS_LAST_DUE", "DAYS_TERMINATION"):
        column = np.asarray(previous[name], dtype=float).copy()
        column[cards.row[gone]] = -np.floor(MONTH * newest[gone])
        previous[name] = column

    limit = np.clip(np.round(cards.limit, -2), 300, 20_000)
    months = _run_cards(draws, clients, cards, rows, limit)
    return _card_columns(draws, clients, cards, rows, months, limit), _card_payments(draws, rows, months)


def _run_cards(
    draws: Draws, clients: Clients, cards: Contracts, rows: _CardRows, limit: Floats
) -> _CardMonths:
    """Pay, draw and owe, one month after the other, all cards at once."""
    size = len(cards.row)
    carefree = clients.discipline[cards.owner]
    appetite = draws.signal(clients.risk[cards.owner], 0.45)
    idle = draws.happens(sigmoid(0.45 - 0.5 * appetite), size)
    wish = np.where(idle, 0.02, np.minimum(0.55 * np.exp(0.55 * appetite), 4.0))
    months = _CardMonths(*np.zeros((len(_CardMonths._fields), len(rows.card))))
    balance, behind, settled = np.zeros((3, size))
    for step in range(int(rows.counts.max(initial=0))):
        live = np.flatnonzero(rows.counts > step)
        n = len(live)
        owed = balance[live]
        least = np.minimum(np.where(owed > 0, np.maximum(np.round(0.05 * owed, 2), 5.0), 0.0), owed)
        skips = draws.happens(sigmoid(-3.7 + 0.95 * carefree[live]), n) & (least > 0)
        more = np.exp(draws.normal(n) - 0.35 - 0.35 * appetite[live])
        paid = np.where(skips, 0.0, np.minimum(np.round(least * (1 + more), 2), owed))
        behind[live] = np.where(skips, behind[live] + 1, 0)
        settled[live] += (least > 0) & ~skips

        room = np.maximum(limit[live] - owed, 0)
        n_atm = draws.rng.poisson(wish[live])
        n_pos = draws.rng.poisson(1.6 * wish[live] * (appetite[live] < 0.6))
        n_other = draws.happens(0.004 * wish[live], n)
        atm = np.round(np.minimum(n_atm * np.exp(4.6 + 0.6 * draws.normal(n)), room), 2)
        pos = np.round(np.minimum(n_pos * np.exp(3.6 + 0.7 * draws.normal(n)), room - atm), 2)
        pos = np.maximum(pos, 0.0)
        other = np.maximum(np.round(np.minimum(n_other * 200.0, room - atm - pos), 2), 0.0)
        interest = 0.013 * (owed - paid)
        balance[live] = np.round(owed - paid + interest + atm + pos + other, 2)
        now = _CardMonths(
            balance[live],
            atm,
            pos,
            other,
            np.where(atm > 0, n_atm, 0),
            np.where(pos > 0, n_pos, 0),
            np.where(other > 0, 1, 0),
            least,
            paid,
            behind[live],
            settled[live],
        )
        for column, values in zip(months, now, strict=True):
            column[rows.starts[live] + step] = values
    return months


def _card_columns(
    draws: Draws, clients: Clients, cards: Contracts, rows: _CardRows, months: _CardMonths, limit: Floats
) -> Columns:
    n = len(rows.card)
    drawn = np.round(months.atm + months.pos + months.other, 2)
    quiet = (drawn == 0) & (months.balance == 0)
    unwritten = np.where(quiet & draws.happens(0.37, n), np.nan, 0.0)
    unpaid = np.where((months.paid == 0) & draws.happens(0.36, n), np.nan, 0.0)
    unbilled = np.where(quiet & draws.happens(0.12, n), np.nan, 0.0)
    past_due = np.floor(MONTH * months.behind)
    codes = np.where(rows.closing, 1, np.where((rows.place == 0) & draws.happens(0.08, n), 2, 0))
    codes = _rarely(draws, codes, {3: 0.0001, 4: 0.0003, 5: 0.00001, 6: 0.00001})
    disputed = draws.happens(0.02, n)
    receivable = np.where(disputed, np.round(months.balance * 0.99, 2), months.balance)
    return {
        "SK_ID_PREV": cards.number[rows.card],
        "SK_ID_CURR": clients.ids[cards.owner[rows.card]],
        "MONTHS_BALANCE": -rows.age,
        "AMT_BALANCE": months.balance,
        "AMT_CREDIT_LIMIT_ACTUAL": np.where(rows.closing, 0, limit[rows.card]),
        "AMT_DRAWINGS_ATM_CURRENT": months.atm + unwritten,
        "AMT_DRAWINGS_CURRENT": drawn,
        "AMT_DRAWINGS_OTHER_CURRENT": months.other + unwritten,
        "AMT_DRAWINGS_POS_CURRENT": months.pos + unwritten,
        "AMT_INST_MIN_REGULARITY": months.least + unbilled,
        "AMT_PAYMENT_CURRENT": months.paid + unpaid,
        "AMT_PAYMENT_TOTAL_CURRENT": months.paid,
        "AMT_RECEIVABLE_PRINCIPAL": np.round(months.balance * 0.965, 2),
        "AMT_RECIVABLE": receivable,
        "AMT_TOTAL_RECEIVABLE": receivable,
        "CNT_DRAWINGS_ATM_CURRENT": months.n_atm + unwritten,
        "CNT_DRAWINGS_CURRENT": months.n_atm + months.n_pos + months.n_other,
        "CNT_DRAWINGS_OTHER_CURRENT": months.n_other + unwritten,
        "CNT_DRAWINGS_POS_CURRENT": months.n_pos + unwritten,
        "CNT_INSTALMENT_MATURE_CUM": months.settled + unbilled,
        "NAME_CONTRACT_STATUS": Text(codes.astype(np.int64), _CARD_STATUS),
        "SK_DPD": past_due,
        "SK_DPD_DEF": np.where(past_due > 45, past_due, 0),
    }


def _card_payments(draws: Draws, rows: _CardRows, months: _CardMonths) -> Payments:
    """One payment a month that has a minimum; after skipped months it settles the oldest of them."""
    made = np.flatnonzero((months.least > 0) & (months.paid > 0))
    n = len(made)
    billed = -np.floor(MONTH * rows.age[made]) - 1 - np.floor(draws.uniform(n) * 20)
    before = np.maximum(made - 1, 0)
    skipped = np.where(rows.card[before] == rows.card[made], months.behind[before], 0)
    paid_day = np.minimum(billed - np.floor(3 * draws.rng.exponential(1.0, n)), -1)
    return Payments(
        contract=rows.card[made],
        number=months.settled[made].astype(np.int64),
        due_day=billed - np.floor(MONTH * skipped),
        paid_day=paid_day,
        due=months.least[made],
        paid=months.paid[made],
        serious=np.ones(n, dtype=bool),
    )


def _payment_rows(draws: Draws, clients: Clients, *parts: tuple[Contracts, Payments, int]) -> Columns:
    """Rows of `installments_payments`; some instalments are paid in two goes."""
    blocks: list[list[np.ndarray]] = []
    for contracts, paid, version in parts:
        n = len(paid.contract)
        renewed = (version > 0) & draws.happens(0.05, len(contracts.row))[paid.contract] & (paid.number > 3)
        split = draws.happens(0.09, n) & ~np.isnan(paid.paid_day) & (paid.paid_day < -4)
        share = np.where(split, np.round(paid.paid * (0.2 + 0.6 * draws.uniform(n)), 2), paid.paid)
        first = [
            contracts.number[paid.contract],
            clients.ids[contracts.owner[paid.contract]],
            version + renewed,
            paid.number,
            paid.due_day,
            np.where(split, np.minimum(paid.paid_day, paid.due_day), paid.paid_day),
            paid.due,
            share,
        ]
        second = [column[split] for column in first]
        second[5], second[7] = paid.paid_day[split], np.round(paid.paid - share, 2)[split]
        blocks.append([np.concatenate(pair) for pair in zip(first, second, strict=True)])
    columns = [np.concatenate(pair) for pair in zip(*blocks, strict=True)]
    order = np.lexsort((columns[5], columns[3], columns[0], columns[1]))
    names = (
        "SK_ID_PREV",
        "SK_ID_CURR",
        "NUM_INSTALMENT_VERSION",
        "NUM_INSTALMENT_NUMBER",
        "DAYS_INSTALMENT",
        "DAYS_ENTRY_PAYMENT",
        "AMT_INSTALMENT",
        "AMT_PAYMENT",
    )
    return {name: column[order] for name, column in zip(names, columns, strict=True)}
