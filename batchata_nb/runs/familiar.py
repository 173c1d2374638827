"""The part of a run's handle that is there for programs written for batchata 0.4; thin, over what runs do anyway."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self, cast

from ..core.jobs import JsonObject
from .compat import state_dict
from .steering import Steered
from .waiting import Listener, Progress

if TYPE_CHECKING:
    from .run import BatchRun


class Familiar(Steered):
    """A run as programs written for batchata 0.4 use it."""

    _listener: Listener | None = None
    _told: tuple[Progress, float] | None = None

    def execute(self) -> None:
        """Wait for the end. `Batch.run` has started the run already, so it may be called any number of times.

        Raises:
            BatchataError: What stopped the run.
        """
        run, told = cast("BatchRun", self), self._told
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        run.wait(each=told and told[0], interval=told[1] if told else 1.0)

    def set_on_progress(self, callback: Progress, interval: float = 1.0) -> Self:
        """Have a function called as the run goes on, and at its end, in place of one that was set before.

        It is called on a thread of its own, one call at a time; what it raises is logged.

        Args:
            callback: Takes `(stats, elapsed_seconds, batches)`.
            interval: Seconds between two calls.
        """
        if self._listener is not None:
            self._listener.stop()
        self._told = callback, interval
        self._listener = None if self.is_dry else Listener(self, callback, interval)
        return self

    def dry_run(self) -> Self:
        """Print what the run was expected to cost; `Batch.run(dry_run=True)` tells it before anything is sent."""
        sys.stdout.write(f"{cast('BatchRun', self).estimate()}\n")
        return self

    def to_json(self) -> JsonObject:
        """Return the state as a dict for JSON, under the keys of batchata's state file; what resumes is the store."""
        run = cast("BatchRun", self)
        return state_dict(run, self.drive.spec, lambda rows: self.store.jobs(self.run_id, rows))

    def get_failed_jobs(self) -> dict[str, str]:
        """Return the error of each failed job by its id."""
        failed = cast("BatchRun", self).results(wait=False)["failed"]
        return {result.job_id: result.error or result.status for result in failed}

    def shutdown(self) -> None:
        """Do nothing: runs share one background thread that ends with the process."""
