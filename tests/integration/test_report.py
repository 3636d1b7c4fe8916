"""The papers made by the product's own command: pages, tags, figures of the run, nobody's row."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from model import locale
from model.bundle import Bundle, load_bundle
from model.card import Bullets, CardTable, Facts, Paragraph, model_card, plain
from model.errors import UnavailableError
from model.home import Home
from model.pointer import read_pointer
from tests import searched
from training.__main__ import cli
from training.report import NOTE, SLIDES, card_name, facts, make_report
from training.report.note import CHAPTERS
from training.report.words import count, number, percent

PDFS = (NOTE, SLIDES, "model-card.pdf", "fiche-du-modele.pdf")


@pytest.fixture(scope="module", autouse=True)
def searches():
    """Searches that a small home has not run; `absent` names those that are missing."""
    found = searched.all_of_them()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "newest", lambda tracking, kind, *, data=None: found[kind])
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield found


@pytest.fixture(scope="module")
def papers(small_home: Home, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("papers")
    make_report(small_home, out)
    return out


@pytest.fixture(scope="module")
def bundle(small_home: Home) -> Bundle:
    pointer = read_pointer(small_home)
    assert pointer is not None
    return load_bundle(small_home.bundles / pointer.bundle, pointer.bundle)


def text_of(path: Path) -> str:
    """All text on one line: a PDF breaks its lines where the paper does."""
    pages = " ".join(page.extract_text() for page in PdfReader(path).pages)
    return squeezed(pages)


def squeezed(text: str) -> str:
    """Without spaces, which a PDF has in other places than its source."""
    return re.sub(r"\s+", "", text)


# ---------- form ----------
def test_every_chapter_of_the_note_is_there_and_within_its_pages(papers):
    assert_chapters(papers / NOTE)


def assert_chapters(path: Path) -> None:
    reader = PdfReader(path)
    starts = {
        str(entry.title).split(" ", 1)[1]: reader.get_destination_page_number(entry)
        for entry in reader.outline
        if not isinstance(entry, list)
    }

    assert list(starts) == list(CHAPTERS)
    ends = [*list(starts.values())[1:], len(reader.pages)]
    for (chapter, most), start, end in zip(CHAPTERS.items(), starts.values(), ends, strict=True):
        assert end - start <= most, chapter


def test_slides_are_wide_and_one_page_each(papers):
    reader = PdfReader(papers / SLIDES)
    headings = [entry for entry in reader.outline if not isinstance(entry, list)]

    assert all(round(page.mediabox.width / page.mediabox.height, 2) == 1.78 for page in reader.pages)
    assert len(reader.pages) == len(headings)
    assert 14 <= len(reader.pages) <= 18


@pytest.mark.parametrize("name", PDFS)
def test_a_paper_is_tagged_with_its_language_and_title(papers, name):
    root = PdfReader(papers / name).trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert "/StructTreeRoot" in root
    assert root["/Lang"].startswith("en" if name.startswith("model-card") else "fr")
    assert PdfReader(papers / name).metadata.title
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()


@pytest.mark.parametrize("name", PDFS)
def test_a_paper_draws_its_figures_in_vectors_with_the_fonts_of_the_product(papers, name):
    reader = PdfReader(papers / name)
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1]
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    images = [image.name for page in reader.pages for image in page.images]

    assert any(font.startswith("Inter") for font in fonts)
    assert all(font.startswith(("Inter", "DejaVuSansMono", "NewCM")) for font in fonts)
    assert len(images) <= (1 if name == SLIDES else 0)  # the picture of the fictional portfolio's page


def test_the_same_run_gives_the_same_bytes(papers, small_home, tmp_path):
    again = make_report(small_home, tmp_path)

    assert {path.name: path.read_bytes() for path in again} == {
        path.name: path.read_bytes() for path in papers.iterdir()
    }


@pytest.mark.parametrize("name", [NOTE, SLIDES, "fiche-du-modele.pdf"])
def test_french_keeps_its_spaces(papers, name):
    found = []
    for page in PdfReader(papers / name).pages:
        found += re.findall(r"\w+[ ]?[ ][:;?!»%]|«[ ]\w+|\d ?[ ]%", page.extract_text())
    assert found == []


# ---------- figures ----------
def test_the_note_says_what_the_run_measured(papers, bundle):
    text = text_of(papers / NOTE)
    metrics, policy = bundle.evaluation["metrics"], bundle.policy
    cost = 1_000 * metrics["cost_per_file"]["value"] / policy.cost_fp
    everyone = 1_000 * policy.cost_fn * bundle.evaluation["defaults"] / bundle.evaluation["clients"]

    for words in (
        f"AUC hors part {locale.number(metrics['auc']['low'], 'fr', digits=3)} à",
        f"Refuser à partir de {percent(policy.cutoff)} ",
        f"{count(cost)} contre {count(everyone)} pour 1 000 demandes",
        f"{count(bundle.evaluation['clients'])} dossiers à l’issue connue",
        f"Défauts parmi les acceptés {percent(metrics['accepted_bad_rate']['value'])}",
    ):
        assert squeezed(words) in text, words


def test_no_auc_in_the_note_is_of_another_model(papers, bundle, searches):
    text = text_of(papers / NOTE)
    said = set(re.findall(r"AUC(?:horspart)?[:;]?(0,\d{3})", text))
    auc = bundle.evaluation["metrics"]["auc"]
    searched_aucs = {number(row["auc"]["value"]) for row in searches["release"]["pruning"]["curve"]}

    assert said <= {number(auc[name]) for name in ("value", "low", "high")} | searched_aucs


def test_every_row_of_the_searches_is_in_the_note(papers, searches):
    text = text_of(papers / NOTE)

    for row in (*searches["imbalance"]["rows"], *searches["comparison"]["rows"]):
        assert squeezed(row["label"]["fr"]) in text
    for row in searches["comparison"]["rows"]:
        assert number(row["metrics"]["auc"]["value"]) in text


def test_a_fictional_portfolio_is_called_so_on_every_paper(papers):
    assert all("fictif" in text_of(papers / name) for name in (NOTE, SLIDES, "fiche-du-modele.pdf"))
    assert "fictional" in text_of(papers / "model-card.pdf")


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_the_card_is_the_same_in_markdown_and_pdf_as_on_the_page(papers, bundle, language):
    card = model_card(bundle, language, fictional=True)
    name = card_name(language)
    markdown = squeezed((papers / f"{name}.md").read_text(encoding="utf-8"))
    pdf = text_of(papers / f"{name}.pdf")

    for section in card.sections:
        assert squeezed(section.title) in pdf
        for block in section.blocks:
            for words in _texts(block):
                assert squeezed(words) in markdown, words
                assert squeezed(plain(words)) in pdf, words


def _texts(block) -> list[str]:
    if isinstance(block, Paragraph):
        return [block.text]
    if isinstance(block, Bullets):
        return list(block.items)
    if isinstance(block, Facts):
        return [words for _, words in block.rows]
    assert isinstance(block, CardTable)
    return [cell for row in block.rows for cell in row]


# ---------- nobody's row ----------
@pytest.mark.parametrize("name", [*PDFS, "model-card.md", "fiche-du-modele.md"])
def test_no_number_of_a_client_is_in_a_paper(papers, small_home, name):
    import pyarrow.parquet as pq

    ids = set(map(str, pq.read_table(small_home.features, columns=["SK_ID_CURR"])["SK_ID_CURR"].to_pylist()))
    text = text_of(papers / name) if name.endswith("pdf") else (papers / name).read_text(encoding="utf-8")

    assert not ids & set(re.findall(r"\d{5,}", text))


def test_the_mean_refused_file_adds_up(small_home, bundle):
    mean = facts.mean_refused(small_home, bundle)

    assert mean.clients > 1
    assert mean.base + sum(mean.codes.values()) == pytest.approx(mean.default_probability, abs=1e-9)


# ---------- what is missing ----------
@pytest.mark.parametrize("kind", ["comparison", "imbalance"])
def test_a_missing_comparison_is_named_with_its_command(small_home, searches, tmp_path, kind):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(searches, kind, None)
        with pytest.raises(UnavailableError, match=f"no {kind}.*training compare-imbalance"):
            make_report(small_home, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_tuning_and_release_the_note_says_that_they_were_not_run(small_home, searches, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(searches, "tuning", None)
        patch.setitem(searches, "release", None)
        make_report(small_home, tmp_path)

    assert_chapters(tmp_path / NOTE)
    text = text_of(tmp_path / NOTE)
    assert squeezed("La recherche d’hyperparamètres n’a pas été lancée sur ces données") in text
    assert squeezed("L’élagage n’a pas été chiffré sur ces données") in text


def test_the_command_refuses_in_one_line_where_there_is_no_champion(tmp_path):
    result = CliRunner().invoke(cli, ["report"], env={"PAD_HOME": str(tmp_path / "empty")})

    assert result.exit_code == 1
    assert "python -m training run" in result.output


def test_the_papers_of_the_real_sample_hold_their_pages(sample_home, tmp_path):
    make_report(sample_home, tmp_path)

    assert_chapters(tmp_path / NOTE)
    manifest = json.loads((sample_home.lake / "manifest.json").read_text())
    assert not manifest["fictional"]
    assert squeezed("Ce document ne contient que des agrégats") in text_of(tmp_path / NOTE)
