"""What the three protocols share: the bench they stand on, and the judging and answering of rows."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from . import answer, reading
from .ask import Ask, Reply, Source
from .faults import Faults, marker
from .http import ApiError, Request, Response
from .records import BatchRecord, FileRecord, RowRecord
from .state import State

MB = 1 << 20
JsonObject = dict[str, Any]
Route = tuple[str, str, str, Callable[..., Response]]
"""Method, pattern of the path, name of the call, and who answers it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the services allow; tests set them lower. Defaults as the services documented them in November 2026.

    Attributes:
        anthropic_rows: Most requests in a batch.
        anthropic_bytes: Most bytes of a batch.
        anthropic_live_bytes: Most bytes of a real-time request.
        anthropic_queued_rows: Most requests that wait in all batches together.
        openai_rows: Most lines in a batch file.
        openai_bytes: Most bytes of a batch file.
        openai_upload_bytes: Most bytes of any file.
        openai_document_bytes: Most bytes of a document in a request.
        openai_enqueued_tokens: Most prompt tokens that wait in all batches together; None: any number.
        gemini_inline_bytes: Most bytes of requests that are sent in the create call.
        gemini_bytes: Most bytes of a batch file.
        gemini_open_batches: Most batches under way.
        anthropic_pages: Most pages of PDFs in a request.
        gemini_pages: Most pages of a PDF.
    """

    anthropic_rows: int = 100_000
    anthropic_bytes: int = 256 * MB
    anthropic_live_bytes: int = 32 * MB
    anthropic_queued_rows: int = 200_000
    openai_rows: int = 50_000
    openai_bytes: int = 200 * MB
    openai_upload_bytes: int = 512 * MB
    openai_document_bytes: int = 50 * MB
    openai_enqueued_tokens: int | None = None
    gemini_inline_bytes: int = 20 * MB
    gemini_bytes: int = 2048 * MB
    gemini_open_batches: int = 100
    anthropic_pages: int = 600
    gemini_pages: int = 1000


@dataclass(slots=True)
class Bench:
    """All that an answer depends on beside the request."""

    state: State
    clock: Callable[[], float]
    seconds: float
    keys: frozenset[str]
    limits: Limits
    faults: Faults = field(default_factory=Faults)


def iso(at: float | None) -> str | None:
    """Return a time as RFC 3339 in UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id(prefix: str) -> str:
    """Return a fresh id."""
    return prefix + secrets.token_hex(12)


def load(raw: bytes) -> Any:
    """Parse JSON as a service does; raises ValueError (also for text that is not UTF-8)."""
    return json.loads(raw.decode("utf-8"))


