"""Read a folder of invoices into a table, from a terminal: `python read_invoices.py [FOLDER]`.

In a plain Python process `run()` blocks and shows progress on the terminal. Stop the script in the middle, by Ctrl+C or
worse, and start it again: it goes on where it was, and nothing is sent twice.

Without --model the practice provider answers: no key, nothing sent, nothing paid. With one, its provider's key is read
from the environment or from a `.env` file.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from batchata_nb import Batch, BatchataError


class Invoice(BaseModel):
    """What is wanted from each invoice."""

    invoice_number: str
    vendor: str
    invoice_date: date
    total_amount: Decimal


def main() -> int:
    """Return the exit code: 0 when every invoice was read, 1 when some were not, 2 when nothing could be started."""
    words = argparse.ArgumentParser(description="Read a folder of invoices into a table.")
    words.add_argument(
        "folder", nargs="?", type=Path, default=Path("invoices"), help="folder of PDFs (default: invoices)"
    )
    words.add_argument("--model", help="such as claude-sonnet-5-5; without one, the practice provider answers")
    words.add_argument("--max-cost", type=Decimal, default=Decimal(1), help="US dollars, a hard ceiling (default: 1)")
    words.add_argument("--out", type=Path, default=Path("read"), help="folder for the results (default: read)")
    given = words.parse_args()

    try:
        batch = Batch(results_dir=str(given.out)).add_cost_limit(usd=given.max_cost)
        batch.set_default_params(model=given.model or "claude-sonnet-5-5").use_practice(given.model is None)
        batch.add_jobs(
            "Extract the invoice number, the vendor, the date and the total amount to pay.",
            files=[str(given.folder / "*.pdf")],
            response_model=Invoice,
            enable_citations=True,
        )
        run = batch.run(print_status=True, name="invoices")
    except BatchataError as error:
        print(error, file=sys.stderr)
        return 2

    found = run.results()
    for result in found["completed"]:
        invoice, total = result.parsed_response, result.citation_mappings["total_amount"]
        place = f"page {total.page}: {total.text}" if total else "no evidence"
        print(f"{result.job_id:<16} {invoice.invoice_number:<18} {invoice.total_amount:>12,.2f}   {place}")
    for result in found["failed"] + found["cancelled"]:
        print(f"{result.job_id:<16} {result.status}: {result.error}")
    run.export_html(given.out / "invoices.html")
    print(f"{len(found['completed'])} of {len(run)} read; each with its evidence in {given.out / 'invoices.html'}")
    return 0 if len(found["completed"]) == len(run) else 1


if __name__ == "__main__":
    sys.exit(main())
