"""The fields of an answer: leaves with their paths, and what the schema says of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

from .candidates import Hint, hints
from .labels import Path

_SCALARS = (str, int, float, bool, Decimal, date, time, type(None))
"""Leaves that are looked for as what they are; all others as their text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf of an answer.

    Attributes:
        path: Keys and indices from the root.
        value: The leaf.
        hint: What the schema says of its value.
        notes: Titles and descriptions on the way, outermost first.
    """

    path: Path
    value: Any
    hint: Hint
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The path as users write it, `lines[0].amount`."""
        return name_of(self.path)

    @property
    def row(self) -> Path | None:
        """Path of the innermost list item that the leaf is a part of, None outside of lists of objects."""
        for at in range(len(self.path) - 2, -1, -1):
            if isinstance(self.path[at], int):
                return self.path[: at + 1]
        return None

    @property
    def generic(self) -> Path:
        """The path without list indices: one for all rows of a column."""
        return tuple(key for key in self.path if isinstance(key, str))


def name_of(path: Path) -> str:
    """A path as users write it."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def fields(values: Any, schema: Mapping[str, Any] | None) -> list[Field]:
    """Return the leaves of an answer in order, with what its JSON schema says of them."""
    return list(_walk(values, schema or {}, schema or {}, (), ()))


def _walk(value: Any, schema: Any, root: Mapping[str, Any], path: Path, notes: tuple[str, ...]) -> Iterator[Field]:
    schema = _resolved(schema, root, value)
    said = tuple(schema[key] for key in ("title", "description") if isinstance(schema.get(key), str))
    if path:
        notes = (*notes, " ".join(said)) if said else (*notes, "")
    if isinstance(value, Mapping):
        properties = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        for key, item in value.items():
            below = properties.get(key) or (extra if isinstance(extra, Mapping) else {})
            yield from _walk(item, below, root, (*path, str(key)), notes)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        fixed = schema.get("prefixItems") or []
        for index, item in enumerate(value):
            below = fixed[index] if index < len(fixed) else schema.get("items") or {}
            yield from _walk(item, below, root, (*path, index), notes)
    else:
        plain = value if isinstance(value, _SCALARS) else str(value)
        yield Field(path, plain, hints(schema), notes)


def _resolved(schema: Any, root: Mapping[str, Any], value: Any, depth: int = 0) -> Mapping[str, Any]:
    """The schema that applies: references followed, and of alternatives the one that fits the value."""
    if not isinstance(schema, Mapping) or depth > 20:
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        target: Any = root
        for part in reference.lstrip("#/").split("/"):
            if part:
                key = part.replace("~1", "/").replace("~0", "~")
                target = target.get(key, {}) if isinstance(target, Mapping) else {}
        rest = {key: item for key, item in schema.items() if key != "$ref"}
        return {**_resolved(target, root, value, depth + 1), **rest}
    for union in ("anyOf", "oneOf", "allOf"):
        options = schema.get(union)
        if isinstance(options, Sequence) and options:
            resolved = [_resolved(option, root, value, depth + 1) for option in options]
            chosen = next((option for option in resolved if _fits(option, value)), resolved[0])
            rest = {key: item for key, item in schema.items() if key != union}
            return {**chosen, **rest}
    return schema


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    kinds = schema.get("type")
    if kinds is None:
        return isinstance(value, Mapping) == ("properties" in schema)
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if value is None:
        return "null" in kinds
    if isinstance(value, Mapping):
        return "object" in kinds and (not schema.get("properties") or set(value) <= set(schema["properties"]))
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, (int, float)):
        return "number" in kinds or "integer" in kinds
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return "array" in kinds
    return "string" in kinds
