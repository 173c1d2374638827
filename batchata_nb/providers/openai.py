"""OpenAI Batch, and endpoints compatible with it, through the official SDK: how requests are put, and the verbs.

Facts: `openai` 3.54 and the vendor's documentation of November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ..core.errors import BatchSubmissionError, ProviderError, ValidationError
from ..core.jobs import Attachments, Document, Job, JsonObject
from ..core.results import Reply
from ..wire import jsonl
from ..wire import openai as wire
from . import openai_batches as batches
from . import openai_models as models
from .attachments import Attacher, Sizes, inline
from .base import BatchStatus, Found, Limits, Row
from .openai_compatible import error_in
from .openai_endpoint import INLINE, MB, TAG, OpenAIEndpoint
from .openai_ways import MISSING, Way, after, named
from .transfer import decoded, download, write_lines

_COUNTABLE = ("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "truncation")
_SLACK = timedelta(hours=26)
"""A computer's clock may be off, by its time zone too; who looks back too far only reads more."""
_CREATE_ATTEMPTS, _CREATE_PAUSE = 3, 2.0


class OpenAIProvider(OpenAIEndpoint):
    """OpenAI Batch, or that of a compatible endpoint; takes what `OpenAIEndpoint` takes."""

    # 50,000 lines or 200 MB a batch, 50 MB of files a request.
    limits = Limits(rows=50_000, bytes=180 * MB, row_bytes=45 * MB, mixed_models=False, window_hours=24)
    sizes = Sizes(each=1 * MB, total=8 * MB)
    image_types = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

    # ------------------------------------------------------------------ before anything is sent

    def unknown_params(self, job: Job) -> dict[str, str]:
        """Return those of `job.params` that the endpoint does not have, or that are ours to set."""
        return models.unknown(job.model, job.params, chat=self.abilities.path == wire.CHAT)

    def model_refuses(self, job: Job) -> dict[str, str]:
        """Return the parameters that the model refuses, each with the reason."""
        return models.refused(job.model, job.params, job.temperature)

    def most_output(self, model: str) -> int | None:
        """Return the most output tokens the model gives."""
        return models.most_output(model)

    def accepts(self, document: Document) -> None:
        """Raise `ValidationError` for image types and sizes that OpenAI does not take."""
        self._accepts(document, pdf_bytes=49 * MB, image_bytes=49 * MB, pages=100_000)

    def request_of(self, job: Job, attachments: Attachments) -> JsonObject:
        """Return the body of the job's request; Responses until an endpoint is known to lack it."""
        return self._put(job, attachments, Way(self.abilities.path or wire.RESPONSES, self.abilities.form))

    def _put(self, job: Job, attachments: Attachments, way: Way) -> JsonObject:
        # Compatible endpoints may serve models whose names begin so; OpenAI itself does not.
        if job.model.startswith("openai/") and (self.is_own or self._environment):
            job = replace(job, model=job.model.removeprefix("openai/"))
        if way.path == wire.CHAT:
            return wire.encode_chat(job, attachments, cap=way.cap or self._cap(job.model), form=way.form)
        return wire.encode_responses(job, attachments)

    def _cap(self, model: str) -> wire.ChatCap:
        return "max_completion_tokens" if self.is_own else self.abilities.cap(model)

    def encoded_size(self, job: Job) -> int:
        """Return an upper bound of the job's encoded row in bytes; a schema may have to go in the prompt as well."""
        again = 0 if self.is_own or job.schema is None else 4096 + 3 * wire.schema_size(job)  # as text, in a text
        return super().encoded_size(job) + again

    def _check_documents(self, job: Job) -> None:
        super()._check_documents(job)
        size = sum(document.size for document in job.documents)
        if size > 49 * MB:
            raise ValidationError(
                f"The documents of one request have {size / 1e6:,.0f} MB; OpenAI takes less than 50 MB. Split them "
                "over several jobs."
            )

    # ------------------------------------------------------------------ verbs

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        """Upload one input file, create one batch from it, and return its id; the tag stands in its metadata."""
        self.endpoint()
        return self._submit(self.abilities.way, tag, rows)

    def first_way(self) -> str | None:
        """Name the way in which requests are put to begin with; None where there is only one. No network."""
        return None if self.base_url is None else str(self.abilities.way)

    def submit_in(self, way: str, tag: str, rows: Sequence[Row]) -> str:
        """Submit with the requests put in this way."""
        wanted = named(way)
        if wanted is None:
            return self.submit(tag, rows)
        if wanted.path == wire.RESPONSES and self.endpoint() == wire.CHAT:
            raise BatchSubmissionError(f"{self.url} has no /v1/responses", provider=self.name, status=404)
        return self._submit(wanted, tag, rows)

    def other_way(self, way: str, model: str, said: str) -> str | None:
        """Name the way that may be taken where this one was refused; None where another one would not help."""
        refused = named(way)
        if self.base_url is None or refused is None:
            return None
        said = said.removeprefix(self.errors.label)  # which has the word endpoint in it
        found = after(refused, said, cap=refused.cap or self._cap(model))
        return None if found is None else str(found)

    def _submit(self, way: Way, tag: str, rows: Sequence[Row]) -> str:
        attach = Attacher(INLINE if way.path == wire.CHAT else self.sizes, self.upload)
        lines = (wire.row(row.row_id, self._put(row.job, attach(row.job), way), endpoint=way.path) for row in rows)
        with write_lines(lines, 200 * MB, self.errors.label) as body:
            input_file = self.upload_input(f"{tag}.jsonl", body)
        for attempt in range(_CREATE_ATTEMPTS):
            try:
                return self.create(tag, input_file, way.path)
            except ProviderError as error:
                if self.other_way(str(way), rows[0].job.model, str(error)) is None:
                    self.refuse_without_batches(error, input_file)
                if attempt == _CREATE_ATTEMPTS - 1 or not batches.is_not_there_yet(error, input_file):
                    raise
                self._pause(_CREATE_PAUSE)
        raise AssertionError("unreachable")

    def poll(self, batch_id: str) -> BatchStatus:
        """Ask for the state of one batch."""
        return batches.status(self.get(f"/batches/{batch_id}"))

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        """Yield the replies of an ended batch, from its output file and its error file, whichever there are."""
        for key in ("output_file_id", "error_file_id"):
            if handle.get(key):
                yield from decoded(download(partial(self.content, handle[key]), "OpenAI"), wire.decode)

    def cancel(self, batch_id: str) -> None:
        """Ask for the batch to be cancelled; one that ended already is no error."""
        try:
            with self.translated():
                self.client.post(f"/batches/{batch_id}/cancel", cast_to=object)
        except ProviderError as error:
            if error.retryable and error.status != 409:
                raise
            if self.poll(batch_id).state != "ended":
                raise

    def find(self, tag: str, since: datetime, rows: int) -> Found:
        """Look a submission up by the tag in its metadata; by time and rows where an endpoint keeps no metadata."""
        candidates = []
        for batch in batches.listed(self.get, since - _SLACK):
            metadata = batch.get("metadata")
            if isinstance(metadata, dict) and metadata.get(TAG) == tag:
                return Found(batch_id=str(batch.get("id")))
            total = (batch.get("request_counts") or {}).get("total")
            if metadata is None and total in (None, 0, rows):
                candidates.append(str(batch.get("id")))
        return Found(candidates=tuple(candidates))

    def count_tokens(self, job: Job) -> int | None:
        """Return OpenAI's count of the job's input tokens, or None where the endpoint does not count."""
        request = wire.encode_responses(job, inline(job))
        body = {key: request[key] for key in _COUNTABLE if key in request}
        if len(jsonl.encode(body)) > self.limits.row_bytes:
            return None
        try:
            with self.translated():
                answer: Any = self.client.post("/responses/input_tokens", body=body, cast_to=object)
        except ProviderError as error:
            if error.status in MISSING:
                return None
            raise
        count = answer.get("input_tokens") if isinstance(answer, dict) else None
        return count if isinstance(count, int) else None

    def answer(self, job: Job) -> Any:
        """Send one job in real time, and return the answer as it came."""
        attachments = inline(job)
        self.endpoint()

        def send() -> JsonObject:
            path = (self.abilities.path or wire.RESPONSES).removeprefix("/v1")
            with self.translated():
                found: Any = self.client.post(path, body=self.request_of(job, attachments), cast_to=object)
            if not isinstance(found, dict):
                raise self.garbled()
            if (fault := error_in(found)) is not None:
                raise self.errors.fault(*fault, secrets=self._secrets())
            return found

        return send() if self.is_own else self.abilities.ask(job, send)
