"""The quotes that a schema may ask for beside the answer: for each field that was found, the words it stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .ask import Leaf

if TYPE_CHECKING:
    from .fill import Filler

_FIELD_NAMES = frozenset("field path pointer field_path".split())
_QUOTE_NAMES = frozenset("quote text quotes evidence snippet words verbatim".split())


def _quote_keys(filler: Filler, schema: Any) -> tuple[str, str, dict[str, Any]] | None:
    plain, _ = filler.plain(schema)
    if plain.get("type") != "array":
        return None
    item, _ = filler.plain(plain.get("items") or {})
    properties: dict[str, Any] = item.get("properties") or {}
    field = next((key for key in properties if key.lower() in _FIELD_NAMES), None)
    quote = next((key for key in properties if key.lower() in _QUOTE_NAMES), None)
    return (field, quote, properties) if field and quote else None


def asks_for_quotes(filler: Filler, schema: Any) -> bool:
    """Whether a property is a list of quotes that belong to fields of the answer beside it."""
    return _quote_keys(filler, schema) is not None


def quotes(filler: Filler, schema: Any, tree: dict[str, Any]) -> list[Any]:
    """Return a verbatim quote for each value that was found; paths count from the answer, `lines[0].amount`."""
    keys = _quote_keys(filler, schema)
    if keys is None:
        return []
    field, quote, properties = keys
    rest = {
        key: value
        for key, value in tree.items()
        if not (isinstance(value, list) and not value and key not in properties)
    }
    inner = [value for value in rest.values() if isinstance(value, dict)]
    answer: Any = inner[0] if len(rest) == 1 and inner else rest
    allowed = filler.plain(properties[field])[0].get("enum")
    filled = []
    for path, leaf in _leaves(answer, ""):
        general = re.sub(r"\[\d+\]", "[]", path)
        shown = path if not allowed or path in allowed else general if general in allowed else None
        if leaf.place is None or leaf.value is None or shown is None:
            continue
        entry: dict[str, Any] = {}
        for key, inner_schema in properties.items():
            plain, _ = filler.plain(inner_schema)
            if key == field:
                entry[key] = Leaf(shown)
            elif key == quote:
                text = leaf.place.text
                entry[key] = [Leaf(text)] if plain.get("type") == "array" else Leaf(text, leaf.place)
            elif plain.get("type") == "integer":
                entry[key] = Leaf(leaf.place.page or 1 if "page" in key.lower() else leaf.place.source)
            else:
                entry[key] = Leaf(None)
        filled.append(entry)
    return filled


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{index}]")
    else:
        yield path, tree
