"""What tables show of a value."""

from __future__ import annotations

import pytest

from batchata_nb.runs.pages import CELL, cell


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("a\nb", "a\nb"),
        (True, "true"),
        (1.50, "1.5"),
        ([], "0 items"),
        (["red", "green", 3], "red · green · 3"),
        ([{"what": "cable", "n": 2}, {"what": "plug", "n": None}], "2: cable, 2; plug, "),
        ([["a", "b"], ["c"]], "a · b · c"),
        ({"street": "Elm St", "zip": "1"}, "Elm St, 1"),
        ("x" * 300, "x" * (CELL - 1) + "…"),
        (["y" * 150] * 3, ("y" * 150 + " · " + "y" * 150)[: CELL - 1] + "…"),
    ],
)
def test_lists_read_as_words(value, shown):
    """Lists and objects stand in a cell as a person would write them down, never as JSON; long ones are cut."""
    assert shown == cell(value)
