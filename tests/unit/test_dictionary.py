"""What the dictionary promises of every variable, and what the exclusions keep out."""

from __future__ import annotations

import re
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from model import dictionary
from model.features import SOURCES, beyond_kernel, feature_names, text_columns
from model.locale import LANGUAGES
from model.tables import APPLICATION, TABLES
from tests.unit.vocabularies import archive_features, kept_features

FILE = Path(dictionary.__file__).with_name("dictionary.toml")
WORDS = tomllib.loads(FILE.read_text("utf-8"))
RAW = re.compile(r"[A-Z0-9]+_[A-Z0-9_]+|\bnan\b|\bNone\b")
JUDGING = {
    "fr": re.compile(r"\b(faibles?|élevée?s?|récente?s?|bon(?:ne)?s?|mauvaise?s?|excellente?s?)\b", re.I),
    "en": re.compile(r"\b(low|high|recent|good|bad|poor|weak|strong)\b", re.I),
}

RAW_COLUMNS = [
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns
    if not column.name.startswith("SK_ID")
]


def judges(text: str, language: str) -> bool:
    """A superlative says which one, it does not judge."""
    return JUDGING[language].search(text.replace("la plus récente", "")) is not None


# ------------------------------------------------------------------------ completeness


@pytest.mark.parametrize(("table", "column"), RAW_COLUMNS)
def test_every_raw_column_has_a_row(table: str, column: str) -> None:
    known = dictionary.column(column, table)
    assert known.label_fr and known.label_en
    assert known.unit in dictionary.UNITS


def test_every_raw_column_says_why_a_lender_may_ask_for_it() -> None:
    answers = {name: row["basis"] for rows in WORDS["columns"].values() for name, row in rows.items()}
    assert set(answers.values()) == {
        "request", "income", "employment", "assets", "identity", "education", "debt", "history", "score",
        "none",
    }  # fmt: skip
    unasked = {name for name in WORDS["columns"]["application"] if answers[name] == "none"}
    assert unasked == {name for name in WORDS["columns"]["application"] if dictionary.excluded(name)}


