"""Draw the thirty papers of "from folder to signed table": `python make_documents.py [FOLDER]`.

Twenty-two invoices and eight contracts that an invented museum has got for a touring exhibition: eight languages, five
layouts, six currencies, numbers and dates as they are written in each country. One invoice is a scan without any text,
one stands on its side. The same files on every run. Needs fpdf2. The PDFs are CC0: do with them what you like.
"""

from __future__ import annotations

import io
import random
import re
import sys
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent))

from drawing.contracts import contract, contracts
from drawing.forms import invoices
from make_invoices import Page

SCAN, ON_ITS_SIDE = "invoice-kuipers", "invoice-conti"


def scanned(pdf: bytes) -> bytes:
    """Return a PDF as a copying machine gives it back: one picture a page, a little askew, no text."""
    chance = random.Random(7)
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=1.9, grayscale=True).to_pil()
    grain = Image.frombytes("L", (206, 291), bytes(chance.randrange(206, 256) for _ in range(206 * 291)))
    picture = picture.filter(ImageFilter.GaussianBlur(0.6)).rotate(0.9, expand=False, fillcolor=252)
    picture = ImageChops.multiply(picture, grain.resize(picture.size)).point(lambda v: 0 if v < 150 else 255, "1")
    page, drawn = Page(), io.BytesIO()
    picture.save(drawn, "PNG")
    page.image(drawn, 0, 0, 210, 297)
    return bytes(page.output())


def turned(pdf: bytes) -> bytes:
    """Return a PDF whose page was filed on its side."""
    out = io.BytesIO()
    with pypdfium2.PdfDocument(pdf) as document:
        document[0].set_rotation(90)
        document.save(out)
    # The library writes a chance id, of which nobody has any use.
    return re.sub(rb"(?<=<)[0-9A-Fa-f]{32}(?=>)", b"0" * 32, out.getvalue())


def main(folder: Path) -> None:
    """Write all papers into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {f"invoice-{name}": of.layout(of) for name, of in invoices().items()}
    drawn |= {f"contract-{name}": contract(of) for name, of in contracts().items()}
    for name, page in drawn.items():
        pdf = bytes(page.output())
        pdf = scanned(pdf) if name == SCAN else turned(pdf) if name == ON_ITS_SIDE else pdf
        (folder / f"{name}.pdf").write_bytes(pdf)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "documents")
