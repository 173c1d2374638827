"""Gemini batches (Developer API) through the official SDK, and plain requests where the SDK drops what is needed.

Facts: `google-genai` 3.4 and the vendor's documentation of November 2026. Requests always travel as a JSON lines file
with keys: inlined requests are matched by position or by metadata, and both are reported to get lost or swapped; in a
file each line carries its key, so results are joined by id and nothing else.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..core.errors import ProviderError, ValidationError
from ..core.jobs import Attachments, Document, Job, JsonObject
from ..core.results import Reply
from ..documents import files
from ..wire import gemini as wire
from ..wire import jsonl
from ..wire.envelope import answer_schema
from . import gemini_jobs as jobs
from . import gemini_models as models
from .attachments import Attacher, Sizes, inline
from .base import BatchStatus, Found, Limits, Row
from .common import SdkProvider, is_loopback, made_once
from .gemini_errors import ERRORS
from .transfer import decoded, download, write_lines

if TYPE_CHECKING:
    import httpx2
    from google import genai

_MB = 1_000_000
_BASE = "https://generativelanguage.googleapis.com"
# The vendor's batch samples and the `-latest` aliases need v1beta; `GOOGLE_GENAI_API_VERSION` names another.
_VERSION = "v1beta"
_ACTIVE_TRIES, _ACTIVE_PAUSE = 120, 1.0
# Clocks differ and requests wait: a job may be listed as created a little before we noted that we asked for it.
_SLACK = timedelta(hours=26)
"""A computer's clock may be off, by its time zone too; who looks back too far only reads more."""