def test_the_application_has_122_columns_all_described() -> None:
    assert len(APPLICATION.columns) == 122
    assert all(dictionary.column(column.name).source == "application" for column in APPLICATION.columns)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feature_has_a_label_of_its_own_without_a_raw_token(language: str) -> None:
    labels = {name: dictionary.entry(name).label(language) for name in archive_features()}
    assert [name for name, label in labels.items() if RAW.search(label)] == []
    assert [label for label, count in Counter(labels.values()).items() if count > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_label_judges(language: str) -> None:
    labels = [dictionary.entry(name).label(language) for name in archive_features()]
    assert [label for label in labels if judges(label, language)] == []


def test_every_feature_has_a_known_unit_theme_and_source() -> None:
    for name in archive_features():
        known = dictionary.entry(name)
        assert known.unit in dictionary.UNITS
        assert known.theme in dictionary.THEMES
        assert known.source in TABLES


BEYOND = {feature.name: feature for feature in beyond_kernel()}
ROW = {"fr", "en", "unit", "basis", "code", "direction", "actionable"}


def test_every_feature_beyond_the_kernel_has_a_whole_row_of_its_own_in_the_order_of_the_matrix() -> None:
    assert list(WORDS["features"]) == list(BEYOND)
    for name, row in WORDS["features"].items():
        assert row.keys() == ROW, name
        assert row["unit"] in dictionary.UNITS
        assert row["basis"] in {"request", "income", "identity", "debt", "history", "score"}
        assert row["code"] in dictionary.CODES
        assert row["direction"] in (-1, 0, 1)


@pytest.mark.parametrize("name", BEYOND)
def test_a_feature_beyond_the_kernel_says_what_its_row_says_and_tells_of_no_protected_ground(
    name: str,
) -> None:
    known, row = dictionary.entry(name), WORDS["features"][name]
    assert (known.label_fr, known.label_en, known.unit) == (row["fr"], row["en"], row["unit"])
    assert (known.code, known.direction, known.basis) == (row["code"], row["direction"], row["basis"])
    assert known.actionable is row["actionable"]
    assert known.source == BEYOND[name].table
    assert dictionary.excluded(name) is None


def test_no_feature_beyond_the_kernel_reads_a_column_that_the_champion_may_not() -> None:
    for name, feature in BEYOND.items():
        source = {source.table: source for source in SOURCES}[feature.table]
        read = source.scope[name].columns if feature.form == "value" else source.columns_read(feature)
        raw = [column for column in read if not column.startswith("SK_ID_")]
        assert [column for column in raw if dictionary.column(column, feature.table).basis == "none"] == []


def test_aggregates_of_the_external_scores_are_constrained_like_the_scores() -> None:
    names = [name for name in BEYOND if name.startswith("EXT_SOURCE_") and name != "EXT_SOURCE_COUNT"]
    assert names == ["EXT_SOURCE_MEAN", "EXT_SOURCE_MIN", "EXT_SOURCE_MAX"]
    assert {dictionary.direction(name) for name in names} == {-1}


def test_arrears_refusals_and_debt_ratios_are_constrained_to_the_adverse_side() -> None:
    adverse = re.compile(r"LATE|DELAY|OVERDUE|REFUSED|DEBT_RATIO|UNDERPAID|UNDER_MINIMUM|OVER_LIMIT|USE")
    free = re.compile(r"INSTAL_PAID_RATIO|CC_PAID_TO_MINIMUM")
    assert [n for n in BEYOND if adverse.search(n) and dictionary.direction(n) != 1] == []
    assert {dictionary.direction(n) for n in BEYOND if free.search(n)} == {-1}


def test_the_documents_list_every_feature_beyond_the_kernel_as_the_dictionary_has_it() -> None:
    signs = {1: "+1", 0: "0", -1: "−1"}
    expected = [
        f"| `{name}` | {row['en']} | {row['unit']} | {row['code']} | {signs[row['direction']]}"
        f" | {'yes' if row['actionable'] else ''} |"
        for name, row in WORDS["features"].items()
    ]
    lines = (FILE.parents[1] / "docs" / "features.md").read_text("utf-8").splitlines()

    assert [line for line in lines if re.match(r"\| `[A-Z0-9_]+` \|", line)] == expected


def test_an_unknown_name_is_refused_by_name() -> None:
    with pytest.raises(dictionary.UnknownVariableError, match="AMT_CREDITS"):
        dictionary.entry("AMT_CREDITS")


def test_french_strings_carry_their_typography() -> None:
    french = [text for key, text in _strings(tomllib.loads(FILE.read_text("utf-8"))) if key == "fr"]
    assert len(french) > 300
    assert [text for text in french if "'" in text] == [], "apostrophe is U+2019"
    assert [text for text in french if re.search(r"[^\u00a0][:;?!]", text)] == [], "U+00A0 before « : »"
    assert [text for text in french if re.search(r"«[^\u00a0]|[^\u00a0]»", text)] == []


def test_composed_labels_name_column_statistic_and_table() -> None:
    known = dictionary.entry("ACTIVE_AMT_CREDIT_SUM_DEBT_MEAN")
    assert known.label_fr == "Reste dû, moyenne (crédits ailleurs en cours)"
    assert known.label_en == "Outstanding debt, mean (open loans elsewhere)"


def test_the_minimum_of_days_that_count_back_is_the_longest_time() -> None:
    known = dictionary.entry("BURO_DAYS_CREDIT_MIN")
    assert known.label_fr == "Ancienneté du crédit, la plus longue (crédits ailleurs)"
    assert known.label_en == "Time since loan start, longest (loans elsewhere)"


def test_a_one_hot_feature_reads_as_its_column_and_category() -> None:
    known = dictionary.entry("NAME_CONTRACT_TYPE_Cash loans")
    assert known.label_fr == "Type de crédit\u00a0: prêt personnel"
    assert known.label_en == "Type of loan: personal loan"
    assert known.unit == "flag"


# --------------------------------------------------------------------------- categories


def test_every_described_category_has_both_languages_and_none_judges() -> None:
    for pairs in WORDS["categories"].values():
        for pair in pairs.values():
            assert len(pair) == 2 and all(pair)
            assert not judges(pair[0], "fr") and not judges(pair[1], "en")


def test_an_unknown_category_is_shown_as_it_is() -> None:
    assert dictionary.category("OCCUPATION_TYPE", "Astronauts", "fr") == "Astronauts"


def test_every_category_of_the_real_sample_has_words(sample: Path) -> None:
    for table, columns in sample_vocabulary(sample).items():
        for column, values in columns.items():
            unknown = [value for value in values if dictionary.category(column, value, "fr") == value]
            # Some words are the same in both languages: construction, agriculture, services…
            unknown = [value for value in unknown if value[0].isupper()]
            assert unknown == [], f"{table}.{column}"


# --------------------------------------------------------------------------- exclusions

EXCLUDED = {
    "sex": ["CODE_GENDER"],
    "age": ["DAYS_BIRTH", "DAYS_EMPLOYED_PERC"],
    "family": [
        "NAME_FAMILY_STATUS_Married",
        "CNT_CHILDREN",
        "CNT_FAM_MEMBERS",
        "INCOME_PER_PERSON",
        "NAME_TYPE_SUITE_Children",
        "PREV_NAME_TYPE_SUITE_Family_MEAN",
        "NAME_INCOME_TYPE_Maternity leave",
    ],
    "residence": [
        "REGION_POPULATION_RELATIVE",
        "REGION_RATING_CLIENT_W_CITY",
        "REG_CITY_NOT_LIVE_CITY",
        "LIVE_REGION_NOT_WORK_REGION",
        "DEF_30_CNT_SOCIAL_CIRCLE",
    ],
    "health": [
        "PREV_NAME_GOODS_CATEGORY_Medicine_MEAN",
        "PREV_NAME_GOODS_CATEGORY_Medical Supplies_MEAN",
        "PREV_NAME_CASH_LOAN_PURPOSE_Medicine_MEAN",
        "ORGANIZATION_TYPE_Religion",
    ],
    "filing_time": [
        "WEEKDAY_APPR_PROCESS_START_MONDAY",
        "HOUR_APPR_PROCESS_START",
        "PREV_WEEKDAY_APPR_PROCESS_START_FRIDAY_MEAN",
        "REFUSED_HOUR_APPR_PROCESS_START_MAX",
    ],
    "building": [
        "APARTMENTS_AVG",
        "YEARS_BEGINEXPLUATATION_MODE",
        "NONLIVINGAREA_MEDI",
        "TOTALAREA_MODE",
        "FONDKAPREMONT_MODE_not specified",
        "HOUSETYPE_MODE_block of flats",
        "WALLSMATERIAL_MODE_Stone, brick",
        "EMERGENCYSTATE_MODE_No",
    ],
    "constant": ["PREV_CHANNEL_TYPE_nan_MEAN", "BURO_CREDIT_CURRENCY_currency 1_MEAN", "FLAG_MOBIL"],
}


@pytest.mark.parametrize(("ground", "name"), [(g, name) for g, names in EXCLUDED.items() for name in names])
def test_a_column_is_kept_out_on_its_ground(ground: str, name: str) -> None:
    assert dictionary.excluded(name) == ground
    assert dictionary.code_of(name) is None
    assert dictionary.direction(name) == 0


@pytest.mark.parametrize(
    "name",
    [
        "AMT_REQ_CREDIT_BUREAU_HOUR",
        "FLAG_CONT_MOBILE",
        "OCCUPATION_TYPE_Medicine staff",
        "ORGANIZATION_TYPE_Medicine",
        "EXT_SOURCE_MEAN",
        "NAME_INCOME_TYPE_Working",
        "DAYS_EMPLOYED",
        "NAME_HOUSING_TYPE_With parents",
        "NAME_EDUCATION_TYPE_Higher education",
    ],
)
def test_a_neighbouring_name_is_not_kept_out_by_mistake(name: str) -> None:
    assert dictionary.excluded(name) is None
    assert dictionary.code_of(name) is not None


def test_every_ground_is_tested_here() -> None:
    assert {row["ground"] for row in WORDS["exclusions"]} == set(EXCLUDED)


@pytest.mark.parametrize("section", ["exclusions", "monotone", "codes"])
def test_every_pattern_speaks_of_a_feature_that_exists(section: str) -> None:
    names = (*archive_features(), *(name for _, name in RAW_COLUMNS))
    idle = [
        pattern
        for row in WORDS[section]
        for pattern in row["patterns"]
        if not any(re.search(pattern, name) for name in names)
    ]
    assert idle == []


def test_protected_grounds_are_tagged_and_technical_ones_are_not() -> None:
    tagged = {ground for ground, names in EXCLUDED.items() if dictionary.protected(names[0])}
    assert tagged == {"sex", "age", "family", "residence", "health", "building"}


def test_maternity_leave_is_read_as_working() -> None:
    assert dictionary.read_as("NAME_INCOME_TYPE", "Maternity leave") == "Working"
    assert dictionary.read_as("NAME_INCOME_TYPE", "Pensioner") == "Pensioner"


def test_L20_every_kept_feature_has_one_code_in_the_catalogue() -> None:
    codes = {name: dictionary.code_of(name) for name in kept_features()}
    assert [name for name, code in codes.items() if code is None] == []
    assert set(codes.values()) <= set(dictionary.CODES)
    assert set(dictionary.CODES) - set(codes.values()) == {"R40", "R41"}


def test_L19_no_code_gathers_an_excluded_feature() -> None:
    excluded = set(archive_features()) - set(kept_features())
    assert excluded
    assert {dictionary.code_of(name) for name in excluded} == {None}


def test_there_are_41_codes_each_in_one_theme() -> None:
    assert tuple(f"R{n:02d}" for n in range(1, 42)) == dictionary.CODES
    assert {dictionary.theme_of(code) for code in dictionary.CODES} == set(dictionary.THEMES)
    for theme in dictionary.THEMES:
        assert dictionary.theme_label(theme, "fr") and dictionary.theme_label(theme, "en")


def test_of_the_852_columns_of_the_sample_697_are_kept(sample: Path) -> None:
    names = feature_names(sample_vocabulary(sample))
    kept = [name for name in names if dictionary.excluded(name) is None]
    assert len(names) == 852
    assert len(kept) == 697
    assert [name for name in kept if dictionary.code_of(name) is None] == []


# --------------------------------------------------------------------------- constraints


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        *((f"EXT_SOURCE_{which}", -1) for which in ("1", "2", "3", "MEAN", "MIN")),
        ("CREDIT_TO_GOODS", 1),
        ("ANNUITY_INCOME_PERC", 1),
        ("DAYS_EMPLOYED", 1),
        ("DAYS_REGISTRATION", 1),
        ("DAYS_ID_PUBLISH", 1),
        ("DAYS_LAST_PHONE_CHANGE", 1),
        ("OWN_CAR_AGE", 1),
        ("AMT_REQ_CREDIT_BUREAU_YEAR", 1),
        ("POS_SK_DPD_DEF_MAX", 1),
        ("INSTAL_DPD_MEAN", 1),
        ("CC_SK_DPD_VAR", 1),
        ("BURO_CREDIT_DAY_OVERDUE_MAX", 1),
        ("ACTIVE_AMT_CREDIT_MAX_OVERDUE_MEAN", 1),
        ("CLOSED_AMT_CREDIT_SUM_DEBT_SUM", 1),
        ("PREV_NAME_CONTRACT_STATUS_Refused_MEAN", 1),
        ("INSTAL_PAYMENT_DIFF_MEAN", 1),
        ("EXT_SOURCE_COUNT", 0),
        ("PAYMENT_RATE", 0),
        ("AMT_CREDIT", 0),
        ("AMT_INCOME_TOTAL", 0),
        ("AMT_REQ_CREDIT_BUREAU_MON", 0),
        ("INSTAL_DBD_MEAN", 0),
        ("INSTAL_PAYMENT_DIFF_MAX", 0),
        ("FLAG_OWN_CAR", 0),
    ],
)
def test_a_feature_is_constrained_as_listed(name: str, direction: int) -> None:
    assert dictionary.direction(name) == direction


