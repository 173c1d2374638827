"""What a Gemini job, as plain JSON, says of itself.

The SDK builds its own jobs from the metadata alone, and leaves out the error, the counts and where the results are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..core.jobs import JsonObject
from .base import BatchState, BatchStatus
from .errors import redact

_STATES: dict[str, BatchState] = {
    "PENDING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "UPDATING": "running",
    "PAUSED": "running",
    "CANCELLING": "cancelling",
    "SUCCEEDED": "ended",
    "PARTIALLY_SUCCEEDED": "ended",
    "FAILED": "ended",
    "CANCELLED": "ended",
    "EXPIRED": "ended",
}
_QUOTA = 8  # gRPC RESOURCE_EXHAUSTED
# gRPC codes of a job that was turned away: INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, quota, FAILED_PRECONDITION.
_TURNED_AWAY = frozenset({3, 5, 7, _QUOTA, 9, 400, 403, 404, 429})


def status(job: JsonObject) -> BatchStatus:
    """Return the state of a job."""
    metadata = part(job, "metadata")
    word = str(metadata.get("state") or "").rpartition("STATE_")[2]
    state = _STATES.get(word, "running")
    stats = part(metadata, "batchStats")
    done, failed = _count(stats, "successfulRequestCount"), _count(stats, "failedRequestCount")
    error, handle = part(job, "error"), _handle(job) if state == "ended" else {}
    reason = None
    if word in ("FAILED", "EXPIRED") or (error and state == "ended"):
        reason = redact(str(error.get("message") or f"The job ended as {word}, without a reason."))
    # Successful rows alone are billed: none counted, or a job turned away before it ran, is proof of no charge.
    unbilled = done == 0 or (not done and error.get("code") in _TURNED_AWAY)
    rejected = word == "FAILED" and not handle and unbilled
    return BatchStatus(
        state=state,
        word=word or "unknown",
        total=_count(stats, "requestCount"),
        done=done,
        failed=failed,
        reason=reason,
        rejected=rejected,
        quota=rejected and error.get("code") in (_QUOTA, 429),
        no_results=state == "ended" and not handle,
        handle=handle,
    )


def part(value: Mapping[str, Any], name: str) -> JsonObject:
    """Return an object inside another, empty where it is missing."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _count(stats: JsonObject, name: str) -> int | None:
    """A count, which JSON carries as a string, or None where it is missing: zero may be left out, but not of all."""
    if not stats:
        return None
    try:
        return int(stats.get(name) or 0)
    except (TypeError, ValueError):
        return None


def _handle(job: JsonObject) -> JsonObject:
    """Where the results are: in a file, or in the job."""
    outputs = [part(job, "response"), part(part(job, "metadata"), "output"), part(part(job, "metadata"), "dest")]
    for output in outputs:
        if name := output.get("responsesFile") or output.get("fileName"):
            return {"file": name}
    return {"inlined": True} if inlined(job) else {}


def inlined(job: JsonObject) -> list[JsonObject]:
    """Return the responses that a job holds itself."""
    for output in (part(job, "response"), part(part(job, "metadata"), "output")):
        found = output.get("inlinedResponses")
        found = found.get("inlinedResponses") if isinstance(found, dict) else found
        if isinstance(found, list):
            return [line for line in found if isinstance(line, dict)]
    return []


def created(job: JsonObject) -> float | None:
    """Return when a job was created, in seconds since 1970, or None where it does not say."""
    text = part(job, "metadata").get("createTime")
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
