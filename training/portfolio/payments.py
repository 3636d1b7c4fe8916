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


def _card_months(
    draws: Draws, clients: Clients, previous: Columns, cards: Contracts
) -> tuple[Columns, Payments]:
    """Run each card month by month: drawings, interest, minimum payment, arrears."""
    size = len(cards.row)
    oldest = np.minimum(np.floor(-cards.first_due / MONTH), MOST_MONTHS).astype(np.int64)
    gone = draws.happens(0.16, size) & (oldest > 6)
    newest = np.where(gone, 1 + np.floor(draws.uniform(size) * (oldest - 4)), 1).astype(np.int64)
    counts = oldest - newest + 1
    starts = np.cumsum(counts) - counts
    contract, place = spread(counts)
    n = len(contract)

    risk, carefree = clients.risk[cards.owner], clients.discipline[cards.owner]
    limit = np.clip(np.round(cards.limit, -2), 300, 20_000)
    appetite = draws.signal(risk, 0.45)
    idle = draws.happens(sigmoid(0.45 - 0.5 * appetite), size)
    wish = np.where(idle, 0.02, np.minimum(0.55 * np.exp(0.55 * appetite), 4.0))
    fields = {
        name: np.zeros(n)
        for name in (
            "balance",
            "atm",
            "pos",
            "other",
            "n_atm",
            "n_pos",
            "n_other",
            "least",
            "paid",
            "dpd",
            "grown",
        )
    }
    balance, missed, grown = (np.zeros(size) for _ in range(3))
    for step in range(int(counts.max(initial=0))):
        live = np.flatnonzero(counts > step)
        row = starts[live] + step
        least = np.where(balance[live] > 0, np.maximum(np.round(0.05 * balance[live], 2), 5.0), 0.0)
        least = np.minimum(least, balance[live])
        skips = draws.happens(sigmoid(-3.7 + 0.95 * carefree[live]), len(live)) & (least > 0)
        more = np.exp(draws.normal(len(live)) - 0.35 - 0.35 * appetite[live])
        payment = np.where(skips, 0.0, np.minimum(np.round(least * (1 + more), 2), balance[live]))
        missed[live] = np.where(skips, missed[live] + 1, 0)
        grown[live] += (least > 0) & ~skips

        room = np.maximum(limit[live] - balance[live], 0)
        n_atm = draws.rng.poisson(wish[live])
        n_pos = draws.rng.poisson(1.6 * wish[live] * (appetite[live] < 0.6))
        n_other = draws.happens(0.004 * wish[live], len(live)).astype(float)
        atm = np.minimum(n_atm * np.exp(4.6 + 0.6 * draws.normal(len(live))), room)
        pos = np.minimum(n_pos * np.exp(3.6 + 0.7 * draws.normal(len(live))), room - atm)
        other = np.minimum(n_other * 200, room - atm - pos)
        atm, pos, other = (np.round(amount, 2) for amount in (atm, pos, other))
        interest = np.where(balance[live] > 1, 0.013 * (balance[live] - payment), 0.0)
        balance[live] = np.round(balance[live] - payment + interest + atm + pos + other, 2)
        for name, values in (
            ("balance", balance[live]),
            ("atm", atm),
            ("pos", pos),
            ("other", other),
            ("n_atm", np.where(atm > 0, n_atm, 0)),
            ("n_pos", np.where(pos > 0, n_pos, 0)),
            ("n_other", np.where(other > 0, n_other, 0)),
            ("least", least),
            ("paid", payment),
            ("dpd", missed[live]),
            ("grown", grown[live]),
        ):
            fields[name][row] = values
    age = oldest[contract] - place
    columns = _card_columns(draws, clients, cards, contract, age, place, limit, gone, newest, fields)
    _close_cards(previous, cards, gone, newest)
    return columns, _card_payments(draws, contract, age, fields)


