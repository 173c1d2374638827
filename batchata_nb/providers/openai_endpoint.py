"""An endpoint that speaks OpenAI's API, OpenAI's own or another: which it is, what it has, and each request to it.

Facts: `openai` 3.54 and the vendor's documentation of November 2026.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from urllib.parse import urlsplit

from ..core.errors import BatchSubmissionError, ModelNotSupportedError, ProviderError
from ..core.jobs import Document, JsonObject
from ..documents import files
from ..wire import openai as wire
from . import openai_batches as batches
from .attachments import Sizes
from .common import Pause, SdkProvider, is_loopback, made_once, trusted, wait
from .openai_compatible import NO_KEY, Abilities, error_in
from .openai_errors import ERRORS
from .openai_ways import MISSING

if TYPE_CHECKING:
    import openai

Endpoint = Literal["auto", "responses", "chat"]
TAG = "batchata_tag"
MB = 1_000_000
INLINE = Sizes(each=49 * MB, total=49 * MB)
"""Many compatible servers take no file ids in chat, so nothing is uploaded for it."""
_FILE_DAYS = 7
_HOST = "api.openai.com"


class OpenAIEndpoint(SdkProvider):
    """The endpoint that requests go to. Needs `OPENAI_API_KEY`, but for compatible endpoints that want no key.

    Args:
        environment: Variables that take precedence over those of the process.
        base_url: A compatible endpoint, `http://localhost:8000/v1`; None: that of `OPENAI_BASE_URL`, else OpenAI.
        endpoint: Form of the requests; `auto` asks an endpoint other than OpenAI's own which one it has.
        pause: Waits so many seconds.
    """

    name = "openai"
    errors = ERRORS
    keys = ("OPENAI_API_KEY",)

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
            self.settle(wire.RESPONSES)
        elif endpoint == "chat":
            self.settle(wire.CHAT)

    def settle(self, endpoint: str) -> str:
        """Take this path for all requests, and return it."""
        self.abilities.path = endpoint
        if endpoint == wire.CHAT:
            self.sizes = INLINE
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

    @made_once
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
                self.settle(wire.RESPONSES if self._has_responses() else wire.CHAT)
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

    def need_batches(self) -> None:
        """Ask an endpoint other than OpenAI's own whether it has batches.

        Raises:
            BatchSubmissionError: It has none; names `--live`.
        """
        if self.is_own:
            return
        try:
            answer = self.get("/batches", {"limit": 1})
        except ProviderError as error:
            self.refuse_without_batches(error)
            if error.status is None and not error.retryable:
                raise
        else:
            if (fault := error_in(answer)) is not None:
                self.refuse_without_batches(self.errors.fault(404, fault[1], secrets=self._secrets()))

    def refuse_without_batches(self, error: ProviderError, input_file: str | None = None) -> None:
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

    def upload(self, document: Document) -> str:
        """Upload a document that requests refer to, and return its file id; the provider drops it after a week."""
        content = files.read(document)
        with self.translated():
            uploaded = self.client.with_options(max_retries=2).files.create(
                file=(document.name, content, document.media_type),
                purpose="user_data",
                expires_after={"anchor": "created_at", "seconds": _FILE_DAYS * 86_400},
            )
        return uploaded.id

    def upload_input(self, name: str, body: BinaryIO) -> str:
        """Upload the rows of a batch, and return their file id."""
        try:
            with self.translated():
                uploaded: Any = self.client.files.create(file=(name, body, "application/jsonl"), purpose="batch")
        except ProviderError as error:
            self.refuse_without_batches(error)
            raise
        if not isinstance(getattr(uploaded, "id", None), str):
            raise self.garbled()
        return str(uploaded.id)

    def create(self, tag: str, input_file: str, endpoint: str) -> str:
        """Create a batch of an uploaded input file, once, and return its id; the tag stands in its metadata."""
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
        raise self.garbled(ambiguous=True)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> JsonObject:
        """Return what a GET request is answered with."""
        with self.translated():
            answer: Any = self.client.get(path, cast_to=object, options={"params": dict(params or {})})
        if not isinstance(answer, dict):
            raise self.garbled()
        return answer

    @contextmanager
    def content(self, file_id: str) -> Iterator[Iterable[bytes]]:
        """Stream a file's content while the block lasts."""
        with self.translated(), self.client.files.with_streaming_response.content(file_id) as response:
            yield response.iter_bytes()

    def garbled(self, *, ambiguous: bool = False) -> ProviderError:
        """Return the error of an answer that is not of this API; `ambiguous` where something may have been done."""
        return ProviderError(
            f"{self.errors.label} answered with something that is not its API's (a proxy or log-in page?).",
            provider=self.name,
            retryable=True,
            ambiguous=ambiguous,
        )
