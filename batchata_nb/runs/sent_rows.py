"""The rows of a submission on their way out: read while they are written to the wire, never all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from ..core.jobs import Job
from ..providers.base import Row
from .store import Store
from .store_file import chunks

READ_AT_ONCE = 200


class SentRows(Sequence[Row]):
    """The rows of a submission, read from the store as they are gone through, a few hundred at a time.

    Args:
        store: The store.
        run_id: The run.
        rows: Which jobs.
        row_of: Makes a row of a job's number and the job.
        still_ours: Called when all have been gone through, just before they leave; raises if they must not.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        rows: Sequence[int],
        row_of: Callable[[int, Job], Row],
        still_ours: Callable[[], None],
    ) -> None:
        self._store, self._run_id, self._rows = store, run_id, rows
        self._row_of, self._still_ours = row_of, still_ours

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> list[Row]: ...
    def __getitem__(self, key: int | slice) -> Row | list[Row]:
        if isinstance(key, slice):
            return self._read(self._rows[key])
        return self._read([self._rows[key]])[0]

    def __iter__(self) -> Iterator[Row]:
        for chunk in chunks(self._rows, READ_AT_ONCE):
            yield from self._read(chunk)
        self._still_ours()

    def _read(self, rows: Sequence[int]) -> list[Row]:
        jobs = self._store.jobs_to_send(self._run_id, rows)
        return [self._row_of(row, job) for row, job in zip(rows, jobs, strict=True)]
