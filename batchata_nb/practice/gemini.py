"""Gemini's protocol (Developer API, `v1` and `v1beta`): files, batches, generateContent, countTokens, models."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from . import gemini_rules as rules
from .answer import input_tokens
from .ask import Ask
from .gemini_files import GeminiFiles
from .gemini_intake import from_file, from_inline
from .gemini_shapes import page, response_shape
from .http import ApiError, Request, Response, json_response
from .records import BatchRecord, RowRecord
from .service import Bench, JsonObject, Service, iso, load, new_id, rejected

STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
GRPC = {"INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8, "INTERNAL": 13,
        "UNAVAILABLE": 14}  # fmt: skip
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"
_RESULT = "files/batch-"


class Gemini(Service):
    """The paths under `/gemini`."""

    name = "gemini"
    models = re.compile(r"gemini-[a-z0-9.-]+")

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.files = GeminiFiles(self)
        v, model = r"/v1(?:beta)?", r"/v1(?:beta)?/models/([^/:]+)"
        self.routes = [
            ("GET", v + r"/(files/[^/:]+):download", "files.content", self.download),
            ("POST", model + ":batchGenerateContent", "batches.create", self.create),
            ("GET", v + r"/batches", "batches.list", self.list),
            ("GET", v + r"/(batches/[^/:]+)", "batches.retrieve", self.get),
            ("POST", v + r"/(batches/[^/:]+):cancel", "batches.cancel", self.cancel),
            ("DELETE", v + r"/(batches/[^/:]+)", "batches.delete", self.delete),
            ("POST", model + ":generateContent", "live", self.live),
            ("POST", model + ":countTokens", "count", self.count),
            *self.files.routes,
        ]

    def refusal(self, error: ApiError) -> Response:
        """Return `{"error": {"code", "message", "status", "details"}}`; a wait is told in RetryInfo, in no header."""
        details = list(error.details or [])
        wait = error.headers.get("retry-after")
        if wait is not None:
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"})
        word = error.kind if error.kind.isupper() else STATUSES.get(error.status, "INTERNAL")
        inner: JsonObject = {"code": error.status, "message": error.message, "status": word}
        if details:
            inner["details"] = details
        return json_response({"error": inner}, error.status)

    def authorise(self, request: Request) -> None:
        """The key in `x-goog-api-key` or `?key=`; the second request of an upload bears none."""
        if request.query.get("upload_id") in self.files.uploads:
            return
        key = request.headers.get("x-goog-api-key") or request.query.get("key")
        if not key:
            raise ApiError(401, "UNAUTHENTICATED", "Request is missing required authentication credential.")
        if key not in self.bench.keys:
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com"}  # fmt: skip
            raise rules.bad("API key not valid. Please pass a valid API key.", [info])

    def parse(self, body: Any, context: Any = None) -> Ask:
        """Check a request for the model `context`."""
        return rules.parse(str(context), body, limits=self.bench.limits, file=self._attached)

    def row_error(self, error: ApiError) -> JsonObject:
        """Return the gRPC error of a refused row."""
        return {"code": GRPC.get(error.kind, 3), "message": error.message}

    def failure(self, mark: str) -> JsonObject:
        """Return the error of a marked row."""
        if mark == "error":
            return {"code": 13, "message": "Internal error encountered."}
        return {"code": 3, "message": "practice: this row is refused"}

    def billed(self, batch: BatchRecord, row: RowRecord, done: int) -> bool:
        """An expired job has no results and costs nothing."""
        return batch.fate != "expired" and super().billed(batch, row, done)

    def _attached(self, name: str) -> tuple[bytes, str]:
        record = self.files.file(name)
        if not self.files.active(record):
            raise rules.bad(f"The File {name} is not in an ACTIVE state and usage is not allowed.")
        return self.content(record), record.meta["mimeType"]

    def download(self, request: Request, name: str) -> Response:
        """Stream a result file; uploads cannot be downloaded."""
        if not name.startswith(_RESULT):
            raise rules.bad(f"File {self.files.file(name).id} is not available for download.")
        batch = self.state.batch(self.name, "batches/" + name.removeprefix(_RESULT)[:24])
        if batch is None or not batch.ended(self.bench.clock()) or self._result(batch) != name:
            raise ApiError(404, "NOT_FOUND", "Requested entity was not found.")
        lines = self.write_lines(batch, self._line(batch), ("ok", "error"))
        return Response(body=lines, content_type="application/octet-stream")

    # Batches

    def create(self, request: Request, model: str) -> Response:
        """Take a batch: inline requests are checked now, those in a file by the job."""
        self._need_model(model)
        body = _json(request)
        batch = body.get("batch")
        given = {rules.camel(k): v for k, v in batch.items()} if isinstance(batch, dict) else {}
        config = {rules.camel(k): v for k, v in (given.get("inputConfig") or {}).items()}
        unknown = [*(set(body) - {"batch"}), *(set(given) - {"inputConfig", "displayName", "model", "priority", "name",
                   "webhookConfig"}), *(set(config) - {"requests", "fileName"})]  # fmt: skip
        if unknown:
            raise rules.bad(f'Invalid JSON payload received. Unknown name "{unknown[0]}": no such field.')
        if len(self.open_batches()) >= self.bench.limits.gemini_open_batches:
            raise ApiError(429, "RESOURCE_EXHAUSTED", "Too many concurrent batch jobs.")
        fate = self.fate()
        if fate == "token-limit":
            raise ApiError(429, "RESOURCE_EXHAUSTED", "Enqueued token limit reached.", headers={"retry-after": "1"})
        record = BatchRecord(
            new_id("batches/"), self.name, self.bench.clock(), self.bench.seconds, 0, None, fate,
            {"model": model, "displayName": given.get("displayName") or "", "createTime": iso(self.bench.clock())},
        )  # fmt: skip
        inline = config.get("requests") or {}
        if "fileName" in config:
            record, rows = from_file(self, record, str(config["fileName"]))
        elif isinstance(inline, dict) and inline.get("requests"):
            if request.size > self.bench.limits.gemini_inline_bytes:
                raise rules.bad("Request payload size exceeds the limit: 20971520 bytes.")
            record, rows = from_inline(self, record, inline["requests"])
        else:
            raise rules.bad("* BatchGenerateContentRequest.batch.input_config: requests or file_name is required")
        return json_response(self._shape(self.state.add_batch(record, rows)))

    def _state(self, batch: BatchRecord) -> str:
        now = self.bench.clock()
        if not batch.ended(now):
            return "CANCELLING" if batch.cancelled is not None else "RUNNING" if batch.started(now) else "PENDING"
        if batch.cancelled is not None:
            return "CANCELLED"
        return "FAILED" if rejected(batch) else "EXPIRED" if batch.fate == "expired" else "SUCCEEDED"

    def _result(self, batch: BatchRecord) -> str | None:
        if rejected(batch) or batch.meta.get("inline") or batch.fate == "expired":
            return None
        tail = batch.id.removeprefix("batches/")
        return f"{_RESULT}{tail}-{hashlib.sha256(tail.encode()).hexdigest()[:16]}"

    def _shape(self, batch: BatchRecord, *, whole: bool = True) -> JsonObject:
        now = self.bench.clock()
        word, ended = self._state(batch), batch.ended(now)
        good, bad = (0, 0) if rejected(batch) else self.tally(batch)
        stats = {"requestCount": batch.total, "successfulRequestCount": good, "failedRequestCount": bad,
                 "pendingRequestCount": 0 if ended else batch.total - good - bad}  # fmt: skip
        metadata: JsonObject = {
            "@type": _TYPE, "model": f"models/{batch.meta['model']}", "displayName": batch.meta["displayName"],
            "state": f"BATCH_STATE_{word}", "createTime": iso(batch.created), "updateTime": iso(min(now, batch.ends)),
            "batchStats": {name: str(count) for name, count in stats.items() if count}, "name": batch.id,
        }  # fmt: skip
        if "fileName" in batch.meta:
            metadata["inputConfig"] = {"fileName": batch.meta["fileName"]}
        value: JsonObject = {"name": batch.id, "metadata": metadata}
        if ended:
            value["done"] = True
            metadata["endTime"] = iso(batch.ends)
            if word == "FAILED":
                value["error"] = batch.meta.get("errors") or {"code": 13, "message": "The batch failed."}
            elif word in ("SUCCEEDED", "CANCELLED"):
                output = self._output(batch, whole)
                metadata["output"] = output
                value["response"] = {"@type": _TYPE + "Output", **output}
        return value

    def _output(self, batch: BatchRecord, whole: bool) -> JsonObject:
        if not batch.meta.get("inline"):
            return {"responsesFile": self._result(batch)}
        if not whole:
            return {}
        lines = self.write_lines(batch, self._line(batch), ("ok", "error"), mixed=False)
        parts = [part for line in lines for part in line.split(b"\n") if part.endswith(b"}")]
        return {"inlinedResponses": {"inlinedResponses": [json.loads(part) for part in parts]}}

    def _batch(self, name: str) -> BatchRecord:
        return self.need_batch(name, "Requested entity was not found.")

    def get(self, request: Request, name: str) -> Response:
        """Return one job, with inlined responses if it has such."""
        return json_response(self._shape(self._batch(name)))

    def list(self, request: Request) -> Response:
        """Return a page of jobs, without inlined responses."""
        batches = self.state.batches(self.name)
        return json_response(page("operations", batches, request, lambda b: self._shape(b, whole=False)))

    def cancel(self, request: Request, name: str) -> Response:
        """Begin to cancel."""
        batch = self._batch(name)
        if batch.ended(self.bench.clock()) and batch.cancelled is None:
            raise rules.bad(f"Batch {name} is already in a terminal state.")
        self.state.cancel(name, self.bench.clock())
        return json_response({})

    def delete(self, request: Request, name: str) -> Response:
        """Take a job off the list; it is not cancelled."""
        self.state.delete("batch", self._batch(name).id)
        return json_response({})

    def _line(self, batch: BatchRecord) -> Callable[[RowRecord, Any], JsonObject]:
        done, model = batch.done(self.bench.clock()), batch.meta["model"]

        def line(row: RowRecord, item: JsonObject) -> JsonObject:
            head = {"metadata": item["metadata"]} if "metadata" in item else {"key": row.row_id}
            if self.final(batch, row, done) == "error":
                return {**head, "error": row.detail or self.failure("error")}
            ask = self.parse(item["request"], model)
            return {**head, "response": response_shape(ask, self.answer(ask, row.mark), row.digest)}

        return line

    def renamed(self, line: JsonObject) -> JsonObject:
        """Return a result line under a key that was never sent."""
        return {**line, "metadata": {"key": "never-sent-0"}} if "metadata" in line else super().renamed(line)

    # Real time

    def live(self, request: Request, model: str) -> Response:
        """Answer one request now."""
        body, ask = self._ask(request, model)
        digest = self.digest(body)
        mark = self.mark(ask, new_id("live/"))
        if mark in ("error", "bad-request"):
            self.state.add_live(self.name, self.bench.clock(), digest, False)
            raise ApiError(500 if mark == "error" else 400, "INTERNAL" if mark == "error" else "INVALID_ARGUMENT",
                           self.failure(mark)["message"])  # fmt: skip
        value = response_shape(ask, self.answer(ask, mark), digest)
        self.state.add_live(self.name, self.bench.clock(), digest, True)
        return json_response(value)

    def _ask(self, request: Request, model: str) -> tuple[Any, Ask]:
        self._need_model(model)
        body = _json(request)
        if request.size > self.bench.limits.gemini_inline_bytes * 5:
            raise rules.bad("Request payload size exceeds the limit: 104857600 bytes.")
        return body, self.parse(body, model)

    def _need_model(self, model: str) -> None:
        if not self.known(model):
            raise ApiError(404, "NOT_FOUND", f"models/{model} is not found for API version v1.")

    def count(self, request: Request, model: str) -> Response:
        """Count input tokens; `generateContentRequest` counts a whole request."""
        body = _json(request)
        inner = body.get("generateContentRequest")
        if inner is None and set(body) - {"contents", "model"}:
            raise rules.bad(f'Invalid JSON payload received. Unknown name "{sorted(body)[0]}": no such field.')
        self._need_model(model)
        ask = self.parse(inner or body, model)
        total = input_tokens(ask)
        return json_response({"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]})


def _json(request: Request) -> Any:
    try:
        body = load(request.bytes())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise rules.bad("Invalid JSON payload received.")
    return body
