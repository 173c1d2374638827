"""A mark lies over the very ink of the words it cites, however a page is turned, cropped or scaled.

No recognition of characters: the page is drawn with and without the words, and what differs is their ink.
"""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PIL import Image, ImageChops

import batchata_nb
from batchata_nb.core.citations import Rect
from batchata_nb.documents import pdf as pdfs

from . import handmade

DATA = Path(__file__).parents[3] / "shared" / "data"
"""Real documents, kept beside the checkout where there are any; not part of the project."""
TURNED = [DATA / "pdfs" / name for name in ("05-rotate-90-wide-table.pdf", "17-corrupted-xref.pdf")]
SCALE = 3
OTHERS = [
    handmade.text(40, 160, "Invoice 2024-117"),
    handmade.text(40, 60, "Payable to Weissmann Ltd"),
    handmade.text(150, 110, "Page 1 of 1"),
]
WORDS = handmade.text(60, 100, "9,481.27")


def drawn(content: bytes) -> Image.Image:
    """The page as the view shows it."""
    return Image.open(io.BytesIO(pdfs.render_page(content, 1, scale=SCALE)[0])).convert("L")


def ink(whole: Image.Image, without: Image.Image, scale: float) -> Rect:
    """The box of what differs between two pictures, in points."""
    box = ImageChops.difference(whole, without).point(lambda value: 255 if value > 90 else 0).getbbox()
    assert box is not None
    return (box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale)


def covers(rect: Rect, box: Rect, slack: float) -> bool:
    """Whether a box lies within a rectangle."""
    return all(a <= b + slack for a, b in zip(rect[:2], box[:2], strict=True)) and all(
        a >= b - slack for a, b in zip(rect[2:], box[2:], strict=True)
    )


def area(rect: Rect) -> float:
    """Of a rectangle."""
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


@pytest.mark.parametrize("unit", ["", "/UserUnit 2.5"])
@pytest.mark.parametrize("crop", ["", "/CropBox [25 40 280 185]", "/CropBox [-20 -10 320 210]"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270, -90, 450])
def test_a_mark_lies_over_the_words(turn: int, crop: str, unit: str) -> None:
    """Whatever /Rotate, crop box and user unit, the rectangle holds the words' ink and little else."""
    entries = f"/Rotate {turn} {crop} {unit}"
    content = handmade.pages("\n".join([*OTHERS, WORDS]), page=entries)
    without = handmade.pages("\n".join(OTHERS), page=entries)

    citation = batchata_nb.locate({"total": 9481.27}, content)["total"]
    box = ink(drawn(content), drawn(without), SCALE)

    assert len(citation.rects) == 1
    assert covers(citation.rects[0], box, 0.7)
    assert area(citation.rects[0]) < 2.2 * area(box)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_words_that_the_crop_box_hides_get_no_mark(turn: int) -> None:
    """Text outside the crop box is on no displayed page: nothing is marked in its place."""
    content = handmade.pages("\n".join([*OTHERS, WORDS]), page=f"/Rotate {turn} /CropBox [0 120 300 200]")

    assert () == (batchata_nb.locate({"total": 9481.27}, content)["total"].rects or ())


def text_objects(page: pypdfium2.PdfPage) -> list[tuple[str, pypdfium2.PdfObject]]:
    """The pieces of text that a page is drawn with."""
    textpage, found = page.get_textpage(), []
    for piece in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], max_depth=1):
        size = pdfium.FPDFTextObj_GetText(piece, textpage, None, 0)
        buffer = (pdfium.FPDF_WCHAR * (size // 2 + 1))()
        pdfium.FPDFTextObj_GetText(piece, textpage, buffer, size)
        found.append((bytes(buffer)[: max(size - 2, 0)].decode("utf-16-le", "ignore").strip(), piece))
    textpage.close()
    return found


@pytest.mark.skipif(not TURNED[0].exists(), reason="the difficult PDFs are not beside this checkout")
@pytest.mark.parametrize("path", TURNED, ids=lambda path: path.stem)
def test_marks_on_real_turned_pages_lie_over_their_words(path: Path) -> None:
    """On real rotated pages a piece of text is taken out, and what is gone from the picture lies under its mark."""
    with pdfs.open_pdf(path) as opened:
        text = opened.text(1)
    document = pypdfium2.PdfDocument(path)
    page = document[0]
    whole = page.render(scale=SCALE).to_pil().convert("L")
    single = [(words, piece) for words, piece in text_objects(page) if len(words) >= 5 and text.count(words) == 1]
    tried = 0
    for words, piece in single[:: max(1, len(single) // 6)][:6]:
        citation = batchata_nb.locate({"words": words}, path)["words"]
        assert citation.rects, words
        page.remove_obj(piece)
        box = ink(whole, page.render(scale=SCALE).to_pil().convert("L"), SCALE)
        whole = page.render(scale=SCALE).to_pil().convert("L")
        hull = (
            min(r[0] for r in citation.rects), min(r[1] for r in citation.rects),
            max(r[2] for r in citation.rects), max(r[3] for r in citation.rects),
        )  # fmt: skip
        assert covers(hull, box, 2), words
        assert area(hull) < 6 * area(box) + 200
        tried += 1
    assert tried >= 3
    page.close()
    document.close()
