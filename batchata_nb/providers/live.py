"""A provider's real-time API behind the verbs of a batch API: for endpoints without batches, and for haste.

The "batch" lives on this machine: workers send its rows one by one, as many at once as the endpoint bears, and each
answer is on disk before the next step depends on it. After a crash, rows that were never sent are sent again; a row
that was sent and whose answer was lost has no line, so it is booked at its worst case.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ..core.errors import CredentialsError, ProviderError, ValidationError
from ..core.jobs import Document, Job, JsonObject
from ..core.results import Reply, Usage
from ..wire import jsonl
from .answering import ask, read
from .base import BatchStatus, Found, Limits, Provider, Row
from .common import SdkProvider
from .errors import UNREACHED, is_refused_tls
from .live_pass import MOST, Gate, Pass
from .single import held

TRIES, PAUSE, LONGEST, MOST_WAIT = 6, 1.0, 120.0, 3600.0
"""How often a request is tried that meets a fault in passing, and the waiting between, in seconds: doubling from the
first to the longest, or as long as the endpoint says, up to the last. Rate limits are waited out however long they are,
and so is an endpoint that cannot be reached any more after it has answered."""


class LiveProvider:
    """A provider whose batches are sent in real time from this process.

    Args:
        inner: The provider that checks, encodes and is asked.
        folder: Where answers are kept until they are collected.
    """

    def __init__(self, inner: SdkProvider, folder: Path) -> None:
        self.inner = inner
        self.name = inner.name
        self.folder = folder
        self.limits = Limits(100_000, 1 << 40, inner.limits.row_bytes, mixed_models=True, window_hours=2)
        self.gate = Gate()
        self._passes: dict[str, Pass] = {}

    # what the inner provider knows

    @property
    def notes(self) -> list[str]:
        """What the endpoint was found to take, one sentence each."""
        return list(getattr(self.inner, "notes", ()))

    def ready(self) -> None:
        """Raise `CredentialsError` naming the variable, if no key is set."""
        self.inner.ready()

    def check(self, job: Job) -> None:
        """Raise for what the provider cannot take."""
        self.inner.check(job)

    def accepts(self, document: Document) -> None:
        """Raise `ValidationError` if the provider does not take such a file."""
        self.inner.accepts(document)

    def encoded_size(self, job: Job) -> int:
        """Return an upper bound of the job's request in bytes."""
        return self.inner.encoded_size(job)

    def count_tokens(self, job: Job) -> int | None:
        """Return the provider's own count of the job's input tokens."""
        return cast("Provider", self.inner).count_tokens(job)

    def most_output(self, model: str) -> int | None:
        """Return the most output tokens that a model gives, where that is known."""
        return self.inner.most_output(model)

    # verbs

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        """Start sending; returns at once. The batch id is the tag."""
        path = self._path(tag)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            out.write(jsonl.encode({"rows": [row.row_id for row in rows]}) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        current = self._passes[tag] = Pass(path, len(rows), deque(rows))
        current.working = min(MOST, len(rows))
        for number in range(current.working):
            threading.Thread(
                target=self._work, args=(current,), name=f"batchata-live-{tag}-{number}", daemon=True
            ).start()
        return tag

    def poll(self, batch_id: str) -> BatchStatus:
        """Say how far the sending is; one that was begun by a process that ended has ended."""
        current = self._passes.get(batch_id)
        if current is None:
            return BatchStatus("ended", "interrupted")
        state = "ended" if current.over else "cancelling" if current.cancelled else "running"
        word = "cancelled" if current.cancelled else "stopped" if current.stopped else current.word
        return BatchStatus(
            state,  # type: ignore[arg-type]
            word,
            total=current.total,
            done=current.done,
            failed=current.failed,
            reason=current.stopped,
        )

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        """Yield what came back, then what was never sent."""
        current = self._passes.get(batch_id)
        if current is None:  # whoever began it may only stand still: from now on it sends nothing more of it
            began = Pass(self._path(batch_id), 0, deque())
            with held(began.gate):
                began.closed.touch()
        rows: list[str] = []
        seen: set[str] = set()
        with self._path(batch_id).open("rb") as lines:
            for line in jsonl.split(iter(lambda: lines.read(1 << 20), b"")):
                found = jsonl.parse(line)
                if found is None:
                    continue  # the last words of a process that was killed while writing
                rows = found.get("rows", rows)
                if "sent" in found:
                    seen.add(found["sent"])
                elif "unsent" in found:
                    seen.discard(found["unsent"])
                elif "answer" in found:
                    yield read(self.name, found["row"], found["answer"])
                elif "reply" in found:
                    reply = found["reply"]
                    yield Reply(**{**reply, "usage": Usage(**reply["usage"])})
        for row_id in rows:
            if row_id not in seen:
                yield self._never_sent(row_id, current)

    def cancel(self, batch_id: str) -> None:
        """Send nothing more; what is under way may finish."""
        if batch_id in self._passes:
            self._passes[batch_id].cancelled = True
            self._passes[batch_id].halt.set()
            with self.gate.condition:
                self.gate.condition.notify_all()

    def find(self, tag: str, since: datetime, rows: int) -> Found:
        """Look for the file of a submission: it is there if sending began."""
        return Found(tag if self._path(tag).exists() else None)

    # workers

    def _path(self, tag: str) -> Path:
        return self.folder / f"{tag}.jsonl"

    def _never_sent(self, row_id: str, current: Pass | None) -> Reply:
        if current is not None and current.cancelled:
            return Reply(row_id, "cancelled", error_kind="cancelled", error="Cancelled before it was sent.")
        if current is not None and current.stopped:
            return Reply(row_id, "errored", error_kind="provider_error", error=current.stopped)
        why = "The process ended before it was sent."
        return Reply(row_id, "expired", error_kind="expired", error=why, retryable=True, unsent=True)

    def _work(self, current: Pass) -> None:
        try:
            while not current.halt.is_set():
                try:
                    row = current.waiting.popleft()
                except IndexError:
                    return
                self._send(current, row)
        except OSError as error:  # what cannot be recorded is not sent: without this the others would wait for ever
            current.stop(f"Answers cannot be kept in {current.path.parent}: {error.strerror or error}.")
        except Exception as error:  # noqa: BLE001 — the rest is not sent, and whoever waits is told
            current.stop(f"Sending was stopped by a fault: {type(error).__name__}: {error}")
        finally:
            with current.lock:
                current.working -= 1

    def _send(self, current: Pass, row: Row) -> None:
        """Send one row until it is answered, refused for good, or lost."""
        refusals = {True: 0, False: 0}
        while True:
            self.gate.enter(current.halt)
            answered, wait = False, 0.0
            try:
                if current.halt.is_set() or not current.begin(row):
                    return
                try:
                    answer = ask(self.inner, row.job)
                except (ProviderError, ValidationError) as error:
                    found = error if isinstance(error, ProviderError) else ProviderError(str(error))
                    refusals[found.quota] += 1
                    if not self._may_repeat(current, found, refusals[False]):
                        self._failed(current, row, found)
                        return
                    wait = _wait(found, refusals[found.quota])
                    current.write({"unsent": row.row_id})  # it was certainly not answered
                    if found.quota:
                        current.word = "told to slow down"
                        self.gate.slow()
                        current.halt.wait(wait)
                else:
                    current.write({"row": row.row_id, "answer": answer})
                    current.done += 1
                    answered, current.word = True, "live"
                    return
            finally:
                self.gate.leave(answered=answered)
            if not found.quota:
                current.word = "trying again"
                current.halt.wait(wait)

    def _may_repeat(self, current: Pass, error: ProviderError, tries: int) -> bool:
        """Whether a request that failed is sent again here; what may have been answered and billed never is."""
        if not error.retryable:
            return False
        if error.quota:
            return True
        if _unreached(error):
            return tries < TRIES or current.done > 0
        return error.status is not None and tries < TRIES

    def _failed(self, current: Pass, row: Row, error: ProviderError) -> None:
        unreached = _unreached(error)
        at_fault = isinstance(error, CredentialsError) or error.status in (401, 402, 403)
        if at_fault or unreached or is_refused_tls(error):
            current.stop(str(error))
        # No status: its answer was lost on the way, or could not be read, and it may have been billed.
        lost = error.retryable and error.status is None and not unreached
        kind: Any = "provider_error" if error.retryable or current.stopped else "invalid_request"
        reply = Reply(
            row.row_id, "errored", error_kind=kind, error=str(error), retryable=error.retryable, metered=not lost
        )
        current.write({"reply": {**asdict(reply), "native": None}})
        current.failed += 1


def _wait(error: ProviderError, times: int) -> float:
    """Seconds until a request is sent again that has been refused so many times."""
    if error.retry_after is not None:
        return min(max(error.retry_after, PAUSE), MOST_WAIT)
    return min(PAUSE * 2.0 ** min(times - 1, 10), LONGEST)


def _unreached(error: ProviderError) -> bool:
    """Whether the request certainly never arrived."""
    return error.status is None and UNREACHED.says in str(error)
