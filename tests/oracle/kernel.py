"""The kernel's matrix once more, in pandas, from its definition alone.

Nothing here comes from `model.features`: two implementations that share no line can only
agree where both are right. It reads the lake's Parquet and works in float64 with pandas'
own one-hot encoding and group-by. What this product mends in the kernel
(docs/features.md) is written out where it happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CLIENT = "SK_ID_CURR"
NONE_DAYS = 365243
EVERYTHING = ["min", "max", "mean", "sum", "var"]

BUREAU_NUMBERS = {
    "DAYS_CREDIT": ["min", "max", "mean", "var"],
    "DAYS_CREDIT_ENDDATE": ["min", "max", "mean"],
    "DAYS_CREDIT_UPDATE": ["mean"],
    "CREDIT_DAY_OVERDUE": ["max", "mean"],
    "AMT_CREDIT_MAX_OVERDUE": ["mean"],
    "AMT_CREDIT_SUM": ["max", "mean", "sum"],
    "AMT_CREDIT_SUM_DEBT": ["max", "mean", "sum"],
    "AMT_CREDIT_SUM_OVERDUE": ["mean"],
    "AMT_CREDIT_SUM_LIMIT": ["mean", "sum"],
    "AMT_ANNUITY": ["max", "mean"],
    "CNT_CREDIT_PROLONG": ["sum"],
    "MONTHS_BALANCE_MIN": ["min"],
    "MONTHS_BALANCE_MAX": ["max"],
    "MONTHS_BALANCE_SIZE": ["mean", "sum"],
}
PREVIOUS_NUMBERS = {
    "AMT_ANNUITY": ["min", "max", "mean"],
    "AMT_APPLICATION": ["min", "max", "mean"],
    "AMT_CREDIT": ["min", "max", "mean"],
    "APP_CREDIT_PERC": ["min", "max", "mean", "var"],
    "AMT_DOWN_PAYMENT": ["min", "max", "mean"],
    "AMT_GOODS_PRICE": ["min", "max", "mean"],
    "HOUR_APPR_PROCESS_START": ["min", "max", "mean"],
    "RATE_DOWN_PAYMENT": ["min", "max", "mean"],
    "DAYS_DECISION": ["min", "max", "mean"],
    "CNT_PAYMENT": ["mean", "sum"],
}
POS_NUMBERS = {
    "MONTHS_BALANCE": ["max", "mean", "size"],
    "SK_DPD": ["max", "mean"],
    "SK_DPD_DEF": ["max", "mean"],
}
INSTALMENT_NUMBERS = {
    "NUM_INSTALMENT_VERSION": ["nunique"],
    "DPD": ["max", "mean", "sum"],
    "DBD": ["max", "mean", "sum"],
    "PAYMENT_PERC": ["max", "mean", "sum", "var"],
    "PAYMENT_DIFF": ["max", "mean", "sum", "var"],
    "AMT_INSTALMENT": ["max", "mean", "sum"],
    "AMT_PAYMENT": ["min", "max", "mean", "sum"],
    "DAYS_ENTRY_PAYMENT": ["max", "mean", "sum"],
}


def kernel_matrix(lake: Path) -> pd.DataFrame:
    """float64, one row a client in ascending order, the kernel's columns in its order."""
    matrix = application(lake)
    for part in (bureau(lake), previous_application(lake), pos_cash(lake), instalments(lake), card(lake)):
        matrix = matrix.join(part)
    return matrix.sort_index()


def application(lake: Path) -> pd.DataFrame:
    frame = read(lake, "application").set_index(CLIENT).drop(columns="TARGET")
    # The kernel numbers these by first appearance; on the archive that gives these codes.
    for column, order in {"CODE_GENDER": "MF", "FLAG_OWN_CAR": "NY", "FLAG_OWN_REALTY": "YN"}.items():
        frame[column] = frame[column].map({order[0]: 0.0, order[1]: 1.0}).astype(float)
    frame = dummies(frame, missing=False)
    if "NAME_INCOME_TYPE_Maternity leave" in frame:  # mended: read as working
        frame["NAME_INCOME_TYPE_Working"] += frame["NAME_INCOME_TYPE_Maternity leave"]
    frame["DAYS_EMPLOYED"] = frame["DAYS_EMPLOYED"].where(frame["DAYS_EMPLOYED"] != NONE_DAYS)
    frame["DAYS_EMPLOYED_PERC"] = share(frame["DAYS_EMPLOYED"], frame["DAYS_BIRTH"])
    frame["INCOME_CREDIT_PERC"] = share(frame["AMT_INCOME_TOTAL"], frame["AMT_CREDIT"])
    frame["INCOME_PER_PERSON"] = share(frame["AMT_INCOME_TOTAL"], frame["CNT_FAM_MEMBERS"])
    frame["ANNUITY_INCOME_PERC"] = share(frame["AMT_ANNUITY"], frame["AMT_INCOME_TOTAL"])
    frame["PAYMENT_RATE"] = share(frame["AMT_ANNUITY"], frame["AMT_CREDIT"])
    return frame


