"""The walk that turns a user's JSON schema into one of a provider's dialect, noting what cannot be expressed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.jobs import JsonObject
from .dialects import Dialect
from .schema_nodes import (
    allows_null,
    default_note,
    described,
    json_type,
    noted,
    only,
    plain_options,
    target,
    without,
    without_null,
)

_HINTS = {"date": "date as YYYY-MM-DD", "time": "time as HH:MM:SS", "date-time": "date and time in ISO 8601"}
_LOOKAROUND = re.compile(r"\(\?[=!<]")
_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
_CONSTRAINTS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "format", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "examples",
    "contentEncoding", "contentMediaType",
)  # fmt: skip
NULL: JsonObject = {"type": "null"}


@dataclass(slots=True)
class Fitter:
    """One schema on its way into one dialect.

    Attributes:
        dialect: Where it goes.
        definitions: The user's `$defs`.
        problems: Sentences on what cannot be expressed, in the order of the fields.
    """

    dialect: Dialect
    definitions: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)
    unions: int = 0
    optionals: int = 0
    properties: int = 0
    enum_values: int = 0
    _fitted: dict[str, JsonObject] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _breaks: int = 0
    _recursive: set[str] = field(default_factory=set)

    def root(self, schema: Mapping[str, Any]) -> JsonObject:
        """Fit a whole schema; its definitions come back under `$defs`."""
        inner = {key: value for key, value in schema.items() if key not in ("$defs", "definitions")}
        name = target(inner)
        if name is not None and name in self.definitions:
            # A recursive model is a lone reference at the root, where providers want an object.
            inner = {**self.definitions[name], **without(inner, "$ref")}
            self._open.append(name)
        if "anyOf" in inner or "oneOf" in inner or (inner.get("type") != "object" and "properties" not in inner):
            self.problems.append(
                f"{self.dialect.label} can only return an object: put the answer into a field of a model."
            )
            return {}
        result = self.node(inner, "", 1)
        self._open.clear()
        for known in [name for name in self._recursive if name not in self._fitted]:
            self._define(known, "", 1)
        if self._fitted:
            result["$defs"] = self._fitted
        return result

    def node(self, schema: Any, path: str, depth: int) -> JsonObject:
        """Fit one schema; `path` is the field it describes, `depth` counts objects from the root."""
        if not isinstance(schema, Mapping):
            return self._refuse(path, "may hold anything", "give it a type")
        if "$ref" in schema:
            return self._reference(schema, path, depth)
        if "allOf" in schema:
            return self._all_of(schema, path, depth)
        if "oneOf" in schema or "anyOf" in schema:
            return self._union(schema, path, depth)
        if "const" in schema:
            schema = {**{k: v for k, v in schema.items() if k != "const"}, "enum": [schema["const"]]}
        if "enum" in schema:
            return self._enumeration(schema, path)
        kind = schema.get("type")
        if isinstance(kind, list):
            options = [{**without(schema, "type", "description", "default"), "type": each} for each in kind]
            return self._union({"anyOf": options, **only(schema, "description", "default")}, path, depth)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, path, depth)
        if kind == "array" or (kind is None and "items" in schema):
            return self._array(schema, path, depth)
        if kind in _SCALARS:
            return self._scalar(schema)
        return self._refuse(path, "may hold anything", "give it a type")

    # ------------------------------------------------------------------ kinds of schema

    def _reference(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        name = target(schema)
        if name is None or name not in self.definitions:
            return self._refuse(path, "refers to a schema that is not there", "write that part out")
        if name in self._open:
            self._recursive.add(name)
            if self.dialect.recursion == "nowhere" or (self.dialect.recursion == "optional" and not self._breaks):
                may_default = self.dialect.recursion == "optional"
                remedy = "give the field a default" if may_default else "write out a fixed number of levels"
                return self._refuse(path, f"refers back to `{name}`", remedy)
            return {"$ref": f"#/$defs/{name}"}
        siblings = without(schema, "$ref", "title", "default")
        if siblings:
            # No provider takes words beside a reference, and the field's own description is worth a copy.
            self._open.append(name)
            inlined = self.node({**self.definitions[name], **siblings}, path, depth)
            self._open.pop()
            return noted(inlined, default_note(schema))
        self._define(name, path, depth)
        return {"$ref": f"#/$defs/{name}"}

    def _define(self, name: str, path: str, depth: int) -> None:
        if name not in self._fitted:
            self._open.append(name)
            self._fitted[name] = {}
            self._fitted[name] = self.node(self.definitions[name], path, depth)
            self._open.pop()

    def _all_of(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        whole: JsonObject = without(schema, "allOf")
        for part in schema["allOf"]:
            name = target(part)
            part = self.definitions.get(name, part) if name else part
            for key, value in part.items():
                if key == "properties":
                    whole[key] = {**whole.get(key, {}), **value}
                elif key == "required":
                    whole[key] = [*whole.get(key, []), *value]
                else:
                    whole.setdefault(key, value)
        return self.node(whole, path, depth)

    def _union(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        options = plain_options(schema)
        fitted: list[JsonObject] = []
        for option in options:
            one = self.node(option, path, depth)
            if one and one not in fitted:
                fitted.append(one)
        if not fitted:
            return {}
        self.unions += len(fitted) > 1
        node = fitted[0] if len(fitted) == 1 else {"anyOf": fitted}
        return described(node, schema, default_note(schema))

    def _enumeration(self, schema: Mapping[str, Any], path: str) -> JsonObject:
        groups: dict[str, list[Any]] = {}
        for value in schema["enum"]:
            groups.setdefault(json_type(value), []).append(value)
        if not groups or not set(groups) <= _SCALARS:
            return self._refuse(path, "has fixed values that are no plain words or numbers", "use strings")
        self.enum_values += sum(map(len, groups.values()))
        options: list[JsonObject] = []
        for kind, values in groups.items():
            if kind == "null":
                options.append(dict(NULL))
            elif kind == "boolean" and not self.dialect.flags:
                options.append({"type": kind, "description": f"(only: {', '.join(map(json.dumps, values))})"})
            else:
                options.append({"type": kind, "enum": values})
        self.unions += len(options) > 1
        node = options[0] if len(options) == 1 else {"anyOf": options}
        return described(node, schema, default_note(schema))

    def _object(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        properties = schema.get("properties") or {}
        free = schema.get("additionalProperties")
        is_free = "patternProperties" in schema or bool(free) or ("properties" not in schema and free is not False)
        if is_free and not properties:
            return self._free_keys(schema, path, depth)
        if self.dialect.depth is not None and depth > self.dialect.depth:
            return self._refuse(path, f"stands more than {self.dialect.depth} objects deep", "make the model flatter")
        required = set(schema.get("required") or ())
        result: JsonObject = {"type": "object", "properties": {}}
        needed = []
        for name, sub in properties.items():
            self.properties += 1
            inner = f"{path}.{name}" if path else name
            node, is_required = self._property(sub, inner, depth, name in required)
            result["properties"][name] = node
            if is_required:
                needed.append(name)
        if needed:
            result["required"] = needed
        if self.dialect.closed:
            result["additionalProperties"] = False
        return described(result, schema, self._notes(schema, result))

    def _property(self, sub: Any, path: str, depth: int, required: bool) -> tuple[JsonObject, bool]:
        """Fit one property and decide whether the model must give it."""
        if required or not isinstance(sub, Mapping):
            return self.node(sub, path, depth + 1), True
        nullable, is_list = allows_null(sub, self.definitions), sub.get("type") == "array"
        room = self.dialect.optionals is None or self.optionals < self.dialect.optionals
        if not self.dialect.all_required and room:
            self.optionals += 1
            self._breaks += 1
            # Leaving a property out says as much as null, and unions are scarcer than optional properties.
            shape = without_null(sub) if self.dialect.unions is not None and sub.get("default") is None else sub
            node = self.node(shape, path, depth + 1)
            self._breaks -= 1
            return node, False
        if not (nullable or is_list or sub.get("default") is not None):
            sub = {"anyOf": [without(sub, "description"), NULL], **only(sub, "description")}
        return self.node(sub, path, depth + 1), True

    def _free_keys(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        if self.dialect.closed:
            return self._refuse(
                path, "is a dictionary with free keys", "use a list of models with a `key` and a `value` field"
            )
        result: JsonObject = {"type": "object"}
        free = schema.get("additionalProperties")
        if isinstance(free, Mapping) and free:
            self._breaks += 1
            result["additionalProperties"] = self.node(free, f"{path}{{}}", depth + 1)
            self._breaks -= 1
        return described(result, schema, self._notes(schema, result))

    def _array(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        result: JsonObject = {"type": "array"}
        if "prefixItems" in schema:
            if not self.dialect.tuples:
                return self._refuse(path, "is a tuple", "use a list, or a model with a field for each part")
            result["prefixItems"] = [
                self.node(item, f"{path}[{index}]", depth) for index, item in enumerate(schema["prefixItems"])
            ]
        elif not isinstance(schema.get("items"), Mapping) or not schema["items"]:
            return self._refuse(path, "is a list of anything", "say what it holds, `list[str]` for instance")
        else:
            result["items"] = self.node(schema["items"], f"{path}[]", depth)
        return described(result, schema, self._notes(schema, result))

    def _scalar(self, schema: Mapping[str, Any]) -> JsonObject:
        result: JsonObject = {"type": schema["type"]}
        return described(result, schema, self._notes(schema, result))

    # ------------------------------------------------------------------ constraints and problems

    def _notes(self, schema: Mapping[str, Any], result: JsonObject) -> list[str]:
        """Copy the constraints that the provider enforces into `result`; return the others in words."""
        notes = []
        for key in _CONSTRAINTS:
            if key not in schema:
                continue
            value = schema[key]
            if self._enforces(key, value):
                result[key] = value
            elif key == "format":
                notes.append(_HINTS.get(value, f"format: {value}"))
            else:
                notes.append(f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
        return notes + default_note(schema)

    def _enforces(self, key: str, value: Any) -> bool:
        if key == "format":
            return value in self.dialect.formats
        if key == "pattern":
            return "pattern" in self.dialect.keywords and not _LOOKAROUND.search(str(value))
        if key == "minItems" and value in (0, 1):
            return True  # taken by all three
        return key in self.dialect.keywords

    def _refuse(self, path: str, fault: str, remedy: str) -> JsonObject:
        where = f"the field `{path}`" if path else "the answer"
        self.problems.append(f"{self.dialect.label} cannot return this schema: {where} {fault}; {remedy}.")
        return {}
