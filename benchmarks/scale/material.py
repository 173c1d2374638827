"""What is measured with: rows of text, PDFs, the server in its own process, and measurements in theirs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
MODEL = "claude-haiku-5-5"
KIB = 1024
LONGEST = 1200
"""Seconds after which one measurement is given up."""


class Ticket(BaseModel):
    """What is asked of each message; the summary makes answers of about 1 KB."""

    sentiment: Literal["positive", "negative", "mixed"]
    topics: list[str]
    summary: str


class Invoice(BaseModel):
    """What is asked of each PDF."""

    invoice_number: str


def write_rows(path: Path, count: int) -> None:
    """Write messages of about 1 KB, with the repetitions of a natural text: words by Zipf's law out of 4,000."""
    chance = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "en", "or", "is")]
    words = ["".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 4)))) for _ in range(4000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    with path.open("w", encoding="utf-8") as out:
        for n in range(count):
            said = " ".join(chance.choices(words, weights, k=165))
            out.write(json.dumps({"text": f"Message {n}: I love the kettle and {said}."}) + "\n")


def rows(count: int) -> Iterator[dict[str, str]]:
    """Read messages one by one, as a user would who has more than fit into memory."""
    with Path("../rows.jsonl").open(encoding="utf-8") as file:
        for line, _ in zip(file, range(count), strict=False):
            yield json.loads(line)


def write_pdfs(folder: Path, count: int, size: int = 200_000) -> None:
    """Write invoices of one page, each with a number of its own and a picture of noise that makes up the size."""
    folder.mkdir()
    page = _pdf(1, size - 2000)
    for n in range(count):
        (folder / f"invoice-{n:06d}.pdf").write_bytes(page.replace(b"A-000000", f"A-{n:06d}".encode()))


def write_book(path: Path, pages: int = 300) -> None:
    """Write one PDF of many pages with text and pictures."""
    path.write_bytes(_pdf(pages, 40_000))


def _pdf(pages: int, noise: int) -> bytes:
    import io

    from fpdf import FPDF
    from PIL import Image

    side = int((noise / 3) ** 0.5)
    pdf = FPDF()
    pdf.set_compression(False)
    for number in range(pages):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        for line in range(40):
            pdf.cell(
                text=f"Line {line} of page {number + 1}: kettles and toasters in some number",
                new_x="LMARGIN",
                new_y="NEXT",
            )
        pdf.cell(text="Invoice number: A-000000", new_x="LMARGIN", new_y="NEXT")
        picture = Image.frombytes("RGB", (side, side), random.Random(number).randbytes(3 * side * side))
        file = io.BytesIO()
        picture.save(file, "PNG")
        file.seek(0)
        pdf.image(file, w=40)
    return bytes(pdf.output())


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """The practice provider in its own process, without artificial delay; gives the environment that points at it."""
    from batchata_nb.practice import KEY

    command = [sys.executable, "-m", "batchata_nb.practice", "--state", str(folder), "--seconds", "0", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield {"ANTHROPIC_BASE_URL": f"{url}/anthropic", "ANTHROPIC_API_KEY": KEY}
    finally:
        process.terminate()
        process.wait()


def environment(**more: str) -> dict[str, str]:
    """This process's environment with this checkout in front, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "BATCHATA_POLL_INTERVAL": "0.05", **more}


def measured(what: str, count: int, folder: Path, **more: str) -> dict[str, Any]:
    """Run one measurement of `workers.py` in a process of its own, and return what it prints."""
    command = [sys.executable, str(Path(__file__).with_name("workers.py")), what, str(count)]
    done = subprocess.run(
        command, cwd=folder, env=environment(**more), capture_output=True, text=True, check=False, timeout=LONGEST
    )
    if done.returncode:
        raise RuntimeError(f"{what} with {count:,} failed: {done.stderr[-1500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
