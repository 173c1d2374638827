"""Lines are split on the newline byte alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.wire import jsonl


@given(st.lists(st.text()), st.integers(1, 7))
def test_lines_come_back_however_the_bytes_are_cut(texts: list[str], size: int) -> None:
    """Objects written as lines are read back whole, whatever separators their text holds and wherever chunks end."""
    objects = [{"text": text} for text in texts]
    data = b"".join(jsonl.encode(each) + b"\n" for each in objects)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert objects == [jsonl.parse(line) for line in jsonl.split(chunks)]


def test_unusual_line_separators_stay_inside_strings() -> None:
    """U+2028, U+2029 and U+0085, which JSON allows in strings, do not end a line."""
    line = jsonl.encode({"text": "a\u2028b\u2029c\u0085d"})
    assert [line] == list(jsonl.split([line[:5], line[5:], b"\n", b"\n"]))


def test_a_line_that_is_no_object_is_told_apart() -> None:
    """A cut line, a list and a bare word are no objects."""
    assert [None, None, None] == [jsonl.parse(line) for line in (b'{"a": 1', b"[1]", b"nonsense")]
