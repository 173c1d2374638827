"""A set of rows is a set, in order, and small."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.runs.rowset import RowSet

ROWS = st.lists(st.integers(0, 3000))


@given(ROWS, ROWS, st.integers(0, 4000))
def test_it_is_a_set(begin, out, asked):
    """Whatever is added and taken out, it holds what a set holds, in order."""
    rows, right = RowSet(begin), set(begin)
    rows.discard(out)
    right -= set(out)

    assert (sorted(right), len(right), bool(right)) == (list(rows), len(rows), bool(rows))
    assert (asked in right) == (asked in rows)


def test_it_takes_little_more_than_a_byte_a_row():
    """A hundred thousand rows fit into an eighth of a mebibyte."""
    assert sys.getsizeof(RowSet(range(100_000))._flags) < 2**17
