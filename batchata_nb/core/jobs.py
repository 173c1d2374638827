"""What is asked for: documents, messages, jobs, and a job's identity."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Json = Any
"""A value that `json.dumps` takes."""
JsonObject = dict[str, Any]
Role = Literal["system", "user", "assistant"]
CiteMode = Literal["auto", "native", "quotes", "locate"]
DocumentKind = Literal["pdf", "image", "text"]
CachedPart = Literal["system", "documents"]
"""How far the beginning of a job goes that is marked for a prompt cache."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is attached to a message.

    Attributes:
        name: File name as the user and the model see it, `invoice-07.pdf`.
        media_type: MIME type of the file on disk, `application/pdf`.
        kind: How models take it: a `pdf`, an `image`, or `text` (text formats, and DOCX after conversion).
        sha256: Hex digest of the file's bytes; the document's identity.
        size: Bytes on disk.
        path: Absolute path, or None when the bytes were given in memory.
        pages: Number of pages of a PDF, else None.
        width: Width of an image in pixels, else None.
        height: Height of an image in pixels, else None.
        has_text: Whether a PDF has a text layer, in which evidence can be pointed at; None for other kinds.
    """

    name: str
    media_type: str
    kind: DocumentKind
    sha256: str
    size: int
    path: str | None = None
    pages: int | None = None
    width: int | None = None
    height: int | None = None
    has_text: bool | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; documents stand before its text."""

    role: Role
    text: str
    documents: tuple[Document, ...] = ()

    def __reduce__(self) -> tuple[type[Message], tuple[Role, str, tuple[Document, ...]]]:
        """Pickle by its values: a dataclass looks its fields up each time, which a hundred thousand messages feel."""
        return Message, (self.role, self.text, self.documents)


@dataclass(frozen=True, slots=True)
class Job:
    """One request to a model.

    Attributes:
        id: The id the user sees, unique in its run.
        provider: `anthropic`, `openai`, `gemini`, or the name of an entry point.
        model: Model name as the provider takes it.
        messages: Turns in order; system turns first.
        max_tokens: Cap on billed output tokens, thinking included; always sent.
        temperature: Sampling temperature, or None to leave the provider's default.
        params: Further request parameters, in the provider's own names and shape.
        schema: JSON schema of the answer, or None for plain text.
        schema_name: Name of the answer's type, `Invoice`.
        cite: How evidence is asked for; already resolved for this provider (never `auto`), None for no citations.
        copy: 0, and 1, 2, … for further exact duplicates in one run.
        cached: How far its beginning is marked for the provider's prompt cache; None: not at all. No part of its
            identity, as it changes the price alone.
        endpoint: Empty for the provider itself; `practice`, or a base URL that the user chose, for answers that are not
            the provider's.
    """

    id: str
    provider: str
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    schema: Mapping[str, Json] | None = None
    schema_name: str | None = None
    cite: CiteMode | None = None
    copy: int = 0
    endpoint: str = ""
    cached: CachedPart | None = None

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents of the job, in the order the model sees them."""
        return tuple(document for message in self.messages for document in message.documents)

    @property
    def fingerprint(self) -> str:
        """Identity: a digest of all that decides the answer; the id and file names' folders do not."""
        return Marker().mark(self)

    def to_json(self) -> JsonObject:
        """Return the job as JSON; `job_from_json` is the inverse. File contents are not included."""
        # By hand: `asdict` copies schemas and parameters value by value, which a hundred thousand jobs feel.
        data = {name: getattr(self, name) for name in self.__slots__}
        data["messages"] = [message_to_json(message) for message in self.messages]
        return data


def job_from_json(data: Mapping[str, Json]) -> Job:
    """Rebuild a job from `Job.to_json`."""
    return Job(**{**data, "messages": tuple(message_from_json(message) for message in data["messages"])})


def message_to_json(message: Message) -> JsonObject:
    """Return a turn as JSON; `message_from_json` is the inverse."""
    return {"role": message.role, "text": message.text, "documents": [asdict(d) for d in message.documents]}


def message_from_json(data: Mapping[str, Json]) -> Message:
    """Rebuild a turn from `message_to_json`."""
    return Message(data["role"], data["text"], tuple(Document(**d) for d in data["documents"]))


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Json) -> str:
    """Serialise JSON so that equal values give equal text."""
    return _canonical(value)


class Marker:
    """Gives jobs their identity, one after another: what a job shares with the one before is written out once."""

    def __init__(self) -> None:
        self._shared: tuple[Any, ...] = ()
        self._frame: tuple[str, str, str] = ("", "", "")

    def mark(self, job: Job) -> str:
        """Return a job's identity: a digest of the canonical JSON of all that decides its answer."""
        shared = (
            job.cite, job.endpoint, job.max_tokens, job.model, job.params, job.provider, job.schema, job.schema_name,
            job.temperature,
        )  # fmt: skip
        # By identity, since that costs nothing and 1 == 1.0 == True; the tuple keeps what it compares alive.
        if len(self._shared) != len(shared) or any(map(operator.is_not, self._shared, shared)):
            self._shared, self._frame = shared, _frame_of(job)
        messages = [[m.role, m.text, [[d.name, d.media_type, d.sha256] for d in m.documents]] for m in job.messages]
        before, between, after = self._frame
        text = f"{before}{job.copy}{between}{_canonical(messages)}{after}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]  # 128 bits: none will ever be equal by chance


def _frame_of(job: Job) -> tuple[str, str, str]:
    """The canonical JSON around a job's copy number and messages."""
    values = [(name, _canonical(getattr(job, name))) for name in _MARKED]
    cite, (_, endpoint), (_, cap), *others = values
    before = f'{{"cite":{cite[1]},"copy":'
    between = f',"endpoint":{endpoint},"max_tokens":{cap},"messages":'
    return before, between, "".join(f',"{name}":{text}' for name, text in others) + "}"


_MARKED = (
    "cite", "endpoint", "max_tokens", "model", "params", "provider", "schema", "schema_name", "temperature",
)  # fmt: skip
"""What decides an answer beside copy and messages, in the order of canonical JSON."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document made ready for the wire: exactly one of `base64`, `text`, `file_id` is set.

    Attributes:
        document: Which document it is.
        base64: Content in standard base64 without line breaks (PDF, image).
        text: Content as text (text formats, converted DOCX), the very string that character citations index.
        file_id: Reference to an uploaded copy: an id, or for Gemini its `fileUri`.
    """

    document: Document
    base64: str | None = None
    text: str | None = None
    file_id: str | None = None


Attachments = Mapping[str, Attachment]
"""Attachments by `Document.sha256`."""
