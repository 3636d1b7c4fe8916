"""The schema of the seven tables is complete and agrees with itself."""

from __future__ import annotations

import pytest

from model.tables import HISTORY, MAX_ID, TABLES, Table

tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def test_the_archive_has_seven_tables_and_the_application_comes_first() -> None:
    assert list(TABLES) == ["application", *HISTORY]
    assert len(HISTORY) == 6


def test_no_file_belongs_to_two_tables() -> None:
    files = [name for table in TABLES.values() for name in table.files]
    assert len(files) == len(set(files)) == 8


@tables
def test_no_column_is_named_twice(table: Table) -> None:
    assert len(table.by_name) == len(table.columns)


@tables
def test_link_and_key_are_identifiers_or_months(table: Table) -> None:
    assert table.by_name[table.link].kind == "id"
    assert all(table.by_name[name].kind == "id" or name == "MONTHS_BALANCE" for name in table.key)


@tables
def test_every_table_leads_to_a_client(table: Table) -> None:
    parent = TABLES[table.parent] if table.parent else table
    assert table.link in parent.by_name
    assert parent.link == "SK_ID_CURR"


@tables
def test_ranges_are_not_empty_and_identifiers_fit_nine_digits(table: Table) -> None:
    for column in table.columns:
        if column.low is not None and column.high is not None:
            assert column.low < column.high, column
        if column.kind == "id":
            assert (column.low, column.high) == (1, MAX_ID)
            assert column.required


@tables
def test_days_before_the_application_are_never_positive_unless_the_archive_has_them(table: Table) -> None:
    forward = {
        "DAYS_EMPLOYED",
        "DAYS_CREDIT_ENDDATE",
        "DAYS_CREDIT_UPDATE",
        "DAYS_FIRST_DRAWING",
        "DAYS_FIRST_DUE",
        "DAYS_LAST_DUE_1ST_VERSION",
        "DAYS_LAST_DUE",
        "DAYS_TERMINATION",
    }
    for column in table.columns:
        if column.name.startswith(("DAYS_", "MONTHS_")) and column.name not in forward:
            assert column.high is not None and column.high <= 0, column


@tables
def test_amounts_are_money_and_counts_are_whole(table: Table) -> None:
    for column in table.columns:
        if column.name.startswith("AMT_") and not column.name.startswith("AMT_REQ"):
            assert column.kind == "money", column
        if column.name.startswith(("CNT_", "FLAG_DOCUMENT", "SK_DPD", "DAYS_", "AMT_REQ")):
            assert column.kind == "int", column
