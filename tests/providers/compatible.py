"""An OpenAI-compatible server on loopback, for tests: as `llama-cpp-python[server]` 0.3.36 behaves, or otherwise.

That server has `/v1/chat/completions` and `/v1/models` alone, 404 with `{"detail": "Not Found"}` for all else; a
`response_format` of type `json_schema` is a 500 with the words of its validation, `json_object` with a `schema` beside
it is kept to; `max_tokens` caps, and parameters it does not know are passed over; any model name and any key will do.
"""

from __future__ import annotations

import json
import re
import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BUSY = {"error": {"message": "busy", "type": "server_error", "code": None}}
REFUSAL = "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text'\"}]"


@dataclass(frozen=True)
class Raw:
    """What goes out in the place of an answer, as it stands.

    Attributes:
        content: The bytes.
        status: HTTP status; 0 closes the connection without a word.
        kind: Their media type.
        missing: So many bytes more are announced than are sent.
        headers: Further headers.
    """

    content: bytes = b""
    status: int = 200
    kind: str = "application/json"
    missing: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class _Http(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who asked and was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class CompatibleServer:
    """The server.

    Args:
        json_schema: Status for `json_schema`; 200 keeps to it, 0 passes over it.
        json_object: The same for `json_object` with a schema.
        responses: Status for an empty request to `/v1/responses`.
        cap: The parameter that caps the output; the other one is refused by name, unless `cap` is None.
        key: Key that is wanted, or None.
        faults: Statuses of the next chat requests, or what goes out instead, before anything else is looked at.
        prefix: Where its paths begin; other ones are not there.
        port: Where it listens; 0 takes any.
        absent: Status of paths that are not there; with 200 the error stands in the body alone, as some servers do it.
        seconds: How long a chat answer takes.
        certificate: File with the key and certificate that it speaks https with.
    """

    def __init__(
        self,
        *,
        json_schema: int = 500,
        json_object: int = 200,
        responses: int = 404,
        cap: str | None = None,
        key: str | None = None,
        faults: list[int | Raw] | None = None,
        prefix: str = "",
        port: int = 0,
        absent: int = 404,
        seconds: float = 0.0,
        certificate: Path | None = None,
    ) -> None:
        self.scheme = "http" if certificate is None else "https"
        self.prefix, self.absent, self.seconds = prefix, absent, seconds
        self.statuses = {"json_schema": json_schema, "json_object": json_object}
        self.responses, self.cap, self.key, self.faults = responses, cap, key, faults or []
        self.calls: list[tuple[str, Any]] = []
        self._http = _Http(("127.0.0.1", port), _handler(self))
        if certificate is not None:
            speaks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            speaks.load_cert_chain(certificate)
            self._http.socket = speaks.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> CompatibleServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"{self.scheme}://127.0.0.1:{self._http.server_address[1]}{self.prefix}/v1"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._http.server_address[1])

    def answer(self, text: str = "Hello Rome") -> bytes:
        """What it answers in chat to a question without a schema."""
        return json.dumps(self._chat({"model": "m", "messages": [{"role": "user", "content": text}]})[1]).encode()

    def sent(self, line: str) -> list[Any]:
        """The bodies of the calls of a request line."""
        return [body for found, body in self.calls if found == line]

    @property
    def formats(self) -> list[str | None]:
        """The type of the response format of each chat request, in order."""
        return [(body.get("response_format") or {}).get("type") for body in self.sent("POST /v1/chat/completions")]

    def reply(self, line: str, key: str | None, body: Any) -> tuple[int, Any]:
        """Answer one request."""
        if self.key is not None and key != f"Bearer {self.key}":
            return 401, {"error": {"message": "Invalid API key", "type": "invalid_request_error", "code": None}}
        if line == "GET /v1/models":
            return 200, {"object": "list", "data": [{"id": "gemma3-270m", "object": "model", "owned_by": "me"}]}
        if line == "POST /v1/responses" and self.responses != 404:
            return self.responses, {"error": {"message": "input is missing"}}
        if line != "POST /v1/chat/completions":
            return self.absent, {"detail": "Not Found"} if self.absent == 404 else {"error": f"Unexpected: {line}"}
        threading.Event().wait(self.seconds)
        if self.faults:
            fault = self.faults.pop(0)
            return (200, fault) if isinstance(fault, Raw) else (fault, dict(BUSY))
        return self._chat(body)

    def _chat(self, body: Any) -> tuple[int, Any]:
        wrong = {"max_tokens", "max_completion_tokens"} & set(body) - {self.cap} if self.cap else None
        if wrong:
            message = f"Unsupported parameter: '{wrong.pop()}' is not supported with this model."
            return 400, {"error": {"message": message, "type": "invalid_request_error", "code": "unsupported"}}
        form = body.get("response_format") or {}
        status = self.statuses.get(form.get("type"), 0)
        if status >= 400:
            return status, {"error": {"message": REFUSAL, "type": "internal_server_error", "param": None, "code": None}}
        schema = form.get("schema") or (form.get("json_schema") or {}).get("schema")
        text = body["messages"][-1]["content"]
        asked = re.search(r"JSON schema below.*?\n\n(\{.*\})", text, re.DOTALL)
        if status == 200 and schema:
            said = json.dumps(instance(schema, schema, text))
        elif asked and self.statuses["json_object"] != 200:
            found = json.loads(asked[1])
            said = f"Sure, here it is:\n```json\n{json.dumps(instance(found, found, text))}\n```"
        else:
            said = "Good morning."
        usage = {"prompt_tokens": len(text), "completion_tokens": len(said), "total_tokens": len(text) + len(said)}
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return 200, {
            "id": "c",
            "object": "chat.completion",
            "model": body["model"],
            "choices": [choice],
            "usage": usage,
        }


def instance(schema: Any, root: Any, text: str) -> Any:
    """A value of a schema: strings hold the first word of the text, all else is the least there is."""
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rpartition("/")[2]], root, text)
    if "anyOf" in schema:
        return instance(schema["anyOf"][0], root, text)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: instance(each, root, text) for name, each in schema["properties"].items()}
        case "array":
            return [instance(schema["items"], root, text)]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "null":
            return None
    return text.split(maxsplit=1)[0]


def _handler(server: CompatibleServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = "json" in (self.headers.get("Content-Type") or "")
            body = json.loads(content) if content and is_json else content
            path = self.path.partition("?")[0]
            line = f"{self.command} {path.removeprefix(server.prefix) if path.startswith(server.prefix) else 'nowhere'}"
            server.calls.append((line, body))
            status, answer = server.reply(line, self.headers.get("Authorization"), body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer, default=str).encode()
            raw = answer if isinstance(answer, Raw) else Raw(data, status)
            self.close_connection = raw.missing > 0 or not raw.status or raw.headers.get("Connection") == "close"
            if not raw.status:
                return
            self.send_response(raw.status)
            self.send_header("Content-Type", raw.kind)
            self.send_header("Content-Length", str(len(raw.content) + raw.missing))
            for name, value in raw.headers.items():
                self.send_header(name, value)
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked was killed
                self.end_headers()
                self.wfile.write(raw.content)

        do_GET = do_POST = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
