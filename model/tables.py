"""The seven Home Credit tables: columns, types, keys and ranges, written once.

Ingest, the fictional portfolio, the feature definition, the API's input and the
client page all read this module. A line is ``NAME type [low..high]``:

=========  ==============================================================
type       meaning
=========  ==============================================================
``id``     identifier, integer, never missing
``int``    whole number (days, counts, flags, months)
``money``  amount, at most three decimals, kept as thousandths
``real``   any finite number (rates, external scores, building statistics)
``text``   category; ``''`` is missing, ``XNA`` is a value of its own
=========  ==============================================================

A range is what the archive can contain, sentinel included (365243 days stands for
"none" in several columns): outside it a value is an error at ingest and in the API.

Source: the competition's ``HomeCredit_columns_description.csv`` and the real archive's
own values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["id", "int", "money", "real", "text"]

SENTINEL_DAYS = 365243
"""Days value by which the archive says "none" (about a thousand years)."""

MAX_ID = 999_999_999
"""Largest identifier accepted: nine digits."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table; `low` and `high` are inclusive, ``None`` = unbounded."""

    name: str
    kind: Kind
    low: float | None = None
    high: float | None = None

    @property
    def required(self) -> bool:
        """Identifiers may never be missing; every other column may."""
        return self.kind == "id"


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes
    ----------
    name : name of the table and of its Parquet file in the lake
    files : the archive's file names without extension; several are stacked
    link : the column that leads to the client, directly or through `parent`
    key : columns that together identify a row; empty where the archive has no key
    parent : table through which `link` reaches the client, or ``None``
    """

    name: str
    files: tuple[str, ...]
    link: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: str | None = None
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    columns = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, kind, *bounds = line.split()
        low, high = _bounds(bounds[0]) if bounds else _DEFAULT_BOUNDS[kind]
        columns.append(Column(name, kind, low, high))  # type: ignore[arg-type]
    return tuple(columns)


def _bounds(text: str) -> tuple[float | None, float | None]:
    low, high = text.split("..")
    return (float(low) if low else None, float(high) if high else None)


_DEFAULT_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "id": (1, MAX_ID),
    "int": (None, None),
    "money": (None, None),
    "real": (None, None),
    "text": (None, None),
}

APPLICATION = Table(
    name="application",
    files=("application_train", "application_test"),
    link="SK_ID_CURR",
    key=("SK_ID_CURR",),
    columns=_columns("""
        SK_ID_CURR id
        TARGET int 0..1
        NAME_CONTRACT_TYPE text
        CODE_GENDER text
        FLAG_OWN_CAR text
        FLAG_OWN_REALTY text
        CNT_CHILDREN int 0..50
        AMT_INCOME_TOTAL money 0..1e9
        AMT_CREDIT money 0..1e9
        AMT_ANNUITY money 0..1e9
        AMT_GOODS_PRICE money 0..1e9
        NAME_TYPE_SUITE text
        NAME_INCOME_TYPE text
        NAME_EDUCATION_TYPE text
        NAME_FAMILY_STATUS text
        NAME_HOUSING_TYPE text
        REGION_POPULATION_RELATIVE real 0..1
        DAYS_BIRTH int -44000..-1
        DAYS_EMPLOYED int -50000..365243
        DAYS_REGISTRATION int -50000..0
        DAYS_ID_PUBLISH int -50000..0
        OWN_CAR_AGE int 0..120
        FLAG_MOBIL int 0..1
        FLAG_EMP_PHONE int 0..1
        FLAG_WORK_PHONE int 0..1
        FLAG_CONT_MOBILE int 0..1
        FLAG_PHONE int 0..1
        FLAG_EMAIL int 0..1
        OCCUPATION_TYPE text
        CNT_FAM_MEMBERS int 0..50
        REGION_RATING_CLIENT int -1..3
        REGION_RATING_CLIENT_W_CITY int -1..3
        WEEKDAY_APPR_PROCESS_START text
        HOUR_APPR_PROCESS_START int 0..23
        REG_REGION_NOT_LIVE_REGION int 0..1
        REG_REGION_NOT_WORK_REGION int 0..1
        LIVE_REGION_NOT_WORK_REGION int 0..1
        REG_CITY_NOT_LIVE_CITY int 0..1
        REG_CITY_NOT_WORK_CITY int 0..1
        LIVE_CITY_NOT_WORK_CITY int 0..1
        ORGANIZATION_TYPE text
        EXT_SOURCE_1 real 0..1
        EXT_SOURCE_2 real 0..1
        EXT_SOURCE_3 real 0..1
        APARTMENTS_AVG real 0..1
        BASEMENTAREA_AVG real 0..1
        YEARS_BEGINEXPLUATATION_AVG real 0..1
        YEARS_BUILD_AVG real 0..1
        COMMONAREA_AVG real 0..1
        ELEVATORS_AVG real 0..1
        ENTRANCES_AVG real 0..1
        FLOORSMAX_AVG real 0..1
        FLOORSMIN_AVG real 0..1
        LANDAREA_AVG real 0..1
        LIVINGAPARTMENTS_AVG real 0..1
        LIVINGAREA_AVG real 0..1
        NONLIVINGAPARTMENTS_AVG real 0..1
        NONLIVINGAREA_AVG real 0..1
        APARTMENTS_MODE real 0..1
        BASEMENTAREA_MODE real 0..1
        YEARS_BEGINEXPLUATATION_MODE real 0..1
        YEARS_BUILD_MODE real 0..1
        COMMONAREA_MODE real 0..1
        ELEVATORS_MODE real 0..1
        ENTRANCES_MODE real 0..1
        FLOORSMAX_MODE real 0..1
        FLOORSMIN_MODE real 0..1
        LANDAREA_MODE real 0..1
        LIVINGAPARTMENTS_MODE real 0..1
        LIVINGAREA_MODE real 0..1
        NONLIVINGAPARTMENTS_MODE real 0..1
        NONLIVINGAREA_MODE real 0..1
        APARTMENTS_MEDI real 0..1
        BASEMENTAREA_MEDI real 0..1
        YEARS_BEGINEXPLUATATION_MEDI real 0..1
        YEARS_BUILD_MEDI real 0..1
        COMMONAREA_MEDI real 0..1
        ELEVATORS_MEDI real 0..1
        ENTRANCES_MEDI real 0..1
        FLOORSMAX_MEDI real 0..1
        FLOORSMIN_MEDI real 0..1
        LANDAREA_MEDI real 0..1
        LIVINGAPARTMENTS_MEDI real 0..1
        LIVINGAREA_MEDI real 0..1
        NONLIVINGAPARTMENTS_MEDI real 0..1
        NONLIVINGAREA_MEDI real 0..1
        FONDKAPREMONT_MODE text
        HOUSETYPE_MODE text
        TOTALAREA_MODE real 0..1
        WALLSMATERIAL_MODE text
        EMERGENCYSTATE_MODE text
        OBS_30_CNT_SOCIAL_CIRCLE int 0..100000
        DEF_30_CNT_SOCIAL_CIRCLE int 0..100000
        OBS_60_CNT_SOCIAL_CIRCLE int 0..100000
        DEF_60_CNT_SOCIAL_CIRCLE int 0..100000
        DAYS_LAST_PHONE_CHANGE int -50000..0
        FLAG_DOCUMENT_2 int 0..1
        FLAG_DOCUMENT_3 int 0..1
        FLAG_DOCUMENT_4 int 0..1
        FLAG_DOCUMENT_5 int 0..1
        FLAG_DOCUMENT_6 int 0..1
        FLAG_DOCUMENT_7 int 0..1
        FLAG_DOCUMENT_8 int 0..1
        FLAG_DOCUMENT_9 int 0..1
        FLAG_DOCUMENT_10 int 0..1
        FLAG_DOCUMENT_11 int 0..1
        FLAG_DOCUMENT_12 int 0..1
        FLAG_DOCUMENT_13 int 0..1
        FLAG_DOCUMENT_14 int 0..1
        FLAG_DOCUMENT_15 int 0..1
        FLAG_DOCUMENT_16 int 0..1
        FLAG_DOCUMENT_17 int 0..1
        FLAG_DOCUMENT_18 int 0..1
        FLAG_DOCUMENT_19 int 0..1
        FLAG_DOCUMENT_20 int 0..1
        FLAG_DOCUMENT_21 int 0..1
        AMT_REQ_CREDIT_BUREAU_HOUR int 0..10000
        AMT_REQ_CREDIT_BUREAU_DAY int 0..10000
        AMT_REQ_CREDIT_BUREAU_WEEK int 0..10000
        AMT_REQ_CREDIT_BUREAU_MON int 0..10000
        AMT_REQ_CREDIT_BUREAU_QRT int 0..10000
        AMT_REQ_CREDIT_BUREAU_YEAR int 0..10000
        """),
)

BUREAU = Table(
    name="bureau",
    files=("bureau",),
    link="SK_ID_CURR",
    key=("SK_ID_BUREAU",),
    columns=_columns("""
        SK_ID_CURR id
        SK_ID_BUREAU id
        CREDIT_ACTIVE text
        CREDIT_CURRENCY text
        DAYS_CREDIT int -50000..0
        CREDIT_DAY_OVERDUE int 0..100000
        DAYS_CREDIT_ENDDATE int -50000..50000
        DAYS_ENDDATE_FACT int -50000..0
        AMT_CREDIT_MAX_OVERDUE money 0..1e9
        CNT_CREDIT_PROLONG int 0..100000
        AMT_CREDIT_SUM money 0..1e9
        AMT_CREDIT_SUM_DEBT money -1e9..1e9
        AMT_CREDIT_SUM_LIMIT money -1e9..1e9
        AMT_CREDIT_SUM_OVERDUE money 0..1e9
        CREDIT_TYPE text
        DAYS_CREDIT_UPDATE int -50000..3650
        AMT_ANNUITY money 0..1e9
        """),
)

BUREAU_BALANCE = Table(
    name="bureau_balance",
    files=("bureau_balance",),
    link="SK_ID_BUREAU",
    key=("SK_ID_BUREAU", "MONTHS_BALANCE"),
    parent="bureau",
    columns=_columns("""
        SK_ID_BUREAU id
        MONTHS_BALANCE int -1200..0
        STATUS text
        """),
)

PREVIOUS_APPLICATION = Table(
    name="previous_application",
    files=("previous_application",),
    link="SK_ID_CURR",
    key=("SK_ID_PREV",),
    columns=_columns("""
        SK_ID_PREV id
        SK_ID_CURR id
        NAME_CONTRACT_TYPE text
        AMT_ANNUITY money 0..1e9
        AMT_APPLICATION money 0..1e9
        AMT_CREDIT money 0..1e9
        AMT_DOWN_PAYMENT money -1e9..1e9
        AMT_GOODS_PRICE money 0..1e9
        WEEKDAY_APPR_PROCESS_START text
        HOUR_APPR_PROCESS_START int 0..23
        FLAG_LAST_APPL_PER_CONTRACT text
        NFLAG_LAST_APPL_IN_DAY int 0..1
        RATE_DOWN_PAYMENT real -1..1
        RATE_INTEREST_PRIMARY real -10..10
        RATE_INTEREST_PRIVILEGED real -10..10
        NAME_CASH_LOAN_PURPOSE text
        NAME_CONTRACT_STATUS text
        DAYS_DECISION int -50000..0
        NAME_PAYMENT_TYPE text
        CODE_REJECT_REASON text
        NAME_TYPE_SUITE text
        NAME_CLIENT_TYPE text
        NAME_GOODS_CATEGORY text
        NAME_PORTFOLIO text
        NAME_PRODUCT_TYPE text
        CHANNEL_TYPE text
        SELLERPLACE_AREA int -1..10000000
        NAME_SELLER_INDUSTRY text
        CNT_PAYMENT int 0..100000
        NAME_YIELD_GROUP text
        PRODUCT_COMBINATION text
        DAYS_FIRST_DRAWING int -50000..365243
        DAYS_FIRST_DUE int -50000..365243
        DAYS_LAST_DUE_1ST_VERSION int -50000..365243
        DAYS_LAST_DUE int -50000..365243
        DAYS_TERMINATION int -50000..365243
        NFLAG_INSURED_ON_APPROVAL int 0..1
        """),
)

POS_CASH_BALANCE = Table(
    name="POS_CASH_balance",
    files=("POS_CASH_balance",),
    link="SK_ID_CURR",
    key=("SK_ID_PREV", "MONTHS_BALANCE"),
    columns=_columns("""
        SK_ID_PREV id
        SK_ID_CURR id
        MONTHS_BALANCE int -1200..0
        CNT_INSTALMENT int 0..100000
        CNT_INSTALMENT_FUTURE int 0..100000
        NAME_CONTRACT_STATUS text
        SK_DPD int 0..100000
        SK_DPD_DEF int 0..100000
        """),
)

CREDIT_CARD_BALANCE = Table(
    name="credit_card_balance",
    files=("credit_card_balance",),
    link="SK_ID_CURR",
    key=("SK_ID_PREV", "MONTHS_BALANCE"),
    columns=_columns("""
        SK_ID_PREV id
        SK_ID_CURR id
        MONTHS_BALANCE int -1200..0
        AMT_BALANCE money -1e9..1e9
        AMT_CREDIT_LIMIT_ACTUAL money 0..1e9
        AMT_DRAWINGS_ATM_CURRENT money -1e9..1e9
        AMT_DRAWINGS_CURRENT money -1e9..1e9
        AMT_DRAWINGS_OTHER_CURRENT money 0..1e9
        AMT_DRAWINGS_POS_CURRENT money 0..1e9
        AMT_INST_MIN_REGULARITY money 0..1e9
        AMT_PAYMENT_CURRENT money 0..1e9
        AMT_PAYMENT_TOTAL_CURRENT money 0..1e9
        AMT_RECEIVABLE_PRINCIPAL money -1e9..1e9
        AMT_RECIVABLE money -1e9..1e9
        AMT_TOTAL_RECEIVABLE money -1e9..1e9
        CNT_DRAWINGS_ATM_CURRENT int 0..100000
        CNT_DRAWINGS_CURRENT int 0..100000
        CNT_DRAWINGS_OTHER_CURRENT int 0..100000
        CNT_DRAWINGS_POS_CURRENT int 0..100000
        CNT_INSTALMENT_MATURE_CUM int 0..100000
        NAME_CONTRACT_STATUS text
        SK_DPD int 0..100000
        SK_DPD_DEF int 0..100000
        """),
)

INSTALLMENTS_PAYMENTS = Table(
    name="installments_payments",
    files=("installments_payments",),
    link="SK_ID_CURR",
    key=(),
    columns=_columns("""
        SK_ID_PREV id
        SK_ID_CURR id
        NUM_INSTALMENT_VERSION int 0..100000
        NUM_INSTALMENT_NUMBER int 0..100000
        DAYS_INSTALMENT int -50000..0
        DAYS_ENTRY_PAYMENT int -50000..0
        AMT_INSTALMENT money 0..1e9
        AMT_PAYMENT money 0..1e9
        """),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        APPLICATION,
        BUREAU,
        BUREAU_BALANCE,
        PREVIOUS_APPLICATION,
        POS_CASH_BALANCE,
        CREDIT_CARD_BALANCE,
        INSTALLMENTS_PAYMENTS,
    )
}
"""All seven tables, the application first."""

HISTORY: tuple[str, ...] = tuple(name for name in TABLES if name != "application")
"""The six tables of history, in which a client may have no row."""

OWN_HISTORY: tuple[str, ...] = tuple(name for name in HISTORY if not name.startswith("bureau"))
"""Those that tell what the client did with us; the others come from the credit bureau."""

INPUTS: tuple[Column, ...] = tuple(c for c in APPLICATION.columns if c.name not in ("SK_ID_CURR", "TARGET"))
"""Application columns that describe a client: all but his number and his outcome."""
