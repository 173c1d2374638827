"""From the user's Pydantic class to a JSON schema, and back by a key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import Json, JsonObject, canonical


def schema_of(model: type[Any]) -> JsonObject:
    """Return the JSON schema of a Pydantic class.

    Raises:
        ValidationError: It is no Pydantic class, or one that has no JSON schema; names the field where it can.
    """
    if not hasattr(model, "model_json_schema"):
        raise ValidationError(f"The response model must be a Pydantic class, not {model!r}.")
    try:
        schema: JsonObject = model.model_json_schema()
    except Exception as error:  # Pydantic's errors here have no common public base
        first = str(error).splitlines()[0]
        raise ValidationError(f"{model.__name__} has a field that JSON cannot express: {first}") from error
    return schema


def schema_key(schema: Mapping[str, Json] | None) -> str:
    """Name a schema by its content, so that stored results find the user's class again."""
    return "" if schema is None else hashlib.sha256(canonical(schema).encode()).hexdigest()


class SchemaKeys:
    """`schema_key` for many jobs one after another, which mostly share their very schema."""

    def __init__(self) -> None:
        self._latest: tuple[Mapping[str, Json] | None, str] = None, ""

    def of(self, schema: Mapping[str, Json] | None) -> str:
        """Return the name of a schema."""
        latest, key = self._latest
        if schema is not latest:
            key = schema_key(schema)
            self._latest = schema, key
        return key
