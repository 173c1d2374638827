"""What `params` of a message may hold: the checks of Anthropic's API at version 2026-10-21, and the older one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from . import schemas
from .ask import Ask, Source
from .http import ApiError
from .service import Limits, pdf_source

_PARAMS = frozenset(
    "cache_control container context_management diagnostics inference_geo max_tokens mcp_servers messages metadata "
    "model output_config service_tier speed stop_sequences stream system thinking tool_choice tools user_profile_id "
    "workspace_id".split()
)
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_BLOCKS: dict[str, frozenset[str]] = {
    "text": frozenset({"type", "text", "cache_control", "citations"}),
    "image": frozenset({"type", "source", "cache_control", "transformations"}),
    "document": frozenset({"type", "source", "title", "context", "citations", "cache_control"}),
}
_OTHER_BLOCKS = frozenset(
    "thinking redacted_thinking tool_use tool_result search_result server_tool_use web_search_tool_result".split()
)
_IMAGES = {"image/jpeg": b"\xff\xd8", "image/png": b"\x89PNG", "image/gif": b"GIF8", "image/webp": b"RIFF"}
OLD_VERSION = "2023-06-01"
NEW_VERSION = "2026-10-21"
GetFile = Callable[[str], tuple[bytes, str, str]]
"""File id → content, media type and name; raises ApiError."""


def bad(message: str) -> ApiError:
    """Return a 400."""
    return ApiError(400, "invalid_request_error", message)


def generation(model: str) -> tuple[int, int]:
    """Return the version in a model's name, `claude-sonnet-4-5-20250929` → (4, 5); (99, 0) where there is none."""
    found = re.match(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?", model)
    return (int(found[1]), int(found[2] or 0)) if found else (99, 0)


def takes_sampling(model: str, version: str) -> bool:
    """Whether temperature and its like are still taken: models up to 4.6 under the old version."""
    return version == OLD_VERSION and generation(model) <= (4, 6)


def parse(params: Any, *, known: Callable[[Any], bool], version: str, limits: Limits, file: GetFile | None,
          counting: bool = False) -> Ask:  # fmt: skip
    """Check the parameters of one message and return what they ask for; `file` None: file sources are refused."""
    if not isinstance(params, dict):
        raise bad("params: Input should be a valid dictionary")
    model = params.get("model")
    if not isinstance(model, str) or not model:
        raise bad("model: Field required")
    for key in params:
        if key in _SAMPLING and takes_sampling(model, version):
            continue
        if key not in _PARAMS:
            raise bad(f"{key}: Extra inputs are not permitted")
    if not known(model):
        raise ApiError(404, "not_found_error", f"model: {model}")
    most = params.get("max_tokens")
    if not counting:
        _max_tokens(most)
    if params.get("speed") is not None:
        raise bad("speed: fast mode is not available here")
    ask = Ask(model=model, prompt="", max_tokens=most, system=_system(params.get("system")))
    _messages(params.get("messages"), ask, _Reader(ask, limits, file, version))
    _prefill(params["messages"], model)
    _thinking(params.get("thinking"), ask)
    _output(params.get("output_config"), ask)
    if params.get("tool_choice") and params["tool_choice"].get("type") in ("tool", "any"):
        raise bad('tool_choice: type "tool" and "any" are not supported for this model.')
    return ask


def _max_tokens(most: Any) -> None:
    if most is None:
        raise bad("max_tokens: Field required")
    if not isinstance(most, int) or isinstance(most, bool):
        raise bad("max_tokens: Input should be a valid integer")
    if most < 1:
        raise bad("max_tokens: Input should be greater than or equal to 1")
    if most > 128_000:
        raise bad(f"max_tokens: {most} > 128000, which is the maximum allowed number of output tokens")


def _system(system: Any) -> str:
    if system is None or isinstance(system, str):
        return system or ""
    if isinstance(system, list) and all(isinstance(b, dict) and b.get("type") == "text" for b in system):
        return "\n".join(str(block.get("text", "")) for block in system)
    raise bad("system: Input should be a valid string or a list of text blocks")


def _messages(messages: Any, ask: Ask, reader: _Reader) -> None:
    if not isinstance(messages, list) or not messages:
        raise bad("messages: at least one message is required" if messages == [] else "messages: Field required")
    prompt: list[str] = []
    history: list[str] = []
    for index, message in enumerate(messages):
        at = f"messages.{index}"
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise bad(f"{at}.role: Input should be 'user' or 'assistant'")
        if set(message) - {"role", "content"}:
            raise bad(f"{at}.{sorted(set(message) - {'role', 'content'})[0]}: Extra inputs are not permitted")
        content = message.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        if not isinstance(content, list) or not content:
            raise bad(f"{at}: all messages must have non-empty content except for the optional final assistant message")
        texts = [t for i, b in enumerate(content) for t in reader.block(b, f"{at}.content.{i}", message["role"])]
        (prompt if message["role"] == "user" else history).extend(texts)
    if messages[0]["role"] != "user":
        raise bad('messages: first message must use the "user" role')
    if reader.citing and len(reader.citing) > 1:
        raise bad("citations must be enabled on all documents of a request or on none")
    ask.cited = reader.citing == {True}
    ask.prompt, ask.history = "\n".join(prompt), "\n".join(history)


class _Reader:
    """Reads content blocks into an Ask."""

    def __init__(self, ask: Ask, limits: Limits, file: GetFile | None, version: str) -> None:
        self.ask, self.limits, self.file, self.version = ask, limits, file, version
        self.citing: set[bool] = set()

    def block(self, block: Any, at: str, role: str) -> list[str]:
        """Check one block; return its text."""
        kind = block.get("type") if isinstance(block, dict) else None
        if kind in _OTHER_BLOCKS:
            return []
        if kind not in _BLOCKS:
            raise bad(f"{at}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
        if extra := set(block) - _BLOCKS[kind]:
            raise bad(f"{at}.{kind}.{sorted(extra)[0]}: Extra inputs are not permitted")
        if kind == "text":
            if not isinstance(block.get("text"), str) or not block["text"].strip():
                raise bad(f"{at}.text: text content blocks must contain non-whitespace text")
            if block.get("citations") and role == "user" and self.version != OLD_VERSION:
                raise bad(f"{at}.text.citations: Extra inputs are not permitted")
            return [block["text"]]
        if role != "user":
            raise bad(f"{at}: '{kind}' blocks are only permitted in user turns")
        source = block.get("source")
        if not isinstance(source, dict):
            raise bad(f"{at}.{kind}.source: Field required")
        if kind == "image":
            self._image(source, f"{at}.image.source")
        else:
            self._document(block, source, f"{at}.document.source")
        return []

    def _bytes(self, source: dict[str, Any], at: str) -> bytes:
        try:
            return base64.b64decode(source.get("data") or "", validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise bad(f"{at}.base64: invalid base64 data") from None

    def _image(self, source: dict[str, Any], at: str) -> None:
        if source.get("type") == "file":
            data = self._file(source, at)[0]
        elif source.get("type") == "base64":
            media = source.get("media_type")
            if media not in _IMAGES:
                raise bad(
                    f"{at}.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
                )
            data = self._bytes(source, at)
            if not data.startswith(_IMAGES[media]):
                raise bad(f"{at}.base64.data: The image was specified using the {media} media type, but it is not one")
            if len(source["data"]) > 10 << 20:
                raise bad(f"{at}.base64: image exceeds 10 MB maximum")
        else:
            raise bad(f"{at}: Input tag {source.get('type')!r} is not supported here")
        self.ask.sources.append(Source("image", data=data))

    def _file(self, source: dict[str, Any], at: str) -> tuple[bytes, str, str]:
        if self.file is None:
            raise bad(f"{at}: file sources are not supported for token counting")
        if not isinstance(source.get("file_id"), str):
            raise bad(f"{at}.file_id: Field required")
        return self.file(source["file_id"])

    def _document(self, block: dict[str, Any], source: dict[str, Any], at: str) -> None:
        citations = block.get("citations") or {}
        self.citing.add(bool(citations.get("enabled")))
        title, kind = block.get("title"), source.get("type")

        def pdf(data: bytes, file_id: str | None = None) -> Source:
            return pdf_source(data, title, file_id, lambda why: bad(f"{at}: The PDF specified was not valid. {why}"),
                              self.limits.anthropic_pages)  # fmt: skip

        if kind == "base64":
            if source.get("media_type") != "application/pdf":
                raise bad(f"{at}.base64.media_type: Input should be 'application/pdf'")
            found = pdf(self._bytes(source, at))
        elif kind == "text":
            if source.get("media_type") != "text/plain":
                raise bad(f"{at}.text.media_type: Input should be 'text/plain'")
            if not isinstance(source.get("data"), str) or not source["data"].strip():
                raise bad(f"{at}.text.data: document text must not be empty")
            found = Source("text", title, parts=(source["data"],))
        elif kind == "content":
            content = source.get("content")
            chunks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
            if not chunks or not all(isinstance(c, dict) and isinstance(c.get("text"), str) for c in chunks):
                raise bad(f"{at}.content.content: Input should be a list of text blocks")
            found = Source("chunks", title, parts=tuple(c["text"] for c in chunks))
        elif kind == "file":
            data, media, _ = self._file(source, at)
            found = (
                pdf(data, source["file_id"]) if media == "application/pdf"
                else Source("text", title, parts=(data.decode("utf-8", "replace"),), file_id=source["file_id"])
            )  # fmt: skip
        else:
            raise bad(f"{at}: Input tag {kind!r} is not supported here")
        self.ask.sources.append(found)


def _prefill(messages: list[dict[str, Any]], model: str) -> None:
    if messages[-1]["role"] == "assistant" and generation(model) >= (4, 6):
        raise bad(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def _thinking(thinking: Any, ask: Ask) -> None:
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind == "enabled":
        if generation(ask.model) > (4, 6):
            raise bad('thinking.type: "enabled" is not supported for this model. Use "adaptive".')
        ask.thinking = min(48, int(thinking.get("budget_tokens") or 0))
    elif kind == "adaptive":
        ask.thinking = 48
    elif kind not in ("disabled", "between_tools"):
        raise bad(
            "thinking: Input tag does not match any of the expected tags: 'adaptive', 'disabled', 'between_tools'"
        )
    elif kind == "disabled" and re.match(r"claude-(fable-5|mythos|opus-5-5)", ask.model):
        raise bad('thinking.type: "disabled" is not supported for this model.')


def _output(config: Any, ask: Ask) -> None:
    if config is None:
        return
    if not isinstance(config, dict) or set(config) - {"format", "effort"}:
        raise bad("output_config: Extra inputs are not permitted")
    if config.get("effort") not in (None, "low", "medium", "high", "xhigh", "max"):
        raise bad("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    form = config.get("format")
    if form is None:
        return
    if not isinstance(form, dict) or form.get("type") != "json_schema" or set(form) - {"type", "schema"}:
        extra = sorted(set(form) - {"type", "schema"}) if isinstance(form, dict) else []
        raise bad(f"output_config.format{'.' + extra[0] if extra else ''}: Extra inputs are not permitted")
    if not isinstance(form.get("schema"), dict):
        raise bad("output_config.format.schema: Field required")
    if problem := schemas.anthropic_problem(form["schema"]):
        raise bad(f"output_config.format.schema: {problem}")
    if ask.cited:
        raise bad("output_config.format: structured output cannot be used together with citations")
    ask.schema, ask.json = form["schema"], True
