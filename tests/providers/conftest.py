"""A server on loopback that answers as a test says, and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def line(self) -> str:
        """Method and path, without the query."""
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass(frozen=True)
class Answer:
    """One answer; `cut` breaks the connection off after so many bytes, `drop` before any."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drop: bool = False

    @property
    def bytes(self) -> bytes:
        """The body as it goes out."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Loopback:
    """Answers each `METHOD /path` with the next of its answers; the last one stays."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, list[Answer]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, line: str, *answers: Answer | Any) -> None:
        """Say what to answer to a request line; anything but an Answer is a JSON body."""
        self.answers[line] = [each if isinstance(each, Answer) else Answer(each) for each in answers]

    def sent(self, line: str) -> list[Call]:
        """The calls to a request line."""
        return [call for call in self.calls if call.line == line]

    def environment(self) -> dict[str, str]:
        """Keys and base URLs that lead here."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "sk-ant-secret-1",
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_KEY": "sk-secret-2",
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_API_KEY": "AIzaSecret-3",
        }

    def stop(self) -> None:
        """Close the socket and end the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, call: Call) -> Answer:
        waiting = self.answers.get(call.line)
        if not waiting:
            return Answer({"error": {"message": f"the test has no answer to {call.line}"}}, 404)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                call = Call(self.command, self.path, headers, self._body(length))
                owner.calls.append(call)
                answer = owner._next(call)
                if answer.drop:
                    self.close_connection = True
                    return
                content = answer.bytes
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content if answer.cut is None else content[: answer.cut])
                self.close_connection = answer.cut is not None

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

            def _body(self, length: int) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(length)
                found = b""
                while size := int(self.rfile.readline(), 16):
                    found += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server of this test's own."""
    server = Loopback()
    yield server
    server.stop()


@pytest.fixture
def answer() -> Callable[..., Answer]:
    """The Answer class, for status codes, headers and broken connections."""
    return Answer
