"""Gemini's objects: response, model, page."""

from __future__ import annotations

from typing import Any

from . import gemini_rules as rules
from .ask import Ask, Reply
from .http import Request
from .service import JsonObject


def response_shape(ask: Ask, reply: Reply, digest: str) -> JsonObject:
    """Return a GenerateContentResponse."""
    usage: JsonObject = {
        "promptTokenCount": reply.input_tokens, "totalTokenCount": reply.input_tokens + reply.output_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": reply.input_tokens}],
    }  # fmt: skip
    value: JsonObject = {"usageMetadata": usage, "modelVersion": ask.model, "responseId": digest}
    if reply.end == "filter":
        usage["totalTokenCount"] = reply.input_tokens
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **value}
    if reply.thinking_tokens:
        usage["thoughtsTokenCount"] = reply.thinking_tokens
    if spoken := reply.output_tokens - reply.thinking_tokens:
        usage["candidatesTokenCount"] = spoken
    reason = {"length": "MAX_TOKENS", "refusal": "SAFETY"}.get(reply.end, "STOP")
    candidate: JsonObject = {"finishReason": reason, "index": 0}
    if reply.text:
        candidate["content"] = {"parts": [{"text": reply.text}], "role": "model"}
    return {"candidates": [candidate], **value}


def page(name: str, items: list[Any], request: Request, shape: Any) -> JsonObject:
    """Return one page of a list."""
    size, token = request.query.get("pageSize") or "50", request.query.get("pageToken") or "0"
    if not size.isdigit() or not token.isdigit():
        raise rules.bad("Invalid page token or size.")
    start, most = int(token), min(int(size) or 50, 1000)
    found: JsonObject = {name: [shape(item) for item in items[start : start + most]]}
    if start + most < len(items):
        found["nextPageToken"] = str(start + most)
    return found


def model_shape(name: str) -> JsonObject:
    """Return a model."""
    return {
        "name": f"models/{name}", "displayName": name, "version": "001", "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
    }  # fmt: skip
