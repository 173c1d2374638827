"""What an OpenAI batch, as plain JSON, says of itself; compatible endpoints may leave out most of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from ..core.errors import ProviderError
from ..core.jobs import JsonObject
from .base import BatchState, BatchStatus
from .errors import redact

_STATES: dict[str, BatchState] = {
    "validating": "queued",
    "in_progress": "running",
    "finalizing": "running",
    "cancelling": "cancelling",
    "completed": "ended",
    "failed": "ended",
    "expired": "ended",
    "cancelled": "ended",
}
_QUEUE_FULL = "token_limit_exceeded"


def status(batch: JsonObject) -> BatchStatus:
    """Return the state of a batch."""
    word = str(batch.get("status") or "")
    state = _STATES.get(word.lower(), "running")
    counts = batch.get("request_counts") or {}
    handle = {key: batch[key] for key in ("output_file_id", "error_file_id") if batch.get(key)}
    faults = (batch.get("errors") or {}).get("data") or []
    failed = word.lower() == "failed"
    return BatchStatus(
        state=state,
        word=word,
        total=counts.get("total") or None,
        done=counts.get("completed"),
        failed=counts.get("failed"),
        reason=redact("; ".join(map(_fault, faults[:3])) or "The batch failed.") if failed else None,
        rejected=failed and not handle and not counts.get("completed"),
        quota=failed and any(fault.get("code") == _QUEUE_FULL for fault in faults),
        no_results=state == "ended" and not handle,
        handle=handle if state == "ended" else {},
    )


def listed(get: Callable[[str, JsonObject], JsonObject], since: datetime) -> Iterator[JsonObject]:
    """Yield the batches created since then, page by page; the order of the list is not documented.

    Args:
        get: Fetches a path with a query.
        since: Time; naive is UTC.
    """
    after, horizon = "", since.replace(tzinfo=since.tzinfo or UTC).timestamp()
    while True:
        page = get("/batches", {"limit": 100, **({"after": after} if after else {})})
        data = [batch for batch in page.get("data") or () if isinstance(batch, dict)]
        yield from (batch for batch in data if (batch.get("created_at") or horizon) >= horizon)
        times = [batch.get("created_at") or 0 for batch in data]
        is_past = bool(times) and max(times) < horizon and times == sorted(times, reverse=True)
        last = str(data[-1].get("id") or "") if data else ""
        if is_past or not page.get("has_more") or not last or last == after:
            return
        after = last


def is_not_there_yet(error: ProviderError, input_file: str) -> bool:
    """Whether the input file was only not yet to be seen just after its upload: such a create made no batch."""
    text = str(error).lower()
    return (
        not error.ambiguous and "file" in text and ("not found" in text or "cannot find" in text or input_file in text)
    )


def _fault(fault: JsonObject) -> str:
    line = f" (line {fault['line']})" if fault.get("line") else ""
    return f"{fault.get('code') or 'error'}{line}: {fault.get('message') or 'no message'}"
