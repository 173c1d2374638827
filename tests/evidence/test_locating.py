"""The public function: models, files, pages and boxes."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import pytest
from pydantic import BaseModel, Field

import batchata_nb
from batchata_nb.core.citations import Citation
from batchata_nb.core.errors import ValidationError
from batchata_nb.documents.files import open_document
from batchata_nb.documents.pdf import open_pdf
from batchata_nb.runs.locating import cited, locate

from .helpers import pdf


class Status(Enum):
    """Whether it is paid."""

    PAID = "paid"
    OPEN = "open"


class Line(BaseModel):
    """One line."""

    name: str
    amount: Decimal


class Invoice(BaseModel):
    """An invoice."""

    number: str
    issued: date = Field(description="Date of the invoice")
    status: Status
    lines: list[Line]
    note: str | None = None


PAGE = [
    (50, 100, "Invoice INV-7"), (50, 120, "Date: 3 May 2026"), (300, 120, "Due: 17 May 2026"),
    (50, 140, "Status: paid"), (50, 180, "Bolt"), (300, 180, "1.234,50"), (50, 200, "Nut"), (300, 200, "7,00"),
]  # fmt: skip
INVOICE = Invoice(
    number="INV-7",
    issued=date(2026, 5, 3),
    status=Status.PAID,
    lines=[Line(name="Bolt", amount=Decimal("1234.5")), Line(name="Nut", amount=Decimal("7"))],
)


def texts(found: dict[str, Any]) -> dict[str, str | None]:
    """The words of each best citation."""
    return {name: citations[0].text if citations else None for name, citations in found.items()}


def test_locate_is_public() -> None:
    """`batchata_nb.locate` is this function."""
    assert locate is batchata_nb.locate


@pytest.mark.parametrize("form", ["path", "text path", "bytes", "document", "documents"])
def test_a_model_is_located_in_a_pdf(tmp_path: Path, form: str) -> None:
    """A model brings its own schema; a document may be a path, bytes or a `Document`."""
    path = tmp_path / "invoice.pdf"
    path.write_bytes(pdf(PAGE))
    document: Any = {
        "path": path,
        "text path": str(path),
        "bytes": path.read_bytes(),
        "document": open_document(path),
        "documents": [open_document(path)],
    }[form]

    found = locate(INVOICE, document)

    assert {
        "number": "INV-7",
        "issued": "3 May 2026",
        "status": "paid",
        "lines[0].name": "Bolt",
        "lines[0].amount": "1.234,50",
        "lines[1].name": "Nut",
        "lines[1].amount": "7,00",
        "note": None,
    } == texts(found)
    assert 1 == found["number"].page


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rectangles_surround_the_words_on_the_page_as_displayed(degrees: int) -> None:
    """Whatever the rotation, a citation's rectangles are the boxes of its characters."""
    document = pypdfium2.PdfDocument(pdf(PAGE))
    document[0].set_rotation(degrees)
    out = io.BytesIO()
    document.save(out)
    document.close()

    citation = locate({"total": 1234.5}, out.getvalue())["total"][0]
    with open_pdf(out.getvalue()) as opened:
        page = opened.page(1)

    assert citation.start is not None
    assert "1.234,50" == page.text[citation.start : citation.end]
    boxes = page.boxes[citation.start : citation.end]
    expected = (
        min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
    )  # fmt: skip
    assert 1 == len(citation.rects)
    assert expected == pytest.approx(citation.rects[0])
    assert 0 <= citation.rects[0][0] < citation.rects[0][2] <= page.width


def test_a_table_whose_text_runs_down_its_columns_is_read_by_rows() -> None:
    """Rows and columns are seen on the page, whatever the order of the text in the file."""
    columns = {
        50: ["Item", "Bolt", "Nut", "Washer", "Bolt"],
        200: ["Qty", "20", "20", "10", "50"],
        300: ["Price", "5.00", "10.00", "2.00", "5.00"],
        400: ["Total", "10.00", "20.00", "20.00", "25.00"],
    }
    content = pdf([(x, 100 + i * 20, text) for x, column in columns.items() for i, text in enumerate(column)])
    rows = [("Bolt", 20, 5.0, 10.0), ("Nut", 20, 10.0, 20.0), ("Washer", 10, 2.0, 20.0), ("Bolt", 50, 5.0, 25.0)]
    found = locate({"lines": [dict(zip(("item", "qty", "price", "total"), row, strict=True)) for row in rows]}, content)

    for index in range(4):
        for key, x in zip(("item", "qty", "price", "total"), columns, strict=True):
            x0, y0, _, y1 = found[f"lines[{index}].{key}"].rects[0]
            assert x == pytest.approx(x0, abs=1), (index, key)
            assert y0 < 118 + index * 20 < y1, (index, key)


