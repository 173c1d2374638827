"""What a provider is: a few verbs over one batch API, and its limits.

A package of another maker adds one by an entry point in the group `batchata_nb.providers`: a name, and a class that is
called with a mapping of variables that stand above those of the environment (or None).
`python -m batchata_nb.testing module:Class` tries it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from ..core.jobs import Document, Job, JsonObject
from ..core.results import Reply

BatchState = Literal["queued", "running", "cancelling", "ended"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one batch may hold.

    Attributes:
        rows: Most requests in one batch.
        bytes: Most bytes of one batch's encoded requests (already 90 % of what the provider states).
        row_bytes: Most bytes of one encoded request.
        mixed_models: Whether one batch may name several models.
        window_hours: After so long the provider gives up on a batch.
    """

    rows: int
    bytes: int
    row_bytes: int
    mixed_models: bool
    window_hours: float


@dataclass(frozen=True, slots=True)
class Row:
    """A job with the id that stands on its wire row, `{tag}-{row}`; unlike job ids it suits every provider."""

    row_id: str
    job: Job


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """What a poll says of one batch.

    Attributes:
        state: `queued`, `running`, `cancelling` or `ended`; an unknown word of the provider's counts as running.
        word: The provider's own word, for people.
        total: Rows in the batch, where the provider counts them.
        done: Rows that ended well so far, where it counts them live.
        failed: Rows that ended badly so far, where it counts them live.
        reason: Why the whole batch failed, in one sentence, where it did.
        rejected: It ended without running anything (failed in validation): proof that nothing was charged.
        quota: It was rejected because a queue quota is full: the same rows may be sent later.
        no_results: It ended and there is nothing to fetch (a Gemini job that expired, say).
        handle: What `fetch` needs beside the id (file ids, URLs); JSON, kept in the store.
    """

    state: BatchState
    word: str
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    reason: str | None = None
    rejected: bool = False
    quota: bool = False
    no_results: bool = False
    handle: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The provider's list of batches, searched for a lost submission.

    `batch_id` set: that is the one. `candidates` not empty: one of these may be it, and only its rows will tell.
    Neither: the provider has no such batch.
    """

    batch_id: str | None = None
    candidates: tuple[str, ...] = ()


class Provider(Protocol):
    """One batch API. All verbs block, are called off the main thread, and raise only `ProviderError` kinds."""

    name: str
    limits: Limits

    def ready(self) -> None:
        """Raise `CredentialsError` naming the variable, if no key is set. No network."""

    def check(self, job: Job) -> None:
        """Raise `ValidationError` or `ModelNotSupportedError` for what this provider cannot take, before anything is
        sent: parameters the model refuses, schema features (naming the field), document kinds and sizes. No network."""

    def accepts(self, document: Document) -> None:
        """Raise `ValidationError` if the provider does not take such a file (type, size, pages). No network."""

    def encoded_size(self, job: Job) -> int:
        """Return an upper bound of the job's encoded row in bytes, without reading its files."""

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        """Upload what is needed, create one batch, return the provider's batch id.

        The create request goes out once, without SDK retries, with `tag` where the provider keeps one.
        Raises `ProviderError`; `.ambiguous` if the batch may exist all the same.
        """

    def poll(self, batch_id: str) -> BatchStatus:
        """Ask for the state of one batch: one request."""

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        """Yield the replies of an ended batch as they stream in, any order, from all its files.

        A line that cannot be read is yielded as a Reply with `row_id=None` and `error` set.
        """

    def cancel(self, batch_id: str) -> None:
        """Ask the provider to cancel; a batch that ended already is no error."""

    def find(self, tag: str, since: datetime, rows: int) -> Found:
        """Look a submission up in the provider's list: by tag, or by time (`since`, aware UTC) and number of rows."""

    def count_tokens(self, job: Job) -> int | None:
        """Return the provider's own count of the job's input tokens, or None where it has no free endpoint."""


@runtime_checkable
class ManyWays(Protocol):
    """What a provider has besides whose endpoints differ in the requests they take; a way is a text that names one."""

    def first_way(self) -> str | None:
        """Name the way in which requests are put to begin with; None where there is only one. No network."""

    def submit_in(self, way: str, tag: str, rows: Sequence[Row]) -> str:
        """Submit with the requests put in this way; raise what `other_way` knows if the endpoint lacks it."""

    def other_way(self, way: str, model: str, said: str) -> str | None:
        """Name the way that may be taken where this one was refused; None where another one would not help.

        Args:
            way: The way that was refused.
            model: The model that was asked.
            said: What the endpoint said; of a row, its status first.
        """
