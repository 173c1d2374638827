"""The one thing views are given: a summary of constant size, as JSON."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from .jobs import JsonObject
from .pace import Took, left, usual
from .results import OUTCOMES
from .state import RunState
from .submissions import Submission


class Room(NamedTuple):
    """How many batches, error groups and log lines a summary holds, and how long a text in it may be."""

    text: int
    batches: int
    errors: int
    lines: int


ROOMS = (
    Room(120, 5, 4, 4),
    Room(80, 5, 4, 4),
    Room(48, 5, 4, 3),
    Room(40, 4, 3, 2),
    Room(30, 3, 3, 1),
    Room(12, 2, 2, 1),
)
"""From ample to tight: the first in which the summary keeps to its size is taken."""
SIZE = 2000
"""Most bytes of a summary as JSON, in UTF-8 as kernels send it."""
CUT = 120
RETRYABLE_KINDS = ("provider_error", "expired", "missing", "truncated", "invalid_output", "cancelled", "time_limit")
VENDOR = {"anthropic": "Anthropic", "openai": "OpenAI", "gemini": "Gemini"}


def summary(
    state: RunState,
    now: float,
    *,
    models: list[str],
    practice: bool,
    driver: bool,
    rev: int,
    preview: JsonObject | None = None,
    gold: bool = False,
    took: Took = lambda _: (),
    promise: float | None = None,
    live: bool = False,
) -> JsonObject:
    """Return what a dashboard shows; under 2 KiB of JSON, whatever the size of the run.

    Args:
        state: The run.
        now: The time, in seconds since 1970.
        models: The models it asks.
        practice: Whether the practice provider answers.
        driver: Whether this process drives it.
        rev: Grows with every change.
        preview: What a preview tells of the whole.
        gold: Whether it is known what is right of some items.
        took: How long batches of a provider took before, in seconds.
        promise: Hours within which the run's providers say that a batch ends.
        live: Whether jobs are answered in real time.
    """
    beside = {
        "eta": left(state, now, took),
        **({"usual": seconds} if (seconds := usual(state, took)) else {}),
        **({"promise": promise} if promise and not state.over else {}),
        **({"preview": preview} if preview else {}),
        **({"gold": True} if gold else {}),
    }
    for room in ROOMS:
        made = _summary(state, now, room, models=models, practice=practice, driver=driver, rev=rev, live=live) | beside
        made["can"] += ["rest"] if preview and preview["left"] else []
        if len(json.dumps(made, ensure_ascii=False).encode()) <= SIZE:
            break
    return made


def _summary(
    state: RunState, now: float, room: Room, *, models: list[str], practice: bool, driver: bool, rev: int, live: bool
) -> JsonObject:
    submissions = state.open_submissions
    end = state.changed if state.over else now
    return {
        "v": 1,
        "rev": rev,
        "name": cut(state.name, min(60, room.text)),
        "run_id": state.run_id,
        "state": phase(state),
        "words": cut(words(state, now, live=live), 60 + 2 * room.text),
        "models": [cut(m, min(40, room.text)) for m in models[:4]],
        "practice": practice,
        "driver": driver,
        "total": state.total,
        "reused": state.reused,
        "counts": counts_of(state),
        "money": money_of(state),
        "elapsed": round(end - state.started, 1) if state.started else 0,
        "started_at": iso(state.started),
        "batches": {
            "total": len(state.submissions),
            "open": len(submissions),
            "list": [_batch(s, now, room) for s in _shown(state, room.batches)],
        },
        "errors": _errors(state, room),
        "log": [{"at": iso(at), "text": cut(text, room.text)} for at, text in state.log[-room.lines :]],
        "held": {"jobs": state.counts["held"], "needs": state.needs or "0"} if state.counts["held"] else None,
        "can": _can(state),
    }


def phase(state: RunState) -> str:
    """The run's state in one word."""
    if state.over:
        return state.over
    if state.cancelled:
        return "cancelling"
    return "paused" if state.paused else "running"


