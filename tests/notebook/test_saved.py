"""What is left of a run in a saved notebook: bounded, with its numbers, and with the lines that bring it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
nbconvert = pytest.importorskip("nbconvert")

BEGIN = "import os\nos.environ.update(BATCHATA_PRACTICE_SECONDS='0', BATCHATA_POLL_INTERVAL='0.05')\n"
BATCH = """%%batchata many --over range({jobs}) --practice --model gpt-6.1-sol --max-cost 900 --wait
first: str
second: str
third: str
---
First: {{{{ '<' * 400 }}}}
Second: {{{{ '$' * 400 }}}}
Third: {{{{ item }}}} {{{{ '🚀' * 400 }}}}"""


def execute(folder: Path, *sources: str) -> Any:
    """Run a notebook of these cells in a new kernel; return it with its outputs."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(book, timeout=110, store_widget_state=False, resources=resources).execute()
    return book


def test_ten_thousand_jobs_leave_what_fifty_leave(tmp_path: Path):
    """A run of 10,000 jobs with long values leaves under 100 KB, as nbconvert shows it, and the way back."""
    few, many = (
        execute(tmp_path, BEGIN, "%load_ext batchata_nb", BATCH.format(jobs=jobs)).cells[2].outputs
        for jobs in (50, 10_000)
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=many)])
    page, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(book)
    text = next(output["data"]["text/plain"] for output in many if output["data"]["text/plain"])
    load, attach = text.partition("in a new kernel first ")[2].split(" and ")
    again = execute(tmp_path, load, attach, "print(len(many), many.status()['completed'])")

    size, least = (sum(len(o["data"]["text/html"].encode()) for o in outputs) for outputs in (many, few))
    assert size < 100_000
    assert size - least < 1_000
    assert all(set(output["data"]) == {"text/html", "text/plain"} for output in many)
    assert len(text) < 10_000
    assert "10,000 in all: 10,000 succeeded" in page
    assert "limit <span>$</span>900.00" in page
    assert "more: " in page
    assert attach in page
    assert again.cells[2].outputs[0]["text"] == "10000 10000\n"
