"""The requests of a batch as Gemini takes them in: sent with the create call, or uploaded before as JSON lines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import gemini_rules as rules
from .records import BatchRecord, RowRecord
from .service import JsonObject, load

if TYPE_CHECKING:
    from .gemini import Gemini

_LINES = ("jsonl", "application/jsonl", "application/x-jsonl", "application/json", "text/plain")


def from_inline(service: Gemini, record: BatchRecord, items: Any) -> tuple[BatchRecord, list[RowRecord]]:
    """Return the batch and its rows from requests in the create call; raises ApiError for one that is refused."""
    path = service.state.new_blob()
    model = record.meta["model"]
    rows: list[RowRecord] = []
    with path.open("wb") as out:
        for index, item in enumerate(items):
            if not isinstance(item, dict) or set(item) - {"request", "metadata"} or "request" not in item:
                raise rules.bad(f"Invalid value at 'batch.input_config.requests.requests[{index}]'.")
            service.parse(item["request"], model)
            line = json.dumps(item).encode() + b"\n"
            key = str((item.get("metadata") or {}).get("key", index))
            span = (out.tell(), len(line))
            out.write(line)
            rows.append(service.judge(index, key, span, item["request"], record.id, model))
    return replace(record, source=path.name, meta={**record.meta, "inline": True}), rows


def from_file(service: Gemini, record: BatchRecord, name: str) -> tuple[BatchRecord, list[RowRecord]]:
    """Return the batch and its rows from an uploaded file; one line that is wrong fails the batch as a whole."""
    file = service.files.file(name)
    meta, model = {**record.meta, "fileName": name}, record.meta["model"]
    if file.meta["mimeType"] not in _LINES:
        raise rules.bad(f"Unsupported file type for batch input: {file.meta['mimeType']}")
    rows: list[RowRecord] = []
    start, problem = 0, None
    with service.state.blob(file.meta["blob"]).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            item = _line_item(line)
            if item is None:
                problem = f"Invalid JSONL at line {number}: expected an object with 'key' and 'request'."
                break
            span, start = (start, len(line)), start + len(line)
            rows.append(service.judge(len(rows), item["key"], span, item["request"], record.id, model))
    if problem or not rows:
        meta["errors"] = {"code": 3, "message": problem or "The input file is empty."}
        rows = []
    return replace(record, source=file.meta["blob"], meta=meta), rows


def _line_item(line: bytes) -> JsonObject | None:
    try:
        item = load(line)
    except ValueError:
        return None
    if not isinstance(item, dict) or not isinstance(item.get("key"), str) or "request" not in item:
        return None
    return None if set(item) - {"key", "request", "metadata"} else item
