"""Paths, patterns and contents → the files they stand for, in natural order."""

from __future__ import annotations

import glob
import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import Document
from ..documents.files import open_document

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|data:[a-z]+/", re.IGNORECASE)
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_DIGITS = re.compile(r"(\d+)")
_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"PK\x03\x04", "docx"),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file as the user named it; what `{{ file }}` is in a prompt.

    Attributes:
        path: Path as given, or empty for contents in memory.
        name: Its last part, `invoice-07.pdf`.
        content: The bytes, where they were given in memory.
    """

    path: str
    name: str
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, source: Any, position: int = 0) -> File:
        """Make a file of a path, or of contents in memory: bytes, or a Pillow image.

        Raises:
            ValidationError: It is a URL, or nothing of these.
        """
        content = content_of(source)
        if content is not None:
            return cls("", f"document-{position + 1}.{_ending(content)}", content)
        if not isinstance(source, (str, os.PathLike)) or not source:
            raise ValidationError(f"{shortened(source)} is no file path, and no content of a file.")
        path = os.fspath(source)
        if _URL.match(path):
            raise ValidationError(
                f"{shortened(path)} is a URL. Files are read from disk, so that the evidence can be shown beside them "
                "later; download it and give its path."
            )
        return cls(path, Path(path).name)

    @property
    def stem(self) -> str:
        """The name without its ending, `invoice-07`."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending with its point, `.pdf`."""
        return Path(self.name).suffix

    def __str__(self) -> str:
        return self.path or self.name


def content_of(source: Any) -> bytes | None:
    """Return the bytes of contents in memory; None for all else.

    A Pillow image is written as PNG, which loses nothing; a mapping with `bytes` is how datasets keep a file in a cell.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, Mapping):
        return content_of(source.get("bytes"))
    if type(source).__module__.partition(".")[0] == "PIL" and hasattr(source, "save"):
        out = io.BytesIO()
        (source if source.mode in _PNG_MODES else source.convert("RGB")).save(out, "PNG")
        return out.getvalue()
    return None


def shortened(value: Any) -> str:
    """Return a value as it stands in a message."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:80]}…"


def matched(sources: Sequence[Any], spool: Path | None) -> list[File]:
    """Return the files that paths and patterns stand for: each once, those of one pattern in natural order.

    Raises:
        ValidationError: Nothing was given, a pattern matches no file, a folder or a URL was given.
    """
    if isinstance(sources, (str, os.PathLike)) or content_of(sources) is not None:
        sources = [sources]
    found: dict[tuple[str, bytes | None], File] = {}
    for position, source in enumerate(sources):
        file = File.of(source, position)
        if file.content is not None:
            if spool is None:
                raise ValidationError("Contents in memory need a folder to be kept in; save them to a file first.")
            found.setdefault((file.name, file.content), file)
            continue
        for path in _expanded(file.path):
            found.setdefault((str(Path(path).resolve()), None), File.of(path))
    if not found:
        raise ValidationError("No files were named; give a path or a pattern such as 'invoices/*.pdf'.")
    return list(found.values())


def open_file(file: File, spool: Path | None) -> Document:
    """Look at a file; contents in memory are first written to the spool folder.

    Raises:
        ValidationError: The file cannot be used.
    """
    if file.content is None:
        return open_document(file.path)
    if spool is None:
        raise ValidationError("Contents in memory need a folder to be kept in; save them to a file first.")
    target = spool / f"{hashlib.sha256(file.content).hexdigest()}{file.suffix}"
    if not target.exists():
        spool.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(target.name + ".part")
        draft.write_bytes(file.content)
        draft.replace(target)
    return open_document(target, name=file.name)


def _expanded(given: str) -> list[str]:
    path = Path(given).expanduser()
    if path.is_dir():
        raise ValidationError(f"{given!r} is a folder; name its files, such as '{path / '*.pdf'}'.")
    if path.exists():  # a name may hold brackets
        return [str(path)]
    if not glob.has_magic(given):
        raise ValidationError(f"There is no file {given!r}{_looked_in(path)}; check the path.")
    # Unlike Path.glob, glob leaves hidden files out, such as the .DS_Store that no one meant.
    paths = [found for found in glob.iglob(str(path), recursive=True) if Path(found).is_file()]  # noqa: PTH207
    if not paths:
        raise ValidationError(f"No file matches {given!r}{_looked_in(path)}; check the folder and the pattern.")
    return sorted(paths, key=_natural)


def _looked_in(path: Path) -> str:
    """The folder that a pattern starts from, said with what is wrong with it."""
    folder = path.parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return f" in {folder.absolute()}" + ("" if folder.is_dir() else ", which does not exist")


def _natural(path: str) -> list[tuple[int, int, str]]:
    """Order in which `page-9` stands before `page-10`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in _DIGITS.split(path)] + [
        (2, 0, path)
    ]


def _ending(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((ending for magic, ending in _MAGIC if content.startswith(magic)), "txt")