def bureau(lake: Path) -> pd.DataFrame:
    months = dummies(read(lake, "bureau_balance"), missing=True)
    status = [column for column in months if column.startswith("STATUS_")]
    by_credit = aggregate(
        months, "SK_ID_BUREAU", {"MONTHS_BALANCE": ["min", "max", "size"], **means(status)}, prefix=""
    )
    plain = read(lake, "bureau")
    frame = dummies(plain, missing=True)
    shares = [column for column in frame if column not in plain]
    frame = frame.join(by_credit, on="SK_ID_BUREAU")
    everyone = {**BUREAU_NUMBERS, **means(shares), **means([f"{column}_MEAN" for column in status])}
    whole = aggregate(frame, CLIENT, everyone, prefix="BURO_")
    active = aggregate(frame[frame["CREDIT_ACTIVE_Active"] == 1], CLIENT, BUREAU_NUMBERS, prefix="ACTIVE_")
    closed = aggregate(frame[frame["CREDIT_ACTIVE_Closed"] == 1], CLIENT, BUREAU_NUMBERS, prefix="CLOSED_")
    return whole.join(active).join(closed)


def previous_application(lake: Path) -> pd.DataFrame:
    plain = read(lake, "previous_application")
    frame = dummies(plain, missing=True)
    shares = [column for column in frame if column not in plain]
    frame["APP_CREDIT_PERC"] = share(frame["AMT_APPLICATION"], frame["AMT_CREDIT"])
    approved = frame[frame["NAME_CONTRACT_STATUS_Approved"] == 1]
    refused = frame[frame["NAME_CONTRACT_STATUS_Refused"] == 1]
    whole = aggregate(frame, CLIENT, {**PREVIOUS_NUMBERS, **means(shares)}, prefix="PREV_")
    whole = whole.join(aggregate(approved, CLIENT, PREVIOUS_NUMBERS, prefix="APPROVED_"))
    return whole.join(aggregate(refused, CLIENT, PREVIOUS_NUMBERS, prefix="REFUSED_"))


def pos_cash(lake: Path) -> pd.DataFrame:
    plain = read(lake, "POS_CASH_balance")
    frame = dummies(plain, missing=True)
    shares = [column for column in frame if column not in plain]
    found = aggregate(frame, CLIENT, {**POS_NUMBERS, **means(shares)}, prefix="POS_")
    found["POS_COUNT"] = frame.groupby(CLIENT).size().astype(float)
    return found


def instalments(lake: Path) -> pd.DataFrame:
    frame = read(lake, "installments_payments")
    frame["PAYMENT_PERC"] = share(frame["AMT_PAYMENT"], frame["AMT_INSTALMENT"])
    frame["PAYMENT_DIFF"] = frame["AMT_INSTALMENT"] - frame["AMT_PAYMENT"]
    late = frame["DAYS_ENTRY_PAYMENT"] - frame["DAYS_INSTALMENT"]
    frame["DPD"] = late.where(late > 0, 0.0)
    frame["DBD"] = (-late).where(late < 0, 0.0)
    found = aggregate(frame, CLIENT, INSTALMENT_NUMBERS, prefix="INSTAL_")
    found["INSTAL_COUNT"] = frame.groupby(CLIENT).size().astype(float)
    return found


def card(lake: Path) -> pd.DataFrame:
    frame = dummies(read(lake, "credit_card_balance").drop(columns="SK_ID_PREV"), missing=True)
    numbers = [column for column in frame if column != CLIENT]
    found = aggregate(frame, CLIENT, dict.fromkeys(numbers, EVERYTHING), prefix="CC_")
    found["CC_COUNT"] = frame.groupby(CLIENT).size().astype(float)
    return found


def read(lake: Path, table: str) -> pd.DataFrame:
    """The table with text as objects and every number as float64, keys apart."""
    found = pq.read_table(lake / f"{table}.parquet")
    columns = {}
    for name in found.column_names:
        column = found.column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            columns[name] = pd.Series(column.to_pylist(), dtype=object)
        elif name.startswith("SK_ID_"):
            columns[name] = column.to_pandas()
        else:
            columns[name] = column.cast(pa.float64()).to_pandas()
    return pd.DataFrame(columns)


def dummies(frame: pd.DataFrame, *, missing: bool) -> pd.DataFrame:
    """One-hot columns in the place of text columns, at the end; `missing` adds a ``_nan`` each."""
    text = [column for column in frame if frame[column].dtype == object]
    return pd.get_dummies(frame, columns=text, dummy_na=missing, dtype=float)


def share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """A ratio; the kernel's infinities (division by zero) are missing here."""
    return (part / whole).replace([np.inf, -np.inf], np.nan)


def means(columns: Sequence[str]) -> dict[str, list[str]]:
    return {column: ["mean"] for column in columns}


def aggregate(
    frame: pd.DataFrame, key: str, statistics: dict[str, list[str]], *, prefix: str
) -> pd.DataFrame:
    found = frame.groupby(key).agg(statistics)
    found.columns = pd.Index([f"{prefix}{column}_{name.upper()}" for column, name in found.columns])
    return found.astype(float)
