"""What an OpenAI batch, as plain JSON, says of itself; compatible endpoints may leave out most of it."""

from __future__ import annotations

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


def _fault(fault: JsonObject) -> str:
    line = f" (line {fault['line']})" if fault.get("line") else ""
    return f"{fault.get('code') or 'error'}{line}: {fault.get('message') or 'no message'}"
