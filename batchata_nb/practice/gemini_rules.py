"""What a GenerateContentRequest may hold, in the REST shape; snake_case keys are taken too."""

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

FIELDS: dict[str, frozenset[str]] = {
    "request": frozenset(
        "model contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent serviceTier "
        "store labels".split()
    ),
    "content": frozenset({"parts", "role"}),
    "part": frozenset(
        "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult thought "
        "thoughtSignature videoMetadata mediaResolution documentMetadata spreadsheetMetadata partMetadata toolCall "
        "toolResponse".split()
    ),
    "inlineData": frozenset({"mimeType", "data", "displayName"}),
    "fileData": frozenset({"mimeType", "fileUri", "displayName"}),
    "generationConfig": frozenset(
        "audioTimestamp audioTranscriptionConfig candidateCount enableAffectiveDialog enableEnhancedCivicAnswers "
        "frequencyPenalty logprobs maxOutputTokens mediaResolution modelSelectionConfig presencePenalty responseFormat "
        "responseJsonSchema responseLogprobs responseMimeType responseModalities responseSchema routingConfig seed "
        "speechConfig stopSequences temperature thinkingConfig topK topP imageConfig".split()
    ),
    "thinkingConfig": frozenset({"thinkingLevel", "thinkingBudget", "includeThoughts"}),
}
_DOCUMENTS = re.compile(r"text/[\w.+-]+|application/(?:json|xml|csv|x-javascript|javascript|rtf)")
_IMAGES = re.compile(r"image/(?:png|jpeg|webp|heic|heif|gif)")
GetFile = Callable[[str], tuple[bytes, str]]
"""File name (`files/x`) → content and media type; raises ApiError."""


def bad(message: str, details: Any = None) -> ApiError:
    """Return a 400 INVALID_ARGUMENT."""
    return ApiError(400, "INVALID_ARGUMENT", message, details=details)


def camel(key: str) -> str:
    """Return `response_mime_type` as `responseMimeType`."""
    head, *rest = key.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def fields(value: Any, kind: str, at: str) -> dict[str, Any]:
    """Return an object with its keys in camelCase; an unknown key is an error."""
    if not isinstance(value, dict):
        raise bad(f"Invalid value at '{at}': expected an object.")
    named = {camel(key): inner for key, inner in value.items()}
    for key in named:
        if key not in FIELDS[kind]:
            raise bad(f"Invalid JSON payload received. Unknown name \"{key}\" at '{at}': no such field.")
    return named


def parse(model: str, request: Any, *, limits: Limits, file: GetFile, counting: bool = False) -> Ask:
    """Check a request and return what it asks for; raises ApiError."""
    given = fields(request, "request", "request")
    if "model" in given and str(given["model"]).removeprefix("models/") != model:
        raise bad(f"Request model {given['model']} does not match models/{model}.")
    contents = given.get("contents")
    if not isinstance(contents, list) or not contents:
        raise bad("* GenerateContentRequest.contents: contents is not specified")
    ask = Ask(model=model, prompt="")
    reader = _Reader(ask, limits, file)
    for index, content in enumerate(contents):
        role, texts = reader.content(content, f"request.contents[{index}]")
        text = "\n".join(texts)
        if role == "model":
            ask.history += text
        else:
            ask.prompt = f"{ask.prompt}\n{text}" if ask.prompt else text
    if given.get("systemInstruction") is not None:
        ask.system = "\n".join(reader.content(given["systemInstruction"], "request.systemInstruction")[1])
    if given.get("cachedContent"):
        raise ApiError(403, "PERMISSION_DENIED", "CachedContent not found (or permission denied)")
    _generation(given.get("generationConfig"), ask)
    return ask


