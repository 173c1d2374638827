"""Waiting for a run: in a script with progress on the terminal, anywhere with a callback, always interruptible."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .environment import in_kernel

if TYPE_CHECKING:
    from .run import BatchRun

Progress = Callable[[dict[str, Any], float, dict[str, Any]], None]


def wait_as_asked(
    run: BatchRun, wait: bool | None, on_progress: Progress | None, interval: float, print_status: bool
) -> BatchRun:
    """Wait as `Batch.run` was asked to: by default in a plain process, not in a kernel."""
    wait = not in_kernel() if wait is None else wait
    if not wait:
        if on_progress is not None:
            _while_running(run, on_progress, interval)
        return run
    if print_status and not in_kernel():
        from .terminal import shown

        with shown(run) as draw:
            return run.wait(each=_both(draw, on_progress), interval=interval)
    return run.wait(each=on_progress, interval=interval)


def _both(first: Progress, second: Progress | None) -> Progress:
    def call(stats: dict[str, Any], elapsed: float, batches: dict[str, Any]) -> None:
        first(stats, elapsed, batches)
        if second is not None:
            second(stats, elapsed, batches)

    return call


def _while_running(run: BatchRun, on_progress: Progress, interval: float) -> None:
    """Call back from the runner's thread as the run goes on, at most every `interval` seconds, and once at the end."""
    last = [float("-inf")]

    def listen(summary: dict[str, Any]) -> None:
        elapsed = float(summary["elapsed"])
        if run.is_final or elapsed - last[0] >= interval:
            last[0] = elapsed
            on_progress(run.status(), elapsed, run.batches())

    run.subscribe(listen)
