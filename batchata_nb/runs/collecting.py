"""From an ended batch to results in the store: streamed, decoded once, joined by id, accounted for to the last row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.errors import StateError
from ..core.jobs import Job
from ..core.results import ErrorKind, Outcome, Reply, Usage
from ..core.state import RunState
from ..core.submissions import Submission
from .answers import Answer, answer
from .clock import utc
from .costs import billed
from .layout import write_files
from .records import Stored
from .store_file import chunks
from .watching import failed_in_passing

if TYPE_CHECKING:
    from .drive import Drive

CHUNK = 200
ROOM_AFTER = 10
"""How many poll intervals a submission waits that met a full queue, unless one before it ends."""
SAMPLE = 200
MORE_ROOM = 4


@dataclass(slots=True)
class Collected:
    """What a pass over an ended batch found beside results."""

    bad_lines: list[str] = field(default_factory=list)
    ours: bool = False
    unwritten: str | None = None
    left: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Ready:
    """A reply on its way into the store."""

    row: int
    job: Job
    usage: Usage
    mark: str
    worst: Decimal
    answer: Answer
    cost: Decimal | None
    saved: Decimal
    retryable: bool
    cut: tuple[int, int] | None


def fetch(drive: Drive, s: Submission) -> None:
    """Collect the results of an ended batch, or settle one that has none."""
    now = drive.context.clock.now()
    if s.rejected:
        _rejected(drive, s, now)
        return
    s.busy = True

    def done(collected: Any, error: BaseException | None) -> None:
        later, s.busy = drive.context.clock.now(), False
        if isinstance(error, StateError):
            raise error
        if error is not None:
            failed_in_passing(drive, s, error, later)
        else:
            _close(drive, s, collected, later)

    drive.context.work(lambda: _stream(drive, s), done)


def _rejected(drive: Drive, s: Submission, now: float) -> None:
    """Nothing of it ran and nothing was charged: wait where a quota is full, else the rows are at fault."""
    state, store = drive.state, drive.context.store
    reason = s.reason or f"{s.provider} rejected the batch"
    if s.quota:
        away = ev.TurnedAway(now, s.tag, reason, now + ROOM_AFTER * drive.poll_interval)
        drive.hold(away)
        store.append_unsent(state.run_id, state.seq, away)
        drive.applied(away)
        return
    kind: ErrorKind = "invalid_request"
    reserved = store.reservations(state.run_id, s.tag)
    rows = sorted(reserved)
    landed = ev.Landed(
        now,
        s.tag,
        tuple((row, "errored", kind, False) for row in rows),
        cost="0",
        released=str(sum((w for _, w in reserved.values()), Decimal(0))),
        samples={kind: reason},
    )
    results = [
        _stored(row, reserved[row][0], _verdict(job, "errored", kind, reason, s.batch_id), Decimal(0))
        for row, job in zip(rows, store.jobs(state.run_id, rows), strict=True)
    ]
    drive.hold(landed)
    store.append_landed(state.run_id, state.seq, landed, results)
    drive.applied(landed)
    drive.record_events(ev.Closed(now, s.tag))


def _stream(drive: Drive, s: Submission) -> Collected:
    """In the pool: read replies, decode and check them, hand them on in chunks. Rows that landed before are skipped."""
    store, run_id = drive.context.store, drive.state.run_id
    collected = Collected(left=store.rows_under_way(run_id, s.tag))
    if s.no_results:
        return collected
    known, row_of = set(s.rows), _rows(drive, s.tag + "-")
    batch_id = s.batch_id or ""
    provider = drive.context.provider(s.provider)
    seen: set[int] = set()
    for chunk in _chunks(provider.fetch(batch_id, dict(s.handle))):
        replies: dict[int, Reply] = {}
        for reply in chunk:
            row = row_of(reply.row_id)
            collected.ours = collected.ours or row is not None
            if row is None or row not in known:
                collected.bad_lines.append(reply.error or f"a line with the unknown id {reply.row_id!r}"[:SAMPLE])
            elif row in seen:
                collected.bad_lines.append(f"a second line for row {row}")
            else:
                seen.add(row)
                if row in collected.left:
                    replies[row] = reply
        if replies:
            waiting = store.reservations(run_id, s.tag, list(replies))
            jobs = dict(zip(replies, store.jobs(run_id, list(replies)), strict=True))
            landed = [_ready(drive, row, jobs[row], reply, batch_id, *waiting[row]) for row, reply in replies.items()]
            try:
                write_files(drive.spec, (ready.answer for ready in landed))
            except OSError as error:  # the store has them all the same
                collected.unwritten = f"results cannot be written to {drive.spec.get('results_dir')} ({error.strerror})"
            drive.context.call(_landing(drive, s, landed))
            collected.left -= replies.keys()
    return collected


def _ready(drive: Drive, row: int, job: Job, reply: Reply, batch_id: str, mark: str, worst: Decimal) -> Ready:
    """Read, check and price one reply: all that needs no knowledge of the run's state."""
    found = answer(job, reply, drive.context.models.get(drive.schema_keys.of(job.schema)), batch_id)
    cost, saved = billed(drive.context.prices, job, reply, utc(drive.context.clock.now()))
    cut = _room(drive, row, job) if found.kind == "truncated" else None
    return Ready(row, job, reply.usage, mark, worst, found, cost, saved, reply.retryable, cut)


