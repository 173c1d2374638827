"""The real SDKs against the practice server, which shares no code with the providers: the whole way of a batch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from batchata_nb.core.errors import ProviderError
from batchata_nb.core.jobs import Document, Job, Message
from batchata_nb.core.results import Reply
from batchata_nb.documents.files import open_document
from batchata_nb.practice import Fault, PracticeServer
from batchata_nb.providers import registry
from batchata_nb.providers.base import BatchStatus, Provider, Row
from batchata_nb.wire.schema import open_envelope

MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6-sol", "gemini": "gemini-3.8-flash"}
SINCE = datetime(2000, 1, 1, tzinfo=UTC)
TEXT = (
    "Invoice number: 77-A\nVendor: Acme GmbH\nTotal amount: 1,234.50 EUR\nInvoice date: 25 March 2019\nStatus: paid\n"
)
ASK = "Extract the invoice number, vendor, total amount, date and status."


class Status(Enum):
    PAID = "paid"
    UNPAID = "unpaid"


class Vendor(BaseModel):
    vendor: str


class Invoice(BaseModel):
    invoice_number: str
    total_amount: Decimal
    invoice_date: date
    status: Status
    seller: Vendor = Field(description="who sells")
    lines: list[Vendor] = Field(default_factory=list)
    note: str | None = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    """A practice server whose batches end at once."""
    with PracticeServer(tmp_path_factory.mktemp("practice"), seconds=0) as running:
        yield running


@pytest.fixture(params=list(MODELS))
def provider(request: pytest.FixtureRequest, server: PracticeServer) -> Provider:
    """Each of the three, led to the practice server."""
    return registry.get(request.param, environment=server.environment())


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """One invoice as text, Word file, PDF and picture."""
    from docx import Document as Word
    from fpdf import FPDF
    from PIL import Image

    folder = tmp_path_factory.mktemp("documents")
    (folder / "invoice.txt").write_text(TEXT, encoding="utf-8")
    word = Word()
    for line in TEXT.splitlines():
        word.add_paragraph(line)
    word.save(str(folder / "invoice.docx"))
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, 8, TEXT)
    pdf.output(str(folder / "invoice.pdf"))
    Image.new("RGB", (60, 40), "white").save(folder / "invoice.png")
    return {kind: open_document(folder / f"invoice.{kind}") for kind in ("txt", "docx", "pdf", "png")}


def job(provider: Provider, *documents: Document, **changes: Any) -> Job:
    """A job over documents."""
    return replace(Job("j", provider.name, MODELS[provider.name], (Message("user", ASK, documents),), 2000), **changes)


def ended(provider: Provider, batch_id: str) -> BatchStatus:
    """Poll to the end; the number of polls is bounded, time is not looked at."""
    for _ in range(2000):
        status = provider.poll(batch_id)
        if status.state == "ended":
            return status
    raise AssertionError(f"still {status}")


def run(provider: Provider, tag: str, *jobs: Job) -> dict[str | None, Reply]:
    """Check, submit, poll and fetch; the replies by row id."""
    for each in jobs:
        provider.check(each)
    batch_id = provider.submit(tag, [Row(f"{tag}-{n}", each) for n, each in enumerate(jobs)])
    return {reply.row_id: reply for reply in provider.fetch(batch_id, ended(provider, batch_id).handle)}


def test_every_kind_of_document_and_answer(provider: Provider, documents: dict[str, Document]) -> None:
    """Text, Word, PDF and picture, nested schema and plain, several turns: every row succeeds under its id."""
    schema = {"schema": Invoice.model_json_schema(), "schema_name": "Invoice"}
    talk = (
        Message("system", "You read invoices."),
        Message("user", "Read this.", (documents["txt"],)),
        Message("assistant", "I have read it."),
        Message("user", ASK),
    )
    jobs = [
        *(job(provider, documents[kind], **schema) for kind in ("txt", "docx", "pdf")),
        job(provider, documents["png"], **schema),
        job(provider, messages=talk, **schema),
        job(provider, documents["pdf"]),
        job(provider, messages=(Message("user", "What is the capital of France?"),)),
    ]
    tag = f"all-{provider.name}"
    replies = run(provider, tag, *jobs)
    assert {f"{tag}-{n}": "succeeded" for n in range(len(jobs))} == {row: r.outcome for row, r in replies.items()}
    expected = Invoice(
        invoice_number="77-A", total_amount=Decimal("1234.5"), invoice_date=date(2019, 3, 25), status=Status.PAID,
        seller=Vendor(vendor="Acme GmbH"),
    )  # fmt: skip
    for n in (0, 1, 2, 4):
        found = Invoice.model_validate(json.loads(replies[f"{tag}-{n}"].text))
        assert (expected.invoice_number, expected.total_amount, expected.invoice_date, expected.status) == (
            found.invoice_number, found.total_amount, found.invoice_date, found.status,
        )  # fmt: skip
    assert all(reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0 for reply in replies.values())


def test_quotes_come_in_the_envelope(provider: Provider, documents: dict[str, Document]) -> None:
    """Asked for quotes, the answer opens into the user's data and verbatim words of the document."""
    asked = job(provider, documents["txt"], schema=Invoice.model_json_schema(), cite="quotes")
    [reply] = run(provider, f"quotes-{provider.name}", asked).values()
    answer, quotes = open_envelope(json.loads(reply.text))
    assert Decimal("1234.5") == Invoice.model_validate(answer).total_amount
    assert quotes
    assert [] == [quote for quote in quotes if quote["quote"] not in TEXT]


