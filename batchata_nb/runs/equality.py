"""When two values are the same to people: an answer and another, an answer and what is known to be right. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from ..core.citations import flat

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def is_missing(value: Any) -> bool:
    """Whether a gold value is not there: None, and what frames put in its place."""
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


def key(value: Any) -> Any:
    """Return what is equal for values that people take for equal: 1 and 1.0, letters of either case, more blanks."""
    if hasattr(value, "item") and type(value).__module__.startswith("numpy"):
        value = value.item()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        number = Decimal(str(value))
        return ("number", number.normalize() if number.is_finite() else str(number))
    if isinstance(value, datetime):
        text = value.isoformat()
        return ("time", text.removesuffix("T00:00:00"))
    if isinstance(value, date):
        return ("time", value.isoformat())
    if isinstance(value, Mapping):
        return ("object", tuple(sorted((str(name), key(each)) for name, each in flat(value).items())))
    if isinstance(value, (list, tuple, set, frozenset)):
        return ("list", tuple(key(each) for each in value))
    return " ".join(str(value).split()).casefold()


def same(answer: Any, gold: Any) -> bool:
    """Whether an answer is what the gold value says; gold values read from a file may be text where answers are not."""
    mine, theirs = key(answer), key(gold)
    if mine == theirs or not isinstance(theirs, str):
        return bool(mine == theirs)
    if isinstance(mine, bool):
        return theirs in (_TRUE if mine else _FALSE)
    if not isinstance(mine, tuple):
        return False
    if mine[0] == "number":
        try:
            return bool(key(Decimal(theirs)) == mine)
        except InvalidOperation:
            return False
    return bool(mine == ("time", theirs.upper().replace(" ", "T").removesuffix("T00:00:00")))
