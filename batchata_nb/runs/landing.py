"""A provider's reply on its way into the store: read, checked, priced, and written with the event that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ..core import events as ev
from ..core.jobs import Job
from ..core.results import ErrorKind, Outcome, Reply, Usage
from ..core.state import RunState
from ..core.submissions import Submission
from ..wire.jsonl import mended
from .answers import Answer, answer
from .clock import utc
from .costs import at_worst, billed, cache_saving
from .records import Stored
from .ways import other_way

if TYPE_CHECKING:
    from .drive import Drive

SAMPLE = 200
MORE_ROOM = 4


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
    cached: Decimal
    retryable: bool
    cut: tuple[int, int] | None
    refused: bool
    unkept: bool
    unsent: bool


def ready(drive: Drive, s: Submission, row: int, job: Job, reply: Reply, mark: str, worst: Decimal) -> Ready:
    """Read, check and price one reply: all that needs no knowledge of the run's state."""
    reply = _writable(reply)
    now, prices = utc(drive.context.clock.now()), drive.context.prices
    cost, saved = billed(prices, job, reply, now)
    cached = cache_saving(prices, job, reply, now)
    if not reply.metered:
        cost = at_worst(prices, job, reply, worst, now)
        booked = "what it cost is not known" if cost is None else "it is booked at its worst case"
        reply = replace(reply, error=reply.error and f"{reply.error} As its usage is not known, {booked}.")
    found = answer(job, reply, drive.context.models.get(drive.schema_keys.of(job.schema)), s.batch_id or "")
    cut = _room(drive, row, job) if found.kind == "truncated" else None
    refused = not cost and found.outcome == "errored" and other_way(drive, s, reply.error or "") is not None
    unkept = reply.outcome == "succeeded" and found.kind == "invalid_output" and "{" not in reply.text
    return Ready(
        row, job, reply.usage, mark, worst, found, cost, saved, cached, reply.retryable, cut, refused, unkept,
        reply.unsent,
    )  # fmt: skip


def _writable(reply: Reply) -> Reply:
    """The reply as it can be stored and written: see `wire.jsonl.mended`."""
    try:
        json.dumps([reply.text, reply.error, reply.raw], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        names = ("text", "error", "finish_reason", "model", "native", "raw")
        return replace(reply, **{name: mended(getattr(reply, name)) for name in names})
    except (TypeError, ValueError, RecursionError):  # a provider package that hands on what is no JSON
        return replace(reply, raw={"unreadable": str(reply.raw)[:SAMPLE]})
    return reply


def _room(drive: Drive, row: int, job: Job) -> tuple[int, int]:
    """The cap that has cut an answer, and the one to try next: as much more as the model gives, up to four times."""
    cap = drive.context.store.jobs_to_send(drive.state.run_id, [row])[0].max_tokens
    most = getattr(drive.context.provider(job.provider), "most_output", lambda _: None)(job.model)
    return cap, max(cap, min(MORE_ROOM * cap, most or MORE_ROOM * cap))


def landing(drive: Drive, s: Submission, found: list[Ready]) -> Callable[[], None]:
    """Return what the runner's thread does with a chunk: one transaction for its results and the event that says so."""

    def land() -> None:
        state = drive.state
        landed = _at_fault(state, s, found)
        samples: dict[str, str] = {}
        for one in landed:
            kind = one.answer.kind
            if kind is not None:
                samples.setdefault(kind, str(one.answer.body["error"] or kind)[:SAMPLE])
        paid = [] if drive.spec.get("foreign") else landed
        event = ev.Landed(
            drive.context.clock.now(),
            s.tag,
            tuple((r.row, r.answer.outcome, r.answer.kind, _again(drive, s, r)) for r in landed),
            cost=str(sum((r.cost or Decimal(0) for r in paid), Decimal(0))),
            released=str(sum((r.worst for r in landed), Decimal(0))),
            saved=str(sum((r.saved for r in paid), Decimal(0))),
            cached=str(sum((r.cached for r in paid), Decimal(0))),
            samples=samples,
            unpriced=sum(r.cost is None for r in landed),
            lengths=_lengths(state, s, landed) if state.adaptive else None,
            cut=max((r.cut for r in landed if r.cut and not _again(drive, s, r)), default=None),
            refused=[r.row for r in landed if r.refused] or None,
            unkept=sum(r.unkept for r in landed),
            unsent=[r.row for r in landed if r.unsent] or None,
            refusal=next((str(r.answer.body["error"])[:SAMPLE] for r in landed if r.refused), None),
        )
        results = [stored(r.row, r.mark, r.answer, r.cost) for r in landed]
        drive.hold(event)
        drive.context.store.append_landed(state.run_id, state.seq, event, results)
        drive.applied(event)

    return land


def _at_fault(state: RunState, s: Submission, landed: list[Ready]) -> list[Ready]:
    """Where anything was answered the way is taken: what was refused beside it failed by itself, as any other row."""
    answered = state.submissions[s.tag].outcomes["succeeded"] or any(r.answer.outcome == "succeeded" for r in landed)
    return [replace(r, refused=False) for r in landed] if answered else landed


def _again(drive: Drive, s: Submission, r: Ready) -> bool:
    """Whether a row is sent once more by itself: it failed in passing, or a lowered cap has cut its answer."""
    if r.answer.kind == "truncated":
        return drive.state.was_lowered(r.row, s, r.job.model, r.job.max_tokens) and not drive.state.cancelled
    if r.unsent:
        return not drive.state.cancelled
    return r.retryable and not r.refused and drive.state.may_repeat(r.row)  # the latter waits for the way to be found


def _lengths(state: RunState, s: Submission, landed: list[Ready]) -> dict[str, list[list[int]]]:
    """Lengths of answers by model. One that a lowered cap has cut tells nothing: it is measured when it is whole."""
    found: dict[str, list[list[int]]] = {}
    for r in landed:
        cut = r.answer.kind == "truncated" and state.was_lowered(r.row, s, r.job.model, r.job.max_tokens)
        if r.usage.output_tokens and not cut:
            found.setdefault(r.job.model, []).append([r.usage.input_tokens, r.usage.output_tokens])
    return found


def stored(row: int, mark: str, found: Answer, cost: Decimal | None) -> Stored:
    """Return a row of the store."""
    return Stored(row, mark, found.outcome, found.kind, cost, found.fields, found.body)


def verdict(job: Job, outcome: Outcome, kind: ErrorKind, error: str, batch_id: str | None) -> Answer:
    """Return what is kept of a job that got no answer."""
    return answer(job, Reply(None, outcome, error_kind=kind, error=error), None, batch_id)
