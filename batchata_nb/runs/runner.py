"""The one thread that owns all runs of a process: take commands, do what is due, record, apply, publish.

It never prints and never displays. A few daemon workers do its blocking calls and post back. No locks, no signal
handlers: an interrupt reaches only the main thread, and runs go on.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.errors import StateError
from .clock import Clock
from .drive import Drive
from .owner import owner_name

WORKERS = 8
IDLE = 3600.0


class Runner:
    """Drives runs on a daemon thread, started on first use.

    Args:
        clock: The time.
        workers: How many blocking calls go on at once.
    """

    def __init__(self, clock: Clock | None = None, workers: int = WORKERS) -> None:
        self.clock = clock or Clock()
        self.owner = owner_name()
        self._pid = os.getpid()
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._drives: dict[tuple[str, str], Drive] = {}
        self._wake_at: dict[tuple[str, str], float] = {}
        self._workers = workers
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    # from any thread

    def post(self, fn: Callable[[], None]) -> None:
        """Have a function run on the runner's thread, soon."""
        self._start()
        self._inbox.put(fn)

    def call(self, fn: Callable[[], None]) -> None:
        """Have a function run on the runner's thread, and wait for it; what it raises is raised here."""
        finished = threading.Event()
        raised: list[BaseException] = []

        def wrapped() -> None:
            try:
                fn()
            except BaseException as error:  # noqa: BLE001 — handed to the caller
                raised.append(error)
            finally:
                finished.set()

        self.post(wrapped)
        while not finished.wait(0.5):
            if self._stopping.is_set():
                raise StateError("The runner was stopped.")
        if raised:
            raise raised[0]

    def work(
        self, key: tuple[str, str], fn: Callable[[], Any], done: Callable[[Any, BaseException | None], None]
    ) -> None:
        """Run a blocking call for a run on a worker, then `done(result, error)` on the runner's thread."""

        def task() -> None:
            try:
                result, error = fn(), None
            except BaseException as raised:  # noqa: BLE001 — handed to `done`
                result, error = None, raised
            self.post(partial(self._guarded, key, partial(done, result, error)))

        self._start()
        self._calls.put(task)

    def drive(self, key: tuple[str, str], make: Callable[[], Drive]) -> Drive:
        """Return the drive of a run, made on the runner's thread when it is new, and awake."""
        made: list[Drive] = []

        def add() -> None:
            if key not in self._drives:
                self._drives[key] = make()
            self._drives[key].revive()
            made.append(self._drives[key])
            self._wake_at[key] = 0.0

        self.call(add)
        return made[0]

    def driven(self, key: tuple[str, str]) -> Drive | None:
        """Return the drive of a run if this process has one; from any thread."""
        return self._drives.get(key)

    def adopt(self, key: tuple[str, str], make: Callable[[], Drive]) -> None:
        """Drive another run too; called on the runner's thread."""
        if key not in self._drives:
            self._drives[key] = make()
            self._wake_at[key] = 0.0

    def stop(self, timeout: float = 1.0) -> None:
        """Stop the thread and give the leases back; batches go on at their providers."""
        self._stopping.set()
        if self._thread is not None and self._pid == os.getpid():
            self._inbox.put(lambda: None)
            self._thread.join(timeout)

    # the thread

    def _start(self) -> None:
        if self._pid != os.getpid():
            raise StateError(
                "This process was forked from one that has runs; start a fresh process, or use the parent's runs."
            )
        if self._stopping.is_set():
            raise StateError("The runner was stopped.")
        if self._thread is None:
            self._thread = threading.Thread(target=self._main, name="batchata-runner", daemon=True)
            self._thread.start()
            for number in range(self._workers):
                threading.Thread(target=self._serve, name=f"batchata-worker-{number}", daemon=True).start()
            atexit.register(self.stop)

    def _serve(self) -> None:
        while True:
            self._calls.get()()

    def _main(self) -> None:
        while not self._stopping.is_set():
            self._take()
            self._step_all()
        for key, drive in self._drives.items():
            self._guarded(key, drive.release)

    def _take(self) -> None:
        """Wait until something is posted or due, then do all that was posted."""
        wait = min([*self._wake_at.values(), self.clock.now() + IDLE]) - self.clock.now()
        try:
            fn = self._inbox.get(timeout=max(wait, 0.0))
        except queue.Empty:
            return
        for _ in range(1000):
            fn()
            for key in self._wake_at:
                self._wake_at[key] = 0.0
            try:
                fn = self._inbox.get_nowait()
            except queue.Empty:
                return
        self.post(fn)

    def _step_all(self) -> None:
        now = self.clock.now()
        for key, drive in list(self._drives.items()):
            if self._wake_at[key] <= now:
                self._wake_at[key] = now + IDLE
                self._guarded(key, partial(self._step, key, drive))

    def _step(self, key: tuple[str, str], drive: Drive) -> None:
        if drive.crash is None:
            self._wake_at[key] = drive.step()

    def _guarded(self, key: tuple[str, str], fn: Callable[[], None]) -> None:
        """A run that cannot go on must not take the others with it; whoever waits for it is told."""
        try:
            fn()
        except Exception as error:  # noqa: BLE001 — kept, shown, and raised to whoever waits
            self._drives[key].fail(error)
