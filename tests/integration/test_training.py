"""One training of the fictional portfolio: what it may read, what it keeps, what it promises."""

from __future__ import annotations

import json
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.assess import assess
from model.book import Book, load_book
from model.bundle import Bundle, check_golden, load_bundle
from model.dictionary import direction, excluded
from model.drift import DRIFT, DriftReference
from model.errors import IntegrityError
from model.features import Vocabulary, feature_names, origin
from model.features.application import APPLICATION
from model.home import Home
from model.neighbours import LEAVES, OUTCOMES, leaves_of
from model.pointer import read_pointer
from model.recourse import PAYMENT_RATES
from model.tables import TABLES
from training import boosting
from training.boosting import booster_names
from training.dataset import Clients, read_clients
from training.evaluation import auc_score
from training.experiment import run_experiment
from training.fairness import FAIRNESS
from training.matrix import compute_features
from training.recipe import DEFAULT_KEEP
from training.registry import compare_with_champion, promote
from training.tracking import connected
from training.versions import BUNDLE_TAG, CHALLENGER, MODEL, by_alias, latest_version

pytestmark = pytest.mark.xdist_group("small_home")


@pytest.fixture(scope="module")
def bundle(small_home: Home) -> Bundle:
    return load_bundle(small_home.bundles / read_pointer(small_home).bundle)


@pytest.fixture(scope="module")
def book(small_home: Home) -> Book:
    return load_book(small_home.books / read_pointer(small_home).book)


@pytest.fixture(scope="module")
def candidates(small_home: Home) -> Clients:
    """All clients with every feature that the model could have kept."""
    return read_clients(small_home)


@pytest.fixture(scope="module")
def clients(candidates: Clients, bundle: Bundle) -> Clients:
    """All clients with the features that the model reads."""
    return candidates.only(np.array([candidates.features.index(name) for name in bundle.features]))


# Laws ---------------------------------------------------------------------------------


def test_L10_moving_a_constrained_feature_the_safe_way_never_raises_the_default_probability(bundle, clients):
    rows = clients.matrix[np.random.default_rng(0).permutation(len(clients.ids))[:1000]]
    constrained = [j for j, name in enumerate(bundle.features) if direction(name)]
    assert len(constrained) > 20
    before = bundle.probabilities(rows)

    lowered = 0
    for j in constrained:
        moved = rows.copy()
        # The safe way is down for +1, up for −1; a missing value stays missing.
        moved[:, j] -= np.float32(direction(bundle.features[j])) * np.float32(0.3 * np.nanstd(rows[:, j]))
        after = bundle.probabilities(moved)
        assert (after <= before).all(), bundle.features[j]
        lowered += (after < before).any()
    assert lowered > 10


def test_L11_the_booster_reads_no_excluded_feature(bundle):
    names = bundle.booster.feature_name()

    assert names == booster_names(bundle.features)
    assert [name for name in (*bundle.features, *names) if excluded(name)] == []


def test_L12_shuffling_everything_excluded_changes_no_default_probability(small_home, bundle, tmp_path):
    shuffled = Home(tmp_path)
    shuffled.lake.mkdir(parents=True)
    columns = excluded_columns()
    categories = excluded_categories(bundle.vocabulary)
    assert {table for table, _ in columns} == {"application", "bureau", "previous_application"}
    assert {column for _, column, _ in categories} == {
        "NAME_INCOME_TYPE", "ORGANIZATION_TYPE", "NAME_CASH_LOAN_PURPOSE", "NAME_GOODS_CATEGORY"
    }  # fmt: skip

    varied = set()
    for table in TABLES:
        frame = pq.read_table(small_home.lake / f"{table}.parquet")
        rng = np.random.default_rng(0)
        for column in (column for place, column in columns if place == table):
            varied |= {(table, column)} if len(frame[column].unique()) > 1 else set()
            frame = with_column(frame, column, frame[column].take(rng.permutation(frame.num_rows)))
        for column, alike in ((column, alike) for place, column, alike in categories if place == table):
            drawn = rng.integers(0, len(alike), frame.num_rows)
            values = [
                alike[k] if one in alike else one
                for one, k in zip(frame[column].to_pylist(), drawn, strict=True)
            ]
            frame = with_column(frame, column, pa.array(values, pa.string()))
        pq.write_table(frame, shuffled.lake / f"{table}.parquet")
    names = feature_names(bundle.vocabulary)
    before = compute_features(small_home, bundle.vocabulary)[1]
    after = compute_features(shuffled, bundle.vocabulary)[1]
    changed = [
        name for j, name in enumerate(names) if not np.array_equal(before[:, j], after[:, j], equal_nan=True)
    ]

    # Every shuffled column reached its features, and nothing but excluded features moved.
    read = {(origin(name).table, origin(name).column) for name in names}
    assert {(origin(name).table, origin(name).column) for name in changed} >= varied & read
    assert [name for name in changed if not excluded(name)] == []
    served = [names.index(name) for name in bundle.features]
    assert np.array_equal(bundle.probabilities(before[:, served]), bundle.probabilities(after[:, served]))


