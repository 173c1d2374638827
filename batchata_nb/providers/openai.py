"""OpenAI Batch, and endpoints compatible with it, through the official SDK.

Facts: `openai` 3.54 and the vendor's documentation of November 2026.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from urllib.parse import urlsplit

from ..core.errors import BatchSubmissionError, ModelNotSupportedError, ProviderError, ValidationError
from ..core.jobs import Attachments, Document, Job, JsonObject
from ..core.results import Reply
from ..documents import files
from ..wire import jsonl
from ..wire import openai as wire
from . import openai_batches as batches
from . import openai_models as models
from .attachments import Attacher, Sizes, inline
from .base import BatchStatus, Found, Limits, Row
from .common import Pause, SdkProvider, is_loopback, trusted, wait
from .openai_compatible import NO_KEY, Abilities, error_in
from .openai_errors import ERRORS
from .openai_ways import MISSING, Way, after, named
from .transfer import decoded, download, write_lines

if TYPE_CHECKING:
    import openai

Endpoint = Literal["auto", "responses", "chat"]
TAG = "batchata_tag"
_MB = 1_000_000
_FILE_DAYS = 7
_HOST = "api.openai.com"
_COUNTABLE = ("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "truncation")
# Clocks differ and requests wait: a batch may be listed as created a little before we noted that we asked for it.
_SLACK = timedelta(hours=26)
"""A computer's clock may be off, by its time zone too; who looks back too far only reads more."""
_CREATE_ATTEMPTS, _CREATE_PAUSE = 3, 2.0
_INLINE = Sizes(each=49 * _MB, total=49 * _MB)
"""Many compatible servers take no file ids in chat, so nothing is uploaded for it."""


