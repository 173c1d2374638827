"""One schema at a time: what it says, and copies of it with something added or left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.jobs import JsonObject


def target(schema: Any) -> str | None:
    """Return the name of the definition that a schema refers to, or None."""
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    for prefix in ("#/$defs/", "#/definitions/"):
        if isinstance(reference, str) and reference.startswith(prefix):
            return reference.removeprefix(prefix).replace("~1", "/").replace("~0", "~")
    return None


def plain_options(schema: Mapping[str, Any]) -> list[Any]:
    """Return the alternatives of a union, flattened.

    Some versions of Pydantic write a Decimal as "number, or string of this pattern": that string goes, since models
    write numbers more reliably than the pattern, which looks ahead as no provider allows.
    """
    options: list[Any] = []
    for option in schema.get("anyOf") or schema.get("oneOf") or ():
        nested = isinstance(option, Mapping) and set(option) <= {"anyOf", "oneOf", "title"}
        options.extend(plain_options(option) if nested else [option])
    has_number = any(isinstance(o, Mapping) and o.get("type") == "number" for o in options)
    if has_number:
        options = [o for o in options if not (isinstance(o, Mapping) and o.get("type") == "string" and "pattern" in o)]
    return options


def allows_null(schema: Any, definitions: Mapping[str, Any]) -> bool:
    """Return whether null is an answer of the schema."""
    if not isinstance(schema, Mapping):
        return True
    name = target(schema)
    if name is not None:
        return allows_null(definitions.get(name, {}), {k: v for k, v in definitions.items() if k != name})
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind) or None in (schema.get("enum") or ()):
        return True
    return any(allows_null(option, definitions) for option in schema.get("anyOf") or schema.get("oneOf") or ())


def without_null(schema: Mapping[str, Any]) -> JsonObject:
    """Return the schema without null among its alternatives."""
    kind = schema.get("type")
    if isinstance(kind, list) and "null" in kind:
        rest = [each for each in kind if each != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}
    if "anyOf" not in schema:
        return dict(schema)
    options = [o for o in schema["anyOf"] if not (isinstance(o, Mapping) and o.get("type") == "null")]
    return {**schema, "anyOf": options} if options else dict(schema)


def json_type(value: Any) -> str:
    """Return JSON's name of a value's type."""
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    return "object"


def default_note(schema: Mapping[str, Any]) -> list[str]:
    """Return a default in words, as no provider takes one."""
    default = schema.get("default")
    return [] if default is None else [f"default: {json.dumps(default, ensure_ascii=False)}"]


def described(node: JsonObject, schema: Mapping[str, Any], notes: list[str]) -> JsonObject:
    """Return the node with the description of the schema that it was made of, and notes."""
    words = schema.get("description")
    return noted({**node, "description": words} if isinstance(words, str) and words else node, notes)


def noted(node: JsonObject, notes: list[str]) -> JsonObject:
    """Return the node with notes behind its description; a lone reference takes none."""
    if not notes or not node or "$ref" in node:
        return node
    words = f"({'; '.join(notes)})"
    return {**node, "description": f"{node['description']} {words}" if node.get("description") else words}


def without(schema: Mapping[str, Any], *keys: str) -> JsonObject:
    """Return the schema without these keywords."""
    return {key: value for key, value in schema.items() if key not in keys}


def only(schema: Mapping[str, Any], *keys: str) -> JsonObject:
    """Return these keywords of the schema, where it has them."""
    return {key: schema[key] for key in keys if key in schema}
