"""Anthropic Message Batches through the official SDK.

Facts: `anthropic` 2.12 and the vendor's documentation of November 2026.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..core.errors import ProviderError, ValidationError
from ..core.jobs import Attachments, Document, Job, JsonObject
from ..core.results import Reply
from ..documents import files
from ..wire import anthropic as wire
from ..wire import jsonl
from . import anthropic_batches as batches
from . import anthropic_models as models
from .anthropic_errors import ERRORS
from .attachments import Attacher, Sizes, inline
from .base import BatchStatus, Found, Limits, Row
from .common import SdkProvider, is_loopback, made_once
from .transfer import decoded, download, write_list

if TYPE_CHECKING:
    import anthropic

_BATCHES = "/v1/messages/batches"
_MB = 1_000_000
_FILE_DAYS = 7
_OLD_VERSION = {"anthropic-version": "2023-06-01"}
_COUNTABLE = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control")
# Clocks differ and requests wait: a batch may be listed as created a little before we noted that we asked for it.
_SLACK = timedelta(hours=26)
"""A computer's clock may be off, by its time zone too; who looks back too far only reads more."""


class AnthropicProvider(SdkProvider):
    """Anthropic Message Batches. Needs `ANTHROPIC_API_KEY`; `ANTHROPIC_BASE_URL` is optional."""

    name = "anthropic"
    errors = ERRORS
    keys = ("ANTHROPIC_API_KEY",)
    # 100,000 requests or 256 MB a batch, 32 MB a request.
    limits = Limits(rows=100_000, bytes=230 * _MB, row_bytes=28 * _MB, mixed_models=True, window_hours=24)
    sizes = Sizes(each=3 * _MB, total=12 * _MB)
    image_types = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

    @made_once
    def client(self) -> anthropic.Anthropic:
        """The SDK's client. Its own retries are off: it would sleep out a `retry-after` of any length."""
        import anthropic

        key = self.key()  # before the SDK, whose constructor does not mind its absence
        url, timeout = self.variable("ANTHROPIC_BASE_URL"), anthropic.Timeout(600, connect=10)
        # Proxies of the environment are mounts of this client's; a mount of no transport is none.
        mounts = {f"all://{urlsplit(url or '').hostname}": None} if is_loopback(url) else {}
        http = anthropic.DefaultHttpxClient(timeout=timeout, mounts=mounts)
        weakref.finalize(self, http.close)
        return anthropic.Anthropic(api_key=key, base_url=url, timeout=timeout, max_retries=0, http_client=http)

    # ------------------------------------------------------------------ before anything is sent

    def unknown_params(self, job: Job) -> dict[str, str]:
        """Return those of `job.params` that a batch row does not have, or that are ours to set."""
        reasons = {name: models.OURS[name] for name in job.params if name in models.OURS}
        for name in job.params:
            if name not in models.PARAMS and name not in reasons:
                reasons[name] = "the Messages API has no such parameter; check its spelling."
        config = job.params.get("output_config")
        if isinstance(config, Mapping) and "format" in config:
            reasons["output_config"] = "its `format` is set by the schema in the cell."
        return reasons

    def model_refuses(self, job: Job) -> dict[str, str]:
        """Return the parameters that the model refuses, each with the reason."""
        return models.refused(job.model, job.params, job.temperature)

    def most_output(self, model: str) -> int | None:
        """Return the most output tokens the model gives."""
        return models.most_output(model)

    def accepts(self, document: Document) -> None:
        """Raise `ValidationError` for image types, sizes and page counts that Anthropic does not take."""
        # Images count in base64, a third more than on disk.
        self._accepts(document, pdf_bytes=450 * _MB, image_bytes=int(7.4 * _MB), pages=600)
        if max(document.width or 0, document.height or 0) > 8000:
            raise ValidationError(
                f"{document.name} has {document.width} x {document.height} pixels; Anthropic takes at most 8000 either "
                "way. Make it smaller."
            )

    def request_of(self, job: Job, attachments: Attachments) -> JsonObject:
        """Return the `params` of the job's row."""
        name = job.model.removeprefix("anthropic/")
        return wire.encode(job if name == job.model else replace(job, model=name), attachments)

    @staticmethod
    def version(jobs: Iterable[Job]) -> dict[str, str]:
        """Return the header that a request with these jobs needs beside the SDK's own.

        It names the older API version where a job has sampling parameters: the newer one refuses them for every model.
        """
        sampled = any(job.temperature is not None or set(models.SAMPLING) & set(job.params) for job in jobs)
        return dict(_OLD_VERSION) if sampled else {}

    def _check_turns(self, job: Job) -> None:
        super()._check_turns(job)
        turns = [message for message in job.messages if message.role != "system"]
        if turns[0].role != "user":
            raise ValidationError("Anthropic wants the first section after the system one to be the user's.")
        if turns[-1].role == "assistant" and not models.takes_prefill(job.model):
            raise ValidationError(
                f"{job.model} does not take a last section by the assistant; end with a user section."
            )

    def _check_documents(self, job: Job) -> None:
        super()._check_documents(job)
        pages = sum(d.pages or (1 if d.kind == "image" else 0) for d in job.documents)
        if pages > models.pages(job.model):
            raise ValidationError(
                f"The documents of one request have {pages:,} pages and images; {job.model} takes at most "
                f"{models.pages(job.model)}. Split them over several jobs."
            )
        if job.cite == "native" and all(d.kind == "image" for d in job.documents):
            what = "only images, which cannot be cited" if job.documents else "no document"
            raise ValidationError(f"Native citations need a PDF or text document, and this job has {what}.")

    # ------------------------------------------------------------------ verbs

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        """Create one batch and return its id; the tag travels in every row's id, as the API has no other place."""
        attach = Attacher(self.sizes, self._upload)
        headers = {"Content-Type": "application/json"}

        def lines() -> Iterator[JsonObject]:
            for row in rows:
                headers.update(self.version([row.job]))
                yield wire.row(row.row_id, self.request_of(row.job, attach(row.job)))

        # The typed method wants all rows in memory; this is the same request, read from disk.
        with write_list("requests", lines(), 256 * _MB, "Anthropic") as body, self.translated(creating=True):
            answer = self.client.post(
                _BATCHES, content=body, cast_to=object, options={"headers": headers, "max_retries": 0}
            )
        return _id(answer)

    def poll(self, batch_id: str) -> BatchStatus:
        """Ask for the state of one batch."""
        return batches.status(self._retrieve(batch_id))

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        """Yield the replies of an ended batch."""
        yield from decoded(download(lambda: self._results(batch_id), "Anthropic"), wire.decode)

    def cancel(self, batch_id: str) -> None:
        """Ask for the batch to be cancelled; one that ended already is no error."""
        try:
            with self.translated():
                self.client.messages.batches.cancel(batch_id)
        except ProviderError as error:
            if error.retryable or self.poll(batch_id).state != "ended":
                raise

    def find(self, tag: str, since: datetime, rows: int) -> Found:
        """Look a submission up by time and number of rows; only an ended batch proves whose it is, by its row ids."""
        candidates = []
        for batch in self._listed(since - _SLACK):
            if sum(batches.counts(batch).values()) != rows or not isinstance(batch.get("id"), str):
                continue
            if batch.get("processing_status") != "ended" or not batch.get("results_url"):
                candidates.append(batch["id"])
            elif self._first_row(batch["id"]).startswith(f"{tag}-"):
                return Found(batch_id=batch["id"])
        return Found(candidates=tuple(candidates))

    def count_tokens(self, job: Job) -> int | None:
        """Return Anthropic's count of the job's input tokens, or None for a job too large to be counted."""
        request = self.request_of(job, inline(job))
        body = {key: request[key] for key in _COUNTABLE if key in request}
        if len(jsonl.encode(body)) > self.limits.row_bytes:
            return None
        with self.translated():
            answer: Any = self.client.post("/v1/messages/count_tokens", body=body, cast_to=object)
        count = answer.get("input_tokens") if isinstance(answer, dict) else None
        return count if isinstance(count, int) else None

    # ------------------------------------------------------------------ requests

    def _upload(self, document: Document) -> str:
        content = files.read(document)
        with self.translated():
            uploaded = self.client.files.upload(
                file=(document.name, content, document.media_type), expires_in_seconds=_FILE_DAYS * 86_400
            )
        return uploaded.id

    def _retrieve(self, batch_id: str) -> JsonObject:
        with self.translated():
            batch: Any = self.client.get(f"{_BATCHES}/{batch_id}", cast_to=object)
        if not isinstance(batch, dict):
            raise ProviderError(
                "Anthropic answered with something that is no batch.", provider=self.name, retryable=True
            )
        return batch

    @contextmanager
    def _results(self, batch_id: str) -> Iterator[Iterable[bytes]]:
        """Stream the result file, always from our own base URL: the SDK would take the key to any `results_url`."""
        with self.translated():
            response: Any = self.client.get(
                f"{_BATCHES}/{batch_id}/results",
                cast_to=object,
                options={"headers": {"Accept": "application/binary", "X-Stainless-Raw-Response": "stream"}},
            )
            try:
                yield response.iter_bytes()
            finally:
                response.close()

    def _first_row(self, batch_id: str) -> str:
        with self._results(batch_id) as chunks:
            first = jsonl.parse(next(jsonl.split(chunks), b"")) or {}
        return str(first.get(wire.ROW_ID) or "")

    def _listed(self, since: datetime) -> Iterator[JsonObject]:
        """Yield the batches created since then, newest first, page by page."""
        after = ""
        while True:
            query = {"limit": 100, **({"after_id": after} if after else {})}
            with self.translated():
                page: Any = self.client.get(_BATCHES, cast_to=object, options={"params": query})
            data = page.get("data") if isinstance(page, dict) else None
            for batch in data or ():
                if batches.created(batch) < since:
                    return
                yield batch
            last = page.get("last_id") if isinstance(page, dict) else None
            if not data or not page.get("has_more") or not last or last == after:
                return
            after = last


def _id(answer: object) -> str:
    batch_id = answer.get("id") if isinstance(answer, dict) else None
    if isinstance(batch_id, str) and batch_id:
        return batch_id
    raise ProviderError(
        "Anthropic answered the create call with something that is no batch (a proxy or log-in page?).",
        provider="anthropic",
        retryable=True,
        ambiguous=True,
    )
