"""Features of the monthly balance of point-of-sale and cash loans."""

from __future__ import annotations

from model.features.spec import Source

POS_CASH = Source(
    table="POS_CASH_balance",
    prefix="POS_",
    stats="""
        MONTHS_BALANCE: max mean size
        SK_DPD SK_DPD_DEF: max mean
        """,
    shares="NAME_CONTRACT_STATUS: mean",
    count="POS_COUNT",
)
