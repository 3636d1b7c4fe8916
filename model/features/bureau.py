"""Features of the credits that other lenders reported, with their monthly balance."""

from __future__ import annotations

from model.features.spec import Child, Source

BUREAU = Source(
    table="bureau",
    prefix="BURO_",
    child=Child(
        table="bureau_balance",
        key="SK_ID_BUREAU",
        stats="MONTHS_BALANCE: min max size",
        shares=("STATUS",),
    ),
    stats="""
        DAYS_CREDIT: min max mean var
        DAYS_CREDIT_ENDDATE: min max mean
        DAYS_CREDIT_UPDATE: mean
        CREDIT_DAY_OVERDUE: max mean
        AMT_CREDIT_MAX_OVERDUE: mean
        AMT_CREDIT_SUM AMT_CREDIT_SUM_DEBT: max mean sum
        AMT_CREDIT_SUM_OVERDUE: mean
        AMT_CREDIT_SUM_LIMIT: mean sum
        AMT_ANNUITY: max mean
        CNT_CREDIT_PROLONG: sum
        MONTHS_BALANCE_MIN: min
        MONTHS_BALANCE_MAX: max
        MONTHS_BALANCE_SIZE: mean sum
        """,
    shares="CREDIT_ACTIVE CREDIT_CURRENCY CREDIT_TYPE: mean",
    child_shares=("mean",),
    slices={
        "ACTIVE_": "CREDIT_ACTIVE = 'Active'",
        "CLOSED_": "CREDIT_ACTIVE = 'Closed'",
    },
)