def test_native_citations_come_with_readable_json(server: PracticeServer, documents: dict[str, Document]) -> None:
    """Anthropic cites natively beside a schema that is asked for in the prompt; the text blocks join to JSON."""
    anthropic = registry.get("anthropic", environment=server.environment())
    asked = job(anthropic, documents["pdf"], schema=Invoice.model_json_schema(), cite="native")
    [reply] = run(anthropic, "native", asked).values()
    assert "77-A" == json.loads(reply.text)["invoice_number"]
    assert any(block.get("citations") for block in reply.native or [])


def test_large_documents_are_uploaded(provider: Provider, tmp_path: Path) -> None:
    """A picture beyond the inline limit goes through the provider's file API, and its row succeeds."""
    from PIL import Image

    path = tmp_path / "noise.png"
    Image.effect_noise((2100, 2100), 99).save(path)
    asked = job(provider, open_document(path))
    assert provider.encoded_size(asked) < 2_000
    assert ["succeeded"] == [r.outcome for r in run(provider, f"large-{provider.name}", asked).values()]


def test_openai_serves_chat_where_that_is_asked_for(server: PracticeServer, documents: dict[str, Document]) -> None:
    """The same jobs work through chat completions: PDF as a file, text in the prompt, a strict schema."""
    from batchata_nb.providers.openai import OpenAIProvider

    chat = OpenAIProvider(server.environment(), endpoint="chat")
    replies = run(
        chat, "chat", job(chat, documents["pdf"], schema=Invoice.model_json_schema()), job(chat, documents["txt"])
    )
    assert ["succeeded", "succeeded"] == [reply.outcome for reply in replies.values()]
    assert "77-A" == json.loads(replies["chat-0"].text)["invoice_number"]


def test_a_lost_create_is_found_again(provider: Provider, server: PracticeServer) -> None:
    """When the answer to a create is lost, the error is ambiguous, and the provider's list holds the batch."""
    tag = f"lost-{provider.name}"
    server.faults.add(Fault("lost", provider.name, "batches.create"))
    with pytest.raises(ProviderError) as caught:
        provider.submit(tag, [Row(f"{tag}-0", job(provider))])
    assert caught.value.ambiguous
    found = provider.find(tag, SINCE, 1)
    batch_id = found.batch_id or found.candidates[0]
    ended(provider, batch_id)
    assert batch_id == provider.find(tag, SINCE, 1).batch_id


def test_a_create_that_was_never_taken_is_not_found(provider: Provider, server: PracticeServer) -> None:
    """When the connection broke before anything happened, the list shows that there is no such batch."""
    tag = f"reset-{provider.name}"
    server.faults.add(Fault("reset", provider.name, "batches.create"))
    rows = [Row(f"{tag}-{n}", job(provider)) for n in range(9)]
    with pytest.raises(ProviderError) as caught:
        provider.submit(tag, rows)
    assert caught.value.ambiguous
    assert (None, ()) == (provider.find(tag, SINCE, 9).batch_id, provider.find(tag, SINCE, 9).candidates)


MARKS = {
    "truncate": ("invalid", "truncated"),
    "refuse": ("invalid", None),  # Gemini has no refusals of its own: it filters
    "filter": ("invalid", None),
    "error": ("errored", "provider_error"),
    "bad-request": ("errored", "invalid_request"),
}


def test_every_fate_of_a_row(provider: Provider, documents: dict[str, Document]) -> None:
    """Cut, refused, filtered, failed and refused rows are told apart, and the ones beside them are fine."""
    names = [*MARKS, "missing", "malformed"]
    jobs = [
        job(provider, messages=(Message("user", f"[[practice: {name}]] {ASK}", (documents["txt"],)),)) for name in names
    ]
    tag = f"fates-{provider.name}"
    replies = run(provider, tag, job(provider, documents["txt"]), *jobs)
    assert "succeeded" == replies[f"{tag}-0"].outcome
    for n, (outcome, kind) in enumerate(MARKS.values(), 1):
        reply = replies[f"{tag}-{n}"]
        assert outcome == reply.outcome
        assert reply.error
        assert kind in (None, reply.error_kind)
    assert (None in replies, f"{tag}-6" in replies, f"{tag}-7" in replies) == (True, False, False)


