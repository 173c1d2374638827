"""A set of row numbers that takes one byte a row, where a set of numbers takes sixty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class RowSet:
    """Row numbers of a run, from 0; gone through in order.

    Args:
        rows: What to begin with.
    """

    def __init__(self, rows: Iterable[int] = ()) -> None:
        self._flags = bytearray()
        self._count = 0
        for row in rows:
            self.add(row)

    def add(self, row: int) -> None:
        """Add a row, if it is not there."""
        if row >= len(self._flags):
            self._flags.extend(bytes(row + 1 - len(self._flags) + len(self._flags) // 8))
        self._count += not self._flags[row]
        self._flags[row] = 1

    def discard(self, rows: Iterable[int]) -> None:
        """Take rows out, those that are there."""
        for row in rows:
            if row in self:
                self._flags[row] = 0
                self._count -= 1

    def __contains__(self, row: int) -> bool:
        return row < len(self._flags) and bool(self._flags[row])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return (row for row, flag in enumerate(self._flags) if flag)
