"""A proxy on loopback between a provider and its test service, which fails on demand."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came by: its method and its path without the query."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What happens to a request.

    Attributes:
        kind: `answer`: answered in the service's place. `lost`: done by the service, and its answer dropped. `cut`: its
            answer broken off in the middle.
        status: HTTP status of the answer.
        body: Body of the answer.
        headers: Its headers.
    """

    kind: Literal["answer", "lost", "cut"]
    status: int = 500
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Proxy:
    """Hands requests on to a service, and keeps a list of them.

    Args:
        upstream: Base URL of the service.

    Attributes:
        calls: The requests so far.
        fail: Says what is to happen to a request, given it and the number of like ones before it; None: nothing.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.calls: list[Call] = []
        self.fail: Callable[[Call, int], Failure | None] = lambda _call, _before: None
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        # A thread of a test tool, which no run ever meets.
        self._thread = threading.Thread(  # noqa: TID251
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL to use in the service's place."""
        return urlunsplit(("http", f"127.0.0.1:{self._http.server_address[1]}", self.upstream.path, "", ""))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def note(self, call: Call) -> Failure | None:
        """Keep a request, and return what is to happen to it."""
        with self._lock:
            before = self.calls.count(call)
            self.calls.append(call)
            return self.fail(call, before)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Hand a request on; return status, headers and body of the answer."""
        secure = self.upstream.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.upstream.netloc, timeout=120)
        try:
            connection.request(method, path, body, {**headers, "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self._body()
            failure = proxy.note(Call(self.command, self.path.partition("?")[0]))
            if failure is not None and failure.kind == "answer":
                self._answer(failure.status, failure.headers, failure.body)
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            status, answered, content = proxy.forward(self.command, self.path, headers, body)
            if failure is not None and failure.kind == "lost":
                self.close_connection = True
                return
            self._answer(status, answered, content, cut=failure is not None)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def _answer(self, status: int, headers: dict[str, str], body: bytes, *, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP | {"date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = self.close_connection or cut

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
