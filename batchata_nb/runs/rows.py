"""What `over` may be: frames of any library, lists, dicts, generators, and awaitables of these, as rows."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from ..core.errors import ValidationError
from .templates import listed

FrameKind = Literal["pandas", "polars", "pyarrow"]
Labelled = Iterator[tuple[Any, Any]]
"""Pairs (label, row): the label is a frame's index, a dict's key or the position from 0."""

_TAKES = (
    "a pandas, polars or pyarrow frame, a list of dicts or of values, a dict of id to row, a generator of rows, or an "
    "awaitable or async iterator of these"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to make jobs of.

    Attributes:
        columns: Names that every row has (lists of dicts: those of the first row); empty for single values.
        frame_kind: Library of the frame, or None for no frame.
        length: Number of rows, or None for a generator.
        labels: What a label is: `id` (a dict's key), `index` (of a frame, not just counted), or `position`.
        pairs: Makes an iterator over (label, row); given columns are the only ones that are needed.
        index_names: Names of the levels of a pandas frame's index.
    """

    columns: tuple[str, ...]
    frame_kind: FrameKind | None
    length: int | None
    labels: Literal["id", "index", "position"]
    pairs: Callable[[Collection[str] | None], Labelled]
    index_names: tuple[Any, ...] = ()


def rows_of(over: Any) -> Rows:
    """Read what the user wants to go over.

    An awaitable or async iterator is drained first, on the loop that is running in this thread, if one is.

    Raises:
        ValidationError: It is nothing to go over, or it is empty.
    """
    over = _drained(over)
    if isinstance(over, (str, bytes, os.PathLike)) or over is None or inspect.isclass(over):
        raise ValidationError(f"Going over {type(over).__name__!r} makes no rows; give {_TAKES}. Files go to --files.")
    frame = _frame_of(over)
    rows = _frame_rows(frame) if frame is not None else _plain_rows(over)
    if rows.length == 0:
        raise ValidationError("There are no rows to go over: the input is empty.")
    return rows


def _plain_rows(over: Any) -> Rows:
    if isinstance(over, Mapping):
        columns = _columns_of(next(iter(over.values()), None))
        return Rows(columns, None, len(over), "id", lambda _: iter(over.items()))
    if not isinstance(over, Iterable):
        raise ValidationError(f"Going over {type(over).__name__!r} makes no rows; give {_TAKES}.")
    if not isinstance(over, Iterator):
        values = over if isinstance(over, (list, tuple)) else list(over)
        return Rows(
            _columns_of(values[0] if values else None), None, len(values), "position", lambda _: enumerate(values)
        )
    return _stream(over)


def _stream(over: Iterator[Any]) -> Rows:
    """Rows of a generator: taken one by one, once."""
    over = _read(over)
    try:
        first = next(over)
    except StopIteration:
        raise ValidationError("There are no rows to go over: the generator is empty.") from None
    rest: list[Iterator[Any]] = [chain([first], over)]

    def pairs(_: Collection[str] | None) -> Labelled:
        if not rest:
            raise ValidationError("The generator has been used up; make a new one, or give a list of its rows.")
        return enumerate(rest.pop())

    return Rows(_columns_of(first), None, None, "position", pairs)


def _read(over: Iterator[Any]) -> Iterator[Any]:
    """Go through a user's generator; what it raises is told as what it is, and of which row."""
    number = 0
    try:
        for number, row in enumerate(over, 1):  # noqa: B007 — told where it raises
            yield row
    except Exception as error:
        raise ValidationError(
            f"Row {number + 1} could not be read: the generator failed with {type(error).__name__}: {error}. "
            "Nothing was sent."
        ) from error


def _columns_of(row: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in row) if isinstance(row, Mapping) else ()


def _frame_of(over: Any) -> Any:
    """The narwhals frame or series of a native one, or None for anything else."""
    import narwhals as nw
    from narwhals.exceptions import DuplicateError

    if type(over).__name__ == "RecordBatch" and type(over).__module__ == "pyarrow.lib":
        import pyarrow as pa

        over = pa.Table.from_batches([over])
    try:
        frame: Any = nw.from_native(over, allow_series=True, pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
        if isinstance(frame, nw.DataFrame):
            repeated = {name for name in frame.columns if frame.columns.count(name) > 1}
            if repeated:
                raise DuplicateError(listed(repeated))
        return frame if isinstance(frame, (nw.DataFrame, nw.Series)) else None
    except DuplicateError as error:
        raise ValidationError(f"Two columns of the frame have the same name; rename one. ({error})") from None


def _frame_rows(frame: Any) -> Rows:
    import narwhals as nw

    name = frame.implementation.name.lower()
    kind: FrameKind | None = name if name in ("pandas", "polars", "pyarrow") else None
    index = nw.maybe_get_index(frame)
    counted = index is None or (type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1)
    columns = () if isinstance(frame, nw.Series) else tuple(str(column) for column in frame.columns)

    def pairs(needed: Collection[str] | None) -> Labelled:
        rows: Iterable[Any]
        if isinstance(frame, nw.Series):
            rows = frame
        else:
            kept = [at for at, c in enumerate(frame.columns) if needed is None or str(c) in needed]
            # By position, as names may be numbers or tuples. A frame of no columns has no rows either.
            rows = _named(frame[:, kept]) if kept else ({} for _ in range(len(frame)))
        return enumerate(rows) if counted or index is None else zip(index, rows, strict=True)

    labels: Literal["index", "position"] = "position" if counted else "index"
    names = () if index is None else tuple(index.names)
    return Rows(columns, kind, len(frame), labels, pairs, names)


def _named(frame: Any) -> Iterator[dict[str, Any]]:
    names = [str(column) for column in frame.columns]
    return (dict(zip(names, row, strict=True)) for row in frame.iter_rows())


def _drained(over: Any) -> Any:
    while True:
        if isinstance(over, AsyncIterable):
            over = _run(_collected(over))
        elif inspect.isawaitable(over):
            over = _run(_awaited(over))
        else:
            return over


async def _collected(source: AsyncIterable[Any]) -> list[Any]:
    iterator: AsyncIterator[Any] = aiter(source)
    return [row async for row in iterator]


async def _awaited(source: Awaitable[Any]) -> Any:
    return await source


def _run(coroutine: Any) -> Any:
    """Run a coroutine to its end: in a notebook on the kernel's own loop, to which a database cursor may be bound."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    try:
        _make_reentrant(loop)
    except (ValueError, RuntimeError) as error:
        coroutine.close()
        kind = (
            f"of type {type(loop).__name__}" if isinstance(error, ValueError) else "that nest_asyncio.apply() changed"
        )
        raise ValidationError(
            f"An awaitable cannot be drained inside a loop {kind}; await it in a cell of its own and give the result."
        ) from None
    return loop.run_until_complete(coroutine)


def _make_reentrant(loop: asyncio.AbstractEventLoop) -> None:
    """Let a running loop be run further, by nest_asyncio, or by its successor where the first would do harm.

    On Python 3.14 it hides the current task, without which no timeout works, from all that runs later. In ipykernel 7,
    where cells share a context, it loses the cells that wait, and the kernel stands still for good.

    Raises:
        ValueError: Loops of this type cannot be changed so.
        RuntimeError: The user has applied nest_asyncio where it does harm.
    """
    kernel = sys.modules.get("ipykernel")
    if sys.version_info >= (3, 14) or (kernel is not None and kernel.version_info[0] >= 7):
        import nest_asyncio2

        nest_asyncio2.apply(loop, error_on_mispatched=True)
    else:
        import nest_asyncio

        nest_asyncio.apply(loop)
