"""A batchata 0.4 program changes one import: its surface, as `inspect` tells it of batchata 0.4.7, is here too.

`tests/bodies/batchata_surface.json` was made by a program from the installed package: names, parameters, defaults and
bases, which are facts.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fpdf import FPDF

import batchata_nb
from batchata_nb import Batch, BatchRun, Citation, JobResult
from batchata_nb.core import errors

ROOT = Path(__file__).resolve().parents[2]
OLD = json.loads((ROOT / "tests" / "bodies" / "batchata_surface.json").read_text(encoding="utf-8"))
CLASSES = {"Batch": Batch, "BatchRun": BatchRun, "JobResult": JobResult, "Citation": Citation}
ELSEWHERE = {
    "BatchRun.__init__": "runs are made by Batch.run",
    "BatchRun.execute": "Batch.run starts the run on the background thread",
    "BatchRun.dry_run": "Batch.run(dry_run=True) prices it",
    "BatchRun.set_on_progress": "Batch.run(on_progress=…) and wait(each=…) take the callback",
    "BatchRun.to_json": "the state is a SQLite file; to_jsonl and JobResult.to_dict write results",
    "JobResult.save_to_json.filepath": "named path",
    "Batch.__init__.results_dir": "may be left out: then only the store is written",
    "Batch.__init__.items_per_batch": "chosen by the provider's limits and the budget",
    "Batch.add_job.kwargs": "named params",
    "Batch.set_default_params.kwargs": "named params",
    "JobResult.__init__.raw_response": "empty text where there is none, never None",
    "JobResult.__init__.citations": "a list of its own for each result",
    "JobResult.__init__.citation_mappings": "a dict of its own for each result",
    "Citation.__init__.metadata": "a dict of its own for each citation",
}
"""What differs on purpose, and why; the documentation lists the same."""
MEMBERS = [
    (name, member, told)
    for name in CLASSES
    for member, told in OLD["classes"][name]["members"].items()
    if f"{name}.{member}" not in ELSEWHERE
]


@pytest.mark.parametrize(("name", "member", "told"), MEMBERS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_member_takes_what_it_took(name: str, member: str, told: str | list[list[str]]) -> None:
    """Each method has batchata's parameters in their order, by their kind, with their defaults; properties are here."""
    ours = inspect.getattr_static(CLASSES[name], member)
    if told == "property":
        assert isinstance(ours, property)
        return
    parameters = list(inspect.signature(getattr(CLASSES[name], member)).parameters.values())
    here = [p for p in parameters if p.name not in ("self", "cls")]
    for position, (parameter, kind, default) in enumerate(told):
        found = next((p for p in here if p.name == parameter), here[position])
        if kind == "VAR_KEYWORD":
            found = here[-1]
        differs = f"{name}.{member}.{parameter}" in ELSEWHERE
        assert found.kind.name == kind
        assert kind in ("VAR_KEYWORD", "KEYWORD_ONLY") or here.index(found) == position
        assert differs or found.name == parameter
        assert differs or (None if found.default is found.empty else repr(found.default)) == default


@pytest.mark.parametrize("name", OLD["exceptions"])
def test_each_exception_is_caught_as_it_was(name: str) -> None:
    """Each exception has batchata's name, and is a kind of the same ones."""
    ours = getattr(errors, name)

    assert getattr(batchata_nb, name) is ours
    assert set(OLD["exceptions"][name]) <= {base.__name__ for base in ours.__mro__}


@pytest.mark.parametrize("name", ["JobResult", "Citation"])
def test_each_field_is_there(name: str) -> None:
    """Results and citations have all the fields of batchata's."""
    assert set(OLD["classes"][name]["fields"]) <= set(CLASSES[name].__dataclass_fields__)


def test_what_differs_on_purpose_does_differ() -> None:
    """No reason stands here for something that is the same, or that batchata never had."""
    for entry in ELSEWHERE:
        name, member, *parameter = entry.split(".")
        told = OLD["classes"][name]["members"][member]
        assert not parameter or parameter[0] in [each[0] for each in told]
        assert parameter or member == "__init__" or not hasattr(CLASSES[name], member)


PROGRAM = """
from pathlib import Path

from pydantic import BaseModel

from batchata_nb import Batch


class InvoiceAnalysis(BaseModel):
    invoice_number: str
    total_amount: float
    vendor: str
    payment_status: str


batch = (
    Batch(results_dir="./invoice_results", max_parallel_batches=1, items_per_batch=3)
    .set_state(file="./invoice_state.db", reuse_state=False)
    .set_default_params(model="claude-sonnet-4-5", temperature=0.0)
    .add_cost_limit(usd=5.0)
    .add_time_limit(minutes=10)
    .set_verbosity("warn")
)
for path in sorted(Path("invoices").glob("*.pdf")):
    batch.add_job(
        file=path,
        prompt="Extract the invoice number, total amount, vendor name, and payment status.",
        response_model=InvoiceAnalysis,
        enable_citations=True,
    )
told = []
run = batch.run(print_status=True, on_progress=lambda stats, elapsed, batches: told.append((stats, elapsed, batches)))
results = run.results()
for result in results["completed"]:
    analysis = result.parsed_response
    where = {field: cited[0].page for field, cited in result.citation_mappings.items() if cited}
    print(result.job_id, analysis.vendor, analysis.total_amount, where.get("total_amount"))
    result.save_to_json(f"./saved/{result.job_id}.json")
for result in results["failed"]:
    print("failed", result.job_id, result.error)
stats, elapsed, batches = told[-1]
print(sorted(results), stats["completed"], stats["cost_usd"] <= 5, elapsed >= 0)
print(sorted(stats))
print(sorted(next(iter(batches.values()))), type(next(iter(batches.values()))["start_time"]).__name__)
"""


def test_the_invoice_program_runs(tmp_path: Path) -> None:
    """Invoices with citations, limits of cost and time, state file, progress, results by status, files: as a script."""
    (tmp_path / "invoices").mkdir()
    for number, vendor in enumerate(("Acme", "Bolt"), 1):
        pdf = FPDF()
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        for line in (f"Vendor: {vendor}", f"Invoice number: A-{number}", f"Total amount: {number}2.50"):
            pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
        pdf.cell(text="Payment status: paid", new_x="LMARGIN", new_y="NEXT")
        pdf.output(str(tmp_path / "invoices" / f"invoice{number}.pdf"))
    own = {"BATCHATA_PRACTICE": "1", "BATCHATA_PRACTICE_SECONDS": "0.5", "BATCHATA_POLL_INTERVAL": "0.1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=False, cwd=tmp_path, capture_output=True, text=True, timeout=100,
        env={**os.environ, **own, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line]

    assert 0 == done.returncode, done.stderr
    assert ["invoice1 Acme 12.5 1", "invoice2 Bolt 22.5 1"] == lines[-5:-3]
    assert str(sorted(OLD["results"])) + " 2 True True" == lines[-3]
    assert str(sorted(OLD["status"])) == lines[-2]
    assert "['completed', 'failed', 'provider', 'start_time', 'status', 'total'] datetime" == lines[-1]
    assert {"invoice1.json", "invoice2.json"} == {path.name for path in (tmp_path / "saved").iterdir()}
    assert (tmp_path / "invoice_results" / "invoice1.json").is_file()
    assert (tmp_path / "invoice_results" / "raw_files" / "responses" / "invoice1_raw.json").is_file()
