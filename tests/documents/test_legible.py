"""What each kind of PDF page is said to be, and what its form is filled in with."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw

import batchata_nb
from batchata_nb.core.citations import nowhere, page_notes
from batchata_nb.core.errors import ValidationError
from batchata_nb.documents import pdf as pdfs
from batchata_nb.runs.locating import notes_of

from . import handmade

DATA = Path(__file__).parents[3] / "shared" / "data" / "pdfs"
"""Real documents, kept beside the checkout where there are any; not part of the project."""
WORDS = "Invoice 2024-117 of Weissmann Ltd, total due 1,234.50 euros, payable within thirty days of receipt."


def picture() -> Image.Image:
    """A page as a scanner sees it."""
    image = Image.new("L", (300, 200), 255)
    ImageDraw.Draw(image).text((20, 30), WORDS[:40], fill=0)
    return image


def mixed() -> bytes:
    """Text, a scan, a scan with a stamp, words drawn as lines, a blank page, a second scan."""
    made = FPDF(unit="pt", format=(300, 200))
    made.set_font("Helvetica", size=6)
    for kind in ("text", "scan", "stamped", "drawn", "blank", "scan"):
        made.add_page()
        if kind in ("scan", "stamped"):
            made.image(picture(), 0, 0, 300, 200)
        if kind == "drawn":
            made.line(20, 30, 80, 40)
        if kind in ("text", "stamped"):
            made.text(10, 20, WORDS if kind == "text" else "Exhibit 7")
    return bytes(made.output())


def test_each_page_is_known_for_what_it_is() -> None:
    """A page is text, a scan, a scan with a stamp, drawn or blank by what is on it."""
    with pdfs.open_pdf(mixed()) as pdf:
        kinds = [pdf.content(n).kind for n in range(1, 7)]

    assert ["text", "scan", "stamped", "drawn", "blank", "scan"] == kinds


def test_each_page_without_text_has_a_sentence() -> None:
    """What cannot be pointed at is said by page, alike pages in a row together; blank pages need no word."""
    assert [
        "Page 2 is a scan: no text to point at.",
        "Page 3 is a scan with a few words of text: only those can be pointed at.",
        "Page 4 has its words drawn as shapes: no text to point at.",
        "Page 6 is a scan: no text to point at.",
    ] == [note.text for note in notes_of(mixed())]
    assert ["Pages 2 to 4 are scans: no text to point at."] == [
        note.text for note in page_notes(["text", "scan", "scan", "scan"])
    ]


def test_garbled_text_is_recognised() -> None:
    """A text layer whose characters are not those that are seen is called garbled; another is not."""
    with pdfs.open_pdf(handmade.without_names(WORDS)) as garbled, pdfs.open_pdf(mixed()) as plain:
        assert ("garbled", "text") == (garbled.content(1).kind, plain.content(1).kind)

    found = batchata_nb.locate({"total": 1234.5}, handmade.without_names(WORDS))
    assert [] == found["total"]
    assert "garbled text layer" in found["total"].note


def test_one_damaged_page_leaves_the_others() -> None:
    """A page that cannot be read is said to be damaged, and values are found on the others."""
    content = handmade.pages(
        handmade.text(20, 150, "Vendor: Weissmann Ltd"), None, handmade.text(20, 150, "Total 12.50")
    )

    found = batchata_nb.locate({"vendor": "Weissmann Ltd", "total": 12.5, "city": "Lisbon"}, content)

    assert (1, 3) == (found["vendor"].page, found["total"].page)
    assert found["city"].note == ("Not found in the text. Page 2 is damaged and cannot be read: no text to point at.")


def test_a_value_that_is_not_there_says_so_in_words() -> None:
    """An empty list of citations says why; a value that was found, and one that is empty, say nothing."""
    found = batchata_nb.locate({"vendor": "Weissmann Ltd", "city": "Lisbon", "note": None}, mixed())

    assert found["vendor"].page == 1
    assert ("", "") == (found["vendor"].note, found["note"].note)
    assert found["city"].note.startswith("Not found in the text. Page 2 is a scan: no text to point at. Page 3")
    assert "Not found in the document." == batchata_nb.locate({"city": "Lisbon"}, "No such word.")["city"].note
    assert "a.pdf: Page 1 is" in nowhere(page_notes(["scan"]), ["a.pdf", "b.pdf"])


FORM = handmade.form(
    [
        {"FT": "/Tx", "T": "(f1)", "TU": "(Vendor)", "V": "(Weissmann Ltd)", "Rect": "[100 150 250 165]"},
        {
            "FT": "/Btn", "T": "(paid)", "V": "/Yes", "AS": "/Yes", "Rect": "[100 120 112 132]",
            "AP": "<< /N << /Yes 4 0 R /Off 4 0 R >> >>",
        },
        {"FT": "/Tx", "T": "(pin)", "Ff": "8192", "V": "(hunter)", "Rect": "[100 100 250 115]"},
        {"FT": "/Ch", "Ff": "131072", "T": "(country)", "Opt": "[(Chile)]", "V": "(Chile)", "Rect": "[100 60 250 75]"},
        {"FT": "/Tx", "T": "(empty)", "Rect": "[100 30 250 45]"},
        {"FT": "/Tx", "T": "(unseen)", "F": "2", "V": "(Atlantis)", "Rect": "[100 10 250 25]"},
    ],
    handmade.text(20, 154, "Vendor"),
)  # fmt: skip


def test_what_a_form_is_filled_in_with_is_evidence() -> None:
    """Values in form fields are cited at the field, apart from the page's canonical text; what is hidden is not."""
    values = {"vendor": "Weissmann Ltd", "country": "Chile", "paid": True, "pin": "hunter", "place": "Atlantis"}

    found = batchata_nb.locate(values, FORM)

    vendor = found["vendor"][0]
    assert (1, None, None) == (vendor.page, vendor.start, vendor.end)
    assert ((100.0, 35.0, 250.0, 50.0),) == vendor.rects
    assert "form field" in str(vendor.match_reason)
    assert ((100.0, 125.0, 250.0, 140.0),) == found["country"][0].rects
    assert ((100.0, 68.0, 112.0, 80.0),) == found["paid"][0].rects
    assert [] == found["pin"] == found["place"]
    with pdfs.open_pdf(FORM) as pdf:
        assert "Vendor" == pdf.text(1)  # canonical text stays pdfium's


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_form_field_is_marked_where_the_page_image_shows_it(turn: int) -> None:
    """The page image shows what is filled in, and within the citation's rectangle, however the page is turned."""
    field = {"FT": "/Tx", "T": "(vendor)", "V": "(Weissmann)", "Rect": "[100 150 250 165]"}
    content = handmade.form([field], page=f"/Rotate {turn} /CropBox [10 20 290 190]")

    rect = batchata_nb.locate({"vendor": "Weissmann"}, content)["vendor"][0].rects[0]
    jpeg, _ = pdfs.render_page(content, 1, scale=2)
    image = Image.open(io.BytesIO(jpeg)).convert("L").point(lambda value: 255 if value < 110 else 0)
    ink = image.getbbox()

    assert ink is not None
    assert all(low <= at / 2 + 1 for low, at in zip(rect[:2], ink[:2], strict=True))
    assert all(high >= at / 2 - 1 for high, at in zip(rect[2:], ink[2:], strict=True))


