"""OpenAI's objects: batch, file, response, chat completion."""

from __future__ import annotations

from typing import Any

from . import openai_rules as rules
from .ask import Ask, Reply
from .http import Request
from .openai_rules import CHAT
from .records import RUN, START, BatchRecord, FileRecord
from .service import JsonObject, rejected

DAY = 86_400


def file_shape(record: FileRecord) -> JsonObject:
    """Return a file object."""
    return {
        "id": record.id, "object": "file", "bytes": max(record.size, 0), "created_at": int(record.created),
        "expires_at": None if record.expires is None else int(record.expires), "filename": record.meta["name"],
        "purpose": record.meta["purpose"], "status": "processed", "status_details": None,
    }  # fmt: skip


def status(batch: BatchRecord, now: float) -> str:
    """Return the word for where a batch stands."""
    if rejected(batch):
        return "failed" if batch.started(now) else "validating"
    if batch.cancelled is not None:
        return "cancelled" if batch.ended(now) else "cancelling"
    if not batch.started(now):
        return "validating"
    if batch.ended(now):
        return "expired" if batch.fate == "expired" else "completed"
    return "finalizing" if batch.finishing(now) else "in_progress"


def batch_shape(
    batch: BatchRecord, now: float, tally: tuple[int, int], files: tuple[str | None, str | None]
) -> JsonObject:
    """Return a batch object."""
    word = status(batch, now)
    begun = int(batch.created + START * batch.seconds) if word not in ("validating", "failed") else None
    finalizing = int(batch.created + (START + RUN) * batch.seconds) if word in ("finalizing", "completed") else None
    end = int(batch.ends) if batch.ends != float("inf") else None
    data = batch.meta.get("errors") or []
    if word == "failed" and not data:
        data = [{"code": "internal_error", "message": "The batch failed.", "param": None, "line": None}]
    good, bad = tally if word != "failed" else (0, 0)
    waiting = word in ("validating", "failed")
    return {
        "id": batch.id, "object": "batch", "endpoint": batch.meta["endpoint"], "model": batch.meta.get("model"),
        "errors": {"object": "list", "data": data} if word == "failed" else None,
        "input_file_id": batch.meta["input_file_id"], "completion_window": "24h", "status": word,
        "output_file_id": files[0], "error_file_id": files[1], "created_at": int(batch.created),
        "in_progress_at": begun,
        "expires_at": int(batch.created + DAY), "finalizing_at": finalizing,
        "completed_at": end if word == "completed" else None,
        "failed_at": int(batch.created + START * batch.seconds) if word == "failed" else None,
        "expired_at": end if word == "expired" else None,
        "cancelling_at": None if batch.cancelled is None else int(batch.cancelled),
        "cancelled_at": end if word == "cancelled" else None,
        "request_counts": {"total": 0 if waiting else batch.total, "completed": good, "failed": bad},
        "metadata": batch.meta.get("metadata"),
    }  # fmt: skip


def answer_shape(endpoint: str, ask: Ask, reply: Reply, created: int, digest: str) -> JsonObject:
    """Return an answer in the endpoint's shape."""
    return _chat(ask, reply, created, digest) if endpoint == CHAT else _response(ask, reply, created, digest)


def _response(ask: Ask, reply: Reply, created: int, digest: str) -> JsonObject:
    reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(reply.end)
    state = "incomplete" if reason else "completed"
    output: list[JsonObject] = []
    if reply.thinking_tokens:
        output.append({"type": "reasoning", "id": f"rs_{digest}", "summary": []})
    parts: list[JsonObject] = []
    if reply.end == "refusal":
        parts = [{"type": "refusal", "refusal": "practice: declined as asked"}]
    elif reply.text:
        parts = [{"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}]
    if parts:
        output.append(
            {"type": "message", "id": f"msg_{digest}", "status": state, "role": "assistant", "content": parts}
        )
    form: JsonObject = {"type": "json_object" if ask.json else "text"}
    if ask.schema is not None:
        form = {"type": "json_schema", "name": "answer", "schema": ask.schema, "strict": True}
    return {
        "id": f"resp_{digest}", "object": "response", "created_at": created, "status": state, "error": None,
        "incomplete_details": {"reason": reason} if reason else None, "instructions": ask.system or None,
        "max_output_tokens": ask.max_tokens, "model": ask.model, "output": output, "parallel_tool_calls": True,
        "tool_choice": "auto", "tools": [], "metadata": {}, "text": {"format": form},
        "usage": {
            "input_tokens": reply.input_tokens, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": reply.thinking_tokens},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }  # fmt: skip


def _chat(ask: Ask, reply: Reply, created: int, digest: str) -> JsonObject:
    refused = reply.end == "refusal"
    message: JsonObject = {
        "role": "assistant", "content": None if refused else reply.text,
        "refusal": "practice: declined as asked" if refused else None, "annotations": [],
    }  # fmt: skip
    reason = {"length": "length", "filter": "content_filter"}.get(reply.end, "stop")
    return {
        "id": f"chatcmpl-{digest}", "object": "chat.completion", "created": created, "model": ask.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reply.thinking_tokens, "audio_tokens": 0},
        },
    }  # fmt: skip


def page(items: list[Any], request: Request, shape: Any, most: int) -> JsonObject:
    """Return one page of items that stand in the order listed."""
    limit = request.query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= most:
        raise rules.bad(f"Invalid 'limit': expected a value between 1 and {most}.", "invalid_value", "limit")
    after = request.query.get("after")
    if after is not None:
        ids = [item.id for item in items]
        items = items[ids.index(after) + 1 :] if after in ids else []
    page = [shape(item) for item in items[: int(limit)]]
    ends = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return {
        "object": "list",
        "data": page,
        "first_id": ends[0],
        "last_id": ends[1],
        "has_more": len(items) > int(limit),
    }


def model_shape(name: str) -> JsonObject:
    """Return a model object."""
    return {"id": name, "object": "model", "created": 1_788_000_000, "owned_by": "openai"}
