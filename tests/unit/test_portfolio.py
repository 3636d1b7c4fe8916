"""The fictional portfolio: its shape, its stories' consistency, and how predictable it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from model.errors import InputError
from model.home import Home
from model.tables import SENTINEL_DAYS, TABLES
from training.__main__ import cli
from training.ingest import ingest
from training.portfolio import BLOCK, FIRST_ID, write_portfolio
from training.portfolio.draws import MONTH, Draws, choice, instalment, marginal, numbered, spread

CLIENTS = BLOCK + 2_000  # two blocks, the second not full
SEED = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portfolio") / "portfolio"
    write_portfolio(path, clients=CLIENTS, seed=SEED)
    return path


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables by name; text columns as plain strings."""
    found = {}
    for path in folder.glob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in frame.columns[frame.dtypes == "category"]:
            frame[column] = frame[column].astype(object)
        found[path.stem] = frame
    found["application"] = pd.concat([found["application_train"], found["application_test"]])
    return found


def per_client(frame: pd.DataFrame) -> float:
    return len(frame) / CLIENTS


# --- shape --------------------------------------------------------------------------------------


def test_it_has_every_file_and_column_of_the_archive_in_order(folder: Path) -> None:
    for table in TABLES.values():
        for stem in table.files:
            names = pq.ParquetFile(folder / f"{stem}.parquet").schema_arrow.names
            assert names == [n for n in table.names if stem != "application_test" or n != "TARGET"], stem


def test_numbers_start_where_no_real_client_is_and_85_percent_are_labelled(
    tables: dict[str, pd.DataFrame],
) -> None:
    ids = np.sort(tables["application"].SK_ID_CURR)
    assert FIRST_ID == 900_001
    np.testing.assert_array_equal(ids, np.arange(FIRST_ID, FIRST_ID + CLIENTS))
    assert len(tables["application_train"]) == round(0.85 * CLIENTS)
    assert tables["application_train"].TARGET.notna().all()
    for name, column in (("previous_application", "SK_ID_PREV"), ("bureau", "SK_ID_BUREAU")):
        assert tables[name][column].min() > 90_000_000  # real ones have seven digits
        assert tables[name][column].is_unique


def test_it_says_that_it_is_fictional(folder: Path) -> None:
    mark = json.loads((folder / "portfolio.json").read_text())
    assert mark["fictional"] is True
    assert (mark["clients"], mark["seed"]) == (CLIENTS, SEED)
    assert mark["rows"]["application_train"] == round(0.85 * CLIENTS)


def test_it_goes_through_ingest_like_any_archive(folder: Path, tmp_path: Path) -> None:
    notices: list[str] = []
    report = ingest(folder, Home(tmp_path), progress=notices.append)
    assert report.fictional is True
    assert report.missing == ()
    assert {(t.orphans, tuple(t.rounded)) for t in report.tables.values()} == {(0, ())}
    assert not [line for line in notices if "not read" in line]


def test_the_same_number_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_portfolio(tmp_path / name, clients=60, seed=seed)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    different = [
        p for p in (tmp_path / "a").iterdir() if p.read_bytes() != (tmp_path / "c" / p.name).read_bytes()
    ]
    assert len(different) == 9


def test_a_full_block_does_not_depend_on_how_many_follow(
    tmp_path: Path, tables: dict[str, pd.DataFrame]
) -> None:
    write_portfolio(tmp_path / "one", clients=BLOCK, seed=SEED)
    alone = pd.read_parquet(tmp_path / "one" / "installments_payments.parquet")
    together = tables["installments_payments"]
    pd.testing.assert_frame_equal(alone, together[together.SK_ID_CURR < FIRST_ID + BLOCK])


def test_blocks_are_not_copies_of_each_other(tables: dict[str, pd.DataFrame]) -> None:
    score = tables["application"].sort_values("SK_ID_CURR").EXT_SOURCE_2.to_numpy()
    assert (score[: CLIENTS - BLOCK] != score[BLOCK:]).mean() > 0.99


def test_amounts_have_two_decimals_and_the_size_of_euros(tables: dict[str, pd.DataFrame]) -> None:
    for name, table in TABLES.items():
        for column in table.columns:
            if column.kind == "money":
                values = tables[name][column.name].dropna()
                assert (values == values.round(2)).all(), column
    application = tables["application"]
    low, high = application.AMT_INCOME_TOTAL.quantile([0.05, 0.95])
    assert 12_000 < low < 18_000 and 45_000 < high < 65_000
    assert application.AMT_CREDIT.min() >= 2_000 and application.AMT_CREDIT.max() <= 80_000
    effort = application.AMT_ANNUITY / application.AMT_INCOME_TOTAL
    assert 0.12 < effort.median() < 0.22 and effort.max() < 0.7


