"""The part of a run's handle that views and programs watch it by: its state, its pages, its commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Self

from ..core.errors import BatchataError, ValidationError
from ..core.jobs import Document, JsonObject
from . import comparing, pages
from .compat import JobsSent, batch_dict
from .drive import Drive
from .reviews import Reviewable
from .store import Store

FAILED = ("invalid", "errored", "expired", "missing", "held")


LONGEST_SEARCH = 1000


class Handle(Reviewable):
    """A run as watched from any thread; nothing here waits for the provider."""

    is_dry = False

    def __init__(self, drive: Drive, store: Store) -> None:
        self.drive = drive
        self.store = store

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

    @property
    def dashboard(self) -> Self:
        """The run itself, whose display in a notebook is the live dashboard."""
        return self

    def summary(self) -> JsonObject:
        """What a dashboard shows now; constant size."""
        return self.drive.summary()

    def status(self, print_status: bool = False) -> dict[str, Any]:
        """Return counts and cost (US dollars) under batchata's keys.

        Args:
            print_status: Print them too.
        """
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
            lines = [f"{self.name}: {self.summary()['words']}", *(f"  {key}: {value}" for key, value in stats.items())]
            sys.stdout.write("\n".join(lines) + "\n")
        return stats

    def batches(self) -> dict[str, dict[str, Any]]:
        """Return each submission's progress under batchata's keys, by the provider's batch id."""
        return {
            s.batch_id or s.tag: batch_dict(s, JobsSent(self.store, self.run_id, s.rows))
            for s in list(self.drive.state.submissions.values())
        }

    def subscribe(self, fn: Callable[[JsonObject], None]) -> Callable[[], None]:
        """Have a function called on the runner's thread when something changed.

        Args:
            fn: Takes the summary; must not wait.

        Returns:
            What ends that, when called.
        """

        def add() -> None:
            self.drive.subscribers.append(fn)
            fn(self.drive.summary())

        def remove() -> None:
            if fn in self.drive.subscribers:
                self.drive.subscribers.remove(fn)

        self.post(add)
        return lambda: self.post(remove)

    def post(self, fn: Callable[[], None]) -> None:
        """Have a function run on the runner's thread.

        Args:
            fn: The function; must not wait.
        """
        from .launch import runner

        runner().post(fn)

    def work(self, fn: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Run slow work on a worker thread, then go on on the runner's thread.

        Args:
            fn: The work.
            done: Called with what it returned and None, or with None and what it raised.
        """
        self.drive.context.work(fn, done)

    def rows(
        self,
        start: int,
        n: int,
        *,
        state: str | None = None,
        text: str | None = None,
        order: Mapping[str, Any] | None = None,
        cause: str | None = None,
    ) -> tuple[int, list[JsonObject]]:
        """Return how many rows match, and one page of them, for tables.

        Args:
            start: First of the matching rows to return, from 0.
            n: How many.
            state: Only jobs in this state.
            text: Only jobs that hold this text.
            order: Column and direction to sort by.
            cause: Only jobs that failed with this kind of error, such as `truncated`.
        """
        return self.page(start, n, state=state, text=text, order=order, cause=cause)[1:]

    def page(
        self,
        start: int,
        n: int,
        *,
        state: str | None,
        text: str | None,
        order: Mapping[str, Any] | None,
        cause: str | None = None,
    ) -> tuple[int, int, list[JsonObject]]:
        """Return the revision that a page of rows rests on, how many rows match, and the page; see `rows`.

        A page whose order is behind rests on an earlier revision than the newest: it is worth asking again.

        Args:
            start: As for `rows`, and so are the others.
            n: How many.
            state: Of the jobs.
            text: In the jobs.
            order: Of the rows.
            cause: Of the failures.

        Raises:
            ValidationError: The text is longer than any search can be.
        """
        if text and len(text) > LONGEST_SEARCH:
            raise ValidationError(f"A text to search for has at most {LONGEST_SEARCH:,} characters, not {len(text):,}.")
        rev, now = self.drive.rev, self.drive.context.clock.elapsed()
        total, rows, behind = pages.rows(
            self.store, self.drive.state, start, n, only=state, text=text, order=order, now=now, cause=cause
        )
        return rev - behind, total, rows

    def compare(self, start: int, n: int, *, path: str | None = None, differ: bool = False) -> JsonObject:
        """Return the answers of several models to the same inputs side by side, a page of them, and how far they agree.

        Args:
            start: First input to return.
            n: How many inputs.
            path: The field to compare; the first one if left out.
            differ: Only inputs on which the models differ.
        """
        return comparing.compare(self.store, self.drive.state, start, n, path=path, differ=differ)

    def detail(self, row: int) -> JsonObject:
        """Return all of one result, for the evidence view.

        Args:
            row: The job's row, from 0.
        """
        return pages.detail(self.store, self.drive.state, row)

    def document(self, row: int, number: int) -> Document:
        """Return a document of a job.

        Args:
            row: The job's row, from 0.
            number: Which of its documents, from 0.

        Raises:
            ValidationError: There is no such row or document.
        """
        if not 0 <= row < self.drive.state.total:
            raise ValidationError(f"{self.name} has no row {row}.")
        documents = self.store.job(self.run_id, row).documents
        if not 0 <= number < len(documents):
            raise ValidationError(f"Job {row} has no document {number}.")
        return documents[number]

    def command(self, name: str, args: Mapping[str, Any], ack: Callable[[str | None], None]) -> None:
        """Post a command to the runner's thread, without waiting.

        Args:
            name: Its name.
            args: What it is told.
            ack: Called on the runner's thread with None, or with why it cannot be done.
        """

        def carry_out() -> None:
            try:
                self.drive.command(name, args)
            except BatchataError as error:
                ack(str(error))
            else:
                ack(None)

        self.post(carry_out)
