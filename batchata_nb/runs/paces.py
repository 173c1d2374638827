"""How long batches take at each provider, as this store has seen it: what an expected end is told by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.submissions import Submission
from ..providers.base import BatchStatus

if TYPE_CHECKING:
    from .drive import Drive

PROMISE = 24.0
"""Hours within which Anthropic, OpenAI and Gemini say that a batch ends; providers.md, table of batch verbs."""


class Paces:
    """How long batches took, for one run: its own where some have ended, else the latest of its store.

    Args:
        drive: The run.
    """

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._seen: dict[str, tuple[int, list[float]]] = {}
        self._running: dict[str, float] = {}

    def of(self, provider: str) -> Sequence[float]:
        """Return how long a provider's batches took, in seconds, shortest first."""
        ended = sum(not s.is_open for s in list(self._drive.state.submissions.values()))
        at, found = self._seen.get(provider, (-1, []))
        if at != ended:  # asked of the store only when a batch has ended
            found = self._drive.context.store.paces(self._drive.record.run_id, self._place(provider))
            self._seen[provider] = (ended, found)
        return found

    def seen(self, s: Submission, now: float) -> None:
        """Remember that a batch was running still."""
        self._running[s.tag] = now

    def note(self, s: Submission, status: BatchStatus, now: float) -> None:
        """Keep how long a batch took that ended by itself, where it is known well enough.

        One that is found ended may have ended long ago: this process has just begun, or the computer slept.
        """
        running = self._running.pop(s.tag, None)
        if running is None or s.cancel_sent or status.rejected or status.no_results:
            return
        took = now - s.at
        if now - running <= took / 2:
            self._drive.context.store.note_pace(self._drive.record.run_id, s.tag, self._place(s.provider), now, took)

    def promise(self) -> float | None:
        """Return within how many hours the run's providers promise an end; None where none is known to do so."""
        spec = self._drive.spec
        own = bool(spec.get("practice") or spec.get("live") or spec.get("base_url"))
        names = {s.provider for s in self._drive.state.open_submissions}
        return PROMISE if names and not own and names <= {"anthropic", "openai", "gemini"} else None

    def _place(self, provider: str) -> str:
        spec = self._drive.spec
        kind = ("practice " if spec.get("practice") else "") + ("live" if spec.get("live") else "batch")
        return f"{kind} {provider} {spec.get('base_url') or ''}".strip()
