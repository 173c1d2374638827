"""What came back: usage, a provider's reply to one row, and the result a user holds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from .citations import Citation, FieldCitations, PageNote
from .jobs import JsonObject

Outcome = Literal["succeeded", "invalid", "errored", "expired", "cancelled", "missing"]
"""How a sent job ended. `invalid`: an answer came that is not usable (cut, refused, filtered, not of the schema)."""
OUTCOMES: tuple[Outcome, ...] = ("succeeded", "invalid", "errored", "expired", "cancelled", "missing")

ErrorKind = Literal[
    "truncated",  # output cut at max_tokens
    "refused",  # the model declined
    "filtered",  # a safety or recitation filter stopped it
    "invalid_output",  # the answer does not fit the schema
    "invalid_request",  # the provider refused this row; sending it again is of no use
    "provider_error",  # a passing fault of the provider
    "expired",
    "cancelled",
    "missing",  # the provider returned no line for it
    "cost_limit",  # never sent: the ceiling left no room
    "time_limit",
]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, normalised over providers.

    Attributes:
        input_tokens: The whole prompt; cached and cache-written tokens are parts of it.
        output_tokens: All billed output, thinking included.
        cache_read_tokens: Part of the input that was read from a cache.
        cache_write_tokens: Part of the input that was written to a cache, all lifetimes together.
        cache_write_1h_tokens: Part of `cache_write_tokens` with the longer, dearer lifetime (Anthropic).
        reasoning_tokens: Part of the output that was thinking.
        web_searches: Billed server-side searches.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    web_searches: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One line of a result file, decoded: what a provider said of one row.

    Attributes:
        row_id: The id that went out with the row, or None where the line has none.
        outcome: Never `missing` (found by counting); `invalid` only for truncated, refused and filtered answers.
        text: All text of the answer, joined without separators; kept for invalid answers too.
        error_kind: Set unless succeeded.
        error: One sentence for the user, unless succeeded.
        retryable: Whether sending the same row again may help.
        unsent: Whether it never left this computer, so that sending it is no further attempt.
        finish_reason: The provider's own word.
        usage: Billed tokens; zeros where nothing was billed.
        metered: Whether `usage` tells what was billed; if not, the row is booked at its worst case.
        model: Model name that the answer reports.
        native: Content blocks with native citations, as on the wire (Anthropic), else None.
        raw: The line as it came.
    """

    row_id: str | None
    outcome: Outcome
    text: str = ""
    error_kind: ErrorKind | None = None
    error: str | None = None
    retryable: bool = False
    unsent: bool = False
    finish_reason: str | None = None
    usage: Usage = Usage()
    metered: bool = True
    model: str | None = None
    native: list[JsonObject] | None = None
    raw: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class JobResult:
    """The result of one job.

    Attributes:
        job_id: The id of the job.
        raw_response: The model's text.
        parsed_response: The user's own Pydantic object; without a schema, None.
        citations: All citations of the answer.
        citation_mappings: Field path to its citations, best first.
        input_tokens: Prompt tokens.
        output_tokens: Billed output tokens.
        cost_usd: What it cost, in US dollars; all attempts of this job together. None when no price is known.
        error: What went wrong, in one sentence, or None.
        batch_id: The provider's id of the batch, or None.
        status: `succeeded`, another outcome, or the state of a job that has not ended
            (`pending`, `submitting`, `running`, `held`).
        model: Model that answered (or was asked).
        usage: Tokens by kind.
        finish_reason: The provider's own word.
        error_kind: Kind of the error, for grouping.
        attempts: How often the job was sent.
        documents: Names of the attached documents.
        page_notes: Which of their pages have nothing that evidence could point at, and why; where it was asked for.
    """

    job_id: str
    raw_response: str = ""
    parsed_response: Any = None
    citations: list[Citation] = field(default_factory=list)
    citation_mappings: dict[str, FieldCitations] = field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    error: str | None = None
    batch_id: str | None = None
    status: str = "succeeded"
    model: str | None = None
    usage: Usage = Usage()
    finish_reason: str | None = None
    error_kind: ErrorKind | None = None
    attempts: int = 1
    documents: tuple[str, ...] = ()
    page_notes: tuple[PageNote, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether a usable answer is there."""
        return self.status == "succeeded" and self.error is None

    @property
    def output(self) -> Any:
        """Short form of `parsed_response`."""
        return self.parsed_response

    @property
    def total_tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def to_dict(self) -> JsonObject:
        """Return the result as JSON; a Pydantic object becomes its JSON form."""
        parsed = self.parsed_response
        if hasattr(parsed, "model_dump"):
            parsed = parsed.model_dump(mode="json")
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "parsed_response": parsed,
            "citations": [c.to_dict() for c in self.citations],
            "citation_mappings": {p: [c.to_dict() for c in cs] for p, cs in self.citation_mappings.items()},
            "usage": asdict(self.usage),
            "documents": list(self.documents),
            "page_notes": [note.to_dict() for note in self.page_notes],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> JobResult:
        """Rebuild a result from `to_dict`, also from a file of batchata's; `parsed_response` stays the JSON form.

        Args:
            data: The JSON form.
        """
        status = "errored" if data.get("error") else "succeeded"  # batchata's says none
        return cls(
            **{"status": status, **{name: data[name] for name in _PLAIN if name in data}},
            parsed_response=data.get("parsed_response"),
            citations=[Citation.from_dict(c) for c in data.get("citations") or ()],
            citation_mappings={
                path: FieldCitations(Citation.from_dict(c) for c in cs)
                for path, cs in (data.get("citation_mappings") or {}).items()
            },
            usage=Usage(**(data.get("usage") or {})),
            documents=tuple(data.get("documents") or ()),
            page_notes=tuple(PageNote.from_dict(note) for note in data.get("page_notes") or ()),
        )

    def save_to_json(
        self,
        path: str | os.PathLike[str] | None = None,
        indent: int = 2,
        *,
        filepath: str | os.PathLike[str] | None = None,
    ) -> None:
        """Write the result to a JSON file, whole or not at all.

        Args:
            path: The file; folders are made as needed.
            indent: Spaces a level.
            filepath: batchata's name for `path`.

        Raises:
            TypeError: Not one file is named.
        """
        if (path is None) == (filepath is None):
            raise TypeError("save_to_json takes one file: its path.")
        target = Path(path if path is not None else filepath or "")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(target.name + ".part")
        draft.write_text(json.dumps(self.to_dict(), indent=indent, ensure_ascii=False), encoding="utf-8")
        draft.replace(target)


_PLAIN = (
    "job_id", "raw_response", "input_tokens", "output_tokens", "cost_usd", "error", "batch_id",
    "status", "model", "finish_reason", "error_kind", "attempts",
)  # fmt: skip
