"""A list that may be long: what does not fit is kept in a temporary file, and memory does not grow with it."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, TypeVar, overload

Item = TypeVar("Item")
CHUNK = 500


class Spool(Sequence[Item]):
    """Items in order; all but the newest are pickled into a file without a name, which ends with this object.

    A disk that is full only means that the list is kept in memory.

    Args:
        items: What to begin with.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._file: BinaryIO | None = None
        self._places: list[tuple[int, int]] = []
        self._tail: list[Item] = []
        self._end = 0
        self._is_full = False
        for item in items:
            self.append(item)

    def append(self, item: Item) -> None:
        """Add an item at the end."""
        self._tail.append(item)
        if len(self._tail) == 2 * CHUNK and not self._is_full:
            self._put_away()

    def _put_away(self) -> None:
        data = pickle.dumps(self._tail[:CHUNK], pickle.HIGHEST_PROTOCOL)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as this object
                weakref.finalize(self, self._file.close)
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
        except OSError:
            self._is_full = True
            return
        self._places.append((self._end, len(data)))
        self._end += len(data)
        del self._tail[:CHUNK]

    def _chunk(self, number: int) -> list[Item]:
        assert self._file is not None
        start, length = self._places[number]
        self._file.seek(start)
        found: list[Item] = pickle.loads(self._file.read(length))
        return found

    def __len__(self) -> int:
        return CHUNK * len(self._places) + len(self._tail)

    def __iter__(self) -> Iterator[Item]:
        for number in range(len(self._places)):
            yield from self._chunk(number)
        yield from self._tail

    @overload
    def __getitem__(self, key: int) -> Item: ...
    @overload
    def __getitem__(self, key: slice) -> list[Item]: ...
    def __getitem__(self, key: int | slice) -> Item | list[Item]:
        if isinstance(key, slice):
            return [self[at] for at in range(len(self))[key]]
        at = range(len(self))[key]
        number, place = divmod(at, CHUNK)
        return self._chunk(number)[place] if number < len(self._places) else self._tail[at - CHUNK * len(self._places)]
