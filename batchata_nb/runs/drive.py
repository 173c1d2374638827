"""One run being driven: what is due is done, what was done is recorded, then applied, then published."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..core import events as ev
from ..core.due import Action, due
from ..core.errors import BatchataError, StateError
from ..core.jobs import JsonObject
from ..core.snapshot import cut, summary
from ..core.state import RunState, apply, possible
from . import collecting, commands, finding, sending, watching
from .context import Context
from .paces import Paces
from .records import RunRecord
from .schemas import SchemaKeys
from .sending import LEASE_SECONDS
from .store_file import TakenOverError

RENEW_AFTER = 5.0
TURNED_BACK = 30.0
PUBLISH_EVERY = 0.55  # never three in one second, also where a step comes late
FOLLOW_EVERY = 0.5


@dataclass(slots=True)
class Drive:
    """A run in this process: driven while it holds the lease, else followed.

    Attributes:
        context: What it works with.
        record: The run as stored.
        state: All that has happened, applied.
        rev: Grows with every change a view could show.
    """

    context: Context
    record: RunRecord
    state: RunState = field(init=False)
    driving: bool = False
    rev: int = 0
    lease_at: float = 0.0
    follow_at: float = 0.0
    publish_at: float = 0.0
    published: int = -1
    adopt_at: float = 0.0
    plan_blocked: int | None = None
    counting: bool = False
    seen_at: float = 0.0
    other_lease: tuple[str, float] | None = None
    other_since: float = 0.0
    stopped: str | None = None
    crash: BaseException | None = None
    failures: dict[str, int] = field(default_factory=dict)
    outlook: tuple[int, JsonObject] | None = None
    schema_keys: SchemaKeys = field(default_factory=SchemaKeys)
    subscribers: list[Callable[[JsonObject], None]] = field(default_factory=list)
    reviewed: deque[Callable[[int], None]] = field(default_factory=lambda: deque(maxlen=64))
    paces: Paces = field(init=False)

    def __post_init__(self) -> None:
        self.paces = Paces(self)
        self.state = RunState(self.record.run_id, self.record.name)
        self.catch_up()

    @property
    def spec(self) -> Mapping[str, Any]:
        """How the run was asked for: models, practice, items per batch, results folder …"""
        return self.record.spec

    @property
    def poll_interval(self) -> float:
        """Shortest time between two questions about one batch, in seconds."""
        return float(self.spec.get("poll_interval", 30.0))

    # what happened

    def catch_up(self) -> bool:
        """Apply events that stand in the store and not yet here; return whether there were any."""
        before = self.state.seq
        for event in self.context.store.events(self.record.run_id, before):
            apply(self.state, event)
        if self.state.seq != before:
            self.rev += 1
        return self.state.seq != before

    def record_events(self, *events: ev.Event) -> None:
        """Write events down, then apply them."""
        self.hold(*events)
        self.context.store.append(self.record.run_id, self.state.seq, events)
        self.applied(*events)

    def hold(self, *events: ev.Event) -> None:
        """Go on only as the one who drives, and with events that can follow: a late answer may tell what is past.

        Raises:
            TakenOverError: Another process has the run, or had it meanwhile; nothing was written.
        """
        if not self.driving or not possible(self.state, *events):
            raise TakenOverError

    def revive(self) -> None:
        """Try once more after a crash, from what is on disk: the cause may be mended."""
        if self.crash is not None:
            self.state = RunState(self.record.run_id, self.record.name)
            self.catch_up()
            self.crash = self.stopped = self.plan_blocked = None
            self.driving = self.counting = False
            self.lease_at = self.follow_at = self.publish_at = 0.0
            self.rev += 1

    def applied(self, *events: ev.Event) -> None:
        """Apply events that are already on disk."""
        for event in events:
            apply(self.state, event)
        self.plan_blocked = None
        self.rev += 1

    # what is to do

    def step(self) -> float:
        """Do all that is due; return the time at which there may be something to do again."""
        now = self.context.clock.now()
        if now < self.seen_at - TURNED_BACK:
            self._turn_back(self.seen_at - now)
        self.seen_at = now
        try:
            if self._lead(now):
                for action in due(self.state, now):
                    self._act(action, now)
        except BatchataError as error:
            self.fail(error)
        self.publish(now)
        return self._next_step(now)

    def fail(self, error: Exception) -> None:
        """Take an error that nothing else handled.

        A write refused because another process has the run turns this one into its follower. What the user can mend
        stops the sending. Anything else is kept, shown, and raised to whoever waits.
        """
        if self.crash is not None:
            return
        if isinstance(error, TakenOverError):
            self.driving = False
            self.rev += 1
            with suppress(StateError):
                self.catch_up()
                return
        elif isinstance(error, StateError):
            self.driving = False
        elif isinstance(error, BatchataError) and self.driving:
            sending.stop(self, str(error))
            return
        self.crash = error
        self.state.over = "failed"
        known = isinstance(error, BatchataError)
        self.state.message = cut(str(error) if known else f"{type(error).__name__}: {error}", 300)
        self.rev += 1
        self.publish(self.context.clock.now())

    def _lead(self, now: float, *, again: bool = False) -> bool:
        """Whether this process drives the run now: take, renew or wait for the lease.

        A run that is over is not driven, unless it goes on `again`.
        """
        if self.state.over and not self.driving and not again:
            return False
        if self.driving and now < self.lease_at:
            return True
        if not self.driving and now < self.follow_at:
            return False
        had = self.driving
        self.driving = self.take_lease(now)
        self.lease_at, self.follow_at = now + RENEW_AFTER, now + FOLLOW_EVERY
        if self.driving and not had:
            self.catch_up()
            finding.recover(self, now)
        elif not self.driving:
            self.catch_up()
        self.rev += had != self.driving
        return self.driving

    def lead(self, now: float) -> bool:
        """Take the lease now, for a command; whether it could be had."""
        self.follow_at = 0.0
        return self._lead(now, again=True)

    def take_lease(self, now: float) -> bool:
        """Take or renew the lease: also one whose owner has ended, or has not renewed it for its whole length.

        The latter is measured by our own clock, since the end of a lease is the time of another one.
        """
        store, run_id = self.context.store, self.record.run_id
        lease, elapsed = store.lease(run_id), self.context.clock.elapsed()
        if lease != self.other_lease:
            self.other_lease, self.other_since = lease, elapsed
        past = lease is not None and (elapsed - self.other_since > LEASE_SECONDS or self.context.gone(lease[0]))
        return store.take_lease(run_id, self.context.owner, now, LEASE_SECONDS, past=lease if past else None)

    def _turn_back(self, seconds: float) -> None:
        """The clock was set back: what is due at a time is due that much earlier."""
        for name in ("lease_at", "follow_at", "publish_at", "adopt_at"):
            setattr(self, name, getattr(self, name) - seconds)
        self.state.not_before -= seconds
        for submission in self.state.open_submissions:
            submission.next_at -= seconds

    def _act(self, action: Action, now: float) -> None:
        match action.verb:
            case "plan":
                sending.plan(self, now)
            case "adopt":
                watching.adopt(self, now)
            case "stop":
                self.record_events(ev.CancelAsked(now, "time_limit"))
            case "end":
                self.record_events(ev.Over(now, "cancelled" if self.state.cancelled else "finished"))
            case "find":
                finding.find(self, self.state.submissions[action.tag])
            case "poll":
                watching.poll(self, self.state.submissions[action.tag])
            case "cancel":
                watching.cancel(self, self.state.submissions[action.tag])
            case "fetch":
                collecting.fetch(self, self.state.submissions[action.tag])

    def _next_step(self, now: float) -> float:
        if self.state.over:
            return now + 3600
        times = [self.lease_at if self.driving else self.follow_at]
        if self.rev != self.published:
            times.append(self.publish_at)
        if self.driving:
            times += [s.next_at for s in self.state.open_submissions if not s.busy and s.next_at > now]
            times += [t for t in (self.state.not_before, self.state.deadline or 0.0, self.adopt_at) if t > now]
        return min(times)

    def command(self, name: str, args: Mapping[str, Any]) -> None:
        """Carry out a user's command; raises BatchataError where it cannot be done, and says why."""
        commands.command(self, name, args)

    # views

    def summary(self) -> JsonObject:
        """What a dashboard shows now; of a preview that is over, what it tells of the whole."""
        from .preview import outlook

        return summary(
            self.state,
            self.context.clock.now(),
            models=list(self.spec.get("models", ())),
            practice=bool(self.spec.get("practice")),
            driver=self.driving or self.state.over is not None,
            rev=self.rev,
            preview=outlook(self),
            gold=bool(self.spec.get("gold")),
            took=self.paces.of,
            promise=self.paces.promise(),
            live=bool(self.spec.get("live")),
        )

    def publish(self, now: float) -> None:
        """Give the summary to subscribers: when something changed, at most twice a second, always at the end."""
        if self.rev == self.published or (now < self.publish_at and not self.state.over):
            return
        rev, self.publish_at = self.rev, now + PUBLISH_EVERY
        if self.subscribers:
            latest = self.summary()
            for subscriber in list(self.subscribers):
                subscriber(latest)
        self.published = rev  # only now: who waits for the end goes on when all views have it

    def release(self) -> None:
        """Stop driving: another process may take the run over at once."""
        if self.driving:
            self.driving = False
            self.context.store.drop_lease(self.record.run_id, self.context.owner)
