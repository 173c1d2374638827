"""Anthropic's prompt cache: beginnings marked with `cache_control`, written by the first request, read by the others.

Here the first request that brings a beginning always writes it and every later one within five minutes reads it; at the
real service hits inside a batch are best effort.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

from .answer import input_tokens
from .ask import Ask, Reply
from .state import State

SECONDS = 300
_LEAST = ((r"claude-(opus|fable)-5", 512), (r"claude-opus-4-7", 2048), (r"claude-(opus-4-[56]|haiku-4-5)", 4096))
"""Fewest tokens that are cached, by model; 1,024 for the others."""


def with_cache(state: State, ask: Ask, reply: Reply, body: Any, owner: str, at: float) -> Reply:
    """Return the reply with what of its input was written to or read from the cache.

    Args:
        state: Remembers which beginnings were brought, and by which request first.
        ask: The request.
        reply: Its answer.
        body: The request as it came.
        owner: Names the request, so that its results read the same each time.
        at: When it came, in Unix seconds.
    """
    marked = _marked(body)
    if marked is None:
        return reply
    beginning = replace(ask, prompt="", history="", schema=None, sources=ask.sources if marked == "documents" else [])
    tokens = input_tokens(beginning)
    least = next((n for pattern, n in _LEAST if re.match(pattern, ask.model)), 1024)
    if tokens < least or tokens > reply.input_tokens:
        return reply
    content = "|".join([ask.model, ask.system, *(source.sha256 for source in beginning.sources), str(at // SECONDS)])
    first = state.first_time("cache " + hashlib.sha256(content.encode()).hexdigest(), owner)
    reply.cache_written, reply.cache_read = (tokens, 0) if first else (0, tokens)
    return reply


def _marked(body: Any) -> str | None:
    """How far the beginning goes that is marked: `system`, `documents`, or None."""
    for message in body.get("messages") or ():
        content = message.get("content")
        if isinstance(content, list) and any("cache_control" in block for block in content):
            return "documents"
    system = body.get("system")
    return "system" if isinstance(system, list) and any("cache_control" in block for block in system) else None
