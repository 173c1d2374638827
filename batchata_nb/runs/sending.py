"""From planned jobs to accepted submissions: reserve, record the intent, send once, and look before sending again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core import plan as planning
from ..core.due import retry_delay
from ..core.errors import (
    BatchataError,
    CostLimitExceededError,
    CredentialsError,
    ProviderError,
    StateError,
    UnknownPriceError,
    ValidationError,
)
from ..core.jobs import Job
from ..core.pricing import Price
from ..core.submissions import Submission
from ..providers.base import Limits, Row
from ..providers.errors import is_refused_tls
from .clock import utc
from .records import Sizing
from .sent_rows import SentRows
from .store_file import TakenOverError
from .ways import sender, take_other_way, way_now

if TYPE_CHECKING:
    from .drive import Drive

Caps = dict[tuple[str, str], int]
"""Caps on output tokens by provider and model."""
LEASE_SECONDS = 20.0
"""A lease is renewed every 5 s; one that has not been for so long is taken over."""


def plan(drive: Drive, now: float) -> None:
    """Cut pending jobs into submissions as slots and budget allow, and send them."""
    state, store = drive.state, drive.context.store
    if drive.counting or drive.plan_blocked == state.seq:
        return
    if drive.stopped is not None:
        if not state.open_submissions:
            drive.record_events(ev.Over(now, "failed", message=drive.stopped))
        return
    pending = state.rows_in("pending")
    waiting = partial(store.each_sizing, state.run_id, pending)  # read as far as the slots reach, and not kept
    limits = _LimitsOf(drive)
    free, others = _free(drive)
    cut = partial(
        planning.make,
        limits=limits,
        free=None if state.ledger.overruns else free,
        limit=state.ledger.limit,
        slots=0 if state.ledger.overruns else state.max_parallel - len(state.open_submissions),
        items_per_batch=drive.spec.get("items_per_batch"),
        room=state.room,
    )
    try:
        made, caps = cut(_candidates(drive, waiting(), limits, now, {})), {}
    except _UncountedError:
        count(drive, [s.row for s in waiting() if s.bound is None])
        return
    if made.cut and state.adaptive and not state.open_submissions:
        caps = lowered(drive, waiting(), limits, now)
        made = cut(_candidates(drive, waiting(), limits, now, caps)) if caps else made
    if made.cut and state.open_submissions:
        drive.plan_blocked = state.seq  # the next wave is funded by what these do not use: fewer, larger submissions
        return
    if state.ledger.overruns:
        stop(drive, "a job cost more than its proven worst case, so prices or bounds are wrong; nothing more is sent")
        return
    for part in made.parts:
        if not submit(drive, part, store.fingerprints(state.run_id, part.rows), caps, now):
            return
    if made.cut and not made.parts and others:
        state.not_before = now + drive.poll_interval  # what another run of the same budget does not use may fund these
    elif made.cut and not made.parts:
        drive.record_events(ev.Over(now, "held", needs=str(made.needs)))


def _free(drive: Drive) -> tuple[Decimal | None, bool]:
    """What may still be reserved, and whether other runs of a shared budget may yet release some of theirs."""
    ledger, budget = drive.state.ledger, drive.spec.get("budget")
    if ledger.limit is None or not budget:
        return ledger.free, False
    used, reserved = drive.context.store.budget_used(str(budget))
    return ledger.limit - used, reserved > ledger.outstanding


class _UncountedError(Exception):
    """A ceiling is set, and the input tokens of a job that could be sent are not known yet."""


class _LimitsOf(dict[str, Limits]):
    """Limits by provider name, asked for when they are needed."""

    def __init__(self, drive: Drive) -> None:
        super().__init__()
        self._drive = drive

    def __missing__(self, name: str) -> Limits:
        found = self[name] = self._drive.context.provider(name).limits
        return found


def lowered(drive: Drive, sizings: Iterable[Sizing], limits: Mapping[str, Limits], now: float) -> Caps:
    """Caps on output tokens that answers so far suggest, where they are lower than a job's own; see `core.lengths`."""
    own: Caps = {}
    for s in sizings:
        if not drive.state.has_full_room(s.row):
            own[s.provider, s.model] = max(s.outputs, own.get((s.provider, s.model), 0))
    found: Caps = {}
    for (provider, model), most in own.items():
        lengths = drive.state.lengths.get((provider, model))
        price = reserve_price(drive, provider, model, limits[provider].window_hours, now)
        cap = lengths.cap(price) if lengths and price else None
        if cap is not None and cap < most:
            found[provider, model] = cap
    return found


