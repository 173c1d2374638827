"""What tables and the evidence view show, read from the store a page at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.citations import leaves
from ..core.jobs import Job, JsonObject
from ..core.state import RunState
from .store import Store

CELL, RAW, MOST = 200, 100_000, 500
GROUPS = {
    "failed": ("invalid", "errored", "expired", "missing"),
    "pending": ("pending", "elsewhere"),
    "under_way": ("submitting", "running"),
}


def rows(
    store: Store,
    state: RunState,
    start: int,
    n: int,
    *,
    only: str | None = None,
    text: str | None = None,
    order: Mapping[str, Any] | None = None,
) -> tuple[int, list[JsonObject]]:
    """Return how many rows match, and the page of them that begins at `start`.

    Args:
        store: The store.
        state: The run.
        start: First matching row to return.
        n: How many rows, at most 500.
        only: A job state, or `failed`, `under_way`.
        text: Only rows whose id or fields contain this.
        order: `{"by": "id" | "state" | "model" | a field's path, "desc": bool}`; job order if left out.
    """
    matching = list(range(state.total)) if not only else state.rows_in(*GROUPS.get(only, (only,)))
    if text:
        hits = store.search(state.run_id, text)
        matching = [row for row in matching if row in hits]
    if order:
        matching = _ordered(store, state, matching, str(order.get("by")), bool(order.get("desc")))
    page = matching[max(start, 0) : max(start, 0) + min(max(n, 0), MOST)]
    return len(matching), _page(store, state, page)


def _ordered(store: Store, state: RunState, matching: list[int], by: str, descending: bool) -> list[int]:
    keys: Mapping[int, Any]
    if by == "state":
        keys = {row: state.status[row] for row in matching}
    elif by == "model":
        models = {sizing.row: sizing.model for sizing in store.sizings(state.run_id, matching)}
        keys = models
    elif by == "id":
        ids = store.job_ids(state.run_id)
        keys = {row: ids[row] for row in matching}
    else:
        fields = store.fields(state.run_id, matching)
        keys = {row: fields[row].get(by) for row in matching if row in fields}

    def key(row: int) -> tuple[int, float, str]:
        value = keys.get(row)
        if isinstance(value, (int, float)):
            return (0, float(value), "")
        return (1, 0.0, "" if value is None else str(value).casefold())

    known = sorted((row for row in matching if keys.get(row) is not None), key=key, reverse=descending)
    return known + [row for row in matching if keys.get(row) is None]


def _page(store: Store, state: RunState, page: Sequence[int]) -> list[JsonObject]:
    jobs = store.jobs(state.run_id, page)
    bodies = store.results(state.run_id, page)
    fields = store.fields(state.run_id, page)
    return [_line(state, row, job, bodies.get(row), fields.get(row)) for row, job in zip(page, jobs, strict=True)]


def _line(state: RunState, row: int, job: Job, body: JsonObject | None, fields: JsonObject | None) -> JsonObject:
    status = state.state_of(row)
    good = status == "succeeded"
    usage = body["usage"] if body else {}
    kind = None if good else state.kinds.get(row)
    shown = {path: _cell(value) for path, value in (fields or {}).items()} if good else {}
    if good and body and not shown and body["text"]:
        shown = {"answer": _cell(body["text"])}
    return {
        "row": row,
        "id": job.id,
        "state": {"elsewhere": "pending"}.get(status, status),
        "model": job.model,
        "error": None if good else _short((body or {}).get("error") or state.messages.get(kind or "")),
        "error_kind": "cost_limit" if status == "held" else kind,
        "cost": (body or {}).get("cost"),
        "tokens": usage.get("input_tokens", 0) + usage.get("output_tokens", 0) if body else None,
        "documents": [d.name for d in job.documents],
        "fields": shown,
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _short(text: str | None) -> str | None:
    return None if text is None else _cell(text)


def detail(store: Store, state: RunState, row: int) -> JsonObject:
    """Return one result with its fields, evidence, usage and raw text."""
    job, body = store.job(state.run_id, row), store.result(state.run_id, row) or {}
    citations: Mapping[str, Any] = body.get("citations") or {}
    data = body.get("data")
    values = dict(leaves(data)) if data is not None else {}
    if "" in citations or (data is None and body.get("text")):
        values = {"": body.get("text", ""), **values}
    status = state.state_of(row)
    return {
        "row": row,
        "id": job.id,
        "state": {"elsewhere": "pending"}.get(status, status),
        "model": body.get("model") or job.model,
        "error": body.get("error") or (state.messages.get(state.kinds[row]) if row in state.kinds else None),
        "error_kind": "cost_limit" if status == "held" else body.get("error_kind") or state.kinds.get(row),
        "finish_reason": body.get("finish_reason"),
        "cost": body.get("cost"),
        "usage": body.get("usage") or {},
        "attempts": state.attempts[row],
        "raw": (body.get("text") or "")[:RAW],
        "fields": [
            {
                "path": path or "answer",
                "value": _value(value),
                "citations": [_citation(c) for c in citations.get(path, ())],
            }
            for path, value in values.items()
        ],
        "documents": [{"name": d.name, "kind": d.kind, "pages": d.pages} for d in job.documents],
    }


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value[:RAW]
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _citation(citation: Mapping[str, Any]) -> JsonObject:
    metadata = citation.get("metadata") or {}
    return {
        "document": metadata.get("document", 0),
        "page": citation.get("page"),
        "start": citation.get("start"),
        "end": citation.get("end"),
        "text": citation.get("text", ""),
        "confidence": citation.get("confidence"),
        "reason": citation.get("match_reason"),
        "source": metadata.get("source"),
        "rects": [list(rect) for rect in citation.get("rects") or ()],
        "pieces": metadata.get("pieces") or [],
    }
