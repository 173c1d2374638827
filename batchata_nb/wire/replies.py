"""What the three decoders share: replies that are not a success, and numbers that may be missing."""

from __future__ import annotations

from ..core.jobs import Json, JsonObject
from ..core.results import ErrorKind, Outcome, Reply, Usage

NOTHING = Usage()
_OUTCOMES: dict[ErrorKind, Outcome] = {
    "truncated": "invalid",
    "refused": "invalid",
    "filtered": "invalid",
    "invalid_output": "invalid",
    "expired": "expired",
    "cancelled": "cancelled",
}


def answer(
    row_id: str | None,
    raw: JsonObject,
    *,
    text: str,
    usage: Usage,
    model: str | None,
    finish_reason: str | None,
    problem: tuple[ErrorKind, str] | None,
    native: list[JsonObject] | None = None,
) -> Reply:
    """Return the reply of a row that the model answered; `problem` says why the answer is not usable, if it is not."""
    if problem is None and not text.strip():
        problem = ("invalid_output", "The model's answer is empty.")
    kind, error = problem or (None, None)
    return Reply(
        row_id=row_id,
        outcome=_OUTCOMES[kind] if kind else "succeeded",
        text=text,
        error_kind=kind,
        error=error,
        # A cut, refused or filtered answer comes out the same the second time, and is paid for again.
        retryable=False,
        finish_reason=finish_reason,
        usage=usage,
        metered=bool(usage.input_tokens or usage.output_tokens),
        model=model,
        native=native,
        raw=raw,
    )


def failure(
    row_id: str | None,
    raw: JsonObject,
    kind: ErrorKind,
    error: str,
    *,
    retryable: bool = False,
    usage: Usage = NOTHING,
    metered: bool = True,
) -> Reply:
    """Return the reply of a row that got no answer."""
    return Reply(
        row_id=row_id,
        outcome=_OUTCOMES.get(kind, "errored"),
        error_kind=kind,
        error=error,
        retryable=retryable,
        usage=usage,
        metered=metered,
        raw=raw,
    )


def unreadable(row_id: str | None, raw: JsonObject, what: str, usage: Usage = NOTHING) -> Reply:
    """Return the reply of a line whose shape is not known: never a success, and not sent again by itself.

    The row may have been answered and billed, by the usage where one can be read, so repeating it is the user's
    decision.
    """
    metered = bool(usage.input_tokens or usage.output_tokens)
    error = f"The result line cannot be read: {what}."
    return failure(row_id, raw, "provider_error", error, usage=usage, metered=metered)


def broken(line: bytes) -> Reply:
    """Return the reply of a line that is no JSON object."""
    start = line[:500].decode("utf-8", "replace")
    return unreadable(None, {"line": start}, f"it is no JSON object and starts with {start[:60]!r}")


def number(source: Json, *path: str) -> int:
    """Return the whole number at a path of nested objects; 0 where it is missing (int64 may come as a string)."""
    for name in path:
        source = source.get(name) if isinstance(source, dict) else None
    try:
        return max(int(source or 0), 0)
    except (TypeError, ValueError):
        return 0


def objects(value: Json) -> list[JsonObject]:
    """Return the objects of a list, leaving out whatever else stands there."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(value: Json) -> JsonObject:
    """Return an object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def word(value: Json) -> str | None:
    """Return a string as it is, and anything else as None."""
    return value if isinstance(value, str) else None
