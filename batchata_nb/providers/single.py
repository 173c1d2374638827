"""One process at a time: a file that is held while something must not happen in two places at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import ProviderError

TRIES, PAUSE = 50, 0.1
"""How often, and how many seconds apart, a file is asked for that another process holds."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file, as far as the system can; where it cannot (Windows), what is done inside is done all the same.

    Args:
        path: The file; made when missing.

    Raises:
        ProviderError: Another process holds it, and does not let go.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("ab") as file:
        for attempt in range(TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == TRIES - 1:
                    raise ProviderError(f"Another process holds {path}.", retryable=True) from None
                threading.Event().wait(PAUSE)
        yield
