"""The HTTP floor of the practice server: requests in, responses out, and connections that can be made to fail."""

from __future__ import annotations

import json
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

IN_MEMORY = 4 << 20
"""Bytes of a request body that are kept in memory; larger bodies go to a temporary file."""
CHUNK = 1 << 16


class ApiError(Exception):
    """A refusal, in words common to the three services; each protocol writes it in its own shape.

    Args:
        status: HTTP status.
        kind: `error.type` (Anthropic), `error.code` (OpenAI) or `error.status` (Gemini).
        message: What the service says.
        param: Name of the parameter that is wrong, where the service says it.
        details: Further details, service's own shape.
        headers: Further response headers, such as `retry-after`.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        param: str | None = None,
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.param = param
        self.details = details
        self.headers = dict(headers or {})


@dataclass(slots=True)
class Request:
    """One HTTP request; the body may be large and is read from where it was spooled."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    base: str
    stream: IO[bytes]
    size: int

    def bytes(self) -> bytes:
        """Return the whole body."""
        self.stream.seek(0)
        return self.stream.read()

    def json(self) -> Any:
        """Return the body as JSON; raises ValueError when it is none."""
        return json.loads(self.bytes() or b"null")


@dataclass(slots=True)
class Response:
    """What goes back: bytes with a length, or an iterator that is sent in chunks as it is produced."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(status, json.dumps(value, ensure_ascii=False).encode(), headers=dict(headers or {}))


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a response is spoilt on its way: cut after so many bytes, or the connection dropped instead of an answer."""

    cut_after: int | None = None
    drop: bool = False


Answer = Callable[[Request], tuple[Response, Delivery]]


class Server(ThreadingHTTPServer):
    """Loopback HTTP/1.1 server with keep-alive; `stop` also closes the connections that are open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answer: Answer, spool: str) -> None:
        self.answer = answer
        self.spool = spool
        self.open_sockets: set[socket.socket] = set()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, and remember its socket while it is open."""
        with self.lock:
            self.open_sockets.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self.lock:
                self.open_sockets.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or a connection closed by `stop`, is nothing to report; a defect of ours is."""
        import sys

        if not isinstance(sys.exception(), (OSError, ValueError)):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self.shutdown()
        self.server_close()
        with self.lock:
            sockets = list(self.open_sockets)
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole, asks the server for an answer, and sends it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = CHUNK  # headers and a small body go out together
    server: Server

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def _serve(self) -> None:
        address = urlsplit(self.path)
        with self._body() as (stream, size):
            request = Request(
                self.command,
                unquote(address.path),
                dict(parse_qsl(address.query, keep_blank_values=True)),
                self.headers,
                f"http://{self.headers.get('Host') or '127.0.0.1'}",
                stream,
                size,
            )
            response, delivery = self.server.answer(request)
            if delivery.drop:
                self._hang_up()
            else:
                self._send(response, delivery.cut_after)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names http.server looks for

    def _body(self) -> Any:
        stream = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=self.server.spool)  # noqa: SIM115 - closed by _Body
        size = 0
        for piece in self._incoming():
            size += len(piece)
            stream.write(piece)
        stream.seek(0)
        return _Body(stream, size)

    def _incoming(self) -> Iterator[bytes]:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            while length := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(length)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            piece = self.rfile.read(min(left, CHUNK))
            if not piece:
                raise ConnectionError("the client went away")
            left -= len(piece)
            yield piece

    def _send(self, response: Response, cut_after: int | None) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        whole = response.body if isinstance(response.body, bytes) else None
        if whole is not None:
            self.send_header("Content-Length", str(len(whole)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces: Iterable[bytes] = [response.body] if isinstance(response.body, bytes) else _gathered(response.body)
        for piece in _limited(pieces, cut_after):
            if piece is None:
                self._hang_up()
                return
            self.wfile.write(piece if whole is not None else b"%X\r\n%s\r\n" % (len(piece), piece))
        if whole is None:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _hang_up(self) -> None:
        """Close so that the client sees a reset, after what was written so far has gone out."""
        self.close_connection = True
        self.wfile.flush()
        if os.name == "posix":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class _Body:
    def __init__(self, stream: IO[bytes], size: int) -> None:
        self.stream, self.size = stream, size

    def __enter__(self) -> tuple[IO[bytes], int]:
        return self.stream, self.size

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces, so that a file of many lines is not as many chunks."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _limited(pieces: Iterable[bytes], cut_after: int | None) -> Iterator[bytes | None]:
    """Yield the pieces that are not empty; with a cut, None once so many bytes were given."""
    given = 0
    for piece in pieces:
        if cut_after is not None and given + len(piece) > cut_after:
            if cut_after > given:
                yield piece[: cut_after - given]
            yield None
            return
        given += len(piece)
        if piece:
            yield piece
    if cut_after is not None:
        yield None
