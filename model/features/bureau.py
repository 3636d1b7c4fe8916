"""Features of the credits that other lenders reported, with their monthly balance."""

from __future__ import annotations

from model.features.spec import Child, Source

BUREAU = Source(
    table="bureau",
    prefix="BURO_",
    rows={
        "WAS_OVERDUE": "cast(AMT_CREDIT_MAX_OVERDUE > 0 as integer)",
        "PAID_EARLY": "DAYS_CREDIT_ENDDATE - DAYS_ENDDATE_FACT",
        "DEBT_RATIO": "AMT_CREDIT_SUM_DEBT / AMT_CREDIT_SUM",
    },
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
    windows={
        "CARDS": "CREDIT_ACTIVE = 'Active' and CREDIT_TYPE = 'Credit card'",
        "LAST_180D": "DAYS_CREDIT >= -180",
        "LAST_365D": "DAYS_CREDIT >= -365",
        "LAST_730D": "DAYS_CREDIT >= -730",
        "MICROLOANS": "CREDIT_TYPE = 'Microloan'",
        "AHEAD": "CREDIT_ACTIVE = 'Active' and DAYS_CREDIT_ENDDATE > 0",
    },
    order=("DAYS_CREDIT", "SK_ID_BUREAU"),
    beyond={
        "BURO_COUNT": "rows",
        "BURO_ACTIVE_COUNT": "rows in ACTIVE",
        "BURO_NEW_180D": "rows in LAST_180D",
        "BURO_NEW_365D": "rows in LAST_365D",
        "BURO_TYPES": "nunique CREDIT_TYPE",
        "BURO_MICROLOANS": "rows in MICROLOANS",
        "BURO_DEBT_RATIO": "total AMT_CREDIT_SUM_DEBT / total AMT_CREDIT_SUM",
        "BURO_ACTIVE_DEBT_RATIO": "total AMT_CREDIT_SUM_DEBT in ACTIVE / total AMT_CREDIT_SUM in ACTIVE",
        "BURO_CARD_DEBT_RATIO": "total AMT_CREDIT_SUM_DEBT in CARDS / total AMT_CREDIT_SUM in CARDS",
        "BURO_LAST_DEBT_RATIO": "last DEBT_RATIO",
        "BURO_OVERDUE_DEBT_RATIO": "total AMT_CREDIT_SUM_OVERDUE / total AMT_CREDIT_SUM_DEBT",
        "BURO_WORST_OVERDUE": "max AMT_CREDIT_MAX_OVERDUE",
        "BURO_WORST_OVERDUE_730D": "max AMT_CREDIT_MAX_OVERDUE in LAST_730D",
        "BURO_OVERDUE_SHARE": "mean WAS_OVERDUE",
        "BURO_AHEAD_DAYS": "mean DAYS_CREDIT_ENDDATE in AHEAD",
        "BURO_PAID_EARLY_DAYS": "mean PAID_EARLY in CLOSED",
    },
)