EXPECTED = {
    "03": "Pages 1 to 2 are scans: no text to point at.",
    "04": "Pages 1 to 3 are scans: no text to point at.",
    "08": "needs a password to open",
    "16": "Page 1 has a garbled text layer",
    "18": "damaged or cut short",
    "20": "Page 1 is a scan: no text to point at.",
}
"""What is said of the difficult files, by the number they begin with; nothing is to be said of the others."""
REFUSED = ("08", "18")


@pytest.mark.skipif(not DATA.exists(), reason="the difficult PDFs are not beside this checkout")
@pytest.mark.parametrize("path", sorted(DATA.glob("*.pdf")), ids=lambda path: path.stem)
def test_every_difficult_pdf_gives_evidence_or_a_clear_statement(path: Path) -> None:
    """Each real file yields the place of a phrase of its own text, or a sentence that says why there is none."""
    expected = EXPECTED.get(path.name[:2])
    if path.name[:2] in REFUSED:
        with pytest.raises(ValidationError, match=expected):
            notes_of(str(path))
        return
    notes = [note.text for note in notes_of(str(path))]
    assert (expected is not None) == bool(notes)
    absent = batchata_nb.locate({"word": "Xylophagous Quokka Ltd"}, path)["word"]
    assert [] == absent
    assert (notes[0] if notes else "Not found in the document.") in absent.note
    if notes:
        assert str(expected) in notes[0]
        return
    with pdfs.open_pdf(path) as pdf:
        lines = [line.strip() for line in pdf.text(1).splitlines() if len(line.strip()) >= 5]
    phrase = max(lines, key=len)[:60].strip()
    found = batchata_nb.locate({"phrase": phrase}, path)["phrase"]
    assert found.page == 1
    assert found.rects
