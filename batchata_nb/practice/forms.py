"""Multipart form data, as the SDKs upload files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

from .http import ApiError, Request
from .state import State


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file in a form."""

    name: str
    media_type: str
    data: memoryview

    def store(self, state: State) -> str:
        """Write the content into the state folder and return its name there."""
        path = state.new_blob()
        path.write_bytes(self.data)
        return path.name


def form_data(request: Request) -> tuple[dict[str, str], Uploaded | None]:
    """Return the fields of a form and its file; raises ApiError if the body is no form."""
    boundary = re.search(r'boundary="?([^";]+)"?', request.headers.get("Content-Type") or "")
    if boundary is None:
        raise ApiError(400, "invalid_request_error", "Content-Type must be multipart/form-data")
    fields: dict[str, str] = {}
    uploaded = None
    body = request.bytes()
    mark = b"--" + boundary[1].encode()
    start = body.find(mark)
    while (stop := body.find(mark, start + len(mark))) > 0:
        head_end = body.find(b"\r\n\r\n", start, stop)
        headers = _headers(body[start + len(mark) : head_end])
        data = memoryview(body)[head_end + 4 : stop - 2]  # a view: an upload may be large
        field = str(headers.get_param("name", header="content-disposition") or "")
        filename = headers.get_param("filename", header="content-disposition")
        if filename is None:
            fields[field] = bytes(data).decode("utf-8", "replace")
        elif field == "file":
            name = filename[2] if isinstance(filename, tuple) else str(filename)
            uploaded = Uploaded(name, headers.get_content_type(), data)
        start = stop
    return fields, uploaded


def _headers(head: bytes) -> Message:
    headers = Message()
    for line in head.decode("utf-8", "replace").strip().split("\r\n"):
        name, _, value = line.partition(":")
        headers[name] = value.strip()
    return headers
