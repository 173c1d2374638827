"""A JSON schema made to fit each provider's subset, and what cannot be made to fit.

What a provider does not enforce moves into the field's description, where the model still reads it, and is checked
afterwards with the user's own Pydantic model.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import JsonObject
from .dialects import DIALECTS, Dialect
from .envelope import open_envelope, text_of_schema, with_quotes
from .fitting import Fitter
from .schema_nodes import allows_null, target

__all__ = [
    "drop_nulls",
    "fit",
    "fit_shared",
    "has_native_form",
    "open_envelope",
    "refusal",
    "text_of_schema",
    "with_quotes",
]

_OPENAI_CHARACTERS = 120_000


@dataclass(frozen=True, slots=True)
class _Fitted:
    schema: JsonObject
    problem: str | None
    native: bool


def fit(schema: Mapping[str, Any], provider: str) -> JsonObject:
    """Return a schema of the provider's subset; for names other than the three, the schema as it is.

    Args:
        schema: JSON schema of an object, as Pydantic writes it.
        provider: `anthropic`, `openai` or `gemini`.

    Raises:
        ValidationError: For what the provider cannot return at all (see `refusal`).
    """
    return copy.deepcopy(fit_shared(schema, provider))


def fit_shared(schema: Mapping[str, Any], provider: str) -> JsonObject:
    """Return what `fit` does, but the one object that all calls share: to be written out and never changed."""
    if provider not in DIALECTS:
        return dict(schema)
    fitted = _fitted(_text_of(schema), provider)
    if fitted.problem:
        raise ValidationError(fitted.problem)
    return fitted.schema


def refusal(schema: Mapping[str, Any], provider: str) -> str | None:
    """Return one sentence that names the field the provider cannot return and what to change, or None if all fits."""
    return _fitted(_text_of(schema), provider).problem if provider in DIALECTS else None


def has_native_form(schema: Mapping[str, Any], provider: str) -> bool:
    """Return whether the provider's own structured output can carry the schema.

    Anthropic's takes at most 16 unions and 24 optional properties; a larger schema is asked for in the prompt.
    """
    return provider not in DIALECTS or _fitted(_text_of(schema), provider).native


def drop_nulls(data: Any, schema: Mapping[str, Any]) -> Any:
    """Return answer data without the nulls that stand for a missing value.

    OpenAI requires every property, so one that may be missing is asked for as "value or null"; such a null goes here,
    unless the user's schema itself allows it. To be called before the data is validated.
    """
    return _drop(data, schema, schema.get("$defs") or schema.get("definitions") or {})


def _drop(data: Any, schema: Any, definitions: Mapping[str, Any]) -> Any:
    schema = _resolved(schema, definitions)
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        schema = next((s for s in (_resolved(o, definitions) for o in options) if _suits(data, s)), {})
    if isinstance(data, list):
        return [_drop(item, schema.get("items", {}), definitions) for item in data]
    if not isinstance(data, dict):
        return data
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    return {
        key: _drop(value, properties.get(key, {}), definitions)
        for key, value in data.items()
        if not (
            value is None
            and key in properties
            and key not in required
            and not allows_null(properties[key], definitions)
        )
    }


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    name = target(schema)
    found = definitions.get(name, {}) if name is not None else schema
    return found if isinstance(found, Mapping) else {}


def _suits(data: Any, schema: Mapping[str, Any]) -> bool:
    if isinstance(data, dict):
        return "properties" in schema and set(data) <= set(schema["properties"])
    return isinstance(data, list) and schema.get("type") == "array"


def _text_of(schema: Mapping[str, Any]) -> str:
    """The schema as text; jobs that follow each other mostly have the very same one, which is written out once."""
    known, text = _latest[0]
    if known is not schema:
        text = json.dumps(schema)
        _latest[0] = schema, text  # one assignment, so that threads see the pair whole
    return text


_latest: list[tuple[Mapping[str, Any] | None, str]] = [(None, "")]


@lru_cache(maxsize=256)
def _fitted(text: str, provider: str) -> _Fitted:
    schema, dialect = json.loads(text), DIALECTS[provider]
    fitter = Fitter(dialect, schema.get("$defs") or schema.get("definitions") or {})
    result = fitter.root(schema)
    problem = fitter.problems[0] if fitter.problems else _too_large(fitter, dialect, result)
    native = dialect.unions is None or fitter.unions <= dialect.unions
    return _Fitted(result, problem, native and problem is None)


def _too_large(fitter: Fitter, dialect: Dialect, result: JsonObject) -> str | None:
    advice = "split the model into smaller ones and run each as a batch of its own"
    if dialect.properties is not None and fitter.properties > dialect.properties:
        found = f"the schema has {fitter.properties:,}"
        return f"{dialect.label} takes at most {dialect.properties:,} fields, {found}; {advice}."
    if dialect.enum_values is not None and fitter.enum_values > dialect.enum_values:
        return (
            f"{dialect.label} takes at most {dialect.enum_values:,} fixed values in all, the schema has "
            f"{fitter.enum_values:,}; use `str` where a field has many."
        )
    if dialect.all_required and len(json.dumps(result)) > _OPENAI_CHARACTERS:
        return f"The schema is longer than the {_OPENAI_CHARACTERS:,} characters that {dialect.label} takes; {advice}."
    return None