class OpenAIProvider(SdkProvider):
    """OpenAI Batch. Needs `OPENAI_API_KEY`, but for compatible endpoints that want no key.

    Args:
        environment: Variables that take precedence over those of the process.
        base_url: A compatible endpoint, `http://localhost:8000/v1`; None: that of `OPENAI_BASE_URL`, else OpenAI.
        endpoint: Form of the requests; `auto` asks an endpoint other than OpenAI's own which one it has.
        pause: Waits so many seconds.
    """

    name = "openai"
    errors = ERRORS
    keys = ("OPENAI_API_KEY",)
    # 50,000 lines or 200 MB a batch, 50 MB of files a request.
    limits = Limits(rows=50_000, bytes=180 * _MB, row_bytes=45 * _MB, mixed_models=False, window_hours=24)
    sizes = Sizes(each=1 * _MB, total=8 * _MB)
    image_types = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        base_url: str | None = None,
        endpoint: Endpoint = "auto",
        pause: Pause = wait,
    ) -> None:
        super().__init__(environment, pause=pause)
        self.base_url = base_url
        if base_url is not None:
            self.errors = replace(ERRORS, label=f"The endpoint {base_url}")
        self.abilities = Abilities(self.url or "OpenAI")
        if endpoint == "responses" or (endpoint == "auto" and self.is_own):
            self._settle(wire.RESPONSES)
        elif endpoint == "chat":
            self._settle(wire.CHAT)

    def _settle(self, endpoint: str) -> str:
        self.abilities.path = endpoint
        if endpoint == wire.CHAT:
            self.sizes = _INLINE
        return endpoint

    @property
    def url(self) -> str | None:
        """Base URL that was chosen, or None for the SDK's own."""
        return self.base_url or self.variable("OPENAI_BASE_URL")

    @property
    def is_own(self) -> bool:
        """Whether requests go to OpenAI itself."""
        return self.url is None or urlsplit(self.url).hostname == _HOST

    @property
    def notes(self) -> list[str]:
        """What the endpoint was found to take, one sentence each; empty for OpenAI itself."""
        return self.abilities.notes

    def key(self) -> str:
        """Return the key; an endpoint other than OpenAI's own may want none."""
        return super().key() if self.is_own else self.variable(*self.keys) or NO_KEY

    @cached_property
    def client(self) -> openai.OpenAI:
        """The SDK's client. Its own retries are off, except for uploads, which may be repeated."""
        import openai

        key, url, timeout = self.key(), self.url, openai.Timeout(600, connect=10)
        near = is_loopback(url)
        http = openai.DefaultHttpxClient(timeout=timeout, trust_env=not near, verify=trusted() if near else True)
        weakref.finalize(self, http.close)
        return openai.OpenAI(api_key=key, base_url=url, timeout=timeout, max_retries=0, http_client=http)

    def endpoint(self) -> str:
        """Return the path of the requests. An endpoint that is not OpenAI's own is asked once whether it has Responses:
        an empty request is refused for its content where the path exists, and costs nothing."""
        with self._lock:
            if self.abilities.path is None:
                self._settle(wire.RESPONSES if self._has_responses() else wire.CHAT)
                self.abilities.note(f"requests go to {self.abilities.path}")
            return self.abilities.path or wire.RESPONSES

    def _has_responses(self) -> bool:
        import openai

        with self.translated():
            try:
                answer: Any = self.client.post("/responses", body={}, cast_to=object)
            except openai.APIStatusError as error:
                if error.status_code in MISSING:
                    return False
                if error.status_code in (401, 403, 429) or error.status_code >= 500:
                    raise
                return True
        return isinstance(answer, dict) and "output" in answer  # else a page, or an error under the status of success

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
        self._accepts(document, pdf_bytes=49 * _MB, image_bytes=49 * _MB, pages=100_000)

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
        if size > 49 * _MB:
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
        attach = Attacher(_INLINE if way.path == wire.CHAT else self.sizes, self._upload)
        lines = (wire.row(row.row_id, self._put(row.job, attach(row.job), way), endpoint=way.path) for row in rows)
        with write_lines(lines, 200 * _MB, self.errors.label) as body:
            input_file = self._upload_input(f"{tag}.jsonl", body)
        for attempt in range(_CREATE_ATTEMPTS):
            try:
                return self._create(tag, input_file, way.path)
            except ProviderError as error:
                if self.other_way(str(way), rows[0].job.model, str(error)) is None:
                    self._refuse_without_batches(error, input_file)
                if attempt == _CREATE_ATTEMPTS - 1 or not batches.is_not_there_yet(error, input_file):
                    raise
                self._pause(_CREATE_PAUSE)
        raise AssertionError("unreachable")

    def poll(self, batch_id: str) -> BatchStatus:
        """Ask for the state of one batch."""
        return batches.status(self._get(f"/batches/{batch_id}"))

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        """Yield the replies of an ended batch, from its output file and its error file, whichever there are."""
        for key in ("output_file_id", "error_file_id"):
            if handle.get(key):
                yield from decoded(download(partial(self._content, handle[key]), "OpenAI"), wire.decode)

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
        for batch in batches.listed(self._get, since - _SLACK):
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
                raise self._garbled()
            if (fault := error_in(found)) is not None:
                raise self.errors.fault(*fault, secrets=self._secrets())
            return found

        return send() if self.is_own else self.abilities.ask(job, send)

    def need_batches(self) -> None:
        """Ask an endpoint other than OpenAI's own whether it has batches.

        Raises:
            BatchSubmissionError: It has none; names `--live`.
        """
        if self.is_own:
            return
        try:
            answer = self._get("/batches", {"limit": 1})
        except ProviderError as error:
            self._refuse_without_batches(error)
            if error.status is None and not error.retryable:
                raise
        else:
            if (fault := error_in(answer)) is not None:
                self._refuse_without_batches(self.errors.fault(404, fault[1], secrets=self._secrets()))

    def _refuse_without_batches(self, error: ProviderError, input_file: str | None = None) -> None:
        """Put the one clear error in the place of one that shows that the endpoint has no such path."""
        if self.is_own or error.status not in MISSING or isinstance(error, ModelNotSupportedError):
            return
        if input_file and batches.is_not_there_yet(error, input_file):
            return
        raise BatchSubmissionError(
            f"{self.url} has no batches ({error.status} for /batches): run it in real time with --live (live=True in "
            "Python). Nothing was sent.",
            provider=self.name,
            status=error.status,
        ) from error

    # ------------------------------------------------------------------ requests

    def _upload(self, document: Document) -> str:
        content = files.read(document)
        with self.translated():
            uploaded = self.client.with_options(max_retries=2).files.create(
                file=(document.name, content, document.media_type),
                purpose="user_data",
                expires_after={"anchor": "created_at", "seconds": _FILE_DAYS * 86_400},
            )
        return uploaded.id

    def _upload_input(self, name: str, body: BinaryIO) -> str:
        try:
            with self.translated():
                uploaded: Any = self.client.files.create(file=(name, body, "application/jsonl"), purpose="batch")
        except ProviderError as error:
            self._refuse_without_batches(error)
            raise
        if not isinstance(getattr(uploaded, "id", None), str):
            raise self._garbled()
        return str(uploaded.id)

    def _create(self, tag: str, input_file: str, endpoint: str) -> str:
        body = {
            "input_file_id": input_file,
            "endpoint": endpoint,
            "completion_window": "24h",
            "metadata": {TAG: tag},
        }
        with self.translated(creating=True):
            answer: Any = self.client.post("/batches", body=body, cast_to=object, options={"max_retries": 0})
        if isinstance(answer, dict) and isinstance(answer.get("id"), str):
            return str(answer["id"])
        raise self._garbled(ambiguous=True)

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> JsonObject:
        with self.translated():
            answer: Any = self.client.get(path, cast_to=object, options={"params": dict(params or {})})
        if not isinstance(answer, dict):
            raise self._garbled()
        return answer

    @contextmanager
    def _content(self, file_id: str) -> Iterator[Iterable[bytes]]:
        with self.translated(), self.client.files.with_streaming_response.content(file_id) as response:
            yield response.iter_bytes()

    def _garbled(self, *, ambiguous: bool = False) -> ProviderError:
        return ProviderError(
            f"{self.errors.label} answered with something that is not its API's (a proxy or log-in page?).",
            provider=self.name,
            retryable=True,
            ambiguous=ambiguous,
        )
