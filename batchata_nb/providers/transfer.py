"""Bytes on their way: request files out, result files in, both through temporary files and never whole in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from ..core.errors import BatchSubmissionError, ProviderError
from ..core.jobs import JsonObject
from ..core.results import Reply
from ..wire import jsonl, replies

_CHUNK = 1 << 20
_ATTEMPTS = 3
_TAIL = 4 << 20
Stream = Callable[[], AbstractContextManager[Iterable[bytes]]]
"""Opens one download; may be called again when it breaks off."""


def write_lines(rows: Iterable[JsonObject], limit: int, label: str, path: Path | None = None) -> BinaryIO:
    """Write objects as JSON lines into the file at `path`, or a temporary one, and return it open at its start.

    Raises:
        BatchSubmissionError: They are more than `limit` bytes; nothing was sent.
    """
    return _write(rows, limit, label, b"", b"\n", b"\n", path)


def write_list(key: str, rows: Iterable[JsonObject], limit: int, label: str) -> BinaryIO:
    """Write `{"key": [row, …]}` into a temporary file, and return it at its start; raises as `write_lines` does."""
    return _write(rows, limit, label, b'{"' + key.encode() + b'":[', b",", b"]}")


def _write(
    rows: Iterable[JsonObject],
    limit: int,
    label: str,
    start: bytes,
    between: bytes,
    end: bytes,
    path: Path | None = None,
) -> BinaryIO:
    # Closed by whoever sends it.
    file: BinaryIO = tempfile.TemporaryFile() if path is None else path.open("w+b")  # noqa: SIM115
    try:
        file.write(start)
        for index, row in enumerate(rows):
            file.write(between if index else b"")
            file.write(jsonl.encode(row))
            if file.tell() > limit:
                most = f"{limit / 1e6:,.0f} MB"
                raise BatchSubmissionError(
                    f"The batch is larger than the {most} that {label} takes; use fewer items per batch."
                )
        file.write(end)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file from where it stands, in pieces of 1 MiB."""
    while chunk := file.read(_CHUNK):
        yield chunk


def download(stream: Stream, label: str) -> BinaryIO:
    """Download a result file into a temporary file, starting again when it breaks off, and return it at its start.

    Raises:
        ProviderError: It could not be downloaded, or what came is no file of JSON lines at all.
    """
    for attempt in range(_ATTEMPTS):
        file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 -- handed to the caller
        try:
            with stream() as chunks:
                for chunk in chunks:
                    file.write(chunk)
        except BaseException as error:
            file.close()
            final = not isinstance(error, ProviderError) or not error.retryable or error.quota
            if final or attempt == _ATTEMPTS - 1:
                raise
            continue
        if _ends_well(file) or attempt == _ATTEMPTS - 1:
            return _checked(file, label)
        file.close()
    raise AssertionError("unreachable")


def decoded(file: BinaryIO, decode: Callable[[JsonObject], Reply]) -> Iterator[Reply]:
    """Yield the reply of each line of a result file and close it; a line that is no JSON object is one that says so."""
    with file:
        for line in jsonl.split(chunks_of(file)):
            data = jsonl.parse(line)
            yield replies.broken(line) if data is None else decode(data)


def _ends_well(file: BinaryIO) -> bool:
    """Whether the last line is whole: a connection that just ends looks like the end of the file."""
    size = file.seek(0, 2)
    file.seek(max(size - _TAIL, 0))
    last = b""
    for line in jsonl.split(chunks_of(file)):
        last = line
    return not last or len(last) >= _TAIL or jsonl.parse(last) is not None


def _checked(file: BinaryIO, label: str) -> BinaryIO:
    """Return the file at its start; a page of HTML in its place is an error, not a thousand broken lines."""
    file.seek(0)
    first = next(jsonl.split(chunks_of(file)), b"{}")
    file.seek(0)
    if first.lstrip().startswith(b"<"):
        file.close()
        raise ProviderError(
            f"{label} sent a web page in place of the results (a proxy or log-in page?).", retryable=True
        )
    return file
