"""A process that drives runs and is meant to be killed.

It imports everything once, then forks a child for each order that it reads: a line of JSON on its standard input. In
the child every step that leaves the process, a write to the store or a request, is counted, and at a given one it
kills or stops itself. Nothing of that is in the package.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import anthropic
import httpx2
import openai
from google import genai
from pydantic import BaseModel

from batchata_nb import Batch
from batchata_nb.runs import collecting, drive, dry_run, launch, run, sending, waiting
from batchata_nb.runs.store_file import StoreFile

LOADED = (anthropic, openai, genai, dry_run, launch, run, waiting)
"""Imported once, before any child is made."""


class Ticket(BaseModel):
    sentiment: Literal["positive", "negative", "mixed"]


class Steps:
    """Counts steps, and ends or stops the process at one of them."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.at: str | None = order.get("at")
        self.nth = int(order.get("nth") or 0)
        self.signal = getattr(signal, str(order.get("signal") or "SIGKILL"))
        self.count = 0
        self.lock = threading.Lock()
        self.trace = Path("steps.txt").open("a", buffering=1, encoding="utf-8")  # noqa: SIM115

    def __call__(self, name: str) -> None:
        with self.lock:
            self.trace.write(f"{os.getpid()} {name}\n")
            if not self.nth or not all(word in name for word in (self.at or "").split()):
                return
            self.count += 1
            if self.count == self.nth:
                os.kill(os.getpid(), self.signal)


def watch(step: Steps) -> None:
    """Have every write and every request counted."""
    write, handle = StoreFile._write, httpx2.HTTPTransport.handle_request

    @contextmanager
    def counted_write(self: StoreFile) -> Iterator[Any]:
        with write(self) as db:
            yield db
            step("write begun")
        step("write done")

    def counted_request(self: Any, request: Any) -> Any:
        name = f"{request.method} {request.url.path}"
        before = request.extensions.get("trace")

        def trace(event: str, info: dict[str, Any]) -> None:
            if before is not None:
                before(event, info)
            if event == "http11.send_request_body.complete":
                step(f"sent {name}")

        request.extensions = {**request.extensions, "trace": trace}
        step(f"asking {name}")
        response = handle(self, request)
        step(f"answered {name}")
        return response

    StoreFile._write = counted_write  # type: ignore[method-assign]
    httpx2.HTTPTransport.handle_request = counted_request


def live(order: dict[str, Any]) -> None:
    """Drive one run to its end, and write what came of it."""
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    watch(Steps(order))
    collecting.CHUNK = 1
    if order.get("lease"):
        drive.LEASE_SECONDS = sending.LEASE_SECONDS = order["lease"]  # type: ignore[attr-defined]
        drive.RENEW_AFTER = order["lease"] / 4
    batch = Batch(items_per_batch=order["items"], max_parallel_batches=4).set_default_params(model=order["model"])
    if order.get("limit"):
        batch.add_cost_limit(usd=order["limit"])
    batch.add_jobs("Classify: {{ item }}", over=order["texts"], response_model=Ticket, max_tokens=200)
    run = batch.run(name=order.get("name", "crash"), wait=True)
    found = [[r.status, r.parsed_response and r.parsed_response.sentiment, r.error] for r in run]
    summary = run.summary()
    answer = {"results": found, "state": summary["state"], "money": summary["money"], "run_id": run.run_id}
    Path(order["out"]).write_text(json.dumps(answer), encoding="utf-8")


def main() -> None:
    """Fork a child for each order, and say how each ended when asked."""
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer: Any = os.waitpid(order["wait"], 0)[1]
        else:
            answer = os.fork()
            if not answer:
                code = 1
                try:
                    live(order)
                    code = 0
                except BaseException:  # noqa: BLE001 — written down, and told by the exit code
                    Path(order["folder"], "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
                finally:
                    os._exit(code)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