def test_a_cut_download_still_gives_every_row(provider: Provider, server: PracticeServer) -> None:
    """A result file that breaks off in the middle is fetched again."""
    route = "batches.results" if provider.name == "anthropic" else None
    tag = f"cut-{provider.name}"
    batch_id = provider.submit(tag, [Row(f"{tag}-{n}", job(provider)) for n in range(3)])
    handle = ended(provider, batch_id).handle
    server.faults.add(Fault("cut", provider.name, route, after_bytes=300))
    assert {f"{tag}-0", f"{tag}-1", f"{tag}-2"} == {reply.row_id for reply in provider.fetch(batch_id, handle)}


@pytest.mark.parametrize(
    ("name", "fate", "quota"),
    [("openai", "token-limit", True), ("openai", "failed", False), ("gemini", "failed", False)],
)
def test_a_batch_that_fails_as_a_whole_was_not_charged(
    server: PracticeServer, name: str, fate: str, quota: bool
) -> None:
    """A batch that failed in validation says why, that nothing was charged, and whether the queue was full."""
    provider = registry.get(name, environment=server.environment())
    server.faults.add(Fault("batch", name, fate=fate))
    batch_id = provider.submit(f"{fate}-{name}", [Row(f"{fate}-{name}-0", job(provider))])
    status = ended(provider, batch_id)
    assert (True, quota, True, True) == (status.rejected, status.quota, status.no_results, bool(status.reason))


def test_a_batch_whose_rows_all_failed_has_an_error_file_only(server: PracticeServer) -> None:
    """With OpenAI, rows that all failed leave no output file; they are read from the error file."""
    provider = registry.get("openai", environment=server.environment())
    server.faults.add(Fault("batch", "openai", fate="rows-failed"))
    replies = run(provider, "failed-rows", job(provider), job(provider))
    assert ["errored", "errored"] == [reply.outcome for reply in replies.values()]


def test_an_expired_batch_says_what_it_has(provider: Provider, server: PracticeServer) -> None:
    """Half of an expired batch finished, with Gemini nothing of it can be had; the rest may be sent again."""
    server.faults.add(Fault("batch", provider.name, fate="expired"))
    tag = f"expired-{provider.name}"
    batch_id = provider.submit(tag, [Row(f"{tag}-{n}", job(provider)) for n in range(4)])
    status = ended(provider, batch_id)
    if provider.name == "gemini":
        assert status.no_results
        return
    outcomes = sorted(reply.outcome for reply in provider.fetch(batch_id, status.handle))
    assert ["expired", "expired", "succeeded", "succeeded"] == outcomes


def test_a_cancelled_batch_ends(provider: Provider, server: PracticeServer) -> None:
    """A batch that never starts can be cancelled, ends, and may be cancelled once more without an error."""
    server.faults.add(Fault("batch", provider.name, fate="stuck"))
    tag = f"stuck-{provider.name}"
    batch_id = provider.submit(tag, [Row(f"{tag}-0", job(provider))])
    provider.cancel(batch_id)
    ended(provider, batch_id)
    provider.cancel(batch_id)


def test_tokens_are_counted(provider: Provider, documents: dict[str, Document]) -> None:
    """Every provider counts a job's tokens free of charge; a document adds some."""
    without, with_document = (
        provider.count_tokens(job(provider)),
        provider.count_tokens(job(provider, documents["pdf"])),
    )
    assert without is not None
    assert with_document is not None
    assert 0 < without < with_document


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests to this computer go straight there, whatever proxy the process is told to use."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    tag = f"proxy-{provider.name}"
    assert ["succeeded"] == [reply.outcome for reply in run(provider, tag, job(provider)).values()]


def test_no_sdk_is_imported_before_it_is_used() -> None:
    """Naming, making and checking cost no SDK import; only the first request does."""
    code = """
import sys
from batchata_nb.core.jobs import Job, Message
from batchata_nb.providers import registry
for name, model in {"anthropic": "claude-opus-5-5", "openai": "gpt-6-sol", "gemini": "gemini-3.8-flash"}.items():
    assert name == registry.provider_for(model)
    registry.get(name, environment={"X": "y"}).check(Job("j", name, model, (Message("user", "hi"),), 10))
print(sorted({"anthropic", "openai", "google.genai", "httpx2", "httpx", "pypdfium2", "PIL"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ("[]", "") == (done.stdout.strip(), done.stderr.strip())
