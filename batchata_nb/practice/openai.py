"""OpenAI's protocol: Files, Batches, Responses, Chat Completions, token counting, Models."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import openai_rules as rules
from .answer import input_tokens
from .ask import Ask
from .http import ApiError, Request, Response, json_response
from .openai_files import OpenAIFiles
from .openai_shapes import answer_shape, batch_shape, page
from .openai_validation import Validation, over_quota
from .records import BatchRecord, FileRecord, RowRecord
from .service import Bench, JsonObject, Service, load, new_id, rejected

DAY = 86_400
KINDS = {401: "invalid_request_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}
CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded", 500: "server_error", 503: "server_error"}


class OpenAI(Service):
    """The paths under `/openai`."""

    name = "openai"
    models = re.compile(r"(?:gpt-|o\d|chatgpt-|ft:gpt-|codex-)[a-z0-9.:_-]*")

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.parser = rules.Parser(self.known, bench.limits, self._attached)
        self.routes = [
            ("POST", r"/v1/batches", "batches.create", self.create),
            ("GET", r"/v1/batches", "batches.list", self.list),
            ("GET", r"/v1/batches/([^/]+)", "batches.retrieve", self.retrieve),
            ("POST", r"/v1/batches/([^/]+)/cancel", "batches.cancel", self.cancel),
            ("POST", r"/v1/responses", "live", self.live),
            ("POST", r"/v1/chat/completions", "live", self.live),
            ("POST", r"/v1/responses/input_tokens", "count", self.count),
            *OpenAIFiles(self).routes,
        ]

    def refusal(self, error: ApiError) -> Response:
        """Return an error with its request id in a header."""
        headers = {"x-request-id": new_id("req_"), **error.headers}
        return json_response(self.error_body(error), error.status, headers)

    def error_body(self, error: ApiError) -> JsonObject:
        """Return `{"error": {"message", "type", "param", "code"}}`."""
        code = error.kind if error.kind and not error.kind.isdigit() else CODES.get(error.status)
        kind = KINDS.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
        return {"error": {"message": error.message, "type": code if code == "insufficient_quota" else kind,
                          "param": error.param, "code": code}}  # fmt: skip

    def authorise(self, request: Request) -> None:
        """The key as a bearer token."""
        key = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if key not in self.bench.keys:
            shown = f"{key[:3]}***{key[-2:]}" if key else ""
            message = f"Incorrect API key provided: {shown}." if key else "You didn't provide an API key."
            raise ApiError(401, "invalid_api_key", message)

    def parse(self, body: Any, context: Any = None) -> Ask:
        """Check a body for the endpoint `context`."""
        return self.parser.parse(str(context or rules.RESPONSES), body)

    def failure(self, mark: str) -> JsonObject:
        """Return the error of a marked row."""
        if mark == "error":
            message = "The server had an error while processing your request."
            return {"status": 500, "kind": "server_error", "message": message, "param": None}
        return {"status": 400, "kind": "invalid_value", "message": "practice: this row is refused", "param": None}

    def _attached(self, file_id: str) -> tuple[bytes, str]:
        record = self.state.file(self.name, file_id)
        if record is None or self.expired(record):
            message = f"Cannot find file with id {file_id}, or you do not have access to it."
            raise rules.bad(message, "file_not_found", "file_id")
        return self.content(record), record.meta["name"]

    def expired(self, record: FileRecord) -> bool:
        """Whether a file has outlived its time."""
        return record.expires is not None and record.expires <= self.bench.clock()

    # Batches

    def create(self, request: Request) -> Response:
        """Take a batch; its file is validated while the batch is `validating`."""
        body = _json(request)
        if body.get("endpoint") not in (rules.RESPONSES, rules.CHAT):
            raise rules.bad(f"Invalid value: '{body.get('endpoint')}'.", "invalid_value", "endpoint")
        if body.get("completion_window") != "24h":
            raise rules.bad("Invalid value for 'completion_window'. Supported values are: '24h'.", "invalid_value",
                            "completion_window")  # fmt: skip
        if extra := sorted(
            set(body) - {"endpoint", "completion_window", "input_file_id", "metadata", "output_expires_after"}
        ):
            raise rules.bad(f"Unknown parameter: '{extra[0]}'.", "unknown_parameter", extra[0])
        _check_metadata(body.get("metadata"))
        record = self.state.file(self.name, str(body.get("input_file_id")))
        if record is None or self.expired(record):
            message = f"Cannot find file {body.get('input_file_id')} or organization does not have access to it."
            raise rules.bad(message, "file_not_found", "input_file_id")
        if record.meta["purpose"] != "batch":
            raise rules.bad("Input file must have purpose 'batch'.", "invalid_value", "input_file_id")
        batch_id = new_id("batch_")
        judged, errors, model = Validation(self, batch_id, body["endpoint"]).read(record)
        fate = self.fate()
        if fate == "token-limit":
            errors = [over_quota(model)]
        meta = {
            **{k: body.get(k) for k in ("endpoint", "input_file_id", "metadata", "output_expires_after")},
            "model": model,
        }
        meta["errors"] = errors
        batch = BatchRecord(
            batch_id, self.name, self.bench.clock(), self.bench.seconds, 0, None, fate, meta, record.meta["blob"]
        )
        return json_response(self._shape(self.state.add_batch(batch, [] if errors else judged)))

    def enqueued(self) -> int:
        """Return the prompt tokens of the batches that have not ended, roughly."""
        return sum(self.state.blob(batch.source).stat().st_size // 4 for batch in self.open_batches())

    def result_ids(self, batch: BatchRecord) -> tuple[str | None, str | None]:
        """Return the ids of the output and the error file; None for one that would be empty."""
        if not batch.ended(self.bench.clock()) or rejected(batch):
            return None, None
        good, bad = self.tally(batch)
        rest = batch.total - good - bad
        tail = batch.id.removeprefix("batch_")
        return f"file-output-{tail}" if good else None, f"file-errors-{tail}" if bad or rest else None

    def _shape(self, batch: BatchRecord) -> JsonObject:
        return batch_shape(batch, self.bench.clock(), self.tally(batch), self.result_ids(batch))

    def _batch(self, batch_id: str) -> BatchRecord:
        return self.need_batch(batch_id, f"No batch found with id '{batch_id}'.")

    def retrieve(self, request: Request, batch_id: str) -> Response:
        """Return one batch."""
        return json_response(self._shape(self._batch(batch_id)))

    def list(self, request: Request) -> Response:
        """Return a page of batches, newest first."""
        return json_response(page(self.state.batches(self.name), request, self._shape, 100))

    def cancel(self, request: Request, batch_id: str) -> Response:
        """Begin to cancel; what has finished is kept."""
        batch = self._batch(batch_id)
        status = self._shape(batch)["status"]
        if status in ("completed", "failed", "expired", "cancelled"):
            raise ApiError(409, "invalid_batch_status", f"Cannot cancel a batch with status '{status}'.")
        self.state.cancel(batch_id, self.bench.clock())
        return json_response(self._shape(self._batch(batch_id)))

    def line(self, batch: BatchRecord) -> Callable[[RowRecord, Any], JsonObject]:
        """Return what makes the result line of a row."""
        done, endpoint = batch.done(self.bench.clock()), batch.meta["endpoint"]

        def line(row: RowRecord, item: Any) -> JsonObject:
            state = self.final(batch, row, done)
            value: JsonObject = {"id": f"batch_req_{row.digest[:12]}{row.idx}", "custom_id": row.row_id}
            if state in ("ok", "error"):
                body = self._answer(endpoint, item["body"], row, batch) if state == "ok" else self._row_error(row)
                status = 200 if state == "ok" else (row.detail or self.failure("error"))["status"]
                response = {"status_code": status, "request_id": f"req_{row.digest}", "body": body}
                return {**value, "response": response, "error": None}
            code = f"batch_{state}"
            why = "before the completion window expired" if state == "expired" else "because the batch was cancelled"
            message = f"This request could not be executed {why}."
            return {**value, "response": None, "error": {"code": code, "message": message}}

        return line

    def _answer(self, endpoint: str, body: JsonObject, row: RowRecord, batch: BatchRecord) -> JsonObject:
        ask = self.parse(body, endpoint)
        return answer_shape(endpoint, ask, self.answer(ask, row.mark), int(batch.ends), row.digest)

    def _row_error(self, row: RowRecord) -> JsonObject:
        detail = row.detail or self.failure("error")
        return self.error_body(ApiError(detail["status"], detail["kind"], detail["message"], param=detail["param"]))

    # Real time

    def live(self, request: Request) -> Response:
        """Answer one request now."""
        body = _json(request)
        endpoint = request.path.removeprefix("/openai")
        ask = self.parse(body, endpoint)
        if body.get("stream"):
            raise rules.bad("The practice provider does not stream.", "unsupported_value", "stream")
        digest = self.digest(body)
        mark = self.mark(ask, new_id("live/"))
        if mark in ("error", "bad-request"):
            self.state.add_live(self.name, self.bench.clock(), digest, False)
            detail = self.failure(mark)
            raise ApiError(detail["status"], detail["kind"], detail["message"])
        value = answer_shape(endpoint, ask, self.answer(ask, mark), int(self.bench.clock()), digest)
        self.state.add_live(self.name, self.bench.clock(), digest, True)
        return json_response(value, headers={"x-request-id": new_id("req_")})

    def count(self, request: Request) -> Response:
        """Count input tokens as a response with the same input would."""
        ask = self.parse(_json(request), rules.RESPONSES)
        return json_response({"object": "response.input_tokens", "input_tokens": input_tokens(ask)})


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or len(metadata) > 16:
        raise rules.bad("Invalid 'metadata': at most 16 pairs.", "invalid_value", "metadata")
    for key, value in metadata.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            raise rules.bad(f"Invalid 'metadata.{key[:64]}'.", "invalid_value", "metadata")


def _json(request: Request) -> Any:
    try:
        body = load(request.bytes())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise rules.bad("We could not parse the JSON body of your request.", None)
    return body
