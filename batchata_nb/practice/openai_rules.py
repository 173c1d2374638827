"""What the body of a Responses or Chat Completions request may hold."""

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

RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"
_RESPONSES_KEYS = frozenset(
    "background background_options context_management conversation include input instructions max_output_tokens "
    "max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options "
    "temperature text tool_choice tools top_logprobs top_p truncation user".split()
)
_CHAT_KEYS = frozenset(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages "
    "metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier "
    "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
    "web_search_options".split()
)
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_ALWAYS_REASONS = re.compile(r"(gpt-6-astra|gpt-6\.2-astra|gpt-6\.1-sol)")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TEXT_TYPES = ("input_text", "output_text", "text")
GetFile = Callable[[str], tuple[bytes, str]]
"""File id → content and name; raises ApiError."""


def bad(message: str, code: str | None = "invalid_value", param: str | None = None) -> ApiError:
    """Return a 400."""
    return ApiError(400, code or "", message, param=param)


def unsupported(param: str, hint: str = "") -> ApiError:
    """Return the 400 for a parameter that the model does not take."""
    message = f"Unsupported parameter: '{param}' is not supported with this model.{' ' + hint if hint else ''}"
    return bad(message, "unsupported_parameter", param)


def reasons(model: str) -> bool:
    """Whether a model reasons: the o series, and GPT-5 and newer but its chat variants."""
    return bool(re.match(r"o\d|gpt-(?:[5-9]|\d\d)", model)) and "-chat" not in model


