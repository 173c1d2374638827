"""`BatchRun`: the user's handle on a run, live while it goes on, and a sequence of its results."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..core.errors import TimeoutError
from ..core.jobs import Job, JsonObject
from ..core.results import JobResult
from .answers import result_of
from .drive import Drive
from .environment import in_kernel
from .familiar import Familiar
from .handle import FAILED
from .records import JobRecord
from .schemas import SchemaKeys, schema_key
from .store import Store

if TYPE_CHECKING:
    from .agreement import Agreement
    from .estimate import Estimate

SLICE = 0.1
"""Seconds between two looks while waiting, so that an interrupt lands at once."""
READ_AT_ONCE = 500


class BatchRun(Familiar, Sequence[JobResult]):
    """A started batch: a sequence of `JobResult` in job order, also by job id.

    Everything is read from the store when asked for; nothing is kept twice. `Batch.run` and `%batchata attach` make it.

    Args:
        drive: What the runner's thread drives.
        store: The state store.
        models: Response models by the key of their schema.
        frame_kind: Library of the frame that came in, `pandas`, `polars` or `pyarrow`; None: another input.
        index: Labels of the input's rows, in job order.
        skipped: Why files were left out, a sentence each.
    """

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
        super().__init__(drive, store)
        self.frame_kind = frame_kind
        self.frame_index = list(index)
        self.skipped = list(skipped)
        self._models = dict(models)
        self._rows: dict[str, int] | None = None
        self._keys = SchemaKeys()

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
        """Return the row of a job id, from 0.

        Args:
            job_id: The job's id.

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
                job.id,
                status=status,
                model=job.model,
                error=error,
                error_kind=kind,  # type: ignore[arg-type]
                attempts=state.attempts[row],
                documents=tuple(d.name for d in job.documents),
            )
        result = result_of(body, self._models.get(self._keys.of(job.schema)), attempts=state.attempts[row])
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
        """Return results by status: `completed`, `failed`, `cancelled`.

        Args:
            wait: Wait for the end; False: what there is now.

        Raises:
            BatchataError: What stopped the run.
        """
        if wait:
            self.wait()
        found: dict[str, list[JobResult]] = {"completed": [], "failed": [], "cancelled": []}
        for result in self:
            group = {"succeeded": "completed", "cancelled": "cancelled"}.get(result.status)
            group = group or ("failed" if result.status in FAILED else None)
            if group:
                found[group].append(result)
        return found

    def to_df(self, reviewed: bool = False) -> Any:
        """Return a frame of the library that came in, else pandas: ids, fields by dots, status, cost, tokens, pages.

        Args:
            reviewed: Whether fields stand as a person left them: corrected values in place, rejected ones empty.
                Verdicts have columns of their own in any case: `field.review`, `reviewed_by`, `reviewed_at`.
        """
        from .export import to_df

        return to_df(self, reviewed)

    def to_jsonl(self, path: str | Path) -> Path:
        """Write one result a line as JSON, to a file that is whole or not there.

        Args:
            path: The file; folders are made as needed.

        Returns:
            The path.
        """
        from .export import to_jsonl

        return to_jsonl(self, Path(path))

    def export_html(self, path: str | Path) -> Path:
        """Write one HTML file that needs nothing else: the table, and each field with its evidence.

        Evidence is a picture of the place, or the words around it in a text. Pictures are crops of at most 1,200 × 600
        pixels, all together at most 25 MB; places after that are quoted in words. No result is left out.

        Args:
            path: The file.

        Returns:
            The path.
        """
        from .report import export_html

        return export_html(self, Path(path))

    def agreement(self, gold: Any = None, *, field: str | None = None) -> Agreement:
        """Compare the run's models field by field, by cost, and with gold values.

        Args:
            gold: What is right: a column in the order of the rows, a frame whose columns are fields, or item id to
                value; a value is that of one field, or a mapping of field path to value. None: nothing is judged.
            field: The field that single gold values are of; None: the only one there is.

        Raises:
            ValidationError: The run has one model only and there is no gold, or the gold values do not fit its items.
        """
        from .agreement import agreement

        return agreement(self, gold, field)

    def estimate(self) -> Estimate:
        """Return what the run as a whole was expected to cost."""
        from . import environment
        from .estimate import estimate

        practice = bool(self.drive.spec.get("practice"))
        jobs = self.store.jobs(self.run_id, range(len(self)))
        sizings = self.store.sizings(self.run_id)
        found = [JobRecord(job, sizing) for job, sizing in zip(jobs, sizings, strict=True)]
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
        self,
        timeout: float | None = None,
        *,
        each: Callable[[dict[str, Any], float, dict[str, Any]], None] | None = None,
        interval: float = 1.0,
    ) -> BatchRun:
        """Wait for the end; an interrupt ends the waiting, and the run goes on.

        Args:
            timeout: Seconds, or None for as long as it takes.
            each: Called with `(stats, elapsed_seconds, batches)` while it goes on, and once at the end.
            interval: Seconds between two such calls.

        Raises:
            TimeoutError: The run is not over; it goes on.
            BatchataError: What stopped the run.
        """
        clock = self.drive.context.clock
        end = None if timeout is None else clock.elapsed() + timeout
        due = 0.0
        try:
            while not self.is_final:
                if each is not None and clock.elapsed() >= due:
                    due = clock.elapsed() + interval
                    each(self.status(), self.summary()["elapsed"], self.batches())
                if end is not None and clock.elapsed() >= end:
                    raise TimeoutError(f"{self.name} is still running; it goes on.")
                clock.sleep(SLICE)
        except KeyboardInterrupt:
            if not in_kernel():
                sys.stderr.write(
                    f"Stopped waiting. What was sent of {self.name} goes on at the provider: the same program started "
                    "again goes on with it, and cancel() of its run stops it.\n"
                )
                raise
            sys.stderr.write(f"Stopped waiting. {self.name} goes on; {self.name}.cancel() stops it.\n")
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

    def attempts(self, key: int | str) -> list[JobResult]:
        """Return all answers that a job has had in this run, oldest first, each at its own cost.

        Args:
            key: The job's row, from 0, or its id.
        """
        row = self.row_of(key) if isinstance(key, str) else range(len(self))[key]
        job = self.store.job(self.run_id, row)
        model = self._models.get(schema_key(job.schema))
        bodies = self.store.attempts(self.run_id, row)
        return [result_of(body, model, attempts=number) for number, body in enumerate(bodies, 1)]
