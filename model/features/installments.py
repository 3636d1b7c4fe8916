"""Features of the instalments due and paid."""

from __future__ import annotations

from model.features.spec import Source

INSTALLMENTS = Source(
    table="installments_payments",
    prefix="INSTAL_",
    rows={
        "PAYMENT_PERC": "AMT_PAYMENT / AMT_INSTALMENT",
        "PAYMENT_DIFF": "AMT_INSTALMENT - AMT_PAYMENT",
        # `greatest` skips the missing side: an instalment without a payment date counts
        # as 0 days late and 0 days early, as in the kernel.
        "DPD": "greatest(DAYS_ENTRY_PAYMENT - DAYS_INSTALMENT, 0)",
        "DBD": "greatest(DAYS_INSTALMENT - DAYS_ENTRY_PAYMENT, 0)",
        # Unlike the kernel's delays, these are missing where the payment is.
        "LATE": "cast(DAYS_ENTRY_PAYMENT > DAYS_INSTALMENT as integer)",
        "LATE_30D": "cast(DAYS_ENTRY_PAYMENT > DAYS_INSTALMENT + 30 as integer)",
        "UNDERPAID": "cast(AMT_PAYMENT < AMT_INSTALMENT as integer)",
    },
    stats="""
        NUM_INSTALMENT_VERSION: nunique
        DPD DBD: max mean sum
        PAYMENT_PERC PAYMENT_DIFF: max mean sum var
        AMT_INSTALMENT: max mean sum
        AMT_PAYMENT: min max mean sum
        DAYS_ENTRY_PAYMENT: max mean sum
        """,
    count="INSTAL_COUNT",
    windows={
        "LAST_90D": "DAYS_INSTALMENT >= -90",
        "LAST_180D": "DAYS_INSTALMENT >= -180",
        "LAST_365D": "DAYS_INSTALMENT >= -365",
        "LAST_1000D": "DAYS_INSTALMENT >= -1000",
    },
    # The table has no key: payments that tie were made on one day for one due date, so their delay is one.
    order=("DAYS_INSTALMENT", "SK_ID_PREV", "DAYS_ENTRY_PAYMENT"),
    beyond={
        "INSTAL_CONTRACTS": "nunique SK_ID_PREV",
        "INSTAL_LATE_90D": "total LATE in LAST_90D",
        "INSTAL_LATE_180D": "total LATE in LAST_180D",
        "INSTAL_LATE_365D": "total LATE in LAST_365D",
        "INSTAL_LATE_SHARE": "mean LATE",
        "INSTAL_LATE_SHARE_365D": "mean LATE in LAST_365D",
        "INSTAL_LATE_30D": "total LATE_30D",
        "INSTAL_WORST_DELAY_90D": "max DPD in LAST_90D",
        "INSTAL_WORST_DELAY_180D": "max DPD in LAST_180D",
        "INSTAL_WORST_DELAY_365D": "max DPD in LAST_365D",
        "INSTAL_DELAY_OF_LAST_2": "mean DPD last 2",
        "INSTAL_DELAY_OF_LAST_3": "mean DPD last 3",
        "INSTAL_DELAY_OF_LAST_5": "mean DPD last 5",
        "INSTAL_UNDERPAID_SHARE": "mean UNDERPAID",
        "INSTAL_PAID_RATIO_365D": "total AMT_PAYMENT in LAST_365D / total AMT_INSTALMENT in LAST_365D",
        "INSTAL_PAID_RATIO_1000D": "total AMT_PAYMENT in LAST_1000D / total AMT_INSTALMENT in LAST_1000D",
    },
)
