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
 type: ignore[misc].*$  """Mix-in of both widgets: messages in, answers out."""

 type: ignore[misc].*$  def _listen(self: Any, on_message: OnMessage) -> None:
 type: ignore[misc].*$      def hand_on(_widget: Any, content: Any, buffers: Sequence[memoryview] | None) -> None:
 type: ignore[misc].*$          if isinstance(content, dict):
 type: ignore[misc].*$              on_message(content, list(buffers or ()))

 type: ignore[misc].*$      self.on_msg(hand_on)
 type: ignore[misc].*$      # ipykernel 7.4 sends a browser's message to the shell that last wrote on this comm. That is the main shell as
 type: ignore[misc].*$      # soon as a thread publishes while a cell runs, so a click would wait for the cell. This hands the choice back
 type: ignore[misc].*$      # to the front end, as ipykernel 7.0 to 7.3 did; where the private name is gone, only speed is lost.
 type: ignore[misc].*$      if hasattr(self.comm, "_reply_subshell_for"):
 type: ignore[misc].*$          self.comm._reply_subshell_for = lambda _data, default: default

 type: ignore[misc].*$  def reply(self: Any, content: Mapping[str, Any], buffers: Sequence[bytes | memoryview] = ()) -> None:
 type: ignore[misc].*$      """Send an answer to the browser; safe from any thread, one thread at a time.

 type: ignore[misc].*$      Args:
 type: ignore[misc].*$          content: JSON, with the `kind` and `op` of the message it answers.
 type: ignore[misc].*$          buffers: Binary parts, such as an image.
 type: ignore[misc].*$      """
 type: ignore[misc].*$      self.send(dict(content), list(buffers) or None)


class Dashboard(Messenger, anywidget.AnyWidget): type: ignore[misc].*$# type: ignore[misc]  # anywidget has no complete types
 type: ignore[misc].*$  """The dashboard of one run.

 type: ignore[misc].*$  Args:
 type: ignore[misc].*$      summary: What to show first; see `core.snapshot`.
 type: ignore[misc].*$      on_message: Gets what the browser sends.
 type: ignore[misc].*$  """

 type: ignore[misc].*$  _esm = STATIC / "dashboard.js"
 type: ignore[misc].*$  _css = STATIC / "dashboard.css"
 type: ignore[misc].*$  summary = traitlets.Dict().tag(sync=True)
 type: ignore[misc].*$  """The only synced state; of constant size, and written by one thread."""

 type: ignore[misc].*$  def __init__(self, summary: Mapping[str, Any], on_message: OnMessage) -> None:
 type: ignore[misc].*$      super().__init__(summary=dict(summary))
 type: ignore[misc].*$      self._listen(on_message)

 type: ignore[misc].*$  def publish(self, summary: Mapping[str, Any]) -> None:
 type: ignore[misc].*$      """Show a new summary; nothing is sent when it equals the last one."""
 type: ignore[misc].*$      self.summary = dict(summary)
