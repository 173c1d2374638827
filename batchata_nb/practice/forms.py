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
    data: bytes

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
    for part in request.bytes().split(b"--" + boundary[1].encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        data = data.removesuffix(b"\r\n")
        headers = Message()
        for line in head.decode("utf-8", "replace").split("\r\n"):
            name, _, value = line.partition(":")
            headers[name] = value.strip()
        field = str(headers.get_param("name", header="content-disposition") or "")
        filename = headers.get_param("filename", header="content-disposition")
        if filename is None:
            fields[field] = data.decode("utf-8", "replace")
        elif field == "file":
            name = filename[2] if isinstance(filename, tuple) else str(filename)
            uploaded = Uploaded(name, headers.get_content_type(), data)
    return fields, uploaded
