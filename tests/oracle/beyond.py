"""The features beyond the kernel once more, in pandas, from their definition in words alone.

Nothing here comes from `model.features`. Windows are masks, "last" is a sort: what the
engine does by ranks, conditions and integer sums is done here as an analyst would write
it in a notebook, in float64. Where a window holds no row, counts and totals are 0; where
its rows hold no known value, totals and their ratios are missing; a client without any row
in the table has nothing at all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.oracle.kernel import CLIENT, NONE_DAYS, read, share

DOCUMENTS = [f"FLAG_DOCUMENT_{number}" for number in range(2, 22)]
SHORT_PERIODS = ["HOUR", "DAY", "WEEK", "MON"]


def beyond_kernel(lake: Path) -> pd.DataFrame:
    """float64, one row a client in ascending order, the columns in the order of the matrix."""
    matrix = application(lake)
    for part in (bureau(lake), previous_application(lake), pos_cash(lake), instalments(lake), card(lake)):
        matrix = matrix.join(part)
    return matrix


def application(lake: Path) -> pd.DataFrame:
    frame = read(lake, "application").set_index(CLIENT).sort_index()
    scores = frame[["EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"]]
    enquiries = {
        period: frame[f"AMT_REQ_CREDIT_BUREAU_{period}"] for period in [*SHORT_PERIODS, "QRT", "YEAR"]
    }
    month = pd.DataFrame({period: enquiries[period] for period in SHORT_PERIODS})
    return pd.DataFrame(
        {
            "CREDIT_TO_GOODS": share(frame["AMT_CREDIT"], frame["AMT_GOODS_PRICE"]),
            "EXT_SOURCE_COUNT": scores.notna().sum(axis=1).astype(float),
            "EXT_SOURCE_MEAN": scores.mean(axis=1),
            "EXT_SOURCE_MIN": scores.min(axis=1),
            "EXT_SOURCE_MAX": scores.max(axis=1),
            "CREDIT_TERM": share(frame["AMT_CREDIT"], frame["AMT_ANNUITY"]),
            "CREDIT_TO_INCOME": share(frame["AMT_CREDIT"], frame["AMT_INCOME_TOTAL"]),
            "DOWN_PAYMENT": frame["AMT_GOODS_PRICE"] - frame["AMT_CREDIT"],
            "RESIDUAL_INCOME": frame["AMT_INCOME_TOTAL"] - frame["AMT_ANNUITY"],
            "DOCUMENT_COUNT": frame[DOCUMENTS].sum(axis=1, skipna=False),
            "ENQUIRIES_YEAR": pd.DataFrame(enquiries).sum(axis=1, skipna=False),
            "ENQUIRIES_MONTH": month.sum(axis=1, skipna=False),
        }
    )


def bureau(lake: Path) -> pd.DataFrame:
    rows = Rows(read(lake, "bureau"), newest_last=["DAYS_CREDIT", "SK_ID_BUREAU"])
    frame = rows.frame
    active, closed = frame["CREDIT_ACTIVE"] == "Active", frame["CREDIT_ACTIVE"] == "Closed"
    debt, amount = frame["AMT_CREDIT_SUM_DEBT"], frame["AMT_CREDIT_SUM"]
    owed = debt.notna() & amount.notna()
    cards = owed & active & (frame["CREDIT_TYPE"] == "Credit card")
    arrears, worst = frame["AMT_CREDIT_SUM_OVERDUE"], frame["AMT_CREDIT_MAX_OVERDUE"]
    told = debt.notna() & arrears.notna()
    ahead = active & (frame["DAYS_CREDIT_ENDDATE"] > 0)
    early = frame["DAYS_CREDIT_ENDDATE"] - frame["DAYS_ENDDATE_FACT"]
    return pd.DataFrame(
        {
            "BURO_COUNT": rows.count(),
            "BURO_ACTIVE_COUNT": rows.count(active),
            "BURO_NEW_180D": rows.count(frame["DAYS_CREDIT"] >= -180),
            "BURO_NEW_365D": rows.count(frame["DAYS_CREDIT"] >= -365),
            "BURO_TYPES": frame.groupby(CLIENT)["CREDIT_TYPE"].nunique().astype(float),
            "BURO_MICROLOANS": rows.count(frame["CREDIT_TYPE"] == "Microloan"),
            "BURO_DEBT_RATIO": share(rows.total(debt, owed), rows.total(amount, owed)),
            "BURO_ACTIVE_DEBT_RATIO": share(
                rows.total(debt, owed & active), rows.total(amount, owed & active)
            ),
            "BURO_CARD_DEBT_RATIO": share(rows.total(debt, cards), rows.total(amount, cards)),
            "BURO_LAST_DEBT_RATIO": rows.last(share(debt, amount)),
            "BURO_OVERDUE_DEBT_RATIO": share(rows.total(arrears, told), rows.total(debt, told)),
            "BURO_WORST_OVERDUE": rows.max(worst),
            "BURO_WORST_OVERDUE_730D": rows.max(worst, frame["DAYS_CREDIT"] >= -730),
            "BURO_OVERDUE_SHARE": rows.mean(yes(worst > 0, worst)),
            "BURO_AHEAD_DAYS": rows.mean(frame["DAYS_CREDIT_ENDDATE"], ahead),
            "BURO_PAID_EARLY_DAYS": rows.mean(early, closed),
        }
    )


def previous_application(lake: Path) -> pd.DataFrame:
    rows = Rows(read(lake, "previous_application"), newest_last=["DAYS_DECISION", "SK_ID_PREV"])
    frame = rows.frame
    status, decided = frame["NAME_CONTRACT_STATUS"], frame["DAYS_DECISION"]
    approved, refused, year = status == "Approved", status == "Refused", decided >= -365
    was_refused = refused.astype(float).where(status.notna())
    planned, ended = (without_none(frame[name]) for name in ("DAYS_LAST_DUE_1ST_VERSION", "DAYS_LAST_DUE"))
    down, price = frame["AMT_DOWN_PAYMENT"], frame["AMT_GOODS_PRICE"]
    priced = down.notna() & price.notna()
    return pd.DataFrame(
        {
            "PREV_COUNT": rows.count(),
            "PREV_365D": rows.count(year),
            "PREV_CASH": rows.count(frame["NAME_CONTRACT_TYPE"] == "Cash loans"),
            "PREV_REFUSED": rows.count(refused),
            "PREV_REFUSED_365D": rows.count(refused & year),
            "PREV_REFUSED_SHARE_365D": rows.mean(was_refused, year),
            "PREV_LAST_REFUSED": rows.last(was_refused),
            "PREV_REFUSED_OF_LAST_3": rows.mean_of_last(was_refused, 3),
            "PREV_REFUSED_OF_LAST_5": rows.mean_of_last(was_refused, 5),
            "PREV_LAST_TERM": rows.last(frame["CNT_PAYMENT"], approved),
            "PREV_TERM_OF_LAST_3": rows.mean_of_last(frame["CNT_PAYMENT"], 3, approved),
            "PREV_LAST_AMOUNT": rows.last(frame["AMT_CREDIT"], approved),
            "PREV_AMOUNT_OF_LAST_3": rows.mean_of_last(frame["AMT_CREDIT"], 3, approved),
            "PREV_LAST_INSTALMENT": rows.last(frame["AMT_ANNUITY"], approved),
            "PREV_ASKED_365D": rows.total(frame["AMT_APPLICATION"], year),
            "PREV_DOWN_PAYMENT_RATIO": share(rows.total(down, priced), rows.total(price, priced)),
            "PREV_OPEN_COUNT": rows.count(approved & (planned > 0)),
            "PREV_OPEN_UNTIL": rows.max(planned, approved),
            "PREV_PAID_EARLY_DAYS": rows.mean(planned - ended, approved),
        }
    )


def pos_cash(lake: Path) -> pd.DataFrame:
    rows = Rows(read(lake, "POS_CASH_balance"), newest_last=["MONTHS_BALANCE", "SK_ID_PREV"])
    frame = rows.frame
    delay, year = frame["SK_DPD"], frame["MONTHS_BALANCE"] >= -12
    late = yes(delay > 0, delay)
    left, planned = frame["CNT_INSTALMENT_FUTURE"], frame["CNT_INSTALMENT"]
    both = left.notna() & planned.notna()
    return pd.DataFrame(
        {
            "POS_WORST_DELAY_12M": rows.max(delay, year),
            "POS_LAST_DELAY": rows.last(delay),
            "POS_LATE_MONTHS": rows.total(late),
            "POS_LATE_MONTHS_12M": rows.total(late, year),
            "POS_LATE_SHARE": rows.mean(late),
            "POS_REMAINING": rows.last(left),
            "POS_REMAINING_RATIO": share(rows.last(left, both), rows.last(planned, both)),
            "POS_ACTIVE_12M": rows.count(year & (frame["NAME_CONTRACT_STATUS"] == "Active")),
        }
    )


def instalments(lake: Path) -> pd.DataFrame:
    rows = Rows(
        read(lake, "installments_payments"),
        newest_last=["DAYS_INSTALMENT", "SK_ID_PREV", "DAYS_ENTRY_PAYMENT"],
    )
    frame = rows.frame
    due, paid_on = frame["DAYS_INSTALMENT"], frame["DAYS_ENTRY_PAYMENT"]
    days = (paid_on - due).clip(lower=0)
    late, month_late = yes(paid_on > due, paid_on, due), yes(paid_on - due > 30, paid_on, due)
    paid, asked = frame["AMT_PAYMENT"], frame["AMT_INSTALMENT"]
    both = paid.notna() & asked.notna()
    found = {"INSTAL_CONTRACTS": frame.groupby(CLIENT)["SK_ID_PREV"].nunique().astype(float)}
    for window in (90, 180, 365):
        found[f"INSTAL_LATE_{window}D"] = rows.total(late, due >= -window)
    found["INSTAL_LATE_SHARE"] = rows.mean(late)
    found["INSTAL_LATE_SHARE_365D"] = rows.mean(late, due >= -365)
    found["INSTAL_LATE_30D"] = rows.total(month_late)
    for window in (90, 180, 365):
        # An instalment without a payment date is 0 days late, as in the kernel.
        found[f"INSTAL_WORST_DELAY_{window}D"] = rows.max(days.fillna(0.0), due >= -window)
    for last in (2, 3, 5):
        found[f"INSTAL_DELAY_OF_LAST_{last}"] = rows.mean_of_last(days, last)
    found["INSTAL_UNDERPAID_SHARE"] = rows.mean(yes(paid < asked, paid, asked))
    for window in (365, 1000):
        inside = both & (due >= -window)
        found[f"INSTAL_PAID_RATIO_{window}D"] = share(rows.total(paid, inside), rows.total(asked, inside))
    return pd.DataFrame(found)


def card(lake: Path) -> pd.DataFrame:
    rows = Rows(read(lake, "credit_card_balance"), newest_last=["MONTHS_BALANCE", "SK_ID_PREV"])
    frame = rows.frame
    year = frame["MONTHS_BALANCE"] >= -12
    balance, limit, delay = frame["AMT_BALANCE"], frame["AMT_CREDIT_LIMIT_ACTUAL"], frame["SK_DPD"]
    atm, drawn = frame["AMT_DRAWINGS_ATM_CURRENT"], frame["AMT_DRAWINGS_CURRENT"]
    paid, least = frame["AMT_PAYMENT_CURRENT"], frame["AMT_INST_MIN_REGULARITY"]
    limited = year & balance.notna() & limit.notna()
    told, asked = atm.notna() & drawn.notna(), paid.notna() & least.notna()
    return pd.DataFrame(
        {
            "CC_USE_LAST": rows.last(share(balance, limit)),
            "CC_USE_12M": share(rows.total(balance, limited), rows.total(limit, limited)),
            "CC_USE_MAX_12M": rows.max(share(balance, limit), year),
            "CC_OVER_LIMIT_MONTHS": rows.total(yes(balance > limit, balance, limit)),
            "CC_ATM_SHARE": share(rows.total(atm, told), rows.total(drawn, told)),
            "CC_ATM_SHARE_12M": share(rows.total(atm, told & year), rows.total(drawn, told & year)),
            "CC_WORST_DELAY_12M": rows.max(delay, year),
            "CC_LATE_MONTHS_12M": rows.total(yes(delay > 0, delay), year),
            "CC_PAID_TO_MINIMUM": share(rows.total(paid, asked), rows.total(least, asked)),
            "CC_UNDER_MINIMUM_SHARE": rows.mean(yes(paid < least, paid, least)),
        }
    )


class Rows:
    """Rows of one table and the aggregates an analyst takes of them, one value a client."""

    def __init__(self, frame: pd.DataFrame, *, newest_last: list[str]) -> None:
        self.frame = frame.sort_values(newest_last, kind="stable")
        self.ranked = self.frame[newest_last].notna().all(axis=1)
        self.clients = pd.Index(np.unique(frame[CLIENT]), name=CLIENT)

    def _by_client(self, values: pd.Series, where: pd.Series | None) -> pd.core.groupby.SeriesGroupBy:
        known = values.notna() if where is None else values.notna() & where
        return values[known].groupby(self.frame.loc[known, CLIENT])

    def count(self, where: pd.Series | None = None) -> pd.Series:
        chosen = self.frame if where is None else self.frame[where]
        return chosen.groupby(CLIENT).size().reindex(self.clients, fill_value=0).astype(float)

    def total(self, values: pd.Series, where: pd.Series | None = None) -> pd.Series:
        found = self._by_client(values, where).sum().reindex(self.clients)
        return found.where(self.count(where) > 0, 0.0)

    def mean(self, values: pd.Series, where: pd.Series | None = None) -> pd.Series:
        return self._by_client(values, where).mean().reindex(self.clients)

    def max(self, values: pd.Series, where: pd.Series | None = None) -> pd.Series:
        return self._by_client(values, where).max().reindex(self.clients)

    def last(self, values: pd.Series, where: pd.Series | None = None) -> pd.Series:
        return self.mean_of_last(values, 1, where)

    def mean_of_last(self, values: pd.Series, k: int, where: pd.Series | None = None) -> pd.Series:
        ranked = self.ranked if where is None else self.ranked & where
        known = values.notna() & ranked
        latest = self.frame.loc[known, [CLIENT]].assign(value=values[known]).groupby(CLIENT).tail(k)
        return latest.groupby(CLIENT)["value"].mean().reindex(self.clients)


def yes(condition: pd.Series, *read_by_it: pd.Series) -> pd.Series:
    """1 and 0, missing where a side of the condition is."""
    known = pd.concat([side.notna() for side in read_by_it], axis=1).all(axis=1)
    return condition.astype(float).where(known)


def without_none(days: pd.Series) -> pd.Series:
    return days.where(days != NONE_DAYS)
