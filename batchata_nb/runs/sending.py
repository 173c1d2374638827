"""From planned jobs to accepted submissions: reserve, record the intent, send once, and look before sending again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core import plan as planning
from ..core.due import poll_delay, retry_delay
from ..core.errors import (
    BatchataError,
    CredentialsError,
    ProviderError,
    StateError,
    UnknownPriceError,
    ValidationError,
)
from ..core.jobs import Job
from ..core.pricing import Price
from ..core.submissions import Submission
from ..providers.base import Found, Limits, Row
from .clock import utc
from .records import Sizing
from .store_file import TakenOverError

if TYPE_CHECKING:
    from .drive import Drive

LEASE_SECONDS = 20.0
"""A lease is renewed every 5 s; one that has not been for so long is taken over."""
LOOKS = 3
LOOK_EVERY = 5
ABSENT_AFTER = 10
SENT_WITHIN = 60
"""When a batch counts as never accepted, in poll intervals (30 s, so after 5 minutes): lists lag behind.

The provider's list must have lacked it `LOOKS` times, the last one `ABSENT_AFTER` intervals after it was missed first.
While whoever sent it may still be sending (a kernel that stands still, on another machine perhaps), its request can
arrive yet: then it takes `SENT_WITHIN` intervals, half an hour, from when it began.
"""


def plan(drive: Drive, now: float) -> None:
    """Cut pending jobs into submissions as slots and budget allow, and send them."""
    state, store = drive.state, drive.context.store
    if drive.counting or drive.plan_blocked == state.seq:
        return
    if drive.stopped is not None:
        if not state.open_submissions:
            drive.record_events(ev.Over(now, "failed", message=drive.stopped))
        return
    sizings = store.sizings(state.run_id, state.rows_in("pending"))
    if state.ledger.limit is not None and any(s.bound is None for s in sizings):
        count(drive, [s.row for s in sizings if s.bound is None])
        return
    providers = {s.provider for s in sizings}
    limits: dict[str, Limits] = {name: drive.context.provider(name).limits for name in providers}
    made = planning.make(
        _candidates(drive, sizings, limits, now),
        limits,
        free=None if state.ledger.overruns else state.ledger.free,
        limit=state.ledger.limit,
        slots=0 if state.ledger.overruns else state.max_parallel - len(state.open_submissions),
        items_per_batch=drive.spec.get("items_per_batch"),
        room=state.room,
    )
    if made.cut and state.open_submissions:
        drive.plan_blocked = state.seq  # the next wave is funded by what these do not use: fewer, larger submissions
        return
    if state.ledger.overruns:
        stop(drive, "a job cost more than its proven worst case, so prices or bounds are wrong; nothing more is sent")
        return
    marks = {s.row: s.fingerprint for s in sizings}
    for part in made.parts:
        if not submit(drive, part, [marks[row] for row in part.rows], now):
            return
    if made.cut and not made.parts:
        drive.record_events(ev.Over(now, "held", needs=str(made.needs)))


def _candidates(
    drive: Drive, sizings: list[Sizing], limits: dict[str, Limits], now: float
) -> Iterator[planning.Candidate]:
    for s in sizings:
        price = reserve_price(drive, s.provider, s.model, limits[s.provider].window_hours, now)
        worst = Decimal(0) if price is None else s.worst(price)
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
        for row, job in zip(rows, store.jobs(run_id, rows), strict=True):
            counted = drive.context.provider(job.provider).count_tokens(job)
            if counted is None:
                raise ValidationError(
                    f"No upper bound of the input tokens of job {job.id} is known, so the cost limit cannot be kept. "
                    "Remove the limit, or send the document as text."
                )
            bounds[row] = counted + counted // 100 + 16  # the count is an estimate to within 1 % (costs.md 2.1)
        return bounds

    def done(bounds: Any, error: BaseException | None) -> None:
        drive.counting = False
        if error is None:
            store.set_bounds(run_id, bounds)
            drive.rev += 1
        elif isinstance(error, ProviderError) and error.retryable:
            drive.state.not_before = drive.context.clock.now() + _wait(drive, "count", error)
        elif isinstance(error, BatchataError):
            stop(drive, str(error))
        else:
            raise error

    drive.context.work(work, done)


def submit(drive: Drive, part: planning.Part, fingerprints: list[str], now: float) -> bool:
    """Record the intent to send one part, with its reservation; then send it, once.

    Returns:
        False if another run has some of its rows by now: those are awaited, and the rest must be planned again.
    """
    drive.hold()
    state, store, owner = drive.state, drive.context.store, drive.context.owner
    tag = f"{state.run_id}-{len(state.submissions) + 1}"
    event = ev.Submitting(now, tag, part.provider, part.model, part.rows, str(part.reserved), owner)
    fresh = bool(drive.spec.get("fresh"))
    known = store.append_submitting(state.run_id, state.seq, event, fingerprints, part.worst, fresh=fresh)
    if known:
        drive.record_events(ev.Elsewhere(now, tuple(known)))
        return False
    drive.applied(event)
    submission = state.submissions[tag]
    submission.busy = True
    provider = drive.context.provider(part.provider)

    def work() -> str:
        jobs = store.jobs(state.run_id, part.rows)
        rows = [Row(row_id(tag, row), job) for row, job in zip(part.rows, jobs, strict=True)]
        # This process may have stood still since the intent was recorded, and another one may have taken over.
        if not store.take_lease(state.run_id, owner, drive.context.clock.now(), LEASE_SECONDS):
            raise TakenOverError
        return provider.submit(tag, rows)

    drive.context.work(work, partial(_submitted, drive, submission))
    return True


def row_id(tag: str, row: int) -> str:
    """The id of a row on the wire: the tag makes a lost submission recognisable by its rows."""
    return f"{tag}-{row:06d}"


def _submitted(drive: Drive, s: Submission, batch_id: Any, error: BaseException | None) -> None:
    now, s.busy = drive.context.clock.now(), False
    if error is None:
        drive.failures.pop("submit", None)
        drive.record_events(ev.Submitted(now, s.tag, batch_id))
    elif isinstance(error, ValidationError):
        _unsent(drive, s, now, "a job could not be sent", retry_at=now)
        _refuse_bad_rows(drive, s.rows, str(error))
    elif isinstance(error, ProviderError) and not error.ambiguous:
        if error.retryable or error.quota:
            _unsent(drive, s, now, str(error), retry_at=now + _wait(drive, "submit", error), quota=error.quota)
        elif isinstance(error, CredentialsError) or error.status in (401, 402, 403, 429):
            _unsent(drive, s, now, str(error), retry_at=now)
            stop(drive, str(error))
        else:
            _unsent(drive, s, now, str(error), retry_at=None)
    elif isinstance(error, StateError):
        raise error
    else:
        drive.record_events(ev.SubmitUncertain(now, s.tag, str(error) or type(error).__name__, returned=True))


def _unsent(
    drive: Drive, s: Submission, now: float, message: str, *, retry_at: float | None, quota: bool = False
) -> None:
    drive.hold()
    event = ev.SubmitFailed(now, s.tag, message, retry_at, "invalid_request", quota)
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


def _wait(drive: Drive, what: str, error: ProviderError) -> float:
    drive.failures[what] = drive.failures.get(what, 0) + 1
    return retry_delay(drive.failures[what], error.retry_after, drive.context.clock.jitter())


def recover(drive: Drive, now: float) -> None:
    """After taking a run over: an intent without its answer is looked up before anything else is sent for its jobs."""
    for s in drive.state.open_submissions:
        if s.state == "submitting" and not s.busy:
            drive.record_events(
                ev.SubmitUncertain(now, s.tag, "the process ended before the provider's answer was recorded")
            )


def find(drive: Drive, s: Submission) -> None:
    """Look for a lost submission in the provider's list."""
    s.busy = True
    provider = drive.context.provider(s.provider)
    since = datetime.fromtimestamp(s.at - 120, UTC)  # clocks differ

    def done(found: Any, error: BaseException | None) -> None:
        now, s.busy = drive.context.clock.now(), False
        if isinstance(error, ProviderError):
            s.note = f"its list cannot be read: {error}"
            s.next_at = now + _wait(drive, s.tag, error)
            drive.rev += 1
        elif error is not None:
            raise error
        else:
            _decide(drive, s, found, now)

    drive.context.work(lambda: provider.find(s.tag, since, len(s.rows)), done)


