"""The model card as a paper: blocks of the card, and the figures of calibration and cost."""

from __future__ import annotations

from typing import Any

from model.card import Block, Bullets, Card, CardTable, Facts, Paragraph
from training.report import figures
from training.report.facts import Facts as Found

_WIDTH = 482.0


def card_data(facts: Found, card: Card) -> dict[str, Any]:
    """What ``card.typ`` reads."""
    policy, evaluation = facts.bundle.policy, facts.evaluation
    language = card.language
    drawn = {
        "performance": figures.calibration(
            evaluation["calibration"], cutoff=policy.cutoff, width=_WIDTH, language=language
        ),
        "policy": figures.cost_curve(
            evaluation, cutoff=policy.cutoff, fn=policy.cost_fn, fp=policy.cost_fp, language=language
        ),
    }
    return {
        "language": language,
        "title": card.title,
        "lead": card.lead,
        "version": str(facts.bundle.versions["model"]),
        "sections": [
            {
                "title": section.title,
                "blocks": [_block(block) for block in section.blocks],
                "figure": drawn[section.name].as_json() if section.name in drawn else None,
            }
            for section in card.sections
        ],
    }


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "warning" if block.tone else "paragraph", "text": block.text}
    if isinstance(block, Bullets):
        return {"kind": "bullets", "items": list(block.items)}
    if isinstance(block, Facts):
        return {"kind": "facts", "rows": [list(row) for row in block.rows]}
    return {"kind": "table", **as_table(block)}


def as_table(table: CardTable) -> dict[str, Any]:
    """A table of the card as ``theme.typ`` sets it."""
    return {
        "caption": table.caption,
        "columns": list(table.columns),
        "rows": [list(row) for row in table.rows],
        "numeric": list(table.numeric),
        "strong": table.strong,
    }
