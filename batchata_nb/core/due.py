"""What a run must do next: state and time in, actions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .state import RunState

Verb = Literal["plan", "find", "poll", "fetch", "cancel", "adopt", "stop", "end"]
POLL_SHARE = 0.02
"""A batch is asked again after at most this share of its age, so that its end is noticed within 2 % of the time."""
EARLY_SHARE, EARLY_MOST = 0.2, 3.7
"""While that share would mean to ask very often, the time between two polls grows by a fifth of the age, up to so many
times the shortest one: with 30 s that is 111 s, and a batch of 24 h is asked at most 200 times. Fewer than 50 polls
cannot reach the age at which 2 % of it is one poll's distance, and from 74 minutes on there are 150 steps of 2 % to a
day; so 88 s is the least that this distance can be, and 2 % cannot be kept before."""


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
        jitter: A random number from 0 to 1, by which up to 2 % are taken off: many batches should not be asked at the
            same moment.
    """
    early = min(EARLY_SHARE * age, EARLY_MOST * interval)
    return max(interval, early, POLL_SHARE * age) * (0.98 + 0.02 * jitter)


def retry_delay(failures: int, retry_after: float | None, jitter: float) -> float:
    """Seconds until what failed in passing is tried again: the provider's wish, else doubling from 2 s to 5 min."""
    delay = min(2.0 ** min(failures, 12), 300.0) * (0.75 + 0.5 * jitter)
    return max(delay, retry_after or 0.0)
