"""Failed jobs again: the validation error goes with the prompt, and what was cut gets more room.

The changed job stands beside the one the user defined; row, id and identity stay, and all attempts are kept under them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from ..core import events as ev
from ..core.errors import ValidationError
from ..core.jobs import Job, JsonObject
from ..core.results import ErrorKind
from .records import JobRecord, Sizing

if TYPE_CHECKING:
    from .drive import Drive

TOLD = "\n\nAn earlier answer to this could not be used. {why}\nAnswer again, and keep strictly to the form asked for."
MOST_TOLD = 1000


def retry(drive: Drive, args: Mapping[str, Any], now: float) -> None:
    """Send failed and cancelled jobs again.

    Args:
        drive: The run.
        args: `kind`: only those of one error kind. `max_tokens`: their new cap on output tokens; without it, truncated
            jobs get twice what they had.
        now: The time, in seconds since 1970.

    Raises:
        ValidationError: The cap is no whole number, or more than the model gives; or there is no such kind. Nothing
            was changed.
    """
    kind, cap = args.get("kind"), args.get("max_tokens")
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int) or cap < 1):
        raise ValidationError(f"max_tokens must be a whole number of at least 1, not {cap!r}.")
    if kind == "cost_limit":
        raise ValidationError("What the cost limit holds goes on when the limit is raised: set_cost_limit(usd).")
    if kind is not None and kind not in get_args(ErrorKind):
        raise ValidationError(f"There is no error kind {kind!r}; there are {', '.join(get_args(ErrorKind))}.")
    state, store = drive.state, drive.context.store
    rows = state.rows_in("invalid", "errored", "expired", "cancelled", "missing")
    rows = [row for row in rows if kind is None or state.kinds.get(row) == kind]
    if not rows:
        return
    other = [row for row in rows if cap is not None or state.kinds.get(row) in ("invalid_output", "truncated")]
    changed = list(_changed(drive, other, cap)) if other else []
    drive.hold()
    event = ev.RetryAsked(now, tuple(rows))
    store.append_retry(state.run_id, state.seq, event, changed)
    drive.applied(event)


def _changed(drive: Drive, rows: list[int], cap: int | None) -> list[JobRecord]:
    state, store = drive.state, drive.context.store
    found = zip(rows, store.jobs(state.run_id, rows), store.jobs_to_send(state.run_id, rows), strict=True)
    sizings = {s.row: s for s in store.sizings(state.run_id, rows, defined=True)}
    bodies = store.results(state.run_id, rows)
    made: list[JobRecord] = []
    checked: set[tuple[str, str, int]] = set()
    for row, defined, latest in found:
        room = cap or (_twice(drive, latest) if state.kinds.get(row) == "truncated" else latest.max_tokens)
        job = replace(_told(defined, bodies.get(row), state.kinds.get(row)), max_tokens=room)
        if (job.provider, job.model, room) not in checked:
            checked.add((job.provider, job.model, room))
            drive.context.provider(job.provider).check(job)
        made.append(JobRecord(job, _sizing(sizings[row], defined, job)))
    return made


def _twice(drive: Drive, job: Job) -> int:
    """Twice the room, as far as the model gives it."""
    most = getattr(drive.context.provider(job.provider), "most_output", lambda _: None)(job.model)
    return max(job.max_tokens, min(2 * job.max_tokens, most or 2 * job.max_tokens))


def _told(job: Job, body: JsonObject | None, kind: str | None) -> Job:
    """The job with the validation error at the end of its last user turn."""
    why = (body or {}).get("error") if kind == "invalid_output" else None
    if not why:
        return job
    last = max(n for n, message in enumerate(job.messages) if message.role == "user")
    turn = job.messages[last]
    text = turn.text + TOLD.format(why=str(why)[:MOST_TOLD])
    return replace(job, messages=(*job.messages[:last], replace(turn, text=text), *job.messages[last + 1 :]))


def _sizing(sizing: Sizing, defined: Job, job: Job) -> Sizing:
    """Bounds of the changed job: a token has at least one byte, and JSON makes at most six of one."""
    added = sum(len(m.text.encode()) for m in job.messages) - sum(len(m.text.encode()) for m in defined.messages)
    answers = sizing.outputs // defined.max_tokens
    bound = None if sizing.bound is None else sizing.bound + added
    return replace(sizing, bound=bound, size=sizing.size + 6 * added, outputs=answers * job.max_tokens)
