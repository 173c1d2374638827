"""What can be gone over."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from batchata_nb.core.errors import ValidationError
from batchata_nb.runs.rows import rows_of

ROWS = [{"text": "a", "n": 1}, {"text": "b", "n": 2}]


@pytest.mark.parametrize(
    ("over", "kind"),
    [
        (pd.DataFrame(ROWS), "pandas"),
        (pl.DataFrame(ROWS), "polars"),
        (pl.DataFrame(ROWS).lazy(), "polars"),
        (pa.Table.from_pylist(ROWS), "pyarrow"),
        (pa.RecordBatch.from_pylist(ROWS), "pyarrow"),
        (ROWS, None),
        (tuple(ROWS), None),
    ],
    ids=["pandas", "polars", "lazy polars", "pyarrow", "pyarrow batch", "list", "tuple"],
)
def test_tables(over: Any, kind: str | None) -> None:
    """Frames of every library and lists of dicts give the same rows, labelled by position."""
    rows = rows_of(over)

    assert (("text", "n"), kind, 2, "position") == (rows.columns, rows.frame_kind, rows.length, rows.labels)
    assert list(enumerate(ROWS)) == list(rows.pairs(None))


def test_only_needed_columns_are_read() -> None:
    """A frame's columns that no one needs are not read."""
    assert [(0, {"n": 1}), (1, {"n": 2})] == list(rows_of(pd.DataFrame(ROWS)).pairs({"n", "elsewhere"}))
    assert [(0, {}), (1, {})] == list(rows_of(pl.DataFrame(ROWS)).pairs(set()))


@pytest.mark.parametrize("over", [pd.Series(["a", "b"]), pl.Series(["a", "b"]), ["a", "b"], ("a", "b")])
def test_values(over: Any) -> None:
    """A series or list of single values has rows without columns."""
    rows = rows_of(over)

    assert ((), [(0, "a"), (1, "b")]) == (rows.columns, list(rows.pairs(None)))


def test_a_frames_own_index_labels_its_rows() -> None:
    """An index that says more than the position is the label."""
    rows = rows_of(pd.DataFrame(ROWS, index=["x", "y"]))

    assert ("index", ["x", "y"]) == (rows.labels, [label for label, _ in rows.pairs(None)])


@pytest.mark.parametrize("names", [[0, 1], [("a", 1), ("a", 2)]], ids=["numbers", "levels"])
def test_columns_need_no_words_for_names(names: list[Any]) -> None:
    """Columns that are named by numbers, or on several levels, are read by what their names are as text."""
    frame = pd.DataFrame([[5, 6]])
    frame.columns = pd.Index(names) if isinstance(names[0], int) else pd.MultiIndex.from_tuples(names)
    first, second = map(str, names)

    assert [(0, {first: 5, second: 6})] == list(rows_of(frame).pairs(None))
    assert [(0, {second: 6})] == list(rows_of(frame).pairs({second}))


def test_a_generator_that_fails_names_its_row() -> None:
    """What a generator raises is told with the row, and kept as the cause."""

    def rows() -> Iterator[dict[str, str]]:
        yield {"text": "a"}
        raise OSError("the connection was lost")

    with pytest.raises(ValidationError, match=r"Row 2 could not be read.*OSError: the connection was lost") as raised:
        list(rows_of(rows()).pairs(None))

    assert isinstance(raised.value.__cause__, OSError)


def test_dict_keys_are_ids() -> None:
    """A dict is read as id → row."""
    rows = rows_of({"one": ROWS[0], "two": ROWS[1]})

    assert ("id", ("text", "n"), [("one", ROWS[0]), ("two", ROWS[1])]) == (
        rows.labels,
        rows.columns,
        list(rows.pairs(None)),
    )


def test_generator_is_taken_once() -> None:
    """A generator is taken row by row, its length is not known, and a second pass is refused."""
    taken = []

    def source() -> Iterator[dict[str, Any]]:
        for row in ROWS:
            taken.append(row)
            yield row

    rows = rows_of(source())

    assert (None, ("text", "n"), 1) == (rows.length, rows.columns, len(taken))
    assert list(enumerate(ROWS)) == list(rows.pairs(None))
    with pytest.raises(ValidationError, match="used up"):
        rows.pairs(None)


async def later() -> list[dict[str, Any]]:
    """Rows that come later."""
    await asyncio.sleep(0)
    return ROWS


async def stream() -> AsyncIterator[dict[str, Any]]:
    """Rows that come one by one."""
    for row in ROWS:
        await asyncio.sleep(0)
        yield row


@pytest.mark.parametrize("source", [later, stream])
def test_async_sources_without_a_loop(source: Any) -> None:
    """Awaitables and async iterators are drained where no loop is running."""
    assert list(enumerate(ROWS)) == list(rows_of(source()).pairs(None))


def test_async_sources_inside_a_running_loop() -> None:
    """In a notebook they are drained on the loop that runs, to which a cursor may be bound; timeouts work on it."""
    import subprocess
    import sys

    # In a process of its own: nest_asyncio patches asyncio for good.
    code = """
import asyncio
from batchata_nb.runs.rows import rows_of

async def cell():
    mine = asyncio.get_running_loop()

    async def cursor():
        assert asyncio.get_running_loop() is mine
        for n in range(3):
            async with asyncio.timeout(60):
                await asyncio.sleep(0)
            yield {"n": n}

    async def query():
        return cursor()

    return [row["n"] for _, row in rows_of(query()).pairs(None)]

async def later():
    async with asyncio.timeout(60):
        return "later"

loop = asyncio.new_event_loop()
print(loop.run_until_complete(cell()))
print(loop.run_until_complete(later()))
loop.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    expected = "[0, 1, 2]\nlater"

    assert (expected, "") == (done.stdout.strip(), done.stderr)


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ([], "empty"),
        ({}, "empty"),
        (pd.DataFrame({"a": []}), "empty"),
        (iter([]), "generator is empty"),
        ("some text", "'str' makes no rows.*--files"),
        (b"bytes", "'bytes' makes no rows"),
        (None, "makes no rows"),
        (7, "'int' makes no rows"),
        (pd.DataFrame, "makes no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "same name"),
    ],
)
def test_what_makes_no_rows_is_refused(over: Any, expected: str) -> None:
    """What has no rows is refused with what can be given instead."""
    with pytest.raises(ValidationError, match=expected):
        rows_of(over)


def test_frame_libraries_are_not_imported() -> None:
    """Going over a list loads no frame library and patches no loop."""
    import subprocess
    import sys

    code = (
        "import sys; from batchata_nb.runs.rows import rows_of; rows_of([1]);"
        "print([m for m in ('pandas', 'polars', 'pyarrow', 'nest_asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = "[]"

    assert expected == done.stdout.strip()
