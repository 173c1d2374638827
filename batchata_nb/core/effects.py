"""What each event does to the state of a run, once it is known that it can happen."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import events as ev
from .lengths import Lengths
from .submissions import Submission

if TYPE_CHECKING:
    from .state import RunState

NEVER_SENT = ("pending", "elsewhere", "held")


def _started(state: RunState, e: ev.Started, _: None) -> None:
    state.total = e.total
    state.status = bytearray(e.total)
    state.attempts = bytearray(e.total)
    state.counts = Counter({"pending": e.total})
    state.ledger.limit = None if e.limit is None else Decimal(e.limit)
    state.started = e.at
    state.deadline = None if e.time_limit is None else e.at + e.time_limit
    state.max_attempts, state.max_parallel, state.adaptive = e.max_attempts, e.max_parallel, e.adaptive


def _reused(state: RunState, e: ev.Reused, _: None) -> None:
    state.move(e.rows, "succeeded")
    state.reused += len(e.rows)


def _submitting(state: RunState, e: ev.Submitting, s: Submission) -> None:
    state.over = None
    s.worst = state.ledger.reserved[e.tag] = Decimal(e.reserved)
    state.move(e.rows, "submitting")
    for row in e.rows:
        state.attempts[row] = min(state.attempts[row] + 1, 255)
    before = next((o.caps for o in reversed(state.submissions.values()) if o.provider == s.provider and o is not s), {})
    for model, cap in s.caps.items():
        if before.get(model) != cap:
            _note(state, e.at, f"answers of {model} are asked for with at most {cap:,} tokens; cut ones again with all")


def _submitted(state: RunState, e: ev.Submitted, s: Submission) -> None:
    s.batch_id, s.note, s.next_at, s.by_hand, s.candidates = e.batch_id, None, 0.0, e.by_hand, ()
    state.move(s.rows, "running")
    state.turned_away[s.provider] = 0
    _note(state, e.at, f"{_jobs(len(s.rows))} accepted by {s.provider} as {e.batch_id}")


def _submit_failed(state: RunState, e: ev.SubmitFailed, s: Submission) -> None:
    state.ledger.release(e.tag)
    for row in s.rows:
        state.attempts[row] -= 1
    if e.retry_at is None:
        state.move(s.rows, "errored")
        state.kinds.update((row, e.kind) for row in s.rows)
        state.messages.setdefault(e.kind, e.message)
    else:
        _unsent(state, s.rows)
        state.not_before, state.awaits_room = e.retry_at, False
        if e.quota:
            _no_room(state, s, sure=False)
    _note(state, e.at, f"{s.provider} did not take {_jobs(len(s.rows))}: {e.message}")


def _unsent(state: RunState, rows: tuple[int, ...]) -> None:
    """Rows of which nothing ran wait to be sent again; in a run that is being cancelled they are never sent."""
    if state.cancelled:
        state.move(rows, "cancelled")
        state.kinds.update((row, _cancel_kind(state.cancelled)) for row in rows)
    else:
        state.move(rows, "pending")


def _cancel_kind(reason: str) -> str:
    return "time_limit" if reason == "time_limit" else "cancelled"


def _no_room(state: RunState, s: Submission, *, sure: bool) -> None:
    """A quota is tight. Beside other batches a submission must only wait for them; alone it is too large itself.

    Once is no proof of that where the provider only asks to slow down (not `sure`).
    """
    state.turned_away[s.provider] += 1
    alone = not any(o.provider == s.provider and o is not s for o in state.open_submissions)
    if alone and (sure or state.turned_away[s.provider] > 1):
        state.room[s.provider] = max(1, len(s.rows) // 2)


def _turned_away(state: RunState, e: ev.TurnedAway, s: Submission) -> None:
    state.ledger.release(e.tag)
    for row in s.rows:
        state.attempts[row] -= 1
    _unsent(state, s.rows)
    state.not_before, state.awaits_room = e.retry_at, True
    _no_room(state, s, sure=True)
    _note(state, e.at, f"{s.provider} has no room for {_jobs(len(s.rows))} now: {e.message}")


def _other_way(state: RunState, e: ev.OtherWay, s: Submission) -> None:
    state.ledger.release(e.tag)
    s.handle, s.refused = {}, []
    for row in e.rows:
        state.attempts[row] -= 1
    _unsent(state, e.rows)
    state.ways[e.provider, e.model] = e.way
    _made_room(state, e.at)
    _note(state, e.at, f"from now on requests go to {e.way}, as {s.way} failed: {e.message}")


def _uncertain(state: RunState, e: ev.SubmitUncertain, s: Submission) -> None:
    if s.batch_id is not None:
        s.batch_id, s.word = None, ""
        state.move(s.rows, "submitting")
    if not s.uncertain_at:
        s.uncertain_at = e.at
    s.returned, s.again, s.doubt = s.returned or e.returned, s.again and e.again, s.doubt or e.message
    s.note, s.next_at = e.message, 0.0
    _note(state, e.at, f"not known whether {s.provider} took {_jobs(len(s.rows))}; looking at its list ({e.message})")


def _not_found(state: RunState, e: ev.NotFound, s: Submission) -> None:
    s.absent += 1


def _polled(state: RunState, e: ev.Polled, s: Submission) -> None:
    s.batch_state, s.word, s.done, s.failed = e.state, e.word, e.done, e.failed


def _cancel_sent(state: RunState, e: ev.CancelSent, s: Submission) -> None:
    s.cancel_sent = True


def _ended(state: RunState, e: ev.Ended, s: Submission) -> None:
    s.batch_state, s.word, s.handle, s.reason = "ended", e.word, e.handle, e.reason
    s.rejected, s.quota, s.no_results, s.note, s.next_at = e.rejected, e.quota, e.no_results, None, 0.0
    s.done = e.done
    _note(state, e.at, f"{s.batch_id} {e.word}" + (f": {e.reason}" if e.reason else ""))


def _landed(state: RunState, e: ev.Landed, s: Submission) -> None:
    state.ledger.settle(e.tag, Decimal(e.released), Decimal(e.cost))
    s.cost += Decimal(e.cost)
    state.ledger.saved += Decimal(e.saved)
    state.ledger.cached += Decimal(e.cached)
    state.unpriced += e.unpriced
    for row, outcome, kind, again in e.rows:
        s.outcomes[outcome] += 1
        state.move((row,), "pending" if again else outcome)
        if kind is not None and not again:
            state.kinds[row] = kind
        if again and kind == "truncated":  # by a lowered cap
            state.cut.add(row)
    for row in e.unsent or ():
        state.attempts[row] -= 1
    s.unkept += e.unkept
    s.refused += e.refused or ()
    s.refusal = s.refusal or e.refusal or ""
    if e.cut:
        state.cut_at = (e.cut[0], e.cut[1])
    for model, pairs in (e.lengths or {}).items():
        seen = state.lengths.setdefault((s.provider, model), Lengths())
        for given, out in pairs:
            seen.add(given, out)
    for kind, message in (e.samples or {}).items():
        state.messages.setdefault(kind, message)


def _made_room(state: RunState, at: float) -> None:
    if state.awaits_room:
        state.not_before, state.awaits_room = min(state.not_before, at), False


def _closed(state: RunState, e: ev.Closed, s: Submission) -> None:
    state.ledger.release(e.tag)
    s.handle, s.closed_at = {}, e.at
    if s.rejected:
        return
    _made_room(state, e.at)
    if s.provider in state.room and not state.turned_away[s.provider]:
        state.room[s.provider] *= 2


def _adopted(state: RunState, e: ev.Adopted, _: None) -> None:
    for row, outcome, kind in e.rows:
        state.move((row,), outcome)
        if kind is not None:
            state.kinds[row] = kind


def _refused(state: RunState, e: ev.Refused, _: None) -> None:
    state.move(e.rows, "errored")
    state.kinds.update((row, e.kind) for row in e.rows)
    state.messages[e.kind] = e.message
    _note(state, e.at, e.message)


def _cancel_asked(state: RunState, e: ev.CancelAsked, _: None) -> None:
    state.cancelled, state.paused = e.reason, False
    kind = _cancel_kind(e.reason)
    rows = state.rows_in(*NEVER_SENT)
    state.move(rows, "cancelled")
    state.kinds.update((row, kind) for row in rows)
    state.messages.setdefault(kind, "the time limit was reached" if kind == "time_limit" else "cancelled")
    _note(state, e.at, "time limit reached; cancelling" if kind == "time_limit" else "cancelling")


def _paused(state: RunState, e: ev.Paused, _: None) -> None:
    state.paused = True
    _note(state, e.at, "paused: nothing more is sent; batches under way go on")


def _reopen(state: RunState) -> None:
    state.over = state.message = state.needs = None
    state.move(state.rows_in("held"), "pending")


def _resumed(state: RunState, e: ev.Resumed, _: None) -> None:
    state.paused, state.cancelled, state.deadline, state.not_before = False, None, None, 0.0
    state.awaits_room = False
    _reopen(state)
    _note(state, e.at, "resumed")


def _limit_set(state: RunState, e: ev.LimitSet, _: None) -> None:
    before, state.ledger.limit = state.ledger.limit, None if e.limit is None else Decimal(e.limit)
    state.adaptive = state.adaptive if e.adaptive is None else e.adaptive
    _reopen(state)
    if before == state.ledger.limit:
        return
    _note(state, e.at, f"limit set to ${e.limit}" if e.limit is not None else "limit removed")


def _retry_asked(state: RunState, e: ev.RetryAsked, _: None) -> None:
    state.cancelled, state.over, state.paused = None, None, False
    if state.deadline is not None and state.deadline <= e.at:
        state.deadline = None
    state.move(e.rows, "pending")
    state.asked_again.update(e.rows)
    for s in state.open_submissions:  # they are under way by themselves: a batch that refused them sends them no more
        s.refused = sorted(set(s.refused).difference(e.rows))
    state.cut.difference_update(e.rows)
    _note(state, e.at, f"retrying {_jobs(len(e.rows))}")


def _noted(state: RunState, e: ev.Noted, _: None) -> None:
    _note(state, e.at, e.text)


def _over(state: RunState, e: ev.Over, _: None) -> None:
    state.over, state.needs, state.message = e.state, e.needs, e.message
    if e.state in ("held", "failed"):
        state.move(state.rows_in("pending"), "held")
    _note(
        state, e.at, {"held": "held by the cost limit"}.get(e.state, e.state) + (f": {e.message}" if e.message else "")
    )


EFFECTS: dict[type, Any] = {
    ev.Started: _started,
    ev.Reused: _reused,
    ev.Elsewhere: lambda state, e, _: state.move(e.rows, "elsewhere"),
    ev.Returned: lambda state, e, _: state.move(e.rows, "pending"),
    ev.Submitting: _submitting,
    ev.Submitted: _submitted,
    ev.SubmitFailed: _submit_failed,
    ev.SubmitUncertain: _uncertain,
    ev.NotFound: _not_found,
    ev.Polled: _polled,
    ev.Ended: _ended,
    ev.Landed: _landed,
    ev.TurnedAway: _turned_away,
    ev.OtherWay: _other_way,
    ev.Closed: _closed,
    ev.Adopted: _adopted,
    ev.Refused: _refused,
    ev.CancelAsked: _cancel_asked,
    ev.CancelSent: _cancel_sent,
    ev.Paused: _paused,
    ev.Resumed: _resumed,
    ev.LimitSet: _limit_set,
    ev.RetryAsked: _retry_asked,
    ev.Noted: _noted,
    ev.Over: _over,
}

LOG_LINES = 50


def _note(state: RunState, at: float, text: str) -> None:
    state.log.append((at, text))
    del state.log[:-LOG_LINES]


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"
