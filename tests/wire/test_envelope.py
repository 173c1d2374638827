"""The envelope for quotes, and JSON asked for in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchata_nb.wire.envelope import framed, merged, open_envelope, text_of_schema, with_quotes

SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}


def test_the_envelope_holds_the_users_schema_and_its_definitions() -> None:
    """The user's schema stands under `answer`; its definitions move to the root, where references look for them."""
    envelope = with_quotes(SCHEMA)
    assert {"type": "object", "properties": SCHEMA["properties"]} == envelope["properties"]["answer"]
    assert (["answer", "quotes"], SCHEMA["$defs"]) == (envelope["required"], envelope["$defs"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"answer": {"a": 1}, "quotes": [{"field": "a", "quote": "one"}]},
            ({"a": 1}, [{"field": "a", "quote": "one"}]),
        ),
        ({"answer": "x"}, ("x", [])),
        (
            {"answer": 1, "quotes": [{"field": "a"}, 3, {"field": "a", "quote": " "}, {"quote": "q", "field": 1}]},
            (1, []),
        ),
        ({"answer": 1, "other": 2}, ({"answer": 1, "other": 2}, [])),
        ({"a": 1}, ({"a": 1}, [])),
        ([1], ([1], [])),
    ],
)
def test_opening_gives_answer_and_quotes(data: Any, expected: Any) -> None:
    """An envelope gives its answer and its well-formed quotes; data that is none is the answer itself."""
    assert expected == open_envelope(data)


def test_the_prompt_for_json_holds_the_schema() -> None:
    """Where no native form carries the schema, the prompt ends with it."""
    text = text_of_schema(SCHEMA)
    assert SCHEMA == json.loads(text[text.index("{") :])


def test_objects_are_merged_and_other_values_replaced() -> None:
    """The user's parameters are laid over ours without dropping what stands beside them."""
    assert {"a": {"b": 1, "c": 2}, "d": [3]} == merged({"a": {"b": 1}, "d": [1, 2]}, {"a": {"c": 2}, "d": [3]})


def test_a_name_cannot_break_the_frame() -> None:
    """Quotes in a file's name are escaped in the frame of a text document."""
    assert '<document name="a\\".txt">\nx\n</document>' == framed('a".txt', "x")