# --- marginals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("bureau", 4.8),
        ("bureau_balance", 77),
        ("previous_application", 4.7),
        ("POS_CASH_balance", 28),
        ("credit_card_balance", 10.8),
        ("installments_payments", 38),
    ],
)
def test_rows_a_client_are_those_of_the_full_archive(
    tables: dict[str, pd.DataFrame], name: str, rows: float
) -> None:
    assert per_client(tables[name]) == pytest.approx(rows, rel=0.15)


@pytest.mark.parametrize(
    ("column", "share"),
    [
        ("EXT_SOURCE_1", 0.56),
        ("EXT_SOURCE_2", 0.002),
        ("EXT_SOURCE_3", 0.20),
        ("OCCUPATION_TYPE", 0.31),
        ("OWN_CAR_AGE", 0.66),
        ("AMT_REQ_CREDIT_BUREAU_YEAR", 0.135),
        ("APARTMENTS_AVG", 0.51),
        ("COMMONAREA_MEDI", 0.70),
        ("FLOORSMAX_MODE", 0.50),
        ("FONDKAPREMONT_MODE", 0.68),
        ("AMT_CREDIT", 0.0),
        ("DAYS_EMPLOYED", 0.0),
    ],
)
def test_values_are_missing_where_the_archive_misses_them(
    tables: dict[str, pd.DataFrame], column: str, share: float
) -> None:
    assert tables["application"][column].isna().mean() == pytest.approx(share, abs=0.03)


def test_about_eight_percent_default(tables: dict[str, pd.DataFrame]) -> None:
    assert tables["application_train"].TARGET.mean() == pytest.approx(0.081, abs=0.012)


def test_some_clients_have_no_history_and_few_a_monthly_bureau_report(
    tables: dict[str, pd.DataFrame],
) -> None:
    def share(name: str) -> float:
        return float(tables[name].SK_ID_CURR.nunique() / CLIENTS)

    assert share("bureau") == pytest.approx(0.86, abs=0.03)
    assert share("previous_application") == pytest.approx(0.95, abs=0.02)
    assert share("credit_card_balance") == pytest.approx(0.29, abs=0.04)
    balance = tables["bureau_balance"].SK_ID_BUREAU // 100
    assert 0.28 < balance.nunique() / CLIENTS < 0.42


def test_categories_are_those_of_the_archive(tables: dict[str, pd.DataFrame]) -> None:
    application, previous = tables["application"], tables["previous_application"]
    assert set(application.NAME_CONTRACT_TYPE) == {"Cash loans", "Revolving loans"}
    assert set(tables["bureau_balance"].STATUS) == set("012345CX")
    assert set(previous.NAME_CONTRACT_STATUS) == {"Approved", "Refused", "Canceled", "Unused offer"}
    assert application.ORGANIZATION_TYPE.nunique() >= 50
    assert application.OCCUPATION_TYPE.nunique() == 18
    combinations = set(previous.PRODUCT_COMBINATION.dropna())
    assert combinations >= {"Cash", "Card Street", "Cash X-Sell: low", "POS mobile with interest"}
    assert len(combinations) == 17


# --- consistency ------------------------------------------------------------------------------------


def test_people_without_work_carry_the_sentinel_and_no_employer(tables: dict[str, pd.DataFrame]) -> None:
    application = tables["application"]
    idle = application.NAME_INCOME_TYPE.isin(["Pensioner", "Unemployed"])
    assert idle.mean() == pytest.approx(0.18, abs=0.03)
    pd.testing.assert_series_equal(application.DAYS_EMPLOYED == SENTINEL_DAYS, idle, check_names=False)
    pd.testing.assert_series_equal(application.ORGANIZATION_TYPE == "XNA", idle, check_names=False)
    assert (application.FLAG_EMP_PHONE == 0).equals(idle)
    assert application[idle].OCCUPATION_TYPE.isna().all()


def test_no_one_worked_before_eighteen_or_has_more_relatives_than_family(
    tables: dict[str, pd.DataFrame],
) -> None:
    application = tables["application"]
    working = application[application.DAYS_EMPLOYED < 0]
    assert (working.DAYS_EMPLOYED > working.DAYS_BIRTH + 18 * 365.25 - 1).all()
    assert (application.CNT_FAM_MEMBERS > application.CNT_CHILDREN).all()
    assert application.OWN_CAR_AGE.notna().equals(application.FLAG_OWN_CAR == "Y")


