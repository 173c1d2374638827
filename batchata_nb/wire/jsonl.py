"""JSON lines: one object a line, split on the newline byte and nothing else.

JSON allows U+2028, U+2029 and U+0085 unescaped inside strings, and `str.splitlines` and the SDKs' `iter_lines` cut
there; so files are read as bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from ..core.jobs import Json, JsonObject


def split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream of byte chunks, without their newline; blank lines are left out."""
    tail: list[bytes] = []
    for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        tail.append(first)
        for piece in rest:
            whole = b"".join(tail)
            if whole.strip():
                yield whole
            tail = [piece]
    last = b"".join(tail)
    if last.strip():
        yield last


def parse(line: bytes) -> JsonObject | None:
    """Return the object that a line holds, or None if the line is no JSON object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def mended(value: Json) -> Json:
    """Return a value whose texts hold no halves of characters: they are no Unicode, and cannot be written.

    JSON can name one, by the escape of a surrogate; it becomes U+FFFD, as decoders do with what they cannot read.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {str(mended(key)): mended(item) for key, item in value.items()}
    return [mended(item) for item in value] if isinstance(value, list) else value


def encode(value: Json) -> bytes:
    """Serialise a value as UTF-8 JSON without a newline; `NaN` and the infinities are refused."""
    return _written(value).encode()


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