def _room(drive: Drive, row: int, job: Job) -> tuple[int, int]:
    """The cap that has cut an answer, and the one to try next: as much more as the model gives, up to four times."""
    cap = drive.context.store.jobs_to_send(drive.state.run_id, [row])[0].max_tokens
    most = getattr(drive.context.provider(job.provider), "most_output", lambda _: None)(job.model)
    return cap, max(cap, min(MORE_ROOM * cap, most or MORE_ROOM * cap))


def _chunks(replies: Iterator[Reply]) -> Iterable[list[Reply]]:
    chunk: list[Reply] = []
    for reply in replies:
        chunk.append(reply)
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _rows(drive: Drive, prefix: str) -> Callable[[str | None], int | None]:
    """Return what finds the row of an id: its number stands in ours; those of a batch made elsewhere are the jobs'."""
    if drive.spec.get("foreign"):
        ids = {job_id: row for row, job_id in enumerate(drive.context.store.job_ids(drive.state.run_id))}
        return lambda row_id: ids.get(row_id or "")

    def row(row_id: str | None) -> int | None:
        number = row_id[len(prefix) :] if row_id and row_id.startswith(prefix) else ""
        return int(number) if number.isascii() and number.isdigit() else None

    return row


def _landing(drive: Drive, s: Submission, landed: list[Ready]) -> Callable[[], None]:
    """Return what the runner's thread does with a chunk: one transaction for its results and the event that says so."""

    def land() -> None:
        state = drive.state
        samples: dict[str, str] = {}
        for ready in landed:
            kind = ready.answer.kind
            if kind is not None:
                samples.setdefault(kind, str(ready.answer.body["error"] or kind)[:SAMPLE])
        paid = [] if drive.spec.get("foreign") else landed
        event = ev.Landed(
            drive.context.clock.now(),
            s.tag,
            tuple((r.row, r.answer.outcome, r.answer.kind, _again(drive, s, r)) for r in landed),
            cost=str(sum((r.cost or Decimal(0) for r in paid), Decimal(0))),
            released=str(sum((r.worst for r in landed), Decimal(0))),
            saved=str(sum((r.saved for r in paid), Decimal(0))),
            samples=samples,
            unpriced=sum(r.cost is None for r in landed),
            lengths=_lengths(state, s, landed) if state.adaptive else None,
            cut=max((r.cut for r in landed if r.cut and not _again(drive, s, r)), default=None),
        )
        stored = [_stored(r.row, r.mark, r.answer, r.cost) for r in landed]
        drive.hold(event)
        drive.context.store.append_landed(state.run_id, state.seq, event, stored)
        drive.applied(event)

    return land


def _again(drive: Drive, s: Submission, r: Ready) -> bool:
    """Whether a row is sent once more by itself: it failed in passing, or a lowered cap has cut its answer."""
    if r.answer.kind == "truncated":
        return drive.state.was_lowered(r.row, s, r.job.model, r.job.max_tokens) and not drive.state.cancelled
    return r.retryable and drive.state.may_repeat(r.row)


