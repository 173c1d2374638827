"""The state of a run: events in, decisions out. No clock, file or socket.

A job is `pending`, then in a submission (`submitting`, `running`), then one of the outcomes; or `elsewhere` while
another run of the same store has it under way, or `held` when the ceiling leaves no room for it. The life of a
submission is the table in `submissions.py`; what each event does to a run stands in `effects.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import events as ev
from .effects import EFFECTS
from .errors import StateError
from .ledger import Ledger
from .lengths import Lengths
from .results import OUTCOMES
from .submissions import NEXT, Submission

STATES = ("pending", "elsewhere", "held", "submitting", "running", *OUTCOMES)
CODE = {name: code for code, name in enumerate(STATES)}


@dataclass(slots=True)
class RunState:
    """All that is known of a run, small: one byte a job for its state, one for its attempts."""

    run_id: str
    name: str
    total: int = 0
    status: bytearray = field(default_factory=bytearray)
    attempts: bytearray = field(default_factory=bytearray)
    counts: Counter[str] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)
    submissions: dict[str, Submission] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    log: list[tuple[float, str]] = field(default_factory=list)
    started: float = 0.0
    changed: float = 0.0
    deadline: float | None = None
    max_attempts: int = 2
    max_parallel: int = 10
    reused: int = 0
    unpriced: int = 0
    paused: bool = False
    cancelled: str | None = None
    over: str | None = None
    message: str | None = None
    needs: str | None = None
    not_before: float = 0.0
    ways: dict[tuple[str, str], str] = field(default_factory=dict)
    """How requests are put from now on, by provider and model, where an endpoint has refused another way."""
    room: dict[str, int] = field(default_factory=dict)
    """Most rows of one submission, by provider, where a quota has shown to be tight."""
    turned_away: Counter[str] = field(default_factory=Counter)
    """How often in a row each provider turned a submission away for a quota."""
    awaits_room: bool = False
    adaptive: bool = False
    lengths: dict[tuple[str, str], Lengths] = field(default_factory=dict)
    """How long answers were, by provider and model, where caps adapt to it."""
    cut: set[int] = field(default_factory=set)
    """Rows that a lowered cap has cut: they are sent again with all their room."""
    cut_at: tuple[int, int] | None = None
    """The cap on output tokens that has cut answers, and the next one to try."""
    asked_again: set[int] = field(default_factory=set)
    """Rows that the user asked for again."""
    seq: int = 0
    """How many events have been applied."""

    @property
    def open_submissions(self) -> list[Submission]:
        """Submissions that are not closed, oldest first."""
        return [s for s in list(self.submissions.values()) if s.is_open]  # views read this from other threads

    def rows_in(self, *states: str) -> list[int]:
        """Row numbers in one of these states, in order."""
        codes = {CODE[state] for state in states}
        return [row for row, code in enumerate(self.status) if code in codes]

    def may_repeat(self, row: int) -> bool:
        """Whether a row that failed in passing is sent again; to be cut by a lowered cap is no attempt of its own."""
        return self.attempts[row] < self.max_attempts + (row in self.cut) and not self.cancelled

    def has_full_room(self, row: int) -> bool:
        """Whether a row goes out with its own cap on output tokens, never a lowered one."""
        return row in self.cut or row in self.asked_again

    def was_lowered(self, row: int, submission: Submission, model: str, cap: int) -> bool:
        """Whether a row went out with less room than its own `cap` on output tokens."""
        return not self.has_full_room(row) and submission.caps.get(model, cap) < cap

    def state_of(self, row: int) -> str:
        """The state of one job."""
        return STATES[self.status[row]]

    def move(self, rows: Iterable[int], to: str) -> None:
        """Set the state of jobs and keep the counts true."""
        code = CODE[to]
        for row in rows:
            self.counts[STATES[self.status[row]]] -= 1
            self.status[row] = code
            self.counts[to] += 1
            if to not in OUTCOMES:
                self.kinds.pop(row, None)


def apply(state: RunState, event: ev.Event) -> None:
    """Apply one event.

    Raises:
        StateError: The event cannot happen in this state; nothing has changed.
    """
    submission = _advance(state, event)
    EFFECTS[type(event)](state, event, submission)
    state.seq += 1
    state.changed = event.at


def possible(state: RunState, *events: ev.Event) -> bool:
    """Whether these events can follow in this order: what cannot must not get to disk."""
    after: dict[str, str] = {}
    for event in events:
        tag = getattr(event, "tag", None)
        if tag is None:
            continue
        known = tag in after or tag in state.submissions
        before = after.get(tag) or (state.submissions[tag].state if tag in state.submissions else "")
        following = NEXT.get((before, type(event)))
        if following is None or known == isinstance(event, ev.Submitting):
            return False
        after[tag] = following
    return True


def _advance(state: RunState, event: ev.Event) -> Submission | None:
    tag = getattr(event, "tag", None)
    if tag is None:
        return None
    submission = state.submissions.get(tag)
    before = submission.state if submission else ""
    after = NEXT.get((before, type(event)))
    if after is None or (submission is None) != isinstance(event, ev.Submitting):
        raise StateError(f"{type(event).__name__} cannot follow {before or 'nothing'!r} for submission {tag}.")
    if isinstance(event, ev.Submitting):
        submission = Submission(
            tag, event.provider, event.model, event.rows, event.at, event.owner, event.caps or {}, event.way
        )
        state.submissions[tag] = submission
    assert submission is not None
    submission.state = after
    return submission
