"""When a run may end: by what its batches have done, and by how long earlier ones took at the same place. Pure.

Providers promise a day and mostly need minutes. What nothing tells is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil
from statistics import median

from .state import RunState
from .submissions import Submission

Took = Callable[[str], Sequence[float]]
"""How long batches of a provider took, in seconds, shortest first."""


def left(state: RunState, now: float, took: Took) -> float | None:
    """Return the seconds to the expected end; None while unknown.

    A batch that counts what it has done goes on at its own pace; one that does not is expected to take as long as
    those did that took longer than it has by now. Jobs that still wait go out in waves as large as the one under way,
    if the limit reaches so far.

    Args:
        state: The run.
        now: The time, in seconds since 1970.
        took: How long batches took before.
    """
    waiting, under_way = state.counts["pending"], state.open_submissions
    if state.over or state.counts["elsewhere"] or not under_way or (waiting and state.paused):
        return None
    ends = [_left_of(s, now, took(s.provider)) for s in under_way]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    if not waiting or state.cancelled:
        return round(max(known), 1)
    durations = [seconds for s in under_way for seconds in took(s.provider)]
    if not durations or not _reaches(state, waiting, under_way):
        return None
    waves = ceil(waiting / sum(len(s.rows) for s in under_way))
    return round(max(known) + waves * median(durations), 1)


def _reaches(state: RunState, waiting: int, under_way: Sequence[Submission]) -> bool:
    """Whether the limit is likely to reach for all that waits: at what jobs have cost, or else at their worst case."""
    ledger, sent = state.ledger, sum(len(s.rows) for s in under_way)
    if ledger.limit is None:
        return True
    landed = sum(s.accounted for s in list(state.submissions.values()))  # views ask from other threads
    each = ledger.spent / landed if landed else sum((s.worst for s in under_way), Decimal(0)) / sent
    return each * (waiting + sent) <= ledger.limit - ledger.spent


def _left_of(s: Submission, now: float, took: Sequence[float]) -> float | None:
    finished = min((s.done or 0) + (s.failed or 0), len(s.rows))  # a server may count otherwise
    if s.state == "collecting":
        return 0.0
    if s.state == "uncertain":
        return None
    age = now - s.at
    if s.state == "running" and finished:
        return age * (len(s.rows) - finished) / finished
    longer = [seconds for seconds in took if seconds > age]
    return median(longer) - age if longer else None


def usual(state: RunState, took: Took) -> list[float] | None:
    """Return the 10 % and the 90 % point of how long such batches took; None where there were none, or it is over."""
    durations = sorted(seconds for name in {s.provider for s in state.open_submissions} for seconds in took(name))
    if state.over or not durations:
        return None
    last = len(durations) - 1
    return [round(durations[round(share * last)], 1) for share in (0.1, 0.9)]
