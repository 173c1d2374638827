"""What an Anthropic batch, as plain JSON, says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

from ..core.jobs import JsonObject
from .base import BatchState, BatchStatus

_STATES: dict[str, BatchState] = {"in_progress": "running", "canceling": "cancelling", "ended": "ended"}
_COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


def status(batch: JsonObject) -> BatchStatus:
    """Return the state of a batch; its counts stay zero until the whole batch has ended."""
    word = str(batch.get("processing_status"))
    rows = counts(batch)
    ended, archived = word == "ended", bool(batch.get("archived_at"))
    return BatchStatus(
        state=_STATES.get(word, "running"),
        word=word,
        total=sum(rows.values()) or None,
        done=rows["succeeded"] if ended else None,
        failed=rows["errored"] + rows["canceled"] + rows["expired"] if ended else None,
        reason="The results were deleted 29 days after the batch was created." if archived else None,
        no_results=ended and (archived or not batch.get("results_url")),
    )


def counts(batch: JsonObject) -> dict[str, int]:
    """Return how many rows stand how."""
    said = batch.get("request_counts") or {}
    return {name: int(said.get(name) or 0) for name in _COUNTS}


def created(batch: JsonObject) -> datetime:
    """Return when a batch was created; one that does not say is taken for new, so that it is looked at."""
    try:
        return datetime.fromisoformat(str(batch.get("created_at")))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
