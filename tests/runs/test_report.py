"""The HTML report: one file with the table and each value's evidence, of bounded size."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.documents.files import open_document
from batchata_nb.runs import proofs
from batchata_nb.runs.proofs import Proofs

PICTURE = re.compile(r'src="data:image/jpeg;base64,([^"]+)"')


class Order(BaseModel):
    """What is asked for."""

    vendor: str
    total: float


def paper(path: Path, vendor: str, total: str, scan: bool = False) -> None:
    """A page with two facts, and a second one that may be a scan."""
    made = FPDF(unit="pt", format=(400, 300))
    made.set_font("Helvetica", size=11)
    made.add_page()
    made.text(40, 60, f"Vendor: {vendor}")
    made.text(40, 200, f"Total: {total}")
    made.add_page()
    if scan:
        made.image(Image.new("RGB", (40, 30), "lightgrey"), 0, 0, 400, 300)
    made.output(str(path))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with practice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE", "1")
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0.1")
    return tmp_path


def exported(folder: Path, *files: str) -> str:
    """Extract from files with practice, and export."""
    batch = Batch().set_default_params(model="gpt-6.1-sol")
    for name in files:
        batch.add_job(prompt="Extract.", file=name, response_model=Order, enable_citations=True)
    run = batch.run(name="orders", wait=True)
    return run.export_html(folder / "out.html").read_text("utf-8")


def test_a_models_name_is_written_as_it_is(folder: Path) -> None:
    """It is text, turned into HTML once."""
    run = Batch().add_job(prompt="Say one.", model="gpt-6.1&sol").run(name="one", wait=True)
    page = run.export_html(folder / "out.html").read_text("utf-8")

    assert "<span>gpt-6.1&amp;sol</span>" in page


class Tags(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [found["href"] or ""] if "href" in found else []
        self.ids += [found["id"] or ""] if "id" in found else []
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_each_value_has_a_picture_of_its_place(folder: Path):
    """Each value found in a PDF has a crop of the page that shows it, marked; the table links to its results."""
    paper(folder / "a.pdf", "Ostrander Mills", "912.40")
    paper(folder / "b.pdf", "Halbrook Timber", "77.00")
    html = exported(folder, "a.pdf", "b.pdf")

    pictures = [Image.open(io.BytesIO(base64.b64decode(data))) for data in PICTURE.findall(html)]
    assert len(pictures) == 4
    for picture in pictures:
        colours = {colour for _, colour in picture.getcolors(2**24)}
        assert any(r > 200 and g > 180 and b < 200 for r, g, b in colours)  # the mark
        assert any(max(colour) < 100 for colour in colours)  # the words
        assert picture.width <= proofs.WIDEST
        assert picture.height <= proofs.HIGHEST
    tags = Tags()
    tags.feed(html)
    assert ["#r0", "#r1"] == tags.links
    assert {"r0", "r1"} <= set(tags.ids)
    assert [] == tags.open
    assert html.index("Halbrook Timber") < html.index("<details")
    assert "http" not in html.replace("http-equiv", "")


def test_a_page_without_text_is_named(folder: Path):
    """A scan among the pages is named, by the result and by the value that was not found."""
    paper(folder / "a.pdf", "Ostrander Mills", "912.40", scan=True)

    assert "Page 2 is a scan: no text to point at." in exported(folder, "a.pdf")


def test_words_of_a_text_stand_in_their_sentence(folder: Path):
    """Evidence in a text is marked within the words around it; what is in them stays text."""
    (folder / "a.txt").write_text(f"{'x' * 150} <b>\nVendor: Ostrander Mills\nTotal: 912.40\n{'y' * 150}")
    html = exported(folder, "a.txt")

    assert "<mark>Ostrander Mills</mark>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "<blockquote>…x" in html


def test_pictures_are_bounded_and_words_follow(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Past the bound on pictures a place is quoted in words, every value still has its evidence, and that is said."""
    for n in range(6):
        paper(folder / f"{n}.pdf", f"Vendor {n} of Ostrander", f"{n}12.40")
    monkeypatch.setattr(Proofs.__init__, "__defaults__", (12_000,))
    html = exported(folder, *(f"{n}.pdf" for n in range(6)))

    pictures = PICTURE.findall(html)
    assert 0 < sum(map(len, pictures)) <= 12_000
    assert len(pictures) + html.count("<blockquote>") == 12
    assert f"with {12 - len(pictures)} more this file would be larger" in html


def test_a_large_place_is_shown_smaller_and_a_changed_file_in_words(folder: Path):
    """A picture keeps to its size whatever the rectangles; without the file that was sent there is a quotation."""
    paper(folder / "a.pdf", "Ostrander Mills", "912.40")
    document = open_document(folder / "a.pdf")
    citation: dict[str, Any] = {
        "page": 1, "rects": [[0, 0, 5000, 5000]], "text": "all of it", "start": 0, "end": 5,
    }  # fmt: skip
    made = Proofs().of(document, citation)
    size = Image.open(io.BytesIO(base64.b64decode(PICTURE.findall(made)[0]))).size
    assert size[0] <= proofs.WIDEST
    assert size[1] <= proofs.HIGHEST

    paper(folder / "a.pdf", "Another", "1.00")
    assert "<blockquote>all of it</blockquote>" == Proofs().of(document, citation)


def test_pictures_are_cut_between_lines_and_drawn_alike(folder: Path):
    """No line of text is cut through, black stays black under the mark, and a point is as large in every picture."""
    made = FPDF(unit="pt", format=(600, 400))
    made.set_font("Helvetica", size=11)
    made.add_page()
    for n in range(20):
        made.text(40, 60 + 13 * n, f"Line {n} of a letter that goes on and on in even lines")
    made.output(str(folder / "a.pdf"))
    document = open_document(folder / "a.pdf")
    widths = set()
    for n in (0, 3, 7, 19):
        top = 50 + 13 * n
        citation: dict[str, Any] = {
            "page": 1, "rects": [[40, top, 80, top + 12]], "text": f"Line {n}", "start": 0, "end": 5,
        }  # fmt: skip
        html = Proofs().of(document, citation)
        picture = Image.open(io.BytesIO(base64.b64decode(PICTURE.findall(html)[0])))
        grey = picture.convert("L")
        for row in (0, picture.height - 1):
            assert grey.crop((0, row, picture.width, row + 1)).getextrema()[0] > 200
        assert grey.getextrema()[0] < 60
        widths.add(int(re.findall(r'width="(\d+)"', html)[0]) / picture.width)
    assert max(widths) - min(widths) < 0.01
