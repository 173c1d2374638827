"""OpenAI Batch: job → body of one request, for Responses and for Chat Completions; result line → Reply.

Both answer forms are told apart by what the line holds, so that one decoder reads the files of either endpoint.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Literal

from ..core.jobs import Attachment, Attachments, Job, JsonObject
from ..core.results import ErrorKind, Reply, Usage
from . import jsonl, replies
from .envelope import answer_schema, framed, merged, system_text, turns
from .schema import fit_shared

ROW_ID = "custom_id"
RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"
ChatCap = Literal["max_completion_tokens", "max_tokens"]
SchemaForm = Literal["strict", "object", "prompt"]
"""How an answer of a schema is asked for: `strict` by `json_schema`; `object` by `json_object` with the schema beside
it and in the prompt, as some servers know the one and some the other; `prompt` in words alone."""
_NAME = "openai"
_MOST_SAID = 500
_PASSING = frozenset({408, 409, 425, 429})
_EXHAUSTED = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


def encode(job: Job, attachments: Attachments, *, endpoint: str = RESPONSES) -> JsonObject:
    """Return the request body for `/v1/responses` or `/v1/chat/completions`."""
    return encode_chat(job, attachments) if endpoint == CHAT else encode_responses(job, attachments)


def encode_responses(job: Job, attachments: Attachments) -> JsonObject:
    """Return the body of a `/v1/responses` request."""
    body: JsonObject = {"model": job.model}
    if system := system_text(job):
        body["instructions"] = system
    body["input"] = [
        {
            "role": turn.role,
            "content": [
                *(_responses_part(attachments[d.sha256]) for d in turn.documents),
                *_texts(turn.text, "output_text" if turn.role == "assistant" else "input_text"),
            ],
        }
        for turn in turns(job, prompt_schema=None)
    ]
    body["max_output_tokens"] = job.max_tokens
    if (schema := answer_schema(job)) is not None:
        body["text"] = {"format": {"type": "json_schema", **_format(job, fit_shared(schema, _NAME))}}
    if job.temperature is not None:
        body["temperature"] = job.temperature
    return merged(body, job.params)


def encode_chat(
    job: Job,
    attachments: Attachments,
    *,
    cap: ChatCap = "max_completion_tokens",
    form: SchemaForm = "strict",
) -> JsonObject:
    """Return the body of a `/v1/chat/completions` request.

    Args:
        job: The job.
        attachments: Its documents; only PDFs and images have parts of their own here, all else is text.
        cap: Parameter that caps the output; compatible servers may know `max_tokens` only, and leave out the other.
        form: How the schema is asked for, where the job has one.
    """
    wanted = answer_schema(job)
    schema = None if wanted is None else fit_shared(wanted, _NAME)
    messages: list[JsonObject] = []
    if system := system_text(job):
        messages.append({"role": "system", "content": system})
    for turn in turns(job, prompt_schema=None if form == "strict" else schema):
        parts = [_chat_part(attachments[d.sha256]) for d in turn.documents] + _texts(turn.text, "text")
        # A plain string is what every compatible server takes; chat templates print a list of parts as it is.
        plain = all(part["type"] == "text" for part in parts)
        content = "\n\n".join(part["text"] for part in parts) if plain else parts
        messages.append({"role": turn.role, "content": content})
    body: JsonObject = {"model": job.model, "messages": messages, cap: job.max_tokens}
    if schema is not None and form == "strict":
        body["response_format"] = {"type": "json_schema", "json_schema": _format(job, schema)}
    elif schema is not None and form == "object":
        body["response_format"] = {"type": "json_object", "schema": schema}
    if job.temperature is not None:
        body["temperature"] = job.temperature
    return merged(body, job.params)


def schema_size(job: Job) -> int:
    """Return how many bytes the schema of the job's answer has as it goes out."""
    schema = answer_schema(job)
    return 0 if schema is None else len(jsonl.encode(fit_shared(schema, _NAME)))


def row(row_id: str, request: JsonObject, *, endpoint: str = RESPONSES) -> JsonObject:
    """Return one line of the batch's input file."""
    return {ROW_ID: row_id, "method": "POST", "url": endpoint, "body": request}


