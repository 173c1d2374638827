"""What real-time work is held by: how many requests go out at once, and what is on disk of a submission."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from ..core.jobs import JsonObject
from .base import Row
from .single import held

FIRST, MOST = 4, 16
"""How many requests are under way at once: at first, and at most."""


@dataclass(slots=True)
class Gate:
    """Lets so many requests through at once as the endpoint bears: one more after each full round, half after a 429.

    Who waits for the end of a rate limit keeps the place, so that nobody else runs into it meanwhile.
    """

    size: float = FIRST
    inside: int = 0
    condition: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, halt: threading.Event) -> None:
        """Wait for a place, or for the halt of the submission: then it is given at once, as nothing will be sent."""
        with self.condition:
            self.condition.wait_for(lambda: halt.is_set() or self.inside < int(self.size))
            self.inside += 1

    def slow(self) -> None:
        """Take it that the endpoint asked to slow down."""
        with self.condition:
            self.size = max(1.0, self.size / 2)

    def leave(self, *, answered: bool) -> None:
        """Give the place back, and say whether the request was answered."""
        with self.condition:
            self.inside -= 1
            if answered:
                self.size = min(float(MOST), self.size + 1 / self.size)
            self.condition.notify_all()


@dataclass(slots=True)
class Pass:
    """A submission on its way: rows still to send, and the file where answers are kept."""

    path: Path
    total: int
    waiting: deque[Row]
    done: int = 0
    failed: int = 0
    stopped: str | None = None
    cancelled: bool = False
    word: str = "live"
    working: int = 0
    halt: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, line: JsonObject) -> None:
        """Put one line on disk for good."""
        with self.lock:
            self._append(line)

    def _append(self, line: JsonObject) -> None:
        whole = json.dumps(line).encode() + b"\n"  # in ASCII, which has a form for whatever an answer may hold
        with self.path.open("ab") as out:
            out.write(whole)
            out.flush()
            os.fsync(out.fileno())

    def begin(self, row: Row) -> bool:
        """Note that a row is being sent; False once another process has taken the submission over, and sends it."""
        with self.lock, held(self.gate):
            if not self.closed.exists():
                self._append({"sent": row.row_id})
                return True
        self.stop("Another kernel has taken this over, and sends what is left.")
        return False

    def stop(self, why: str) -> None:
        """Send nothing more."""
        self.stopped = why
        self.halt.set()

    @property
    def gate(self) -> Path:
        """What is held while it is decided who sends a row."""
        return self.path.with_suffix(".lock")

    @property
    def closed(self) -> Path:
        """What is there once another process has collected the answers."""
        return self.path.with_suffix(".closed")

    @property
    def over(self) -> bool:
        """Whether no worker is at it any more."""
        return not self.working and (not self.waiting or self.cancelled or self.stopped is not None)
