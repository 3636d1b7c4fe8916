"""The bundle: what is written is what is read, and nothing damaged is ever parsed."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.bundle import Bundle, check_golden, load_bundle, verify_folder
from model.bundle_writing import golden_rows, write_bundle
from model.errors import IntegrityError, UnavailableError
from model.sealed import MANIFEST, SealedWriter, canonical_json
from tests.bundles import made, write_small_bundle

FILES = sorted(
    """booster.txt calibration.json features.json ranges.npy vocabulary.json policy.json reference.json
    reference.npy intervals_margins.npy intervals_cumulated.npy percentiles.npy grades.json scale.json
    population.json importance.json dependence.json dependence.npy evaluation.json golden_rows.npy
    golden_pds.npy leaves.npy leaves_outcomes.npy notes.json payment_rates.json""".split()  # noqa: SIM905
)


@pytest.fixture
def copy(small_bundle: Bundle, tmp_path: Path) -> Iterator[Path]:
    """A writable copy of the bundle under its own digest."""
    folder = tmp_path / small_bundle.digest
    shutil.copytree(small_bundle.folder, folder)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    yield folder


def test_a_bundle_lists_every_file_with_size_and_digest(small_bundle: Bundle) -> None:
    on_disk = {path.name for path in small_bundle.folder.iterdir()} - {MANIFEST}

    assert sorted(small_bundle.manifest["files"]) == FILES
    assert on_disk == set(FILES)
    assert small_bundle.folder.name == small_bundle.digest


def test_files_are_read_only_in_a_read_only_folder(small_bundle: Bundle) -> None:
    assert stat.S_IMODE(small_bundle.folder.stat().st_mode) == 0o555
    assert {stat.S_IMODE(path.stat().st_mode) for path in small_bundle.folder.iterdir()} == {0o444}


def test_what_was_written_is_what_is_read(small_bundle: Bundle) -> None:
    parts = made().parts

    assert small_bundle.features == parts.features
    assert small_bundle.vocabulary == parts.vocabulary
    assert small_bundle.calibration == parts.calibration
    assert small_bundle.policy == parts.policy
    assert small_bundle.reference.margin == parts.reference.margin
    assert small_bundle.reference.mu.tolist() == parts.reference.mu.tolist()
    assert small_bundle.medians == parts.medians
    assert small_bundle.grades == parts.scores.grades
    assert small_bundle.scale == parts.scores.scale
    assert small_bundle.percentiles.tolist() == parts.scores.percentiles.tolist()
    assert small_bundle.intervals.margins.tolist() == parts.scores.intervals.margins.tolist()
    assert small_bundle.population == parts.population
    assert small_bundle.reader.columns == parts.features
    np.testing.assert_array_equal(small_bundle.low, parts.low)
    np.testing.assert_array_equal(small_bundle.high, parts.high)
    np.testing.assert_array_equal(small_bundle.missing_rate, parts.missing_rate)
    np.testing.assert_array_equal(small_bundle.golden, parts.golden)
    np.testing.assert_array_equal(small_bundle.dependences.points, parts.dependences.points)


def test_the_manifest_names_versions_of_model_code_and_libraries(small_bundle: Bundle) -> None:
    versions = small_bundle.versions

    assert versions["model"] == "1"
    assert {"lightgbm", "numpy", "python", "machine"} == set(versions["libraries"])
    assert "+" in versions["code"]


def test_equal_parts_make_one_folder(small_bundle: Bundle, tmp_path: Path) -> None:
    first, second = write_small_bundle(tmp_path), write_small_bundle(tmp_path)

    assert first == second == tmp_path / small_bundle.digest
    assert [path.name for path in tmp_path.iterdir()] == [small_bundle.digest]


def test_writing_over_a_damaged_folder_heals_it(copy: Path) -> None:
    (copy / "policy.json").write_text("{}")

    folder = write_small_bundle(copy.parent)

    assert folder == copy
    assert load_bundle(folder).policy == made().parts.policy


def test_an_interrupted_write_leaves_no_bundle(tmp_path: Path) -> None:
    def interrupted() -> None:
        with SealedWriter(tmp_path) as writer:
            writer.json("policy.json", {})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list(tmp_path.iterdir()) == []


def test_a_row_scores_and_explains_to_the_same_bits_alone_and_in_any_block(small_bundle: Bundle) -> None:
    matrix = made().matrix[:130]
    margins, phi = small_bundle.margins(matrix), small_bundle.shap(matrix)

    for size in (1, 3, 64):
        for start in range(0, len(matrix), size):
            part = slice(start, start + size)
            assert small_bundle.margins(matrix[part]).tolist() == margins[part].tolist()
            assert small_bundle.shap(matrix[part]).tolist() == phi[part].tolist()


def test_shap_values_sum_to_the_margin(small_bundle: Bundle) -> None:
    matrix = made().matrix

    assert np.abs(small_bundle.shap(matrix).sum(axis=1) - small_bundle.margins(matrix)).max() < 1e-12


def test_golden_rows_are_no_clients(small_bundle: Bundle) -> None:
    matrix = made().matrix
    golden = golden_rows(matrix)

    assert golden.shape == (200, matrix.shape[1])
    same = [
        (np.nan_to_num(matrix, nan=-1e30) == np.nan_to_num(row, nan=-1e30)).all(axis=1).any()
        for row in golden
    ]
    assert not any(same)


def test_golden_rows_score_as_they_did(small_bundle: Bundle) -> None:
    check_golden(small_bundle)


def test_FLT3_golden_rows_that_score_differently_are_refused_with_both_versions(small_bundle: Bundle) -> None:
    other = replace(small_bundle, golden_pds=np.nextafter(small_bundle.golden_pds, 1.0))

    with pytest.raises(IntegrityError, match="200 of 200 golden rows") as refusal:
        check_golden(other)

    assert refusal.value.code == "golden_rows_differ"
    assert refusal.value.params["there"] == small_bundle.versions["libraries"]
    assert refusal.value.params["here"]["lightgbm"]


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_FLT1_THR13_one_flipped_byte_is_refused_by_name(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)

    with pytest.raises(IntegrityError, match=name.replace(".", r"\.")) as refusal:
        load_bundle(copy)

    assert refusal.value.params["file"] == name


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_FLT2_a_missing_file_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(IntegrityError, match="is missing") as refusal:
        load_bundle(copy)

    assert refusal.value.params["file"] == name


@pytest.mark.parametrize("name", ["booster.txt", "population.json", "golden_rows.npy"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_FLT2_a_truncated_or_empty_file_is_refused_by_name(copy: Path, name: str, kept: float) -> None:
    size = (copy / name).stat().st_size
    os.truncate(copy / name, int(size * kept))

    with pytest.raises(IntegrityError, match="bytes, the manifest says") as refusal:
        load_bundle(copy)

    assert refusal.value.params["file"] == name


@pytest.mark.parametrize("extra", ["surprise.json", ".hidden"])
def test_FLT2_an_extra_file_is_refused_by_name(copy: Path, extra: str) -> None:
    (copy / extra).write_text("{}")

    with pytest.raises(IntegrityError, match="is not in the manifest") as refusal:
        load_bundle(copy)

    assert refusal.value.params["file"] == extra


def test_FLT2_a_folder_inside_is_refused(copy: Path) -> None:
    (copy / "policy.json").unlink()
    (copy / "policy.json").mkdir()

    with pytest.raises(IntegrityError, match=r"policy\.json is not a regular file"):
        load_bundle(copy)


@pytest.mark.parametrize("name", ["policy.json", MANIFEST])
def test_FLT2_a_symlink_is_refused_even_to_the_same_bytes(copy: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (copy / name).rename(elsewhere)
    (copy / name).symlink_to(elsewhere)

    with pytest.raises(IntegrityError, match="is not a regular file"):
        load_bundle(copy)


def test_FLT2_a_symlinked_folder_is_refused(copy: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(copy)

    with pytest.raises(IntegrityError, match="is not a folder"):
        load_bundle(link)


def test_FLT2_an_unreadable_file_is_refused_by_name(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def denied(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "policy.json":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", denied)

    with pytest.raises(IntegrityError, match=r"policy\.json cannot be read: Permission denied"):
        verify_folder(copy)


def test_a_bundle_under_another_digest_is_refused(copy: Path) -> None:
    with pytest.raises(IntegrityError, match="differs from the digest"):
        load_bundle(copy, "0" * 64)


def rewrite_manifest(folder: Path, **changes: object) -> Path:
    manifest = {**json.loads((folder / MANIFEST).read_bytes()), **changes}
    (folder / MANIFEST).write_bytes(canonical_json(manifest))
    return folder.rename(folder.with_name("renamed"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "another format than 1"),
        ({"kind": "book"}, "describes a 'book', not a bundle"),
        ({"files": {"../outside": {"bytes": 1, "sha256": "0"}}}, "does not list files"),
        ({"files": []}, "does not list files"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(copy: Path, changes: dict[str, object], message: str) -> None:
    folder = rewrite_manifest(copy, **changes)

    with pytest.raises(IntegrityError, match=message):
        load_bundle(folder)


def test_a_manifest_that_lacks_a_required_part_is_refused(copy: Path) -> None:
    files = json.loads((copy / MANIFEST).read_bytes())["files"]
    del files["calibration.json"]
    (copy / "calibration.json").unlink()
    folder = rewrite_manifest(copy, files=files)

    with pytest.raises(IntegrityError, match=r"lists no calibration\.json"):
        load_bundle(folder)


def test_listed_files_that_the_reader_does_not_know_are_kept_for_those_who_do(small_bundle: Bundle) -> None:
    assert small_bundle.extra("notes.json") == {"later": True}
    with pytest.raises(KeyError):
        small_bundle.extra("none.json")


def test_evidence_that_a_bundle_was_made_without_is_unavailable_and_names_the_way_out(
    tmp_path: Path,
) -> None:
    folder = write_bundle(tmp_path, replace(made().parts, extra={}), versions={"model": "1"})

    with pytest.raises(UnavailableError, match="train a new version") as refusal:
        load_bundle(folder).evidence("payment_rates.json")

    assert refusal.value.code == "no_evidence"


def test_nothing_in_a_bundle_is_a_pickle(small_bundle: Bundle) -> None:
    for path in small_bundle.folder.glob("*.npy"):
        assert not np.load(path, allow_pickle=False).dtype.hasobject


def test_parts_that_disagree_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    parts = replace(made().parts, features=made().parts.features[:-1])

    with pytest.raises(IntegrityError, match="booster reads 49 columns, features name 48"):
        write_bundle(tmp_path, parts, versions={})

    assert list(tmp_path.iterdir()) == []
