"""Canonical page text, character boxes and page images."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from batchata_nb.core.citations import Rect
from batchata_nb.core.errors import ValidationError
from batchata_nb.documents import page
from batchata_nb.documents import pdf as pdfs

DATA = Path(__file__).parents[3] / "shared" / "data"
"""Real documents, kept beside the checkout where there are any; not part of the project."""
SET = sorted(DATA.glob("citations/pages/*/*.json"))
FILES = sorted(DATA.glob("pdfs/*.pdf"))


def made(*lines: tuple[float, float, str], pages: int = 1) -> bytes:
    """A4 pages with lines of text at (x, y) points of the top left corner of their baselines."""
    pdf = FPDF(unit="pt", format=(300, 200))
    pdf.set_font("Helvetica", size=10)
    for _ in range(pages):
        pdf.add_page()
        for x, y, text in lines:
            pdf.text(x, y, text)
    return bytes(pdf.output())


def turned(content: bytes, degrees: int, crop: tuple[float, float, float, float] | None = None) -> bytes:
    """The same PDF with /Rotate and a crop box set."""
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    page.set_rotation(degrees)
    if crop:
        page.set_cropbox(*crop)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def union(boxes: tuple[Rect, ...]) -> Rect:
    """The box around boxes."""
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def ink(content: bytes) -> Rect:
    """Where the rendered page is not white, in points; the truth that boxes are held against."""
    image, size = pdfs.render_page(content, 1, scale=4)
    grey = Image.open(io.BytesIO(image)).convert("L").point(lambda value: 255 if value < 128 else 0)
    found = grey.getbbox()
    assert found is not None
    assert size == grey.size
    return (found[0] / 4, found[1] / 4, found[2] / 4, found[3] / 4)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (20.0, 30.0, 280.0, 190.0)])
def test_boxes_are_where_the_page_shows_the_text(degrees: int, crop: tuple[float, float, float, float] | None) -> None:
    """Whatever the rotation and crop box, the boxes surround the ink on the displayed page."""
    content = turned(made((60, 80, "Total due 1,234.50")), degrees, crop)

    with pdfs.open_pdf(content) as pdf:
        page = pdf.page(1)
    box, drawn = union(page.boxes), ink(content)

    assert "Total due 1,234.50" == page.text
    assert degrees == page.rotation
    assert all(b <= i + 1 for b, i in zip(box[:2], drawn[:2], strict=True))
    assert all(b >= i - 1 for b, i in zip(box[2:], drawn[2:], strict=True))
    assert (box[2] - box[0]) * (box[3] - box[1]) < 2 * (drawn[2] - drawn[0]) * (drawn[3] - drawn[1])


def test_text_and_page_agree_and_boxes_match_characters() -> None:
    """`text` is the text of `page`, each character has one box, and CR is gone."""
    with pdfs.open_pdf(made((20, 30, "first line"), (20, 60, "second line"))) as pdf:
        page = pdf.page(1)

        assert "first line\nsecond line" == page.text == pdf.text(1)
        assert len(page.text) == len(page.boxes)
        assert page.boxes[11:17] == pdf.boxes(1, 11, 17)
        assert (300.0, 200.0) == (page.width, page.height)
        assert page.boxes[0][1] < page.boxes[11][1]


def test_surrogates_and_hyphens() -> None:
    """Pairs become one character, lone halves vanish, soft hyphens become `-`; indices stay those of pdfium."""
    text, indices = page.canonical("a\r\n\ud83d\ude00\ud83d b\x02c\xad\ufffe\0d\udc00")

    assert "a\n\U0001f600 b-c--d" == text
    assert [0, 2, 3, 6, 7, 8, 9, 10, 11, 13] == indices


def test_pages_without_text_are_recognised() -> None:
    """A scan opens, and says that it has no text."""
    drawn = FPDF(unit="pt", format=(300, 200))
    drawn.add_page()
    drawn.rect(10, 10, 50, 50, style="F")

    with pdfs.open_pdf(bytes(drawn.output())) as scan, pdfs.open_pdf(made((20, 30, "x"))) as pdf:
        assert (False, True) == (scan.has_text, pdf.has_text)


def test_a_page_image_keeps_to_its_bound() -> None:
    """A page is drawn at the scale asked for, smaller where the bound on pixels says so."""
    content = made((20, 30, "x"))

    image, size = pdfs.render_page(content, 1, scale=2)
    _, bounded = pdfs.render_page(content, 1, scale=2, max_pixels=15_000)

    assert (600, 400) == size
    assert "JPEG" == Image.open(io.BytesIO(image)).format
    assert bounded[0] * bounded[1] <= 15_600


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_page_that_is_not_there_is_said_so(number: int) -> None:
    """Page numbers count from 1."""
    with pdfs.open_pdf(made(pages=2)) as pdf, pytest.raises(ValidationError, match="2 pages"):
        pdf.text(number)


def test_pdfs_are_read_from_several_threads() -> None:
    """Concurrent readers of different files get their own texts."""
    found: dict[int, set[str]] = {}

    def work(number: int) -> None:
        content = made((20, 30, f"document {number}"), pages=5)
        with pdfs.open_pdf(content) as pdf:
            found[number] = {pdf.text(n) for n in range(1, 6)}

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {n: {f"document {n}"} for n in range(8)} == found


@pytest.mark.skipif(not SET, reason="the citation set is not beside this checkout")
@pytest.mark.parametrize("path", SET, ids=lambda path: path.stem)
def test_real_pages_have_their_canonical_text_and_boxes(path: Path) -> None:
    """Text equals the recorded text character by character, word boxes to a tenth of a point."""
    document = path.with_suffix(".pdf").as_posix().replace("/pages/", "/docs/")
    wrong = []
    with pdfs.open_pdf(document) as pdf:
        for expected in json.loads(path.read_text(encoding="utf-8")):
            page = pdf.page(expected["page"])
            assert expected["text"] == page.text == pdf.text(expected["page"])
            assert expected["rotation"] == page.rotation
            for start, end, *recorded in expected["words"]:
                boxes = tuple(b for b in page.boxes[start:end] if b[0] != b[2])
                if boxes and max(abs(a - b) for a, b in zip(union(boxes), recorded, strict=True)) > 0.11:
                    wrong.append((page.page, page.text[start:end]))

    assert [] == wrong


@pytest.mark.skipif(not FILES, reason="the difficult PDFs are not beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_difficult_pdfs_open_or_say_why(path: Path) -> None:
    """Rotated, scanned, encrypted, damaged and long PDFs: each opens, or is refused in one sentence."""
    if "user-password" in path.name or "truncated" in path.name:
        with pytest.raises(ValidationError, match=r"password|cut short"):
            pdfs.open_pdf(path)
        return
    with pdfs.open_pdf(path) as pdf:
        for number in (1, pdf.page_count):
            page = pdf.page(number)
            assert pdf.text(number) == page.text
            assert len(page.boxes) == len(page.text)
            assert all(-40 <= b[0] <= page.width + 40 for b in page.boxes)
        assert ("scan" not in path.name and "jbig2" not in path.name) == pdf.has_text
        assert b"\xff\xd8" == pdf.render(1, scale=0.5)[0][:2]
