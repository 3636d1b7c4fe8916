"""What ingest accepts, what it refuses, and what the refusal says."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import InputError
from model.home import Home
from model.tables import TABLES
from training import folders, sources
from training.__main__ import cli
from training.dataset import lake_digest
from training.ingest import ingest
from training.portfolio import write_portfolio

CLIENTS = 24
Rows = list[list[str]]


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "portfolio"
    write_portfolio(folder, clients=CLIENTS, seed=5)
    return folder


@pytest.fixture(scope="module")
def texts(portfolio: Path) -> dict[str, str]:
    """The archive as CSV text, by file name."""
    return {
        f"{path.stem}.csv": pd.read_parquet(path).to_csv(index=False)
        for path in sorted(portfolio.glob("*.parquet"))
    }


@pytest.fixture
def folder(texts: dict[str, str], tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.mkdir()
    for name, text in texts.items():
        (path / name).write_text(text)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def rows_of(text: str) -> Rows:
    return list(csv.reader(io.StringIO(text)))


def text_of(rows: Rows) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def change(folder: Path, name: str, edit: Callable[[Rows], object]) -> None:
    """Edit a CSV file as a list of rows; row 0 is the header, row k stands on line k + 1."""
    rows = rows_of((folder / name).read_text())
    edit(rows)
    (folder / name).write_text(text_of(rows))


def put(folder: Path, name: str, line: int, column: str, value: str) -> None:
    def edit(rows: Rows) -> None:
        rows[line - 1][rows[0].index(column)] = value

    change(folder, name, edit)


def refusal(source: Path, home: Home, **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        ingest(source, home, **options)  # type: ignore[arg-type]
    assert not home.lake.exists() or (home.lake / "manifest.json").exists()
    assert [path.name for path in home.root.glob(".*")] == []
    return caught.value


def zipped(folder: Path, target: Path, *, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, prefix + path.name)
    return target


# --- what is accepted -------------------------------------------------------------------------


def test_a_folder_of_csv_becomes_typed_tables_sorted_by_client(folder: Path, home: Home) -> None:
    report = ingest(folder, home)
    assert set(report.tables) == set(TABLES)
    assert {path.name for path in home.lake.iterdir()} == {f"{t}.parquet" for t in TABLES} | {"manifest.json"}
    types = {
        "id": pa.int64(),
        "int": pa.int64(),
        "money": pa.decimal128(15, 3),
        "real": pa.float64(),
        "text": pa.string(),
    }
    for table in TABLES.values():
        lake = pq.read_table(home.lake / f"{table.name}.parquet")
        assert lake.schema.names == list(table.names)
        assert [lake.schema.field(c.name).type for c in table.columns] == [
            types[c.kind] for c in table.columns
        ]
        if table.parent is None:
            ids = lake[table.link].to_numpy()
            assert (np.diff(ids) >= 0).all()


def test_every_value_of_the_archive_is_in_the_lake(folder: Path, home: Home, texts: dict[str, str]) -> None:
    ingest(folder, home)
    lake = pd.read_parquet(home.lake / "bureau.parquet").set_index("SK_ID_BUREAU").sort_index()
    source = pd.read_csv(io.StringIO(texts["bureau.csv"])).set_index("SK_ID_BUREAU").sort_index()
    for column in TABLES["bureau"].columns:
        if column.name == "SK_ID_BUREAU":
            continue
        left, right = lake[column.name], source[column.name]
        if column.kind == "text":
            assert (left.fillna("") == right.fillna("")).all(), column
        else:
            np.testing.assert_array_equal(left.astype(float), right.astype(float), err_msg=column.name)


def test_zip_folder_and_parquet_give_the_same_lake(folder: Path, portfolio: Path, tmp_path: Path) -> None:
    sources_ = {
        "csv": folder,
        "zip": zipped(folder, tmp_path / "archive.zip"),
        "nested": zipped(folder, tmp_path / "nested.zip", prefix="home-credit/"),
        "parquet": portfolio,
    }
    prints = {
        name: {t: r.sha256 for t, r in ingest(path, Home(tmp_path / name)).tables.items()}
        for name, path in sources_.items()
    }
    assert all(found == prints["csv"] for found in prints.values())


def test_bom_crlf_quotes_shuffled_and_extra_columns_are_accepted(
    folder: Path, home: Home, tmp_path: Path
) -> None:
    plain = ingest(folder, Home(tmp_path / "plain")).tables
    frame = pd.read_csv(folder / "bureau.csv", dtype=str, keep_default_na=False)
    frame = frame[frame.columns[::-1]]
    frame.insert(2, "it's new", "a, b")
    text = frame.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    (folder / "bureau.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    notices: list[str] = []
    report = ingest(folder, home, progress=notices.append)
    assert report.tables["bureau"].sha256 == plain["bureau"].sha256
    assert "bureau.csv: not a column of bureau, not read: it's new" in notices


def test_foreign_files_are_passed_over_with_a_notice(folder: Path, home: Home, tmp_path: Path) -> None:
    (folder / "sample_submission.csv").write_text("SK_ID_CURR,TARGET\n1,0.5\n")
    (folder / "HomeCredit_columns_description.csv").write_bytes(b"Row,Table\n1,\xe9\n")
    (folder / "notes.txt").write_text("x")
    archive = zipped(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("__MACOSX/._bureau.csv", b"\x00\x05\x16\x07")
    notices: list[str] = []
    assert ingest(archive, home, progress=notices.append).rows > 0
    assert [line for line in notices if "not a table" in line] == [
        "notes.txt: not a table of the archive, not read"
    ]


def test_whole_numbers_may_be_written_with_a_point(folder: Path, home: Home) -> None:
    put(folder, "application_train.csv", 2, "DAYS_EMPLOYED", "365243.0")
    put(folder, "application_train.csv", 2, "DAYS_BIRTH", "-1e4")
    ingest(folder, home)
    frame = pd.read_parquet(home.lake / "application.parquet", columns=["DAYS_BIRTH", "DAYS_EMPLOYED"])
    assert (frame == (-10000, 365243)).all(axis=1).sum() == 1


def test_a_last_line_without_line_end_is_complete_when_all_its_values_are_there(
    folder: Path, home: Home
) -> None:
    path = folder / "bureau_balance.csv"
    path.write_text(path.read_text().rstrip("\n"))
    assert ingest(folder, home).tables["bureau_balance"].rows > 0


def test_a_table_of_history_may_hold_a_header_and_nothing_else(folder: Path, home: Home) -> None:
    change(folder, "credit_card_balance.csv", lambda rows: rows.__delitem__(slice(1, None)))
    report = ingest(folder, home)
    assert report.tables["credit_card_balance"].rows == 0
    assert report.missing == ()


def test_allowed_missing_tables_become_empty_ones(folder: Path, home: Home) -> None:
    for path in folder.iterdir():
        if not path.name.startswith("application"):
            path.unlink()
    report = ingest(folder, home, allow_missing=[name for name in TABLES if name != "application"])
    assert set(report.missing) == set(TABLES) - {"application"}
    for name in report.missing:
        table = pq.read_table(home.lake / f"{name}.parquet")
        assert table.num_rows == 0
        assert table.schema.names == list(TABLES[name].names)


@pytest.mark.parametrize("absent", ["application_test", "application_train"])
def test_one_of_the_two_application_files_may_be_missing(folder: Path, home: Home, absent: str) -> None:
    (folder / f"{absent}.csv").unlink()
    message = refusal(folder, home).detail
    assert message == (
        f"source lacks the table {absent}. Add the file, or say that this is meant: --allow-missing {absent}."
    )
    report = ingest(folder, home, allow_missing=[absent])
    assert report.missing == (absent,)
    target = pq.read_table(home.lake / "application.parquet")["TARGET"]
    assert target.null_count == (0 if absent == "application_test" else len(target))


def test_history_of_unknown_clients_is_counted_and_kept_out(folder: Path, home: Home) -> None:
    whole = ingest(folder, home).tables
    gone = rows_of((folder / "application_train.csv").read_text())[1][1 - 1]
    change(folder, "application_train.csv", lambda rows: rows.pop(1))
    notices: list[str] = []
    report = ingest(folder, home, progress=notices.append).tables
    for name in TABLES:
        if name != "application":
            assert report[name].rows + report[name].orphans == whole[name].rows, name
    assert report["bureau"].orphans > 0
    for name in ("bureau", "previous_application", "installments_payments"):
        assert int(gone) not in pq.read_table(home.lake / f"{name}.parquet")["SK_ID_CURR"].to_pylist()
    kept = set(pq.read_table(home.lake / "bureau.parquet")["SK_ID_BUREAU"].to_pylist())
    balance = set(pq.read_table(home.lake / "bureau_balance.parquet")["SK_ID_BUREAU"].to_pylist())
    assert balance <= kept
    assert any(line.startswith("bureau:") and "more kept out" in line for line in notices)


def test_the_same_data_read_again_are_the_same_data_whatever_the_day_and_the_name(
    portfolio: Path, home: Home, tmp_path: Path
) -> None:
    ingest(portfolio, home)
    first, manifest = lake_digest(home), home.lake / "manifest.json"
    told = json.loads(manifest.read_text())

    renamed = tmp_path / "again"
    shutil.copytree(portfolio, renamed)
    ingest(renamed, home)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"ingested_at": "2031-01-01T00:00:00"}))
    assert lake_digest(home) == first

    manifest.write_text(json.dumps(told | {"missing": ["bureau"]}))
    assert lake_digest(home) != first
    told["tables"]["bureau"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(told))
    assert lake_digest(home) != first


def test_the_manifest_names_source_tables_and_fingerprints(portfolio: Path, home: Home) -> None:
    report = ingest(portfolio, home)
    manifest = json.loads((home.lake / "manifest.json").read_text())
    assert manifest["source"] == "portfolio"
    assert manifest["fictional"] is True
    assert manifest["tables"]["bureau"] == {
        "rows": report.tables["bureau"].rows,
        "orphans": 0,
        "rounded": {},
        "sha256": report.tables["bureau"].sha256,
    }


def test_only_a_folder_that_says_so_is_fictional(folder: Path, home: Home) -> None:
    assert ingest(folder, home).fictional is False


def test_a_fictional_portfolio_with_a_real_number_is_refused(
    folder: Path, portfolio: Path, home: Home
) -> None:
    (folder / "portfolio.json").write_text((portfolio / "portfolio.json").read_text())
    put(folder, "application_train.csv", 2, "SK_ID_CURR", "100002")
    message = refusal(folder, home).detail
    assert "says that it is fictional and holds client 100002; fictional clients start at 900001" in message


# --- what is refused --------------------------------------------------------------------------

REFUSED_VALUES = [
    # file, column, value, sentence
    ("bureau.csv", "DAYS_CREDIT", "soon", '"soon" is not a whole number'),
    ("bureau.csv", "DAYS_CREDIT", "-8.6", "-8.6 is not a whole number, it would be rounded"),
    ("bureau.csv", "DAYS_CREDIT", "12", "12 is out of range: DAYS_CREDIT is between -50,000 and 0"),
    ("bureau.csv", "SK_ID_BUREAU", "", "an identifier (whole number) is needed, it may not be missing"),
    ("bureau.csv", "SK_ID_BUREAU", "1e12", "1e12 is out of range: SK_ID_BUREAU is between 1 and 999,999,999"),
    ("bureau.csv", "SK_ID_CURR", "0", "0 is out of range: SK_ID_CURR is between 1 and 999,999,999"),
    ("bureau.csv", "AMT_CREDIT_SUM", "12,5", '"12,5" is not an amount'),
    (
        "bureau.csv",
        "AMT_CREDIT_SUM",
        "-1",
        "-1 is out of range: AMT_CREDIT_SUM is between 0 and 1,000,000,000",
    ),
    ("application_train.csv", "EXT_SOURCE_2", "NaN", "NaN is not a number that can be used"),
    ("application_train.csv", "EXT_SOURCE_2", "inf", "inf is not a number that can be used"),
    (
        "application_train.csv",
        "EXT_SOURCE_2",
        "1.01",
        "1.01 is out of range: EXT_SOURCE_2 is between 0 and 1",
    ),
    ("application_train.csv", "TARGET", "2", "2 is out of range: TARGET is between 0 and 1"),
    ("application_train.csv", "TARGET", "0.5", "0.5 is not a whole number, it would be rounded"),
    ("application_train.csv", "TARGET", "", "a whole number is needed, it may not be missing"),
    ("application_test.csv", "DAYS_BIRTH", "0", "0 is out of range: DAYS_BIRTH is between -44,000 and -1"),
    ("POS_CASH_balance.csv", "SK_DPD", "true", '"true" is not a whole number'),
]


@pytest.mark.parametrize(("name", "column", "value", "sentence"), REFUSED_VALUES)
def test_a_refused_value_is_named_by_table_file_line_column_and_law(
    folder: Path, home: Home, name: str, column: str, value: str, sentence: str
) -> None:
    put(folder, name, 4, column, value)
    error = refusal(folder, home)
    table = sources.table_of(name.removesuffix(".csv")).name
    assert error.detail == (
        f"table {table}, {name}, line 4, column {column}: {sentence}. "
        "Correct the file and ingest again; a value that is not known is left empty."
    )
    assert error.errors[0].params == {"file": name, "line": 4, "column": column}


def test_the_line_is_right_behind_quoted_line_ends_and_blank_lines(folder: Path, home: Home) -> None:
    def edit(rows: Rows) -> None:
        rows[1][rows[0].index("CREDIT_TYPE")] = "two\nlines"
        rows[4][rows[0].index("DAYS_CREDIT")] = "3"

    change(folder, "bureau.csv", edit)
    text = (folder / "bureau.csv").read_text()
    (folder / "bureau.csv").write_text(text.replace("\n", "\n\n", 1))  # header, blank, row 1 on lines 3 and 4
    assert "bureau.csv, line 7, column DAYS_CREDIT: 3 is out of range" in refusal(folder, home).detail
    put(folder, "bureau.csv", 5, "DAYS_CREDIT", "-3")
    change(folder, "bureau.csv", lambda rows: rows[4].__setitem__(rows[0].index("DAYS_CREDIT"), "x"))
    assert 'bureau.csv, line 6, column DAYS_CREDIT: "x" is not' in refusal(folder, home).detail


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_line_of_an_unreadable_number_is_right_with_both_line_ends(
    folder: Path, home: Home, ending: str
) -> None:
    put(folder, "bureau_balance.csv", 9, "MONTHS_BALANCE", "-x")
    path = folder / "bureau_balance.csv"
    path.write_bytes(path.read_text().replace("\n", ending).encode())
    assert "bureau_balance.csv, line 9, column MONTHS_BALANCE" in refusal(folder, home).detail


def test_parquet_rows_are_named_as_rows(portfolio: Path, folder: Path, home: Home) -> None:
    frame = pd.read_parquet(portfolio / "bureau.parquet")
    frame.loc[6, "DAYS_CREDIT"] = 7
    (folder / "bureau.csv").unlink()
    frame.to_parquet(folder / "bureau.parquet")
    message = refusal(folder, home).detail
    assert message.startswith("table bureau, bureau.parquet, row 7, column DAYS_CREDIT: 7 is out of range")


def test_text_in_a_parquet_number_column_is_refused(portfolio: Path, folder: Path, home: Home) -> None:
    frame = pd.read_parquet(portfolio / "bureau.parquet").astype({"AMT_CREDIT_SUM": str})
    frame.loc[2, "AMT_CREDIT_SUM"] = "much"
    (folder / "bureau.csv").unlink()
    frame.to_parquet(folder / "bureau.parquet")
    assert 'row 3, column AMT_CREDIT_SUM: "much" is not an amount' in refusal(folder, home).detail


def test_nan_in_parquet_is_refused_not_taken_for_missing(portfolio: Path, folder: Path, home: Home) -> None:
    table = pq.read_table(portfolio / "application_test.parquet")
    values = table["EXT_SOURCE_2"].to_numpy(zero_copy_only=False).copy()
    values[1] = np.nan
    place = table.schema.get_field_index("EXT_SOURCE_2")
    (folder / "application_test.csv").unlink()
    pq.write_table(
        table.set_column(place, "EXT_SOURCE_2", pa.array(values, from_pandas=False)),
        folder / "application_test.parquet",
    )
    assert "row 2, column EXT_SOURCE_2: nan is not a number that can be used" in refusal(folder, home).detail


def test_a_duplicate_key_names_the_second_row(folder: Path, home: Home) -> None:
    change(folder, "bureau.csv", lambda rows: rows.insert(7, rows[2]))
    number = rows_of((folder / "bureau.csv").read_text())[7][1]
    error = refusal(folder, home)
    assert error.code == "duplicate_key"
    assert error.detail == (
        f"table bureau, bureau.csv, line 8, column SK_ID_BUREAU: a row with SK_ID_BUREAU {number} was "
        "already there. Keep one of the two rows."
    )


def test_a_duplicate_month_names_both_parts_of_the_key(folder: Path, home: Home) -> None:
    change(folder, "POS_CASH_balance.csv", lambda rows: rows.append(rows[3]))
    message = refusal(folder, home).detail
    last = len(rows_of((folder / "POS_CASH_balance.csv").read_text()))
    assert f"POS_CASH_balance.csv, line {last}: a row with SK_ID_PREV " in message
    assert "MONTHS_BALANCE -" in message


def test_a_client_in_both_application_files_is_refused(folder: Path, home: Home) -> None:
    number = rows_of((folder / "application_train.csv").read_text())[3][0]
    put(folder, "application_test.csv", 3, "SK_ID_CURR", number)
    message = refusal(folder, home).detail
    assert f"application_test.csv, line 3, column SK_ID_CURR: a row with SK_ID_CURR {number}" in message


def test_equal_payments_are_no_duplicates(folder: Path, home: Home) -> None:
    before = ingest(folder, home).tables["installments_payments"].rows
    change(folder, "installments_payments.csv", lambda rows: rows.append(rows[1]))
    assert ingest(folder, home).tables["installments_payments"].rows == before + 1


def test_a_missing_column_is_named_with_what_looks_like_it(folder: Path, home: Home) -> None:
    change(folder, "bureau.csv", lambda rows: rows[0].__setitem__(rows[0].index("DAYS_CREDIT"), "DAY_CREDIT"))
    error = refusal(folder, home)
    assert error.detail == (
        "table bureau, bureau.csv, line 1, column DAYS_CREDIT: missing column DAYS_CREDIT (DAY_CREDIT looks "
        "like DAYS_CREDIT). Add it to the header and to every line; it may be empty, it may not be absent."
    )


def test_target_is_a_column_of_the_labelled_file_only(folder: Path, home: Home) -> None:
    assert "TARGET" not in rows_of((folder / "application_test.csv").read_text())[0]
    change(folder, "application_train.csv", lambda rows: rows[0].__setitem__(1, "OUTCOME"))
    assert (
        "application_train.csv, line 1, column TARGET: missing column TARGET" in refusal(folder, home).detail
    )


def test_a_column_named_twice_is_refused(folder: Path, home: Home) -> None:
    change(folder, "bureau.csv", lambda rows: rows[0].__setitem__(4, "SK_ID_CURR"))
    assert "column SK_ID_CURR: the column is there twice" in refusal(folder, home).detail


@pytest.mark.parametrize("absent", ["bureau", "bureau_balance", "POS_CASH_balance"])
def test_a_missing_table_is_an_error_unless_allowed(folder: Path, home: Home, absent: str) -> None:
    (folder / f"{absent}.csv").unlink()
    assert refusal(folder, home).detail == (
        f"source lacks the table {absent}. Add the file, or say that this is meant: --allow-missing {absent}."
    )
    assert ingest(folder, home, allow_missing=[absent]).missing == (absent,)


def test_a_table_under_a_wrong_name_is_pointed_at(folder: Path, home: Home) -> None:
    (folder / "POS_CASH_balance.csv").rename(folder / "pos_cash_balance.csv")
    assert (
        "pos_cash_balance.csv is not read: rename it to POS_CASH_balance.csv" in refusal(folder, home).detail
    )


def test_a_table_that_is_there_twice_is_refused(folder: Path, portfolio: Path, home: Home) -> None:
    (folder / "bureau.parquet").write_bytes((portfolio / "bureau.parquet").read_bytes())
    assert "holds bureau twice" in refusal(folder, home).detail


def test_an_unknown_name_to_allow_is_refused(folder: Path, home: Home) -> None:
    assert refusal(folder, home, allow_missing=["bureaux"]).detail.startswith(
        "--allow-missing bureaux: there is no such table. Tables: application, bureau,"
    )


def test_no_application_at_all_is_refused_even_when_allowed(folder: Path, home: Home) -> None:
    for name in ("application_train.csv", "application_test.csv"):
        (folder / name).unlink()
    message = refusal(folder, home, allow_missing=["application"]).detail
    assert "holds neither application_train nor application_test" in message


def test_applications_with_headers_and_no_row_are_refused(folder: Path, home: Home) -> None:
    for name in ("application_train.csv", "application_test.csv"):
        change(folder, name, lambda rows: rows.__delitem__(slice(1, None)))
    assert "have a header and no row: there is no client to read" in refusal(folder, home).detail


BROKEN_FILES: list[tuple[str, Callable[[str], bytes], str]] = [
    (
        "empty",
        lambda text: b"",
        "bureau.csv: the file is empty, it has not even a header line. Fetch it again.",
    ),
    (
        "semicolons",
        lambda text: text.replace(",", ";").encode(),
        "line 1: columns are separated by semicolons, not by commas. Save the file as CSV with commas",
    ),
    ("tabs", lambda text: text.replace(",", "\t").encode(), "separated by tabs, not by commas"),
    ("utf-16", lambda text: text.encode("utf-16"), "the header is not UTF-8 text"),
    (
        "latin-1",
        lambda text: text.replace("Consumer credit", "Crédit", 1).encode("latin-1"),
        "the text is not UTF-8. Save the file as CSV in UTF-8.",
    ),
    (
        "open quote",
        lambda text: text.replace("Consumer", '"Consumer', 1).encode(),
        "a quote is opened and not",
    ),
    ("header quote", lambda text: ('"' + text).encode(), "the header has a quote that is never closed"),
    ("comma too many", lambda text: text.replace("credit", "cre,dit", 1).encode(), "more than 17 values"),
    (
        "cut in a line",
        lambda text: text[: text.rindex("\n", 0, -1) + 20].encode(),
        "and it is the last one: the file seems cut off. Fetch the file again.",
    ),
    (
        "cut after a comma",
        lambda text: text[: text.rindex(",") + 1].encode(),
        "the last line stops after a comma: the file seems cut off",
    ),
    (
        "mixed line ends",
        lambda text: text.replace("\n", "\r\n", 3).encode(),
        "its lines cannot be told apart (mixed line ends, or bytes that are no text)",
    ),
]


@pytest.mark.parametrize(
    ("damage", "sentence"), [case[1:] for case in BROKEN_FILES], ids=[c[0] for c in BROKEN_FILES]
)
def test_a_broken_file_is_refused_in_words(
    folder: Path, home: Home, damage: Callable[[str], bytes], sentence: str
) -> None:
    path = folder / "bureau.csv"
    path.write_bytes(damage(path.read_text()))
    message = refusal(folder, home).detail
    assert message.startswith("table bureau, bureau.csv")
    assert sentence in message
    assert "auto-detected" not in message and "DuckDB" not in message


def test_the_line_before_the_last_with_too_few_values_is_no_cut(folder: Path, home: Home) -> None:
    change(folder, "bureau.csv", lambda rows: rows[2].__delitem__(slice(5, None)))
    assert (
        "bureau.csv, line 3: the line has 5 values for 17 columns. Correct the file"
        in refusal(folder, home).detail
    )


def test_a_cut_off_parquet_file_is_refused(folder: Path, portfolio: Path, home: Home) -> None:
    (folder / "bureau.csv").unlink()
    (folder / "bureau.parquet").write_bytes((portfolio / "bureau.parquet").read_bytes()[:-100])
    assert (
        "bureau.parquet: the file cannot be read as Parquet (it may be cut off)"
        in refusal(folder, home).detail
    )


# --- amounts ----------------------------------------------------------------------------------


def test_a_column_with_many_fine_amounts_is_refused_at_the_first(folder: Path, home: Home) -> None:
    put(folder, "bureau.csv", 5, "AMT_CREDIT_SUM", "12.34567")
    error = refusal(folder, home)
    assert error.code == "would_be_rounded"
    assert "bureau.csv, line 5, column AMT_CREDIT_SUM: 12.34567 has more than three decimals" in error.detail
    assert "at most 0.1% may" in error.detail


def test_a_few_fine_amounts_are_rounded_counted_and_reported(folder: Path, home: Home) -> None:
    def edit(rows: Rows) -> None:
        amount, number = rows[0].index("AMT_CREDIT_SUM"), rows[0].index("SK_ID_BUREAU")
        model = rows[1]
        for k in range(1500):
            copy = list(model)
            copy[number], copy[amount] = str(5_000_000 + k), "10.5"
            rows.append(copy)
        rows[-1][amount] = "12.34567"

    change(folder, "bureau.csv", edit)
    notices: list[str] = []
    report = ingest(folder, home, progress=notices.append).tables["bureau"]
    assert report.rounded == {"AMT_CREDIT_SUM": 1}
    assert any("1 of AMT_CREDIT_SUM rounded to three decimals" in line for line in notices)
    found = duckdb.execute(
        f"SELECT AMT_CREDIT_SUM FROM '{home.lake}/bureau.parquet' WHERE SK_ID_BUREAU = 5001499"
    ).fetchall()
    assert str(found[0][0]) == "12.346"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thousandths=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=60))
def test_every_amount_of_three_decimals_arrives_exactly(
    thousandths: list[int], portfolio: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("exact")
    home, source = Home(base / "home"), base / "source"
    source.mkdir()
    for name in ("application_train", "application_test", "bureau"):
        (source / f"{name}.parquet").write_bytes((portfolio / f"{name}.parquet").read_bytes())
    rows = rows_of(pd.read_parquet(portfolio / "bureau.parquet").head(1).to_csv(index=False))
    debt, number = rows[0].index("AMT_CREDIT_SUM_DEBT"), rows[0].index("SK_ID_BUREAU")
    model = rows.pop()
    for k, value in enumerate(thousandths, start=1):
        sign, (whole, part) = "-" if value < 0 else "", divmod(abs(value), 1000)
        row = list(model)
        row[number], row[debt] = str(k), f"{sign}{whole}.{part:03d}"
        rows.append(row)
    (source / "bureau.parquet").unlink()
    (source / "bureau.csv").write_text(text_of(rows))
    others = [name for name in TABLES if name not in ("application", "bureau")]
    ingest(source, home, allow_missing=others)
    lake = pq.read_table(home.lake / "bureau.parquet").sort_by("SK_ID_BUREAU")
    assert [int(value.scaleb(3)) for value in lake["AMT_CREDIT_SUM_DEBT"].to_pylist()] == thousandths


# --- archives that harm -------------------------------------------------------------------------


def test_a_damaged_member_is_refused(folder: Path, home: Home, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(archive) as opened:
        offset = opened.getinfo("bureau.csv").header_offset
    data = bytearray(archive.read_bytes())
    data[offset + 200] ^= 0xFF
    archive.write_bytes(data)
    message = refusal(archive, home).detail
    assert message.startswith("a.zip: bureau.csv is damaged (")
    assert message.endswith("Fetch the archive again.")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [(8, 0x1, "it is encrypted"), (10, 99, "its compression cannot be read here")],
)
def test_a_member_that_this_program_cannot_open_is_refused_before_anything_is_read(
    folder: Path, home: Home, tmp_path: Path, field: int, value: int, reason: str
) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    data = bytearray(archive.read_bytes())
    entry = data.rindex(b"bureau.csv") - 46  # its entry in the directory at the end of the archive
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + field : entry + field + 2] = value.to_bytes(2, "little")
    archive.write_bytes(data)

    assert f"bureau.csv is refused: {reason}" in refusal(archive, home).detail


def test_a_member_that_asks_for_what_zip_readers_do_not_do_is_refused(
    folder: Path, home: Home, tmp_path: Path
) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(archive) as opened:
        offset = opened.getinfo("bureau.csv").header_offset
    data = bytearray(archive.read_bytes())
    data[offset + 6] |= 0x20  # patched data: zipfile does not open such a member
    entry = data.rindex(b"bureau.csv") - 46
    data[entry + 8] |= 0x20
    archive.write_bytes(data)

    assert "bureau.csv is damaged" in refusal(archive, home).detail


def test_a_cut_off_zip_is_refused(folder: Path, home: Home, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    archive.write_bytes(archive.read_bytes()[:-2000])
    assert refusal(archive, home).detail.startswith("a.zip is not a complete zip archive (it may be cut off")


def test_a_file_that_is_no_archive_is_refused(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"hello")
    assert "is not a complete zip archive" in refusal(tmp_path / "a.zip", home).detail
    assert "does not exist" in refusal(tmp_path / "b.zip", home).detail


@pytest.mark.parametrize(
    "name", ["../bureau.csv", "/etc/bureau.csv", "a/../../bureau.csv", "c:\\x/bureau.csv"]
)
def test_a_member_that_leads_out_of_the_archive_is_refused(
    folder: Path, home: Home, tmp_path: Path, name: str
) -> None:
    (folder / "bureau.csv").unlink()
    archive = zipped(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(name, "x")
    assert "is refused: its path leads out of the archive" in refusal(archive, home).detail


def test_a_symbolic_link_in_a_zip_is_refused(folder: Path, home: Home, tmp_path: Path) -> None:
    (folder / "bureau.csv").unlink()
    archive = zipped(folder, tmp_path / "a.zip")
    entry = zipfile.ZipInfo("bureau.csv")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(entry, "/etc/passwd")
    assert "is refused: it is a symbolic link" in refusal(archive, home).detail


def test_a_member_that_grows_without_measure_is_refused(
    folder: Path, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "RATIO_FROM_BYTES", 1_000_000)
    (folder / "bureau.csv").write_text("SK_ID_CURR" + "," * 3_000_000)
    archive = zipped(folder, tmp_path / "a.zip")
    assert "it would grow more than 200 times when extracted" in refusal(archive, home).detail
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 2_000_000)
    assert "it would extract to 3,000,010 bytes, more than 2,000,000" in refusal(archive, home).detail


# --- all or nothing ------------------------------------------------------------------------------


def test_a_former_lake_survives_a_refusal(folder: Path, home: Home) -> None:
    ingest(folder, home)
    before = {path.name: path.read_bytes() for path in home.lake.iterdir()}
    put(folder, "installments_payments.csv", 3, "AMT_PAYMENT", "x")
    refusal(folder, home)
    assert {path.name: path.read_bytes() for path in home.lake.iterdir()} == before


def test_an_interrupted_ingest_leaves_the_former_lake_and_no_debris(folder: Path, home: Home) -> None:
    ingest(folder, home)
    before = (home.lake / "manifest.json").read_bytes()

    def interrupt(text: str) -> None:
        if text.startswith("POS_CASH_balance"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(folder, home, progress=interrupt)
    assert (home.lake / "manifest.json").read_bytes() == before
    assert [path.name for path in home.root.iterdir()] == ["lake"]


def test_ctrl_c_in_the_middle_of_a_query_stops_like_anywhere_else(
    folder: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> int:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr("training.ingest.stage", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest(folder, home)
    assert list(home.root.iterdir()) == []


def test_debris_of_a_killed_process_is_removed_by_the_next_ingest(folder: Path, home: Home) -> None:
    dead = home.root / ".lake.new-999999999"
    (dead / "lake").mkdir(parents=True)
    ingest(folder, home)
    assert [path.name for path in home.root.iterdir()] == ["lake"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_is_replaced_whole_with_and_without_the_exchange_of_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(folders, "_exchange_at_once", lambda one, other: False)
    target = tmp_path / "thing"
    for text in ("first", "second"):
        with folders.replaced(target) as fresh:
            (fresh / "file").write_text(text)
        assert (target / "file").read_text() == text
    with pytest.raises(RuntimeError), folders.replaced(target) as fresh:
        (fresh / "file").write_text("third")
        raise RuntimeError
    assert (target / "file").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


# --- the command -----------------------------------------------------------------------------------


def test_the_command_exits_0_and_names_what_it_wrote(folder: Path, home: Home) -> None:
    result = CliRunner().invoke(cli, ["ingest", str(folder)], env={"PAD_HOME": str(home.root)})
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith(f"wrote {home.lake}: 7 tables, ")


def test_the_command_exits_1_with_one_line_on_a_refusal(folder: Path, home: Home) -> None:
    put(folder, "application_train.csv", 2, "TARGET", "7")
    result = CliRunner().invoke(cli, ["ingest", str(folder)], env={"PAD_HOME": str(home.root)})
    assert result.exit_code == 1
    errors = [line for line in result.output.splitlines() if line.startswith("error:")]
    assert errors == [line for line in result.output.splitlines() if "TARGET" in line]
    assert "table application, application_train.csv, line 2, column TARGET" in errors[0]


def test_the_command_exits_2_without_a_source() -> None:
    assert CliRunner().invoke(cli, ["ingest"]).exit_code == 2


# --- the real archive --------------------------------------------------------------------------------


def test_the_real_archive_ingests_without_orphan_or_rounding(sample: Path, home: Home) -> None:
    report = ingest(sample, home)
    assert report.fictional is False
    assert report.missing == ()
    for name, table in report.tables.items():
        assert table.orphans == 0, name
        assert table.rounded == {}, name
    assert report.tables["application"].rows >= 10_000
    assert report.rows > 1_000_000


def test_an_archive_of_applications_alone_ingests_when_that_is_meant(sample: Path, home: Home) -> None:
    path = sample.parent / "home-credit-applications.zip"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside PAD_SAMPLE")
    assert "lacks the tables bureau, bureau_balance," in refusal(path, home).detail
    report = ingest(path, home, allow_missing=[name for name in TABLES if name != "application"])
    assert report.tables["application"].rows > 19_000