def decode(line: JsonObject) -> Reply:
    """Return what one line of an output or error file says."""
    row_id = replies.word(line.get(ROW_ID))
    response = replies.mapping(line.get("response"))
    if not response:
        return _not_run(row_id, line, line.get("error"))
    status = replies.number(response, "status_code")
    body = replies.mapping(response.get("body"))
    if status >= 400:
        said = body.get("error") or line.get("error") or body.get("detail") or body.get("message")
        return _refused(row_id, line, status, said)
    if line.get("error"):
        return _not_run(row_id, line, line["error"])
    return decode_body(row_id, body, raw=line)


def decode_body(row_id: str | None, body: JsonObject, *, raw: JsonObject | None = None) -> Reply:
    """Return what one answer of either endpoint says, as a batch line or the real-time API gives it."""
    line = body if raw is None else raw
    if isinstance(body.get("choices"), list):
        return _chat(row_id, line, body)
    if "output" in body or body.get("object") == "response":
        return _responses(row_id, line, body)
    return replies.unreadable(row_id, line, "it holds neither a response nor a chat completion", usage_of(body))


def usage_of(body: JsonObject) -> Usage:
    """Return the billed tokens of either form of answer; cached and reasoning tokens are parts of their totals."""
    usage = replies.mapping(body.get("usage"))
    into, out = ("prompt", "completion") if "prompt_tokens" in usage else ("input", "output")
    return Usage(
        input_tokens=replies.number(usage, f"{into}_tokens"),
        output_tokens=replies.number(usage, f"{out}_tokens"),
        cache_read_tokens=replies.number(usage, f"{into}_tokens_details", "cached_tokens"),
        cache_write_tokens=replies.number(usage, f"{into}_tokens_details", "cache_write_tokens"),
        reasoning_tokens=replies.number(usage, f"{out}_tokens_details", "reasoning_tokens"),
        web_searches=sum(item.get("type") == "web_search_call" for item in replies.objects(body.get("output"))),
    )


# ---------------------------------------------------------------------- request parts


def _format(job: Job, schema: JsonObject) -> JsonObject:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", job.schema_name or "answer")[:64]
    return {"name": name, "strict": True, "schema": schema}


def _texts(text: str, kind: str) -> list[JsonObject]:
    return [{"type": kind, "text": text}] if text.strip() else []


def _data_url(attachment: Attachment) -> str:
    return f"data:{attachment.document.media_type};base64,{attachment.base64}"


def _responses_part(attachment: Attachment) -> JsonObject:
    document = attachment.document
    if attachment.text is not None:
        # As plain text whatever it was: of tables, OpenAI reads the first 1,000 rows only.
        name = document.name if document.name.endswith(".txt") else f"{document.name}.txt"
        data = b64encode(attachment.text.encode()).decode("ascii")
        return {"type": "input_file", "filename": name, "file_data": f"data:text/plain;base64,{data}"}
    if document.kind == "image":
        image = {"file_id": attachment.file_id} if attachment.file_id else {"image_url": _data_url(attachment)}
        return {"type": "input_image", **image, "detail": "auto"}
    if attachment.file_id is not None:
        return {"type": "input_file", "file_id": attachment.file_id}
    return {"type": "input_file", "filename": document.name, "file_data": _data_url(attachment)}


def _chat_part(attachment: Attachment) -> JsonObject:
    document = attachment.document
    if attachment.text is not None:
        return {"type": "text", "text": framed(document.name, attachment.text)}
    if document.kind == "image":
        return {"type": "image_url", "image_url": {"url": _data_url(attachment), "detail": "auto"}}
    if attachment.file_id is not None:
        return {"type": "file", "file": {"file_id": attachment.file_id}}
    return {"type": "file", "file": {"filename": document.name, "file_data": _data_url(attachment)}}


# ---------------------------------------------------------------------- answers


