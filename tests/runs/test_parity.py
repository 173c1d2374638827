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
from batchata_nb import Batch, BatchRun, Citation, Job, JobResult
from batchata_nb.core import errors

ROOT = Path(__file__).resolve().parents[2]
OLD = json.loads((ROOT / "tests" / "bodies" / "batchata_surface.json").read_text(encoding="utf-8"))
CLASSES = {"Batch": Batch, "BatchRun": BatchRun, "Job": Job, "JobResult": JobResult, "Citation": Citation}
ELSEWHERE = {
    "BatchRun.__init__": "runs are made by Batch.run",
    "Job.__init__.temperature": "not sent unless said, as current models refuse it",
    "Job.__init__.max_tokens": "4,096, as in a batch",
    "JobResult.save_to_json.filepath": "named path; filepath=… is taken too",
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
        differs = f"{name}.{member}.{parameter}" in ELSEWHERE
        found = here[position] if differs else next((p for p in here if p.name == parameter), here[position])
        if kind == "VAR_KEYWORD":
            found = here[-1]
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


@pytest.mark.parametrize("name", ["Job", "JobResult", "Citation"])
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
from batchata_nb import Batch
from pydantic import BaseModel
from dotenv import load_dotenv

load_dotenv()  # Load API keys from .env

# Define structured output
class InvoiceAnalysis(BaseModel):
    invoice_number: str
    total_amount: float
    vendor: str
    payment_status: str

# Create batch configuration
batch = (Batch(
        results_dir="./invoice_results",
        max_parallel_batches=1,
        items_per_batch=3
    )
    .set_state(file="./invoice_state.json", reuse_state=False)
    .set_default_params(model="claude-sonnet-4-20250514", temperature=0.0)
    .add_cost_limit(usd=5.0)
    .add_time_limit(minutes=10)  # Time limit of 10 minutes
    .set_verbosity("warn"))

# Add jobs with structured output and citations
invoice_files = ["path/to/invoice1.pdf", "path/to/invoice2.pdf", "path/to/invoice3.pdf"]
for invoice_file in invoice_files:
    batch.add_job(
        file=invoice_file,
        prompt="Extract the invoice number, total amount, vendor name, and payment status.",
        response_model=InvoiceAnalysis,
        enable_citations=True
    )

# Execute with rich progress display
print("Starting batch processing...")
run = batch.run(print_status=True)

# Or use custom progress callback
run = batch.run(print_status=True)

# Get results
results = run.results()

# Process successful results
for result in results["completed"]:
    analysis = result.parsed_response
    citations = result.citation_mappings
    print(f"\\nInvoice: {analysis.invoice_number} (page: {citations.get('invoice_number').page})")
    print(f"  Vendor: {analysis.vendor} (page: {citations.get('vendor').page})")
    print(f"  Total: ${analysis.total_amount:.2f} (page: {citations.get('total_amount').page})")
    print(f"  Status: {analysis.payment_status} (page: {citations.get('payment_status').page})")

    # Save each result to JSON file
    result.save_to_json(f"./invoice_results/{result.job_id}.json")

# Process failed/cancelled results
for result in results["failed"]:
    print(f"\\nJob {result.job_id} failed: {result.error}")

for result in results["cancelled"]:
    print(f"\\nJob {result.job_id} was cancelled: {result.error}")
"""
"""The complete example of batchata's README, word for word but for three things: the import; the parentheses around the
chain, without which it is no Python; and the quotes within f-strings, which before 3.12 must differ."""

MORE = """
import json
from batchata_nb import Batch, BatchRun, Job, JobResult
from batchata_nb.exceptions import BatchataError, StateError, TimeoutError

batch = Batch("./out", items_per_batch=2).set_state("./more.db").set_default_params(model="claude-sonnet-4-20250514")
batch.add_job(file="path/to/invoice1.pdf", prompt="Summarize", enable_citations=True).add_job(
    messages=[{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}], temperature=0.5
).add_job(prompt="Hello again", max_tokens=50)
assert all(Job.from_dict(job.to_dict()) == job for job in batch.jobs)
print([(type(job.file).__name__, job.temperature, job.max_tokens) for job in batch.jobs])

print(f"DRY {batch.run(dry_run=True).to_json()['total_cost_usd']}")
told = []
run = batch.run(wait=False).set_on_progress(lambda stats, elapsed, batches: told.append((stats, batches)), interval=0.1)
print(run.execute(), run.is_complete, run.get_failed_jobs(), run.shutdown())
stats, batches = told[-1]
print(sorted(stats))
one = max(batches.values(), key=lambda batch: batch["total"])
print(sorted(one), one["status"], len(one["jobs"]), one["jobs"][0].prompt, 0 < one["cost"] < one["estimated_cost"])
state = json.loads(json.dumps(run.to_json()))
print(sorted(state), [sorted(item) for item in state["completed_results"]][0], sorted(state["config"]))
again = [JobResult.from_dict(json.load(open(item["file_path"]))) for item in state["completed_results"]]
print([result.job_id for result in again] == [result.job_id for result in run])
again[0].save_to_json(filepath="./kept/one.json")

def slip(stats, elapsed, batches):
    raise KeyError("a slip in the callback")

run = Batch().set_state("./more.db").set_default_params(model="claude-sonnet-4-20250514").add_job(prompt="More").run(
    slip, wait=False, name="other"
)
print(run.wait(timeout=60).status()["completed"])
Batch().set_state("./old.json").set_default_params(model="gpt-4.1-2025-04-14").add_job(prompt="Hello").run()
"""


def _invoices(folder: Path) -> None:
    """Write three invoices; the third says nothing of its payment."""
    (folder / "path" / "to").mkdir(parents=True)
    for number, vendor in enumerate(("Acme", "Bolt", "Cord"), 1):
        pdf = FPDF()
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        for line in (f"Vendor: {vendor}", f"Invoice number: A-{number}", f"Total amount: {number}2.50"):
            pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
        if number < 3:
            pdf.cell(text="Payment status: paid", new_x="LMARGIN", new_y="NEXT")
        pdf.output(str(folder / "path" / "to" / f"invoice{number}.pdf"))


def _run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    own = {"BATCHATA_PRACTICE": "1", "BATCHATA_PRACTICE_SECONDS": "0.5", "BATCHATA_POLL_INTERVAL": "0.1"}
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False, cwd=folder, capture_output=True, text=True, timeout=100,
        env={**os.environ, **own, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    """Invoices with citations, limits of cost and time, state file, progress, results by status, files: as a script."""
    _invoices(tmp_path)

    done = _run(PROGRAM, tmp_path)

    assert 0 == done.returncode, done.stderr
    lines = done.stdout.splitlines()
    shown = lines[lines.index("Invoice: A-1 (page: 1)") :]
    assert "Starting batch processing..." == lines[0]
    assert ["  Vendor: Acme (page: 1)", "  Total: $12.50 (page: 1)", "  Status: paid (page: 1)"] == shown[1:4]
    assert "Invoice: A-2 (page: 1)" in shown
    assert "Invoice: A-3 (page: 1)" in shown
    folder = tmp_path / "invoice_results"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.json")}
    raw = {f"raw_files/responses/invoice{number}_raw.json" for number in (1, 2, 3)}
    assert files == {"invoice1.json", "invoice2.json", "invoice3.json", *raw}


def test_what_else_programs_use_is_there(tmp_path: Path) -> None:
    """Jobs as values, a dry run, callbacks, the state as JSON, old names of parameters; an old state file is said."""
    _invoices(tmp_path)
    old = json.dumps({"created_at": "2025-09-01T12:00:00", "pending_jobs": [], "active_batches": []})
    (tmp_path / "old.json").write_text(old)

    done = _run(MORE, tmp_path)

    lines = [line for line in done.stdout.splitlines() if line]
    asked, told = lines[0], lines[-6:]
    batch = ["completed", "completion_time", "cost", "estimated_cost", "failed", "jobs", "provider", "start_time"]
    state = ["cancelled_jobs", "completed_results", "config", "created_at", "failed_jobs", "pending_jobs"]
    config = ["cost_limit_usd", "default_params", "items_per_batch", "max_parallel_batches", "raw_files"]
    assert "[('PosixPath', None, 4096), ('NoneType', 0.5, 4096), ('NoneType', None, 50)]" == asked
    assert any("worst case" in line for line in lines), "a script prints what a dry run found"
    assert "DRY 0.0" in lines
    assert ["None True {} None", str(sorted(OLD["status"]))] == told[:2], done.stderr
    assert f"{[*batch, 'status', 'total']} complete 2 Summarize True" == told[2]
    assert f"{[*state, 'total_cost_usd']} ['file_path', 'job_id'] {[*config, 'results_dir', 'state_file']}" == told[3]
    assert ["True", "1"] == told[4:]
    assert (tmp_path / "kept" / "one.json").is_file()
    assert "the progress callback failed: KeyError('a slip in the callback')" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("batchata_nb.core.errors.StateError: ")
    assert "old.json is a JSON file, as batchata 0.4 kept its state in" in done.stderr
    assert "name another file, such as old.db" in done.stderr
    assert (tmp_path / "old.json").read_text() == old


def test_results_of_batchata_are_read() -> None:
    """A result that batchata wrote is read as it was meant: a failed one is no success."""
    failed = {"job_id": "a", "raw_response": None, "citations": None, "citation_mappings": None, "error": "Overloaded"}

    assert not JobResult.from_dict(failed).is_success
    assert not JobResult("a", error="Overloaded").is_success
    assert JobResult.from_dict({**failed, "error": None, "raw_response": "Hello"}).is_success
    with pytest.raises(TypeError, match="takes one file"):
        JobResult("a").save_to_json()


@pytest.mark.parametrize(
    "values",
    [{}, {"prompt": "Hello", "messages": [{"role": "user", "content": "Hello"}]}, {"file": Path("a.pdf")}],
)
def test_a_job_is_asked_for_in_one_way(values: dict[str, object]) -> None:
    """A job takes messages or a prompt, and a file only with a prompt."""
    with pytest.raises(ValueError, match="prompt"):
        Job("a", "gpt-4.1-2025-04-14", **values)


def test_a_warning_points_at_the_users_line() -> None:
    """What a batch warns of names the program's own line."""
    batch = Batch().set_default_params(model="claude-opus-4-7", temperature=0.0).add_job(prompt="Hello")

    with pytest.warns(UserWarning, match="the default temperature is left out") as heard:
        batch.run(dry_run=True)

    assert heard[0].filename == __file__