class Service:
    """Base of the three protocols."""

    name: ClassVar[str] = ""
    models: ClassVar[re.Pattern[str]] = re.compile("(?!)")

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.state = bench.state
        self.routes: list[Route] = []

    # Each protocol says these in its own words.
    def refusal(self, error: ApiError) -> Response:
        """Return an error in the protocol's own shape."""
        raise NotImplementedError

    def authorise(self, request: Request) -> None:
        """Raise ApiError unless the request bears the key."""
        raise NotImplementedError

    def parse(self, body: Any, context: Any = None) -> Ask:
        """Check one request body as strictly as the service does and return what it asks; raises ApiError."""
        raise NotImplementedError

    def failure(self, mark: str) -> JsonObject:
        """Return what the protocol says for a row marked `error` or `bad-request`."""
        raise NotImplementedError

    def known(self, model: Any) -> bool:
        """Whether the service has such a model: judged by family, never by a list that ages."""
        return isinstance(model, str) and bool(self.models.fullmatch(model)) and "unknown" not in model

    def judge(self, idx: int, row_id: str, span: tuple[int, int], body: Any, batch_id: str, context: Any) -> RowRecord:
        """Judge one row of a batch on arrival."""
        content = self.digest(body)
        try:
            ask = self.parse(body, context)
        except ApiError as error:
            return RowRecord(idx, row_id, *span, content, "error", "", self.row_error(error))
        mark = self.mark(ask, f"{batch_id}/{idx}")
        verdict = {"error": "error", "bad-request": "error", "expire": "expired"}.get(mark, "ok")
        return RowRecord(idx, row_id, *span, content, verdict, mark, self.failure(mark) if verdict == "error" else None)

    def row_error(self, error: ApiError) -> JsonObject:
        """Return what stands in a row that was refused."""
        return {"status": error.status, "kind": error.kind, "message": error.message, "param": error.param}

    def mark(self, ask: Ask, owner: str) -> str:
        """Return the fault that the prompt asks for, or ""."""
        if "[[practice:" not in ask.prompt:
            return ""
        found = marker(ask.prompt)
        if found is None:
            return ""
        word, once = found
        if not once:
            return word
        line = next(line for line in ask.prompt.splitlines() if "[[practice:" in line)
        content = "|".join([self.name, line, *(source.sha256 for source in ask.sources)])
        return word if self.state.first_time(hashlib.sha256(content.encode()).hexdigest(), owner) else ""

    def digest(self, body: Any) -> str:
        """Return a digest of a row's content, with uploaded files standing for their content."""
        text = json.dumps(body, sort_keys=True)
        if "file" in text:
            text = _FILE_ID.sub(self._file_digest, text)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _file_digest(self, found: re.Match[str]) -> str:
        record = self.state.file(self.name, found[1] or f"files/{found[2]}", deleted=True)
        return f'"sha256:{record.sha256}"' if record else found[0]

    def answer(self, ask: Ask, mark: str = "") -> Reply:
        """Answer one request; `mark` spoils the answer as told."""
        return answer.answer(ask, mark)

    def results(self, batch: BatchRecord, verdicts: Iterable[str], *, mixed: bool) -> Iterator[tuple[RowRecord, Any]]:
        """Yield the finished rows of an ended batch that were judged so, each with its body."""
        now = self.bench.clock()
        done = batch.done(now)
        wanted = frozenset(verdicts)
        with self.state.blob(batch.source).open("rb") as source:
            for row in self.state.rows(batch.id, mixed=mixed):
                if self.final(batch, row, done) in wanted:
                    source.seek(row.start)
                    yield row, load(source.read(row.size))

    def final(self, batch: BatchRecord, row: RowRecord, done: int) -> str:
        """Return how a row ended: `ok`, `error`, `expired` or `cancelled`."""
        if row.idx >= done:
            return "expired" if batch.cancelled is None else "cancelled"
        if batch.fate == "rows-failed":
            return "error"
        return row.verdict

    def tally(self, batch: BatchRecord) -> tuple[int, int]:
        """Return how many rows ended well and badly so far."""
        good, bad = self.state.counts(batch.id, batch.done(self.bench.clock()))
        return (0, good + bad) if batch.fate == "rows-failed" else (good, bad)

    def write_lines(
        self,
        batch: BatchRecord,
        line: Callable[[RowRecord, Any], JsonObject | None],
        verdicts: Iterable[str],
        *,
        mixed: bool = True,
    ) -> Iterator[bytes]:
        """Yield the lines of a result file, with the faults that concern lines."""
        for row, body in self.results(batch, verdicts, mixed=mixed):
            value = line(row, body)
            if value is None or row.mark == "missing":
                continue
            if row.mark == "unknown-id":
                value = self.renamed(value)
            text = json.dumps(value, ensure_ascii=False).encode() + b"\n"
            if row.mark == "malformed":
                text = text[: len(text) // 2] + b"\n"
            yield text * 2 if row.mark == "duplicate" else text

    def renamed(self, line: JsonObject) -> JsonObject:
        """Return a result line under an id that was never sent."""
        return {**line, "key" if "key" in line else "custom_id": "never-sent-0"}

    def need_batch(self, batch_id: str, message: str) -> BatchRecord:
        """Return a batch, or raise 404."""
        batch = self.state.batch(self.name, batch_id)
        if batch is None:
            raise self.not_found(message)
        return batch

    def not_found(self, message: str) -> ApiError:
        """Return the protocol's 404."""
        return ApiError(
            404, {"anthropic": "not_found_error", "gemini": "NOT_FOUND"}.get(self.name, "not_found"), message
        )

    def fate(self) -> str | None:
        """Return how the batch now being created is to end, if that was arranged."""
        fault = self.bench.faults.take(self.name, "batches.create", batch=True)
        return fault.fate if fault else None

    def content(self, record: FileRecord) -> bytes:
        """Return the content of an uploaded file."""
        return self.state.blob(record.meta["blob"]).read_bytes()

    def open_batches(self) -> list[BatchRecord]:
        """Return the batches that have not ended."""
        now = self.bench.clock()
        return [b for b in self.state.batches(self.name) if not b.ended(now) and not rejected(b)]

    def billed(self, batch: BatchRecord, row: RowRecord, done: int) -> bool:
        """Whether a row is charged: it ran and gave an answer."""
        return not rejected(batch) and self.final(batch, row, done) == "ok" and row.mark != "refuse-unbilled"

    def book(self) -> list[JsonObject]:
        """Return every batch ever created, deleted ones too, oldest first, with the truth about its rows."""
        now = self.bench.clock()
        pages = []
        for batch in reversed(self.state.batches(self.name, deleted=True)):
            done = batch.done(now)
            rows = [
                {
                    "id": row.row_id,
                    "digest": row.digest,
                    "state": self.final(batch, row, done) if row.idx < done or batch.ended(now) else "waiting",
                    "billed": self.billed(batch, row, done),
                }
                for row in self.state.rows(batch.id)
            ]
            pages.append({
                "id": batch.id, "created": batch.created, "ended": batch.ended(now), "fate": batch.fate,
                "cancelled": batch.cancelled is not None, "meta": batch.meta, "rows": rows,
                "billed": sum(bool(row["billed"]) for row in rows),
            })  # fmt: skip
        return pages


def rejected(batch: BatchRecord) -> bool:
    """Whether a batch failed as a whole without running a row."""
    return bool(batch.meta.get("errors")) or batch.fate in ("failed", "token-limit")


def pdf_source(
    data: bytes, title: str | None, file_id: str | None, refuse: Callable[[str], ApiError], most: int
) -> Source:
    """Return a PDF as a source, after checking that it can be opened; `refuse` makes the error."""
    try:
        pages = reading.page_count(data)
    except (ValueError, RuntimeError) as error:
        raise refuse(str(error)) from None
    if pages > most:
        raise refuse(f"A maximum of {most} PDF pages may be provided.")
    return Source("pdf", title, data=data, file_id=file_id)


_FILE_ID = re.compile(r'"(file[-_][A-Za-z0-9_-]+)"|"(?:[^"\s]*/)?files/([a-z0-9-]+)"')