class _Reader:
    def __init__(self, ask: Ask, limits: Limits, file: GetFile) -> None:
        self.ask, self.limits, self.file = ask, limits, file

    def content(self, value: Any, at: str) -> tuple[str, list[str]]:
        """Return role and texts of one content."""
        content = fields(value, "content", at)
        role = content.get("role", "user")
        if role not in ("user", "model", "system", "function"):
            raise bad("Please use a valid role: user, model.")
        parts = content.get("parts")
        if not isinstance(parts, list) or not parts:
            raise bad(f"* {at}.parts: contents.parts must not be empty.")
        return role, [t for i, part in enumerate(parts) for t in self.part(part, f"{at}.parts[{i}]")]

    def part(self, value: Any, at: str) -> list[str]:
        """Return the text of one part; documents go into the Ask."""
        part = fields(value, "part", at)
        data = [key for key in ("text", "inlineData", "fileData", "functionCall", "functionResponse") if key in part]
        if len(data) != 1:
            raise bad(f"* {at}.data: required oneof field 'data' must have one initialized field")
        if data == ["text"]:
            if not isinstance(part["text"], str):
                raise bad(f"Invalid value at '{at}.text' (TYPE_STRING)")
            return [part["text"]]
        if data == ["inlineData"]:
            blob = fields(part["inlineData"], "inlineData", f"{at}.inlineData")
            try:
                content = base64.b64decode(blob.get("data") or "", validate=True)
            except (binascii.Error, ValueError, TypeError):
                raise bad(f"Invalid value at '{at}.inlineData.data' (TYPE_BYTES), Base64 decoding failed") from None
            self.document(content, blob.get("mimeType"), at)
        elif data == ["fileData"]:
            uri = fields(part["fileData"], "fileData", f"{at}.fileData").get("fileUri")
            name = re.search(r"files/[a-z0-9-]+$", str(uri))
            if name is None:
                raise bad(f"Unsupported file uri: {uri}")
            self.document(*self.file(name[0]), at)
        return []

    def document(self, content: bytes, media: Any, at: str) -> None:
        """Add one document to the Ask."""
        if not isinstance(media, str) or not media:
            raise bad(f"* {at}.inlineData.mimeType: mimeType must not be empty")
        if not content:
            raise bad("The document has no pages." if media == "application/pdf" else "Provided data is empty.")
        if media == "application/pdf":
            refuse = lambda why: bad(f"The document could not be read. {why}")  # noqa: E731
            self.ask.sources.append(pdf_source(content, None, None, refuse, self.limits.gemini_pages))
        elif _IMAGES.fullmatch(media):
            self.ask.sources.append(Source("image", data=content))
        elif _DOCUMENTS.fullmatch(media):
            self.ask.sources.append(Source("text", parts=(content.decode("utf-8", "replace"),)))
        else:
            raise bad(f"Unsupported MIME type: {media}")


def _generation(config: Any, ask: Ask) -> None:
    if config is None:
        return
    given = fields(config, "generationConfig", "request.generationConfig")
    most = given.get("maxOutputTokens")
    if most is not None and (not isinstance(most, int) or not 1 <= most <= 65_536):
        raise bad(f"Unable to submit request because it has a maxOutputTokens value of {most} but the supported range "
                  "is from 1 (inclusive) to 65537 (exclusive).")  # fmt: skip
    ask.max_tokens = most
    if given.get("candidateCount") not in (None, 1):
        raise bad("Multiple candidates is not enabled for this model")
    _think(given.get("thinkingConfig"), ask)
    media, schema, old = (given.get(key) for key in ("responseMimeType", "responseJsonSchema", "responseSchema"))
    if media not in (None, "text/plain", "application/json", "text/x.enum"):
        raise bad(f"* GenerateContentRequest.generation_config.response_mime_type: {media} is not supported")
    if schema is not None and old is not None:
        raise bad("Only one of response_schema and response_json_schema may be set.")
    if (schema is not None or old is not None) and media != "application/json":
        raise bad("* GenerateContentRequest.generation_config.response_schema: only allowed when response_mime_type is "
                  "application/json")  # fmt: skip
    if schema is not None and (problem := schemas.gemini_problem(schema)):
        raise bad(f"* GenerateContentRequest.generation_config.response_json_schema: {problem}")
    ask.json = media == "application/json"
    ask.schema = schema if schema is not None else _plain(old)


def _think(config: Any, ask: Ask) -> None:
    thinks = bool(re.match(r"gemini-(?:2\.5|[3-9])", ask.model))
    given = fields(config, "thinkingConfig", "request.generationConfig.thinkingConfig") if config is not None else {}
    level = given.get("thinkingLevel")
    if level is not None and "thinkingBudget" in given:
        raise bad("You can only set only one of thinking budget and thinking level.")
    if level is not None and str(level).upper() not in ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"):
        raise bad(f"Invalid value at 'generation_config.thinking_config.thinking_level': \"{level}\"")
    if str(level).upper() == "MINIMAL" and re.match(r"gemini-(?:3\.8-flash|4-argon)", ask.model):
        raise bad("Thinking level MINIMAL is not supported for this model.")
    if config is not None and not thinks:
        raise bad("Thinking is not enabled for this model")
    ask.thinking = 0 if not thinks or given.get("thinkingBudget") == 0 else 16


def _plain(schema: Any) -> dict[str, Any] | None:
    """Return an OpenAPI-style `responseSchema` (upper-case types, `nullable`) as JSON schema."""
    if not isinstance(schema, dict):
        return None
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        name = camel(key)
        if name == "type" and isinstance(value, str):
            plain["type"] = value.lower()
        elif name == "properties":
            plain[name] = {prop: _plain(inner) for prop, inner in value.items()}
        elif name == "items":
            plain[name] = _plain(value)
        elif name == "anyOf":
            plain[name] = [_plain(inner) for inner in value]
        else:
            plain[name] = value
    if plain.pop("nullable", False) and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain
