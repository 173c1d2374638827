"""What each cell has shown: when the cell is run again, its outputs are gone, and so is the need to feed them.

A front end does not tell a kernel that an output was removed; that a cell begins anew is what a kernel does see, where
the front end names its cells.
"""

from __future__ import annotations

from collections.abc import Callable


class Shown:
    """What is to be let go when a cell is run again. Used on the main thread alone."""

    def __init__(self) -> None:
        self._cell: str | None = None
        self._ends: dict[str, list[Callable[[], None]]] = {}

    def begin(self, cell: str | None) -> None:
        """A cell begins; None where the front end does not name it."""
        self._cell = cell
        for end in self._ends.pop(cell, ()) if cell else ():
            end()

    def until_again(self, end: Callable[[], None]) -> None:
        """Have something called when the running cell is run again."""
        if self._cell:
            self._ends.setdefault(self._cell, []).append(end)
