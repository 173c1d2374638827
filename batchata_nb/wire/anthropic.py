"""Anthropic Message Batches: job → `params` of one request, result line → Reply.

Facts: Messages API of `anthropic-version: 2026-10-21`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.jobs import Attachment, Attachments, Job, JsonObject
from ..core.results import ErrorKind, Reply, Usage
from . import replies
from .envelope import answer_schema, merged, system_text, turns
from .schema import fit_shared, has_native_form

ROW_ID = "custom_id"
_NAME = "anthropic"
_CACHE: JsonObject = {"cache_control": {"type": "ephemeral"}}
"""Cached for five minutes, the lifetime without a `ttl`; each use begins them anew."""
_DONE = frozenset({"end_turn", "stop_sequence"})
# Sending the same row again gives the same error.
_FINAL = frozenset({
    "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "request_too_large",
    "billing_error",
})  # fmt: skip


def encode(job: Job, attachments: Attachments) -> JsonObject:
    """Return the `params` of the job's request.

    With native citations and a schema the schema is asked for in the prompt: the two together in their native forms
    are refused (400).

    Args:
        job: The job.
        attachments: Its documents, loaded or uploaded.
    """
    schema = answer_schema(job)
    in_prompt = schema is not None and not sends_format(job)
    params: JsonObject = {"model": job.model, "max_tokens": job.max_tokens}
    if system := system_text(job):
        params["system"] = system if job.cached != "system" else [{"type": "text", "text": system, **_CACHE}]
    params["messages"] = [
        {
            "role": turn.role,
            "content": [
                *(_document(attachments[d.sha256], cite=job.cite == "native") for d in turn.documents),
                *([{"type": "text", "text": turn.text}] if turn.text.strip() else []),
            ],
        }
        for turn in turns(job, prompt_schema=schema if in_prompt else None)
    ]
    if job.cached == "documents":
        _mark_documents(params["messages"])
    if schema is not None and not in_prompt:
        params["output_config"] = {"format": {"type": "json_schema", "schema": fit_shared(schema, _NAME)}}
    if job.temperature is not None:
        params["temperature"] = job.temperature
    return merged(params, job.params)


def _mark_documents(messages: list[JsonObject]) -> None:
    """Mark the last document of the first user turn that has any: all before it is cached with it."""
    for message in messages:
        blocks = [block for block in message["content"] if block["type"] in ("document", "image")]
        if blocks:
            blocks[-1].update(_CACHE)
            return


def sends_format(job: Job) -> bool:
    """Return whether the job's schema goes out in the native form."""
    schema = answer_schema(job)
    return schema is not None and job.cite != "native" and has_native_form(schema, _NAME)


def row(row_id: str, request: JsonObject) -> JsonObject:
    """Return one element of the batch's `requests`."""
    return {ROW_ID: row_id, "params": request}


def decode(line: JsonObject) -> Reply:
    """Return what one line of a result file says."""
    row_id = replies.word(line.get(ROW_ID))
    result = replies.mapping(line.get("result"))
    match result.get("type"):
        case "succeeded" if isinstance(result.get("message"), Mapping):
            return _answered(row_id, line, result["message"])
        case "errored":
            return _errored(row_id, line, replies.mapping(result.get("error")))
        case "canceled":
            return replies.failure(row_id, line, "cancelled", "The batch was cancelled before this row ran.")
        case "expired":
            return replies.failure(
                row_id, line, "expired", "The batch expired before this row ran (24 hours).", retryable=True
            )
        case other:
            usage = usage_of(replies.mapping(result.get("message")))
            return replies.unreadable(row_id, line, f"the result type is {other!r}", usage)


def decode_message(row_id: str | None, message: JsonObject) -> Reply:
    """Return what one Messages answer says, as the real-time API gives it."""
    return _answered(row_id, message, message)


def usage_of(message: JsonObject) -> Usage:
    """Return the billed tokens; what was read from or written to a cache is part of the input."""
    usage = replies.mapping(message.get("usage"))
    written = replies.number(usage, "cache_creation_input_tokens")
    read = replies.number(usage, "cache_read_input_tokens")
    return Usage(
        input_tokens=replies.number(usage, "input_tokens") + written + read,
        output_tokens=replies.number(usage, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=replies.number(usage, "cache_creation", "ephemeral_1h_input_tokens"),
        reasoning_tokens=replies.number(usage, "output_tokens_details", "thinking_tokens"),
        web_searches=replies.number(usage, "server_tool_use", "web_search_requests"),
    )


def _document(attachment: Attachment, *, cite: bool) -> JsonObject:
    document = attachment.document
    kind = "image" if document.kind == "image" else "document"
    source: JsonObject
    if attachment.file_id is not None:
        source = {"type": "file", "file_id": attachment.file_id}
    elif attachment.text is not None:
        source = {"type": "text", "media_type": "text/plain", "data": attachment.text}
    else:
        source = {"type": "base64", "media_type": document.media_type, "data": attachment.base64}
    block: JsonObject = {"type": kind, "source": source}
    if kind == "document":
        block["title"] = document.name
        if cite:  # all documents of a request or none
            block["citations"] = {"enabled": True}
    return block


def _answered(row_id: str | None, raw: JsonObject, message: JsonObject) -> Reply:
    blocks = [block for block in replies.objects(message.get("content")) if block.get("type") == "text"]
    reason = replies.word(message.get("stop_reason"))
    return replies.answer(
        row_id,
        raw,
        text="".join(block["text"] for block in blocks if isinstance(block.get("text"), str)),
        usage=usage_of(message),
        model=replies.word(message.get("model")),
        finish_reason=reason,
        problem=_problem(reason, message),
        native=blocks if any(block.get("citations") for block in blocks) else None,
    )


def _problem(reason: str | None, message: JsonObject) -> tuple[ErrorKind, str] | None:
    if reason in _DONE:
        return None
    match reason:
        case "max_tokens":
            return "truncated", "The answer was cut at max_tokens; raise it (thinking counts towards it)."
        case "model_context_window_exceeded":
            return "truncated", "The answer was cut where the model's context window ended; send less input."
        case "pause_turn":
            return (
                "truncated",
                "The model paused in the middle of a turn with server tools, which a batch cannot resume.",
            )
        case "refusal":
            details = replies.mapping(message.get("stop_details"))
            words = [replies.word(details.get(key)) for key in ("category", "explanation")]
            why = "; ".join(each for each in words if each)
            return "refused", f"The model refused to answer{f' ({why})' if why else ''}."
        case "tool_use":
            return "invalid_output", "The model called a tool instead of answering; a batch cannot run tools of yours."
    return "invalid_output", f"The answer ended in a way that is not known: {reason}."


def _errored(row_id: str | None, line: JsonObject, error: JsonObject) -> Reply:
    # Nested twice: the outer type is always "error".
    inner = replies.mapping(error.get("error"))
    kind = replies.word(inner.get("type")) or "unknown error"
    message = replies.word(inner.get("message")) or "no message"
    final = kind in _FINAL
    return replies.failure(
        row_id, line, "invalid_request" if final else "provider_error", f"{kind}: {message}", retryable=not final
    )
