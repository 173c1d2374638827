"""OpenAI's files and models; output and error files are made as they are read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import openai_rules as rules
from .forms import form_data
from .http import ApiError, Request, Response, json_response
from .openai_shapes import file_shape, model_shape, page
from .records import FileRecord
from .service import Route, new_id

if TYPE_CHECKING:
    from .openai import OpenAI

DAY = 86_400
PURPOSES = ("batch", "user_data", "assistants", "vision", "fine-tune", "evals")


class OpenAIFiles:
    """The paths under `/openai/v1/files` and `/openai/v1/models`."""

    def __init__(self, service: OpenAI) -> None:
        self.service = service
        self.name, self.state, self.bench = service.name, service.state, service.bench
        self.known, self.expired = service.known, service.expired
        self.routes: list[Route] = [
            ("POST", r"/v1/files", "files.upload", self.upload),
            ("GET", r"/v1/files", "files.list", self.list_files),
            ("GET", r"/v1/files/([^/]+)", "files.retrieve", self.retrieve_file),
            ("GET", r"/v1/files/([^/]+)/content", "files.content", self.file_content),
            ("DELETE", r"/v1/files/([^/]+)", "files.delete", self.delete_file),
            ("GET", r"/v1/models", "models.list", self.list_models),
            ("GET", r"/v1/models/([^/]+)", "models.retrieve", self.retrieve_model),
        ]

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
        if record is None or self.expired(record):
            raise ApiError(404, "not_found", f"No such File object: {file_id}", param="id")
        return record

    def _result_file(self, file_id: str) -> FileRecord | None:
        """Output and error files are made when they are read; their ids tell the batch."""
        found = re.fullmatch(r"file-(output|errors)-([0-9a-f]+)", file_id)
        batch = self.state.batch(self.name, f"batch_{found[2]}") if found else None
        if found is None or batch is None or file_id not in self.service.result_ids(batch):
            return None
        name = f"{batch.id}_{'output' if found[1] == 'output' else 'error'}.jsonl"
        keep = (batch.meta.get("output_expires_after") or {}).get("seconds", 30 * DAY)
        return FileRecord(file_id, self.name, batch.ends, batch.ends + keep, -1, "",
                          {"name": name, "purpose": "batch_output", "batch": batch.id, "part": found[1]})  # fmt: skip

    def _lines(self, record: FileRecord) -> Iterator[bytes]:
        batch = self.service.need_batch(record.meta["batch"], "No such batch")
        verdicts = ("ok",) if record.meta["part"] == "output" else ("error", "expired", "cancelled")
        return self.service.write_lines(batch, self.service.line(batch), verdicts)

    def list_files(self, request: Request) -> Response:
        """Return a page of uploaded files."""
        files = [f for f in self.state.files(self.name) if not self.expired(f)]
        purpose = request.query.get("purpose")
        files = [f for f in files if purpose in (None, f.meta["purpose"])]
        if request.query.get("order") == "asc":
            files.reverse()
        return json_response(page(files, request, file_shape, 10_000))

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
        body = self._lines(record) if record.size < 0 else self.service.content(record)
        return Response(body=body, content_type="application/octet-stream", headers={"x-request-id": new_id("req_")})

    def delete_file(self, request: Request, file_id: str) -> Response:
        """Delete an uploaded file."""
        record = self._file(file_id)
        if record.size >= 0:
            self.state.delete("file", record.id)
        return json_response({"id": file_id, "object": "file", "deleted": True})

    def list_models(self, request: Request) -> Response:
        """Return some models; any name of the families is taken."""
        names = ("gpt-6-astra", "gpt-6-sol", "gpt-6.1-sol", "gpt-6-luna")
        return json_response({"object": "list", "data": [model_shape(name) for name in names]})

    def retrieve_model(self, request: Request, model: str) -> Response:
        """Return one model."""
        if not self.known(model):
            raise ApiError(404, "model_not_found", f"The model '{model}' does not exist", param="model")
        return json_response(model_shape(model))
