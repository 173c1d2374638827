"""The requests of a batch as Anthropic takes them in: read one by one, each with an id of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from . import anthropic_rules as rules
from .http import Request
from .service import JsonObject

_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REQUESTS = re.compile(r'\s*\{\s*"requests"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


def checked_requests(request: Request) -> Iterator[JsonObject]:
    """Yield the items of `requests` one by one, so that a large batch is never held as objects; raises ApiError."""
    ids: set[str] = set()
    for index, item in enumerate(_requests(request)):
        at = f"requests.{index}"
        if not isinstance(item, dict) or not isinstance(item.get("custom_id"), str):
            raise rules.bad(f"{at}.custom_id: Field required")
        if not _CUSTOM_ID.fullmatch(item["custom_id"]):
            raise rules.bad(f"{at}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if item["custom_id"] in ids:
            raise rules.bad(f"{at}.custom_id: custom_id {item['custom_id']!r} is not unique")
        if not isinstance(item.get("params"), dict):
            raise rules.bad(f"{at}.params: Field required")
        if extra := set(item) - {"custom_id", "params"}:
            raise rules.bad(f"{at}.{sorted(extra)[0]}: Extra inputs are not permitted")
        ids.add(item["custom_id"])
        yield item


def _requests(request: Request) -> Iterator[Any]:
    try:
        text = request.bytes().decode("utf-8")
        head = _REQUESTS.match(text)
        if head is None:
            body = json.loads(text)
            if not isinstance(body, dict) or not isinstance(body.get("requests"), list):
                raise rules.bad("requests: Field required")
            if extra := sorted(set(body) - {"requests"}):
                raise rules.bad(f"{extra[0]}: Extra inputs are not permitted")
            yield from body["requests"]
            return
        decoder, at = json.JSONDecoder(), head.end()
        while True:
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
            if text[at : at + 1] == "]":
                break
            item, at = decoder.raw_decode(text, at)
            yield item
    except ValueError:
        raise rules.bad("The request body is not valid JSON") from None
    if text[at + 1 :].strip() != "}":
        raise rules.bad("request body: Extra inputs are not permitted")
