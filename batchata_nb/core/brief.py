"""A run in one line, as an overview of many runs shows it."""

from __future__ import annotations

from typing import Literal

from .jobs import JsonObject
from .snapshot import counts_of, cut, iso, money_of, phase
from .state import RunState

Driver = Literal["here", "elsewhere", "nobody"]
"""Who drives a run that is not over: this kernel, another one, or none that is alive."""
_WORDS = {"held": "held by the limit", "failed": "stopped"}


def brief(state: RunState, now: float, *, models: list[str], practice: bool, driver: Driver) -> JsonObject:
    """Return what an overview shows of a run; a few hundred bytes, whatever the size of the run.

    Args:
        state: The run.
        now: The time, in seconds since 1970.
        models: The models it asks.
        practice: Whether no model is asked.
        driver: Who drives it.
    """
    end = now if driver != "nobody" and not state.over else state.changed
    money = money_of(state)
    return {
        "run_id": state.run_id,
        "name": cut(state.name, 60),
        "state": phase(state),
        "word": _word(state, driver),
        "driver": "nobody" if state.over else driver,
        "models": [cut(model, 40) for model in models[:3]],
        "practice": practice,
        "total": state.total,
        "counts": {name: n for name, n in counts_of(state).items() if n},
        "money": {key: money[key] for key in ("spent", "limit", "known")},
        "elapsed": round(end - state.started, 1) if state.started else 0,
        "started_at": iso(state.started),
    }


def _word(state: RunState, driver: Driver) -> str:
    known = phase(state)
    if state.over:
        return _WORDS.get(known, known)
    if driver == "nobody":
        return "waits for a kernel"
    return f"{known} in another kernel" if driver == "elsewhere" else known
