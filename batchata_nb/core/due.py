"""What a run must do next: state and time in, actions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .state import RunState

Verb = Literal["plan", "find", "poll", "fetch", "cancel", "adopt", "stop", "end"]
POLL_SHARE = 0.02
"""A batch of age t is asked again after about this share of t, so the end is noticed within 2 % of the elapsed time."""
POLL_AT_MOST = 600.0


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, for one submission where `tag` is set."""

    verb: Verb
    tag: str = ""


def due(state: RunState, now: float) -> list[Action]:
    """Return what must be done now; an empty list means: wait."""
    if state.over:
        return []
    if state.deadline is not None and now >= state.deadline and state.cancelled is None:
        return [Action("stop")]
    actions: list[Action] = []
    for s in state.open_submissions:
        if s.busy or now < s.next_at:
            continue
        if s.state == "uncertain":
            actions.append(Action("find", s.tag))
        elif s.state == "running" and state.cancelled and not s.cancel_sent:
            actions.append(Action("cancel", s.tag))
        elif s.state == "running":
            actions.append(Action("poll", s.tag))
        elif s.state == "collecting":
            actions.append(Action("fetch", s.tag))
    if state.counts["elsewhere"]:
        actions.append(Action("adopt"))
    open_count = len(state.open_submissions)
    if state.counts["pending"] and not state.paused and now >= state.not_before and open_count < state.max_parallel:
        actions.append(Action("plan"))
    if not open_count and not state.counts["pending"] and not state.counts["elsewhere"]:
        actions.append(Action("end"))
    return actions


def poll_delay(age: float, interval: float, jitter: float) -> float:
    """Seconds until a batch is asked again.

    Args:
        age: Seconds since it was submitted.
        interval: Shortest time between two polls, in seconds.
        jitter: A random number from 0 to 1: many batches should not be asked at the same moment.
    """
    delay = min(max(interval, POLL_SHARE * age), max(POLL_AT_MOST, interval))
    return delay * (0.85 + 0.3 * jitter)


def retry_delay(failures: int, retry_after: float | None, jitter: float) -> float:
    """Seconds until what failed in passing is tried again: the provider's wish, else doubling from 2 s to 5 min."""
    delay = min(2.0 ** min(failures, 12), 300.0) * (0.75 + 0.5 * jitter)
    return max(delay, retry_after or 0.0)