def test_credit_covers_the_goods_and_the_annuity_repays_it(tables: dict[str, pd.DataFrame]) -> None:
    loans = tables["application"].query("NAME_CONTRACT_TYPE == 'Cash loans'").dropna(subset=["AMT_ANNUITY"])
    assert (loans.AMT_CREDIT >= loans.AMT_GOODS_PRICE).all()
    years = loans.AMT_CREDIT / loans.AMT_ANNUITY
    assert years.between(0.9, 10).all()


def test_social_circle_counts_are_nested(tables: dict[str, pd.DataFrame]) -> None:
    circle = tables["application"].dropna(subset=["OBS_30_CNT_SOCIAL_CIRCLE"])
    assert (circle.DEF_60_CNT_SOCIAL_CIRCLE <= circle.DEF_30_CNT_SOCIAL_CIRCLE).all()
    assert (circle.DEF_30_CNT_SOCIAL_CIRCLE <= circle.OBS_30_CNT_SOCIAL_CIRCLE).all()
    assert (circle.OBS_60_CNT_SOCIAL_CIRCLE <= circle.OBS_30_CNT_SOCIAL_CIRCLE).all()


def test_a_client_without_bureau_was_never_asked_about_and_has_no_third_score(
    tables: dict[str, pd.DataFrame],
) -> None:
    application = tables["application"]
    unknown = ~application.SK_ID_CURR.isin(tables["bureau"].SK_ID_CURR)
    assert application.AMT_REQ_CREDIT_BUREAU_YEAR.isna().equals(unknown)
    assert application[unknown].EXT_SOURCE_3.isna().all()


def test_bureau_credits_end_owe_and_delay_in_accord(tables: dict[str, pd.DataFrame]) -> None:
    bureau = tables["bureau"]
    closed = bureau.CREDIT_ACTIVE == "Closed"
    assert bureau.DAYS_ENDDATE_FACT.notna().equals(closed)
    assert (bureau.DAYS_ENDDATE_FACT.dropna() >= bureau.DAYS_CREDIT[closed]).all()
    assert (bureau.AMT_CREDIT_SUM_DEBT[closed].fillna(0) == 0).all()
    late = bureau.CREDIT_DAY_OVERDUE > 0
    assert late.equals(bureau.AMT_CREDIT_SUM_OVERDUE > 0)
    assert (bureau[late].CREDIT_ACTIVE == "Active").all()
    assert (bureau.DAYS_CREDIT_UPDATE >= bureau.DAYS_CREDIT).all()


def test_the_monthly_bureau_report_runs_from_opening_to_now_and_is_closed_after_the_end(
    tables: dict[str, pd.DataFrame],
) -> None:
    balance = tables["bureau_balance"].merge(tables["bureau"], on="SK_ID_BUREAU", validate="m:1")
    months = balance.groupby("SK_ID_BUREAU").agg(
        first=("MONTHS_BALANCE", "min"),
        last=("MONTHS_BALANCE", "max"),
        rows=("MONTHS_BALANCE", "size"),
        opened=("DAYS_CREDIT", "first"),
    )
    assert (months["last"] == 0).all()
    assert (months["rows"] == 1 - months["first"]).all()
    assert (months["first"] == -np.minimum(np.floor(-months["opened"] / MONTH), 96)).all()
    over = np.floor(balance.DAYS_ENDDATE_FACT / MONTH) < balance.MONTHS_BALANCE
    assert (balance.STATUS == "C").equals(over)
    late_today = balance[(balance.MONTHS_BALANCE == 0) & (balance.CREDIT_DAY_OVERDUE > 0)]
    assert (
        np.minimum(np.ceil(late_today.CREDIT_DAY_OVERDUE / 30), 5).astype(int).astype(str)
        == late_today.STATUS
    ).all()