class GeminiProvider(SdkProvider):
    """Gemini batches. Needs `GEMINI_API_KEY` (or `GOOGLE_API_KEY`); `GOOGLE_GEMINI_BASE_URL` is optional."""

    name = "gemini"
    errors = ERRORS
    # The SDK's own order is GOOGLE_API_KEY first; the message names the one that is Gemini's alone.
    keys = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
    # A JSON lines file of 2 GB; no stated count of requests, but larger jobs wait longer, and 48 hours are the end.
    limits = Limits(rows=50_000, bytes=1_800 * _MB, row_bytes=18 * _MB, mixed_models=False, window_hours=48)
    sizes = Sizes(each=2 * _MB, total=8 * _MB)
    image_types = frozenset({"image/jpeg", "image/png", "image/webp"})

    @property
    def base_url(self) -> str:
        """Base URL without a slash at its end."""
        return (self.variable("GOOGLE_GEMINI_BASE_URL") or _BASE).rstrip("/")

    @property
    def version(self) -> str:
        """Version of the API, as in its paths."""
        return self.variable("GOOGLE_GENAI_API_VERSION") or _VERSION

    @made_once
    def client(self) -> genai.Client:
        """The SDK's client; it retries nothing unless told to, and waits for ever unless told not to."""
        from google import genai
        from google.genai import types

        options = types.HttpOptions(
            base_url=self.base_url,
            api_version=self.version,
            timeout=600_000,  # milliseconds
            client_args={"trust_env": not is_loopback(self.base_url)},
        )
        return genai.Client(vertexai=False, api_key=self.key(), http_options=options)

    @made_once
    def http(self) -> httpx2.Client:
        """Plain requests, for what the SDK leaves out of its answers: a job's error and its counts."""
        import httpx2

        timeout = httpx2.Timeout(600, connect=10)
        client = httpx2.Client(timeout=timeout, follow_redirects=False, trust_env=not is_loopback(self.base_url))
        weakref.finalize(self, client.close)
        return client

    # ------------------------------------------------------------------ before anything is sent

    def unknown_params(self, job: Job) -> dict[str, str]:
        """Return those of `job.params` that a request does not have, or that are ours to set."""
        return models.unknown(job.params)

    def model_refuses(self, job: Job) -> dict[str, str]:
        """Return the parameters that the model refuses, each with the reason."""
        return models.refused(job.model, job.params)

    def most_output(self, model: str) -> int | None:
        """Return the most output tokens the model gives."""
        return models.most_output(model)

    def accepts(self, document: Document) -> None:
        """Raise `ValidationError` for image types, sizes and page counts that Gemini does not take."""
        self._accepts(document, pdf_bytes=50 * _MB, image_bytes=50 * _MB, pages=1_000)

    def request_of(self, job: Job, attachments: Attachments) -> JsonObject:
        """Return the job's request in REST shape."""
        return wire.encode(job, attachments)

    def _check_turns(self, job: Job) -> None:
        super()._check_turns(job)
        turns = [message for message in job.messages if message.role != "system"]
        if turns[-1].role != "user":
            raise ValidationError("Gemini wants the last section to be the user's.")

    # ------------------------------------------------------------------ verbs

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        """Upload one input file, create one job from it, and return its name; the tag is its display name."""
        attach = Attacher(self.sizes, self._upload)
        lines = (wire.row(row.row_id, self.request_of(row.job, attach(row.job))) for row in rows)
        with TemporaryDirectory(prefix="batchata-") as folder:
            path = Path(folder) / f"{tag}.jsonl"
            write_lines(lines, 2_000 * _MB, "Gemini", path).close()
            source = self._upload_file(path, "jsonl", path.name)
        return self._create(tag, models.bare(rows[0].job.model), str(source["name"]))

    def poll(self, batch_id: str) -> BatchStatus:
        """Ask for the state of one job."""
        return jobs.status(self._job(batch_id))

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        """Yield the replies of an ended job: from its result file, or from the job itself where they are inlined."""
        if name := handle.get("file"):
            yield from decoded(download(partial(self._content, str(name)), "Gemini"), wire.decode)
            return
        for line in jobs.inlined(self._job(batch_id)):
            yield wire.decode(line)

    def cancel(self, batch_id: str) -> None:
        """Ask for the job to be cancelled; one that ended already is no error."""
        try:
            with self.translated():
                self.client.batches.cancel(name=batch_id)
        except ProviderError as error:
            if error.retryable or self.poll(batch_id).state != "ended":
                raise

    def find(self, tag: str, since: datetime, rows: int) -> Found:
        """Look a submission up by its display name."""
        for job in self._listed(since - _SLACK):
            metadata = jobs.part(job, "metadata")
            if metadata.get("displayName") == tag and (name := job.get("name") or metadata.get("name")):
                return Found(batch_id=str(name))
        return Found()

    def count_tokens(self, job: Job) -> int | None:
        """Return Gemini's count of the job's input tokens; system text and schema are counted as content."""
        request = wire.encode(job, inline(job))
        beside = [part["text"] for part in request.get("systemInstruction", {}).get("parts", [])]
        if (schema := answer_schema(job)) is not None:
            beside.append(jsonl.encode(schema).decode())
        extra = [{"role": "user", "parts": [{"text": text} for text in beside]}] if beside else []
        body = {"contents": [*extra, *request["contents"]]}
        if len(jsonl.encode(body)) > self.limits.row_bytes:
            return None
        answer = self._request("POST", f"models/{models.bare(job.model)}:countTokens", body=body)
        count = answer.get("totalTokens")
        return count if isinstance(count, int) else None

    # ------------------------------------------------------------------ requests

    def _upload(self, document: Document) -> str:
        content = files.read(document)  # also checks that the file is still what it was
        with TemporaryDirectory(prefix="batchata-") as folder:
            path = Path(folder) / "document"
            path.write_bytes(content)
            return str(self._upload_file(path, document.media_type, document.name)["uri"])

    def _upload_file(self, path: Path, media_type: str, name: str) -> JsonObject:
        """Upload a file and wait until it may be referred to."""
        with self.translated():
            # Naming the base URL here, too, keeps the second request from going wherever the first one's answer says.
            uploaded = self.client.files.upload(
                file=path,
                config={
                    "mime_type": media_type,
                    "display_name": name[:512],
                    "http_options": {"base_url": self.base_url},
                },
            )
        known: JsonObject = {"name": uploaded.name, "uri": uploaded.uri, "state": _state(uploaded.state)}
        for _ in range(_ACTIVE_TRIES):
            if known.get("state") in ("ACTIVE", None, ""):
                return known
            if known.get("state") == "FAILED":
                break
            self._pause(_ACTIVE_PAUSE)
            known = self._request("GET", str(uploaded.name))
        raise ProviderError(
            f"Gemini could not make the uploaded file {name} ready (state {known.get('state')}).",
            provider=self.name,
            retryable=True,
        )

    def _create(self, tag: str, model: str, source: str) -> str:
        with self.translated(creating=True):
            job = self.client.batches.create(model=model, src=source, config={"display_name": tag})
        if not job.name:
            raise ProviderError(
                "Gemini answered the create call with something that is no job (a proxy or log-in page?).",
                provider=self.name,
                retryable=True,
                ambiguous=True,
            )
        return job.name

    def _job(self, batch_id: str) -> JsonObject:
        return self._request("GET", batch_id)

    def _request(
        self, method: str, path: str, *, body: JsonObject | None = None, params: Mapping[str, Any] | None = None
    ) -> JsonObject:
        with self.translated():
            response = self.http.request(
                method, self._url(path), json=body, params=dict(params or {}), headers=self._headers()
            )
            _raise_for(response)
            answer = response.json()
        if not isinstance(answer, dict):
            raise ProviderError("Gemini answered with something that is no object.", provider=self.name, retryable=True)
        return answer

    @contextmanager
    def _content(self, name: str) -> Iterator[Iterable[bytes]]:
        """Stream a result file; a redirect is followed without the key, to wherever it leads."""
        url, headers = self._url(f"{name}:download"), self._headers()
        with self.translated(), self.http.stream("GET", url, params={"alt": "media"}, headers=headers) as response:
            if response.has_redirect_location:
                target = response.url.join(response.headers["location"])
                with self.http.stream("GET", target) as moved:
                    _raise_for(moved)
                    yield moved.iter_bytes()
                return
            _raise_for(response)
            yield response.iter_bytes()

    def _listed(self, since: datetime) -> Iterator[JsonObject]:
        """Yield the jobs created since then, page by page; the order of the list is not documented."""
        token, horizon = "", since.timestamp()
        while True:
            page = self._request("GET", "batches", params={"pageSize": 100, **({"pageToken": token} if token else {})})
            found = [job for job in page.get("operations") or page.get("batches") or () if isinstance(job, dict)]
            times = [jobs.created(job) for job in found]
            yield from (job for job, time in zip(found, times, strict=True) if time is None or time >= horizon)
            known = [time for time in times if time is not None]
            is_past = bool(known) and max(known) < horizon and known == sorted(known, reverse=True)
            following = str(page.get("nextPageToken") or "")
            if is_past or not following or following == token:
                return
            token = following

    def _url(self, path: str) -> str:
        return f"{self.base_url}/{self.version}/{path}"

    def _headers(self) -> dict[str, str]:
        return {"x-goog-api-key": self.key()}


def _raise_for(response: httpx2.Response) -> None:
    """Raise what the SDK itself would raise."""
    from google.genai import errors

    if response.is_success:
        return
    response.read()
    try:
        body = response.json()
    except ValueError:
        body = {"message": response.text[:500], "status": response.reason_phrase}
    kind = errors.ClientError if response.status_code < 500 else errors.ServerError
    raise kind(response.status_code, body, response)


def _state(state: Any) -> str:
    return str(getattr(state, "name", state) or "").rpartition("STATE_")[2]
