"""Features of the monthly balance of credit cards."""

from __future__ import annotations

from model.features.spec import Source

CREDIT_CARD = Source(
    table="credit_card_balance",
    prefix="CC_",
    rows={
        "USE": "AMT_BALANCE / AMT_CREDIT_LIMIT_ACTUAL",
        "LATE": "cast(SK_DPD > 0 as integer)",
        "OVER_LIMIT": "cast(AMT_BALANCE > AMT_CREDIT_LIMIT_ACTUAL as integer)",
        "UNDER_MINIMUM": "cast(AMT_PAYMENT_CURRENT < AMT_INST_MIN_REGULARITY as integer)",
    },
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
    windows={"LAST_12M": "MONTHS_BALANCE >= -12"},
    order=("MONTHS_BALANCE", "SK_ID_PREV"),
    beyond={
        "CC_USE_LAST": "last USE",
        "CC_USE_12M": "total AMT_BALANCE in LAST_12M / total AMT_CREDIT_LIMIT_ACTUAL in LAST_12M",
        "CC_USE_MAX_12M": "max USE in LAST_12M",
        "CC_OVER_LIMIT_MONTHS": "total OVER_LIMIT",
        "CC_ATM_SHARE": "total AMT_DRAWINGS_ATM_CURRENT / total AMT_DRAWINGS_CURRENT",
        "CC_ATM_SHARE_12M": """
            total AMT_DRAWINGS_ATM_CURRENT in LAST_12M / total AMT_DRAWINGS_CURRENT in LAST_12M""",
        "CC_WORST_DELAY_12M": "max SK_DPD in LAST_12M",
        "CC_LATE_MONTHS_12M": "total LATE in LAST_12M",
        "CC_PAID_TO_MINIMUM": "total AMT_PAYMENT_CURRENT / total AMT_INST_MIN_REGULARITY",
        "CC_UNDER_MINIMUM_SHARE": "mean UNDER_MINIMUM",
    },
)
