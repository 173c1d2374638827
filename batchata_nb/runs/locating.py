"""`locate`: documents read, evidence found. Page texts are read once and kept for the next answer."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.citations import Citation, FieldCitations, Rect
from ..core.errors import ValidationError
from ..core.jobs import Document
from ..documents import convert, files, pdf
from ..evidence import locate as evidence
from ..evidence.source import Page, Source, TextPage

_MOST_KEPT = 24  # documents
_MOST_CHARACTERS = 4_000_000
_LONGEST_PATH = 1024

AnyDocument = str | os.PathLike[str] | bytes | Document


def locate(
    values: Any,
    document: AnyDocument | Sequence[Document],
    *,
    schema: Any = None,
    native: Sequence[Any] | None = None,
    quotes: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, FieldCitations]:
    """Find where in a document each value of an answer stands.

    Args:
        values: A Pydantic model or dict (lists and nested ones too).
        document: Path of a file, its bytes, or text; a `Document`, or the documents of one request in their order.
        schema: Model class or JSON schema of the answer; a model brings its own. Names and descriptions of fields
            help to choose among several places.
        native: A provider's content blocks with citations, as on the wire (Anthropic).
        quotes: What the model gave as the words each value rests on: `{"field": path, "quote": words}`.

    Returns:
        Field path, such as `lines[0].amount`, to its citations, best first. A value that the document does not print,
        and no citation or quote supports, has an empty list.

    Raises:
        ValidationError: The document cannot be used, or `values` is no model, dict or list.
    """
    data, json_schema = _plain(values, schema)
    texts = [_text_of(one) for one in _documents(document)]
    if len(texts) == 1:
        text = texts[0]
        with text.lock:
            try:
                return evidence.locate(data, text.source, json_schema, blocks=native, quotes=quotes)
            finally:
                text.close()
    return _locate_in_all(data, texts, json_schema, native, quotes)


def cited(native: Sequence[Any], document: AnyDocument | Sequence[Document]) -> list[Citation]:
    """Find where in the documents a provider's citations of a plain-text answer stand.

    Args:
        native: Content blocks with citations, as on the wire (Anthropic).
        document: As for `locate`.

    Returns:
        One citation for each of the provider's, in order; `metadata["statement"]` is the part of the answer it is for.
        One whose words are not in the document has no page and no rectangles.

    Raises:
        ValidationError: The document cannot be used.
    """
    texts = [_text_of(one) for one in _documents(document)]
    try:
        return evidence.cited(Source(_numbered(texts)), native)
    finally:
        for text in texts:
            with text.lock:
                text.close()


def _numbered(texts: Sequence[_Text]) -> list[Page]:
    return [_Numbered(page, index) for index, text in enumerate(texts) for page in text.pages]


def _locate_in_all(
    data: Any,
    texts: Sequence[_Text],
    schema: Mapping[str, Any] | None,
    native: Sequence[Any] | None,
    quotes: Sequence[Mapping[str, Any]] | None,
) -> dict[str, FieldCitations]:
    try:
        return evidence.locate(data, Source(_numbered(texts)), schema, blocks=native, quotes=quotes)
    finally:
        for text in texts:
            with text.lock:
                text.close()


def _plain(values: Any, schema: Any) -> tuple[Any, Mapping[str, Any] | None]:
    """Values as plain data, and the JSON schema."""
    if schema is None and hasattr(type(values), "model_json_schema"):
        schema = type(values)
    if hasattr(values, "model_dump"):
        values = values.model_dump(by_alias=True)
    if hasattr(schema, "model_json_schema"):
        schema = schema.model_json_schema()
    if schema is not None and not isinstance(schema, Mapping):
        raise ValidationError("schema must be a Pydantic model class or a JSON schema (a dict).")
    return _unwrapped(values), schema


def _unwrapped(value: Any) -> Any:
    """Enum members as their values, all the way down."""
    if isinstance(value, Mapping):
        return {key: _unwrapped(item) for key, item in value.items()}
    if hasattr(value, "model_dump"):
        return _unwrapped(value.model_dump(by_alias=True))
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (str, bytes)):
        return [_unwrapped(item) for item in value]
    return getattr(value, "value", value) if hasattr(type(value), "__members__") else value


def _documents(document: AnyDocument | Sequence[Document]) -> Sequence[AnyDocument]:
    if isinstance(document, Sequence) and not isinstance(document, (str, bytes)):
        return document
    return [document]


# --- texts of documents, kept ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Text:
    """A document's pages and their index; the PDF is open only while boxes are read."""

    name: str
    opened_from: str | bytes | None = None
    pages: list[Page] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    characters: int = 0
    _source: Source | None = None
    _pdf: pdf.Pdf | None = None

    @property
    def source(self) -> Source:
        """The pages as evidence is looked for in them."""
        if self._source is None:
            self._source = Source(self.pages)
        return self._source

    def boxes(self, number: int, start: int, end: int) -> Sequence[Rect]:
        """Character boxes of a page; opens the PDF when it is not."""
        with self.lock:
            if self._pdf is None and self.opened_from is not None:
                self._pdf = pdf.open_pdf(self.opened_from, name=self.name)
            return self._pdf.boxes(number, start, end) if self._pdf else ()

    def close(self) -> None:
        """Let go of the file."""
        if self._pdf is not None:
            self._pdf.close()
            self._pdf = None


