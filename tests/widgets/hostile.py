"""Text that a model, a document or a file name may hold, in every place where a view shows text."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

PAYLOADS = tuple(json.loads((Path(__file__).parent / "payloads.json").read_text(encoding="utf-8")))
"""The tests of the JavaScript read the same file."""
HIDDEN = "\x00\x07\x1b\x9b\u202e\u2066\u200b\ufeff\U000e0041\ud83d"


def summary(text: str, **changes: Any) -> dict[str, Any]:
    """A summary with one text in every field that holds text."""
    return {
        "v": 1,
        "rev": 3,
        "name": text,
        "run_id": text,
        "state": "failed",
        "words": text,
        "models": [text],
        "practice": True,
        "driver": True,
        "total": 400,
        "reused": 0,
        "counts": {"succeeded": 390, "invalid": 10},
        "money": {"spent": "1.8342", "reserved": "0.4", "limit": "5", "saved": "1.83", "known": True},
        "elapsed": 754.2,
        "eta": None,
        "started_at": text,
        "batches": {"total": 1, "open": 0, "list": [{"tag": text, "batch_id": text, "note": text, "rows": 400}]},
        "errors": [{"kind": text, "message": text, "count": 10, "retry": True}],
        "log": [{"at": text, "text": text}],
        "held": {"jobs": 12, "needs": text},
        "can": ["retry_failed"],
        **changes,
    }


def row(text: str, columns: list[str], **changes: Any) -> dict[str, Any]:
    """A row of the table with one text in every field."""
    plain = {"row": 0, "id": text, "state": "succeeded", "model": text, "error": None, "error_kind": None}
    return {
        **plain,
        "cost": "0.0042",
        "tokens": 10,
        "documents": [text],
        "fields": dict.fromkeys(columns, text),
        **changes,
    }


def page(text: str) -> dict[str, Any]:
    """A page of rows: one with fields, one with an error."""
    rows = [row(text, [text, "total"]), row(text, [], error=text, error_kind=text, state="errored")]
    return {"rev": 3, "total": 400, "start": 0, "columns": [text, "total"], "rows": rows}


def detail(text: str, **changes: Any) -> dict[str, Any]:
    """A result with one text in every field."""
    place = {"document": 1, "page": 2, "text": text, "confidence": text, "reason": text, "source": text, "rects": []}
    return {
        **row(text, []),
        "error": text,
        "error_kind": text,
        "finish_reason": text,
        "usage": {"input_tokens": 5},
        "attempts": 2,
        "raw": text,
        "fields": [{"path": text, "value": text, "citations": [place]}, {"path": "b", "value": text, "citations": []}],
        "documents": [{"name": text, "kind": "pdf", "pages": 2}, {"name": text, "kind": "text", "pages": None}],
        **changes,
    }


class Markup(HTMLParser):
    """Reads markup as a browser would: which elements and attributes, and which text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.depth = 0
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        self.text += data
