"""The only reader of the time."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime


class Clock:
    """Wall time, and chance. A run's deadlines are wall time: it may be resumed days later on another machine."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since some fixed moment; never jumps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; an interrupt ends it."""
        time.sleep(seconds)

    def jitter(self) -> float:
        """A random number from 0 to 1."""
        return random.random()


def utc(at: float) -> datetime:
    """Return seconds since 1970 as an aware datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)


def minute(at: float) -> str:
    """Return seconds since 1970 as people write a time: `2027-01-15 08:00 UTC`."""
    return f"{utc(at):%Y-%m-%d %H:%M} UTC"