@dataclass(frozen=True, slots=True)
class _PdfPage:
    """One page of a PDF."""

    text: str
    number: int
    of: _Text
    document: int = 0

    @property
    def name(self) -> str:
        return self.of.name

    def boxes(self, start: int, end: int) -> Sequence[Rect]:
        return self.of.boxes(self.number, start, end)


class _Numbered:
    """A page as one of several documents' pages."""

    def __init__(self, page: Page, document: int) -> None:
        self.text, self.number, self.name, self.document = page.text, page.number, page.name, document
        self.boxes = page.boxes


_kept: OrderedDict[str, _Text] = OrderedDict()
_kept_lock = threading.Lock()


def _text_of(document: AnyDocument) -> _Text:
    if isinstance(document, bytes):
        return _remembered("bytes:" + hashlib.sha256(document).hexdigest(), lambda: _from_bytes(document))
    if isinstance(document, str) and not _is_path(document):
        return _from_text(document)
    opened = document if isinstance(document, Document) else files.open_document(document)
    key = f"{opened.sha256}:{opened.media_type}:{opened.name}:{opened.path}"
    return _remembered(key, lambda: _from_document(opened))


def _is_path(text: str) -> bool:
    """Whether a string is meant as a path rather than as a document's text."""
    if not text or len(text) > _LONGEST_PATH or "\n" in text:
        return False
    path = Path(text).expanduser()
    return path.exists() or (path.suffix.lower() in files.TYPES and " " not in path.name)


def _remembered(key: str, make: Any) -> _Text:
    with _kept_lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    text: _Text = make()
    with _kept_lock:
        _kept[key] = text
        while len(_kept) > 1 and (
            len(_kept) > _MOST_KEPT or sum(each.characters for each in _kept.values()) > _MOST_CHARACTERS
        ):
            _kept.popitem(last=False)
    return text


def _from_document(document: Document) -> _Text:
    if document.kind == "image":
        return _Text(document.name)
    if document.kind == "text":
        return _from_text(files.text_of(document), document.name)
    assert document.path is not None
    files.read(document)
    return _from_pdf(document.path, document.name)


def _from_pdf(source: str | bytes, name: str) -> _Text:
    text = _Text(name, source)
    with pdf.open_pdf(source, name=name) as opened:
        text.pages.extend(_PdfPage(opened.text(n), n, text) for n in range(1, opened.page_count + 1))
    text.characters = sum(len(page.text) for page in text.pages)
    return text


def _from_text(content: str, name: str = "text") -> _Text:
    return _Text(name, pages=[TextPage(content, name)], characters=len(content))


def _from_bytes(content: bytes) -> _Text:
    if found := files.type_of_content(content):
        return _from_pdf(content, "document.pdf") if found[1] == "pdf" else _Text("image")
    if content.startswith(b"PK\x03\x04"):
        return _from_text(convert.to_text(content, convert.DOCX, "document.docx"), "document.docx")
    media_type = "text/html" if files.HTML.match(content) else "text/plain"
    return _from_text(convert.to_text(content, media_type, "the document"), "document.txt")