def test_earlier_applications_carry_the_sentinels_of_their_outcome(tables: dict[str, pd.DataFrame]) -> None:
    previous = tables["previous_application"]
    status = previous.NAME_CONTRACT_STATUS
    assert (previous.CODE_REJECT_REASON[status.isin(["Approved", "Canceled"])] == "XAP").all()
    assert (previous.CODE_REJECT_REASON[status == "Refused"] != "XAP").all()
    assert (previous.NAME_CASH_LOAN_PURPOSE == "XAP").equals(previous.NAME_CONTRACT_TYPE != "Cash loans")
    assert (previous.NAME_YIELD_GROUP[previous.NAME_CONTRACT_TYPE == "Revolving loans"] == "XNA").all()
    drawn = previous.DAYS_TERMINATION.notna()
    assert (status[drawn] == "Approved").all()
    consumer = previous[drawn & (previous.NAME_CONTRACT_TYPE == "Consumer loans")]
    assert (consumer.DAYS_FIRST_DRAWING == SENTINEL_DAYS).all()
    ended = previous[drawn & (previous.DAYS_TERMINATION < SENTINEL_DAYS)]
    assert (ended.DAYS_TERMINATION < 0).all()
    assert (ended.DAYS_LAST_DUE[ended.DAYS_LAST_DUE < SENTINEL_DAYS] <= ended.DAYS_TERMINATION).all()
    oldest = previous.groupby("SK_ID_CURR").DAYS_DECISION
    assert (oldest.diff().dropna() >= 0).all()


@pytest.mark.parametrize("name", ["POS_CASH_balance", "credit_card_balance", "installments_payments"])
def test_every_monthly_row_belongs_to_an_approved_contract_of_its_client(
    tables: dict[str, pd.DataFrame], name: str
) -> None:
    contracts = tables["previous_application"][
        ["SK_ID_PREV", "SK_ID_CURR", "NAME_CONTRACT_STATUS", "DAYS_DECISION"]
    ].set_axis(["SK_ID_PREV", "owner", "outcome", "decided"], axis=1)
    rows = tables[name].merge(contracts, on="SK_ID_PREV", validate="m:1")
    assert len(rows) == len(tables[name])
    assert (rows.owner == rows.SK_ID_CURR).all()
    assert (rows.outcome == "Approved").all()
    if name == "installments_payments":
        assert (rows.decided - 31 <= rows.DAYS_INSTALMENT).all()
    else:
        assert (rows.decided <= MONTH * rows.MONTHS_BALANCE).all()


def test_instalments_are_the_annuity_shared_over_the_first_year(tables: dict[str, pd.DataFrame]) -> None:
    loans = tables["installments_payments"].query(
        "NUM_INSTALMENT_NUMBER == 1 and NUM_INSTALMENT_VERSION == 1"
    )
    rows = loans.merge(tables["previous_application"], on="SK_ID_PREV")
    rows = rows[rows.DAYS_LAST_DUE_1ST_VERSION > rows.DAYS_INSTALMENT]
    running = rows[rows.DAYS_LAST_DUE == SENTINEL_DAYS]
    expected = running.AMT_ANNUITY / np.minimum(running.CNT_PAYMENT, 12)
    early_and_single = expected + 1 < running.AMT_INSTALMENT
    assert early_and_single.mean() < 0.1
    np.testing.assert_allclose(
        running.AMT_INSTALMENT[~early_and_single], expected[~early_and_single], atol=0.02
    )


def test_days_past_due_are_those_of_the_instalments(tables: dict[str, pd.DataFrame]) -> None:
    """Recomputed row by row from the payments, for every contract of the first clients."""
    payments = tables["installments_payments"].query("NUM_INSTALMENT_VERSION > 0 and SK_ID_CURR < 900401")
    settled = (
        payments.assign(day=payments.DAYS_ENTRY_PAYMENT.fillna(0))
        .groupby(["SK_ID_PREV", "NUM_INSTALMENT_NUMBER"], as_index=False)
        .agg(due=("DAYS_INSTALMENT", "first"), day=("day", "max"))
    )
    months = tables["POS_CASH_balance"].query("SK_ID_CURR < 900401")
    pairs = months.merge(settled, on="SK_ID_PREV")
    today = MONTH * pairs.MONTHS_BALANCE
    open_ = (pairs.due < today) & (today < pairs.day)
    pairs["days"] = np.where(open_, np.floor(today - pairs.due), 0)
    expected = pairs.groupby(["SK_ID_PREV", "MONTHS_BALANCE"]).days.max()
    found = months.set_index(["SK_ID_PREV", "MONTHS_BALANCE"]).SK_DPD
    joined = found.to_frame().join(expected, how="left").fillna(0)
    assert (joined.SK_DPD > 0).sum() > 50
    assert (joined.days == joined.SK_DPD).all()


