"""Answers from the thread that was asked, for hosts that hear no other: Colab shows nothing that a thread sends.

There, what a view asks is answered before the handler of its question returns. The runner's thread still finds the
answer; the handler waits for it, and sends it. Everywhere else the runner's thread sends by itself.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..core.jobs import JsonObject

PATIENCE = 5.0
"""Seconds that a handler waits for an answer; later ones are sent by the runner's thread, and may be lost."""
Send = Callable[[JsonObject, list[bytes]], None]


def deaf_to_threads() -> bool:
    """Whether this host shows nothing that a thread sends."""
    return "google.colab" in sys.modules


class Relay:
    """Between a view's messages and the desk that answers them."""

    def __init__(self) -> None:
        self._waiting: dict[object, queue.SimpleQueue[tuple[JsonObject, list[bytes]]]] = {}

    def join(self, receive: Callable[[Any], None], send: Send) -> None:
        """Say who takes messages, and what sends an answer to the browser."""
        self._receive = receive
        self._send = send

    def take(self, content: Any, _buffers: object = None) -> None:
        """Take a message from the browser, on the thread that handles it."""
        op = content.get("op") if isinstance(content, Mapping) else None
        if not isinstance(op, (str, int)) or not deaf_to_threads():
            self._receive(content)
            return
        box = self._waiting[op] = queue.SimpleQueue()
        self._receive(content)
        try:
            self._send(*box.get(timeout=PATIENCE))
        except queue.Empty:
            if self._waiting.pop(op, None) is None:  # found at the last moment
                self._send(*box.get())

    def answer(self, content: JsonObject, buffers: Iterable[bytes]) -> None:
        """Take an answer on the runner's thread: for the handler that waits for it, else for the browser."""
        box = self._waiting.pop(content.get("op"), None)
        if box is None:
            self._send(content, list(buffers))
        else:
            box.put((content, list(buffers)))
