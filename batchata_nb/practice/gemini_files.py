"""Gemini's files and models: resumable uploads that take a moment to become active."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from . import gemini_rules as rules
from .gemini_shapes import model_shape, page
from .http import ApiError, Request, Response, json_response
from .records import FileRecord
from .service import JsonObject, Route, Service, iso, load, new_id

KEEP = 48 * 3600
"""Seconds that an uploaded file lives."""


@dataclass(slots=True)
class _Upload:
    """A resumable upload under way."""

    name: str
    meta: JsonObject
    path: Path
    size: int = 0


class GeminiFiles:
    """The paths under `/gemini/upload`, `/gemini/v1/files` and `/gemini/v1/models`."""

    def __init__(self, service: Service) -> None:
        self.name, self.state, self.bench = service.name, service.state, service.bench
        self.known, self.not_found = service.known, service.not_found
        self.uploads: dict[str, _Upload] = {}
        self.asked: set[str] = set()
        v = r"/v1(?:beta)?"
        self.routes: list[Route] = [
            ("POST", r"/upload" + v + "/files", "files.upload", self.upload),
            ("GET", v + r"/files", "files.list", self.list_files),
            ("GET", v + r"/(files/[^/:]+)", "files.retrieve", self.get_file),
            ("DELETE", v + r"/(files/[^/:]+)", "files.delete", self.delete_file),
            ("GET", v + r"/models", "models.list", self.list_models),
            ("GET", v + r"/models/([^/:]+)", "models.retrieve", self.get_model),
        ]

    def upload(self, request: Request) -> Response:
        """Begin a resumable upload, or take a piece of it."""
        session = request.query.get("upload_id")
        command = request.headers.get("X-Goog-Upload-Command") or ""
        if session is None:
            return self._begin(request, command)
        return self._continue(request, session, command)

    def _begin(self, request: Request, command: str) -> Response:
        if request.headers.get("X-Goog-Upload-Protocol") != "resumable" or command != "start":
            raise rules.bad("Only resumable uploads are supported.")
        body = load(request.bytes() or b"{}")
        given = body.get("file") or {} if isinstance(body, dict) else {}
        given = {rules.camel(key): value for key, value in given.items()}
        name = given.get("name") or f"files/{new_id('')[:12]}"
        if not re.fullmatch(r"files/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", name):
            raise rules.bad(
                "* UploadFileRequest.file.name: must be files/ and at most 40 lowercase alphanumerics or dashes."
            )
        if self.state.file(self.name, name, deleted=True):
            raise ApiError(409, "ALREADY_EXISTS", f"File {name} already exists.")
        media = given.get("mimeType") or request.headers.get("X-Goog-Upload-Header-Content-Type") or ""
        upload_id = new_id("up")
        self.uploads[upload_id] = _Upload(name, {**given, "mimeType": media}, self.state.new_blob())
        url = f"{request.base}{request.path}?upload_id={upload_id}"
        return Response(headers={"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"}, body=b"{}")

    def _continue(self, request: Request, session: str, command: str) -> Response:
        upload = self.uploads.get(session)
        if upload is None:
            raise self.not_found("No such upload.")
        if int(request.headers.get("X-Goog-Upload-Offset") or 0) != upload.size:
            raise rules.bad(f"Wrong upload offset; {upload.size} bytes have been received.")
        if upload.size + request.size > self.bench.limits.gemini_bytes:
            raise rules.bad("The file is larger than the maximum of 2147483648 bytes.")
        with upload.path.open("ab") as out:
            out.write(request.bytes())
        upload.size += request.size
        if "finalize" not in command:
            return Response(headers={"X-Goog-Upload-Status": "active"})
        with upload.path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        now = self.bench.clock()
        meta = {**upload.meta, "blob": upload.path.name}
        record = FileRecord(upload.name, self.name, now, now + KEEP, upload.size, sha256, meta)
        try:
            self.state.add_file(record)
        except sqlite3.IntegrityError:
            raise ApiError(409, "ALREADY_EXISTS", f"File {upload.name} already exists.") from None
        del self.uploads[session]
        shape = {"file": self._file_shape(record, request)}
        return json_response(shape, headers={"X-Goog-Upload-Status": "final"})

    def active(self, record: FileRecord) -> bool:
        """Documents take a moment: they are ACTIVE once somebody asked again, or after two seconds."""
        quick = record.meta["mimeType"] != "application/pdf"
        return quick or record.id in self.asked or self.bench.clock() - record.created > 2

    def _file_shape(self, record: FileRecord, request: Request) -> JsonObject:
        digest = base64.b64encode(record.sha256.encode()).decode()
        return {
            "name": record.id, "displayName": record.meta.get("displayName"), "mimeType": record.meta["mimeType"],
            "sizeBytes": str(record.size), "createTime": iso(record.created), "updateTime": iso(record.created),
            "expirationTime": iso(record.expires), "sha256Hash": digest, "source": "UPLOADED",
            "uri": f"{request.base}/gemini/v1beta/{record.id}",
            "state": "ACTIVE" if self.active(record) else "PROCESSING",
        }  # fmt: skip

    def file(self, name: str) -> FileRecord:
        """Return an uploaded file, or raise 403 as for one of another project."""
        record = self.state.file(self.name, name)
        if record is None or (record.expires is not None and record.expires <= self.bench.clock()):
            message = (
                f"You do not have permission to access the File {name.removeprefix('files/')} or it may not exist."
            )
            raise ApiError(403, "PERMISSION_DENIED", message)
        return record

    def list_files(self, request: Request) -> Response:
        """Return a page of files."""
        now = self.bench.clock()
        files = [f for f in self.state.files(self.name) if f.expires is None or f.expires > now]
        self.asked.update(f.id for f in files)
        return json_response(page("files", files, request, lambda f: self._file_shape(f, request)))

    def get_file(self, request: Request, name: str) -> Response:
        """Return what is known of a file; names of result files are too long for this call."""
        if len(name.removeprefix("files/")) > 40:
            raise rules.bad("* GetFileRequest.name: file name is too long.")
        record = self.file(name)
        self.asked.add(name)
        return json_response(self._file_shape(record, request))

    def delete_file(self, request: Request, name: str) -> Response:
        """Delete a file."""
        self.state.delete("file", self.file(name).id)
        return json_response({})

    def list_models(self, request: Request) -> Response:
        """Return some models; any name of the family is taken."""
        names = ("gemini-4-argon", "gemini-3.8-flash", "gemini-3.5-flash-lite")
        return json_response({"models": [model_shape(name) for name in names]})

    def get_model(self, request: Request, model: str) -> Response:
        """Return one model."""
        if not self.known(model):
            raise ApiError(404, "NOT_FOUND", f"models/{model} is not found.")
        return json_response(model_shape(model))