def words(state: RunState, now: float, *, live: bool = False) -> str:
    """What the run is doing or waiting for, in one sentence."""
    counts, failed = state.counts, sum(state.counts[o] for o in OUTCOMES if o != "succeeded")
    if state.over:
        done = f"{counts['succeeded']:,} of {state.total:,} succeeded"
        tail = f", {failed:,} failed" if failed else ""
        if state.over == "held":
            return f"{done}{tail}; {counts['held']:,} held: the cost limit leaves no room for them"
        if state.over == "failed":
            return cut(f"Stopped: {state.message}", 300)
        return f"{done}{tail}" + ("; cancelled" if state.over == "cancelled" else "")
    submissions = state.open_submissions
    uncertain = [s for s in submissions if s.state == "uncertain"]
    if uncertain:
        doubt = f"{_vendors(uncertain)}'s list: it is not known whether a batch was accepted"
        if any(s.candidates for s in uncertain):
            decide = f"%batchata reconcile {cut(state.name, 40)}"
            return f"Waiting for {doubt}. It will tell when other batches end; {decide} decides now"
        return f"Looking at {doubt}"
    waiting = [s for s in submissions if s.state == "running"]
    if state.cancelled:
        return f"Cancelling: waiting for {_awaited(waiting, live)}" if waiting else "Cancelling"
    if any(s.state == "collecting" for s in submissions):
        return "Collecting results"
    if waiting:
        return f"Waiting for {_awaited(waiting, live)}"
    if submissions:
        return "Sending"
    if state.paused:
        return "Paused; nothing more is sent"
    if state.not_before > now:
        return f"Waiting {state.not_before - now:.0f} s before sending again"
    return "Waiting for the same jobs in another run" if counts["elsewhere"] and not counts["pending"] else "Planning"


def cut(text: str, most: int = CUT) -> str:
    """Shorten a text for display."""
    return text if len(text) <= most else text[: most - 1] + "…"


def money_of(state: RunState) -> JsonObject:
    """What was spent, is reserved, may be spent and was saved, in dollars; `known` where there are prices."""
    ledger = state.ledger
    return {
        "spent": _money(ledger.spent),
        "reserved": _money(ledger.outstanding),
        "limit": None if ledger.limit is None else _money(ledger.limit),
        "saved": _money(ledger.saved),
        **({"cached": _money(ledger.cached)} if ledger.cached else {}),
        "known": not state.unpriced,
    }


def counts_of(state: RunState) -> dict[str, int]:
    """How many jobs are in each state that views show."""
    counts = {name: state.counts[name] for name in ("held", "submitting", "running", *OUTCOMES)}
    return {"pending": state.counts["pending"] + state.counts["elsewhere"], **counts}


def _errors(state: RunState, room: Room) -> list[JsonObject]:
    """Failures by cause, most frequent first; for truncated ones also the cap to try next."""
    groups: list[JsonObject] = []
    for kind, count in Counter(list(state.kinds.values())).most_common(room.errors):
        message = cut(state.messages.get(kind, kind), room.text)
        group: JsonObject = {"kind": kind, "message": message, "count": count, "retry": kind in RETRYABLE_KINDS}
        if kind == "truncated" and state.cut_at:
            cap, more = state.cut_at
            group |= {"message": f"output cut at {cap:,} tokens", "more": more, "retry": more > cap}
        groups.append(group)
    return groups


def _shown(state: RunState, most: int) -> list[Submission]:
    shown = state.open_submissions[:most]
    if len(shown) < most:
        ended = [s for s in list(state.submissions.values()) if not s.is_open]
        shown = ended[len(shown) - most :] + shown
    return shown


def _batch(s: Submission, now: float, room: Room) -> JsonObject:
    running = s.state == "running"
    return {
        "tag": s.tag,
        "provider": s.provider,
        "model": cut(s.model, min(30, room.text)),
        "batch_id": s.batch_id and cut(s.batch_id, 40),
        "rows": len(s.rows),
        "state": s.batch_state if running else {"closed": "ended", "failed": "ended"}.get(s.state, s.state),
        "word": cut(s.word or s.state, 24),
        "done": s.done if running else s.accounted or None,
        "next_poll": round(max(s.next_at - now, 0), 1) if running and s.next_at else None,
        "note": s.note and cut(s.note, min(100, room.text)),
        **({"maybe": list(s.candidates[:2])} if s.state == "uncertain" else {}),
    }


def _can(state: RunState) -> list[str]:
    can = []
    if not state.over and not state.cancelled:
        can += ["cancel", "resume" if state.paused else "pause"]
    if state.over == "failed":  # something was to be mended first, such as a key
        can.append("resume")
    if state.over and any(state.counts[o] for o in OUTCOMES if o != "succeeded"):
        can.append("retry_failed")
    if state.ledger.limit is not None:
        can.append("raise_limit")
    if any(s.state == "uncertain" for s in state.open_submissions):
        can.append("reconcile")
    return can


def _vendors(submissions: list[Submission]) -> str:
    return " and ".join(sorted({VENDOR.get(s.provider, s.provider) for s in submissions}))


def _awaited(submissions: list[Submission], live: bool) -> str:
    if live:
        return f"answers of {_vendors(submissions)}, in real time"
    count = len(submissions)
    return f"{'a batch' if count == 1 else f'{count} batches'} at {_vendors(submissions)}"


def _money(amount: Decimal) -> str:
    return format(amount.normalize(), "f") if amount else "0"


def iso(at: float) -> str:
    """A time as ISO text."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
