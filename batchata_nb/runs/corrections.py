"""A value that a person typed in place of a model's, made to fit the schema of its field, or refused in words."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..core.errors import ValidationError

Keys = tuple[str | int, ...]
_FORMATS: dict[str, type[Any]] = {"date": dt.date, "date-time": dt.datetime, "time": dt.time}
_NAMES = {
    "integer": "a whole number", "number": "a number", "boolean": "true or false", "null": "empty", "string": "text",
    "object": "an object", "array": "a list",
}  # fmt: skip


def corrected(
    data: Any, path: str, value: Any, others: Mapping[str, Any], schema: Mapping[str, Any], model: type[Any] | None
) -> Any:
    """Return the right value of a field as JSON.

    Args:
        data: The answer.
        path: The field's path, such as `lines[0].amount`.
        value: What was typed, or a value of the field's own type.
        others: Corrections of other fields, by path: the value must fit these.
        schema: The answer's JSON schema.
        model: The user's Pydantic class, which knows more than the schema; None where it is not at hand.

    Raises:
        ValidationError: The value does not fit; says what would.
    """
    trails = dict(_trails(data))
    whole = copy.deepcopy(data)
    for other, right in others.items():
        if other in trails:
            _put(whole, trails[other], right)
    keys, tried = trails[path], candidates(value)
    if model is None:
        return _by_schema(tried, _leaf(schema, keys, schema), path, _get(data, keys))
    problem = ""
    for candidate in tried:
        _put(whole, keys, candidate)
        found, why = _by_model(model, whole, keys, candidate)
        if not why:
            return found
        problem = problem or why
    raise ValidationError(f"{path}: {problem}")


def reviewed(parsed: Any, right: Mapping[str, Any], rejected: Sequence[str]) -> Any:
    """Return an answer's data as a person left it: corrected values in their places, rejected ones empty.

    Args:
        parsed: The answer: a Pydantic object, or data.
        right: Corrected values as JSON, by path.
        rejected: Paths of values that are wrong, without a right one.

    Raises:
        ValidationError: The corrections fit the schema each for itself, but not together.
    """
    import pydantic

    typed = isinstance(parsed, pydantic.BaseModel)
    data = parsed.model_dump(mode="json", by_alias=True) if typed else copy.deepcopy(parsed)
    trails = dict(_trails(data))
    for path, value in right.items():
        _put(data, trails[path], value)
    if typed:
        try:
            data = (type(parsed).model_validate(data) if right else parsed).model_dump()
        except pydantic.ValidationError as error:
            raise ValidationError(
                f"The corrections do not fit the schema together: {error.errors()[0]['msg']}"
            ) from error
        trails = dict(zip(trails, (keys for _, keys in _trails(data)), strict=True))  # aliases have become names
    for path in rejected:
        _put(data, trails[path], None)
    return data


def candidates(value: Any) -> list[Any]:
    """Return what a typed text may stand for, likeliest first; anything but text stands for itself."""
    if not isinstance(value, str):
        return [value if value is None else json.loads(json.dumps(value, default=str))]
    if not value.strip():
        return [None, ""]
    try:
        read = json.loads(value)
    except ValueError:
        return [value]
    return [value, read] if not isinstance(read, str) else [value]


def _trails(value: Any, path: str = "", keys: Keys = ()) -> Iterator[tuple[str, Keys]]:
    """Yield each leaf's path, as `core.citations.leaves` writes it, with the keys that lead there."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _trails(item, f"{path}.{key}" if path else str(key), (*keys, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for index, item in enumerate(value):
            yield from _trails(item, f"{path}[{index}]", (*keys, index))
    else:
        yield path, keys


def _put(whole: Any, keys: Keys, value: Any) -> None:
    _get(whole, keys[:-1])[keys[-1]] = value


def _get(whole: Any, keys: Keys) -> Any:
    for key in keys:
        whole = whole[key]
    return whole


def _by_model(model: type[Any], whole: Any, keys: Keys, candidate: Any) -> tuple[Any, str]:
    """Return the value as the model reads it, and why it does not fit: only what concerns this field counts."""
    import pydantic

    try:
        found = model.model_validate(whole).model_dump(mode="json")
    except pydantic.ValidationError as error:
        own = [e["msg"] for e in error.errors(include_url=False) if _concerns(e["loc"], keys)]
        return candidate, "; ".join(dict.fromkeys(own[:3]))
    try:
        return _get(found, keys), ""
    except (KeyError, IndexError, TypeError):
        return candidate, ""


