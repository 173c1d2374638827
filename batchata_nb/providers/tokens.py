"""Input tokens of a job: an upper bound to reserve money by, and what is to be expected.

Text bounds: byte-level BPE (OpenAI) and SentencePiece with byte fallback (Gemini) never make more tokens than UTF-8
bytes. Claude's vocabulary does: it has tokens for case and word marks, so the bound there is 2.5 tokens for each byte
of the text in NFC, which no known text reaches. What a provider adds of its own (framing, the wording of a schema) is
bounded by margins.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..core.jobs import CiteMode, Document, Job, JsonObject, Message, canonical
from ..core.pricing import IMPLICIT_CACHE_MINIMUM
from ..documents import files, pdf
from ..wire import anthropic, gemini, openai
from ..wire.envelope import framed
from .image_tokens import (
    CLAUDE_CAP,
    CLAUDE_OLD_CAP,
    GEMINI_IMAGE,
    claude_image,
    gemini_image,
    new_claude,
    openai_image,
)

How = Literal["proven", "empirical", "unknown"]

_BYTE_LEVEL = frozenset({"openai", "gemini"})
_PER_MESSAGE, _PER_REQUEST = 16, 64
_PER_DOCUMENT = 64
_HIDDEN = 1024
"""Margin for what a provider writes around a schema, tools or citations; the largest known is 389 tokens (a tool)."""
_WAYS_TO_SAY = 3
"""An endpoint of the user's own may be given a schema beside the messages, and again in their words, with spaces."""
_WORDED = frozenset({"tools", "output_config", "text", "thinking"})
"""Parameters that a provider may put into words of its own."""
_PER_CITED_PIECE = 8
"""Margin for each sentence or line of a document that is cut into pieces for native citations."""

_ENCODE: Mapping[str, Callable[[Job, Mapping[str, Any]], JsonObject]] = {
    "anthropic": anthropic.encode,
    "openai": openai.encode_responses,
    "gemini": gemini.encode,
}


