"""A submission of which no answer came: look for it in the provider's list, or have the user decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.due import poll_delay
from ..core.errors import ProviderError, ValidationError
from ..core.submissions import Submission
from ..providers.base import Found
from .sending import unsent, wait_after
from .ways import take_other_way

if TYPE_CHECKING:
    from .drive import Drive

LOOKS = 3
LOOK_EVERY = 5
ABSENT_AFTER = 10
SENT_WITHIN = 60
"""When a batch counts as never accepted, in poll intervals (30 s, so after 5 minutes): lists lag behind.

The provider's list must have lacked it `LOOKS` times, the last one `ABSENT_AFTER` intervals after it was missed first.
While whoever sent it may still be sending (a kernel that stands still, on another machine perhaps), its request can
arrive yet: then it takes `SENT_WITHIN` intervals, half an hour, from when it began.
"""


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
            s.next_at = now + wait_after(drive, s.tag, error)
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
        if take_other_way(drive, s, s.doubt, s.rows, now):  # not the note, which may tell of the list
            return
        if s.again:
            unsent(drive, s, now, "its list has no such batch, so it is sent again", retry_at=now)
        else:
            unsent(drive, s, now, s.doubt, retry_at=None)
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
        args: `tag` of the submission, needed where several are lost; and either `batch_id` of the batch that it is,
            or `never_accepted`, so that its jobs are sent again.
        now: The time, in seconds since 1970.

    Raises:
        ValidationError: There is no such lost submission, or nothing was decided.
    """
    lost = {s.tag: s for s in drive.state.open_submissions if s.state == "uncertain"}
    tag = args.get("tag") or (next(iter(lost)) if len(lost) == 1 else None)
    if not lost:
        raise ValidationError(f"No submission of {drive.state.name} is lost; there is nothing to decide.")
    if tag not in lost:
        raise ValidationError(f"Name the lost submission to decide on: {', '.join(lost)}.")
    batch_id = args.get("batch_id")
    if not batch_id and not args.get("never_accepted"):
        raise ValidationError("Name the batch that it is, or say that it was never accepted.")
    if not batch_id:
        unsent(drive, lost[tag], now, "declared as never accepted, so it is sent again", retry_at=now)
    elif batch_id in {s.batch_id for s in drive.state.submissions.values()} | drive.context.store.batch_ids():
        raise ValidationError(f"The batch {batch_id} is known as another submission already.")
    else:
        drive.record_events(ev.Submitted(now, tag, str(batch_id), by_hand=True))
