"""Documents made for the tests of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fpdf import FPDF

from batchata_nb.core.citations import FieldCitations
from batchata_nb.evidence.locate import locate
from batchata_nb.evidence.page import TextPage
from batchata_nb.evidence.source import Source


def in_text(values: Any, text: str, schema: Mapping[str, Any] | None = None, **given: Any) -> dict[str, FieldCitations]:
    """Locate values in a text document."""
    return locate(values, Source([TextPage(text, "note.txt")]), schema, **given)


def words(found: Mapping[str, FieldCitations]) -> dict[str, str | None]:
    """The words of each field's best citation, None without one."""
    return {name: citations[0].text if citations else None for name, citations in found.items()}


def starts(found: Mapping[str, FieldCitations]) -> dict[str, int | None]:
    """Where each field's best citation starts, None without one."""
    return {name: citations[0].start if citations else None for name, citations in found.items()}


def pdf(*pages: Iterable[tuple[float, float, str]], size: tuple[float, float] = (595, 842)) -> bytes:
    """A PDF with lines of text at (x, y) points, one list of lines for each page, drawn in the order given."""
    made = FPDF(unit="pt", format=size)
    made.set_font("Helvetica", size=10)
    for lines in pages:
        made.add_page()
        for x, y, text in lines:
            made.text(x, y, text)
    return bytes(made.output())
