"""What the three providers share: keys and base URLs, checks of a job, sizes, and errors translated."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar, overload
from urllib.parse import urlsplit

from ..core.errors import BatchataError, CredentialsError, ModelNotSupportedError, ValidationError
from ..core.jobs import Attachments, Document, Job, JsonObject
from ..wire import jsonl
from ..wire.envelope import answer_schema
from ..wire.schema import refusal
from .attachments import Sizes, placeholders, uploads
from .base import Limits
from .errors import ErrorTable

ROW_ID_BYTES = 64
Pause = Callable[[float], None]
T = TypeVar("T")


class made_once(cached_property[T]):  # noqa: N801 — used like cached_property
    """A cached property that is made once also when several threads ask for it first.

    From Python 3.12 on `cached_property` has no lock, and Google's client closes its connections when it is collected:
    the one of two that was not kept failed its request, and the jobs with it.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        super().__init__(make)
        self._making = threading.RLock()

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> Self | T:
        """Return the value, once it is made."""
        with self._making:
            return super().__get__(instance, owner)  # looks again for what another thread has made meanwhile


def is_loopback(url: str | None) -> bool:
    """Return whether a base URL leads to this computer, where no proxy of the environment belongs in between."""
    host = urlsplit(url or "").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def trusted() -> ssl.SSLContext | bool:
    """Return what decides which certificates are trusted where the environment is passed over, and proxies with it."""
    file = os.environ.get("SSL_CERT_FILE")
    return ssl.create_default_context(cafile=file) if file and Path(file).is_file() else True


def wait(seconds: float) -> None:
    """Wait on this thread; providers are called from workers that may."""
    threading.Event().wait(seconds)


