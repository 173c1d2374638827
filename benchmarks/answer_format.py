"""Whether the answer survives native citations: `python benchmarks/answer_format.py`.

Anthropic's citations exclude its structured output, so that the JSON is asked for in the prompt. Here the practice
provider answers about the example documents through the official SDK, and spoils its answers in each way that models
are known to: prose around the JSON, fences that are not closed, values in sentences, broken JSON. What counts: answers
that are read and equal those that were not spoiled; answers that are refused, with their text kept; and wrong objects,
of which there may be none. Fields with native evidence are counted over the answers that were read.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.update(BATCHATA_PRACTICE="1", BATCHATA_PRACTICE_SECONDS="0.1")

from batchata_nb import Batch, BatchRun  # noqa: E402

DOCUMENTS = sorted((ROOT / "example_notebooks").glob("*/*.pdf"))
MARKS = ("", "wrapped-json", "prose-json", "broken-fence", "sentences", "invalid-json", "wrong-shape")
WORDS = {
    "": "JSON alone",
    "wrapped-json": "prose and a fence around it",
    "prose-json": "prose with braces around it",
    "broken-fence": "a fence that is not closed",
    "sentences": "values in sentences, no JSON",
    "invalid-json": "JSON that breaks off",
    "wrong-shape": "JSON of another shape",
}


class Line(BaseModel):
    """A part of an invoice."""

    description: str
    amount: Decimal


class Paper(BaseModel):
    """What is asked for; every field must be there."""

    vendor: str | None
    invoice_number: str | None
    invoice_date: date | None
    total_amount: Decimal | None
    lines: list[Line]


def answers(folder: Path, mark: str, cite: str) -> BatchRun:
    """Ask about all documents with Anthropic's protocol, each answer spoiled in one way."""
    batch = Batch(results_dir="").set_state(file=str(folder / f"{mark}{cite}.db")).set_verbosity("error")
    batch.set_default_params(model="claude-sonnet-5-5", max_tokens=4000)
    for document in DOCUMENTS:
        prompt = "Extract the fields." + (f" [[practice: {mark}]]" if mark else "")
        batch.add_job(prompt=prompt, file=str(document), response_model=Paper, enable_citations=cite)
    return batch.run(wait=True)


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # before there is a runner, so that it ends first
    right = [result.parsed_response for result in answers(folder, "", "native")]
    print(f"{len(DOCUMENTS)} documents, Anthropic's protocol, native citations with a schema")
    print(f"{'the answer is':32}{'read':>8}{'refused':>9}{'wrong':>7}{'native evidence':>17}")
    for mark in MARKS:
        results = list(answers(folder, mark, "native"))
        same = [found.is_success and found.parsed_response == good for found, good in zip(results, right, strict=True)]
        wrong = sum(found.is_success for found in results) - sum(same)
        refused = sum(found.error_kind == "invalid_output" and bool(found.raw_response) for found in results)
        cited = [c for found in results if found.is_success for c in found.citation_mappings.values() if c]
        native = sum(c[0].metadata.get("source") == "native" for c in cited)
        share = f"{native} of {len(cited)}" if cited else "–"
        print(f"{WORDS[mark]:32}{sum(same):>8}{refused:>9}{wrong:>7}{share:>17}")


if __name__ == "__main__":
    main()