def _concerns(loc: tuple[int | str, ...], keys: Keys) -> bool:
    """Whether an error is about this field; between its keys Pydantic names the branches of unions."""
    rest = iter(loc)
    return all(key in rest for key in keys)


def _resolve(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(20):  # a schema may refer to itself
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        found: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        schema = found
    return schema if isinstance(schema, Mapping) else {}


def _branches(schema: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a schema may be, unions opened."""
    one = _resolve(schema, root)
    parts = [*one.get("anyOf", ()), *one.get("oneOf", ()), *(one["allOf"] if len(one.get("allOf", ())) == 1 else ())]
    return [branch for part in parts for branch in _branches(part, root)] if parts else [one]


def _leaf(schema: Any, keys: Keys, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas that the value at these keys may have."""
    if not keys:
        return _branches(schema, root)
    found: list[Mapping[str, Any]] = []
    for branch in _branches(schema, root):
        inner = branch.get("items") if isinstance(keys[0], int) else (branch.get("properties") or {}).get(keys[0])
        inner = branch.get("additionalProperties") if inner is None and not isinstance(keys[0], int) else inner
        if inner is not None:
            found += _leaf(inner, keys[1:], root)
    return found


def _by_schema(tried: list[Any], branches: list[Mapping[str, Any]], path: str, old: Any) -> Any:
    tried = sorted(tried, key=lambda candidate: type(candidate) is not type(old))  # 5.0 and "5.0" may both fit
    if not branches:
        return tried[0] if tried[0] is not None else tried[-1]
    problems: list[str] = []
    for candidate in tried:
        for branch in branches:
            found, problem = _fits(candidate, branch)
            if not problem:
                return found
            problems.append(problem)
    raise ValidationError(f"{path}: the value should be {' or '.join(dict.fromkeys(problems))}.")


def _fits(value: Any, schema: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the value, and what it should be where it does not fit."""
    allowed = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else None
    if allowed is not None:
        same = [item for item in allowed if item == value and isinstance(item, bool) == isinstance(value, bool)]
        return value, "" if same else "one of " + ", ".join(map(str, allowed[:20]))
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return value, " or ".join(_NAMES.get(kind, str(kind)) for kind in kinds)
    if isinstance(value, str):
        return value, _text_problem(value, schema)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value, _number_problem(value, schema)
    return value, ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) or value is None:
        return kind == ("null" if value is None else "boolean")
    number = isinstance(value, (int, float)) and math.isfinite(value)
    return {
        "string": isinstance(value, str),
        "integer": number and float(value).is_integer(),
        "number": number,
        "object": isinstance(value, Mapping),
        "array": isinstance(value, list),
    }.get(kind, False)


def _text_problem(value: str, schema: Mapping[str, Any]) -> str:
    import pydantic

    shape = _FORMATS.get(str(schema.get("format")))
    if shape is not None:
        try:
            pydantic.TypeAdapter(shape).validate_python(value)
        except pydantic.ValidationError:
            return f"a {schema['format']} such as " + {"date": "2026-03-25", "time": "14:30"}.get(
                str(schema["format"]), "2026-03-25T14:30:00"
            )
    if "pattern" in schema and not _matches(str(schema["pattern"]), value):
        return f"of the form {schema['pattern']}"
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return f"{schema.get('minLength', 0)} to {schema.get('maxLength', 'any number of')} characters"
    return ""


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # another language's dialect: nothing can be said
        return True


def _number_problem(value: float, schema: Mapping[str, Any]) -> str:
    bounds: list[tuple[str, str, Callable[[Any, Any], bool]]] = [
        ("minimum", "at least", operator.ge),
        ("maximum", "at most", operator.le),
        ("exclusiveMinimum", "more than", operator.gt),
        ("exclusiveMaximum", "less than", operator.lt),
    ]
    broken = [
        f"{words} {schema[key]}" for key, words, holds in bounds if key in schema and not holds(value, schema[key])
    ]
    return " and ".join(broken)
