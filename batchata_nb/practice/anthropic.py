"""Anthropic's protocol: Message Batches, Messages, token counting, Files, Models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from . import anthropic_rules as rules
from .answer import input_tokens
from .anthropic_cache import with_cache
from .anthropic_files import AnthropicFiles
from .anthropic_intake import checked_requests
from .anthropic_shapes import message_shape, page
from .ask import Ask
from .http import ApiError, Request, Response, json_response
from .records import BatchRecord, RowRecord
from .service import Bench, JsonObject, Service, iso, load, new_id

DAY = 86_400
KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
    500: "api_error", 503: "api_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip


class Anthropic(Service):
    """The paths under `/anthropic`."""

    name = "anthropic"
    models = re.compile(r"claude-[a-z0-9.@-]+")

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        batch = r"/v1/messages/batches/([^/]+)"
        self.routes = [
            ("POST", r"/v1/messages/batches", "batches.create", self.create),
            ("GET", r"/v1/messages/batches", "batches.list", self.list),
            ("GET", batch, "batches.retrieve", self.retrieve),
            ("POST", batch + "/cancel", "batches.cancel", self.cancel),
            ("DELETE", batch, "batches.delete", self.delete),
            ("GET", batch + "/results", "batches.results", self.results_file),
            ("POST", r"/v1/messages", "live", self.live),
            ("POST", r"/v1/messages/count_tokens", "count", self.count),
            *AnthropicFiles(self).routes,
        ]

    def refusal(self, error: ApiError) -> Response:
        """Return `{"type": "error", "error": {...}, "request_id"}`."""
        request_id = new_id("req_")
        kind = error.kind if error.kind in KINDS.values() else KINDS.get(error.status, "api_error")
        inner: JsonObject = {"type": kind, "message": error.message}
        if error.kind != kind or error.details:
            inner["details"] = error.details or {"error_code": error.kind}
        headers = {"request-id": request_id, **error.headers}
        return json_response({"type": "error", "error": inner, "request_id": request_id}, error.status, headers)

    def authorise(self, request: Request) -> None:
        """The key as a bearer token or in `x-api-key`; the version header must be there."""
        bearer = request.headers.get("Authorization") or ""
        key = bearer.removeprefix("Bearer ") if bearer else request.headers.get("x-api-key") or ""
        if key not in self.bench.keys:
            raise ApiError(401, "authentication_error", "invalid x-api-key" if key else "x-api-key header is required")
        version = request.headers.get("anthropic-version")
        if version not in (rules.NEW_VERSION, rules.OLD_VERSION):
            what = "is required" if version is None else f'"{version}" is not a valid version'
            raise rules.bad(f"anthropic-version: header {what}")

    def parse(self, body: Any, context: Any = None) -> Ask:
        """Check message parameters; `context` is the API version, prefixed with `count:` for counting."""
        version = str(context or rules.NEW_VERSION)
        counting = version.startswith("count:")
        return rules.parse(
            body, known=self.known, version=version.removeprefix("count:"), limits=self.bench.limits,
            file=None if counting else self._uploaded, counting=counting,
        )  # fmt: skip

    def _uploaded(self, file_id: str) -> tuple[bytes, str, str]:
        record = self.state.file(self.name, file_id)
        if record is None:
            raise rules.bad(f"File not found: {file_id}")
        if record.expires is not None and record.expires <= self.bench.clock():
            raise ApiError(400, "file_expired", f"File {file_id} has expired")
        return self.content(record), record.meta["media_type"], record.meta["name"]

    def failure(self, mark: str) -> JsonObject:
        """Return the error of a marked row."""
        if mark == "error":
            return {"status": 500, "kind": "api_error", "message": "Internal server error", "param": None}
        return {
            "status": 400,
            "kind": "invalid_request_error",
            "message": "practice: this row is refused",
            "param": None,
        }

    # Batches

    def create(self, request: Request) -> Response:
        """Take a batch: shape and ids are checked now, the rows only count as errors later."""
        limits = self.bench.limits
        if request.size > limits.anthropic_bytes:
            raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
        queued = sum(batch.total for batch in self.open_batches())
        batch_id = new_id("msgbatch_01")
        version = request.headers["anthropic-version"]
        path = self.state.new_blob()
        judged: list[RowRecord] = []
        try:
            with path.open("wb") as out:
                for index, item in enumerate(checked_requests(request)):
                    line = json.dumps(item["params"]).encode() + b"\n"
                    span = (out.tell(), len(line))
                    out.write(line)
                    judged.append(self.judge(index, item["custom_id"], span, item["params"], batch_id, version))
            if not judged:
                raise rules.bad("requests: List should have at least 1 item after validation, not 0")
            if len(judged) > limits.anthropic_rows:
                raise ApiError(413, "request_too_large", f"A batch may hold at most {limits.anthropic_rows} requests")
            if queued + len(judged) > limits.anthropic_queued_rows:
                raise ApiError(429, "rate_limit_error", "Number of queued batch requests exceeds your limit",
                               headers={"retry-after": "1"})  # fmt: skip
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        fate = self.fate()  # there is no failed batch here: every row of it fails
        fate = "rows-failed" if fate in ("failed", "token-limit") else fate
        record = BatchRecord(
            batch_id, self.name, self.bench.clock(), self.bench.seconds, 0, None, fate, {"version": version}, path.name
        )
        return json_response(self._shape(self.state.add_batch(record, judged), request))

    def judge(self, idx: int, row_id: str, span: tuple[int, int], body: Any, batch_id: str, context: Any) -> RowRecord:
        """Judge a row; a batch refuses `stream` too."""
        if body.get("stream"):
            error = rules.bad("stream: streaming is not supported in batches")
            return RowRecord(idx, row_id, *span, self.digest(body), "error", "", self.row_error(error))
        return super().judge(idx, row_id, span, body, batch_id, context)

    def _shape(self, batch: BatchRecord, request: Request) -> JsonObject:
        now = self.bench.clock()
        ended = batch.ended(now)
        good, bad = self.tally(batch) if ended else (0, 0)
        rest = batch.total - good - bad
        expired = self._expired(batch) if ended else 0
        status = "ended" if ended else "canceling" if batch.cancelled is not None else "in_progress"
        counts = {
            "processing": 0 if ended else batch.total,
            "succeeded": good,
            "errored": bad - expired,
            "canceled": rest if ended and batch.cancelled is not None else 0,
            "expired": expired + (rest if ended and batch.cancelled is None else 0),
        }
        url = f"{request.base}/anthropic/v1/messages/batches/{batch.id}/results"
        return {
            "id": batch.id, "type": "message_batch", "processing_status": status, "request_counts": counts,
            "created_at": iso(batch.created), "expires_at": iso(batch.created + DAY),
            "ended_at": iso(batch.ends) if ended else None, "cancel_initiated_at": iso(batch.cancelled),
            "archived_at": None, "results_url": url if ended else None,
        }  # fmt: skip

    def _expired(self, batch: BatchRecord) -> int:
        done = batch.done(self.bench.clock())
        if batch.fate == "rows-failed" or not self.state.exists(batch.id, ("expired",), done):
            return 0
        return sum(row.verdict == "expired" and row.idx < done for row in self.state.rows(batch.id))

    def _batch(self, batch_id: str) -> BatchRecord:
        return self.need_batch(batch_id, f"Message Batch {batch_id} not found.")

    def retrieve(self, request: Request, batch_id: str) -> Response:
        """Return one batch."""
        return json_response(self._shape(self._batch(batch_id), request))

    def list(self, request: Request) -> Response:
        """Return a page of batches, newest first."""
        return json_response(page(self.state.batches(self.name), request, lambda b: self._shape(b, request)))

    def cancel(self, request: Request, batch_id: str) -> Response:
        """Begin to cancel; what has finished is kept."""
        batch = self._batch(batch_id)
        if batch.ended(self.bench.clock()) and batch.cancelled is None:
            raise rules.bad(f"Batch {batch_id} cannot be canceled because it has already ended.")
        self.state.cancel(batch_id, self.bench.clock())
        return json_response(self._shape(self._batch(batch_id), request))

    def delete(self, request: Request, batch_id: str) -> Response:
        """Delete an ended batch."""
        if not self._batch(batch_id).ended(self.bench.clock()):
            raise rules.bad(f"Batch {batch_id} cannot be deleted while it is in progress; cancel it first.")
        self.state.delete("batch", batch_id)
        return json_response({"id": batch_id, "type": "message_batch_deleted"})

    def results_file(self, request: Request, batch_id: str) -> Response:
        """Stream the results of an ended batch."""
        batch = self._batch(batch_id)
        if not batch.ended(self.bench.clock()):
            raise ApiError(404, "not_found_error", f"Message Batch {batch_id} has no available results.")
        lines = self.write_lines(batch, self._line(batch), ("ok", "error", "expired", "cancelled"))
        return Response(body=lines, content_type="application/x-jsonl")

    def _line(self, batch: BatchRecord) -> Callable[[RowRecord, Any], JsonObject]:
        done = batch.done(self.bench.clock())

        def line(row: RowRecord, body: Any) -> JsonObject:
            state = self.final(batch, row, done)
            result: JsonObject
            if state == "ok":
                ask = self.parse(body, batch.meta.get("version"))
                reply = with_cache(
                    self.state, ask, self.answer(ask, row.mark), body, f"{batch.id}/{row.idx}", batch.created
                )
                result = {"type": "succeeded", "message": message_shape(ask, reply, "batch")}
            elif state == "error":
                detail = row.detail or self.failure("error")
                inner = {"type": KINDS.get(detail["status"], "api_error"), "message": detail["message"]}
                result = {
                    "type": "errored",
                    "error": {"type": "error", "error": inner, "request_id": f"req_{row.digest[:16]}"},
                }
            else:
                result = {"type": "canceled" if state == "cancelled" else "expired"}
            return {"custom_id": row.row_id, "result": result}

        return line

    # Messages

    def live(self, request: Request) -> Response:
        """Answer one message now."""
        if request.size > self.bench.limits.anthropic_live_bytes:
            raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
        body = _json(request)
        ask = self.parse(body, request.headers["anthropic-version"])
        if body.get("stream"):
            raise rules.bad("stream: the practice provider does not stream messages")
        digest = self.digest(body)
        mark = self.mark(ask, new_id("live/"))
        if mark in ("error", "bad-request"):
            self.state.add_live(self.name, self.bench.clock(), digest, False)
            detail = self.failure(mark)
            raise ApiError(detail["status"], detail["kind"], detail["message"])
        reply = with_cache(self.state, ask, self.answer(ask, mark), body, new_id("live/"), self.bench.clock())
        message = message_shape(ask, reply, "standard")
        self.state.add_live(self.name, self.bench.clock(), digest, True)
        return json_response(message, headers={"request-id": new_id("req_")})

    def count(self, request: Request) -> Response:
        """Count input tokens as a message with the same content would."""
        body = _json(request)
        if not isinstance(body, dict) or "max_tokens" in body:
            raise rules.bad("max_tokens: Extra inputs are not permitted")
        ask = self.parse(body, "count:" + request.headers["anthropic-version"])
        return json_response({"input_tokens": input_tokens(ask)})


def _json(request: Request) -> Any:
    try:
        return load(request.bytes())
    except ValueError:
        raise rules.bad("The request body is not valid JSON") from None