def _decide(drive: Drive, s: Submission, found: Found, now: float) -> None:
    if s.state != "uncertain":  # the user has decided meanwhile
        return
    s.next_at = now + LOOK_EVERY * drive.poll_interval
    s.candidates = ()
    if found.candidates:  # those that are known to be other submissions are none
        known = {o.batch_id for o in drive.state.submissions.values()} | drive.context.store.batch_ids()
        s.candidates = tuple(c for c in found.candidates if c not in known)
    if found.batch_id:
        s.next_at = 0.0
        drive.record_events(ev.Submitted(now, s.tag, found.batch_id))
    elif s.candidates:
        s.note = f"may be {' or '.join(s.candidates[:2])}: its rows will tell when it ends, or reconcile decides"
        s.next_at = now + poll_delay(now - s.at, drive.poll_interval, drive.context.clock.jitter())
        drive.rev += 1
    elif _is_absent(drive, s, now):
        _unsent(drive, s, now, "its list has no such batch, so it is sent again", retry_at=now)
    else:
        drive.record_events(ev.NotFound(now, s.tag))


def _is_absent(drive: Drive, s: Submission, now: float) -> bool:
    """Whether it counts as proven that the provider never accepted a submission that its list lacks once more."""
    if s.absent + 1 < LOOKS or now < s.uncertain_at + ABSENT_AFTER * drive.poll_interval:
        return False
    over = s.returned or drive.context.gone(s.owner)
    return over or now >= s.at + SENT_WITHIN * drive.poll_interval


def reconcile(drive: Drive, args: Mapping[str, Any], now: float) -> None:
    """Have the user decide what became of a lost submission.

    Args:
        drive: The run.
        args: `tag` of the submission, needed where several are lost; `batch_id` of the batch that it is, or None if
            it was never accepted, so that its jobs are sent again.
        now: The time, in seconds since 1970.

    Raises:
        ValidationError: There is no such lost submission.
    """
    lost = {s.tag: s for s in drive.state.open_submissions if s.state == "uncertain"}
    tag = args.get("tag") or (next(iter(lost)) if len(lost) == 1 else None)
    if not lost:
        raise ValidationError(f"No submission of {drive.state.name} is lost; there is nothing to decide.")
    if tag not in lost:
        raise ValidationError(f"Name the lost submission to decide on: {', '.join(lost)}.")
    batch_id = args.get("batch_id")
    if batch_id is None:
        _unsent(drive, lost[tag], now, "declared as never accepted, so it is sent again", retry_at=now)
    elif batch_id in {s.batch_id for s in drive.state.submissions.values()} | drive.context.store.batch_ids():
        raise ValidationError(f"The batch {batch_id} is known as another submission already.")
    else:
        drive.record_events(ev.Submitted(now, tag, str(batch_id), by_hand=True))
