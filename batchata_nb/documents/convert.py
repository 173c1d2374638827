"""Bytes of a text format → text: character sets, HTML, DOCX."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from html.parser import HTMLParser

from ..core.errors import ValidationError

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_UNPACKED = 500_000_000  # bytes; a DOCX that unpacks to more is a mistake or an attack
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
    if b"\0" in content:
        return _decode_utf16(content, binary)
    text = _first_that_fits(content)
    if len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        raise binary
    return text


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


def html_to_text(html: str) -> str:
    """Return what a reader sees of an HTML page: blocks on lines of their own, table cells parted by ` | `."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot",
    "thead", "title", "tr", "ul",
})  # fmt: skip
_APART = frozenset({"blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})


class _Reader(HTMLParser):
    """Collects lines: text is folded like a browser does, except inside `pre`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._hidden = 0
        self._pre = 0
        self._cells = [0]
        self._lists: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._break()
        elif tag in ("td", "th"):
            if self._cells[-1]:
                self._line = self._line.rstrip() + " | "
            self._cells[-1] += 1
        elif tag in _BLOCKS:
            self._start_block(tag)
        elif tag == "img":
            self._add(dict(attrs).get("alt") or "")

    def _start_block(self, tag: str) -> None:
        inside_cell = self._cells[-1] and tag not in ("tr", "table", "thead", "tbody", "tfoot")
        if inside_cell:  # a paragraph within a cell does not break the row
            self._line += " " if self._line and not self._line.endswith(" ") else ""
            return
        self._break(apart=tag in _APART and not self._lists)
        if tag == "table":
            self._cells.append(0)
        elif tag == "tr":
            self._cells[-1] = 0
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ol", "ul"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._line = self._bullet()
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._line = "#" * int(tag[1]) + " "

    def _bullet(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            return f"{indent}{number + 1}. "
        return f"{indent}- "

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
            return
        if tag not in _BLOCKS:
            return
        if tag == "table" and len(self._cells) > 1:
            self._cells.pop()
        elif tag == "tr":
            self._cells[-1] = 0
        elif self._cells[-1]:
            return
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        self._break(apart=tag in _APART and not self._lists)

    def handle_data(self, data: str) -> None:
        self._add(data)

    def _add(self, data: str) -> None:
        if self._hidden:
            return
        if self._pre:
            first, *rest = data.split("\n")
            self._line += first
            for line in rest:
                self._lines.append(self._line.rstrip())
                self._line = line
            return
        folded = re.sub(r"[ \t\r\n\f]+", " ", data)
        if folded.startswith(" ") and (not self._line or self._line.endswith(" ")):
            folded = folded[1:]
        self._line += folded

    def _break(self, apart: bool = False) -> None:
        if self._line.strip():
            self._lines.append(self._line.rstrip())
        self._line = ""
        if apart and self._lines and self._lines[-1]:
            self._lines.append("")

    def text(self) -> str:
        """All lines, without blank ones at either end."""
        self._break()
        return "\n".join(self._lines).strip("\n") + "\n" if self._lines else ""


def _docx_to_text(content: bytes, name: str) -> str:
    """Convert by way of mammoth's HTML, which keeps headings, lists, tables and footnotes."""
    import mammoth

    damaged = ValidationError(f"{name} is damaged: it cannot be opened as a Word file. Save it again as .docx.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED:
                raise ValidationError(f"{name} unpacks to more than {_MOST_UNPACKED // 10**6} MB; make it smaller.")
            archive.read("word/document.xml")  # checks the checksum
        html = mammoth.convert_to_html(
            io.BytesIO(content),
            convert_image=lambda image: [],
            ignore_empty_paragraphs=True,
        ).value
    except ValidationError:
        raise
    except Exception:  # noqa: BLE001  mammoth meets a damaged file with whatever its parser raises
        raise damaged from None
    return html_to_text(html.replace("↑</a>", "</a>"))  # its link from a footnote back to the text