def excluded_columns() -> list[tuple[str, str]]:
    """Raw columns of every table that the dictionary excludes."""
    return [
        (table.name, one.name) for table in TABLES.values() for one in table.columns if excluded(one.name)
    ]


def excluded_categories(vocabulary: Vocabulary) -> list[tuple[str, str, list[str | None]]]:
    """Table, text column that is kept, and values of it that must count alike.

    An excluded category counts as one that is not known; one that is read as another counts as that.
    """
    unknown: dict[tuple[str, str], list[str | None]] = {}
    for name in feature_names(vocabulary):
        made = origin(name)
        if excluded(name) and made.category not in (None, "nan") and not excluded(made.column):
            unknown.setdefault((made.table, made.column), [None]).append(made.category)
    return [
        *((table, column, alike) for (table, column), alike in unknown.items()),
        *(
            ("application", column, [value, stands_for])
            for column, replaced in APPLICATION.read_as.items()
            for value, stands_for in replaced.items()
        ),
    ]


def with_column(frame: pa.Table, name: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    place = frame.column_names.index(name)
    return frame.set_column(place, pa.field(name, values.type), values)


def test_a_shuffled_outcome_gives_an_auc_of_one_half_through_the_whole_experiment(
    candidates, book, monkeypatch
):
    monkeypatch.setattr(boosting, "PATIENCE", 15)
    labelled = candidates.labelled
    target = candidates.target.copy()
    target[labelled] = np.random.default_rng(3).permutation(target[labelled])

    experiment = run_experiment(replace(candidates, target=target), book.column("AMT_CREDIT")[labelled])

    assert experiment.metrics["auc"].low < 0.5 < experiment.metrics["auc"].high


# What the bundle and the client book say ----------------------------------------------


def test_the_policy_operates_the_theoretical_cut_off_and_shows_the_empirical_one(bundle):

    assert bundle.policy.cutoff == pytest.approx(1 / 11)
    assert (
        bundle.policy.empirical.ci95[0] <= bundle.policy.empirical.cutoff <= bundle.policy.empirical.ci95[1]
    )


def test_limits_in_money_come_from_the_raw_amounts_of_labelled_clients(bundle, book):
    amounts = np.asarray(book.column("AMT_CREDIT"))[book.target >= 0]

    assert bundle.policy.override_limit == pytest.approx(np.quantile(amounts, 0.9))
    assert bundle.policy.smallest_amount == pytest.approx(amounts.min())


def test_the_served_features_are_some_of_the_candidates_in_their_order(bundle, candidates):
    places = [candidates.features.index(name) for name in bundle.features]

    assert len(bundle.features) == min(DEFAULT_KEEP, len(candidates.features))
    assert places == sorted(places)


def test_metrics_are_those_of_the_out_of_fold_margins(bundle, book):
    known = book.target >= 0

    auc = auc_score(book.target[known], book.oof_margin[known])

    assert bundle.evaluation["metrics"]["auc"]["value"] == pytest.approx(auc.value)
    assert bundle.evaluation["metrics"]["auc"]["low"] == pytest.approx(auc.low)
    assert bundle.evaluation["clients"] == known.sum()


def test_out_of_fold_margins_differ_from_the_served_ones_and_waiting_clients_have_none(book):
    known = book.target >= 0

    assert not np.isnan(book.oof_margin[known]).any()
    assert np.isnan(book.oof_margin[~known]).all()
    assert (book.oof_margin[known] != book.margin[known]).mean() > 0.99


def test_the_served_booster_flatters_the_clients_it_learned_from(bundle, book):
    """Why a labelled file shows its out-of-fold probability beside."""
    known = book.target >= 0

    in_sample = auc_score(book.target[known], book.margin[known])

    assert in_sample.value > bundle.evaluation["metrics"]["auc"]["value"] + 0.02


def test_the_worklist_names_the_same_first_code_as_the_client_page(bundle, book):
    waiting = book.waiting[:60]

    for row in waiting:
        assessment = assess(bundle, book.case_at(int(row)))
        if assessment.reasons:
            assert book.first_code(int(row), adverse=True) == assessment.reasons[0].code
        if assessment.strengths:
            assert book.first_code(int(row), adverse=False) == assessment.strengths[0].code
        assert book.flags[row] == len(assessment.data_quality.to_check)


def test_importance_has_every_code_theme_and_feature_with_its_spread_over_the_folds(bundle):
    features = bundle.importance["features"]

    assert set(features) == set(bundle.features)
    for level in ("codes", "themes", "features"):
        assert all(len(row["folds"]) == 5 and row["mean"] >= 0 for row in bundle.importance[level].values())
    # A code cannot weigh more than its features together, nor a theme more than its codes.
    for level, below in (("codes", "features"), ("themes", "codes")):
        total = sum(row["mean"] for row in bundle.importance[level].values())
        assert total <= sum(row["mean"] for row in bundle.importance[below].values()) + 1e-12


def test_golden_rows_are_no_client(bundle, clients):
    known = {row.tobytes() for row in clients.matrix}

    check_golden(bundle)
    assert not any(row.tobytes() in known for row in bundle.golden)


# What MLflow keeps --------------------------------------------------------------------


@pytest.fixture(scope="module")
def version(small_home):
    newest = latest_version(small_home)
    with connected(small_home) as tracking:
        yield tracking.client.get_model_version(MODEL, newest)


@pytest.fixture(scope="module")
def run(small_home, version):
    with connected(small_home) as tracking:
        yield tracking.client.get_run(version.run_id)


def test_the_run_keeps_parameters_data_and_code(run, bundle):
    assert run.data.params["learning_rate"] == "0.03"
    assert run.data.params["trees"] == str(bundle.booster.num_trees())
    assert run.data.params["features"] == str(len(bundle.features))
    assert run.data.tags["data"] == bundle.versions["data"]
    assert run.data.tags["code"] == bundle.versions["code"]


def test_the_run_keeps_each_metric_with_its_bounds_overall_and_by_fold(small_home, run, bundle):
    for name in (
        "auc",
        "gini",
        "ks",
        "pr_auc",
        "brier",
        "log_loss",
        "ece",
        "cost_per_file",
        "acceptance_rate",
    ):
        for suffix in ("", "_low", "_high"):
            assert name + suffix in run.data.metrics, name
    with connected(small_home) as tracking:
        by_fold = tracking.client.get_metric_history(run.info.run_id, "fold_auc")
    assert [point.value for point in sorted(by_fold, key=lambda point: point.step)] == pytest.approx(
        bundle.evaluation["folds"]["auc"]
    )


def test_the_run_keeps_figures_and_evaluation(small_home, run):
    with connected(small_home) as tracking:
        figures = [file.path for file in tracking.client.list_artifacts(run.info.run_id, "figures")]
        text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/evaluation.json")

    assert sorted(figures) == [f"figures/{name}.png" for name in ("calibration", "cost", "importance", "roc")]
    assert json.loads(text)["metrics"]["auc"]["value"] == run.data.metrics["auc"]


def test_the_version_is_code_and_data_without_a_pickle(small_home, version, tmp_path):
    with connected(small_home):
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{version.version}", dst_path=str(tmp_path))
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]

    assert "bundle_model.py" in files
    assert "booster.txt" in files
    assert not [name for name in files if name.endswith((".pkl", ".joblib", ".cloudpickle"))]