# ---------------------------------------------------------------------------- simulation


def test_only_raw_application_fields_outside_the_protected_grounds_are_editable() -> None:
    editable = [column.name for column in APPLICATION.columns if dictionary.column(column.name).editable]
    assert {"AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE", "AMT_INCOME_TOTAL"} <= set(editable)
    assert [name for name in editable if dictionary.excluded(name)] == []
    assert not any(dictionary.entry(name).editable for name in kept_features() if name.startswith("BURO_"))


def test_bounds_of_an_editable_number_lie_within_its_table() -> None:
    for raw in APPLICATION.columns:
        known = dictionary.column(raw.name)
        if not known.editable or raw.kind == "text":
            continue
        assert known.min is not None and known.max is not None and known.step is not None
        assert known.min < known.max and 0 < known.step <= known.max - known.min
        assert raw.low is None or known.min >= raw.low
        assert raw.high is None or known.max <= raw.high


# --------------------------------------------------------------------------------- shown


def test_the_sentinel_of_days_employed_reads_as_its_meaning() -> None:
    for value in (365243, None, float("nan")):
        assert dictionary.shown("DAYS_EMPLOYED", value, "fr") == "sans emploi salarié"
        assert dictionary.shown("DAYS_EMPLOYED", value, "en") == "not employed"


