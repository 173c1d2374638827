"""What tables and the evidence view show, read from the store a page at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.jobs import Job, JsonObject
from ..core.state import RunState
from .answers import why_none
from .ordering import matching
from .reviews import ANSWER, Review, of_bodies, values_of
from .store import Store

CELL, ID, RAW, MOST = 200, 1_000, 100_000, 500
CITED, ALL_VALUES = 600, 2_000_000
"""Characters of a citation's words, of which a view shows a few hundred, and of all values of a result together."""
SURE = ("none", "low", "", "medium", "high")
"""Confidence from weakest; empty where evidence has none."""
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
    now: float,
    cause: str | None = None,
) -> tuple[int, list[JsonObject], bool]:
    """Return how many rows match, the page of them that begins at `start`, and whether their order is behind.

    Args:
        store: The store.
        state: The run.
        start: First matching row to return.
        n: How many rows, at most 500.
        only: A job state, or `failed`, `under_way`.
        text: Only rows whose id or fields contain this.
        order: `{"by": "id" | "state" | "model" | a field's path, "desc": bool}`; job order if left out.
        now: Seconds on a clock that never jumps; see `ordering` for how it is used.
        cause: Only jobs that failed with this kind of error, such as `truncated`.
    """
    states = GROUPS.get(only, (only,)) if only else None
    found, behind = matching(store, state, states, text, order, now, cause)
    page = found[max(start, 0) : max(start, 0) + min(max(n, 0), MOST)]
    return len(found), _page(store, state, page), behind


def _page(store: Store, state: RunState, page: Sequence[int]) -> list[JsonObject]:
    jobs = store.jobs(state.run_id, page)
    bodies = store.results(state.run_id, page)
    fields = store.fields(state.run_id, page)
    reviews = of_bodies(store, state.run_id, bodies)
    return [
        {**_line(state, row, job, bodies.get(row), fields.get(row)), **_marks(bodies.get(row), reviews.get(row))}
        for row, job in zip(page, jobs, strict=True)
    ]


def _marks(body: JsonObject | None, reviews: Mapping[str, Review] | None) -> JsonObject:
    """How sure each field is, by its best citation, and how far a person has checked the result."""
    sure: dict[str, str] = {}
    for path, cited in ((body or {}).get("citations") or {}).items():
        column = path.partition("[")[0] or ANSWER  # a list stands in one column, and is as sure as its weakest part
        level = str(cited[0].get("confidence") or "") if cited else "none"
        if column not in sure or SURE.index(level) < SURE.index(sure[column]):
            sure[column] = level
    if not reviews:
        return {"sure": sure, "review": None}
    verdicts = [review.verdict for review in reviews.values()]
    wrong = len(verdicts) - verdicts.count("confirmed")
    return {"sure": sure, "review": {"done": len(verdicts), "of": len(values_of(body or {})), "wrong": wrong}}


def _line(state: RunState, row: int, job: Job, body: JsonObject | None, fields: JsonObject | None) -> JsonObject:
    status = state.state_of(row)
    good = status == "succeeded"
    usage = body["usage"] if body else {}
    kind = None if good else state.kinds.get(row)
    shown = {path: cell(value) for path, value in (fields or {}).items()} if good else {}
    if good and body and not shown and body["text"]:
        shown = {"answer": cell(body["text"])}
    return {
        "row": row,
        "id": cell(job.id, ID),
        "state": {"elsewhere": "pending"}.get(status, status),
        "model": cell(job.model),
        "error": None if good else _short((body or {}).get("error") or state.messages.get(kind or "")),
        "error_kind": "cost_limit" if status == "held" else kind,
        "cost": (body or {}).get("cost"),
        "tokens": usage.get("input_tokens", 0) + usage.get("output_tokens", 0) if body else None,
        "documents": [d.name for d in job.documents],
        "fields": shown,
    }


def cell(value: Any, most: int = CELL) -> str:
    """Return a value as a table shows it: text of at most so many characters; lists read as words, not as JSON."""
    text = _words(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _words(value: Any) -> str:
    """A value in words: `3: cable, 2; plug, 10; …` for three objects of a list, `red · green` for two texts."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, Mapping):
        return ", ".join(_words(part) for part in value.values())
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        return f"{len(value)}: " + "; ".join(_words(part) for part in value)
    if isinstance(value, list):
        return " · ".join(_words(part) for part in value) or "0 items"
    return json.dumps(value, ensure_ascii=False, default=str)


def _short(text: str | None) -> str | None:
    return None if text is None else cell(text)


def detail(store: Store, state: RunState, row: int) -> JsonObject:
    """Return one result with its fields, evidence, usage and raw text, cut to what may travel to a browser."""
    job, body = store.job(state.run_id, row), store.result(state.run_id, row) or {}
    citations: Mapping[str, Any] = body.get("citations") or {}
    reviews = of_bodies(store, state.run_id, {row: body}).get(row, {}) if body else {}
    status, note, values = state.state_of(row), why_none(body), values_of(body)
    room = min(RAW, max(CELL, ALL_VALUES // max(len(values), 1)))
    return {
        "row": row,
        "id": cell(job.id, ID),
        "state": {"elsewhere": "pending"}.get(status, status),
        "model": cell(body.get("model") or job.model),
        "error": body.get("error") or (state.messages.get(state.kinds[row]) if row in state.kinds else None),
        "error_kind": "cost_limit" if status == "held" else body.get("error_kind") or state.kinds.get(row),
        "finish_reason": body.get("finish_reason"),
        "cost": body.get("cost"),
        "usage": body.get("usage") or {},
        "attempts": state.attempts[row],
        "raw": cell(body.get("text"), RAW),
        "fields": [
            {
                "path": path or ANSWER,
                "value": cell(_value(value), room),
                "citations": [_citation(c) for c in citations.get(path, ())],
                "note": "" if citations.get(path) or value in (None, "") else note,
                "review": _review(reviews.get(path)),
            }
            for path, value in values.items()
        ],
        "documents": [{"name": d.name, "kind": d.kind, "pages": d.pages} for d in job.documents],
        "page_notes": body.get("page_notes") or [],
    }


def _review(review: Review | None) -> JsonObject | None:
    if review is None:
        return None
    return {"verdict": review.verdict, "value": _value(review.value) if review.verdict == "corrected" else None}


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
        "text": cell(citation.get("text", ""), CITED),
        "confidence": citation.get("confidence"),
        "reason": citation.get("match_reason"),
        "source": metadata.get("source"),
        "rects": [list(rect) for rect in citation.get("rects") or ()],
        "pieces": metadata.get("pieces") or [],
    }
