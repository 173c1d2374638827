"""The user's files: what they are, whether they can be used, and their content."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import warnings
import zipfile
from pathlib import Path

from ..core.errors import ValidationError
from ..core.jobs import Attachment, Document, DocumentKind
from ..core.markup import before_half
from . import convert, pdf

TYPES: dict[str, tuple[str, DocumentKind]] = {
    ".pdf": ("application/pdf", "pdf"),
    ".png": ("image/png", "image"),
    ".jpg": ("image/jpeg", "image"),
    ".jpeg": ("image/jpeg", "image"),
    ".webp": ("image/webp", "image"),
    ".gif": ("image/gif", "image"),
    ".docx": (convert.DOCX, "text"),
    ".txt": ("text/plain", "text"),
    ".text": ("text/plain", "text"),
    ".log": ("text/plain", "text"),
    ".md": ("text/markdown", "text"),
    ".markdown": ("text/markdown", "text"),
    ".rst": ("text/x-rst", "text"),
    ".html": ("text/html", "text"),
    ".htm": ("text/html", "text"),
    ".xhtml": ("text/html", "text"),
    ".csv": ("text/csv", "text"),
    ".tsv": ("text/tab-separated-values", "text"),
    ".json": ("application/json", "text"),
    ".jsonl": ("application/jsonl", "text"),
    ".xml": ("application/xml", "text"),
    ".yaml": ("application/yaml", "text"),
    ".yml": ("application/yaml", "text"),
}
"""File name endings: MIME type, and how models take it. What a file holds overrules its ending."""

SUPPORTED = "pdf, txt, md, html, csv, json, docx, png, jpg, webp, gif"
_HEAD = 4096
_CHUNK = 1 << 20
HTML = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_MOST_PIXELS = 500_000_000
_MOST_CHECKED = 1000
_checked: dict[tuple[str, str, int, int], None] = {}


def open_document(source: str | os.PathLike[str], *, name: str | None = None) -> Document:
    """Look at a file: what it is, whether it can be used, its size and digest.

    Args:
        source: Path; `~` is expanded.
        name: File name to show to the user and the model; the path's last part if left out.

    Raises:
        ValidationError: The file is missing, a folder, empty, of an unknown type, damaged, or needs a password; or its
            name is no text.
    """
    path = Path(source).expanduser()
    shown = name or path.name or str(source)
    _check_name(f"{path.absolute()}{shown}")
    head, size, sha256 = _survey(path)
    if not size:
        raise ValidationError(f"{shown} is empty (0 bytes); get or export the file again, or leave it out.")
    media_type, kind = _type_of(head, shown, path)
    pages = width = height = has_text = None
    if kind == "pdf":
        with pdf.open_pdf(path, name=shown) as opened:
            pages, has_text = opened.page_count, opened.has_text
    elif kind == "image":
        width, height = _image_size(path, shown)
    document = Document(shown, media_type, kind, sha256, size, str(path.absolute()), pages, width, height, has_text)
    if kind == "text" and not text_of(document).strip():
        raise ValidationError(f"{shown} holds no text; get or export the file again, or leave it out.")
    return document


def read(document: Document) -> bytes:
    """Return the file's bytes.

    Raises:
        ValidationError: The file is gone, cannot be read, or is no longer the one that was looked at.
    """
    if document.path is None:
        raise ValidationError(f"{document.name} was given in memory and was not kept; give it as a file.")
    content = _read(Path(document.path))
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise ValidationError(f"{document.name} has changed since it was added; run the cell again to use it as it is.")
    return content


def checked_path(document: Document) -> str:
    """Return the path of a file that is the one that was looked at.

    Its digest is taken once, and again whenever its size or time of change is another, so that a page of a large file
    is drawn without reading all of it.

    Raises:
        ValidationError: As `read`.
    """
    path = Path(document.path or "")
    try:
        now = path.stat()
        mark = (str(path), document.sha256, now.st_size, now.st_mtime_ns)
    except OSError:
        mark = None
    if mark is None or mark not in _checked:
        read(document)
        if mark is not None:
            _checked[mark] = None
            while len(_checked) > _MOST_CHECKED:
                _checked.pop(next(iter(_checked)), None)
    return str(path)


def load(document: Document) -> Attachment:
    """Return the content ready for the wire: base64 of a PDF or an image, the text of all else."""
    if document.kind == "text":
        return Attachment(document, text=text_of(document))
    return Attachment(document, base64=base64.b64encode(read(document)).decode("ascii"))


def text_of(document: Document) -> str:
    """Return the text of a text document (DOCX and HTML converted); the very text that citations index.

    Raises:
        ValidationError: It is no text document, or cannot be read as one.
    """
    if document.kind != "text":
        raise ValidationError(f"{document.name} is not a text document; it has no text of its own.")
    return convert.to_text(read(document), document.media_type, document.name)


def _check_name(name: str) -> None:
    """Refuse a name with bytes that are no UTF-8, which neither a store nor a provider can take."""
    if (near := before_half(name)) is not None:
        raise ValidationError(
            f"A file name is no UTF-8 text behind {near!r}: it was written with another encoding; rename the file or "
            "its folder."
        )


def _survey(path: Path) -> tuple[bytes, int, str]:
    """First bytes, size and digest; read in pieces, since a PDF may be large."""
    digest, head, size = hashlib.sha256(), b"", 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                head = head or chunk[:_HEAD]
                size += len(chunk)
                digest.update(chunk)
    except OSError as error:
        raise _unreadable(path, error) from None
    return head, size, digest.hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> ValidationError:
    if path.is_dir():
        return ValidationError(f"{path} is a folder; name a file, or use a pattern such as '{path}/*.pdf'.")
    if isinstance(error, FileNotFoundError):
        return ValidationError(f"There is no file '{path}'; check the path.")
    if isinstance(error, PermissionError):
        return ValidationError(f"'{path}' may not be read; change its permissions.")
    return ValidationError(f"'{path}' cannot be read: {error.strerror or error}.")


def _type_of(head: bytes, name: str, path: Path) -> tuple[str, DocumentKind]:
    """MIME type and kind, by content first and by name second."""
    suffix = Path(name).suffix.lower() or path.suffix.lower()
    if found := type_of_content(head):
        return found
    if head.startswith(b"PK\x03\x04") and _is_docx(path):
        return TYPES[".docx"]
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValidationError(
            f"{name} is an old Office file or one that needs a password; save it as .docx or .pdf without a password."
        )
    if suffix and suffix not in TYPES:
        raise ValidationError(
            f"{name} is of a type that is not supported; use {SUPPORTED}, or rename it to .txt if it is plain text."
        )
    nameless = TYPES[".html" if HTML.match(head) else ".txt"]
    media_type, kind = TYPES.get(suffix, nameless)
    if kind != "text" or media_type == convert.DOCX:
        said = suffix.lstrip(".")
        raise ValidationError(f"{name} does not hold what its name says: it is damaged or no {said} file. Get it anew.")
    return media_type, kind


def type_of_content(head: bytes) -> tuple[str, DocumentKind] | None:
    """Return MIME type and kind of a PDF or image by its first bytes; None for all else."""
    if b"%PDF-" in head[:1024]:
        return TYPES[".pdf"]
    for magic, ending in ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif")):
        if head.startswith(magic):
            return TYPES[ending]
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return TYPES[".webp"]
    return None


def _is_docx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "word/document.xml" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _image_size(path: Path, name: str) -> tuple[int, int]:
    """Width and height in pixels; the whole image is decoded, since a cut one still has a good head."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images; the bound below is ours
            with Image.open(path) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise ValidationError(f"{name} has {image.width} x {image.height} pixels; make it smaller.")
                image.load()
                return image.size
    except Image.DecompressionBombError:
        raise ValidationError(f"{name} has too many pixels to be opened; make it smaller.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, ValidationError):
            raise
        raise ValidationError(f"{name} is damaged or cut short: it is no readable image; get it again.") from None
