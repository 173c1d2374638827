"""Gemini batches (Developer API): job → GenerateContentRequest in REST shape, result line → Reply.

The lines are read as plain JSON: the SDK's types refuse every field that they do not know yet.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping

from ..core.jobs import Attachment, Attachments, Job, Json, JsonObject
from ..core.results import ErrorKind, Reply, Usage
from . import replies
from .envelope import answer_schema, merged, system_text, turns
from .schema import fit_shared

ROW_ID = "key"
_NAME = "gemini"
BESIDE_CONFIG = frozenset({"cachedContent", "safetySettings", "serviceTier", "toolConfig", "tools"})
"""Parameters that stand beside `generationConfig` in a request; all others stand in it."""

_FILTERED = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})
# gRPC codes whose cause passes: CANCELLED is not among them, it has an outcome of its own.
_PASSING = frozenset({2, 4, 8, 10, 13, 14, 429})
_CANCELLED = 1


def encode(job: Job, attachments: Attachments) -> JsonObject:
    """Return the request, `generationConfig` and all, as it stands in a batch line."""
    request: JsonObject = {}
    if system := system_text(job):
        request["systemInstruction"] = {"parts": [{"text": system}]}
    request["contents"] = [
        {
            "role": "model" if turn.role == "assistant" else "user",
            "parts": [
                *(_part(attachments[d.sha256]) for d in turn.documents),
                *([{"text": turn.text}] if turn.text.strip() else []),
            ],
        }
        for turn in turns(job, prompt_schema=None)
    ]
    config: JsonObject = {"maxOutputTokens": job.max_tokens}
    if (schema := answer_schema(job)) is not None:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": fit_shared(schema, _NAME)}
    if job.temperature is not None:
        config["temperature"] = job.temperature
    request["generationConfig"] = config
    return merged(request, placed(job.params))


def placed(params: Mapping[str, Json]) -> JsonObject:
    """Return the user's parameters in camel case and where the request has them."""
    result: JsonObject = {}
    for name, value in params.items():
        key = camel(name)
        if key == "generationConfig" and isinstance(value, Mapping):
            result = merged(result, {key: {camel(inner): each for inner, each in value.items()}})
        elif key in BESIDE_CONFIG:
            result[key] = value
        else:
            result = merged(result, {"generationConfig": {key: value}})
    return result


def camel(name: str) -> str:
    """Return `thinking_config` as `thinkingConfig`; names in camel case stay."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def row(row_id: str, request: JsonObject) -> JsonObject:
    """Return one line of the batch's input file."""
    return {ROW_ID: row_id, "request": request}


def decode(line: JsonObject) -> Reply:
    """Return what one line of a result file, or one inlined response, says."""
    row_id = replies.word(line.get(ROW_ID)) or replies.word(replies.mapping(line.get("metadata")).get(ROW_ID))
    if isinstance(line.get("response"), Mapping):
        return decode_response(row_id, line["response"], raw=line)
    if isinstance(line.get("error"), Mapping):
        return _errored(row_id, line, line["error"])
    return replies.unreadable(row_id, line, "it holds neither a response nor an error", usage_of(line))


def decode_response(row_id: str | None, response: JsonObject, *, raw: JsonObject | None = None) -> Reply:
    """Return what one GenerateContentResponse says, as a batch line or the real-time API gives it."""
    line = response if raw is None else raw
    blocked = replies.word(replies.mapping(response.get("promptFeedback")).get("blockReason"))
    candidates = replies.objects(response.get("candidates"))
    candidate = candidates[0] if candidates else {}
    # `content` and `parts` may be missing for answers that were cut or filtered.
    parts = replies.objects(replies.mapping(candidate.get("content")).get("parts"))
    reason = replies.word(candidate.get("finishReason")) or blocked
    return replies.answer(
        row_id,
        line,
        text="".join(p["text"] for p in parts if isinstance(p.get("text"), str) and p.get("thought") is not True),
        usage=usage_of(response),
        model=replies.word(response.get("modelVersion")),
        finish_reason=reason,
        problem=_problem(reason, candidate) if candidates else _blocked(blocked),
    )


def usage_of(response: JsonObject) -> Usage:
    """Return the billed tokens: the thoughts stand beside the candidates and are output, too."""
    usage = replies.mapping(response.get("usageMetadata"))
    thoughts = replies.number(usage, "thoughtsTokenCount")
    return Usage(
        input_tokens=replies.number(usage, "promptTokenCount") + replies.number(usage, "toolUsePromptTokenCount"),
        output_tokens=replies.number(usage, "candidatesTokenCount") + thoughts,
        cache_read_tokens=replies.number(usage, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
    )


def _part(attachment: Attachment) -> JsonObject:
    document = attachment.document
    if attachment.text is not None:
        data = b64encode(attachment.text.encode()).decode("ascii")
        return {"inlineData": {"mimeType": "text/plain", "data": data}}
    if attachment.file_id is not None:
        return {"fileData": {"fileUri": attachment.file_id, "mimeType": document.media_type}}
    return {"inlineData": {"mimeType": document.media_type, "data": attachment.base64}}


def _problem(reason: str | None, candidate: JsonObject) -> tuple[ErrorKind, str] | None:
    if reason == "STOP":
        return None
    message = replies.word(candidate.get("finishMessage"))
    detail = f": {message}" if message else ""
    if reason == "MAX_TOKENS":
        return "truncated", "The answer was cut at max_tokens; raise it (thinking counts towards it)."
    if reason == "CONTINUATION":
        return "truncated", "The answer is longer than the model gives in one go, which a batch cannot continue."
    if reason in _FILTERED or (reason or "").startswith("IMAGE_"):
        return "filtered", f"A filter stopped the answer ({reason}){detail}."
    return "invalid_output", f"The answer ended early ({reason}){detail}."


def _blocked(reason: str | None) -> tuple[ErrorKind, str]:
    if reason is None:
        return "invalid_output", "The answer holds no candidate and no reason for it."
    return "filtered", f"The prompt was blocked ({reason})."


def _errored(row_id: str | None, line: JsonObject, error: JsonObject) -> Reply:
    code = replies.number(error, "code")
    message = replies.word(error.get("message")) or "no message"
    if code == _CANCELLED:
        return replies.failure(row_id, line, "cancelled", f"The row was cancelled: {message}")
    passing = code in _PASSING or code >= 500
    return replies.failure(
        row_id, line, "provider_error" if passing else "invalid_request", f"error {code}: {message}", retryable=passing
    )
