"""Anthropic's files and models."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from . import anthropic_rules as rules
from .anthropic_shapes import file_shape, model_shape, page
from .forms import form_data
from .http import ApiError, Request, Response, json_response
from .records import FileRecord
from .service import Route, Service, new_id


class AnthropicFiles:
    """The paths under `/anthropic/v1/files` and `/anthropic/v1/models`."""

    def __init__(self, service: Service) -> None:
        self.name, self.state, self.bench = service.name, service.state, service.bench
        self.known, self.not_found = service.known, service.not_found
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
            raise rules.bad("file: Field required")
        keep = fields.get("expires_in_seconds")
        if keep is not None and not (keep.isdigit() and 3600 <= int(keep) <= 7_776_000):
            raise rules.bad("expires_in_seconds: Input should be between 3600 and 7776000")
        now = self.bench.clock()
        record = FileRecord(
            new_id("file_01"), self.name, now, now + int(keep) if keep else None, len(uploaded.data),
            hashlib.sha256(uploaded.data).hexdigest(),
            {"name": unquote(uploaded.name), "media_type": uploaded.media_type, "blob": uploaded.store(self.state)},
        )  # fmt: skip
        self.state.add_file(record)
        return json_response(file_shape(record))

    def _file(self, file_id: str) -> FileRecord:
        record = self.state.file(self.name, file_id)
        if record is None:
            raise self.not_found(f"File not found: {file_id}")
        return record

    def list_files(self, request: Request) -> Response:
        """Return a page of files, newest first."""
        return json_response(page(self.state.files(self.name), request, file_shape))

    def retrieve_file(self, request: Request, file_id: str) -> Response:
        """Return what is known of a file."""
        return json_response(file_shape(self._file(file_id)))

    def file_content(self, request: Request, file_id: str) -> Response:
        """Refuse: uploaded files cannot be downloaded again."""
        raise ApiError(400, "file_not_downloadable", f"File {self._file(file_id).id} is not downloadable.")

    def delete_file(self, request: Request, file_id: str) -> Response:
        """Delete a file."""
        self.state.delete("file", self._file(file_id).id)
        return json_response({"id": file_id, "type": "file_deleted"})

    def list_models(self, request: Request) -> Response:
        """Return some models; any name of the family is taken."""
        names = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
        return json_response({
            "data": [model_shape(name) for name in names], "has_more": False, "first_id": names[0],
            "last_id": names[-1],
        })  # fmt: skip

    def retrieve_model(self, request: Request, model: str) -> Response:
        """Return one model."""
        if not self.known(model):
            raise self.not_found(f"model: {model}")
        return json_response(model_shape(model))
