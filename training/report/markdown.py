"""The model card as Markdown: the same words, tables and figures as the page and the PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from model.card import Block, Bullets, Card, CardTable, Facts


def markdown(card: Card) -> str:
    """A whole card."""
    lines = [f"# {card.title}", "", card.lead]
    for section in card.sections:
        lines += ["", f"## {section.title}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Bullets):
        yield from (f"- {item}" for item in block.items)
    elif isinstance(block, Facts):
        yield from _rows(("", ""), [(f"**{term}**", words) for term, words in block.rows], (False, False))
    elif isinstance(block, CardTable):
        yield block.caption
        yield ""
        rows = [
            tuple(f"**{words}**" for words in row) if i == block.strong else row
            for i, row in enumerate(block.rows)
        ]
        yield from _rows(block.columns, rows, block.numeric)
    else:
        yield f"> {block.text}" if block.tone else block.text


def _rows(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> Iterator[str]:
    yield _row(columns)
    yield _row(["---:" if right else "---" for right in numeric])
    yield from (_row(row) for row in rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