def test_a_numbered_text_column_is_turned_back_into_words() -> None:
    assert dictionary.shown("FLAG_OWN_REALTY", 0.0, "en") == "owner of a home or land"
    assert dictionary.shown("FLAG_OWN_REALTY", "Y", "en") == "owner of a home or land"
    assert dictionary.shown("OCCUPATION_TYPE_Drivers", "Drivers", "en") == "driver"
    assert dictionary.shown("FLAG_OWN_CAR", 0.0, "fr") == "aucun véhicule déclaré"


def test_a_value_is_shown_in_its_unit() -> None:
    assert dictionary.shown("AMT_CREDIT", 31500, "fr", "EUR") == "31\u202f500\u00a0€"
    assert dictionary.shown("NAME_CONTRACT_TYPE", "Cash loans", "fr") == "prêt personnel"
    assert dictionary.shown("EXT_SOURCE_1", None, "fr") == "non renseigné"


# -------------------------------------------------------------------------------- helpers


@cache
def sample_vocabulary(archive: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Categories of the archive's own files, read by pandas."""
    vocabulary = {}
    with zipfile.ZipFile(archive) as zipped:
        for table, columns in text_columns().items():
            found: dict[str, set[str]] = {column: set() for column in columns}
            for name in TABLES[table].files:
                with zipped.open(f"{name}.csv") as file:
                    frame = pd.read_csv(file, usecols=list(columns), dtype=str, keep_default_na=False)
                for column in columns:
                    found[column] |= set(frame[column].unique()) - {""}
            vocabulary[table] = {column: tuple(sorted(values)) for column, values in found.items()}
    return vocabulary


def _strings(node: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of the file with the language of its key; the first of a pair is French."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from _strings(child, "fr" if name.endswith("fr") else name)
    elif isinstance(node, list) and len(node) == 2 and all(isinstance(item, str) for item in node):
        if key not in ("patterns",):
            yield "fr", node[0]
    elif isinstance(node, list):
        for item in node:
            yield from _strings(item, key)
    elif isinstance(node, str):
        yield key, node
