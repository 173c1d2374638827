"""From an ended batch to results in the store: streamed, decoded once, joined by id, accounted for to the last row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..core import events as ev
from ..core.errors import StateError
from ..core.results import ErrorKind, Outcome, Reply
from ..core.submissions import Submission
from .landing import SAMPLE, landing, ready, stored, verdict
from .layout import write_files
from .rowset import RowSet
from .store_file import chunks
from .watching import GONE, failed_in_passing
from .ways import take_other_way, turned_back

if TYPE_CHECKING:
    from .drive import Drive

CHUNK = 200
LOOKS = 2
"""How often results are fetched again for lines that did not come, before these count as missing."""
ROOM_AFTER = 10
"""How many poll intervals a submission waits that met a full queue, unless one before it ends."""


@dataclass(slots=True)
class Collected:
    """What a pass over an ended batch found beside results."""

    bad_lines: list[str] = field(default_factory=list)
    ours: bool = False
    unwritten: str | None = None
    unmetered: int = 0
    left: RowSet = field(default_factory=RowSet)


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
    if take_other_way(drive, s, reason, s.rows, now):
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
        stored(row, reserved[row][0], verdict(job, "errored", kind, reason, s.batch_id), Decimal(0))
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
    known, row_of = RowSet(s.rows), _rows(drive, s.tag + "-")
    batch_id = s.batch_id or ""
    provider = drive.context.provider(s.provider)
    seen = RowSet()
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
                    collected.unmetered += not reply.metered
        if replies:
            waiting = store.reservations(run_id, s.tag, list(replies))
            jobs = dict(zip(replies, store.jobs(run_id, list(replies)), strict=True))
            landed = [ready(drive, s, row, jobs[row], reply, *waiting[row]) for row, reply in replies.items()]
            try:
                write_files(drive.spec, (one.answer for one in landed))
            except (OSError, ValueError) as error:  # the store has them all the same
                why = getattr(error, "strerror", None) or error
                collected.unwritten = f"results cannot be written to {drive.spec.get('results_dir')} ({why})"
            drive.context.call(landing(drive, s, landed))
            collected.left.discard(replies)
    return collected


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
        return int(number) if len(number) < 10 and number.isascii() and number.isdigit() else None

    return row


def _close(drive: Drive, s: Submission, collected: Collected, now: float) -> None:
    """Account for rows without a line, report lines without a row, and close the submission."""
    drive.hold()
    state = drive.state
    s = state.submissions[s.tag]
    if s.by_hand and collected.bad_lines and not collected.ours:
        message = f"{s.batch_id} is not the lost batch: none of its rows is ours"
        drive.record_events(ev.SubmitUncertain(now, s.tag, message, returned=True))
        return
    if collected.left and not s.no_results and _absent(s)[0] == "missing" and s.looks < LOOKS:
        s.looks += 1  # a download that ended early looks like this, too
        s.next_at = now + s.looks * drive.poll_interval
        s.note = f"{len(collected.left):,} lines did not come; looking again"
        drive.rev += 1
        return
    if collected.left:
        _land_absent(drive, s, list(collected.left), now)
    if notes := _notes(drive, s, collected, now):
        drive.record_events(*notes)
    if not turned_back(drive, s, now):
        drive.record_events(*_taken(drive, s, now), ev.Closed(now, s.tag))


def _notes(drive: Drive, s: Submission, collected: Collected, now: float) -> list[ev.Noted]:
    """What a pass over an ended batch met that is worth a line in the log."""
    notes = [ev.Noted(now, f"{s.batch_id}: {line}") for line in collected.bad_lines[:3]]
    if len(collected.bad_lines) > 3:
        notes.append(ev.Noted(now, f"{s.batch_id}: {len(collected.bad_lines) - 3} more unreadable or unknown lines"))
    if collected.unmetered:
        told = (
            "1 answer does not tell its"
            if collected.unmetered == 1
            else f"{collected.unmetered} answers do not tell their"
        )
        notes.append(ev.Noted(now, f"{s.batch_id}: {told} usage; booked at the worst case"))
    if collected.unwritten:
        notes.append(ev.Noted(now, f"{collected.unwritten}; they are in the store, and to_jsonl writes them"))
    return notes


def _taken(drive: Drive, s: Submission, now: float) -> list[ev.Noted]:
    """What an endpoint of the user's own was found to take, where the log does not say so yet."""
    if not drive.spec.get("base_url"):
        return []
    found = [f"{drive.spec['base_url']}: requests go to {s.way}."] if s.way else []
    found = found or getattr(drive.context.provider(s.provider), "notes", [])
    logged = {text for _, text in drive.state.log}
    return [ev.Noted(now, note) for note in found if note not in logged]


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
            tuple(
                (row, outcome, kind, outcome != "cancelled" and s.word != GONE and state.may_repeat(row))
                for row in chunk
            ),
            str(sum((charged.get(row, Decimal(0)) for row in chunk), Decimal(0))),
            str(sum((waiting[row][1] for row in chunk), Decimal(0))),
            samples={kind: message},
        )
        results = [
            stored(
                row,
                waiting[row][0],
                verdict(job, outcome, kind, message, s.batch_id),
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
    if s.no_results and s.word != GONE:
        return "errored", "provider_error", s.reason or f"the batch ended as {s.word} without results"
    return (
        "missing",
        "missing",
        "the provider returned no line for it; booked at its worst case, as it may have been charged",
    )
