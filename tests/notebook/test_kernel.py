"""The magics in a real kernel: a thread that updates outputs, a loop that runs, errors as a front end gets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

WIDGET = "application/vnd.jupyter.widget-view+json"
ROWS = """async def rows():
    for total in (3, 4):
        yield f"Total: {total}.00"
"""
BATCH = (
    "%%batchata sums --over rows() --practice -m gpt-6.1-sol --cite\ntotal: float\n---\nExtract the total.\n{{ item }}"
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """Run a notebook in a kernel; give the outputs of its cells."""
    folder = tmp_path_factory.mktemp("kernel")
    sources = (
        "import os\nos.environ.update(BATCHATA_PRACTICE_SECONDS='0', BATCHATA_POLL_INTERVAL='0.05')\n" + ROWS,
        "%load_ext batchata_nb",
        BATCH,
        "done = await sums\n[answer.total for answer in done.outputs]",
        "%%batchata sums --modle x\nHi",
        "sums[1]",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = nbclient.NotebookClient(
        notebook, timeout=60, allow_errors=True, store_widget_state=False, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    assert (Path(folder) / ".batchata" / "state.db").exists()
    found: list[list[dict[str, Any]]] = [json.loads(json.dumps(cell.outputs)) for cell in notebook.cells]
    return found


def test_loading_says_nothing(outputs: list[list[dict[str, Any]]]):
    """A first `%load_ext` has no output."""
    assert outputs[1] == []


def test_an_async_iterator_is_gone_over_and_the_output_ends_static(outputs: list[list[dict[str, Any]]]):
    """Rows come from the kernel's own loop; the view was made static from the runner's thread, its stand-in emptied."""
    assert [set(output["data"]) for output in outputs[2]] == [{"text/html", "text/plain"}] * 2
    assert outputs[2][1]["data"] == {"text/html": "", "text/plain": ""}
    assert "2 of 2 succeeded" in outputs[2][0]["data"]["text/plain"]
    assert [output["data"]["text/plain"] for output in outputs[3]] == ["[3.0, 4.0]"]


def test_a_mistake_is_a_line_on_the_error_stream(outputs: list[list[dict[str, Any]]]):
    """A mistake in a cell is one line for the user and an error for "Run All", and has no traceback."""
    streams = "".join(output.get("text", "") for output in outputs[4])

    assert "did you mean --model?" in streams
    assert not any(output.get("traceback") for output in outputs[4])


def test_a_result_is_shown_as_a_widget_with_its_static_form(outputs: list[list[dict[str, Any]]]):
    """A result as the value of a cell is the evidence view, with HTML and text beside it, and what stands in for it."""
    assert [set(output["data"]) for output in outputs[5]] == [
        {WIDGET, "text/html", "text/plain"},
        {"text/html", "text/plain"},
    ]
    assert "in a new kernel first %batchata attach r" in outputs[5][1]["data"]["text/plain"]
