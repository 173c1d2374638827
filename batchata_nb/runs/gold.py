"""Gold values: what is known to be right of an item's fields, from a column of its row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.citations import flat
from ..core.errors import ValidationError
from ..core.jobs import JsonObject
from .equality import is_missing

ANSWER = "answer"
"""The field that a plain answer stands under."""
GoldColumns = str | Sequence[str] | Mapping[str, str]
"""Columns with gold values: one or several, or field to column."""


def gold_columns(columns: GoldColumns | None, schema: Mapping[str, Any] | None) -> tuple[tuple[str | None, str], ...]:
    """Return the field and the name of each gold column.

    Args:
        columns: A column holds the values of the field of its name, else of the only field there is, else mappings of
            field to value; field to column says it outright.
        schema: JSON schema of the answer; None: a plain answer, whose one field is `answer`.

    Raises:
        ValidationError: The answer has no such field.
    """
    if columns is None:
        return ()
    fields = list((schema or {}).get("properties") or ()) if schema is not None else [ANSWER]
    if isinstance(columns, Mapping):
        for field in columns:
            if fields and field.partition(".")[0].partition("[")[0] not in fields:
                raise ValidationError(f"--gold: the answer has no field {field!r}; it has {', '.join(fields)}.")
        return tuple(columns.items())
    names = [columns] if isinstance(columns, str) else list(columns)
    only = fields[0] if len(fields) == 1 and len(names) == 1 else None
    return tuple((name if name in fields else only, name) for name in names)


def gold_of(row: Any, columns: Sequence[tuple[str | None, str]], where: str) -> JsonObject:
    """Return a row's gold values by field path; missing ones are left out.

    Raises:
        ValidationError: It is not clear which field a value is of.
    """
    found: JsonObject = {}
    for field, column in columns:
        value = row.get(column) if isinstance(row, Mapping) else None
        if is_missing(value):
            continue
        if isinstance(value, Mapping):
            found.update({f"{field}.{path}" if field else path: each for path, each in flat(value).items()})
        elif field is None:
            raise ValidationError(
                f"At {where}, the gold column {column!r} holds one value; say of which field it is: --gold "
                f"FIELD={column} (gold_column={{field: column}} in Python)."
            )
        else:
            found[field] = value
    return {path: plain(value) for path, value in found.items() if not is_missing(value)}


def plain(value: Any) -> Any:
    """Return a value as JSON keeps it: numbers and text as they are, all else as text that compares equal to it."""
    if hasattr(value, "item") and type(value).__module__.startswith("numpy"):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return plain(value.value) if hasattr(value, "value") else str(value)