def _candidates(
    drive: Drive, sizings: Iterable[Sizing], limits: Mapping[str, Limits], now: float, caps: Caps
) -> Iterator[planning.Candidate]:
    """What could be sent, in the user's order; what a lowered cap has cut comes after all others, being long.

    Raises:
        _UncountedError: A job has no bound though a ceiling is set.
    """
    state = drive.state
    for s in sorted(sizings, key=lambda s: s.row in state.cut) if state.cut else sizings:
        if s.bound is None and state.ledger.limit is not None:
            raise _UncountedError
        price = reserve_price(drive, s.provider, s.model, limits[s.provider].window_hours, now)
        cap = s.outputs if state.has_full_room(s.row) else caps.get((s.provider, s.model), s.outputs)
        worst = Decimal(0) if price is None else replace(s, outputs=min(s.outputs, cap)).worst(price)
        yield planning.Candidate(s.row, s.provider, s.model, worst, s.size)


def reserve_price(drive: Drive, provider: str, model: str, window_hours: float, now: float) -> Price | None:
    """The price that no bill can pass, or None where no price is known and no ceiling is set."""
    try:
        return drive.context.prices.reserve(provider, model, utc(now), window_hours)
    except UnknownPriceError:
        if drive.state.ledger.limit is not None:
            raise
        return None


def count(drive: Drive, rows: list[int]) -> None:
    """Have the provider count the input tokens of jobs for which no bound can be proven, then plan again."""
    drive.counting = True
    store, run_id = drive.context.store, drive.state.run_id

    def work() -> dict[int, int]:
        bounds: dict[int, int] = {}
        for row, job in zip(rows, store.jobs_to_send(run_id, rows), strict=True):
            counted = drive.context.provider(job.provider).count_tokens(job)
            if counted is None:
                raise ValidationError(
                    f"No upper bound of the input tokens of job {job.id} is known, so the cost limit cannot be kept. "
                    "Remove the limit, or send the document as text."
                )
            bounds[row] = counted + counted // 100 + 16  # providers call their count an estimate, off by little
        return bounds

    def done(bounds: Any, error: BaseException | None) -> None:
        drive.counting = False
        if error is None:
            store.set_bounds(run_id, bounds)
            drive.rev += 1
        elif isinstance(error, ProviderError) and error.retryable:
            drive.state.not_before = drive.context.clock.now() + wait_after(drive, "count", error)
        elif isinstance(error, BatchataError):
            stop(drive, str(error))
        else:
            raise error

    drive.context.work(work, done)


def submit(drive: Drive, part: planning.Part, fingerprints: list[str], caps: Caps, now: float) -> bool:
    """Record the intent to send one part, with its reservation; then send it, once.

    Returns:
        False if another run has some of its rows by now: those are awaited, and the rest must be planned again.
    """
    drive.hold()
    state, store, owner = drive.state, drive.context.store, drive.context.owner
    tag = f"{state.run_id}-{len(state.submissions) + 1}"
    lower = {model: cap for (provider, model), cap in caps.items() if provider == part.provider}
    way = way_now(drive, part.provider, part.model)
    event = ev.Submitting(now, tag, part.provider, part.model, part.rows, str(part.reserved), owner, lower or None, way)
    fresh = bool(drive.spec.get("fresh"))
    limit = state.ledger.limit
    budget = None if limit is None or not drive.spec.get("budget") else (str(drive.spec["budget"]), limit)
    try:
        known = store.append_submitting(
            state.run_id, state.seq, event, fingerprints, part.worst, fresh=fresh, budget=budget
        )
    except CostLimitExceededError:  # another run of the same budget was faster: plan again with what is left
        state.not_before = now + drive.poll_interval
        return False
    if known:
        drive.record_events(ev.Elsewhere(now, tuple(known)))
        return False
    drive.applied(event)
    submission, seq = state.submissions[tag], state.seq
    submission.busy = True
    provider = drive.context.provider(part.provider)
    send = sender(provider, way)
    full = {row for row in part.rows if state.has_full_room(row)}

    def work() -> str:
        def row_of(row: int, job: Job) -> Row:
            return Row(row_id(tag, row), job if row in full else _with_cap(job, lower.get(job.model)))

        def still_ours() -> None:
            # This process may have stood still since the intent was recorded: another one may drive now, or have sent
            # the jobs under another tag and be gone. The lease first, so that nobody writes after the look.
            held = store.take_lease(state.run_id, owner, drive.context.clock.now(), LEASE_SECONDS)
            if not held or any(getattr(event, "tag", None) == tag for event in store.events(state.run_id, seq)):
                raise TakenOverError

        still_ours()
        return send(tag, SentRows(store, state.run_id, part.rows, row_of, still_ours))

    drive.context.work(work, partial(_submitted, drive, submission))
    return True


