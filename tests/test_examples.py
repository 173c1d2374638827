"""The example documents are what their script draws, and differ as real ones do."""

from __future__ import annotations

import runpy
from pathlib import Path

import pypdfium2
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "example_notebooks"


def texts(folder: Path) -> dict[str, list[str]]:
    """Return the text of each page of each PDF in a folder."""
    found = {}
    for path in sorted(folder.glob("*.pdf")):
        with pypdfium2.PdfDocument(path) as document:
            found[path.name] = [page.get_textpage().get_text_bounded() for page in document]
    return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invoices, drawn anew."""
    folder = tmp_path_factory.mktemp("invoices")
    runpy.run_path(str(EXAMPLES / "make_invoices.py"))["main"](folder)
    return folder


def test_committed_invoices_are_what_the_script_draws(drawn):
    """The PDFs in the project say word for word what the script draws."""
    assert texts(drawn) == texts(EXAMPLES / "invoices")


def test_drawing_twice_gives_the_same_bytes(drawn, tmp_path):
    """The script holds no clock and no chance: its output is the same each time."""
    runpy.run_path(str(EXAMPLES / "make_invoices.py"))["main"](tmp_path)

    assert {p.name: p.read_bytes() for p in drawn.iterdir()} == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_invoices_differ_as_real_ones_do(drawn):
    """There are six or more invoices, one of them over two pages, in several currencies and ways to write a number."""
    found = texts(drawn)
    everything = "\n".join("\n".join(pages) for pages in found.values())

    assert len(found) >= 6
    assert 2 in {len(pages) for pages in found.values()}
    for written in ("2.089,04 EUR", "2 450,00", "CHF 13'765.50", "£3,554.46", "$622.98", "¥203,060", "37 870,25"):
        assert written in everything