@dataclass(frozen=True, slots=True)
class TokenBound:
    """An upper bound of a job's input tokens.

    Attributes:
        tokens: The bound; for `unknown` what is to be expected.
        how: `proven` (holds for every text), `empirical` (holds for all that has been seen), or `unknown`: nothing
            offline bounds it, the provider's endpoint has to count.
    """

    tokens: int
    how: How


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is counted of a text: UTF-8 bytes as it is and in NFC, digits, sentences and lines."""

    size: int
    nfc: int
    digits: int
    pieces: int
    pages: int = 0


def bound(job: Job) -> TokenBound:
    """Return an upper bound of the job's input tokens, without network and without loading an SDK.

    Reads documents that are text, and for Anthropic the text of PDFs; each once.

    Raises:
        ValidationError: A file is gone or has changed.
    """
    how: How = "proven" if job.provider in _BYTE_LEVEL and not job.endpoint else "empirical"
    tokens = _PER_REQUEST + sum(_PER_MESSAGE + _most(job.provider, message.text) for message in job.messages)
    if beside := _beside(job):
        tokens += _most(job.provider, beside) * (_WAYS_TO_SAY if "://" in job.endpoint else 1)
        how = "empirical"
    if job.schema is not None or job.cite in ("native", "quotes") or _WORDED & set(job.params):
        tokens += _HIDDEN
        how = "empirical"
    for document in job.documents:
        most = _document_bound(job, document)
        if most is None:
            return TokenBound(estimate(job), "unknown")
        tokens += most + _PER_DOCUMENT + _most(job.provider, document.name)
        if document.kind != "text":
            how = "empirical"
    return TokenBound(tokens, how)


def estimate(job: Job) -> int:
    """Return the input tokens that a job is expected to have, to within about a third for ordinary text."""
    expected = float(sum(_expected(job, _measured(message.text)) for message in job.messages))
    expected += 4 + 4 * len(job.messages)
    if beside := _beside(job):
        expected += _expected(job, _measured_once(beside)) + 50
    for document in job.documents:
        if document.kind == "image":
            expected += _image(job, document) or 1_000
        elif document.kind == "text":
            expected += _expected(job, _measure(document))
        else:
            expected += _expected_pdf(job, document)
    return max(1, round(expected))


def cache_minimum(provider: str, model: str) -> int:
    """Return the fewest tokens of a beginning that the provider caches for a model.

    Facts: the providers' documentation of November 2026; for Gemini the one number it gives.
    """
    if provider == "anthropic":
        from .anthropic_models import cache_minimum

        return cache_minimum(model)
    return 6144 if provider == "gemini" else IMPLICIT_CACHE_MINIMUM


def _most(provider: str, text: str) -> int:
    """The most tokens a text can have."""
    if text.isascii():
        size = len(text)
    else:
        if provider not in _BYTE_LEVEL:
            text = unicodedata.normalize("NFC", text)
        size = len(text.encode("utf-8", "surrogatepass"))
    return _by_bytes(provider, size, size)


def _by_bytes(provider: str, size: int, nfc: int) -> int:
    return size if provider in _BYTE_LEVEL else -(-nfc * 5 // 2)


def _document_bound(job: Job, document: Document) -> int | None:
    if document.kind == "image":
        return _image(job, document)
    if document.kind == "text":
        measure = _measure(document)
        frame = len(framed("", "")) if job.provider != "anthropic" else 0
        return _by_bytes(job.provider, measure.size, measure.nfc) + frame + _cited(job, measure)
    if job.provider == "gemini":
        return _pages(document) * GEMINI_IMAGE["ULTRA" if _resolution(job) == "ULTRA" else "HIGH"]
    if job.provider == "anthropic":
        measure = _measure(document)
        page = (CLAUDE_CAP if new_claude(job.model) else CLAUDE_OLD_CAP) + _PER_DOCUMENT
        return measure.pages * page + _by_bytes(job.provider, measure.size, measure.nfc) + _cited(job, measure)
    return None


def _cited(job: Job, measure: _Measure) -> int:
    return measure.pieces * _PER_CITED_PIECE if job.cite == "native" else 0


def _image(job: Job, document: Document) -> int | None:
    if document.width is None or document.height is None:
        return None
    size = document.width, document.height
    if job.provider == "anthropic":
        return claude_image(job.model, *size)
    if job.provider == "gemini":
        return gemini_image(job.model, *size, _resolution(job))
    return openai_image(job.model, *size) if job.provider == "openai" else None


def _resolution(job: Job) -> str:
    """The dearest media resolution that the parameters name, but HIGH at least: it may stand for one part only."""
    return "ULTRA" if job.params and "ULTRA" in canonical(job.params).upper() else "HIGH"


# ---------------------------------------------------------------------- what goes out beside the user's own words


def _beside(job: Job) -> str:
    """All that a request holds beside messages and documents: schema, instructions of ours, parameters; as JSON."""
    if job.schema is None and job.cite != "quotes" and not job.params:
        return ""
    return _encoded(
        job.provider, job.model, job.cite, job.schema_name, _schema_text(job.schema), canonical(dict(job.params))
    )


@lru_cache(maxsize=256)
def _encoded(
    provider: str, model: str, cite: CiteMode | None, schema_name: str | None, schema: str | None, params: str
) -> str:
    """The request of a job without words or documents, as JSON."""
    parts = {"schema": None if schema is None else json.loads(schema), "params": json.loads(params)}
    encode = _ENCODE.get(provider)
    if encode is None:
        return canonical(parts)
    bare = Job("x", provider, model, (Message("user", "x"),), 1, schema_name=schema_name, cite=cite, **parts)
    return canonical(encode(bare, {}))


_last_schema: tuple[Mapping[str, Any] | None, str] = (None, "")


def _schema_text(schema: Mapping[str, Any] | None) -> str | None:
    """The schema as JSON; the jobs of a run share one schema, so the last one is remembered."""
    global _last_schema  # noqa: PLW0603 (a memo of one; threads may only cost each other a miss)
    if schema is None:
        return None
    known, text = _last_schema
    if known is not schema:
        text = canonical(schema)
        _last_schema = (schema, text)
    return text


# ---------------------------------------------------------------------- texts and documents, measured


def _measured(text: str) -> _Measure:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    nfc = size
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        nfc = len(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass"))
    pieces = 1 + sum(text.count(end) for end in ".!?\n。！？")
    return _Measure(size, nfc, sum(map(text.count, "0123456789")), pieces)


_measured_once = lru_cache(maxsize=256)(_measured)


@lru_cache(maxsize=16_384)
def _measure(document: Document) -> _Measure:
    """Measure a text document or a PDF's text, page by page."""
    if document.kind == "text":
        return _measured(files.text_of(document))
    total = [0, 0, 0, 0]
    with pdf.open_pdf(document.path or files.read(document), name=document.name) as opened:
        for number in range(1, opened.page_count + 1):
            page = _measured(opened.text(number))
            total = [a + b for a, b in zip(total, (page.size, page.nfc, page.digits, page.pieces), strict=True)]
        return _Measure(total[0], total[1], total[2], total[3], opened.page_count)


def _pages(document: Document) -> int:
    return document.pages if document.pages is not None else _measure(document).pages


# ---------------------------------------------------------------------- expectation

_BYTES_PER_TOKEN = {"openai": 4.7, "gemini": 4.6}
_CLAUDE_NEW, _CLAUDE_OLD = 2.7, 3.4
_TOKENS_PER_DIGIT = {"openai": 0.6, "gemini": 1.0}
"""Means over the languages and formats of the vendors' tokenizers; Gemini spends a token on each digit."""


def _expected(job: Job, measure: _Measure) -> float:
    per_token = _BYTES_PER_TOKEN.get(job.provider) or (_CLAUDE_NEW if new_claude(job.model) else _CLAUDE_OLD)
    return (measure.size - measure.digits) / per_token + measure.digits * _TOKENS_PER_DIGIT.get(job.provider, 0.6)


def _expected_pdf(job: Job, document: Document) -> float:
    """A PDF's pages as images, and their text where it is billed."""
    if job.provider == "gemini":
        return _pages(document) * (560 if _resolution(job) != "ULTRA" else GEMINI_IMAGE["ULTRA"])
    measure = _measure(document)
    page = 1_620 if new_claude(job.model) else CLAUDE_OLD_CAP
    return measure.pages * (page if job.provider == "anthropic" else 1_000) + _expected(job, measure)
