"""An OpenAI-compatible server with files and batches, on loopback, for tests; each refuses something in its own manner.

Batches end when they are first asked for. A row is answered as `CompatibleServer` answers in real time, and what is
answered is billed: `billed` counts that by the words of the question.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from .compatible import CompatibleServer


class BatchServer(CompatibleServer):
    """The server.

    Args:
        create: Status with which a batch whose `endpoint` is not in chat is refused; 0 takes it, and then each row is
            refused with `row`, or the whole batch in validation.
        row: Status of each row that is not in chat.
        validates: Whether such a batch is accepted and fails in validation.
        words: What such a refusal says.
        refuses: Rows whose question holds this are refused for their response format.
        holds: From this batch on, counted from 1, batches do not end while it is set.
        options: As `CompatibleServer` takes them.
    """

    def __init__(
        self,
        *,
        create: int = 400,
        row: int = 400,
        validates: bool = False,
        words: str = "Invalid endpoint: /v1/responses. Supported values: /v1/chat/completions.",
        refuses: str | None = None,
        holds: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**{"json_schema": 200, "responses": 400, **options})
        self.create, self.row, self.validates, self.words = create, row, validates, words
        self.refuses, self.holds = refuses, holds
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.billed: Counter[str] = Counter()

    @property
    def endpoints(self) -> list[str]:
        """The path that each batch asked for, whether it was taken or not."""
        return [body["endpoint"] for body in self.sent("POST /v1/batches")]

    def asked(self, batch: int) -> list[dict[str, Any]]:
        """The bodies of the rows of a batch that was taken."""
        taken = list(self.batches.values())[batch]
        return [json.loads(line)["body"] for line in self.files[taken["input_file_id"]].splitlines()]

    def reply(self, line: str, key: str | None, body: Any) -> tuple[int, Any]:
        """Answer one request."""
        verb, path = line.split(" ", 1)
        name = path.rsplit("/", 1)[-1]
        if line == "POST /v1/files":
            self.files[f"file-{len(self.files)}"] = content_of(body)
            return 200, {"id": f"file-{len(self.files) - 1}", "object": "file", "purpose": "batch"}
        if line == "POST /v1/batches":
            return self._make(body)
        if line == "GET /v1/batches":
            return 200, {"object": "list", "data": list(self.batches.values()), "has_more": False}
        if path.endswith("/cancel"):
            return 200, self.batches[path.split("/")[3]]
        if verb == "GET" and name in self.batches:
            return 200, self._ended(self.batches[name])
        if verb == "GET" and path.startswith("/v1/files/"):
            return 200, self.files[path.split("/")[3]]
        return super().reply(line, key, body)

    def _make(self, body: Any) -> tuple[int, Any]:
        wrong = body["endpoint"] != "/v1/chat/completions"
        if wrong and self.create:
            return self.create, {"error": {"message": self.words, "type": "invalid_request_error", "code": None}}
        made = {"id": f"batch-{len(self.batches)}", "object": "batch", "status": "in_progress", "created_at": 0, **body}
        self.batches[made["id"]] = made
        return 200, made

    def _ended(self, batch: dict[str, Any]) -> dict[str, Any]:
        number = int(batch["id"].rpartition("-")[2]) + 1
        if batch["status"] != "in_progress" or (self.holds is not None and number >= self.holds):
            return batch
        if self.validates and batch["endpoint"] != "/v1/chat/completions":
            fault = {"code": "invalid_value", "message": self.words, "line": 1}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [fault]}}
            return batch
        done = [self._answer(json.loads(line)) for line in self.files[batch["input_file_id"]].splitlines()]
        self.files[f"out-{batch['id']}"] = b"".join(json.dumps(line).encode() + b"\n" for line in done)
        batch |= {"status": "completed", "output_file_id": f"out-{batch['id']}"}
        return batch

    def _answer(self, row: Any) -> dict[str, Any]:
        if row["url"] != "/v1/chat/completions":
            status, body = self.row, {"error": {"message": self.words, "type": "invalid_request_error", "code": None}}
        elif self.refuses and self.refuses in row["body"]["messages"][-1]["content"]:
            status, body = 400, {"error": {"message": "response_format is not supported", "code": None}}
        else:
            status, body = self._chat(row["body"])
        if status == 200:
            self.billed[row["body"]["messages"][-1]["content"].split()[0]] += 1
        response = {"status_code": status, "request_id": "r", "body": body}
        return {"id": "l", "custom_id": row["custom_id"], "response": response, "error": None}


def content_of(form: bytes) -> bytes:
    """The content of the file in a multipart form."""
    boundary = form.split(b"\r\n", 1)[0]
    for part in form.split(boundary):
        head, _, rest = part.partition(b"\r\n\r\n")
        if re.search(rb'name="file"', head):
            return rest.removesuffix(b"\r\n")
    raise AssertionError("no file in the form")