class SdkProvider(ABC):
    """A provider behind an official SDK.

    Args:
        environment: Variables that take precedence over those of the process, for keys and base URLs.
        pause: Waits so many seconds.
    """

    name: str
    limits: Limits
    errors: ErrorTable
    keys: tuple[str, ...]
    sizes: Sizes
    image_types: frozenset[str]

    def __init__(self, environment: Mapping[str, str] | None = None, *, pause: Pause = wait) -> None:
        self._environment = dict(environment or {})
        self._pause = pause
        self._lock = threading.RLock()
        self._sized: tuple[Job, int] | None = None

    # ------------------------------------------------------------------ keys

    def variable(self, *names: str) -> str | None:
        """Return the first of these variables that is set; what was given stands above the process's own."""
        for source in (self._environment, os.environ):
            for name in names:
                if source.get(name):
                    return source[name].strip()
        return None

    def key(self) -> str:
        """Return the key.

        Raises:
            CredentialsError: None is set.
        """
        if key := self.variable(*self.keys):
            return key
        raise CredentialsError(
            f"No key for {self.errors.label}: set the environment variable {self.errors.variable}, or "
            f"{_other_place()}. To try things out without a key, use `--practice`.",
            provider=self.name,
        )

    def ready(self) -> None:
        """Raise `CredentialsError` naming the variable, if no key is set."""
        self.key()

    # ------------------------------------------------------------------ before anything is sent

    def check(self, job: Job) -> None:
        """Raise `ValidationError` or `ModelNotSupportedError` for what this provider cannot take."""
        self._check_turns(job)
        if job.max_tokens < 1:
            raise ValidationError(f"max_tokens is {job.max_tokens}; it must be at least 1.")
        most = self.most_output(job.model)
        if most is not None and job.max_tokens > most:
            raise ValidationError(f"max_tokens is {job.max_tokens:,}; {job.model} gives at most {most:,}. Lower it.")
        for name, reason in self.unknown_params(job).items():
            raise ValidationError(f"The parameter {name!r} cannot be sent to {self.errors.label}: {reason}")
        for name, reason in self.model_refuses(job).items():
            raise ModelNotSupportedError(f"{job.model} does not take {name!r}: {reason}", provider=self.name)
        schema = answer_schema(job)
        if schema is not None and (problem := refusal(schema, self.name)):
            # Inside the envelope for quotes the user's fields stand under `answer`.
            raise ValidationError(problem.replace("`answer.", "`"))
        self.check_files(job)

    def check_files(self, job: Job) -> None:
        """Raise `ValidationError` for files, or a whole request, that this provider cannot take."""
        self._check_documents(job)
        size = self.encoded_size(job)
        if size > self.limits.row_bytes:
            whose = ", ".join(f"{d.name} ({d.size / 1e6:,.1f} MB)" for d in job.documents[:5])
            raise ValidationError(
                f"The request{f' with {whose}' if whose else ''} is up to {size / 1e6:,.0f} MB; {self.errors.label} "
                f"takes {self.limits.row_bytes / 1e6:,.0f} MB. Attach fewer or smaller documents."
            )

    def refused_params(self, job: Job) -> dict[str, str]:
        """Return the parameters (`temperature` among them) that cannot be sent with this model, each with the reason.

        Shared defaults among them may be left out with a warning; a job that names one is refused by `check`.
        """
        return {**self.unknown_params(job), **self.model_refuses(job)}

    @abstractmethod
    def unknown_params(self, job: Job) -> dict[str, str]:
        """Return those of `job.params` that the API does not have, or that are ours to set, with the reason."""

    @abstractmethod
    def model_refuses(self, job: Job) -> dict[str, str]:
        """Return the parameters that the API has and the model refuses, with the reason."""

    @abstractmethod
    def most_output(self, model: str) -> int | None:
        """Return the most output tokens a model gives, or None where it is not known."""

    @abstractmethod
    def accepts(self, document: Document) -> None:
        """Raise `ValidationError` if the provider does not take such a file."""

    @abstractmethod
    def request_of(self, job: Job, attachments: Attachments) -> JsonObject:
        """Return the body of the job's request."""

    @abstractmethod
    def count_tokens(self, job: Job) -> int | None:
        """Return the provider's own count of the job's input tokens, or None where it has no free endpoint."""

    def encoded_size(self, job: Job) -> int:
        """Return an upper bound of the job's encoded row in bytes, without reading its files."""
        latest = self._sized
        if latest is None or latest[0] is not job:  # it is asked for once more when a job has been checked
            attachments, extra = placeholders(job, uploads(job, self.sizes))
            size = len(jsonl.encode(self.request_of(job, attachments))) + extra + ROW_ID_BYTES + 96
            latest = self._sized = job, size
        return latest[1]

    def _check_turns(self, job: Job) -> None:
        kept = [message for message in job.messages if message.role != "system"]
        if not any(m.role == "user" and (m.text.strip() or m.documents) for m in kept):
            raise ValidationError("The prompt is empty: write at least one user section with text or a document.")
        for message in job.messages:
            if message.documents and message.role != "user":
                name = message.documents[0].name
                raise ValidationError(f"{name} is attached to the {message.role} section; attach it to a user section.")
            if message.role == "assistant" and not message.text.strip():
                raise ValidationError("An assistant section is empty; write its text or leave it out.")

    def _check_documents(self, job: Job) -> None:
        for document in job.documents:
            self.accepts(document)
        if job.cite == "native" and self.name != "anthropic":
            raise ValidationError(
                f"{self.errors.label} cites no documents of one's own natively; use `--cite auto` or `--cite quotes`."
            )

    def _accepts(self, document: Document, *, pdf_bytes: int, image_bytes: int, pages: int) -> None:
        """The checks that differ in numbers only."""
        label = self.errors.label
        if document.kind == "image" and document.media_type not in self.image_types:
            kinds = ", ".join(sorted(kind.removeprefix("image/") for kind in self.image_types))
            raise ValidationError(
                f"{document.name}: {label} does not take {document.media_type} images; convert it to one of {kinds}."
            )
        most = {"pdf": pdf_bytes, "image": image_bytes}.get(document.kind)
        if most is not None and document.size > most:
            raise ValidationError(
                f"{document.name} has {document.size / 1e6:,.1f} MB; {label} takes at most {most / 1e6:,.1f} MB. "
                "Make it smaller or split it."
            )
        if document.pages is not None and document.pages > pages:
            raise ValidationError(
                f"{document.name} has {document.pages:,} pages; {label} takes at most {pages:,}. Split it."
            )

    # ------------------------------------------------------------------ errors

    @contextmanager
    def translated(self, *, creating: bool = False) -> Iterator[None]:
        """Turn whatever the SDK or the transport raises inside into a `ProviderError`; ours pass."""
        try:
            yield
        except BatchataError:
            raise
        except Exception as error:
            raise self.errors.translate(error, secrets=self._secrets(), creating=creating) from error

    def _secrets(self) -> list[str]:
        return [
            source[name].strip()
            for source in (self._environment, os.environ)
            for name in (*self.keys, self.errors.variable)
            if source.get(name)
        ]


def _other_place() -> str:
    """Where a key can be kept other than in the environment."""
    if "google.colab" in sys.modules:
        return "add it to Colab's secrets (the key symbol at the left) and switch on its notebook access"
    return "write it into a `.env` file beside the notebook"
