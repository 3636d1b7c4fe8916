"""Earlier applications with this lender, and the contracts that came of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.tables import SENTINEL_DAYS
from training.portfolio import marginals as m
from training.portfolio.draws import Choice, Columns, Draws, Flags, Floats, Ints, Text, instalment, spread
from training.portfolio.people import Clients

MOST_APPLICATIONS = 45

_CONSUMER_TERMS = np.array([4, 6, 8, 8, 10, 10, 12, 12, 18, 24], dtype=float)
_CASH_TERMS = np.array([6, 12, 12, 18, 24, 24, 36, 48, 60], dtype=float)


@dataclass(frozen=True, slots=True)
class Contracts:
    """Approved and drawn contracts of a block.

    Attributes
    ----------
    row : row of previous_application
    owner : position of the client in the block
    number : SK_ID_PREV
    decided : day of the decision
    first_due : day of the first instalment
    term : instalments agreed
    months : instalments until the contract ends; fewer than `term` when it is repaid early
    due : amount of an instalment
    card : whether it is a credit card (no term; `first_due` is the day of the first drawing)
    limit : amount of the card
    """

    row: Ints
    owner: Ints
    number: Ints
    decided: Floats
    first_due: Floats
    term: Floats
    months: Floats
    due: Floats
    card: Flags
    limit: Floats

    def only(self, which: Flags) -> Contracts:
        """The contracts for which `which` is true."""
        return Contracts(*(getattr(self, name)[which] for name in self.__slots__))


def make_previous(clients: Clients, seed: int, block: int) -> tuple[Columns, Contracts]:
    """Draw the earlier applications of each client, oldest first.

    AMT_ANNUITY is what is repaid within the first year: an instalment times the number of
    instalments, at most twelve. Numbers are client number · 100 and up.
    """
    draws = Draws(seed, block, 3)
    count = len(clients)
    counts = 1 + draws.rng.poisson(draws.rng.gamma(1.3, 3.95 * np.exp(0.04 * clients.risk) / 1.3))
    counts = np.where(draws.happens(0.95, count), np.minimum(counts, MOST_APPLICATIONS), 0)
    owner, place = spread(counts)
    n = len(owner)
    risk = clients.risk[owner]
    grudge = draws.signal(clients.risk, 0.75)[owner]

    kind = draws.text(m.PREVIOUS_TYPE, n)
    status = _by_type(draws, m.STATUS, kind, grudge)
    decided = _decided(draws, kind, status)
    oldest_first = np.lexsort((decided, owner))
    kind, status = _take(kind, oldest_first), _take(status, oldest_first)
    decided = decided[oldest_first]
    # Most clients came by a purchase on credit that was granted.
    entry = (place == 0) & draws.happens(0.8, n)
    kind, status = kind.put(entry, "Consumer loans"), status.put(entry, "Approved")

    consumer, cash = kind.is_("Consumer loans"), kind.is_("Cash loans")
    card = kind.is_("Revolving loans")
    refused, canceled, unused = (status.is_(name) for name in ("Refused", "Canceled", "Unused offer"))

    size = 0.45 * clients.means[owner] + 0.89 * draws.normal(n)
    median = np.where(consumer, 820.0, np.where(cash, 4_600.0, 1_800.0))
    goods = np.exp(np.log(median) + np.where(consumer, 0.75, 0.8) * size)
    step = np.where(card, 100, np.where(goods < 1_000, 5, 50))
    goods = np.clip(np.round(goods / step) * step, np.where(consumer, 100, 300), 60_000)
    empty = (canceled & draws.happens(0.966, n)) | (card & draws.happens(0.3, n) & ~canceled)
    asked = np.where(empty, 0.0, goods)

    rate_down = np.where(consumer, m.DOWN_PAYMENT_RATE.at(draws.signal(risk, -0.12)), 0.0)
    markup = np.where(cash, m.CREDIT_TO_GOODS.at(draws.signal(risk, 0.1)), 1.0)
    markup = np.where(consumer, np.exp(0.07 * draws.normal(n)), markup)
    credit = np.round(goods * (1 - rate_down) * markup, 2)
    credit = np.where(empty & ~card, 0.0, credit)

    yearly = np.clip(np.where(consumer, 0.11, 0.13) + 0.05 * draws.signal(risk, 0.15), 0.0, 0.3)
    term = np.where(consumer, _pick(draws, _CONSUMER_TERMS, size), _pick(draws, _CASH_TERMS, size))
    due = np.round(instalment(np.maximum(credit, 1), np.maximum(yearly, 0.001), term), 2)
    annuity = np.round(np.where(card, 0.3 * credit, due * np.minimum(term, 12)), 2)
    unpriced = canceled & empty | unused | (refused & draws.happens(0.17, n)) | kind.is_("XNA")

    columns: Columns = {
        "SK_ID_PREV": clients.ids[owner] * 100 + place,
        "SK_ID_CURR": clients.ids[owner],
        "NAME_CONTRACT_TYPE": kind,
        "AMT_ANNUITY": np.where(unpriced, np.nan, annuity),
        "AMT_APPLICATION": asked,
        "AMT_CREDIT": np.where(canceled & empty, 0.0, credit),
        "AMT_DOWN_PAYMENT": np.where(consumer, np.round(goods * rate_down, 2), np.nan),
        "AMT_GOODS_PRICE": np.where(asked == 0, np.nan, goods),
        "NAME_CONTRACT_STATUS": status,
        "DAYS_DECISION": decided,
        "RATE_DOWN_PAYMENT": np.where(consumer, np.round(rate_down, 6), np.nan),
        "CNT_PAYMENT": np.where(unpriced, np.nan, np.where(card, 0, term)),
    }
    # Interest rates and a down payment on a cash loan are filled in only now and then.
    rated = draws.happens(0.004, n) & consumer
    columns["RATE_INTEREST_PRIMARY"] = np.where(rated, np.round(0.19 + 0.05 * draws.normal(n), 6), np.nan)
    columns["RATE_INTEREST_PRIVILEGED"] = np.where(rated, np.round(0.77 + 0.08 * draws.normal(n), 6), np.nan)
    nothing_down = cash & draws.happens(0.11, n)
    for name in ("AMT_DOWN_PAYMENT", "RATE_DOWN_PAYMENT"):
        columns[name] = np.where(nothing_down, 0.0, np.asarray(columns[name], dtype=float))
    _describe(draws, columns, kind, status, yearly, risk, place, empty)
    contracts = _contracts(draws, columns, clients, owner, due, term, risk)
    return columns, contracts


def _by_type(draws: Draws, tables: dict[str, Choice], kind: Text, score: Floats) -> Text:
    """A category a row from the table of its contract type."""
    names = tuple(dict.fromkeys(name for table in tables.values() for name in table.names))
    codes = np.full(len(kind.codes), -1)
    for code, name in enumerate(kind.categories):
        rows = np.flatnonzero(kind.codes == code)
        if len(rows) and name in tables:
            drawn = draws.text(tables[name], len(rows), score[rows])
            codes[rows] = np.array([names.index(c) for c in drawn.categories])[drawn.codes]
    return Text(codes, names)


def _decided(draws: Draws, kind: Text, status: Text) -> Floats:
    score = draws.normal(len(kind.codes))
    days = m.DAYS_DECISION["Canceled"].at(score)
    canceled = status.is_("Canceled")
    for name in ("Consumer loans", "Cash loans", "Revolving loans"):
        days = np.where(kind.is_(name) & ~canceled, m.DAYS_DECISION[name].at(score), days)
    return np.minimum(np.round(days), -2)


def _take(text: Text, order: Ints) -> Text:
    return Text(text.codes[order], text.categories)


def _pick(draws: Draws, terms: Floats, size: Floats) -> Floats:
    """A term, longer for larger amounts."""
    score = 0.55 * size + 0.835 * draws.normal(len(size))
    place = np.clip(np.floor((score + 2.0) / 4.0 * len(terms)), 0, len(terms) - 1)
    return terms[place.astype(np.int64)]


def _describe(
    draws: Draws,
    columns: Columns,
    kind: Text,
    status: Text,
    rate: Floats,
    risk: Floats,
    place: Ints,
    empty: Flags,
) -> None:
    """Fill the text columns, each consistent with type, status and product."""
    n = len(place)
    consumer, cash = kind.is_("Consumer loans"), kind.is_("Cash loans")
    card = kind.is_("Revolving loans")
    approved = status.is_("Approved")
    unpriced = np.isnan(np.asarray(columns["CNT_PAYMENT"], dtype=float))
    known = ~unpriced & ~kind.is_("XNA")

    goods = draws.text(m.CONSUMER_GOODS, n).put(~consumer, "XNA")
    industry = _mapped(goods, m.INDUSTRY_OF_GOODS).put(~consumer, "XNA")
    shop = ~consumer & draws.happens(0.06, n)
    industry = industry.put(shop, "Consumer electronics")
    walk_in = draws.happens(np.where(cash, 0.21, 0.4), n)
    product = Text(np.where(walk_in, 1, 2), ("XNA", "walk-in", "x-sell")).put(consumer | ~known, "XNA")

    bands = np.searchsorted([0.045, 0.1, 0.145], rate)
    yields = Text(bands, ("low_action", "low_normal", "middle", "high", "XNA")).put(card | ~known, "XNA")
    portfolio = Text(
        np.select([consumer, cash, card], [0, 1, 2], 4), ("POS", "Cash", "Cards", "Cars", "XNA")
    ).put(~known, "XNA")

    reasons = draws.text(m.REJECT_REASON, n, risk)
    reasons = reasons.put(~status.is_("Refused"), "XAP").put(status.is_("Unused offer"), "CLIENT")
    purpose = draws.text(m.PURPOSE, n, risk).put(~cash, "XAP")
    newcomer = (place == 0) & draws.happens(0.92, n)
    returning = Text(np.where(draws.happens(0.12, n), 1, 0), ("Repeater", "Refreshed", "New", "XNA"))
    suite = draws.text(m.PREVIOUS_SUITE, n).put(
        draws.happens(np.where(unpriced, 0.9, np.where(card, 0.6, 0.33)), n), None
    )
    paid = Text(
        np.where(draws.happens(0.008, n), 1, 0),
        (
            "Cash through the bank",
            "Non-cash from your account",
            "Cashless from the account of the employer",
            "XNA",
        ),
    ).put(card | unpriced | draws.happens(0.1, n), "XNA")

    channel = _by_type(draws, m.CHANNEL, kind.put(card, "Cash loans"), risk).put(
        kind.is_("XNA"), "Country-wide"
    )
    area = np.round(m.SELLERPLACE_AREA.at(draws.normal(n)))
    columns |= {
        "WEEKDAY_APPR_PROCESS_START": draws.text(m.WEEKDAY, n),
        "HOUR_APPR_PROCESS_START": np.clip(np.round(12.5 + 3.3 * draws.normal(n)), 0, 23),
        "FLAG_LAST_APPL_PER_CONTRACT": Text(draws.happens(0.996, n).astype(np.int64), ("N", "Y")),
        "NFLAG_LAST_APPL_IN_DAY": draws.happens(0.9965, n).astype(np.int64),
        "NAME_CASH_LOAN_PURPOSE": purpose,
        "NAME_PAYMENT_TYPE": paid,
        "CODE_REJECT_REASON": reasons,
        "NAME_TYPE_SUITE": suite,
        "NAME_CLIENT_TYPE": returning.put(newcomer, "New").put(draws.happens(0.0012, n), "XNA"),
        "NAME_GOODS_CATEGORY": goods,
        "NAME_PORTFOLIO": portfolio,
        "NAME_PRODUCT_TYPE": product,
        "CHANNEL_TYPE": channel,
        "SELLERPLACE_AREA": np.where(consumer | (draws.happens(0.2, n) & approved), area, -1),
        "NAME_SELLER_INDUSTRY": industry,
        "NAME_YIELD_GROUP": yields,
        "PRODUCT_COMBINATION": _combination(kind, industry, product, yields, known),
    }


def _mapped(text: Text, words: dict[str, str]) -> Text:
    names = tuple(dict.fromkeys(words.values()))
    return Text(np.array([names.index(words[c]) for c in text.categories])[text.codes], names)


def _combination(kind: Text, industry: Text, product: Text, yields: Text, known: Flags) -> Text:
    """PRODUCT_COMBINATION, put together from the parts it is named after."""
    n = len(kind.codes)
    words = np.full(n, "", dtype=object)
    fields = np.array([m.PRODUCT_OF_INDUSTRY[name] for name in industry.categories], dtype=object)[
        industry.codes
    ]
    free = yields.is_("low_action")
    field = np.where(free & (fields == "other"), "others", fields)
    pos = "POS " + field + np.where(free, " without interest", " with interest")
    street = np.where(product.is_("x-sell"), "X-Sell", "Street").astype(object)
    level = np.select([yields.is_("high"), yields.is_("middle")], ["high", "middle"], "low").astype(object)
    words = np.where(kind.is_("Consumer loans"), pos, words)
    words = np.where(kind.is_("Cash loans"), np.where(known, "Cash " + street + ": " + level, "Cash"), words)
    words = np.where(kind.is_("Revolving loans"), "Card " + street, words)
    names, codes = np.unique(words.astype(str), return_inverse=True)
    text = Text(codes.astype(np.int64), tuple(str(name) for name in names))
    return text.put(kind.is_("XNA"), None)


def _contracts(
    draws: Draws,
    columns: Columns,
    clients: Clients,
    owner: Ints,
    due: Floats,
    term: Floats,
    risk: Floats,
) -> Contracts:
    """Contracts of the approved applications, with the days that `previous_application` keeps of them."""
    n = len(owner)
    status, kind = columns["NAME_CONTRACT_STATUS"], columns["NAME_CONTRACT_TYPE"]
    assert isinstance(status, Text) and isinstance(kind, Text)
    approved, card = status.is_("Approved"), kind.is_("Revolving loans")
    decided = np.asarray(columns["DAYS_DECISION"], dtype=float)
    credit = np.asarray(columns["AMT_CREDIT"], dtype=float)
    taken = approved & ~draws.happens(np.where(kind.is_("Cash loans"), 0.07, 0.022), n)
    wait = 30 + np.where(draws.happens(0.3, n), np.floor(draws.rng.exponential(9, n)), 0)
    first_due = decided + np.where(card, np.floor(draws.rng.exponential(40, n)), wait)
    early = ~card & draws.happens(0.26 * np.exp(-0.12 * risk), n)
    months = np.where(early, np.maximum(np.ceil(term * (0.25 + 0.7 * draws.uniform(n))), 1), term)
    begun = taken & (first_due < 0)

    insured = draws.happens(np.where(card, 0.005, np.where(kind.is_("Cash loans"), 0.8, 0.17)), n)
    planned_end = first_due + 30 * (term - 1)
    none = np.where(taken, float(SENTINEL_DAYS), np.nan)
    columns |= {
        "DAYS_FIRST_DRAWING": np.where(begun & card, first_due, none),
        "DAYS_FIRST_DUE": np.where(begun & ~card, first_due, none),
        "DAYS_LAST_DUE_1ST_VERSION": np.where(begun & ~card, planned_end, none),
        "DAYS_LAST_DUE": none,
        "DAYS_TERMINATION": none,
        "NFLAG_INSURED_ON_APPROVAL": np.where(taken, insured, np.nan),
    }
    row = np.flatnonzero(begun)
    number = np.asarray(columns["SK_ID_PREV"]).astype(np.int64)
    return Contracts(
        row,
        owner[row],
        number[row],
        decided[row],
        first_due[row],
        term[row],
        months[row],
        due[row],
        card[row],
        credit[row],
    )
