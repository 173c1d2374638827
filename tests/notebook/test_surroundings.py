"""Cells where people use them: under autoreload, captured, in loops and functions, in cells that await."""

from __future__ import annotations

import sys
from pathlib import Path

import IPython
import pytest
from IPython.core.interactiveshell import InteractiveShell

CELL = "%%batchata amounts --over rows --wait\ntotal: float\n---\nExtract the total.\n{{ text }}"


@pytest.fixture
def ready(practised: InteractiveShell) -> InteractiveShell:
    """Give a shell with two rows in its namespace."""
    practised.user_ns["rows"] = [{"text": "Total: 12.50"}, {"text": "Total: 8.00"}]
    return practised


def run(shell: InteractiveShell, cell: str) -> None:
    result = shell.run_cell(cell)
    assert result.success, result.error_in_exec or result.error_before_exec


def totals(shell: InteractiveShell, name: str = "amounts") -> list[float]:
    return [output.total for output in shell.user_ns[name].outputs]


@pytest.mark.skipif(
    IPython.version_info < (8,) and sys.version_info >= (3, 12),
    reason="this IPython's own autoreload imports a module that this Python no longer has",
)
def test_under_autoreload(ready: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A schema of a module that is edited meanwhile: the same cell runs, and answers are of the class as it is now."""
    monkeypatch.syspath_prepend(str(tmp_path))
    module = tmp_path / "my_schemas.py"
    module.write_text("from pydantic import BaseModel\nclass Amount(BaseModel):\n    total: float\n")
    cell = "%%batchata amounts --over rows --schema Amount --wait\nExtract the total.\n{{ text }}"
    run(ready, "%load_ext autoreload\n%autoreload 2\nfrom my_schemas import Amount")
    run(ready, cell)
    module.write_text(
        "from pydantic import BaseModel\nclass Amount(BaseModel):\n    total: float\n    note: str = ''\n"
    )
    run(ready, "import importlib, my_schemas\nimportlib.reload(my_schemas)\nfrom my_schemas import Amount")
    run(ready, cell)
    sys.modules.pop("my_schemas", None)

    assert [12.5, 8.0] == totals(ready)
    assert type(ready.user_ns["amounts"].outputs[0]) is ready.user_ns["Amount"]


def test_captured(ready: InteractiveShell):
    """`%%capture` takes what the cell shows; the run is bound and goes on all the same."""
    line, body = CELL.removeprefix("%%batchata ").split("\n", 1)
    run(ready, f"%%capture shown\nget_ipython().run_cell_magic('batchata', {line!r}, {body!r})")

    assert [12.5, 8.0] == totals(ready)
    assert ready.user_ns["shown"].outputs


def test_in_a_loop_and_a_function(ready: InteractiveShell):
    """The builder does the same in functions and loops, each run under a name of its own, and each once."""
    code = """
from pydantic import BaseModel
from batchata_nb import Batch
class Amount(BaseModel):
    total: float
def amounts_of(texts, name):
    batch = Batch().add_jobs("{{ item }}", over=texts, model="claude-sonnet-5-5", response_model=Amount)
    return batch.run(name=name, wait=True)
runs = [amounts_of([f"Total: {n}.50"], f"run_{n}") for n in range(3)]
found = [run.outputs[0].total for run in runs]
"""
    run(ready, code)

    assert [0.5, 1.5, 2.5] == ready.user_ns["found"]
    assert 3 == len({each.run_id for each in ready.user_ns["runs"]})


def test_in_a_cell_that_awaits(ready: InteractiveShell):
    """`await run` gives the run itself when it is over, in a cell of its own or inside a coroutine."""
    run(ready, CELL.replace(" --wait", ""))
    run(ready, "same = await amounts")
    run(
        ready,
        "async def total():\n    return sum(each.total for each in (await amounts).outputs)\nsum_ = await total()",
    )

    assert ready.user_ns["same"] is ready.user_ns["amounts"]
    assert 20.5 == ready.user_ns["sum_"]
