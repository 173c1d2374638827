"""Every example notebook runs from top to bottom, on a copy, and shows what its text promises."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "example_notebooks"
NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
pytestmark = pytest.mark.timeout(300)


def execute(name: str, folder: Path) -> nbformat.NotebookNode:
    """Execute a notebook in a copy of the examples; return it with its outputs. An error in a cell is raised."""
    target = folder / "examples"
    shutil.copytree(EXAMPLES, target, ignore=shutil.ignore_patterns(".batchata", ".ipynb_checkpoints"))
    book = nbformat.read(target / f"{name}.ipynb", as_version=4)
    client = NotebookClient(book, timeout=240, resources={"metadata": {"path": str(target)}})
    client.extra_arguments = ["--IPKernelApp.log_level=40"]
    client.execute()
    return book


def shown(book: nbformat.NotebookNode, source: str) -> str:
    """Return what a cell shows, as text: the one of this source, else the last one that holds it."""
    code = [cell for cell in reversed(book.cells) if cell.cell_type == "code"]
    cell = next((cell for cell in code if cell.source == source), None)
    cell = cell or next(cell for cell in code if source in cell.source)
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(parts)


@pytest.mark.colab
def test_quickstart(tmp_path):
    """The quickstart lands eight invoices with their evidence, classifies the messages and prices a dry run."""
    book = execute("quickstart", tmp_path)

    assert "8 of 8 succeeded" in shown(book, "%%batchata invoices")
    assert "practice" in shown(book, "%%batchata invoices").lower()
    assert "total_amount=Decimal('13765.5" in shown(book, "invoices[0].parsed_response")
    assert re.search(r"total_amount +alpenblick.pdf +1 +13'765\.50", shown(book, "citation_mappings"))
    assert re.search(r"lines\[1\]\.description +alpenblick.pdf +1 +Sign designs", shown(book, "citation_mappings"))
    for number in ("2025-388", "AM-0093", "BW-7731", "HLB-20418", "KH/2026/01/5521", "RE-2026-0117", "PF-33-1902"):
        assert number in shown(book, "invoices.to_df()")
    assert "M-001  positive" in shown(book, "tickets.to_df()")
    assert "nothing was sent" in shown(book, "--dry-run")
    assert "$0.500" in shown(book, "--dry-run")


def test_invoices_with_citations(tmp_path):
    """Evidence is found for nested fields and for German numbers and dates, also without any request."""
    book = execute("invoices_with_citations", tmp_path)

    assert "'2.089,04'" in shown(book, 'invoices["nordwind"]')
    assert "{'total': (1, '2.089,04'), 'due': (1, '28.02.2026')}" == shown(book, "batchata_nb.locate")
    assert int(re.search(r"high +(\d+)", shown(book, "groupby"))[1]) > 150
    assert "True" == shown(book, "export_html")


def test_frame_of_10000_rows(tmp_path):
    """Ten thousand rows land in order; five more cost only five jobs."""
    book = execute("frame_of_10000_rows", tmp_path)

    assert "(10000, {'succeeded': 10000})" == shown(book, "value_counts")
    assert "10000" in shown(book, "%%batchata plan").replace(",", "")
    assert "(10000, 10005)" == shown(book, '["reused"]')


def test_comparing_models(tmp_path):
    """Each model answers each row, and their answers stand side by side."""
    book = execute("comparing_models", tmp_path)
    table = shown(book, "by_message").splitlines()

    assert ["model", "claude-haiku-5-5", "gemini-3.8-flash", "gpt-6.1-sol"] == table[0].split()
    assert 8 == sum(line.startswith("M-0") and "NaN" not in line for line in table)


@pytest.mark.colab
def test_resuming(tmp_path):
    """A run is found again after its kernel has forgotten it, and is never paid twice."""
    book = execute("resuming", tmp_path)

    assert re.search(r"notes +\w+ +3 +gpt-6\.1-sol", shown(book, "%batchata"))
    assert "['positive', 'negative', 'positive']" == shown(book, "[result.output.sentiment")
    assert "(1, 3)" == shown(book, '["batches_total"]')


def test_each_example_has_its_test():
    """No example notebook is without a test of its own."""
    assert [f"test_{name}" for name in NOTEBOOKS] == sorted(name for name in globals() if name[5:] in NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_examples_are_kept_clean(name):
    """A committed example is valid, of format 4.5 or newer, and holds no outputs, counts or keys."""
    book = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    nbformat.validate(book)

    assert book.nbformat_minor >= 5
    assert [] == [cell.id for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]
    assert not re.search(r"sk-[A-Za-z0-9]|AIza", nbformat.writes(book))