def test_the_signature_is_all_double_and_the_example_is_no_client(small_home, version, clients):
    with connected(small_home):
        info = mlflow.models.get_model_info(f"models:/{MODEL}/{version.version}")
        model = mlflow.pyfunc.load_model(f"models:/{MODEL}/{version.version}")
    example = model.input_example

    assert {str(column.type) for column in info.signature.inputs.inputs} == {"DataType.double"}
    assert info.signature.inputs.input_names() == list(example.columns)
    known = {row.tobytes() for row in clients.matrix}
    assert not any(row.tobytes() in known for row in example.to_numpy().astype(np.float32))


def test_the_registered_model_predicts_what_the_dashboard_shows(small_home, version, bundle, clients):
    rows = clients.matrix[:50]

    with connected(small_home):
        model = mlflow.pyfunc.load_model(f"models:/{MODEL}/{version.version}")
        predicted = model.predict(pd.DataFrame(rows.astype(np.float64), columns=list(bundle.features)))

    assert np.array_equal(np.asarray(predicted), bundle.probabilities(rows))


# The challenger ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def challenger(small_home):
    with connected(small_home) as tracking:
        yield by_alias(tracking.client, CHALLENGER)


def test_the_kernel_as_it_was_is_registered_for_comparison_only(small_home, challenger):
    assert challenger is not None
    assert BUNDLE_TAG not in challenger.tags
    assert challenger.tags["role"] == "comparison"
    assert latest_version(small_home) != challenger.version


