"""Features of the monthly balance of credit cards."""

from __future__ import annotations

from model.features.spec import Source

CREDIT_CARD = Source(
    table="credit_card_balance",
    prefix="CC_",
    stats="""
        MONTHS_BALANCE AMT_BALANCE AMT_CREDIT_LIMIT_ACTUAL: min max mean sum var
        AMT_DRAWINGS_ATM_CURRENT AMT_DRAWINGS_CURRENT: min max mean sum var
        AMT_DRAWINGS_OTHER_CURRENT AMT_DRAWINGS_POS_CURRENT: min max mean sum var
        AMT_INST_MIN_REGULARITY AMT_PAYMENT_CURRENT AMT_PAYMENT_TOTAL_CURRENT: min max mean sum var
        AMT_RECEIVABLE_PRINCIPAL AMT_RECIVABLE AMT_TOTAL_RECEIVABLE: min max mean sum var
        CNT_DRAWINGS_ATM_CURRENT CNT_DRAWINGS_CURRENT: min max mean sum var
        CNT_DRAWINGS_OTHER_CURRENT CNT_DRAWINGS_POS_CURRENT: min max mean sum var
        CNT_INSTALMENT_MATURE_CUM SK_DPD SK_DPD_DEF: min max mean sum var
        """,
    shares="NAME_CONTRACT_STATUS: min max mean sum var",
    count="CC_COUNT",
)
