"""All runs of a store, a page at a time, each in one line.

A run that this process has is read from its drive; of any other its events are read, once, and then only what is new.
"""

from __future__ import annotations

from pathlib import Path

from ..core.brief import Driver, brief
from ..core.jobs import JsonObject
from ..core.state import RunState, apply
from .launch import runner, store_at
from .owner import is_gone
from .records import RunRecord
from .store import Store

MOST = 50
_REMEMBERED = 500


class Overview:
    """The runs of one store.

    Args:
        state_file: The store; it need not be there yet.
    """

    def __init__(self, state_file: str) -> None:
        self.path = Path(state_file).expanduser().absolute()
        self._states: dict[str, RunState] = {}

    def page(self, start: int, n: int) -> JsonObject:
        """Return how many runs there are, and a page of them, newest first; nothing is written or sent.

        Args:
            start: First run to return.
            n: How many, at most 50.

        Raises:
            StateError: The store cannot be read.
        """
        if not self.path.exists():
            return {"total": 0, "start": 0, "runs": []}
        store = store_at(self.path)
        total, records = store.runs_page(max(start, 0), min(max(n, 1), MOST))
        runs = [self._line(store, record) for record in records]
        return {"total": total, "start": start, "runs": runs}

    def _line(self, store: Store, record: RunRecord) -> JsonObject:
        now, own = runner().clock.now(), runner().driven((str(store.path), record.run_id))
        state = own.state if own is not None else self._replayed(store, record)
        return brief(
            state,
            now,
            models=[str(model) for model in record.spec.get("models", ())],
            practice=bool(record.spec.get("practice")),
            driver="here" if own is not None and own.driving else _driver(store, record.run_id, now),
        )

    def _replayed(self, store: Store, record: RunRecord) -> RunState:
        """The state of a run of another process. Taken out while it is brought up to date: views ask on any thread."""
        state = self._states.pop(record.run_id, None) or RunState(record.run_id, record.name)
        for event in store.events(record.run_id, state.seq):
            apply(state, event)
        while len(self._states) >= _REMEMBERED:
            self._states.pop(next(iter(self._states)), None)
        self._states[record.run_id] = state
        return state


def _driver(store: Store, run_id: str, now: float) -> Driver:
    lease = store.lease(run_id)
    alive = lease is not None and lease[1] > now and not is_gone(lease[0])
    return "elsewhere" if alive else "nobody"