def test_L9_the_challenger_is_never_put_in_force_not_even_by_force(small_home, challenger):
    before = small_home.pointer.read_bytes()

    with pytest.raises(IntegrityError, match=r"reads \d+ features that a score may not use: .*\(.*\)"):
        promote(small_home, challenger.version, force="please")

    assert small_home.pointer.read_bytes() == before


def test_the_challenger_is_compared_client_by_client_in_the_same_folds(small_home, challenger):
    found = compare_with_champion(small_home, challenger.version)

    assert found.not_paired is None
    assert found.same_folds and not found.same_scores
    assert found.difference["auc"].low < found.difference["auc"].high
    swap = found.swap.cells
    assert sum(cell.n for cell in swap.values()) == found.clients
    assert sum(found.swap.reasons["swap_in"].values()) == swap["swap_in"].n


# The real sample ----------------------------------------------------------------------


def test_real_sample_reaches_the_bar_out_of_fold(sample_home):
    bundle = load_bundle(sample_home.bundles / read_pointer(sample_home).bundle)

    metrics = bundle.evaluation["metrics"]

    assert metrics["auc"]["value"] >= 0.755
    assert 0.9 <= metrics["observed_expected"]["value"] <= 1.1
    assert metrics["ece"]["value"] < 2 * metrics["ece_noise_floor"]["value"]


# Evidence -----------------------------------------------------------------------------


def test_the_rows_of_the_book_point_at_the_clients_own_leaves_and_outcome(bundle, book):
    leaves, outcomes = bundle.extra(LEAVES), bundle.extra(OUTCOMES)
    known = np.flatnonzero(book.target >= 0)

    assert sorted(book.reference_rows[known].tolist()) == list(range(len(known)))
    assert (book.reference_rows[book.waiting] == -1).all()
    for row in known[::25]:
        own = book.reference_row(int(book.ids[row]))
        his = leaves_of(bundle.booster, book.case_at(row).features[None])[:, 0]
        assert leaves[:, own].tolist() == his.tolist()
        assert outcomes[own] == book.target[row]


def test_the_order_of_the_reference_tells_nothing_of_the_order_of_clients(book):
    rows = book.reference_rows[book.target >= 0]

    assert abs(np.corrcoef(rows, np.arange(len(rows)))[0, 1]) < 0.1


def test_bounds_of_recourse_are_the_quantiles_of_the_lake(small_home, bundle):
    frame = pq.read_table(small_home.lake / "application.parquet").to_pandas()
    frame = frame[frame["TARGET"].notna()]
    frame["rate"] = frame["AMT_ANNUITY"].astype(float) / frame["AMT_CREDIT"].astype(float)

    for product, own in frame.groupby("NAME_CONTRACT_TYPE")["rate"]:
        told = bundle.extra(PAYMENT_RATES)[product]
        assert told["clients"] == own.notna().sum()
        assert (told["low"], told["high"]) == pytest.approx(tuple(own.quantile([0.01, 0.99])), rel=1e-9)


def test_fairness_is_measured_on_the_out_of_fold_sides_of_the_raw_groups(small_home, bundle, book):
    frame = pq.read_table(small_home.lake / "application.parquet").to_pandas().set_index("SK_ID_CURR")
    known = book.target >= 0
    sex = frame.loc[book.ids[known], "CODE_GENDER"].to_numpy()
    accepted = bundle.calibration.probability(book.oof_margin[known]) < bundle.policy.cutoff

    rows = {row["group"]: row for row in bundle.extra(FAIRNESS)["attributes"]["sex"] if row["shown"]}

    assert rows
    for group, row in rows.items():
        assert row["n"] == (sex == group).sum()
        assert row["acceptance"]["value"] == pytest.approx(accepted[sex == group].mean(), abs=1e-12)


def test_L37_the_saved_reference_of_drift_reproduces_the_shares_of_training(bundle, clients, book):
    reference = DriftReference.from_json(bundle.extra(DRIFT))
    known = book.target >= 0
    pds = bundle.calibration.probability(book.oof_margin[known])

    assert reference.clients == known.sum()
    assert reference.score.count(pds).tolist() == list(reference.score.counts)
    for j, name in enumerate(clients.features):
        found = reference.features[name].count(clients.matrix[clients.labelled, j])
        assert found.tolist() == list(reference.features[name].counts)
    assert sum(reference.opinions.values()) == known.sum()
    assert sum(reference.first_reasons.values()) == known.sum() - reference.opinions["favourable"]
    assert {sum(bins.counts) for bins in reference.codes.values()} == {reference.explained}
    assert reference.weighty