def _responses(row_id: str | None, line: JsonObject, body: JsonObject) -> Reply:
    status = replies.word(body.get("status"))
    if status in ("failed", "cancelled"):
        return _not_run(row_id, line, body.get("error") or {"code": status})
    parts = [
        part
        for item in replies.objects(body.get("output"))
        if item.get("type") == "message"
        for part in replies.objects(item.get("content"))
    ]
    reason = status
    if status == "incomplete":
        reason = replies.word(replies.mapping(body.get("incomplete_details")).get("reason")) or status
    refusals = _strings(parts, "refusal", "refusal")
    return replies.answer(
        row_id,
        line,
        text="".join(_strings(parts, "output_text", "text") or refusals),
        usage=usage_of(body),
        model=replies.word(body.get("model")),
        finish_reason=reason,
        problem=_problem(reason, refusals),
    )


def _chat(row_id: str | None, line: JsonObject, body: JsonObject) -> Reply:
    choices = replies.objects(body.get("choices"))
    if not choices:
        return replies.unreadable(row_id, line, "it has no choices", usage_of(body))
    message = replies.mapping(choices[0].get("message"))
    content = message.get("content")
    text = content if isinstance(content, str) else "".join(_strings(replies.objects(content), "text", "text"))
    refusal = replies.word(message.get("refusal"))
    reason = replies.word(choices[0].get("finish_reason"))
    return replies.answer(
        row_id,
        line,
        text=text or refusal or "",
        usage=usage_of(body),
        model=replies.word(body.get("model")),
        finish_reason=reason,
        problem=_problem(reason, [refusal] if refusal else []),
    )


def _strings(parts: Iterable[JsonObject], kind: str, key: str) -> list[str]:
    return [part[key] for part in parts if part.get("type") == kind and isinstance(part.get(key), str)]


def _problem(reason: str | None, refusals: list[str]) -> tuple[ErrorKind, str] | None:
    if refusals:
        return "refused", f"The model refused to answer: {' '.join(refusals)[:300]}"
    match reason:
        case "completed" | "stop" | "eos":
            return None
        case "max_output_tokens" | "length":
            return "truncated", "The answer was cut at max_tokens; raise it (reasoning counts towards it)."
        case "content_filter":
            return "filtered", "A content filter stopped the answer."
        case "tool_calls" | "function_call":
            return "invalid_output", "The model called a tool instead of answering; a batch cannot run tools of yours."
        case "incomplete" | "max_messages" | "steered":
            return "truncated", f"The answer is not complete ({reason})."
    return "invalid_output", f"The answer ended in a way that is not known: {reason}."


def _refused(row_id: str | None, line: JsonObject, status: int, error: object) -> Reply:
    """A row that the endpoint answered with an HTTP error."""
    code, message = _error(error)
    passing = (status in _PASSING or status >= 500) and code not in _EXHAUSTED
    words = f"{status} {code}: {message}" if code else f"{status}: {message}"
    return replies.failure(
        row_id,
        line,
        "provider_error" if passing or code in _EXHAUSTED else "invalid_request",
        words,
        retryable=passing,
    )


def _not_run(row_id: str | None, line: JsonObject, error: object) -> Reply:
    """A row that got no answer at all: the batch ended first, or the model failed."""
    code, message = _error(error)
    if code == "batch_expired":
        return replies.failure(row_id, line, "expired", message, retryable=True)
    if code in ("batch_cancelled", "cancelled"):
        return replies.failure(row_id, line, "cancelled", "The batch was cancelled before this row ran.")
    if not code and message == "no message":
        return replies.unreadable(row_id, line, "it holds neither a response nor an error", usage_of(line))
    final = code.startswith("invalid_") or code in _EXHAUSTED
    kind: ErrorKind = "invalid_request" if code.startswith("invalid_") else "provider_error"
    return replies.failure(row_id, line, kind, f"{code}: {message}" if code else message, retryable=not final)


def _error(error: object) -> tuple[str, str]:
    known = replies.mapping(error)
    code = replies.word(known.get("code")) or replies.word(known.get("type")) or ""
    message = replies.word(known.get("message")) or (error if isinstance(error, str) else "no message")
    if not known and isinstance(error, list) and error:  # as servers built with FastAPI put what they refuse
        message = json.dumps(error, ensure_ascii=False)[:_MOST_SAID]
    return code, message
