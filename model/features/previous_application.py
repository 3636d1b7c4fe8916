"""Features of the client's earlier applications with this lender."""

from __future__ import annotations

from model.features.spec import Source

PREVIOUS_APPLICATION = Source(
    table="previous_application",
    prefix="PREV_",
    # 365243 days is the archive's "none": whoever reads one of these five gets missing, not a
    # thousand years.
    rows={
        "DAYS_FIRST_DRAWING": "nullif(DAYS_FIRST_DRAWING, 365243)",
        "DAYS_FIRST_DUE": "nullif(DAYS_FIRST_DUE, 365243)",
        "DAYS_LAST_DUE_1ST_VERSION": "nullif(DAYS_LAST_DUE_1ST_VERSION, 365243)",
        "DAYS_LAST_DUE": "nullif(DAYS_LAST_DUE, 365243)",
        "DAYS_TERMINATION": "nullif(DAYS_TERMINATION, 365243)",
        "APP_CREDIT_PERC": "AMT_APPLICATION / AMT_CREDIT",
        "WAS_REFUSED": "cast(NAME_CONTRACT_STATUS = 'Refused' as integer)",
        "PAID_EARLY": "DAYS_LAST_DUE_1ST_VERSION - DAYS_LAST_DUE",
    },
    stats="""
        AMT_ANNUITY AMT_APPLICATION AMT_CREDIT: min max mean
        APP_CREDIT_PERC: min max mean var
        AMT_DOWN_PAYMENT AMT_GOODS_PRICE: min max mean
        HOUR_APPR_PROCESS_START: min max mean
        RATE_DOWN_PAYMENT: min max mean
        DAYS_DECISION: min max mean
        CNT_PAYMENT: mean sum
        """,
    shares="""
        NAME_CONTRACT_TYPE WEEKDAY_APPR_PROCESS_START FLAG_LAST_APPL_PER_CONTRACT: mean
        NAME_CASH_LOAN_PURPOSE NAME_CONTRACT_STATUS NAME_PAYMENT_TYPE CODE_REJECT_REASON: mean
        NAME_TYPE_SUITE NAME_CLIENT_TYPE NAME_GOODS_CATEGORY NAME_PORTFOLIO: mean
        NAME_PRODUCT_TYPE CHANNEL_TYPE NAME_SELLER_INDUSTRY NAME_YIELD_GROUP: mean
        PRODUCT_COMBINATION: mean
        """,
    slices={
        "APPROVED_": "NAME_CONTRACT_STATUS = 'Approved'",
        "REFUSED_": "NAME_CONTRACT_STATUS = 'Refused'",
    },
    windows={
        "LAST_365D": "DAYS_DECISION >= -365",
        "REFUSED_365D": "NAME_CONTRACT_STATUS = 'Refused' and DAYS_DECISION >= -365",
        "CASH": "NAME_CONTRACT_TYPE = 'Cash loans'",
        "OPEN": "NAME_CONTRACT_STATUS = 'Approved' and DAYS_LAST_DUE_1ST_VERSION > 0",
    },
    order=("DAYS_DECISION", "SK_ID_PREV"),
    beyond={
        "PREV_COUNT": "rows",
        "PREV_365D": "rows in LAST_365D",
        "PREV_CASH": "rows in CASH",
        "PREV_REFUSED": "rows in REFUSED",
        "PREV_REFUSED_365D": "rows in REFUSED_365D",
        "PREV_REFUSED_SHARE_365D": "mean WAS_REFUSED in LAST_365D",
        "PREV_LAST_REFUSED": "last WAS_REFUSED",
        "PREV_REFUSED_OF_LAST_3": "mean WAS_REFUSED last 3",
        "PREV_REFUSED_OF_LAST_5": "mean WAS_REFUSED last 5",
        "PREV_LAST_TERM": "last CNT_PAYMENT in APPROVED",
        "PREV_TERM_OF_LAST_3": "mean CNT_PAYMENT in APPROVED last 3",
        "PREV_LAST_AMOUNT": "last AMT_CREDIT in APPROVED",
        "PREV_AMOUNT_OF_LAST_3": "mean AMT_CREDIT in APPROVED last 3",
        "PREV_LAST_INSTALMENT": "last AMT_ANNUITY in APPROVED",
        "PREV_ASKED_365D": "total AMT_APPLICATION in LAST_365D",
        "PREV_DOWN_PAYMENT_RATIO": "total AMT_DOWN_PAYMENT / total AMT_GOODS_PRICE",
        "PREV_OPEN_COUNT": "rows in OPEN",
        "PREV_OPEN_UNTIL": "max DAYS_LAST_DUE_1ST_VERSION in APPROVED",
        "PREV_PAID_EARLY_DAYS": "mean PAID_EARLY in APPROVED",
    },
)
