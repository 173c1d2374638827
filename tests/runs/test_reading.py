"""Reading an answer that was asked for in the prompt, as native citations demand: right, or refused; never wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.errors import ParseError
from batchata_nb.core.jobs import Job, Message
from batchata_nb.runs.answers import read

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "object", "properties": {"c": {"type": "string"}}}},
}
JOB = Job("j", "anthropic", "claude-sonnet-5-5", (Message("user", "?"),), 100, schema=SCHEMA, cite="native")
GOOD = '{"a": 1, "b": {"c": "it is {so} [1]"}}'
VALUE = json.loads(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n\n{GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}",
        f"```json {GOOD} ```",
        f"Here it is:\n\n```json\n{GOOD}\n```\n\nAnything else?",
        f"As {{asked}}, from the letter [1]: {GOOD} I hope {{this}} helps [2].",
        f"The figures [1, 2] say: {GOOD}",
        '{"a": 1, "b": {"c": "it is {so} [1]",},}',
        f"{{}} is what I had first. Now: {GOOD}",
    ],
)
def test_wrapping_is_taken_off(text: str) -> None:
    """Prose with braces, fences that are broken or not closed, and trailing commas do not hide the answer."""
    assert (VALUE, None) == read(JOB, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The a is 1 and the c is so.",
        '{"a": 1, "b": {"c": "so"}, oops',
        '{"a": 1, "b": {"c": "so"',
        "{'a': 1, 'b': {\"c\": \"so\"}}",
        '{a: 1, b: {"c": "so"}}',
        "The {answer} is in [brackets].",
        "[" * 100_000,
        '{"a":' * 50_000,
    ],
)
def test_a_part_of_a_broken_answer_is_not_the_answer(text: str) -> None:
    """What is cut, broken or no JSON is refused, also where an object within it is whole."""
    with pytest.raises(ParseError):
        read(JOB, text)


JSONS = st.dictionaries(st.sampled_from("ab"), st.integers() | st.text(max_size=8), min_size=1)
PROSE = st.text(st.characters(exclude_characters="{}[]"), max_size=40)


@given(JSONS, PROSE, PROSE, st.booleans())
def test_any_object_amid_prose_is_read(value: dict[str, object], before: str, behind: str, fenced: bool) -> None:
    """Whatever words stand around it, an object comes back as it was written."""
    text = json.dumps(value)
    text = f"{before}\n```json\n{text}\n```\n{behind}" if fenced else f"{before} {text} {behind}"

    assert value == read(JOB, text)[0]
