"""Features of the application itself.

The kernel numbers three text columns by order of appearance; the codes below are the ones
that this gives on the archive, fixed once for all (FLAG_OWN_REALTY: Y is 0).
"""

from __future__ import annotations

from model.features.spec import ApplicationSource

APPLICATION = ApplicationSource(
    table="application",
    skipped=("SK_ID_CURR", "TARGET"),
    codes={
        "CODE_GENDER": ("M", "F"),
        "FLAG_OWN_CAR": ("N", "Y"),
        "FLAG_OWN_REALTY": ("Y", "N"),
    },
    one_hot=(
        "NAME_CONTRACT_TYPE",
        "NAME_TYPE_SUITE",
        "NAME_INCOME_TYPE",
        "NAME_EDUCATION_TYPE",
        "NAME_FAMILY_STATUS",
        "NAME_HOUSING_TYPE",
        "OCCUPATION_TYPE",
        "WEEKDAY_APPR_PROCESS_START",
        "ORGANIZATION_TYPE",
        "FONDKAPREMONT_MODE",
        "HOUSETYPE_MODE",
        "WALLSMATERIAL_MODE",
        "EMERGENCYSTATE_MODE",
    ),
    # Not the kernel's: a pregnancy must not show, not even as a job of no known kind.
    read_as={"NAME_INCOME_TYPE": {"Maternity leave": "Working"}},
    rows={"DAYS_EMPLOYED": "nullif(DAYS_EMPLOYED, 365243)"},
    ratios={
        "DAYS_EMPLOYED_PERC": "DAYS_EMPLOYED / DAYS_BIRTH",
        "INCOME_CREDIT_PERC": "AMT_INCOME_TOTAL / AMT_CREDIT",
        "INCOME_PER_PERSON": "AMT_INCOME_TOTAL / CNT_FAM_MEMBERS",
        "ANNUITY_INCOME_PERC": "AMT_ANNUITY / AMT_INCOME_TOTAL",
        "PAYMENT_RATE": "AMT_ANNUITY / AMT_CREDIT",
    },
    # Not the kernel's: what the champion reads besides.
    beyond={
        "CREDIT_TO_GOODS": "AMT_CREDIT / AMT_GOODS_PRICE",
        "EXT_SOURCE_COUNT": """
            cast(EXT_SOURCE_1 is not null as integer)
            + cast(EXT_SOURCE_2 is not null as integer)
            + cast(EXT_SOURCE_3 is not null as integer)""",
        "EXT_SOURCE_MEAN": """
            (coalesce(EXT_SOURCE_1, 0) + coalesce(EXT_SOURCE_2, 0) + coalesce(EXT_SOURCE_3, 0))
            / EXT_SOURCE_COUNT""",
        "EXT_SOURCE_MIN": "least(EXT_SOURCE_1, EXT_SOURCE_2, EXT_SOURCE_3)",
        "EXT_SOURCE_MAX": "greatest(EXT_SOURCE_1, EXT_SOURCE_2, EXT_SOURCE_3)",
        "CREDIT_TERM": "AMT_CREDIT / AMT_ANNUITY",
        "CREDIT_TO_INCOME": "AMT_CREDIT / AMT_INCOME_TOTAL",
        "DOWN_PAYMENT": "AMT_GOODS_PRICE - AMT_CREDIT",
        "RESIDUAL_INCOME": "AMT_INCOME_TOTAL - AMT_ANNUITY",
        "DOCUMENT_COUNT": " + ".join(f"FLAG_DOCUMENT_{number}" for number in range(2, 22)),
        # The six periods exclude each other: "year" leaves out the last quarter, and so on.
        "ENQUIRIES_YEAR": """
            AMT_REQ_CREDIT_BUREAU_HOUR + AMT_REQ_CREDIT_BUREAU_DAY + AMT_REQ_CREDIT_BUREAU_WEEK
            + AMT_REQ_CREDIT_BUREAU_MON + AMT_REQ_CREDIT_BUREAU_QRT + AMT_REQ_CREDIT_BUREAU_YEAR""",
        "ENQUIRIES_MONTH": """
            AMT_REQ_CREDIT_BUREAU_HOUR + AMT_REQ_CREDIT_BUREAU_DAY + AMT_REQ_CREDIT_BUREAU_WEEK
            + AMT_REQ_CREDIT_BUREAU_MON""",
    },
)
