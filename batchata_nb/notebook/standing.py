"""Below each live view of a run, an output with the sentence that stands in for it where it cannot load.

The front end keeps what it was last given in the notebook's file, so the sentence is told anew now and then.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from ..core.jobs import JsonObject
from ..runs.clock import Clock, utc
from ..runs.environment import in_kernel

TELL_EVERY = 30.0
"""Seconds after which a sentence that has changed is told again; a new state of the run is told at once."""
Publish = Callable[..., None]
"""Publishes `(display_id, data, metadata, update=…)`."""


class StandIns:
    """The stand-ins of one run's views.

    Args:
        publish: Puts a bundle into an output.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._clock = Clock()
        self._below: dict[str, str] = {}  # display id of a view → that of its stand-in
        self._empty: set[str] = set()  # views that tell all themselves
        self._told: tuple[str, float] = ("", 0.0)

    def begin(self, view: str, summary: JsonObject) -> None:
        """Publish the stand-in of a view in the running cell; a terminal has no views to stand in for."""
        if in_kernel():
            self._below[view] = uuid.uuid4().hex
            self._publish(self._below[view], self._words(summary), {}, update=False)

    def tell(self, summary: JsonObject) -> None:
        """Tell anew what has changed, not too often; on the runner's thread."""
        state, at = self._told
        live = [below for view, below in list(self._below.items()) if view not in self._empty]
        if live and (summary["state"] != state or self._clock.elapsed() - at >= TELL_EVERY):
            words = self._words(summary)
            for below in live:
                self._publish(below, words, {}, update=True)

    def turn(self, view: str, summary: JsonObject, *, static: bool) -> None:
        """Empty the stand-in of a view that has become static, and so tells all itself; or the other way round."""
        from ..widgets.standin import EMPTY

        if view in self._below:
            self._empty = self._empty | {view} if static else self._empty - {view}
            self._publish(self._below[view], dict(EMPTY) if static else self._words(summary), {}, update=True)

    def leave(self, view: str) -> None:
        """Forget a view whose output is gone."""
        self._below.pop(view, None)
        self._empty = self._empty - {view}

    def _words(self, summary: JsonObject) -> dict[str, Any]:
        from ..widgets.standin import run_standin

        self._told = (summary["state"], self._clock.elapsed())
        return run_standin(summary, f"{utc(self._clock.now()):%Y-%m-%d %H:%M} UTC")
