"""Every kind of input reaches every provider through its own SDK and environment variables; only the model changes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from pydantic import BaseModel

from batchata_nb import Batch, ValidationError

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


INDEXES = {
    "levels": pd.MultiIndex.from_tuples([("k", 1), ("k", 2)], names=["group", "number"]),
    "named": pd.Index([7, 9], name="nr"),
    "times": pd.date_range("2026-01-01", periods=2, tz="UTC", name="day"),
    "counted": pd.RangeIndex(2),
}


@pytest.mark.parametrize("index", INDEXES)
def test_results_join_the_frame_that_came_in(index, server, tmp_path):
    """The frame of results has the index of the input, levels and names included, so that the two can be joined."""
    frame = pd.DataFrame({"text": ["one", "two"]}, index=INDEXES[index])

    run = Batch().add_jobs("{{ text }}", over=frame, model=MODELS["openai"]).run(wait=True)
    joined = frame.join(run.to_df())

    assert ["succeeded", "succeeded"] == joined["status"].tolist()
    assert frame.index.equals(joined.index)
    assert frame.index.names == joined.index.names


def test_files_that_a_provider_does_not_take_are_left_out(server, tmp_path):
    """With `skip_bad_files` a file that is too large for the provider is left out as a damaged one is, and said."""
    write_inputs(tmp_path)
    (tmp_path / "h.txt").write_text("word " * 6_000_000)
    (tmp_path / "i.pdf").write_bytes(b"%PDF-1.7 cut short")
    models = [MODELS["anthropic"], MODELS["openai"]]

    batch = Batch().add_jobs("Extract", files=["*.txt", "i.pdf"], model=models, skip_bad_files=True)
    run = batch.run(dry_run=True, wait=False)

    assert ["a@claude-opus-5-5", "a@gpt-6-sol"] == run.job_ids
    assert ["i.pdf is damaged", "The request with h.txt (30.0 MB)"] == [
        text[: len(start)]
        for text, start in zip(batch.skipped, ["i.pdf is damaged", "The request with h.txt (30.0 MB)"], strict=False)
    ]
    with pytest.raises(ValidationError, match=r"No file can be used\. The request with h\.txt"):
        Batch().add_jobs("Extract", files="h.txt", model=models, skip_bad_files=True).run(dry_run=True, wait=False)
    with pytest.raises(ValidationError, match=r"h\.txt \(30\.0 MB\) is up to"):
        Batch().add_jobs("Extract", files="h.txt", model=models).run(dry_run=True, wait=False)


def test_a_dry_run_has_no_results(server, tmp_path):
    """What a dry run cannot answer it refuses in one sentence; counts, ids and the estimate it has."""
    run = Batch().add_jobs("{{ item }}", over=["a", "b"], model=MODELS["openai"]).run(dry_run=True, wait=False)

    asked = [
        run.to_df,
        lambda: run.to_jsonl(tmp_path / "a.jsonl"),
        lambda: run.export_html(tmp_path / "a.html"),
        run.rest,
        run.reconcile,
        run.agreement,
        run.signature,
        lambda: run.projection,
        lambda: run.attempts(0),
    ]
    for each in asked:
        with pytest.raises(ValidationError, match="is a dry run; nothing was sent, so there are no results"):
            each()
    assert ["row-000001", "row-000002"] == [run["row-000001"].job_id, run[1].job_id]
    assert {"completed": [], "failed": [], "cancelled": []} == run.results()
    assert 2 == run.status()["pending"]
    assert [] == list(tmp_path.glob("a.*"))


def test_frames_beside_other_jobs_keep_their_labels():
    """Rows of a frame with two levels stand beside a list: each label is one thing, and nothing is in the way."""
    levels = pd.MultiIndex.from_tuples([("k", 1), ("k", 2)], names=["group", "number"])
    batch = Batch().use_practice()
    batch.add_jobs("{{ text }}", over=pd.DataFrame({"text": ["a", "b"]}, index=levels), model="gpt-6.1-sol")
    batch.add_jobs("{{ item }}", over=["c"], model="gpt-6.1-sol")

    assert [("k", 1), ("k", 2), 0] == batch.run(name="mixed", wait=True).to_df().index.tolist()


def test_labels_that_are_tuples_stay_labels():
    """An index of one level may hold tuples and have a name."""
    index = pd.Index([(1, 2), (3, 4)], name="pair", tupleize_cols=False)
    batch = Batch().use_practice()
    batch.add_jobs("{{ text }}", over=pd.DataFrame({"text": ["a", "b"]}, index=index), model="gpt-6.1-sol")
    made = batch.run(name="pairs", wait=True).to_df().index

    assert (1, "pair", [(1, 2), (3, 4)]) == (made.nlevels, made.name, made.tolist())
