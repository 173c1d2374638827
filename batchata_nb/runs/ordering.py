"""Which rows of a run a table shows, in which order; found once and kept, so that a page costs what it shows.

What was found is kept together with what it rests on: the run and how many events it has, the filter, the text and the
order. Scrolling through an unchanged run therefore takes pages out of one list. While a run changes,

* the filter by state is always that of now, and so is how many rows match;
* a search looks only at rows that got a result since it last did;
* an order is found anew, but at most once a second for every 20,000 rows, so that a large run spends a small part of
  its time on it. Until then rows keep their places, none is missing or there twice, and whoever asks is told that the
  page is behind. A run that is over is always in its final order.
"""

from __future__ import annotations

import operator
import threading
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from ..core.state import CODE, RunState
from .store import Store
from .table_queries import COLUMNS

SECONDS_A_ROW = 1 / 20_000
REMEMBERED = 12
"""What is kept at most, of all runs: some 400 KB each for a hundred thousand rows."""


@dataclass(slots=True)
class _Kept:
    """What was found, what it rests on, and when that was; found by one thread while others wait for it."""

    value: Any = None
    rests_on: object = None
    at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: OrderedDict[Hashable, _Kept] = OrderedDict()
_guard = threading.Lock()


def _keep(*key: Hashable) -> _Kept:
    """What is kept under a key; what was asked for longest ago makes room."""
    with _guard:
        kept = _kept.setdefault(key, _Kept())
        _kept.move_to_end(key)
        while len(_kept) > REMEMBERED:
            _kept.popitem(last=False)
    return kept


def matching(
    store: Store,
    state: RunState,
    states: Sequence[str] | None,
    text: str | None,
    order: Mapping[str, Any] | None,
    now: float,
    cause: str | None = None,
) -> tuple[Sequence[int], bool]:
    """Return the rows that match, in order, and whether the order is behind.

    Args:
        store: The store.
        state: The run.
        states: Only jobs in one of these.
        text: Only rows whose id or fields contain this.
        order: `by` and `desc`; job order if left out.
        now: Seconds on a clock that never jumps.
        cause: Only jobs that failed with this kind of error.
    """
    seq, status = state.seq, bytes(state.status)  # before anything is read: what comes meanwhile is looked at again
    rows: Sequence[int] = range(len(status))
    behind = False
    by, descending = (str(order.get("by")), bool(order.get("desc"))) if order else (None, False)
    if by is not None:
        rows, behind = _ordered(store, state, seq, status, by, descending=descending, now=now)
    if not states and not text and not cause:
        return rows, behind
    kept = _keep(str(store.path), state.run_id, "rows", states and tuple(states), text, cause, by, descending)
    with kept.lock:
        if kept.rests_on != (seq, rows):
            flags = _flags(status, states)
            if cause:
                flags = _failed(state, len(status), cause)
            if text:
                flags = bytes(map(operator.and_, flags, _hits(store, state.run_id, seq, len(status), text)))
            kept.value = array("I", compress(rows, map(flags.__getitem__, rows)))
            kept.rests_on = (seq, rows)
        found: array[int] = kept.value
    return found, behind


def _flags(status: bytes, states: Sequence[str] | None) -> bytes:
    """One for each row in one of these states, or for all."""
    codes = set(CODE.values()) if states is None else {CODE[name] for name in states}
    return status.translate(bytes(code in codes for code in range(256)))


def _failed(state: RunState, total: int, cause: str) -> bytes:
    """One for each row that failed with this kind of error."""
    flags = bytearray(total)
    for row, kind in state.kinds.copy().items():  # a copy is made in one step: the runner's thread goes on meanwhile
        flags[row] = kind == cause
    return bytes(flags)


def _ordered(
    store: Store, state: RunState, seq: int, status: bytes, by: str, *, descending: bool, now: float
) -> tuple[array[int], bool]:
    """All rows in an order, and whether it is behind."""
    total = len(status)
    rests_on = None if by in COLUMNS else seq
    kept = _keep(str(store.path), state.run_id, "order", by, descending)
    with kept.lock:
        if kept.value is not None and len(kept.value) == total:
            if kept.rests_on == rests_on:
                return kept.value, False
            if state.over is None and now < kept.at + total * SECONDS_A_ROW:
                return kept.value, True
        if by == "state":
            kept.value = array("I", sorted(range(total), key=status.__getitem__, reverse=descending))
        else:
            kept.value = store.order(state.run_id, total, by, descending=descending)
        kept.rests_on, kept.at = rests_on, now
        return kept.value, False


def _hits(store: Store, run_id: str, seq: int, total: int, text: str) -> bytes:
    """One for each row that contains a text; rows are looked at again when they get a result."""
    kept = _keep(str(store.path), run_id, "hits", text)
    with kept.lock:
        if kept.rests_on != seq:
            flags, known = kept.value or (b"", 0)
            latest = store.latest_result()
            rows: Sequence[int] = store.rows_since(run_id, known) if len(flags) == total else range(total)
            flags = bytearray(flags if len(flags) == total else total)
            for row in rows:
                flags[row] = 0
            for row in store.search(run_id, rows, text):
                flags[row] = 1
            kept.value, kept.rests_on = (bytes(flags), latest), seq
        found: bytes = kept.value[0]
    return found
