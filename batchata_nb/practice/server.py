"""The practice server: three protocols on one loopback port, over one state folder."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .anthropic import Anthropic
from .faults import Fault, Faults
from .gemini import Gemini
from .http import ApiError, Delivery, Request, Response, Server, json_response
from .openai import OpenAI
from .service import Bench, Limits, Service
from .state import State

KEY = "practice-key-not-a-secret"
"""The key that the practice server takes; it opens nothing anywhere else."""


class PracticeServer:
    """A stand-in for Anthropic, OpenAI and Gemini on 127.0.0.1, to be reached through their own SDKs.

    It answers by looking labels up in the documents it is sent; no model is asked. Batches, files and results live in
    `state_dir`, so that another process with the same folder sees them, and a batch goes on while none runs.

    Args:
        state_dir: Folder for the state; made if it is not there.
        seconds: How long a batch takes, in seconds.
        port: TCP port, 0 for any that is free.
        clock: Returns the time in Unix seconds.
        limits: What the services allow.
        key: The API key that is taken.
    """

    def __init__(
        self,
        state_dir: str | Path,
        *,
        seconds: float = 4.0,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
        key: str = KEY,
    ) -> None:
        self.key = key
        self.state = State(Path(state_dir))
        self.bench = Bench(self.state, clock, seconds, frozenset({key}), limits or Limits())
        self.services: dict[str, Service] = {
            service.name: service for service in (Anthropic(self.bench), OpenAI(self.bench), Gemini(self.bench))
        }
        self._routes = [
            (name, method, re.compile(pattern), route, call)
            for name, service in self.services.items()
            for method, pattern, route, call in service.routes
        ]
        self._port = port
        self._http: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def faults(self) -> Faults:
        """The failures that are waiting to happen; `server.faults.add(Fault(...))`."""
        return self.bench.faults

    @property
    def url(self) -> str:
        """Where it listens, `http://127.0.0.1:port`."""
        if self._http is None:
            raise RuntimeError("the practice server is not running; call start() first")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> Self:
        """Begin to listen, on a daemon thread; starting twice does nothing."""
        if self._http is None:
            self._http = Server(self._port, self._answer, str(self.state.folder))
            self._port = self._http.server_address[1]
            serve = self._http.serve_forever
            self._thread = threading.Thread(target=serve, args=(0.05,), name="batchata-practice", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and drop all connections; the state stays. The next start takes the same port."""
        if self._http is not None and self._thread is not None:
            self._http.stop()
            self._thread.join()
            self._http = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that lead the three SDKs here."""
        return {
            "ANTHROPIC_BASE_URL": f"{self.url}/anthropic",
            "ANTHROPIC_API_KEY": self.key,
            "OPENAI_BASE_URL": f"{self.url}/openai/v1",
            "OPENAI_API_KEY": self.key,
            "GOOGLE_GEMINI_BASE_URL": f"{self.url}/gemini",
            "GEMINI_API_KEY": self.key,
        }

    def book(self) -> dict[str, Any]:
        """Return the truth about everything ever asked: per provider, its batches and its real-time requests.

        A row's `digest` is the same for the same content, so that `billed` rows with one digest were paid twice.
        """
        return {
            name: {"batches": service.book(), "live": self.state.live(name)} for name, service in self.services.items()
        }

    def _answer(self, request: Request) -> tuple[Response, Delivery]:
        if request.path.startswith("/practice/"):
            return self._practice(request), Delivery()
        name, _, path = request.path.removeprefix("/").partition("/")
        service = self.services.get(name)
        if service is None:
            return json_response({"error": "use the base URLs of environment()"}, 404), Delivery()
        found = next(
            (
                (route, call, match.groups())
                for owner, method, pattern, route, call in self._routes
                if owner == name and method == request.method and (match := pattern.fullmatch(f"/{path}"))
            ),
            None,
        )
        if found is None:
            return service.refusal(service.not_found(f"Invalid URL ({request.method} /{path})")), Delivery()
        route, call, groups = found
        fault = self.faults.take(name, route)
        if fault is not None and fault.kind in ("status", "reset", "html"):
            return _instead(service, fault), Delivery(drop=fault.kind == "reset")
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        try:
            service.authorise(request)
            response = call(request, *groups)
        except ApiError as error:
            response = service.refusal(error)
        except Exception as error:  # noqa: BLE001 - a defect of ours reaches the caller as the service's own 500
            response = service.refusal(ApiError(500, "", f"practice: {type(error).__name__}: {error}"))
        if fault is not None and fault.kind == "cut":
            return response, Delivery(cut_after=fault.after_bytes)
        return response, Delivery(drop=fault is not None and fault.kind == "lost")

    def _practice(self, request: Request) -> Response:
        """The server's own calls: the book, and faults for tests in other processes."""
        if request.path == "/practice/book" and request.method == "GET":
            return json_response(self.book())
        if request.path == "/practice/faults":
            if request.method == "POST":
                given = request.json()
                known = {each.name for each in fields(Fault)}
                try:
                    for item in given if isinstance(given, list) else [given]:
                        self.faults.add(Fault(**{key: value for key, value in item.items() if key in known}))
                except (TypeError, ValueError) as error:
                    return json_response({"error": str(error)}, 400)
            elif request.method == "DELETE":
                self.faults.clear()
            return json_response({"faults": self.faults.pending()})
        return json_response({"error": f"no {html.escape(request.path)} here"}, 404)


_MESSAGES = {429: "Rate limited by request.", 503: "Service unavailable.", 529: "Overloaded"}


def _instead(service: Service, fault: Fault) -> Response:
    """Return what is answered instead of doing anything."""
    if fault.kind == "html":
        page = b"<!doctype html><html><body>Please log in to this network.</body></html>"
        return Response(200, page, "text/html")
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    message = _MESSAGES.get(fault.status, "practice: a failure on demand")
    return service.refusal(ApiError(fault.status, fault.error or "", message, headers=headers))
