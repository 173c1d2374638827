"""The dashboard of a run, as a widget: it shows summaries and hands messages on; it knows no run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"

OnMessage = Callable[[dict[str, Any], list[memoryview]], None]
"""Called with each message of the browser and its binary buffers, on the kernel's main thread or on one of its
subshell threads: it must only hand the message on."""


class Messenger:
    """Mix-in of both widgets: messages in, answers out."""

    def _listen(self: Any, on_message: OnMessage) -> None:
        def hand_on(_widget: Any, content: Any, buffers: Sequence[memoryview] | None) -> None:
            if isinstance(content, dict):
                on_message(content, list(buffers or ()))

        self.on_msg(hand_on)
        # ipykernel 7.4 sends a browser's message to the shell that last wrote on this comm. That is the main shell as
        # soon as a thread publishes while a cell runs, so a click would wait for the cell. This hands the choice back
        # to the front end, as ipykernel 7.0 to 7.3 did; where the private name is gone, only speed is lost.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _data, default: default

    def reply(self: Any, content: Mapping[str, Any], buffers: Sequence[bytes | memoryview] = ()) -> None:
        """Send an answer to the browser; safe from any thread, one thread at a time.

        Args:
            content: JSON, with the `kind` and `op` of the message it answers.
            buffers: Binary parts, such as an image.
        """
        self.send(dict(content), list(buffers) or None)


class Dashboard(Messenger, anywidget.AnyWidget):
    """The dashboard of one run.

    Args:
        summary: What to show first; see `core.snapshot`.
        on_message: Gets what the browser sends.
    """

    _esm = STATIC / "dashboard.js"
    _css = STATIC / "views.css"
    summary = traitlets.Dict().tag(sync=True)
    """The only synced state; of constant size, and written by one thread."""

    def __init__(self, summary: Mapping[str, Any], on_message: OnMessage) -> None:
        super().__init__(summary=dict(summary))
        self._listen(on_message)

    def publish(self, summary: Mapping[str, Any]) -> None:
        """Show a new summary; nothing is sent when it equals the last one."""
        self.summary = dict(summary)