def test_tolerated_days_past_due_never_exceed_the_days(tables: dict[str, pd.DataFrame]) -> None:
    for name in ("POS_CASH_balance", "credit_card_balance"):
        assert (tables[name].SK_DPD_DEF <= tables[name].SK_DPD).all()


def test_instalments_left_fall_to_zero_when_a_contract_is_completed(tables: dict[str, pd.DataFrame]) -> None:
    pos = tables["POS_CASH_balance"]
    completed = pos[pos.NAME_CONTRACT_STATUS == "Completed"]
    assert len(completed) > 0.04 * len(pos)
    assert (completed.CNT_INSTALMENT_FUTURE == 0).all()
    known = pos.dropna(subset=["CNT_INSTALMENT"])
    assert (known.CNT_INSTALMENT_FUTURE <= known.CNT_INSTALMENT).all()


def test_card_months_add_up(tables: dict[str, pd.DataFrame]) -> None:
    card = tables["credit_card_balance"]
    parts = card[[f"AMT_DRAWINGS_{part}_CURRENT" for part in ("ATM", "POS", "OTHER")]].dropna()
    np.testing.assert_allclose(parts.sum(axis=1), card.AMT_DRAWINGS_CURRENT[parts.index], atol=0.011)
    assert (card.AMT_BALANCE >= 0).all()
    steps = card.sort_values(["SK_ID_PREV", "MONTHS_BALANCE"])
    before = steps.groupby("SK_ID_PREV").AMT_BALANCE.shift(fill_value=0)
    growth = steps.AMT_BALANCE - (before - steps.AMT_PAYMENT_TOTAL_CURRENT + steps.AMT_DRAWINGS_CURRENT)
    assert (growth >= -0.02).all() and (growth <= 0.0131 * before + 0.02).all()


# --- what can be learned from it ---------------------------------------------------------------------


def test_external_scores_lead_and_history_adds_to_them(tables: dict[str, pd.DataFrame]) -> None:
    people = tables["application_train"].set_index("SK_ID_CURR")
    bureau, previous = tables["bureau"], tables["previous_application"]
    payments = tables["installments_payments"]
    late = (payments.DAYS_ENTRY_PAYMENT - payments.DAYS_INSTALMENT).clip(lower=0)
    signals = {
        "scores": -people[["EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"]].mean(axis=1),
        "employment": people.DAYS_EMPLOYED.where(people.DAYS_EMPLOYED < 0),
        "arrears": late.groupby(payments.SK_ID_CURR).mean(),
        "refusals": (previous.NAME_CONTRACT_STATUS == "Refused").groupby(previous.SK_ID_CURR).mean(),
        "recent credits": bureau.groupby("SK_ID_CURR").DAYS_CREDIT.mean(),
        "debt": bureau.groupby("SK_ID_CURR").AMT_CREDIT_SUM_DEBT.sum(),
        "income": -people.AMT_INCOME_TOTAL,
        "effort": people.AMT_ANNUITY / people.AMT_INCOME_TOTAL,
    }
    areas = {}
    for name, values in signals.items():
        known = values.reindex(people.index).dropna()
        areas[name] = roc_auc_score(people.TARGET[known.index], known)
    assert areas["scores"] == max(areas.values())
    assert 0.66 < areas["scores"] < 0.76
    for name, area in areas.items():
        assert area > 0.52, (name, areas)


