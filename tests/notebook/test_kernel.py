"""The magics in a real kernel: a thread that updates outputs, a loop that runs, errors as a front end gets them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
ipykernel = pytest.importorskip("ipykernel")
start_new_kernel = pytest.importorskip("jupyter_client.manager").start_new_kernel

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


def test_cells_that_wait_run_after_one_that_drains_its_rows(tmp_path: Path):
    """All cells are sent at once, as "Run All" may: those behind an async `--over` run when it is drained."""
    sources = (
        "%load_ext batchata_nb\nimport asyncio\n" + ROWS.replace("    for", "    await asyncio.sleep(0.5)\n    for"),
        BATCH,
        "async with asyncio.timeout(60):\n    await sums\nprint(len(sums))",
    )
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        sent = [client.execute(source) for source in sources]
        answers = [client.get_shell_msg(timeout=60) for _ in sent]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    assert [(each, "ok") for each in sent] == [
        (answer["parent_header"]["msg_id"], answer["content"]["status"]) for answer in answers
    ]


def test_a_loop_that_cannot_be_drained_on_is_named(tmp_path: Path):
    """Where the user has applied nest_asyncio and it does harm, the cell says what to do, and the kernel goes on."""
    code = "import nest_asyncio\nnest_asyncio.apply()\n%load_ext batchata_nb\n" + ROWS
    manager, client = start_new_kernel(cwd=str(tmp_path))
    told: list[str] = []
    try:
        client.execute_interactive("import warnings; warnings.simplefilter('ignore')", timeout=60)
        client.execute_interactive(code, timeout=60)
        answer = client.execute_interactive(
            BATCH, timeout=60, output_hook=lambda message: told.append(message["content"].get("text", ""))
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    if ipykernel.version_info[0] >= 7 or sys.version_info >= (3, 14):
        assert "that nest_asyncio.apply() changed; await it in a cell of its own" in "".join(told)
    else:
        assert answer["content"]["status"] == "ok"