def _card_columns(
    draws: Draws,
    clients: Clients,
    cards: Contracts,
    contract: Ints,
    age: Ints,
    place: Ints,
    limit: Floats,
    gone: Flags,
    newest: Ints,
    fields: dict[str, Floats],
) -> Columns:
    n = len(contract)
    balance = fields["balance"]
    drawn = np.round(fields["atm"] + fields["pos"] + fields["other"], 2)
    quiet = (drawn == 0) & (balance == 0)
    unwritten = np.where(quiet & draws.happens(0.37, n), np.nan, 0.0)
    unpaid = np.where((fields["paid"] == 0) & draws.happens(0.36, n), np.nan, 0.0)
    unbilled = np.where(quiet & draws.happens(0.12, n), np.nan, 0.0)
    principal = np.round(balance * 0.965, 2)
    completed = gone[contract] & (age == newest[contract])
    past_due = np.floor(MONTH * fields["dpd"] * np.where(fields["dpd"] > 0, 1.0, 0.0))
    serious = past_due > 45
    codes = np.where(completed, 1, np.where((place == 0) & draws.happens(0.08, n), 2, 0))
    codes = _rarely(draws, codes, {3: 0.0001, 4: 0.0003, 5: 0.00001, 6: 0.00001})
    receivable = np.where(draws.happens(0.02, n) & (balance > 0), np.round(balance * 0.99, 2), balance)
    return {
        "SK_ID_PREV": cards.number[contract],
        "SK_ID_CURR": clients.ids[cards.owner[contract]],
        "MONTHS_BALANCE": -age,
        "AMT_BALANCE": balance,
        "AMT_CREDIT_LIMIT_ACTUAL": np.where(completed, 0, limit[contract]),
        "AMT_DRAWINGS_ATM_CURRENT": fields["atm"] + unwritten,
        "AMT_DRAWINGS_CURRENT": drawn,
        "AMT_DRAWINGS_OTHER_CURRENT": fields["other"] + unwritten,
        "AMT_DRAWINGS_POS_CURRENT": fields["pos"] + unwritten,
        "AMT_INST_MIN_REGULARITY": fields["least"] + unbilled,
        "AMT_PAYMENT_CURRENT": fields["paid"] + unpaid,
        "AMT_PAYMENT_TOTAL_CURRENT": fields["paid"],
        "AMT_RECEIVABLE_PRINCIPAL": principal,
        "AMT_RECIVABLE": receivable,
        "AMT_TOTAL_RECEIVABLE": receivable,
        "CNT_DRAWINGS_ATM_CURRENT": fields["n_atm"] + unwritten,
        "CNT_DRAWINGS_CURRENT": fields["n_atm"] + fields["n_pos"] + fields["n_other"],
        "CNT_DRAWINGS_OTHER_CURRENT": fields["n_other"] + unwritten,
        "CNT_DRAWINGS_POS_CURRENT": fields["n_pos"] + unwritten,
        "CNT_INSTALMENT_MATURE_CUM": fields["grown"] + unbilled,
        "NAME_CONTRACT_STATUS": Text(codes.astype(np.int64), _CARD_STATUS),
        "SK_DPD": past_due,
        "SK_DPD_DEF": np.where(serious, past_due, 0),
    }


def _close_cards(previous: Columns, cards: Contracts, gone: Flags, newest: Ints) -> None:
    for name in ("DAYS_LAST_DUE", "DAYS_TERMINATION"):
        column = np.asarray(previous[name], dtype=float).copy()
        column[cards.row[gone]] = -np.floor(MONTH * newest[gone])
        previous[name] = column


def _card_payments(draws: Draws, contract: Ints, age: Ints, fields: dict[str, Floats]) -> Payments:
    """The minimum payment of each month that has one; a skipped one is paid with a later month's."""
    rows = np.flatnonzero((fields["least"] > 0) & (fields["paid"] > 0))
    n = len(rows)
    due_day = -np.floor(MONTH * age[rows]) - 1 - np.floor(draws.uniform(n) * 20)
    previous_dpd = np.where(rows > 0, fields["dpd"][np.maximum(rows - 1, 0)], 0)
    same_card = contract[np.maximum(rows - 1, 0)] == contract[rows]
    behind = np.where(same_card, previous_dpd, 0)
    # The payment settles the oldest minimum that was skipped.
    first_due = due_day - np.floor(MONTH * behind)
    paid_day = due_day - np.floor(3 * draws.rng.exponential(1.0, n))
    return Payments(
        contract[rows],
        fields["grown"][rows].astype(np.int64),
        first_due,
        np.minimum(paid_day, -1),
        fields["least"][rows],
        fields["paid"][rows],
        np.ones(n, dtype=bool),
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
