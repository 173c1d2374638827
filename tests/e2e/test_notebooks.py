"""Every example notebook runs from top to bottom, on a copy, and shows what its text promises."""

from __future__ import annotations

import re
import runpy
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


def test_folder_to_signed_table(tmp_path):
    """Thirty papers are priced, tried, run, mended, proven, reviewed, and handed over with reviewer and time."""
    book = execute("folder_to_signed_table", tmp_path)
    out = tmp_path / "examples" / "signed"
    report, table = (out / "papers.html").read_text("utf-8"), (out / "papers.csv").read_text("utf-8")

    assert "invoice-kuipers.pdf holds images only" in shown(book, "--dry-run")
    assert "30 jobs in 1 batch" in shown(book, "--dry-run")
    assert "papers: 3 of 30 jobs in real time" in shown(book, "--preview 3")
    assert shown(book, "await papers;").startswith("papers: 28 of 30 succeeded, 2 failed")
    failed = "{'invoice-rivage': 'The answer was cut", "'invoice-waterkant': 'The answer holds no readable JSON"
    assert all(words in shown(book, "papers.get_failed_jobs()") for words in failed)
    assert "(30, {})" == shown(book, "retry_failed")
    assert "due_or_end = 2028-12-31  [p. 1]" in shown(book, 'papers["contract-lift-service"]')
    assert "total_amount = 9206.73  [p. 1]" in shown(book, 'papers["invoice-conti"]')
    assert 16 == sum(line.endswith("None") for line in shown(book, "unproven").splitlines())
    progress = shown(book, "review_progress")
    assert "{'begun': 30, 'done': 30, 'confirmed': 162, 'corrected': 17, 'rejected': 1}" == progress
    assert shown(book, "papers.signature").startswith("Reviewed by Ada Lindqvist, 20")
    assert 30 == report.count("<details open")
    assert 17 == report.count("<strong>corrected</strong><br><small>Ada Lindqvist, 20")
    assert 140 < report.count('src="data:image/jpeg;base64,') < 180
    assert 500_000 < len(report) < 3_000_000
    assert 31 == len(table.splitlines())
    assert "5087.44" in table
    assert "Ada Lindqvist" in table


def test_comparing_models(tmp_path):
    """Models are compared by agreement, price and gold labels; the cheapest of equals wins and is not paid again."""
    book = execute("comparing_models", tmp_path)

    assert "48 jobs in 3 batches" in shown(book, "--dry-run")
    assert re.search(r"claude-haiku-5-5 +16 +16 +0\.0080\d+ +0\.75", shown(book, "model_rows"))
    assert re.search(r"sentiment +1\.0 +16 +0\.75", shown(book, "scores.rows()"))
    assert ["M-004", "M-006", "M-012", "M-015"] == re.findall(r"^(M-\d+) +(?:pos|neg|mix)", shown(book, "wrong["), re.M)
    assert "'claude-haiku-5-5'" == shown(book, "winner = scores.best")
    assert "16" == shown(book, '["reused"]')


@pytest.mark.colab
def test_resuming(tmp_path):
    """A run whose kernel is killed is found by another kernel: its batch is fetched, and nothing is sent again."""
    book = execute("resuming", tmp_path)

    assert re.match(r"'batch_\w+'", shown(book, "SIGKILL"))
    assert re.search(r"notes +waits for a kernel +0 of 3 .* gpt-6\.1-sol", shown(book, "%batchata"))
    assert "['positive', 'negative', 'positive']" == shown(book, "[result.output.sentiment")
    assert "(True, 3)" == shown(book, 'notes.status()["completed"]')
    assert "(True, 'finished')" == shown(book, 'notes.summary()["state"]')


COLAB = """
import os, shutil, sys, types
google, colab, files = (types.ModuleType(name) for name in ("google", "google.colab", "google.colab.files"))
files.upload = lambda: shutil.copy({kit!r}, ".")
colab.files = files
sys.modules |= {{"google.colab": colab, "google.colab.files": files}}
os.environ |= {{"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FORCE_REINSTALL": "1",
               "PIP_VERBOSE": "1"}}
"""
"""Colab's own module in brief: the chooser of files gives the kit; pip says what it would do, and changes nothing."""


@pytest.mark.colab
def test_the_first_cell_sets_colab_up(tmp_path):
    """In Colab the first cell unpacks the kit, installs the wheel and goes into the examples."""
    kit = runpy.run_path(str(EXAMPLES.parent / "tools" / "colab_kit.py"))["pack"](tmp_path / "dist")
    (tmp_path / "content").mkdir()
    cell = colab_cell("quickstart").source
    sources = [COLAB.format(kit=str(kit)), cell, "!ls invoices documents *.ipynb"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path / "content")}}).execute()

    assert "Would install batchata-nb-" in shown(book, "colab import")
    listed = shown(book, "!ls")
    assert all(name in listed for name in ("nordwind.pdf", "invoice-kuipers.pdf", *(f"{n}.ipynb" for n in NOTEBOOKS)))


def colab_cell(name: str) -> nbformat.NotebookNode:
    """Return the first code cell of an example."""
    book = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    return next(cell for cell in book.cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_example_begins_with_the_cell_for_colab(name):
    """It is the same in all, and folded away in Colab and in JupyterLab."""
    cell = colab_cell(name)

    assert colab_cell("quickstart").source == cell.source
    assert {"cellView": "form", "jupyter": {"source_hidden": True}} == cell.metadata


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