def _with_cap(job: Job, cap: int | None) -> Job:
    return job if cap is None or cap >= job.max_tokens else replace(job, max_tokens=cap)


def row_id(tag: str, row: int) -> str:
    """The id of a row on the wire: the tag makes a lost submission recognisable by its rows."""
    return f"{tag}-{row:06d}"


def _submitted(drive: Drive, s: Submission, batch_id: Any, error: BaseException | None) -> None:
    now, s.busy = drive.context.clock.now(), False
    if error is None:
        drive.failures.pop("submit", None)
        drive.record_events(ev.Submitted(now, s.tag, batch_id))
    elif isinstance(error, ValidationError):
        unsent(drive, s, now, "a job could not be sent", retry_at=now)
        _refuse_bad_rows(drive, s.rows, str(error))
    elif isinstance(error, ProviderError) and not error.ambiguous:
        if error.retryable or error.quota:
            unsent(drive, s, now, str(error), retry_at=now + wait_after(drive, "submit", error), quota=error.quota)
        elif isinstance(error, CredentialsError) or error.status in (401, 402, 403, 429) or is_refused_tls(error):
            unsent(drive, s, now, str(error), retry_at=now)
            stop(drive, str(error))
        elif not take_other_way(drive, s, str(error), s.rows, now):
            unsent(drive, s, now, str(error), retry_at=None)
    elif isinstance(error, StateError):
        raise error
    else:
        again = isinstance(error, ProviderError) and error.retryable  # a fault of our own would only come again
        drive.record_events(ev.SubmitUncertain(now, s.tag, str(error) or type(error).__name__, True, again))


def unsent(
    drive: Drive, s: Submission, now: float, message: str, *, retry_at: float | None, quota: bool = False
) -> None:
    """Record that a submission was provably not accepted; see `SubmitFailed`."""
    event = ev.SubmitFailed(now, s.tag, message, retry_at, "invalid_request", quota)
    drive.hold(event)
    drive.context.store.append_unsent(drive.state.run_id, drive.state.seq, event)
    drive.applied(event)


def _refuse_bad_rows(drive: Drive, rows: tuple[int, ...], message: str) -> None:
    """Take those rows out whose documents can no longer be read as they were defined; the others are sent again."""
    from ..documents.files import read

    def unreadable(job: Job) -> bool:
        try:
            for document in job.documents:
                read(document)
        except ValidationError:
            return True
        return False

    jobs = drive.context.store.jobs(drive.state.run_id, rows)
    bad = tuple(row for row, job in zip(rows, jobs, strict=True) if unreadable(job))
    drive.record_events(ev.Refused(drive.context.clock.now(), bad or rows, "invalid_request", message))


def stop(drive: Drive, message: str) -> None:
    """Send nothing more before the user changes something; what is under way goes on, and the run ends after it."""
    if drive.stopped is None and not drive.state.over:
        drive.stopped = message
        drive.record_events(ev.Noted(drive.context.clock.now(), message))


def wait_after(drive: Drive, what: str, error: ProviderError) -> float:
    """Seconds to wait after one more failure of the same kind of call."""
    drive.failures[what] = drive.failures.get(what, 0) + 1
    return retry_delay(drive.failures[what], error.retry_after, drive.context.clock.jitter())