def _lengths(state: RunState, s: Submission, landed: list[Ready]) -> dict[str, list[list[int]]]:
    """Lengths of answers by model. One that a lowered cap has cut tells nothing: it is measured when it is whole."""
    found: dict[str, list[list[int]]] = {}
    for r in landed:
        cut = r.answer.kind == "truncated" and state.was_lowered(r.row, s, r.job.model, r.job.max_tokens)
        if r.usage.output_tokens and not cut:
            found.setdefault(r.job.model, []).append([r.usage.input_tokens, r.usage.output_tokens])
    return found


def _stored(row: int, mark: str, found: Answer, cost: Decimal | None) -> Stored:
    return Stored(row, mark, found.outcome, found.kind, cost, found.fields, found.body)


def _verdict(job: Job, outcome: Outcome, kind: ErrorKind, error: str, batch_id: str | None) -> Answer:
    return answer(job, Reply(None, outcome, error_kind=kind, error=error), None, batch_id)


def _close(drive: Drive, s: Submission, collected: Collected, now: float) -> None:
    """Account for rows without a line, report lines without a row, and close the submission."""
    drive.hold()
    state = drive.state
    s = state.submissions[s.tag]
    if s.by_hand and collected.bad_lines and not collected.ours:
        message = f"{s.batch_id} is not the lost batch: none of its rows is ours"
        drive.record_events(ev.SubmitUncertain(now, s.tag, message, returned=True))
        return
    if collected.left:
        _land_absent(drive, s, sorted(collected.left), now)
    notes = [ev.Noted(now, f"{s.batch_id}: {line}") for line in collected.bad_lines[:3]]
    if len(collected.bad_lines) > 3:
        notes.append(ev.Noted(now, f"{s.batch_id}: {len(collected.bad_lines) - 3} more unreadable or unknown lines"))
    if collected.unwritten:
        notes.append(ev.Noted(now, f"{collected.unwritten}; they are in the store, and to_jsonl writes them"))
    if drive.spec.get("base_url"):
        logged = {text for _, text in state.log}
        found = getattr(drive.context.provider(s.provider), "notes", ())  # what an endpoint of the user's own takes
        notes += [ev.Noted(now, note) for note in found if note not in logged]
    drive.record_events(*notes, ev.Closed(now, s.tag))


def _land_absent(drive: Drive, s: Submission, rows: list[int], now: float) -> None:
    """Give rows without a line their outcome, a chunk at a time."""
    state, store = drive.state, drive.context.store
    outcome, kind, message = _absent(s)
    waiting = store.reservations(state.run_id, s.tag)
    charged = _charged(s, outcome, {row: waiting[row][1] for row in rows})
    for chunk in chunks(rows):
        event = ev.Landed(
            now,
            s.tag,
            tuple((row, outcome, kind, outcome != "cancelled" and state.may_repeat(row)) for row in chunk),
            str(sum((charged.get(row, Decimal(0)) for row in chunk), Decimal(0))),
            str(sum((waiting[row][1] for row in chunk), Decimal(0))),
            samples={kind: message},
        )
        results = [
            _stored(
                row,
                waiting[row][0],
                _verdict(job, outcome, kind, message, s.batch_id),
                charged.get(row, Decimal(0)),
            )
            for row, job in zip(chunk, store.jobs(state.run_id, chunk), strict=True)
        ]
        drive.hold(event)
        store.append_landed(state.run_id, state.seq, event, results)
        drive.applied(event)


def _charged(s: Submission, outcome: Outcome, worst: dict[int, Decimal]) -> dict[int, Decimal]:
    """What rows without a line may have cost: no line is no proof that nothing was charged.

    Rows of a batch that expired or was cancelled cost nothing, except as many as the provider counts answers of which
    no line came: those count at their worst case, the dearest first.
    """
    if outcome == "missing":
        return worst
    unseen = max((s.done or 0) - s.outcomes["succeeded"] - s.outcomes["invalid"], 0)
    dearest = sorted(worst, key=lambda row: worst[row], reverse=True)[:unseen]
    return {row: worst[row] for row in dearest}


def _absent(s: Submission) -> tuple[Outcome, ErrorKind, str]:
    word = s.word.upper()
    if "CANCEL" in word:
        return "cancelled", "cancelled", "cancelled before it ran"
    if "EXPIRE" in word:
        return "expired", "expired", "the provider did not get to it before its deadline"
    if s.no_results:
        return "errored", "provider_error", s.reason or f"the batch ended as {s.word} without results"
    return (
        "missing",
        "missing",
        "the provider returned no line for it; booked at its worst case, as it may have been charged",
    )
