"""What a request asks for, in terms common to the three protocols, and what it costs in tokens."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Literal

PAGE_TOKENS = 800
"""Tokens of a PDF page seen as an image, beside its text."""
IMAGE_TOKENS = 1100
CITED_DOCUMENT_TOKENS = 60
"""Tokens that enabling citations adds to a document."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document in a request: exactly one of `data` (PDF, image) and `parts` (text, in one part, or in chunks)."""

    kind: Literal["pdf", "image", "text", "chunks"]
    title: str | None = None
    data: bytes = b""
    parts: tuple[str, ...] = ()
    file_id: str | None = None

    @property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.data or "\0".join(self.parts).encode()).hexdigest()


@dataclass(slots=True)
class Ask:
    """One request.

    Attributes:
        model: Name as sent.
        prompt: All text of the user's turns.
        system: System text.
        sources: Documents in the order sent.
        schema: JSON schema that the answer must fit, or None.
        json: Whether JSON was asked for in the protocol, with or without a schema.
        cited: Whether native citations were asked for.
        max_tokens: Cap on output, or None.
        thinking: Tokens spent on thinking before the answer.
        history: Text of the assistant's turns.
    """

    model: str
    prompt: str
    system: str = ""
    sources: list[Source] = field(default_factory=list)
    schema: dict[str, Any] | None = None
    json: bool = False
    cited: bool = False
    max_tokens: int | None = None
    thinking: int = 0
    history: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where words stand: `page` counts from 1 (PDF), `start` and `end` index the page's or document's text."""

    source: int
    page: int | None
    start: int
    end: int
    text: str
    block: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value and the place it was found at."""

    value: Any
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an answer, with the place it rests on, if any."""

    text: str
    place: Place | None = None


@dataclass(slots=True)
class Reply:
    """An answer: its pieces in order, how it ended, and its tokens.

    `end` is `stop`, `length`, `refusal` or `filter`. What was written to or read from a cache is part of the input.
    """

    pieces: list[Piece]
    end: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    cache_written: int = 0
    cache_read: int = 0

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)


def text_tokens(text: str) -> int:
    """Tokens of a text: about four characters of English each, one for each character of scripts beyond Latin."""
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    return -(-(len(text) - wide) // 4) + wide


_WIDE = re.compile(r"[⺀-鿿가-힣぀-ヿ]")
