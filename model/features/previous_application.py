"""Features of the client's earlier applications with this lender."""

from __future__ import annotations

from model.features.spec import Source

PREVIOUS_APPLICATION = Source(
    table="previous_application",
    prefix="PREV_",
    # 365243 days is the archive's "none". No feature of the kernel reads these five yet;
    # whoever adds one gets missing, not a thousand years.
    rows={
        "DAYS_FIRST_DRAWING": "nullif(DAYS_FIRST_DRAWING, 365243)",
        "DAYS_FIRST_DUE": "nullif(DAYS_FIRST_DUE, 365243)",
        "DAYS_LAST_DUE_1ST_VERSION": "nullif(DAYS_LAST_DUE_1ST_VERSION, 365243)",
        "DAYS_LAST_DUE": "nullif(DAYS_LAST_DUE, 365243)",
        "DAYS_TERMINATION": "nullif(DAYS_TERMINATION, 365243)",
        "APP_CREDIT_PERC": "AMT_APPLICATION / AMT_CREDIT",
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
)
