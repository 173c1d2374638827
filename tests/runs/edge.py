"""The far edge for runner tests: a provider that does as the test says, and a clock that the test holds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from batchata_nb.core import events as ev
from batchata_nb.core.jobs import Document, Job, JsonObject, Message
from batchata_nb.core.pricing import Price, Rate
from batchata_nb.core.results import Reply, Usage
from batchata_nb.providers.base import BatchStatus, Found, Limits, Row
from batchata_nb.runs.clock import Clock
from batchata_nb.runs.context import Context
from batchata_nb.runs.drive import Drive
from batchata_nb.runs.records import JobRecord, Sizing
from batchata_nb.runs.settling import digest
from batchata_nb.runs.store import Store

LIMITS = Limits(rows=100, bytes=10**9, row_bytes=10**6, mixed_models=True, window_hours=24)
FLAT = Price(input=Rate(Decimal(1)), output=Rate(Decimal(1)))
"""One dollar per million tokens, in and out."""


class HeldClock(Clock):
    """Time stands still until the test moves it."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    def jitter(self) -> float:
        return 0.5


def work_now(fn: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
    """Make a call at once, and hand on what came of it."""
    try:
        result = fn()
    except Exception as error:  # noqa: BLE001 — handed to `done`
        done(None, error)
    else:
        done(result, None)


@dataclass
class Edge:
    """A provider in memory. `submitting`, `polling`, `fetching` hold what the next calls do: raise, or None."""

    name: str = "edge"
    limits: Limits = LIMITS
    batches: dict[str, list[Row]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    submitting: list[Exception | None] = field(default_factory=list)
    lost_answers: int = 0
    polling: list[Any] = field(default_factory=list)
    fetching: list[Exception | None] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    finds: list[Found | Exception] = field(default_factory=list)
    replies: Callable[[str, Row], list[Reply]] = lambda batch_id, row: [ok(row)]
    calls: list[str] = field(default_factory=list)

    def check(self, job: Job) -> None:
        """All is well."""

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        from batchata_nb.documents.files import read

        self.calls.append("submit")
        for row in rows:
            for document in row.job.documents:
                read(document)
        error = self.submitting.pop(0) if self.submitting else None
        if error is not None and not getattr(error, "accepted", False):
            raise error
        batch_id = f"b{len(self.batches) + 1}"
        self.batches[batch_id], self.tags[tag] = list(rows), batch_id
        if error is not None:
            raise error
        return batch_id

    def poll(self, batch_id: str) -> BatchStatus:
        self.calls.append("poll")
        step = self.polling.pop(0) if self.polling else BatchStatus("ended", "completed")
        if isinstance(step, Exception):
            raise step
        return step

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        self.calls.append("fetch")
        error = self.fetching.pop(0) if self.fetching else None
        for number, row in enumerate(self.batches[batch_id]):
            if error is not None and number == 1:
                raise error
            yield from self.replies(batch_id, row)

    def cancel(self, batch_id: str) -> None:
        self.cancelled.append(batch_id)

    def find(self, tag: str, since: datetime, rows: int) -> Found:
        self.calls.append("find")
        if self.finds:
            step = self.finds.pop(0)
            if isinstance(step, Exception):
                raise step
            return step
        return Found(self.tags.get(tag))

    def count_tokens(self, job: Job) -> int | None:
        return 500


def ok(row: Row, text: str = "fine", tokens: int = 100) -> Reply:
    return Reply(row.row_id, "succeeded", text=text, usage=Usage(tokens, tokens), model=row.job.model)


def failed(row: Row, *, retryable: bool) -> Reply:
    kind = "provider_error" if retryable else "invalid_request"
    return Reply(row.row_id, "errored", error_kind=kind, error="no luck", retryable=retryable)


class FlatPrices:
    """Every model costs the same."""

    def expected(self, provider: str, model: str, at: datetime) -> Price:
        return FLAT

    def live(self, provider: str, model: str, at: datetime) -> Price:
        return Price(input=Rate(Decimal(2)), output=Rate(Decimal(2)))

    def settled(self, provider: str, asked: str, reported: str | None, at: datetime, *, live: bool = False) -> Price:
        return self.live(provider, asked, at) if live else FLAT

    def reserve(self, provider: str, model: str, at: datetime, window_hours: float) -> Price:
        return FLAT


def job(number: int, *, documents: tuple[Document, ...] = (), max_tokens: int = 1000) -> Job:
    return Job(f"job-{number}", "edge", "m", (Message("user", f"question {number}", documents),), max_tokens)


class Desk:
    """A run on a store, driven step by step without a thread."""

    def __init__(self, path: Path, edge: Edge | None = None, clock: HeldClock | None = None, owner: str = "me") -> None:
        self.edge = edge or Edge()
        self.clock = clock or HeldClock()
        self.store = Store(path)
        self.owner = owner
        self.parked: list[Callable[[], None]] | None = None
        self.woken: list[str] = []
        self._ids = itertools.count(1)

    def context(self) -> Context:
        def work(fn: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
            if self.parked is not None:
                self.parked.append(lambda: work_now(fn, done))
            else:
                work_now(fn, done)

        return Context(
            store=self.store, provider=lambda _: self.edge, prices=FlatPrices(), clock=self.clock, work=work,  # type: ignore[arg-type,return-value]
            call=lambda fn: fn(), owner=self.owner, models={}, wake=self.woken.append,
        )  # fmt: skip

    def start(self, jobs: Sequence[Job], *, name: str = "run", bound: int | None = 1000, **options: Any) -> Drive:
        records = [
            JobRecord(j, Sizing(row, j.fingerprint, j.provider, j.model, bound, 100, j.max_tokens))
            for row, j in enumerate(jobs)
        ]
        spec = {"models": ["m"], "poll_interval": 10.0, "items_per_batch": options.pop("items_per_batch", None)}
        spec["budget"] = options.pop("budget", None)
        usable, under_way = self.store.known([r.fingerprint for r in records])
        first: list[ev.Event] = [ev.Started(self.clock.now(), len(records), **options)]
        if usable:
            first.append(ev.Reused(self.clock.now(), tuple(r.row for r in records if r.fingerprint in usable)))
        if under_way:
            first.append(ev.Elsewhere(self.clock.now(), tuple(r.row for r in records if r.fingerprint in under_way)))
        run_id = f"r{self.owner}{next(self._ids)}"
        return self.open(self.store.create_run(run_id, name, self.clock.now(), digest(records), spec, records, first))

    def open(self, run_id: str) -> Drive:
        record = self.store.run(run_id)
        assert record is not None
        return Drive(self.context(), record)

    def run(self, drive: Drive, most: int = 400) -> Drive:
        """Step, moving the clock to whatever is due next, until the run is over."""
        for _ in range(most):
            if drive.state.over:
                return drive
            self.clock.at = max(drive.step(), self.clock.at)
        raise AssertionError(f"not over after {most} steps: {drive.summary()['words']}")
