"""Sets a paper: the product's fonts and colours, Typst, a tagged PDF; the same content gives the same "
"bytes."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst
from fontTools.ttLib import TTFont

from model.errors import IntegrityError

ASSETS = Path(__file__).resolve().parents[2] / "assets"
TEMPLATES = Path(__file__).resolve().parent
STANDARD: Literal["ua-1"] = "ua-1"
"""PDF/UA-1: tagged, with a language, a title and words for every figure."""

_TOKEN = re.compile(r"--pd-([a-z0-9-]+):\s*(#[0-9a-f]{3,6})\b", re.IGNORECASE)


@cache
def colours() -> Mapping[str, str]:
    """Light colours of ``assets/ux.css`` by token: the papers and the screens read one table."""
    sheet = (ASSETS / "ux.css").read_text(encoding="utf-8")
    root = sheet.split('[data-bs-theme="dark"]')[0].split("[data-bs-theme=dark]")[0]
    found: dict[str, str] = {}
    for name, value in _TOKEN.findall(root):
        found.setdefault(name, _six(value))
    return found


def _six(value: str) -> str:
    return value if len(value) == 7 else "#" + "".join(2 * digit for digit in value[1:])


def set_pdf(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """A PDF from a template of this folder.

    Parameters
    ----------
    template : its name, without suffix
    data : JSON values that it reads as ``data``
    made_at : date of the document, of the run and not of today

    Raises
    ------
    IntegrityError
        Typst refused the document, or a character has no glyph in the product's fonts.
    """
    rendered = _compile(template, data, made_at, "pdf")
    assert isinstance(rendered, bytes)
    return rendered


def set_pictures(
    template: str, data: Mapping[str, Any], *, made_at: datetime, ppi: float = 96
) -> list[bytes]:
    """The pages as PNG, to look at."""
    rendered = _compile(template, data, made_at, "png", ppi=ppi)
    return rendered if isinstance(rendered, list) else [rendered]


def _compile(
    template: str, data: Mapping[str, Any], made_at: datetime, form: Literal["pdf", "png"], **more: Any
) -> Any:
    given = {"colours": dict(colours()), **data}
    with tempfile.TemporaryDirectory(prefix="pad-fonts-") as fonts:
        write_font(Path(fonts))
        compiler = typst.Compiler(
            TEMPLATES / f"{template}.typ",
            root=TEMPLATES.parents[1],
            font_paths=[Path(fonts)],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(given, ensure_ascii=False)},
        )
        try:
            rendered, warnings = compiler.compile_with_warnings(
                format=form,
                pdf_standards=[STANDARD] if form == "pdf" else [],
                timestamp=made_at.astimezone(UTC),
                **more,
            )
        except typst.TypstError as error:
            raise IntegrityError(f"{template}.typ: {error.message}", code="typst") from error
    if warnings:
        raise IntegrityError(f"{template}.typ: {warnings[0]}", code="typst")
    return rendered


def write_font(folder: Path) -> Path:
    """The product's variable font as Typst takes it: the same glyphs without the web's compression."""
    with TTFont(ASSETS / "vendor" / "fonts" / "inter-var.woff2", recalcTimestamp=False) as font:
        font.flavor = None
        path = folder / "inter-var.ttf"
        font.save(path)
    return path