def test_cross_validated_auc_is_believable(tables: dict[str, pd.DataFrame]) -> None:
    """A plain logistic regression on a few columns; the full model is measured by benchmarks/ingest.py."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    people = tables["application_train"].set_index("SK_ID_CURR")
    previous, payments, bureau = (
        tables[name] for name in ("previous_application", "installments_payments", "bureau")
    )
    late = (payments.DAYS_ENTRY_PAYMENT - payments.DAYS_INSTALMENT).clip(lower=0)
    columns = pd.DataFrame(
        {
            "one": people.EXT_SOURCE_1,
            "two": people.EXT_SOURCE_2,
            "three": people.EXT_SOURCE_3,
            "job": people.DAYS_EMPLOYED.where(people.DAYS_EMPLOYED < 0),
            "phone": people.DAYS_LAST_PHONE_CHANGE,
            "identity": people.DAYS_ID_PUBLISH,
            "effort": np.log(people.AMT_ANNUITY / people.AMT_INCOME_TOTAL),
            "goods": people.AMT_CREDIT / people.AMT_GOODS_PRICE,
            "arrears": late.groupby(payments.SK_ID_CURR).mean(),
            "refusals": (previous.NAME_CONTRACT_STATUS == "Refused").groupby(previous.SK_ID_CURR).mean(),
            "recent": bureau.groupby("SK_ID_CURR").DAYS_CREDIT.mean(),
        }
    ).reindex(people.index)
    ranks = columns.rank(pct=True).fillna(0.5)
    scores = cross_val_predict(LogisticRegression(), ranks, people.TARGET, cv=5, method="decision_function")
    assert 0.72 < roc_auc_score(people.TARGET, scores) < 0.80


def test_groups_differ_modestly(tables: dict[str, pd.DataFrame]) -> None:
    people = tables["application_train"]
    by_sex = people.groupby("CODE_GENDER").TARGET.mean()
    assert 1.0 < by_sex["M"] / by_sex["F"] < 1.9
    young = people.DAYS_BIRTH > -35 * 365.25
    assert 1.0 < people.TARGET[young].mean() / people.TARGET[~young].mean() < 2.2


# --- tools --------------------------------------------------------------------------------------------


@given(loading=st.floats(-0.95, 0.95), seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_a_signal_is_standard_and_correlated_as_asked(loading: float, seed: int) -> None:
    draws = Draws(seed, 0, 0)
    risk = draws.normal(20_000)
    signal = draws.signal(risk, loading)
    assert abs(signal.mean()) < 0.05 and abs(signal.std() - 1) < 0.05
    assert np.corrcoef(signal, risk)[0, 1] == pytest.approx(loading, abs=0.05)


@given(counts=st.lists(st.integers(0, 9), max_size=30))
def test_spreading_numbers_the_rows_of_each_owner(counts: list[int]) -> None:
    owner, place = spread(np.array(counts, dtype=np.int64))
    assert owner.tolist() == [i for i, c in enumerate(counts) for _ in range(c)]
    assert place.tolist() == [k for c in counts for k in range(c)]
    assert numbered(owner, len(counts)).tolist() == place.tolist()


@given(credit=st.floats(100, 80_000), rate=st.floats(0.001, 0.3), months=st.integers(1, 120))
def test_an_instalment_repays_the_credit_in_time(credit: float, rate: float, months: int) -> None:
    due = float(instalment(np.float64(credit), np.float64(rate), np.float64(months)))
    left = credit
    for _ in range(months):
        left = left * (1 + rate / 12) - due
    assert abs(left) < 1e-6 * credit


def test_a_choice_without_scores_has_its_shares_and_leans_with_a_score() -> None:
    table = choice({"rare": (0.1, 1.0), "common": (0.9, 0.0)})
    draws = Draws(1, 0, 0)
    plain = draws.text(table, 50_000).is_("rare").mean()
    leaning = draws.text(table, 50_000, np.full(50_000, 2.0)).is_("rare").mean()
    assert plain == pytest.approx(0.1, abs=0.01)
    assert leaning == pytest.approx(0.1 * np.e**2 / (0.1 * np.e**2 + 0.9), abs=0.01)


def test_a_marginal_gives_its_median_and_stays_in_its_bounds() -> None:
    table = marginal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 0, 20)
    assert table.at(np.array([0.0]))[0] == 7
    assert table.at(np.array([-50.0, 50.0])).tolist() == [0, 20]


# --- refusals and the command ----------------------------------------------------------------------


@pytest.mark.parametrize(("clients", "seed"), [(9, 1), (0, 1), (-5, 1), (10**9, 1), (100, -1)])
def test_sizes_and_seeds_out_of_range_are_refused(tmp_path: Path, clients: int, seed: int) -> None:
    with pytest.raises(InputError, match=r"--clients|--seed"):
        write_portfolio(tmp_path / "p", clients=clients, seed=seed)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_portfolio_leaves_the_former_one(tmp_path: Path) -> None:
    write_portfolio(tmp_path / "p", clients=20, seed=1)
    before = (tmp_path / "p" / "portfolio.json").read_bytes()

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_portfolio(tmp_path / "p", clients=20, seed=2, progress=interrupt)
    assert (tmp_path / "p" / "portfolio.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_the_command_writes_under_the_home_and_names_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["portfolio", "--clients", "30", "--seed", "2"], env={"PAD_HOME": str(tmp_path)}
    )
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"wrote {tmp_path / 'portfolio'}: 30 fictional clients"
    refused = CliRunner().invoke(cli, ["portfolio", "--clients", "3"], env={"PAD_HOME": str(tmp_path)})
    assert refused.exit_code == 1
