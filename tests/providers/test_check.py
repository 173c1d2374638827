"""What a provider cannot take is said before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchata_nb.core.errors import ModelNotSupportedError, ValidationError
from batchata_nb.core.jobs import Attachment, Document, Job, Message
from batchata_nb.documents.files import open_document
from batchata_nb.providers import registry
from batchata_nb.providers.attachments import Sizes, inline, uploads
from batchata_nb.wire import jsonl

MODELS = {"anthropic": "claude-opus-5-5", "openai": "gpt-6-sol", "gemini": "gemini-3.8-flash"}
MB = 1_000_000


def job(provider: str, **changes: Any) -> Job:
    """A plain job."""
    return replace(Job("j", provider, MODELS[provider], (Message("user", "hi"),), 100), **changes)


def document(kind: str, **changes: Any) -> Document:
    """A small document."""
    media = {"pdf": "application/pdf", "image": "image/png", "text": "text/plain"}[kind]
    return replace(Document(f"a.{kind}", media, kind, kind, 10), **changes)  # type: ignore[arg-type]


def with_documents(provider: str, *documents: Document, **changes: Any) -> Job:
    """A job over documents."""
    return job(provider, messages=(Message("user", "read", documents),), **changes)


@pytest.mark.parametrize("provider", MODELS)
def test_an_ordinary_job_passes(provider: str) -> None:
    """Text, PDF, image, system text, an earlier answer and a schema are fine with everybody."""
    talk = (
        Message("system", "Be brief."),
        Message("user", "read", (document("pdf", pages=3), document("image"), document("text"))),
        Message("assistant", "yes"),
        Message("user", "and now?"),
    )
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    registry.get(provider).check(job(provider, messages=talk, schema=schema))


PARAMS = [
    # provider, model, parameters, temperature, refused name (None: accepted), part of the reason, by the model
    ("anthropic", "claude-opus-5-5", {}, 0.0, "temperature", "newer than 4.6", True),
    ("anthropic", "claude-opus-5-5", {"top_k": 3}, None, "top_k", "newer than 4.6", True),
    ("anthropic", "claude-haiku-4-5-20251001", {"top_p": 0.9}, 0.0, None, "", False),
    ("anthropic", "claude-3-5-sonnet-20241022", {}, 1.0, None, "", False),
    ("anthropic", "claude-opus-5-5", {"thinking": {"type": "disabled"}}, None, "thinking", "effort", True),
    ("anthropic", "claude-sonnet-5-5", {"thinking": {"type": "disabled"}}, None, None, "", False),
    ("anthropic", "claude-sonnet-5-5", {"thinking": {"type": "enabled", "budget_tokens": 9}}, None, "thinking",
     "adaptive", True),
    ("anthropic", "claude-opus-5-5", {"tool_choice": {"type": "any"}}, None, "tool_choice", "forced", True),
    ("anthropic", "claude-opus-5-5", {"stream": True}, None, "stream", "do not stream", False),
    ("anthropic", "claude-opus-5-5", {"tempreature": 1}, None, "tempreature", "spelling", False),
    ("anthropic", "claude-opus-5-5", {"output_config": {"format": {}}}, None, "output_config", "schema in the cell",
     False),
    ("anthropic", "claude-opus-5-5", {"output_config": {"effort": "low"}, "stop_sequences": ["x"]}, None, None, "",
     False),
    ("openai", "gpt-6-sol", {}, 0.0, "temperature", "without reasoning", True),
    ("openai", "gpt-6-sol", {"reasoning": {"effort": "none"}}, 0.0, None, "", False),
    ("openai", "gpt-6.1-sol", {"reasoning": {"effort": "none"}}, None, "reasoning", "always reasons", True),
    ("openai", "o4-mini", {"top_p": 0.5}, None, "top_p", "without reasoning", True),
    ("openai", "gpt-4.1", {"top_p": 0.5}, 0.0, None, "", False),
    ("openai", "ft:gpt-4.1:acme::1", {}, 0.0, None, "", False),
    ("openai", "gpt-6-sol", {"reasoning_effort": "low"}, None, "reasoning_effort", 'reasoning={"effort": "low"}',
     False),
    ("openai", "gpt-6-sol", {"max_output_tokens": 5}, None, "max_output_tokens", "--max-tokens", False),
    ("openai", "gpt-6-sol", {"text": {"format": {}}}, None, "text", "schema in the cell", False),
    ("openai", "llama-5", {"repetition_penalty": 1.1, "top_k": 4}, 0.0, None, "", False),
    ("openai", "llama-5", {"stream": True}, None, "stream", "do not stream", False),
    ("gemini", "gemini-3.8-flash", {"thinking_config": {"thinkingLevel": "LOW"}, "topK": 3}, 0.5, None, "", False),
    ("gemini", "gemini-3.8-flash", {"thinkingConfig": {"thinking_level": "minimal"}}, None, "thinkingConfig", "LOW",
     True),
    ("gemini", "gemini-3.8-flash", {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}, None,
     "thinkingConfig",
     "exclude each other", True),
    ("gemini", "gemini-3.8-flash", {"candidate_count": 2}, None, "candidate_count", "one answer", True),
    ("gemini", "gemini-3.8-flash", {"max_output_tokens": 2}, None, "max_output_tokens", "--max-tokens", False),
    ("gemini", "gemini-3.8-flash", {"generationConfig": {"topQ": 2}}, None, "generationConfig.topQ", "spelling", False),
    ("gemini", "gemini-3.8-flash", {"generation_config": {"seed": 2}, "safetySettings": []}, None, None, "", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "model", "params", "temperature", "name", "reason", "by_model"),
    PARAMS,
    ids=[f"{case[1]} {case[2]} {case[3]}" for case in PARAMS],
)
def test_parameters_are_refused_by_name(
    provider: str, model: str, params: dict[str, Any], temperature: float | None, name: str | None, reason: str,
    by_model: bool,
) -> None:  # fmt: skip
    """A parameter that the API or the model does not take is named with what to do; `refused_params` says the same."""
    asked, adapter = job(provider, model=model, params=params, temperature=temperature), registry.get(provider)
    refused = adapter.refused_params(asked)  # type: ignore[attr-defined]
    if name is None:
        adapter.check(asked)
        assert {} == refused
        return
    with pytest.raises(ModelNotSupportedError if by_model else ValidationError) as caught:
        adapter.check(asked)
    assert ({name}, True, True) == (set(refused), reason in refused[name], f"{name!r}" in str(caught.value))


NATIVE: dict[str, Any] = {"cite": "native"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (job("anthropic", max_tokens=200_000), "at most 128,000"),
        (job("gemini", max_tokens=100_000), "at most 65,536"),
        (job("openai", max_tokens=0), "at least 1"),
        (job("openai", messages=(Message("system", "x"), Message("user", " "))), "prompt is empty"),
        (job("openai", messages=(Message("user", "x"), Message("assistant", ""))), "assistant section is empty"),
        (job("anthropic", messages=(Message("user", "x"), Message("assistant", "y"))), "end with a user section"),
        (job("anthropic", messages=(Message("assistant", "x"), Message("user", "y"))), "first section"),
        (job("gemini", messages=(Message("user", "x"), Message("assistant", "y"))), "last section"),
        (job("gemini", messages=(Message("user", "x"), Message("assistant", "y", (document("pdf"),)), Message("user",
         "z"))),
         "attached to the assistant section"),
        (job("anthropic", schema={"type": "object", "properties": {"m": {"type": "object"}}}), "`m` is a dictionary"),
        (job("openai", cite="quotes", schema={"type": "object", "properties": {"m": {"type": "object"}}}),
         "`m` is a dict"),
        (job("openai", **NATIVE), "natively"),
        (with_documents("anthropic", document("image"), **NATIVE), "only images"),
        (job("anthropic", **NATIVE), "no document"),
        (with_documents("anthropic", document("pdf", pages=601)), "601 pages"),
        (with_documents("anthropic", document("pdf", pages=80), document("pdf", pages=30), model="claude-haiku-4-5"),
         "110 pages"),
        (with_documents("anthropic", document("image", size=9 * MB)), "9.0 MB"),
        (with_documents("anthropic", document("image", width=9000, height=10)), "9000 x 10 pixels"),
        (with_documents("anthropic", document("image", media_type="image/tiff")), "image/tiff"),
        (with_documents("openai", document("pdf", size=60 * MB)), "60.0 MB"),
        (with_documents("openai", document("pdf", size=30 * MB), document("pdf", size=30 * MB)), "60 MB"),
        (with_documents("gemini", document("pdf", pages=1001)), "1,001 pages"),
        (with_documents("gemini", document("image", media_type="image/gif")), "image/gif"),
        (with_documents("gemini", document("text", size=9 * MB)), "18 MB"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_with_a_reason(asked: Job, words: str) -> None:
    """Caps, turns, schemas, citations and documents that the provider refuses are one sentence each, here."""
    with pytest.raises(ValidationError) as caught:
        registry.get(asked.provider).check(asked)
    assert words in str(caught.value)


def test_documents_go_inline_until_there_is_no_room() -> None:
    """A document above the limit, or beyond what is left for the job, is uploaded; text always goes inline."""
    documents = [document("pdf", sha256=str(n), size=size) for n, size in enumerate((40, 50, 30, 101))]
    asked = with_documents("openai", *documents, document("text", size=1000))
    assert {"2", "3"} == uploads(asked, Sizes(each=100, total=100))


@pytest.mark.parametrize("provider", MODELS)
def test_the_size_of_a_row_is_never_underestimated(provider: str, tmp_path: Path) -> None:
    """The bound covers the encoded row with its documents, whatever has to be escaped in names and text."""
    from PIL import Image

    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / 'n "ü".txt').write_text('"\n\\é' * 300, encoding="utf-8")
    (tmp_path / "l.txt").write_bytes("é€".encode("cp1252") * 400)
    documents = tuple(open_document(tmp_path / name) for name in ("a.png", 'n "ü".txt', "l.txt"))
    asked = with_documents(provider, *documents)
    adapter = registry.get(provider)
    row = jsonl.encode(adapter.request_of(asked, inline(asked)))  # type: ignore[attr-defined]
    assert len(row) + 64 <= adapter.encoded_size(asked)


def test_the_attachments_of_an_uploaded_document_are_references() -> None:
    """An upload bound needs no content, so a job over a large file has a small row."""
    adapter = registry.get("anthropic")
    assert adapter.encoded_size(with_documents("anthropic", document("pdf", size=200 * MB, pages=500))) < 2_000
    assert Attachment(document("pdf"), file_id="x").base64 is None
