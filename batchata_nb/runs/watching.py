"""While batches run: poll, cancel, and wait for the same jobs in another run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.due import poll_delay, retry_delay
from ..core.errors import ProviderError
from ..core.submissions import Submission
from ..providers.base import BatchStatus, Provider

if TYPE_CHECKING:
    from .drive import Drive

LOOK_AGAIN = 1.0
GONE, GONE_AFTER, KEPT_AT_MOST = "gone", 24 * 3600.0, 45 * 24 * 3600.0
"""A batch that its provider does not know is settled after a day of such answers, or when no provider keeps any."""


def poll(drive: Drive, s: Submission) -> None:
    """Ask for the state of one batch. A poll that fails never fails a batch: only the provider ends it."""

    def answered(status: BatchStatus, now: float) -> None:
        drive.failures.pop(s.tag, None)
        if status.state != "ended":
            _goes_on(drive, s, status, now)
            return
        drive.paces.note(s, status, now)
        drive.record_events(
            ev.Ended(
                now, s.tag, status.word, status.handle, status.reason, status.rejected, status.quota, status.no_results,
                status.done,
            )
        )  # fmt: skip

    _ask(drive, s, lambda provider, batch_id: provider.poll(batch_id), answered)


def _goes_on(drive: Drive, s: Submission, status: BatchStatus, now: float) -> None:
    drive.paces.seen(s, now)
    s.note, s.next_at = None, now + poll_delay(now - s.at, drive.poll_interval, drive.context.clock.jitter())
    event = ev.Polled(now, s.tag, status.state, status.word, status.done, status.failed)
    if (s.batch_state, s.word, s.done, s.failed) != (event.state, event.word, event.done, event.failed):
        drive.record_events(event)


def failed_in_passing(drive: Drive, s: Submission, error: BaseException, now: float) -> None:
    """Note a failed call about a batch, and try again later: the batch goes on all the same."""
    if not isinstance(error, ProviderError):
        raise error
    if error.status in (404, 410) and not error.retryable:
        s.gone_since = now if s.gone_since is None else s.gone_since
        if now - s.gone_since >= GONE_AFTER or now - s.at >= KEPT_AT_MOST:
            reason = f"{s.provider} does not know the batch any more: {error}"
            drive.record_events(ev.Ended(now, s.tag, GONE, {}, reason, no_results=True))
            return
    else:
        s.gone_since = None
    failures = drive.failures[s.tag] = drive.failures.get(s.tag, 0) + 1
    s.next_at = now + retry_delay(failures, error.retry_after, drive.context.clock.jitter())
    s.note = f"asked again in {s.next_at - now:.0f} s: {error}"
    drive.rev += 1


def cancel(drive: Drive, s: Submission) -> None:
    """Ask the provider to cancel one batch; what it has finished is kept and collected when it ends."""

    def answered(_: None, now: float) -> None:
        s.next_at = now
        drive.record_events(ev.CancelSent(now, s.tag))

    _ask(drive, s, lambda provider, batch_id: provider.cancel(batch_id), answered)


def _ask(
    drive: Drive, s: Submission, call: Callable[[Provider, str], Any], answered: Callable[[Any, float], None]
) -> None:
    """Ask the provider about one batch; what fails is noted, and asked again later."""
    s.busy = True
    provider, batch_id = drive.context.provider(s.provider), s.batch_id or ""

    def done(result: Any, error: BaseException | None) -> None:
        now, s.busy = drive.context.clock.now(), False
        if error is not None:
            failed_in_passing(drive, s, error, now)
        else:
            answered(result, now)

    drive.context.work(lambda: call(provider, batch_id), done)


def adopt(drive: Drive, now: float) -> None:
    """See how the jobs fare that another run of this store has under way."""
    if now < drive.adopt_at:
        return
    drive.adopt_at = now + LOOK_AGAIN
    state, store = drive.state, drive.context.store
    sizings = store.sizings(state.run_id, state.rows_in("elsewhere"))
    usable, under_way = store.known([s.fingerprint for s in sizings])
    landed = tuple((s.row, "succeeded", None) for s in sizings if s.fingerprint in usable)
    back = tuple(s.row for s in sizings if s.fingerprint not in usable and s.fingerprint not in under_way)
    for run_id in {run_id for mark, run_id in under_way.items() if mark not in usable}:
        drive.context.wake(run_id)
    events: list[ev.Event] = []
    if landed:
        events.append(ev.Adopted(now, landed))
    if back:
        events.append(ev.Returned(now, back))
    if events:
        drive.record_events(*events)
