"""OpenAI's protocol: Files, Batches, Responses, Chat Completions, token counting, Models."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from . import openai_rules as rules
from .answer import input_tokens
from .ask import Ask
from .forms import form_data
from .http import ApiError, Request, Response, json_response
from .openai_shapes import answer_shape, batch_shape, file_shape
from .service import Bench, JsonObject, Service, load, new_id, rejected
from .state import BatchRecord, FileRecord, RowRecord

DAY = 86_400
KINDS = {401: "invalid_request_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}
CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded", 500: "server_error", 503: "server_error"}
PURPOSES = ("batch", "user_data", "assistants", "vision", "fine-tune", "evals")


class OpenAI(Service):
    """The paths under `/openai`."""

    name = "openai"
    models = re.compile(r"(?:gpt-|o\d|chatgpt-|ft:gpt-|codex-|practice-)[a-z0-9.:_-]*")

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.parser = rules.Parser(self.known, bench.limits, self._attached)
        self.routes = [
            ("POST", r"/v1/files", "files.upload", self.upload),
            ("GET", r"/v1/files", "files.list", self.list_files),
            ("GET", r"/v1/files/([^/]+)", "files.retrieve", self.retrieve_file),
            ("GET", r"/v1/files/([^/]+)/content", "files.content", self.file_content),
            ("DELETE", r"/v1/files/([^/]+)", "files.delete", self.delete_file),
            ("POST", r"/v1/batches", "batches.create", self.create),
            ("GET", r"/v1/batches", "batches.list", self.list),
            ("GET", r"/v1/batches/([^/]+)", "batches.retrieve", self.retrieve),
            ("POST", r"/v1/batches/([^/]+)/cancel", "batches.cancel", self.cancel),
            ("POST", r"/v1/responses", "live", self.live),
            ("POST", r"/v1/chat/completions", "live", self.live),
            ("POST", r"/v1/responses/input_tokens", "count", self.count),
            ("GET", r"/v1/models", "models.list", self.list_models),
            ("GET", r"/v1/models/([^/]+)", "models.retrieve", self.retrieve_model),
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
        if record is None or self._expired(record):
            message = f"Cannot find file with id {file_id}, or you do not have access to it."
            raise rules.bad(message, "file_not_found", "file_id")
        return self.content(record), record.meta["name"]

    def _expired(self, record: FileRecord) -> bool:
        return record.expires is not None and record.expires <= self.bench.clock()

    # Files

    def upload(self, request: Request) -> Response:
        """Store a file."""
        fields, uploaded = form_data(request)
        if uploaded is None:
            raise rules.bad("'file' is a required property", "missing_required_parameter", "file")
        if fields.get("purpose") not in PURPOSES:
            raise rules.bad(f"'{fields.get('purpose')}' is not one of {list(PURPOSES)} - 'purpose'", None, "purpose")
        if len(uploaded.data) > self.bench.limits.openai_upload_bytes:
            raise rules.bad("File is too large.", None, "file")
        if not uploaded.data:
            raise rules.bad("File is empty.", None, "file")
        if fields["purpose"] == "batch" and not uploaded.name.endswith(".jsonl"):
            raise rules.bad("Invalid file format for Batch API. Must be .jsonl", "invalid_file_format", "file")
        now = self.bench.clock()
        keep = fields.get("expires_after[seconds]") or (str(30 * DAY) if fields["purpose"] == "batch" else None)
        if keep is not None and not (keep.isdigit() and 3600 <= int(keep) <= 30 * DAY):
            raise rules.bad(
                "'expires_after.seconds' must be between 3600 and 2592000", "invalid_value", "expires_after"
            )
        record = FileRecord(
            new_id("file-"), self.name, now, now + int(keep) if keep else None, len(uploaded.data),
            hashlib.sha256(uploaded.data).hexdigest(),
            {"name": uploaded.name, "purpose": fields["purpose"], "blob": uploaded.store(self.state)},
        )  # fmt: skip
        self.state.add_file(record)
        return json_response(file_shape(record))

    def _file(self, file_id: str) -> FileRecord:
        record = self.state.file(self.name, file_id) or self._result_file(file_id)
        if record is None or self._expired(record):
            raise ApiError(404, "not_found", f"No such File object: {file_id}", param="id")
        return record

    def _result_file(self, file_id: str) -> FileRecord | None:
        """Output and error files are made when they are read; their ids tell the batch."""
        found = re.fullmatch(r"file-(output|errors)-([0-9a-f]+)", file_id)
        batch = self.state.batch(self.name, f"batch_{found[2]}") if found else None
        if found is None or batch is None or file_id not in self._result_ids(batch):
            return None
        name = f"{batch.id}_{'output' if found[1] == 'output' else 'error'}.jsonl"
        keep = (batch.meta.get("output_expires_after") or {}).get("seconds", 30 * DAY)
        return FileRecord(file_id, self.name, batch.ends, batch.ends + keep, -1, "",
                          {"name": name, "purpose": "batch_output", "batch": batch.id, "part": found[1]})  # fmt: skip

    def _result_ids(self, batch: BatchRecord) -> tuple[str | None, str | None]:
        if not batch.ended(self.bench.clock()) or rejected(batch):
            return None, None
        good, bad = self.tally(batch)
        rest = batch.total - good - bad
        tail = batch.id.removeprefix("batch_")
        return f"file-output-{tail}" if good else None, f"file-errors-{tail}" if bad or rest else None

    def _lines(self, record: FileRecord) -> Iterator[bytes]:
        batch = self.need_batch(record.meta["batch"], "No such batch")
        verdicts = ("ok",) if record.meta["part"] == "output" else ("error", "expired", "cancelled")
        return self.write_lines(batch, self._line(batch), verdicts)

    def list_files(self, request: Request) -> Response:
        """Return a page of uploaded files."""
        files = [f for f in self.state.files(self.name) if not self._expired(f)]
        purpose = request.query.get("purpose")
        files = [f for f in files if purpose in (None, f.meta["purpose"])]
        if request.query.get("order") == "asc":
            files.reverse()
        return json_response(_page(files, request, file_shape, 10_000))

    def retrieve_file(self, request: Request, file_id: str) -> Response:
        """Return what is known of a file."""
        record = self._file(file_id)
        size = record.size if record.size >= 0 else sum(map(len, self._lines(record)))
        return json_response({**file_shape(record), "bytes": size})

    def file_content(self, request: Request, file_id: str) -> Response:
        """Stream a file."""
        record = self._file(file_id)
        if record.meta["purpose"] == "user_data":
            raise rules.bad("Not allowed to download files of purpose: user_data", None)
        body = self._lines(record) if record.size < 0 else self.content(record)
        return Response(body=body, content_type="application/octet-stream", headers={"x-request-id": new_id("req_")})

    def delete_file(self, request: Request, file_id: str) -> Response:
        """Delete an uploaded file."""
        record = self._file(file_id)
        if record.size >= 0:
            self.state.delete("file", record.id)
        return json_response({"id": file_id, "object": "file", "deleted": True})

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
        if record is None or self._expired(record):
            message = f"Cannot find file {body.get('input_file_id')} or organization does not have access to it."
            raise rules.bad(message, "file_not_found", "input_file_id")
        if record.meta["purpose"] != "batch":
            raise rules.bad("Input file must have purpose 'batch'.", "invalid_value", "input_file_id")
        batch_id = new_id("batch_")
        judged, errors, model = _Validation(self, batch_id, body["endpoint"]).read(record)
        fate = self.fate()
        if fate == "token-limit":
            errors = [_enqueued(model)]
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

    def _shape(self, batch: BatchRecord) -> JsonObject:
        return batch_shape(batch, self.bench.clock(), self.tally(batch), self._result_ids(batch))

    def _batch(self, batch_id: str) -> BatchRecord:
        return self.need_batch(batch_id, f"No batch found with id '{batch_id}'.")

    def retrieve(self, request: Request, batch_id: str) -> Response:
        """Return one batch."""
        return json_response(self._shape(self._batch(batch_id)))

    def list(self, request: Request) -> Response:
        """Return a page of batches, newest first."""
        return json_response(_page(self.state.batches(self.name), request, self._shape, 100))

    def cancel(self, request: Request, batch_id: str) -> Response:
        """Begin to cancel; what has finished is kept."""
        batch = self._batch(batch_id)
        status = self._shape(batch)["status"]
        if status in ("completed", "failed", "expired", "cancelled"):
            raise ApiError(409, "invalid_batch_status", f"Cannot cancel a batch with status '{status}'.")
        self.state.cancel(batch_id, self.bench.clock())
        return json_response(self._shape(self._batch(batch_id)))

    def _line(self, batch: BatchRecord) -> Any:
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

    def list_models(self, request: Request) -> Response:
        """Return some models; any name of the families is taken."""
        names = ("gpt-6-astra", "gpt-6-sol", "gpt-6.1-sol", "gpt-6-luna")
        return json_response({"object": "list", "data": [_model(name) for name in names]})

    def retrieve_model(self, request: Request, model: str) -> Response:
        """Return one model."""
        if not self.known(model):
            raise ApiError(404, "model_not_found", f"The model '{model}' does not exist", param="model")
        return json_response(_model(model))


class _Validation:
    """Reads an input file as the service does while a batch is `validating`."""

    def __init__(self, service: OpenAI, batch_id: str, endpoint: str) -> None:
        self.service, self.batch_id, self.endpoint = service, batch_id, endpoint
        self.errors: list[JsonObject] = []
        self.ids: set[str] = set()
        self.model: str | None = None

    def read(self, record: FileRecord) -> tuple[list[RowRecord], list[JsonObject], str | None]:
        """Return the rows, the errors (then the batch fails), and the model."""
        limits, at, number = self.service.bench.limits, 0, 0
        judged: list[RowRecord] = []
        if record.size > limits.openai_bytes:
            return (
                [],
                [_problem("file_too_large", f"The batch file is larger than the {limits.openai_bytes} maximum.")],
                None,
            )
        enqueued = self.service.enqueued() + record.size // 4
        with self.service.state.blob(record.meta["blob"]).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                start, at = at, at + len(line)
                if item := self._item(line, number):
                    judged.append(self._judge(len(judged), item, (start, len(line))))
                if len(self.errors) >= 100:
                    break
        if number > limits.openai_rows:
            self.errors.append(_problem("too_many_tasks", f"The batch has more than {limits.openai_rows} requests."))
        if limits.openai_enqueued_tokens is not None and enqueued > limits.openai_enqueued_tokens and not self.errors:
            self.errors.append(_enqueued(self.model, limits.openai_enqueued_tokens))
        return judged, self.errors, self.model

    def _item(self, line: bytes, number: int) -> JsonObject | None:
        try:
            item = load(line)
        except ValueError:
            return self._fail("invalid_json_line", "This line is not parseable as valid JSON.", number)
        if not isinstance(item, dict) or not isinstance(item.get("custom_id"), str):
            return self._fail(
                "missing_required_parameter", "Missing required parameter: 'custom_id'.", number, "custom_id"
            )
        if item["custom_id"] in self.ids:
            return self._fail(
                "duplicate_custom_id", f"The custom_id '{item['custom_id']}' is used twice.", number, "custom_id"
            )
        self.ids.add(item["custom_id"])
        if item.get("method") != "POST":
            return self._fail("invalid_method", "Only 'POST' is supported.", number, "method")
        if item.get("url") != self.endpoint:
            message = f"The URL provided for this request does not match the batch endpoint '{self.endpoint}'."
            return self._fail("invalid_url", message, number, "url")
        body = item.get("body")
        if not isinstance(body, dict) or not isinstance(body.get("model"), str):
            return self._fail(
                "missing_required_parameter", "Missing required parameter: 'body.model'.", number, "body.model"
            )
        if self.model is None:
            self.model = body["model"]
            if not self.service.known(self.model):
                message = f"The provided model '{self.model}' is not supported by the Batch API."
                return self._fail("model_not_found", message, number, "body.model")
        if body["model"] != self.model:
            message = f"The model '{body['model']}' does not match '{self.model}'; one model per batch."
            return self._fail("mismatched_model", message, number, "body.model")
        if body.get("stream"):
            return self._fail("invalid_value", "'stream' is not supported in batches.", number, "body.stream")
        return item

    def _judge(self, index: int, item: JsonObject, span: tuple[int, int]) -> RowRecord:
        return self.service.judge(index, item["custom_id"], span, item["body"], self.batch_id, self.endpoint)

    def _fail(self, code: str, message: str, line: int, param: str | None = None) -> JsonObject | None:
        """Note an error and return None, so that a check can end with it."""
        self.errors.append(_problem(code, message, line, param))
        return None


def _problem(code: str, message: str, line: int | None = None, param: str | None = None) -> JsonObject:
    return {"code": code, "message": message, "param": param, "line": line}


def _enqueued(model: str | None, limit: int = 3_000_000) -> JsonObject:
    return _problem(
        "token_limit_exceeded",
        f"Enqueued token limit reached for {model} in organization practice. Limit: {limit:,} enqueued tokens. "
        "Please try again once some in_progress batches have been completed.",
    )


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


def _page(items: list[Any], request: Request, shape: Any, most: int) -> JsonObject:
    limit = request.query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= most:
        raise rules.bad(f"Invalid 'limit': expected a value between 1 and {most}.", "invalid_value", "limit")
    after = request.query.get("after")
    if after is not None:
        ids = [item.id for item in items]
        items = items[ids.index(after) + 1 :] if after in ids else []
    page = [shape(item) for item in items[: int(limit)]]
    ends = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return {
        "object": "list",
        "data": page,
        "first_id": ends[0],
        "last_id": ends[1],
        "has_more": len(items) > int(limit),
    }


def _model(name: str) -> JsonObject:
    return {"id": name, "object": "model", "created": 1_788_000_000, "owned_by": "openai"}