class Parser:
    """Checks one request body and reads it into an Ask."""

    def __init__(self, known: Callable[[Any], bool], limits: Limits, file: GetFile) -> None:
        self.known, self.limits, self.file = known, limits, file
        self.attached = 0

    def parse(self, endpoint: str, body: Any, *, counting: bool = False) -> Ask:
        """Return what a body asks for; raises ApiError."""
        self.attached = 0
        if not isinstance(body, dict):
            raise bad("The request body must be a JSON object.", None)
        for key in body:
            if key not in (_CHAT_KEYS if endpoint == CHAT else _RESPONSES_KEYS):
                raise bad(f"Unknown parameter: '{key}'.", "unknown_parameter", key)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise bad("you must provide a model parameter", "missing_required_parameter", "model")
        if not self.known(model):
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise ApiError(404, "model_not_found", message, param="model")
        return self._chat(model, body) if endpoint == CHAT else self._responses(model, body)

    def _responses(self, model: str, body: dict[str, Any]) -> Ask:
        reasoning = body.get("reasoning") or {}
        ask = Ask(model=model, prompt="", max_tokens=body.get("max_output_tokens"))
        ask.thinking = self._effort(model, reasoning.get("effort"), body, "reasoning.effort")
        self._cap(ask.max_tokens, "max_output_tokens", 16)
        ask.system = body.get("instructions") or ""
        given = body.get("input")
        if isinstance(given, str):
            given = [{"role": "user", "content": given}]
        if not isinstance(given, list) or not given:
            raise bad("Missing required parameter: 'input'.", "missing_required_parameter", "input")
        for index, item in enumerate(given):
            if not isinstance(item, dict):
                raise bad(f"Invalid type for 'input[{index}]'.", "invalid_type", f"input[{index}]")
            if item.get("type", "message") == "message":
                self._turn(item, f"input[{index}]", ask, chat=False)
        text = body.get("text") or {}
        self._format(text.get("format"), "text.format", ask)
        return ask

    def _chat(self, model: str, body: dict[str, Any]) -> Ask:
        if "max_tokens" in body and reasons(model):
            raise unsupported("max_tokens", "Use 'max_completion_tokens' instead.")
        ask = Ask(model=model, prompt="", max_tokens=body.get("max_completion_tokens", body.get("max_tokens")))
        ask.thinking = self._effort(model, body.get("reasoning_effort"), body, "reasoning_effort")
        self._cap(ask.max_tokens, "max_completion_tokens", 1)
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise bad("Missing required parameter: 'messages'.", "missing_required_parameter", "messages")
        for index, message in enumerate(messages):
            self._turn(message, f"messages[{index}]", ask, chat=True)
        form = body.get("response_format")
        if isinstance(form, dict) and form.get("type") == "json_schema":
            inner = form.get("json_schema")
            if not isinstance(inner, dict):
                raise bad("Missing required parameter: 'response_format.json_schema'.", "missing_required_parameter",
                          "response_format.json_schema")  # fmt: skip
            form = {"type": "json_schema", **inner}
        self._format(form, "response_format", ask)
        return ask

    def _effort(self, model: str, effort: Any, body: dict[str, Any], param: str) -> int:
        """Return tokens of thinking; refuse sampling parameters beside it."""
        if effort is not None and effort not in _EFFORTS:
            raise bad(
                f"Invalid value: '{effort}'. Supported values are: {', '.join(_EFFORTS)}.", "invalid_value", param
            )
        if not reasons(model):
            if effort is not None:
                raise unsupported(param)
            return 0
        if effort == "none":
            if _ALWAYS_REASONS.match(model):
                raise bad(
                    f"Unsupported value: 'none' is not supported with the '{model}' model.", "unsupported_value", param
                )
            return 0
        for key in ("temperature", "top_p", "top_logprobs"):
            if key in body:
                raise unsupported(key)
        return 16

    def _cap(self, value: Any, param: str, least: int) -> None:
        if value is None:
            return
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad(f"Invalid type for '{param}': expected an integer.", "invalid_type", param)
        if value < least:
            raise bad(f"Invalid '{param}': integer below minimum value. Expected a value >= {least}, but got {value} "
                      "instead.", "integer_below_min_value", param)  # fmt: skip

    def _turn(self, item: Any, at: str, ask: Ask, *, chat: bool) -> None:
        role = item.get("role") if isinstance(item, dict) else None
        if role not in ("user", "assistant", "system", "developer", "tool"):
            raise bad(f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', and 'developer'.",
                      "invalid_value", f"{at}.role")  # fmt: skip
        content = item.get("content")
        if isinstance(content, str):
            texts = [content]
        elif isinstance(content, list):
            texts = [
                t for i, part in enumerate(content) for t in self._part(part, f"{at}.content[{i}]", role, ask, chat)
            ]
        else:
            raise bad(f"Missing required parameter: '{at}.content'.", "missing_required_parameter", f"{at}.content")
        text = "\n".join(texts)
        if role == "user":
            ask.prompt = f"{ask.prompt}\n{text}" if ask.prompt else text
        elif role in ("system", "developer"):
            ask.system = f"{ask.system}\n{text}" if ask.system else text
        else:
            ask.history += text

    def _part(self, part: Any, at: str, role: str, ask: Ask, chat: bool) -> list[str]:
        kind = part.get("type") if isinstance(part, dict) else None
        wanted = ("text", "image_url", "file", "refusal") if chat else (
            ("output_text", "refusal") if role == "assistant" else ("input_text", "input_image", "input_file")
        )  # fmt: skip
        if kind not in wanted:
            names = ", ".join(f"'{name}'" for name in wanted)
            raise bad(f"Invalid value: '{kind}'. Supported values are: {names}.", "invalid_value", f"{at}.type")
        if kind in _TEXT_TYPES:
            if not isinstance(part.get("text"), str):
                raise bad(f"Missing required parameter: '{at}.text'.", "missing_required_parameter", f"{at}.text")
            return [part["text"]]
        if kind == "refusal":
            return []
        if role != "user":
            raise bad(f"Invalid value: '{kind}' is only allowed in user messages.", "invalid_value", f"{at}.type")
        if kind in ("image_url", "input_image"):
            self._image(part, at, ask, chat)
        else:
            self._file(part.get("file") if chat else part, f"{at}.file" if chat else at, ask, chat)
        return []

    def _image(self, part: dict[str, Any], at: str, ask: Ask, chat: bool) -> None:
        url = part.get("image_url")
        if chat:
            url = url.get("url") if isinstance(url, dict) else None
        if not chat and part.get("file_id"):
            ask.sources.append(Source("image", data=self.file(part["file_id"])[0]))
            return
        media, data = self._data_url(url, f"{at}.image_url")
        if media not in ("image/png", "image/jpeg", "image/gif", "image/webp"):
            raise bad(f"Invalid image media type '{media}'.", "invalid_image_format", f"{at}.image_url")
        ask.sources.append(Source("image", data=data))

    def _file(self, part: Any, at: str, ask: Ask, chat: bool) -> None:
        part = part if isinstance(part, dict) else {}
        if part.get("file_id"):
            data, name = self.file(part["file_id"])
            media = "application/pdf" if data.startswith(b"%PDF") else "text/plain"
        elif part.get("file_data"):
            name = part.get("filename")
            if not name:
                raise bad(
                    f"Missing required parameter: '{at}.filename'.", "missing_required_parameter", f"{at}.filename"
                )
            media, data = self._data_url(part["file_data"], f"{at}.file_data")
        else:
            raise bad(f"Missing required parameter: '{at}.file_id'.", "missing_required_parameter", f"{at}.file_id")
        self.attached += len(data)
        if self.attached > self.limits.openai_document_bytes:
            raise bad("The files of this request are too large.", "file_too_large", at)
        if media == "application/pdf":
            refuse = lambda why: bad(f"Invalid file data: {why}", "invalid_file", at)  # noqa: E731
            ask.sources.append(pdf_source(data, name, part.get("file_id"), refuse, 1000))
        elif chat:
            raise bad(f"Invalid file data: expected a PDF, got '{media}'.", "unsupported_file", f"{at}.file_data")
        elif media.startswith("text/") or media in ("application/json", "application/csv"):
            ask.sources.append(Source("text", name, parts=(data.decode("utf-8", "replace"),)))
        else:
            raise bad(f"Invalid file data: unsupported MIME type '{media}'.", "unsupported_file", f"{at}.file_data")

    def _data_url(self, url: Any, param: str) -> tuple[str, bytes]:
        found = re.match(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=-]+)*;base64,", url[:200]) if isinstance(url, str) else None
        if found is None:
            raise bad(f"Invalid '{param}': expected a base64-encoded data URL.", "invalid_value", param)
        try:
            return found[1], base64.b64decode(url[found.end() :], validate=True)
        except (binascii.Error, ValueError):
            raise bad(f"Invalid '{param}': the data is not valid base64.", "invalid_base64", param) from None

    def _format(self, form: Any, at: str, ask: Ask) -> None:
        if form is None:
            return
        kind = form.get("type") if isinstance(form, dict) else None
        if kind == "json_object":
            ask.json = True
            if "json" not in (ask.prompt + ask.system).lower():
                raise bad(
                    f"'messages' must contain the word 'json' in some form, to use '{at}' of type 'json_object'.", None
                )
        elif kind == "json_schema":
            if not isinstance(form.get("name"), str) or not _NAME.fullmatch(form["name"]):
                raise bad(f"Missing required parameter: '{at}.name'.", "missing_required_parameter", f"{at}.name")
            if not isinstance(form.get("schema"), dict):
                raise bad(f"Missing required parameter: '{at}.schema'.", "missing_required_parameter", f"{at}.schema")
            if extra := sorted(set(form) - {"type", "name", "schema", "strict", "description"}):
                raise bad(f"Unknown parameter: '{at}.{extra[0]}'.", "unknown_parameter", f"{at}.{extra[0]}")
            problem = schemas.openai_problem(form["schema"]) if form.get("strict") else None
            if problem:
                raise bad(f"Invalid schema for response_format '{form['name']}': {problem}", "invalid_json_schema", at)
            ask.schema, ask.json = form["schema"], True
        elif kind != "text":
            raise bad(f"Invalid value: '{kind}'. Supported values are: 'text', 'json_object', 'json_schema'.",
                      "invalid_value", f"{at}.type")  # fmt: skip
