"""A practice server with a clock that the test holds, and the three real SDKs that lead to it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.practice import PracticeServer


@dataclass
class Clock:
    """Unix seconds that pass only when told."""

    now: float = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float = 100.0) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path, clock: Clock) -> Iterator[PracticeServer]:
    with PracticeServer(tmp_path / "state", seconds=10.0, clock=clock) as running:
        yield running


@pytest.fixture
def claude(server: PracticeServer) -> Iterator[Any]:
    import anthropic

    with anthropic.Anthropic(
        base_url=server.environment()["ANTHROPIC_BASE_URL"], api_key=server.key, max_retries=0
    ) as client:
        yield client


@pytest.fixture
def gpt(server: PracticeServer) -> Iterator[Any]:
    import openai

    with openai.OpenAI(base_url=server.environment()["OPENAI_BASE_URL"], api_key=server.key, max_retries=0) as client:
        yield client


@pytest.fixture
def gemini(server: PracticeServer) -> Iterator[Any]:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=server.environment()["GOOGLE_GEMINI_BASE_URL"])
    client = genai.Client(api_key=server.key, http_options=options)
    yield client
    client.close()


INVOICE_LINES = (("Oak table", 2, 450.0), ("Desk lamp with a long shade", 10, 35.5), ("Chair", 4, 120.25))
INVOICE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["invoice_number", "invoice_date", "vendor", "total_amount", "payment_status", "lines"],
    "properties": {
        "invoice_number": {"type": "string"},
        "invoice_date": {"type": "string", "format": "date"},
        "vendor": {"type": "string"},
        "total_amount": {"type": "number"},
        "payment_status": {"type": "string", "enum": ["paid", "unpaid", "unknown"]},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["description", "quantity", "amount"],
                "properties": {
                    "description": {"type": "string"},
                    "quantity": {"type": "integer"},
                    "amount": {"type": "number"},
                },
            },
        },
    },
}
INVOICE: dict[str, Any] = {
    "invoice_number": "INV-2041",
    "invoice_date": "2026-03-25",
    "vendor": "Northwind Furniture Ltd",
    "total_amount": 1736.0,
    "payment_status": "unpaid",
    "lines": [{"description": d, "quantity": q, "amount": q * p} for d, q, p in INVOICE_LINES],
}


def invoice_pdf() -> bytes:
    """A two-page invoice: letterhead, fields and a table on the first page, payment on the second."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 18)
    pdf.cell(0, 12, "Northwind Furniture Ltd", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=11)
    for label, value in (
        ("Invoice number:", "INV-2041"),
        ("Invoice date:", "25 March 2026"),
        ("Due date:", "24 April 2026"),
    ):
        pdf.cell(40, 7, label)
        pdf.cell(60, 7, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    widths = (80, 25, 35, 35)
    for text, width in zip(("Description", "Qty", "Unit price", "Amount"), widths, strict=True):
        pdf.cell(width, 8, text, border=1)
    pdf.ln()
    for name, quantity, price in INVOICE_LINES:
        row = (name, str(quantity), f"{price:.2f}", f"{quantity * price:,.2f}")
        for text, width, align in zip(row, widths, "LRRR", strict=True):
            pdf.cell(width, 8, text, border=1, align=align)
        pdf.ln()
    pdf.cell(140, 8, "Total due", align="R")
    pdf.cell(35, 8, "$1,736.00", align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.add_page()
    pdf.cell(0, 8, "Payment status: unpaid", new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


@pytest.fixture(scope="session")
def pdf() -> bytes:
    return invoice_pdf()


@pytest.fixture(scope="session")
def pdf64(pdf: bytes) -> str:
    return base64.b64encode(pdf).decode()
