"""Anthropic's objects: message, file, model, page."""

from __future__ import annotations

import hashlib
from typing import Any

from . import anthropic_rules as rules
from .ask import Ask, Piece, Reply
from .http import Request
from .records import FileRecord
from .service import JsonObject, iso

ENDS = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal", "filter": "refusal"}


def message_shape(ask: Ask, reply: Reply, tier: str) -> JsonObject:
    """Return a message object."""
    digest = hashlib.sha256((ask.prompt + reply.text).encode()).hexdigest()[:20]
    content: list[JsonObject] = []
    if reply.thinking_tokens:
        thinking = "The answer is looked up by its labels."
        content.append({"type": "thinking", "thinking": thinking, "signature": digest})
    content += [_block(ask, piece) for piece in _merged(reply.pieces)]
    declined = reply.end in ("refusal", "filter")
    details = {"type": "refusal", "category": "general_harms" if reply.end == "filter" else None,
               "explanation": "practice: declined as asked"}  # fmt: skip
    return {
        "id": f"msg_{digest}", "type": "message", "role": "assistant", "model": ask.model, "content": content,
        "stop_reason": ENDS[reply.end], "stop_sequence": None, "stop_details": details if declined else None,
        "usage": {
            "input_tokens": reply.input_tokens - reply.cache_written - reply.cache_read,
            "cache_creation_input_tokens": reply.cache_written, "cache_read_input_tokens": reply.cache_read,
            "cache_creation": {"ephemeral_5m_input_tokens": reply.cache_written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"thinking_tokens": reply.thinking_tokens},
            "service_tier": tier, "inference_geo": "us",
        },
    }  # fmt: skip


def _block(ask: Ask, piece: Piece) -> JsonObject:
    block: JsonObject = {"type": "text", "text": piece.text}
    if piece.place is None or not ask.cited:
        return block
    place, documents = piece.place, [s for s in ask.sources if s.kind != "image"]
    source = ask.sources[place.source]
    citation: JsonObject = {
        "cited_text": place.text, "document_index": documents.index(source), "document_title": source.title,
        "file_id": source.file_id,
    }  # fmt: skip
    if source.kind == "pdf":
        page = place.page or 1
        citation |= {"type": "page_location", "start_page_number": page, "end_page_number": page + 1}
    elif source.kind == "chunks":
        citation |= {
            "type": "content_block_location", "start_block_index": place.block, "end_block_index": place.block + 1,
            "cited_text": source.parts[place.block],
        }  # fmt: skip
    else:
        citation |= {"type": "char_location", "start_char_index": place.start, "end_char_index": place.end}
    return {**block, "citations": [citation]}


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Join neighbours without a citation into one block; leave out empty ones."""
    merged: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if merged and merged[-1].place is None and piece.place is None:
            merged[-1] = Piece(merged[-1].text + piece.text)
        else:
            merged.append(piece)
    return merged


def page(items: list[Any], request: Request, shape: Any) -> JsonObject:
    """Return one page of items that stand newest first."""
    limit = request.query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= 1000:
        raise rules.bad("limit: Input should be between 1 and 1000")
    ids = [item.id for item in items]
    after, before = request.query.get("after_id"), request.query.get("before_id")
    if after is not None:
        items = items[ids.index(after) + 1 :] if after in ids else []
    page = items[: int(limit)]
    more = len(items) > int(limit)
    if before is not None:
        earlier = items[: ids.index(before)] if before in ids else []
        page, more = earlier[-int(limit) :], len(earlier) > int(limit)
    data = [shape(item) for item in page]
    ends = (page[0].id, page[-1].id) if page else (None, None)
    return {"data": data, "has_more": more, "first_id": ends[0], "last_id": ends[1]}


def file_shape(record: FileRecord) -> JsonObject:
    """Return a file object."""
    return {
        "id": record.id, "type": "file", "filename": record.meta["name"], "mime_type": record.meta["media_type"],
        "size_bytes": record.size, "created_at": iso(record.created), "downloadable": False,
        "expires_at": iso(record.expires),
    }  # fmt: skip


def model_shape(name: str) -> JsonObject:
    """Return a model object."""
    yes = {"supported": True}
    return {
        "id": name, "type": "model", "display_name": name.replace("-", " ").title(),
        "created_at": "2026-09-01T00:00:00Z",
        "max_input_tokens": 1_000_000, "max_tokens": 128_000,
        "capabilities": dict.fromkeys(
            ("batch", "citations", "pdf_input", "image_input", "structured_outputs", "code_execution"), yes),
    }  # fmt: skip
