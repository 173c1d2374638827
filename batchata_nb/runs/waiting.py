"""Waiting for a run: in a script with progress on the terminal, anywhere with a callback, always interruptible."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .environment import in_kernel
from .handle import FAILED

if TYPE_CHECKING:
    from .handle import Handle
    from .run import BatchRun

LOG = logging.getLogger("batchata_nb")
Progress = Callable[[dict[str, Any], float, dict[str, Any]], None]


def wait_as_asked(
    run: BatchRun, wait: bool | None, on_progress: Progress | None, interval: float, print_status: bool
) -> BatchRun:
    """Wait as `Batch.run` was asked to: by default in a plain process, not in a kernel."""
    wait = not in_kernel() if wait is None else wait
    if not run.is_dry:
        run.subscribe(_Logger(run))
    if not wait:
        if on_progress is not None:
            run.set_on_progress(on_progress, interval)
        return run
    if print_status and not in_kernel():
        from .terminal import shown

        with shown(run) as draw:
            return run.wait(each=_both(draw, on_progress), interval=interval)
    return run.wait(each=on_progress, interval=interval)


def log_to_stderr(level: int) -> None:
    """Log runs from this level on; in a plain process to stderr, unless the program has set up logging itself."""
    LOG.setLevel(level)
    if not in_kernel() and not LOG.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        LOG.addHandler(handler)


class _Logger:
    """Logs what a run notes of itself; at the end, as a warning where jobs failed."""

    def __init__(self, run: BatchRun) -> None:
        self._run = run
        self._seen = 0.0

    def __call__(self, summary: dict[str, Any]) -> None:
        new = [(at, text) for at, text in self._run.drive.state.log if at > self._seen]
        for at, text in new:
            self._seen = at
            LOG.info("%s: %s", summary["name"], text)
        if self._run.drive.state.over:
            failed = sum(self._run.drive.state.counts[name] for name in FAILED)
            LOG.log(logging.WARNING if failed else logging.INFO, "%s: %s", summary["name"], summary["words"])


def _both(first: Progress, second: Progress | None) -> Progress:
    def call(stats: dict[str, Any], elapsed: float, batches: dict[str, Any]) -> None:
        first(stats, elapsed, batches)
        if second is not None:
            second(stats, elapsed, batches)

    return call


class Listener:
    """Calls back from a worker thread as a run goes on, at most every `interval` seconds, and at the end.

    A slow callback is left out of calls rather than awaited, and one that raises is logged: neither may hold up a run.
    """

    def __init__(self, run: Handle, on_progress: Progress, interval: float) -> None:
        self._run, self._call, self._interval = run, on_progress, interval
        self._last = float("-inf")
        self._busy = self._told_end = False
        self._elapsed = 0.0
        self.stop = run.subscribe(self._listen)

    def _listen(self, summary: dict[str, Any]) -> None:
        self._elapsed = float(summary["elapsed"])
        self._next()

    def _next(self) -> None:
        over, elapsed = bool(self._run.drive.state.over), self._elapsed
        self._told_end = self._told_end and over  # a retry goes on after the end
        if self._busy or self._told_end or not (over or elapsed - self._last >= self._interval):
            return
        self._busy, self._told_end, self._last = True, over, elapsed
        self._run.work(lambda: self._call(self._run.status(), elapsed, self._run.batches()), self._done)

    def _done(self, _: Any, error: BaseException | None) -> None:
        self._busy = False
        if error is not None:
            LOG.warning("%s: the progress callback failed: %r", self._run.name, error)
        self._next()
