"""Which part of JSON Schema each provider takes for structured output.

From the vendors' documentation of November 2026; where the documents are silent, the narrower reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NUMBER_LIMITS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider's subset.

    Attributes:
        label: The provider's name in sentences.
        closed: Every object must say `additionalProperties: false`, so free keys cannot be returned.
        all_required: Every property must be required.
        keywords: Constraints that the provider enforces.
        formats: String formats that it enforces.
        tuples: Whether `prefixItems` is taken.
        recursion: Where a schema may refer to itself.
        flags: Whether true and false may stand in an enum.
        unions: Most unions in the native form, or None.
        optionals: Most properties outside `required` in the native form, or None.
        properties: Most properties in all, or None.
        depth: Most objects inside one another, or None.
        enum_values: Most enum values in all, or None.
    """

    label: str
    closed: bool
    all_required: bool
    keywords: frozenset[str]
    formats: frozenset[str]
    tuples: bool
    recursion: Literal["nowhere", "optional", "anywhere"]
    flags: bool = True
    unions: int | None = None
    optionals: int | None = None
    properties: int | None = None
    depth: int | None = None
    enum_values: int | None = None


DIALECTS = {
    "anthropic": Dialect(
        label="Anthropic",
        closed=True,
        all_required=False,
        keywords=frozenset(),
        formats=_FORMATS | {"uri"},
        tuples=False,
        recursion="nowhere",
        unions=16,
        optionals=24,
    ),
    "openai": Dialect(
        label="OpenAI",
        closed=True,
        all_required=True,
        keywords=NUMBER_LIMITS | {"minItems", "maxItems", "pattern"},
        formats=_FORMATS,
        tuples=False,
        recursion="anywhere",
        properties=5_000,
        depth=10,
        enum_values=1_000,
    ),
    "gemini": Dialect(
        label="Gemini",
        closed=False,
        all_required=False,
        keywords=frozenset({"minimum", "maximum", "minItems", "maxItems"}),
        formats=frozenset({"date-time", "date", "time"}),
        tuples=True,
        recursion="optional",
        flags=False,
    ),
}
