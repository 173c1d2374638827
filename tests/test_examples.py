"""The example documents are what their script draws, and differ as real ones do."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat

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


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The thirty papers, drawn anew."""
    folder = tmp_path_factory.mktemp("papers")
    draw_papers(folder)
    return folder


def draw_papers(folder: Path) -> None:
    """Run the script as a person does."""
    subprocess.run([sys.executable, "-B", str(EXAMPLES / "make_documents.py"), str(folder)], check=True, timeout=60)


def picture(path: Path) -> Image.Image:
    """Return a page small and grey, to compare it by eye."""
    with pypdfium2.PdfDocument(path) as document:
        return document[0].render(scale=0.5, grayscale=True).to_pil()


def test_committed_papers_are_what_the_script_draws(papers):
    """The thirty PDFs in the project say and show what the script draws."""
    committed = EXAMPLES / "documents"

    assert texts(papers) == texts(committed)
    for path in papers.glob("*.pdf"):
        drawn, kept = picture(path), picture(committed / path.name)
        assert drawn.size == kept.size
        assert max(ImageStat.Stat(ImageChops.difference(drawn, kept)).mean) < 2, path.name


def test_drawing_papers_twice_gives_the_same_bytes(papers, tmp_path):
    """The script holds no clock and no chance that is not fixed."""
    draw_papers(tmp_path)

    assert {p.name: p.read_bytes() for p in papers.iterdir()} == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_papers_are_a_folder_as_people_have_it(papers):
    """Twenty-two invoices, eight contracts of two pages and more, a scan without text, a page on its side."""
    found = texts(papers)
    contracts = {name: pages for name, pages in found.items() if name.startswith("contract-")}
    everything = "\n".join("\n".join(pages) for pages in found.values())
    with pypdfium2.PdfDocument(papers / "invoice-conti.pdf") as document:
        turned = document[0].get_rotation()

    assert (8, 22) == (len(contracts), len(found) - len(contracts))
    assert {2, 3, 4} == {len(pages) for pages in contracts.values()}
    assert ["invoice-kuipers.pdf"] == [name for name, pages in found.items() if not "".join(pages).strip()]
    assert 90 == turned
    for written in ("GBP 7,480.00", "EUR 27 350,00", "8.285,38", "46 312,50", "14'290.82", "69.850,00", "5,611.32"):
        assert written in everything
    for word in "Rechnungsnummer Facture Factura Fattura Fakturadatum Forfaldsdato".split():
        assert word in everything
    assert sum(path.stat().st_size for path in (EXAMPLES / "documents").iterdir()) < 600_000


def run_script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the example script as a person does, beside its documents."""
    script = [sys.executable, str(EXAMPLES / "read_invoices.py"), *words]
    env = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "BATCHATA_PRACTICE_SECONDS": "0", "PYTHONUTF8": "1"}
    return subprocess.run(script, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_the_script_blocks_prints_and_goes_on(tmp_path):
    """In a plain process the run blocks until the invoices are read; a second start sends nothing again."""
    words = [str(EXAMPLES / "invoices")]
    first, second = run_script(tmp_path, *words), run_script(tmp_path, *words)
    lines = first.stdout.splitlines()

    assert (0, 0) == (first.returncode, second.returncode), first.stderr + second.stderr
    assert "nordwind         RE-2026-0117           2,089.04   page 1: 2.089,04" in lines
    assert lines[-1].startswith("8 of 8 read")
    assert lines == second.stdout.splitlines()
    assert 8 == len(list((tmp_path / "read").glob("*.json")))
    assert "data:image/jpeg" in (tmp_path / "read" / "invoices.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], "No file matches 'nothing/*.pdf'"),
        ([str(EXAMPLES / "invoices"), "--model", "claude-sonnet-5-5"], "ANTHROPIC_API_KEY"),
        (
            [str(EXAMPLES / "invoices"), "--model", "claude-sonnet-5-5", "--max-cost", "-1"],
            "-1 is no amount",
        ),
    ],
)
def test_the_script_says_what_to_change(tmp_path, words, says):
    """A script that cannot start ends with 2 and one line, without a traceback; nothing is written."""
    found = run_script(tmp_path, *words)

    assert (2, 1) == (found.returncode, len(found.stderr.splitlines())), found.stderr
    assert says in found.stderr
    assert [] == list(tmp_path.iterdir())
