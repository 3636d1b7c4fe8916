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
)
