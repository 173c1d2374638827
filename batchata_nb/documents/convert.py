"""Bytes of a text format → text: character sets, HTML, DOCX."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from xml.etree import ElementTree as ET

from ..core.errors import ValidationError
from .html import html_to_text

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_UNPACKED = 500_000_000  # bytes; a DOCX that unpacks to more is a mistake or an attack
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKS = {f"{_WORD}t": "", f"{_WORD}tab": "\t", f"{_WORD}br": " "}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding=["']([\w.:-]+)|<meta[^>]*?charset=["']?([\w.:-]+)""", re.IGNORECASE)
_MOST_CONTROLS = 0.01
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def to_text(content: bytes, media_type: str, name: str) -> str:
    """Return the text of a file.

    Args:
        content: The file's bytes.
        media_type: Its MIME type.
        name: Its name, for messages.

    Raises:
        ValidationError: It is not text, or a DOCX that cannot be opened.
    """
    if media_type == DOCX:
        return _docx_to_text(content, name)
    text = decode(content, name)
    return html_to_text(text) if media_type == "text/html" else text


def decode(content: bytes, name: str) -> str:
    """Decode text: byte order mark, UTF-8, UTF-16 without a mark, the declared set, then Windows-1252 or Latin-1.

    Line ends stay as they are; the byte order mark is left out.

    Raises:
        ValidationError: The bytes are not text.
    """
    binary = ValidationError(f"{name} is not a text file: it holds binary data. Name it rightly, or leave it out.")
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise binary from None
    if nuls := content.count(0):
        if nuls < _MOST_CONTROLS * len(content) and not _is_binary(_first_that_fits(content.replace(b"\0", b""))):
            binary = ValidationError(
                f"{name} holds NUL characters, the first at byte {content.index(0) + 1:,}: no model takes such text. "
                "Take them out, or leave the file out."
            )
        return _decode_utf16(content, binary)
    text = _first_that_fits(content)
    if _is_binary(text):
        raise binary
    return text


def _is_binary(text: str) -> bool:
    return len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text)


def _decode_utf16(content: bytes, binary: ValidationError) -> str:
    """UTF-16 without a mark: nearly all NULs stand at the same side of each pair."""
    even, odd = content[0::2].count(0), content[1::2].count(0)
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    if len(content) % 2 or min(even, odd) > 0.02 * max(even, odd) or max(even, odd) < 0.3 * (len(content) / 2):
        raise binary
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise binary from None
    if _CONTROLS.search(text):
        raise binary
    return text


def _first_that_fits(content: bytes) -> str:
    declared = _DECLARED.search(content[:2048])
    stated = [(declared[1] or declared[2]).decode("ascii")] if declared else []
    for encoding in ("utf-8", *stated, "cp1252"):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1")


def _docx_to_text(content: bytes, name: str) -> str:
    """Convert by way of mammoth's HTML, which keeps headings, lists, tables and footnotes."""
    import mammoth

    damaged = ValidationError(f"{name} is damaged: it cannot be opened as a Word file. Save it again as .docx.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED:
                raise ValidationError(f"{name} unpacks to more than {_MOST_UNPACKED // 10**6} MB; make it smaller.")
            archive.read("word/document.xml")  # checks the checksum
            heads, feet = _letterhead(archive, "header"), _letterhead(archive, "footer")
        html = mammoth.convert_to_html(
            io.BytesIO(content),
            convert_image=lambda image: [],
            ignore_empty_paragraphs=True,
        ).value
    except ValidationError:
        raise
    except Exception:  # noqa: BLE001  mammoth meets a damaged file with whatever its parser raises
        raise damaged from None
    text = html_to_text(html.replace("↑</a>", "</a>"))  # its link from a footnote back to the text
    return "\n\n".join(part for part in (*heads, text.strip("\n"), *feet) if part) + "\n"


def _letterhead(archive: zipfile.ZipFile, kind: str) -> list[str]:
    """Return the text of a DOCX's headers or footers, where letters have their letterhead; mammoth leaves them out.

    Each text stands once, whatever pages it is for; what was struck out with tracked changes is not among it.
    """
    names = sorted(name for name in archive.namelist() if re.fullmatch(rf"word/{kind}\d*\.xml", name))
    texts = [[line.strip() for line in _lines(ET.fromstring(archive.read(name)))] for name in names]
    return list(dict.fromkeys("\n".join(line for line in lines if line) for lines in texts))


def _lines(element: ET.Element) -> list[str]:
    """Return the paragraphs within an element, text boxes' too; what two versions of Word are given stands once."""
    lines = [""]
    for part in element:
        inner = [] if part.tag.endswith("}Fallback") else _lines(part)
        if part.tag == f"{_WORD}p":
            lines += [*inner, ""]
        elif part.tag in _MARKS:
            lines[-1] += _MARKS[part.tag] or part.text or ""
        elif inner:
            lines[-1] += inner[0]
            lines += inner[1:]
    return lines
