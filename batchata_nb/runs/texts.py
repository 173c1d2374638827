"""Texts of documents, as evidence is looked for in them: read once, and the last few kept."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.citations import Rect
from ..core.jobs import Document
from ..documents import convert, files, forms, pdf
from ..evidence.page import Page, TextPage
from ..evidence.source import Source

_MOST_KEPT = 24  # documents
_MOST_CHARACTERS = 4_000_000
_LONGEST_PATH = 1024
_NOWHERE: Rect = (0.0, 0.0, 0.0, 0.0)

AnyDocument = str | os.PathLike[str] | bytes | Document


@dataclass(slots=True)
class Text:
    """A document's pages and their index; the PDF is open only while boxes are read."""

    name: str
    opened_from: str | bytes | None = None
    pages: list[Page] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
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
    of: Text
    document: int = 0
    form: bool = False

    @property
    def name(self) -> str:
        return self.of.name

    def boxes(self, start: int, end: int) -> Sequence[Rect]:
        return self.of.boxes(self.number, start, end)


class _FormPage:
    """What the form fields of a page are filled in with, as a page of lines `label: value` beside it.

    A value stands where its field is; characters of labels stand before it, for neighbourhood alone.
    """

    form = True

    def __init__(self, entries: Sequence[forms.Entry], number: int, name: str, document: int = 0) -> None:
        self.number, self.name, self.document = number, name, document
        parts, self._boxes = [], []
        for entry in entries:
            x0, y0, _, y1 = entry.rect
            parts.append(f"{entry.label}: {entry.value}")
            size = len(entry.label) + 2
            self._boxes += [(x0 - 5.0 * (size - n), y0, x0 - 5.0 * (size - n - 1), y1) for n in range(size)]
            self._boxes += [entry.rect] * len(entry.value) + [_NOWHERE]
        self.text = "\n".join(parts)

    def boxes(self, start: int, end: int) -> Sequence[Rect]:
        return self._boxes[start:end]


class Numbered:
    """A page as one of several documents' pages."""

    def __init__(self, page: Page, document: int) -> None:
        self.text, self.number, self.name, self.document = page.text, page.number, page.name, document
        self.boxes, self.form = page.boxes, page.form


_kept: OrderedDict[str, Text] = OrderedDict()
_kept_lock = threading.Lock()


def text_of(document: AnyDocument) -> Text:
    """Return a document's text: kept from before, or read now.

    Args:
        document: Path of a file, its bytes, text, or a `Document`.

    Raises:
        ValidationError: The document cannot be used.
    """
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


def _remembered(key: str, make: Callable[[], Text]) -> Text:
    with _kept_lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    text = make()
    with _kept_lock:
        _kept[key] = text
        while len(_kept) > 1 and (
            len(_kept) > _MOST_KEPT or sum(each.characters for each in _kept.values()) > _MOST_CHARACTERS
        ):
            _kept.popitem(last=False)
    return text


def _from_document(document: Document) -> Text:
    if document.kind == "image":
        return Text(document.name, kinds=["image"])
    if document.kind == "text":
        return _from_text(files.text_of(document), document.name)
    assert document.path is not None
    files.read(document)
    return _from_pdf(document.path, document.name)


def _from_pdf(source: str | bytes, name: str) -> Text:
    text = Text(name, source)
    with pdf.open_pdf(source, name=name) as opened:
        for n in range(1, opened.page_count + 1):
            content = opened.content(n)
            text.pages.append(_PdfPage(content.text, n, text))
            text.kinds.append(content.kind)
            if content.entries:
                text.pages.append(_FormPage(content.entries, n, name))
    text.characters = sum(len(page.text) for page in text.pages)
    return text


def _from_text(content: str, name: str = "text") -> Text:
    return Text(name, pages=[TextPage(content, name)], characters=len(content))


def _from_bytes(content: bytes) -> Text:
    if found := files.type_of_content(content):
        return _from_pdf(content, "document.pdf") if found[1] == "pdf" else Text("image", kinds=["image"])
    if content.startswith(b"PK\x03\x04"):
        return _from_text(convert.to_text(content, convert.DOCX, "document.docx"), "document.docx")
    media_type = "text/html" if files.HTML.match(content) else "text/plain"
    return _from_text(convert.to_text(content, media_type, "the document"), "document.txt")
