"""`BatchRun`: the user's handle on a run, live while it goes on, and a sequence of its results."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..core.errors import BatchataError, TimeoutError, ValidationError
from ..core.jobs import Document, Job, JsonObject
from ..core.results import JobResult
from . import pages
from .answers import result_of
from .drive import Drive
from .environment import in_kernel
from .schemas import schema_key
from .store import JobRecord, Store

if TYPE_CHECKING:
    from .estimate import Estimate

SLICE = 0.1
"""Seconds between two looks while waiting, so that an interrupt lands at once."""
READ_AT_ONCE = 500
FAILED = ("invalid", "errored", "expired", "missing", "held")


class BatchRun(Sequence[JobResult]):
    """A started batch: a sequence of `JobResult` in job order, also by job id.

    Everything is read from the store when asked for; nothing is kept twice.
    """

    is_dry = False

    def __init__(
        self,
        drive: Drive,
        store: Store,
        models: Mapping[str, type[Any]],
        *,
        frame_kind: str | None = None,
        index: Sequence[Any] = (),
        skipped: Sequence[str] = (),
    ) -> None:
        self.drive = drive
        self.store = store
        self.frame_kind = frame_kind
        self.frame_index = list(index)
        self.skipped = list(skipped)
        self._models = dict(models)
        self._rows: dict[str, int] | None = None

    # identity and state

    @property
    def name(self) -> str:
        """The name the run is bound to."""
        return self.drive.state.name

    @property
    def run_id(self) -> str:
        """The run's id in the store."""
        return self.drive.state.run_id

    @property
    def is_final(self) -> bool:
        """Whether nothing is under way, nothing will be sent, and all views know it."""
        return self.drive.state.over is not None and self.drive.published == self.drive.rev

    @property
    def is_complete(self) -> bool:
        """As `is_final`; batchata's name for it."""
        return self.is_final

    def __repr__(self) -> str:
        return f"<BatchRun {self.name}: {self.summary()['words']}>"

    def summary(self) -> JsonObject:
        """What a dashboard shows now; constant size."""
        return self.drive.summary()

    def status(self, print_status: bool = False) -> dict[str, Any]:
        """Return counts and cost under batchata's keys, and print them where asked to."""
        state = self.drive.state
        counts, ledger = state.counts, state.ledger
        open_count = len(state.open_submissions)
        active = counts["submitting"] + counts["running"]
        stats = {
            "total": state.total,
            "pending": counts["pending"] + counts["elsewhere"],
            "active": active,
            "completed": counts["succeeded"],
            "failed": sum(counts[name] for name in FAILED),
            "cancelled": counts["cancelled"],
            "cost_usd": float(ledger.spent),
            "cost_limit_usd": None if ledger.limit is None else float(ledger.limit),
            "is_complete": self.is_final,
            "batches_total": len(state.submissions),
            "batches_completed": len(state.submissions) - open_count,
            "batches_pending": open_count,
            "current_batch_index": len(state.submissions),
            "current_batch_size": active,
            "items_per_batch": self.drive.spec.get("items_per_batch"),
        }
        if print_status:
            print(f"{self.name}: {self.summary()['words']}")
            print("\n".join(f"  {key}: {value}" for key, value in stats.items()))
        return stats

    def batches(self) -> dict[str, dict[str, Any]]:
        """Return each submission's progress under batchata's keys, by the provider's batch id."""
        return {
            s.batch_id or s.tag: {
                "start_time": s.at,
                "status": {"closed": "complete", "failed": "failed"}.get(s.state, "running"),
                "total": len(s.rows),
                "completed": s.done if s.is_open and s.done is not None else s.accounted,
                "failed": s.failed or 0,
                "provider": s.provider,
            }
            for s in self.drive.state.submissions.values()
        }

    # results

    def __len__(self) -> int:
        return self.drive.state.total

    @overload
    def __getitem__(self, key: int | str) -> JobResult: ...
    @overload
    def __getitem__(self, key: slice) -> list[JobResult]: ...
    def __getitem__(self, key: int | str | slice) -> JobResult | list[JobResult]:
        if isinstance(key, slice):
            return self._load(range(len(self))[key])
        if isinstance(key, str):
            return self._load([self.row_of(key)])[0]
        try:
            return self._load([range(len(self))[key]])[0]
        except IndexError:
            raise IndexError(f"{self.name} has {len(self)} jobs; there is no {key}.") from None

    def __iter__(self) -> Iterator[JobResult]:
        for start in range(0, len(self), READ_AT_ONCE):
            yield from self._load(range(start, min(start + READ_AT_ONCE, len(self))))

    def row_of(self, job_id: str) -> int:
        """Return the row of a job id.

        Raises:
            KeyError: There is no such job.
        """
        if self._rows is None:
            self._rows = {found: row for row, found in enumerate(self.job_ids)}
        if job_id not in self._rows:
            raise KeyError(f"{self.name} has no job {job_id!r}.")
        return self._rows[job_id]

    @property
    def job_ids(self) -> list[str]:
        """All job ids, in job order."""
        return self.store.job_ids(self.run_id)

    def _load(self, rows: Sequence[int]) -> list[JobResult]:
        jobs = self.store.jobs(self.run_id, rows)
        bodies = self.store.results(self.run_id, rows)
        return [self._result(row, job, bodies.get(row)) for row, job in zip(rows, jobs, strict=True)]

    def _result(self, row: int, job: Job, body: JsonObject | None) -> JobResult:
        state = self.drive.state
        status = state.state_of(row)
        if body is None or (
            status != body["status"] and status not in ("succeeded", "pending", "running", "submitting")
        ):
            kind = "cost_limit" if status == "held" else state.kinds.get(row)
            error = {
                "cost_limit": "The cost limit leaves no room for it; raise the limit to send it.",
                "cancelled": "Cancelled before it was sent.",
                "time_limit": "The time limit was reached before it was sent.",
            }.get(kind or "", state.messages.get(kind or ""))
            status = {"elsewhere": "pending"}.get(status, status)
            return JobResult(
                job.id, status=status, model=job.model, error=error, error_kind=kind,  # type: ignore[arg-type]
                attempts=state.attempts[row], documents=tuple(d.name for d in job.documents),
            )  # fmt: skip
        result = result_of(body, self._models.get(schema_key(job.schema)), attempts=state.attempts[row])
        result.job_id = job.id
        return result

    @property
    def outputs(self) -> list[Any]:
        """The parsed answers in job order, None where a job has none; plain text where no schema was given."""
        return [
            (r.parsed_response if r.parsed_response is not None else r.raw_response or None) if r.is_success else None
            for r in self
        ]

    def results(self, wait: bool = True) -> dict[str, list[JobResult]]:
        """Return results by status: `completed`, `failed`, `cancelled`; waits for the end unless told not to."""
        if wait:
            self.wait()
        found: dict[str, list[JobResult]] = {"completed": [], "failed": [], "cancelled": []}
        for result in self:
            group = {"succeeded": "completed", "cancelled": "cancelled"}.get(result.status)
            group = group or ("failed" if result.status in FAILED else None)
            if group:
                found[group].append(result)
        return found

    def get_failed_jobs(self) -> dict[str, str]:
        """Return the error of each failed job by its id."""
        return {r.job_id: r.error or r.status for r in self.results(wait=False)["failed"]}

    def to_df(self) -> Any:
        """Return a frame of the library that came in (else pandas): ids, fields flattened by dots, status, error, cost, tokens, pages."""
        from .export import to_df

        return to_df(self)

    def to_jsonl(self, path: str | Path) -> Path:
        """Write one result a line, whole or not at all; returns the path."""
        from .export import to_jsonl

        return to_jsonl(self, Path(path))

    def export_html(self, path: str | Path) -> Path:
        """Write one HTML file that needs nothing else: the table, and each field's evidence as an image crop or quote."""
        from .report import export_html

        return export_html(self, Path(path))

    def estimate(self) -> Estimate:
        """Return what the run as a whole was expected to cost."""
        from . import environment
        from .estimate import estimate

        practice = bool(self.drive.spec.get("practice"))
        jobs = self.store.jobs(self.run_id, range(len(self)))
        sizings = self.store.sizings(self.run_id)
        found = [JobRecord(s.row, job, s.fingerprint, s.bound, s.size) for s, job in zip(sizings, jobs, strict=True)]
        limits = {
            name: environment.provider(name, self.store.path.parent, practice=practice).limits
            for name in {s.provider for s in sizings}
        }
        limit = self.drive.state.ledger.limit
        return estimate(
            found,
            self.drive.context.prices,
            limits,
            None if limit is None else str(limit),
            self.drive.spec.get("items_per_batch"),
        )

    # waiting

    def wait(
        self, timeout: float | None = None, *, each: Callable[[dict[str, Any], float, dict[str, Any]], None] | None = None, interval: float = 1.0
    ) -> BatchRun:  # fmt: skip
        """Wait for the end; an interrupt ends the waiting, and the run goes on.

        Args:
            timeout: Seconds, or None for as long as it takes.
            each: Called every `interval` seconds with `(stats, elapsed_seconds, batches)`, and once at the end.

        Raises:
            TimeoutError: The run is not over; it goes on.
            BatchataError: What stopped the run.
        """
        end = None if timeout is None else time.monotonic() + timeout
        due = 0.0
        try:
            while not self.is_final:
                if each is not None and time.monotonic() >= due:
                    due = time.monotonic() + interval
                    each(self.status(), self.summary()["elapsed"], self.batches())
                if end is not None and time.monotonic() >= end:
                    raise TimeoutError(f"{self.name} is still running; it goes on.")
                time.sleep(SLICE)
        except KeyboardInterrupt:
            print(f"Stopped waiting. {self.name} goes on; {self.name}.cancel() stops it.", file=sys.stderr)
            if not in_kernel():
                raise
            return self
        if each is not None:
            each(self.status(), self.summary()["elapsed"], self.batches())
        return self._ended()

    def _ended(self) -> BatchRun:
        if self.drive.crash is not None:
            raise self.drive.crash
        return self

    def __await__(self) -> Generator[Any, None, BatchRun]:
        async def poll() -> BatchRun:
            while not self.is_final:
                await asyncio.sleep(SLICE)  # short: an idle loop is deaf to interrupts
            return self._ended()

        return poll().__await__()

    # commands

    def tell(self, command: str, **args: Any) -> None:
        """Carry out a command on the runner's thread, and wait for that.

        Raises:
            BatchataError: It cannot be done; says why.
        """
        from .launch import runner

        runner().call(lambda: self.drive.command(command, args))

    def command(self, name: str, args: Mapping[str, Any], ack: Callable[[str | None], None]) -> None:
        """Post a command; `ack` is called on the runner's thread with None, or with why it cannot be done."""

        def carry_out() -> None:
            try:
                self.drive.command(name, args)
            except BatchataError as error:
                ack(str(error))
            else:
                ack(None)

        self.post(carry_out)

    def cancel(self) -> BatchRun:
        """Cancel the run: providers are asked to stop, and what has finished is kept."""
        self.tell("cancel")
        return self

    def pause(self) -> BatchRun:
        """Send nothing more until resumed; batches under way go on."""
        self.tell("pause")
        return self

    def resume(self) -> BatchRun:
        """Go on sending."""
        self.tell("resume")
        return self

    def retry_failed(self, kind: str | None = None) -> BatchRun:
        """Send failed and cancelled jobs again, all or those of one `error_kind`."""
        self.tell("retry_failed", kind=kind)
        return self

    def set_cost_limit(self, usd: float | str | Decimal | None) -> BatchRun:
        """Set the ceiling anew; held jobs that now fit are sent."""
        self.tell("raise_limit", usd=None if usd is None else str(usd))
        return self

    def shutdown(self) -> None:
        """Do nothing: runs share one background thread that ends with the process. Kept for batchata programs."""

    # for views

    def subscribe(self, fn: Callable[[JsonObject], None]) -> Callable[[], None]:
        """Call `fn(summary)` on the runner's thread when something changed; returns what ends that."""

        def add() -> None:
            self.drive.subscribers.append(fn)
            fn(self.drive.summary())

        def remove() -> None:
            if fn in self.drive.subscribers:
                self.drive.subscribers.remove(fn)

        self.post(add)
        return lambda: self.post(remove)

    def post(self, fn: Callable[[], None]) -> None:
        """Have a function run on the runner's thread."""
        from .launch import runner

        runner().post(fn)

    def work(self, fn: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Run `fn` on a worker, then `done(result, error)` on the runner's thread."""
        self.drive.context.work(fn, done)

    def rows(
        self, start: int, n: int, *, state: str | None = None, text: str | None = None, order: Mapping[str, Any] | None = None
    ) -> tuple[int, list[JsonObject]]:  # fmt: skip
        """Return how many rows match, and one page of them, for tables."""
        return pages.rows(self.store, self.drive.state, start, n, only=state, text=text, order=order)

    def detail(self, row: int) -> JsonObject:
        """Return all of one result, for the evidence view."""
        return pages.detail(self.store, self.drive.state, row)

    def document(self, row: int, number: int) -> Document:
        """Return a document of a job.

        Raises:
            ValidationError: There is no such row or document.
        """
        if not 0 <= row < len(self):
            raise ValidationError(f"{self.name} has no row {row}.")
        documents = self.store.job(self.run_id, row).documents
        if not 0 <= number < len(documents):
            raise ValidationError(f"Job {row} has no document {number}.")
        return documents[number]


class DryRun(BatchRun):
    """A planned batch: priced, and neither sent nor recorded."""

    is_dry = True

    def __init__(self, name: str, found: Sequence[JobRecord], priced: Estimate, spec: JsonObject) -> None:
        self._name = name
        self._found = list(found)
        self._estimate = priced
        self._spec = spec

    @property
    def name(self) -> str:
        """The name the run would have."""
        return self._name

    @property
    def run_id(self) -> str:
        """Empty: nothing was recorded."""
        return ""

    @property
    def is_final(self) -> bool:
        """Always: nothing is under way."""
        return True

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<DryRun {self.name}: nothing was sent>\n{self._estimate}"

    @property
    def job_ids(self) -> list[str]:
        """The ids the jobs would have."""
        return [record.job.id for record in self._found]

    def _load(self, rows: Sequence[int]) -> list[JobResult]:
        jobs = [self._found[row].job for row in rows]
        return [
            JobResult(
                job.id, status="pending", model=job.model, attempts=0, documents=tuple(d.name for d in job.documents)
            )
            for job in jobs
        ]

    def status(self, print_status: bool = False) -> dict[str, Any]:
        """Return counts under batchata's keys: all pending."""
        limit = self._estimate.limit
        return {
            "total": len(self), "pending": len(self), "active": 0, "completed": 0, "failed": 0, "cancelled": 0, "cost_usd": 0.0,
            "cost_limit_usd": None if limit is None else float(limit), "is_complete": False, "batches_total": self._estimate.batches,
            "batches_completed": 0, "batches_pending": self._estimate.batches, "current_batch_index": 0, "current_batch_size": 0,
            "items_per_batch": self._spec.get("items_per_batch"),
        }  # fmt: skip

    def batches(self) -> dict[str, dict[str, Any]]:
        """Return nothing: no batch was made."""
        return {}

    def estimate(self) -> Estimate:
        """Return what it would cost."""
        return self._estimate

    def _ended(self) -> BatchRun:
        return self

    def summary(self) -> JsonObject:
        """Return a summary in which nothing was sent."""
        return {
            "name": self.name,
            "state": "planned",
            "words": "Dry run: nothing was sent",
            "total": len(self),
            "elapsed": 0,
        }

    def tell(self, command: str, **args: Any) -> None:
        """Refuse: a dry run takes no commands."""
        raise ValidationError(
            f"{self.name} is a dry run; nothing was sent, so there is nothing to {command.replace('_', ' ')}."
        )
