"""The papers: methodological note, slides and model card, read from the champion's run.

``make_report`` is one command that can be run again: the same run, bundle and searches give
the same bytes, because the date of a paper is that of the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model.card import model_card
from model.home import Home
from model.locale import LANGUAGES
from training.progress import Progress, silent

NOTE, SLIDES = "note-methodologique.pdf", "presentation.pdf"


def make_report(home: Home, out: Path, *, progress: Progress = silent) -> tuple[Path, ...]:
    """Write every paper of the champion into `out`.

    Parameters
    ----------
    home : its MLflow, bundle, lake and features are read
    out : folder, made when it is not there

    Returns
    -------
    The files written.

    Raises
    ------
    UnavailableError
        No champion, or a search is missing: the message names the command that runs it.
    """
    from training.report.card import card_data
    from training.report.facts import read_facts
    from training.report.markdown import markdown
    from training.report.note import note_data
    from training.report.slides import slides_data
    from training.report.typeset import set_pdf

    facts = read_facts(home)
    progress(f"read version {facts.bundle.versions['model']}, run {facts.bundle.versions['run_id']}")
    made: dict[str, bytes] = {}
    for template, name, data in (("note", NOTE, note_data(facts)), ("slides", SLIDES, slides_data(facts))):
        made[name] = set_pdf(template, data, made_at=facts.made_at)
        progress(f"{name}: {len(made[name]) / 1_000:.0f} kB")
    for language in LANGUAGES:
        card = model_card(facts.bundle, language, fictional=facts.fictional)
        name = card_name(language)
        made[f"{name}.md"] = markdown(card).encode()
        made[f"{name}.pdf"] = set_pdf("card", card_data(facts, card), made_at=facts.made_at)
        progress(f"{name}: Markdown and PDF")
    return _written(out, made)


def card_name(language: str) -> str:
    """File name of the card in a language, without suffix."""
    return "model-card" if language == "en" else "fiche-du-modele"


def _written(out: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write all files, each in one move: a reader sees the former paper or the new one."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        partial = out / f".{name}.partial"
        partial.write_bytes(content)
        partial.replace(out / name)
    return tuple(out / name for name in files)