def test_a_table_that_lies_on_its_side_is_read_by_rows() -> None:
    """Where lines run up or down the page as displayed, rows and columns are turned with them."""
    lines = [("Alabama", "0", "100", "71"), ("Alaska", "9", "100", "70"), ("Guam", "0", "100", "17")]
    content = pdf([(50 + 120 * x, 100 + i * 14, cell) for i, row in enumerate(lines) for x, cell in enumerate(row)])
    document = pypdfium2.PdfDocument(content)
    document[0].set_rotation(90)
    out = io.BytesIO()
    document.save(out)
    document.close()
    rows = [{"state": a, "permit": int(b), "gun": int(c), "total": int(d)} for a, b, c, d in lines]

    found = locate({"rows": rows}, out.getvalue())

    for index in range(3):
        x0, _, x1, _ = found[f"rows[{index}].state"].rects[0]
        for key, y in (("permit", 170), ("gun", 290), ("total", 410)):
            box = found[f"rows[{index}].{key}"].rects[0]
            assert (x0, x1) == pytest.approx((box[0], box[2])), (index, key)
            assert y == pytest.approx(box[1], abs=1), (index, key)


def test_a_value_over_two_pages_is_cited_on_both() -> None:
    """The first piece is the citation itself; all pieces have their page and rectangles."""
    content = pdf(
        [(50, 700, "The Supplier shall keep all records of the services for at least seven"), (50, 780, "Page 1 of 2")],
        [(50, 40, "Master Agreement"), (50, 80, "years after the end of the term and show them on request.")],
    )
    clause = (
        "The Supplier shall keep all records of the services for at least seven years after the end of the term "
        "and show them on request."
    )
    citation = locate({"clause": clause}, content)["clause"][0]

    pieces = citation.metadata["pieces"]
    assert [1, 2] == [piece["page"] for piece in pieces]
    assert (1, pieces[0]["start"], pieces[0]["end"]) == (citation.page, citation.start, citation.end)
    assert all(len(piece["rects"]) == 1 for piece in pieces)
    assert citation == Citation.from_dict(citation.to_dict())


def test_values_of_several_documents_name_theirs(tmp_path: Path) -> None:
    """Each value is cited in the document that prints it."""
    (tmp_path / "a.pdf").write_bytes(pdf([(50, 100, "Fee 50.00")]))
    (tmp_path / "b.txt").write_text("Term: 3 years", encoding="utf-8")
    documents = [open_document(tmp_path / name) for name in ("a.pdf", "b.txt")]

    found = locate({"fee": 50, "term": "3 years"}, documents)

    assert ("a.pdf", 1, 0) == (found["fee"].source, found["fee"].page, found["fee"].metadata["document"])
    assert ("b.txt", None, 1) == (found["term"].source, found["term"].page, found["term"].metadata["document"])


def test_citations_of_plain_text_have_their_places() -> None:
    """A provider's citations of an answer without fields get spans and rectangles; words that are not there do not."""
    where = {"type": "page_location", "document_index": 0, "start_page_number": 1, "end_page_number": 2}
    blocks = [
        {"type": "text", "text": "It is due "},
        {
            "type": "text",
            "text": "in May.",
            "citations": [where | {"cited_text": "Due: 17 May 2026"}, where | {"cited_text": "no such words at all"}],
        },
    ]
    due, nothing = cited(blocks, pdf(PAGE))

    assert ("Due: 17 May 2026", 1, "in May.", "high") == (due.text, due.page, due.metadata["statement"], due.confidence)
    assert 1 == len(due.rects)
    assert (1, "medium") == (nothing.page, nothing.confidence)


def test_text_word_files_and_scans(tmp_path: Path) -> None:
    """A string that is no path is text; a Word file is converted; a page without text gives no citations."""
    word = docx.Document()
    word.add_paragraph("Fee: 50.00")
    word.save(str(tmp_path / "a.docx"))

    assert "50.00" == locate({"fee": 50}, "Fee: 50.00")["fee"].text
    assert "50.00" == locate({"fee": 50}, tmp_path / "a.docx")["fee"].text
    assert "50.00" == locate({"fee": 50}, b"<html><p>Fee:<b>50.00</b>")["fee"].text
    assert [] == locate({"fee": 50}, pdf([]))["fee"]
    assert [] == locate({"fee": 50}, b"\x89PNG\r\n\x1a\n")["fee"]


def test_one_document_is_located_from_several_threads(tmp_path: Path) -> None:
    """Runs of several models ask for the same document at once, and each gets the same evidence."""
    path = tmp_path / "invoice.pdf"
    path.write_bytes(pdf(PAGE))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: locate(INVOICE, path), range(8)))

    assert "INV-7" == found[0]["number"].text
    assert all(each == found[0] for each in found)


def test_kept_texts_are_those_of_the_file_as_it_is_now(tmp_path: Path) -> None:
    """Texts are kept by content: a changed file is read again."""
    path = tmp_path / "a.txt"
    path.write_text("Fee 50")
    assert "50" == locate({"fee": 50}, path)["fee"].text
    path.write_text("Fee 60")

    assert [] == locate({"fee": 50}, path)["fee"]


@pytest.mark.parametrize(
    ("values", "document", "says"),
    [
        ({"a": 1}, "missing.pdf", "no file"),
        (5, "text", "dict"),
        ({"a": 1}, b"\0\1\2binary", "binary"),
        ({"a": 1}, b"%PDF-1.7 cut", "damaged"),
    ],
)
def test_what_cannot_be_used_is_said(values: Any, document: Any, says: str) -> None:
    """A missing file, a bare value and damaged bytes are one clear error."""
    with pytest.raises(ValidationError, match=says):
        locate(values, document)
    with pytest.raises(ValidationError, match="schema"):
        locate({"a": 1}, "text", schema="Invoice")
