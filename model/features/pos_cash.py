"""Features of the monthly balance of point-of-sale and cash loans."""

from __future__ import annotations

from model.features.spec import Source

POS_CASH = Source(
    table="POS_CASH_balance",
    prefix="POS_",
    rows={"LATE": "cast(SK_DPD > 0 as integer)"},
    stats="""
        MONTHS_BALANCE: max mean size
        SK_DPD SK_DPD_DEF: max mean
        """,
    shares="NAME_CONTRACT_STATUS: mean",
    count="POS_COUNT",
    windows={
        "LAST_12M": "MONTHS_BALANCE >= -12",
        "ACTIVE_12M": "NAME_CONTRACT_STATUS = 'Active' and MONTHS_BALANCE >= -12",
    },
    order=("MONTHS_BALANCE", "SK_ID_PREV"),
    beyond={
        "POS_WORST_DELAY_12M": "max SK_DPD in LAST_12M",
        "POS_LAST_DELAY": "last SK_DPD",
        "POS_LATE_MONTHS": "total LATE",
        "POS_LATE_MONTHS_12M": "total LATE in LAST_12M",
        "POS_LATE_SHARE": "mean LATE",
        "POS_REMAINING": "last CNT_INSTALMENT_FUTURE",
        "POS_REMAINING_RATIO": "last CNT_INSTALMENT_FUTURE / last CNT_INSTALMENT",
        "POS_ACTIVE_12M": "rows in ACTIVE_12M",
    },
)
