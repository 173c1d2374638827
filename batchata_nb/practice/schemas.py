"""Which JSON schemas each service takes; what it says of one that it does not take (the table in its documentation)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Problem = str | None
_UNIONS = ("anyOf", "oneOf", "allOf")
_ANTHROPIC_KEYS = frozenset(
    "type properties required additionalProperties items anyOf allOf enum const $ref $defs definitions title "
    "description format pattern minItems default examples $schema $id".split()
)
_ANTHROPIC_FORMATS = frozenset("date-time time date duration email hostname uri ipv4 ipv6 uuid".split())
_OPENAI_BANNED = (
    "oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies",
    "patternProperties", "unevaluatedProperties", "unevaluatedItems", "prefixItems", "uniqueItems", "contains",
    "propertyNames", "minLength", "maxLength", "discriminator", "default", "minProperties", "maxProperties",
)  # fmt: skip
_GEMINI_KEYS = frozenset(
    "type properties required additionalProperties items prefixItems anyOf oneOf enum const $ref $defs $id $anchor "
    "title description format minItems maxItems minimum maximum propertyOrdering default".split()
)


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema inside a schema with its path, itself first."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key in ("properties", "$defs", "definitions"):
        for name, inner in (schema.get(key) or {}).items() if isinstance(schema.get(key), dict) else ():
            yield from nodes(inner, f"{path}/{key}/{name}")
    for key in ("items", "additionalProperties", "not"):
        yield from nodes(schema.get(key), f"{path}/{key}")
    for key in (*_UNIONS, "prefixItems"):
        if isinstance(schema.get(key), list):
            for index, inner in enumerate(schema[key]):
                yield from nodes(inner, f"{path}/{key}/{index}")


def resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """Follow an internal `$ref`; an unknown one gives an empty schema."""
    seen = 0
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str) and seen < 20:
        seen += 1
        target: Any = root
        for part in schema["$ref"].lstrip("#").strip("/").split("/"):
            if part:
                target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
        rest = {k: v for k, v in schema.items() if k != "$ref"}
        schema = {**target, **rest} if isinstance(target, dict) else rest
    return schema if isinstance(schema, dict) else {}


def _recursive(root: dict[str, Any]) -> bool:
    def walk(schema: Any, open_refs: frozenset[str]) -> bool:
        for _, node in nodes(schema):
            ref = node.get("$ref")
            if isinstance(ref, str):
                if ref in open_refs or ref == "#":
                    return True
                if walk(resolve({"$ref": ref}, root), open_refs | {ref}):
                    return True
        return False

    return walk({k: v for k, v in root.items() if k not in ("$defs", "definitions")}, frozenset())


def _kinds(node: dict[str, Any]) -> set[str]:
    kind = node.get("type")
    return (
        {k for k in kind if isinstance(k, str)}
        if isinstance(kind, list)
        else {kind}
        if isinstance(kind, str)
        else set()
    )


def _is_object(node: dict[str, Any]) -> bool:
    return "object" in _kinds(node) or "properties" in node


def _anthropic(schema: dict[str, Any]) -> Problem:
    optional = unions = 0
    if _recursive(schema):
        return "Schema contains a recursive reference, which is not supported."
    for path, node in nodes(schema):
        at = f" (at '{path or '/'}')"
        for key in node:
            if key not in _ANTHROPIC_KEYS:
                kind = next(iter(_kinds(node)), "schema")
                return f"For '{kind}' type, property '{key}' is not supported{at}"
        if _is_object(node):
            if node.get("additionalProperties") is not False:
                return f"For 'object' type, 'additionalProperties' must be explicitly set to false{at}"
            optional += len(set(node.get("properties") or ()) - set(node.get("required") or ()))
        if "anyOf" in node or len(_kinds(node)) > 1:
            unions += 1
        if node.get("minItems", 0) not in (0, 1):
            return f"For 'array' type, 'minItems' values other than 0 or 1 are not supported{at}"
        if "format" in node and node["format"] not in _ANTHROPIC_FORMATS:
            return f"For 'string' type, 'format' value {node['format']!r} is not supported{at}"
        if isinstance(node.get("$ref"), str) and not node["$ref"].startswith("#/"):
            return f"Only internal references are supported{at}"
        if any(isinstance(option, dict) and "$ref" in option for option in node.get("allOf") or ()):
            return f"'allOf' with '$ref' is not supported{at}"
        if any(isinstance(value, (dict, list)) for value in node.get("enum") or ()):
            return f"'enum' values must be primitives{at}"
        if not (_kinds(node) or node.keys() & {"anyOf", "allOf", "enum", "const", "$ref", "properties"}):
            return f"Schema must state a 'type'{at}"
    if optional > 24:
        return f"Schemas contain too many optional parameters ({optional}); the limit is 24."
    if unions > 16:
        return f"Schemas contain too many parameters with union types ({unions}); the limit is 16."
    return None


def _openai(schema: dict[str, Any]) -> Problem:
    if _kinds(schema) != {"object"}:
        return "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"%s\"'." % (
            schema.get("type") or "None"
        )
    properties = values = letters = 0
    for path, node in nodes(schema):
        context = "In context=(" + ", ".join(f"'{part}'" for part in path.split("/") if part) + ")"
        if "anyOf" in node and not path:
            return f"{context}, 'anyOf' is not permitted at the root."
        for key in _OPENAI_BANNED:
            if key in node:
                return f"{context}, '{key}' is not permitted."
        if "$ref" in node and len(node) > 1:
            extra = sorted(set(node) - {"$ref"})
            return f"{context}, $ref cannot have keywords {set(extra)}."
        if not (_kinds(node) or node.keys() & {"anyOf", "enum", "const", "$ref"}):
            return f"{context}, schema must have a 'type' key."
        if _is_object(node):
            names = node.get("properties") or {}
            if node.get("additionalProperties") is not False:
                return f"{context}, 'additionalProperties' is required to be supplied and to be false."
            missing = [name for name in names if name not in (node.get("required") or ())]
            if missing or set(node.get("required") or ()) - set(names):
                return (
                    f"{context}, 'required' is required to be supplied and to be an array including every key in "
                    f"properties. Missing '{missing[0] if missing else ''}'."
                )
            properties += len(names)
            letters += sum(map(len, names))
        if "array" in _kinds(node) and "items" not in node:
            return f"{context}, array schema missing items."
        values += len(node.get("enum") or ())
        letters += sum(len(str(value)) for value in node.get("enum") or ())
        if path.count("/properties/") > 10:
            return "schema exceeds maximum nesting depth of 10."
    if properties > 5000:
        return f"schema has {properties} properties; at most 5000 are permitted."
    if values > 1000:
        return f"schema has {values} enum values; at most 1000 are permitted."
    return "schema is too long: at most 120000 characters of names and values." if letters > 120_000 else None


def _gemini(schema: dict[str, Any]) -> Problem:
    for path, node in nodes(schema):
        for key in node:
            if key not in _GEMINI_KEYS and not key.startswith("$"):
                return f"Invalid JSON schema at '{path or '/'}': keyword '{key}' is not supported."
        if "$ref" in node and any(not key.startswith("$") for key in node):
            return (
                f"Invalid JSON schema at '{path or '/'}': a sub-schema with $ref may only have keys that start with $."
            )
        if any(not isinstance(value, (str, int, float)) or isinstance(value, bool) for value in node.get("enum") or ()):
            return f"Invalid JSON schema at '{path or '/'}': enum values must be strings or numbers."
    return None


@lru_cache(maxsize=256)
def _cached(rule: Callable[[dict[str, Any]], Problem], text: str) -> Problem:
    schema = json.loads(text)
    return rule(schema) if isinstance(schema, dict) else "schema must be an object."


def anthropic_problem(schema: Any) -> Problem:
    """Return why Anthropic refuses a schema as `output_config.format.schema`, or None."""
    return _cached(_anthropic, json.dumps(schema))


def openai_problem(schema: Any) -> Problem:
    """Return why OpenAI refuses a schema in strict mode, or None."""
    return _cached(_openai, json.dumps(schema))


def gemini_problem(schema: Any) -> Problem:
    """Return why Gemini refuses a schema as `responseJsonSchema`, or None."""
    return _cached(_gemini, json.dumps(schema))
