"""Printed numbers, dates and truths, and the schemas each service takes."""

from __future__ import annotations

from typing import Any

import pytest

from batchata_nb.practice import schemas, values
from batchata_nb.practice.ask import text_tokens


@pytest.mark.parametrize(
    ("text", "comma", "expected"),
    [
        ("$1,234.50", False, 1234.5), ("1.234,50 €", True, 1234.5),
        ("1 234,50", True, 1234.5), ("1'234.50", False, 1234.5),
        ("1,234", False, 1234), ("1,234", True, 1.234), ("1.234", False, 1.234), ("1.234", True, 1234),
        ("1.234.567", False, 1234567), ("-12.5", False, -12.5), ("(12.50)", False, -12.5), ("12.50-", False, -12.5),
        ("EUR 7", True, 7), ("7 pieces", False, 7), ("no number", False, None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_printed(text: str, comma: bool, expected: float | None) -> None:
    """The separator of thousands and of decimals is told by the number itself, else by the document."""
    found = values.number(text, comma)

    assert expected == (found.value if found else None)


@pytest.mark.parametrize(("text", "expected"), [("12", 12), ("12.0", 12), ("12.5", None)])
def test_whole_numbers_are_whole(text: str, expected: int | None) -> None:
    """An integer field takes no fraction."""
    found = values.number(text, False, whole=True)

    assert expected == (found.value if found else None)


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("2026-03-25", False, "2026-03-25"), ("25 March 2026", False, "2026-03-25"),
        ("March 25, 2026", False, "2026-03-25"),
        ("25-Mar-2026", False, "2026-03-25"), ("25. März 2026", False, "2026-03-25"),
        ("25.03.2026", False, "2026-03-25"),
        ("03/04/2026", False, "2026-03-04"), ("03/04/2026", True, "2026-04-03"), ("25/03/26", False, "2026-03-25"),
        ("3/25/2026", True, "2026-03-25"), ("31 February 2026", False, None), ("soon", False, None),
    ],
)  # fmt: skip
def test_dates_become_iso(text: str, day_first: bool, expected: str | None) -> None:
    """Dates become ISO; an ambiguous one is read as the document writes; an impossible one is none."""
    found = values.day(text, day_first)

    assert expected == (found.value if found else None)


def test_a_document_shows_how_it_writes() -> None:
    """Decimal commas or European currencies put the day first."""
    styles = [values.style(text) for text in ("1.234,50", "£5.00", "$5.00", "nothing")]

    assert [(True, True), (False, True), (False, False), (False, False)] == [(s.comma, s.day_first) for s in styles]


@pytest.mark.parametrize(
    ("text", "expected"), [("Yes", True), ("no, it is true", False), ("☒ checked", True), ("?", None)]
)
def test_yes_and_no(text: str, expected: bool | None) -> None:
    """The first yes or no counts."""
    found = values.truth(text)

    assert expected == (found.value if found else None)


def test_text_costs_four_characters_a_token() -> None:
    """English costs a token per four characters; scripts beyond Latin one per character."""
    assert [0, 1, 2, 2] == [text_tokens(text) for text in ("", "abcd", "abcde", "漢字")]


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
RECURSIVE = {**closed(next={"anyOf": [{"$ref": "#/$defs/N"}, {"type": "null"}]}), "$defs": {}}
RECURSIVE["$defs"] = {"N": closed(next={"anyOf": [{"$ref": "#/$defs/N"}, {"type": "null"}]})}
SCHEMAS: dict[str, tuple[dict[str, Any], bool, bool, bool]] = {
    # name: schema, taken by Anthropic, OpenAI, Gemini
    "plain": (closed(a={"type": "string"}), True, True, True),
    "open object": ({"type": "object", "properties": {}, "required": []}, False, False, True),
    "optional property": ({**closed(a={"type": "string"}), "required": []}, True, False, True),
    "nullable": (closed(a=NULLABLE), True, True, True),
    "17 unions": (closed(**{f"a{n}": NULLABLE for n in range(17)}), False, True, True),
    "25 optionals": (
        {**closed(**{f"a{n}": {"type": "string"} for n in range(25)}), "required": []},
        False,
        False,
        True,
    ),
    "minimum": (closed(a={"type": "integer", "minimum": 0}), False, True, True),
    "minLength": (closed(a={"type": "string", "minLength": 1}), False, False, False),
    "pattern": (closed(a={"type": "string", "pattern": "^a$"}), True, True, False),
    "date": (closed(a={"type": "string", "format": "date"}), True, True, True),
    "odd format": (closed(a={"type": "string", "format": "binary"}), False, True, True),
    "minItems 2": (closed(a={"type": "array", "items": {"type": "string"}, "minItems": 2}), False, True, True),
    "minItems 1": (closed(a={"type": "array", "items": {"type": "string"}, "minItems": 1}), True, True, True),
    "no items": (closed(a={"type": "array"}), True, False, True),
    "oneOf": (closed(a={"oneOf": [{"type": "string"}, {"type": "null"}]}), False, False, True),
    "allOf": (closed(a={"allOf": [{"type": "string"}]}), True, False, False),
    "default": (closed(a={"type": "string", "default": "x"}), True, False, True),
    "any": (closed(a={}), False, False, True),
    "number enum": (closed(a={"enum": [1, 2]}), True, True, True),
    "boolean enum": (closed(a={"enum": [True]}), True, True, False),
    "tuple": (closed(a={"type": "array", "prefixItems": [{"type": "string"}]}), False, False, True),
    "recursion": (RECURSIVE, False, True, True),
    "described $ref": (
        {**closed(a={"$ref": "#/$defs/N", "description": "d"}), "$defs": {"N": closed()}},
        True,
        False,
        False,
    ),
    "union at the root": ({"anyOf": [closed(), closed()]}, True, False, True),
    "deep": (closed(a=closed(b={"type": "object"})), False, False, True),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_service_takes_its_own_subset(name: str) -> None:
    """A schema is taken or refused as the table of documented subsets says."""
    schema, *taken = SCHEMAS[name]
    problems = [rule(schema) for rule in (schemas.anthropic_problem, schemas.openai_problem, schemas.gemini_problem)]

    assert taken == [problem is None for problem in problems], problems
