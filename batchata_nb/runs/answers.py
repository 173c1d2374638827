"""A provider's reply becomes a result: read the answer, check it against the schema, find its evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.citations import Citation, FieldCitations, PageNote, flat, leaves, nowhere
from ..core.errors import BatchataError, ParseError
from ..core.jobs import Job, JsonObject
from ..core.results import ErrorKind, JobResult, Outcome, Reply, Usage
from ..wire.jsonl import mended
from ..wire.schema import drop_nulls, open_envelope
from .citing import Evidence, evidence

NOTHING = Evidence({}, [])
USAGE = Usage.__slots__
DECODER = json.JSONDecoder()
JSON_START = re.compile(r"[{\[]")
LIKE_JSON = re.compile(r"[{\[]\s*(?:[\"'{\[]|\w+\s*:)")
"""What begins as an object or a list of JSON does, other than a brace in prose."""
TRAILING_COMMA = re.compile(r",(\s*[}\]])")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, read and checked: what is stored of it."""

    outcome: Outcome
    kind: ErrorKind | None
    data: Any
    body: JsonObject

    @property
    def fields(self) -> JsonObject | None:
        """The answer flattened by dots, for tables and search."""
        return None if self.data is None else flat(self.data)


def answer(job: Job, reply: Reply, model: type[Any] | None, batch_id: str | None) -> Answer:
    """Read a reply.

    Args:
        job: The job it answers.
        reply: What the provider said.
        model: The user's Pydantic class, or None where only the JSON is to be read.
        batch_id: The provider's id of the batch.
    """
    data, quotes = None, None
    if reply.outcome == "succeeded" and job.schema is not None:
        try:
            data, quotes = read(job, reply.text)
            if model is not None:
                data = model.model_validate(data).model_dump(mode="json")
            flat(data)
        except Exception as error:  # noqa: BLE001 — a paid answer is kept, whatever reading it or the user's class does
            data, quotes = None, None
            reply = replace(reply, outcome="invalid", error_kind="invalid_output", error=_why(error))
    found, doubt = _evidence(job, reply, data, quotes) if reply.outcome == "succeeded" else (NOTHING, None)
    body: JsonObject = {
        "job_id": job.id,
        "text": reply.text,
        "data": data,
        "status": reply.outcome,
        "error_kind": reply.error_kind,
        "error": reply.error,
        "usage": {name: getattr(reply.usage, name) for name in USAGE},
        "finish_reason": reply.finish_reason,
        "model": reply.model or job.model,
        "batch_id": batch_id,
        "documents": [d.name for d in job.documents],
        "citations": {path: [c.to_dict() for c in each] for path, each in found.citations.items()},
        "raw": reply.raw,
    }
    if found.notes:
        body["page_notes"] = [note.to_dict() for note in found.notes]
    if doubt:
        body["evidence_error"] = doubt
    return Answer(reply.outcome, reply.error_kind, data, body)


def read(job: Job, text: str) -> tuple[Any, list[JsonObject] | None]:
    """Read the JSON of an answer, and the quotes beside it where they were asked for.

    An answer that is only wrapped (in prose or a code fence) or has trailing commas is repaired; nothing else is.

    Raises:
        ParseError: There is no readable JSON in it.
    """
    data, quotes = _json(text), None
    if "\\ud" in text.lower():
        data = mended(data)
    if job.cite == "quotes":
        data, found = open_envelope(data)
        quotes = list(found)
    return drop_nulls(data, job.schema or {}) if "null" in text else data, quotes


def _json(text: str) -> Any:
    for attempt in (text, TRAILING_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt)
        except (ValueError, RecursionError):
            pass
        found = list(_values_in(attempt))
        if found:
            objects = [(size, value) for size, value in found if isinstance(value, dict)]
            return max(objects or found, key=lambda pair: pair[0])[1]
    raise ParseError("The answer holds no readable JSON." if text.strip() else "The answer is empty.")


def _values_in(text: str) -> Iterator[tuple[int, Any]]:
    """Yield the objects and lists that stand in a text, with their length; nothing from within one that is broken.

    A part of a broken object may fit a schema whose fields are optional, and would pass for the whole.
    """
    at = 0
    while start := JSON_START.search(text, at):
        try:
            value, at = DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            if LIKE_JSON.match(text, start.start()):
                return
            at = start.end()
        else:
            yield at - start.start(), value


def _why(error: Exception) -> str:
    """Return why an answer cannot be used: no JSON, not of the schema, or a fault of the user's own validators."""
    if isinstance(error, ParseError):
        return str(error)
    details = getattr(error, "errors", None)
    if not callable(details):
        name = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        return f"The answer does not fit the schema: {name}{error}"
    found = details(include_url=False, include_context=False)
    parts = [f"{'.'.join(map(str, item['loc'])) or 'answer'}: {item['msg']}" for item in found[:3]]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    return "The answer does not fit the schema: " + "; ".join(parts) + more


def _evidence(job: Job, reply: Reply, data: Any, quotes: list[JsonObject] | None) -> tuple[Evidence, str | None]:
    """Find each value's evidence. A paid answer is never lost to a fault here: what went wrong is returned too."""
    if job.cite is None or not job.documents:
        return NOTHING, None

    try:
        return evidence(job, data, native=reply.native, quotes=quotes), None
    except Exception as error:  # noqa: BLE001 — as above
        return NOTHING, str(error) if isinstance(error, BatchataError) else f"{type(error).__name__}: {error}"


def why_none(body: Mapping[str, Any]) -> str:
    """Return what is said of a value without evidence; nothing where none was asked for."""
    if doubt := body.get("evidence_error"):
        return f"Evidence could not be looked for: {doubt}"
    if not body.get("citations") and not body.get("page_notes"):
        return ""
    return nowhere([PageNote.from_dict(note) for note in body.get("page_notes") or ()], body.get("documents") or ())


def result_of(body: Mapping[str, Any], model: type[Any] | None, *, attempts: int = 1) -> JobResult:
    """Build the user's result from what the store keeps."""
    usage = Usage(**body["usage"])
    mappings = {path: FieldCitations(Citation.from_dict(c) for c in cs) for path, cs in body["citations"].items()}
    note, values = why_none(body), dict(leaves(body["data"]))
    for path, found in mappings.items():
        if not found and values.get(path) not in (None, ""):
            found.note = note
    data, parsed, status, kind, error = body["data"], body["data"], body["status"], body["error_kind"], body["error"]
    if model is not None and data is not None:
        try:
            parsed = model.model_validate(data)
        except Exception as fault:  # noqa: BLE001 — stored by a process that did not have the class, or the class has changed since
            parsed, status, kind, error = None, "invalid", "invalid_output", _why(fault)
    cost = body.get("cost")
    return JobResult(
        job_id=body["job_id"],
        raw_response=body["text"],
        parsed_response=parsed,
        citations=[citation for found in mappings.values() for citation in found],
        citation_mappings={path: found for path, found in mappings.items() if path},
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=None if cost is None else float(cost),
        error=error,
        batch_id=body["batch_id"],
        status=status,
        model=body["model"],
        usage=usage,
        finish_reason=body["finish_reason"],
        error_kind=kind,
        attempts=attempts,
        documents=tuple(body["documents"]),
        page_notes=tuple(PageNote.from_dict(each) for each in body.get("page_notes") or ()),
    )
