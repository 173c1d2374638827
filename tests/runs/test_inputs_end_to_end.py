"""Every kind of input reaches every provider through its own SDK and environment variables; only the model changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from batchata_nb import Batch

MODELS = {"anthropic": "claude-opus-5-5", "openai": "gpt-6-sol", "gemini": "gemini-3.8-flash"}
FACTS = {"invoice_number": "Q-77", "vendor": "Acme Works"}


class Facts(BaseModel):
    invoice_number: str
    vendor: str


def write_inputs(folder: Path) -> list[str]:
    """Make one file of each kind that holds the facts as text."""
    from docx import Document
    from fpdf import FPDF

    lines = ["Invoice number: Q-77", "Vendor: Acme Works"]
    text = "\n".join(lines)
    (folder / "a.txt").write_text(text)
    (folder / "b.md").write_text("# Bill\n\n" + "\n\n".join(lines))
    (folder / "c.html").write_text("<html><body>" + "".join(f"<p>{line}</p>" for line in lines) + "</body></html>")
    (folder / "d.csv").write_text("label,value\nInvoice number:,Q-77\nVendor:,Acme Works\n")
    (folder / "e.json").write_text(json.dumps({"Invoice number": "Q-77", "Vendor": "Acme Works"}, indent=1))
    word = Document()
    for line in lines:
        word.add_paragraph(line)
    word.save(str(folder / "f.docx"))
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    for line in lines:
        pdf.cell(0, 10, line, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(folder / "g.pdf"))
    return ["a.txt", "b.md", "c.html", "d.csv", "e.json", "f.docx", "g.pdf"]


@pytest.mark.parametrize("provider", MODELS)
def test_every_document_type(provider, server, tmp_path):
    """Text, Markdown, HTML, CSV, JSON, DOCX and PDF all arrive readable."""
    names = write_inputs(tmp_path)
    batch = Batch().add_jobs(
        "Extract the invoice number and the vendor.", files=names, model=MODELS[provider], response_model=Facts
    )

    run = batch.run(name="documents", wait=True)

    assert {Path(n).stem: "succeeded" for n in names} == {r.job_id: r.status for r in run}, [r.error for r in run]
    read = {r.job_id: r.parsed_response.model_dump() for r in run}
    assert {"a": FACTS, "b": FACTS, "c": FACTS, "f": FACTS, "g": FACTS} == {
        k: v for k, v in read.items() if k not in "de"
    }
    assert len(names) == sum(row["billed"] for b in server.book()[provider]["batches"] for row in b["rows"])


@pytest.mark.parametrize("provider", MODELS)
def test_every_image_type(provider, server, tmp_path):
    """PNG, JPEG and WebP go to every provider; GIF to those that take it, else it is refused at once."""
    image = pytest.importorskip("PIL.Image").new("RGB", (64, 48), "white")
    names = [f"i{n}.{ending}" for n, ending in enumerate(("png", "jpg", "webp"))]
    for name in names:
        image.save(tmp_path / name)
    image.save(tmp_path / "g.gif")

    run = Batch().add_jobs("What is this?", files=names, model=MODELS[provider]).run(name="images", wait=True)

    assert ["succeeded"] * 3 == [r.status for r in run], [r.error for r in run]
    gif = Batch().add_jobs("What is this?", files=["g.gif"], model=MODELS[provider])
    if provider == "gemini":
        with pytest.raises(ValueError, match=r"g\.gif"):
            gif.run(name="gif", wait=True)
    else:
        assert "succeeded" == gif.run(name="gif", wait=True)[0].status


@pytest.mark.parametrize("provider", MODELS)
def test_large_files_are_uploaded_and_small_ones_inline(provider, server, tmp_path):
    """A PDF of some megabytes goes through the provider's file API, and the answer is the same."""
    import os

    from fpdf import FPDF

    image = pytest.importorskip("PIL.Image")
    noise = image.frombytes("RGB", (1600, 1200), os.urandom(1600 * 1200 * 3))
    noise.save(tmp_path / "noise.png")
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.cell(0, 10, "Invoice number: Q-77", new_x="LMARGIN", new_y="NEXT")
    pdf.cell(0, 10, "Vendor: Acme Works", new_x="LMARGIN", new_y="NEXT")
    pdf.image(str(tmp_path / "noise.png"), w=100)
    pdf.output(str(tmp_path / "large.pdf"))
    assert (tmp_path / "large.pdf").stat().st_size > 3_500_000

    batch = Batch().add_job(prompt="Extract.", file="large.pdf", model=MODELS[provider], response_model=Facts)
    result = batch.run(name="large", wait=True)[0]

    assert (FACTS, None) == (result.parsed_response and result.parsed_response.model_dump(), result.error)


@pytest.mark.parametrize("provider", MODELS)
def test_evidence_from_every_provider(provider, server, tmp_path):
    """Fields are cited with page and words, whoever answered."""
    write_inputs(tmp_path)
    batch = Batch().add_job(
        prompt="Extract.", file="g.pdf", model=MODELS[provider], response_model=Facts, enable_citations=True
    )
    result = batch.run(name="cited", wait=True)[0]

    assert FACTS == result.parsed_response.model_dump(), result.error
    assert {"invoice_number": (1, "Q-77"), "vendor": (1, "Acme Works")} == {
        path: (found.page, found.text) for path, found in result.citation_mappings.items()
    }
    assert all(found.rects for found in result.citation_mappings.values())
