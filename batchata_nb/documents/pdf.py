"""PDF: page count, canonical page text, character boxes, page images (pypdfium2).

pdfium is not thread-safe, so every call into it is made under one process-wide lock.

Canonical text of a page: pdfium's characters in content order; CR and NUL removed; soft and line-end hyphens as
`-`; halves of a surrogate pair joined, a half without its partner removed. Boxes are pdfium's loose character boxes
(font height, not ink), on the page as displayed: crop box and /Rotate applied, points, origin top left.
"""

from __future__ import annotations

import ctypes
import io
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.citations import Rect
from ..core.errors import ValidationError

if TYPE_CHECKING:
    import pypdfium2

LOCK = threading.RLock()
"""Held around every call into pdfium, also by code outside this module that uses it."""

_CARRIAGE_RETURN = 0x0D
_HYPHENS = {0x02: "-", 0xAD: "-", 0xFFFE: "-"}
_WRONG_PASSWORD = 4  # FPDF_ERR_PASSWORD
_MOST_KEPT = 24  # pages
_NO_BOX: Rect = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of one page and where each character stands.

    Attributes:
        page: Page number from 1.
        width: Points, as displayed.
        height: Points, as displayed.
        rotation: Clockwise degrees that /Rotate turned the page by: 0, 90, 180 or 270.
        text: Canonical text.
        boxes: One box for each character of `text`; line breaks and generated spaces may have an empty one.
    """

    page: int
    width: float
    height: float
    rotation: int
    text: str
    boxes: tuple[Rect, ...]


class Pdf:
    """An open PDF; pages are read when asked for, and only the last few whose boxes were asked for are kept.

    Attributes:
        page_count: Number of pages.
    """

    def __init__(self, raw: pypdfium2.PdfDocument) -> None:
        self._raw = raw
        self._kept: dict[int, _Loaded] = {}
        with LOCK:
            self.page_count = len(raw)

    def __enter__(self) -> Pdf:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; closing twice does nothing."""
        with LOCK:
            for loaded in self._kept.values():
                loaded.close()
            self._kept.clear()
            self._raw.close()

    @property
    def has_text(self) -> bool:
        """Whether any page has text; False for scans without a text layer. Reads on until the first that has."""
        return any(self.text(n).strip() for n in range(1, self.page_count + 1))

    def text(self, n: int) -> str:
        """Return the canonical text of page `n` (from 1); much cheaper than `page`."""
        with LOCK, _Loaded(self._raw, n) as loaded:
            return loaded.text()

    def boxes(self, n: int, start: int = 0, end: int | None = None) -> tuple[Rect, ...]:
        """Return the boxes of characters `start` to `end` (exclusive) of page `n`'s canonical text."""
        with LOCK:
            if n not in self._kept:
                while len(self._kept) >= _MOST_KEPT:
                    self._kept.pop(next(iter(self._kept))).close()
                self._kept[n] = _Loaded(self._raw, n).load()
            return self._kept[n].boxes(self._kept[n].indices[start:end])

    def page(self, n: int) -> PageText:
        """Return text and boxes of page `n` (from 1)."""
        with LOCK, _Loaded(self._raw, n) as loaded:
            text, indices = loaded.characters()
            width, height = loaded.page.get_size()
            return PageText(n, width, height, loaded.page.get_rotation(), text, loaded.boxes(indices))

    def render(self, n: int, scale: float = 1.5, max_pixels: int = 25_000_000) -> tuple[bytes, tuple[int, int]]:
        """Draw page `n` as JPEG; see `render_page`."""
        with LOCK:
            return self._render(n, scale, max_pixels)

    def _render(self, n: int, scale: float, max_pixels: int) -> tuple[bytes, tuple[int, int]]:
        if self._raw.formenv is None and self._raw.get_formtype():
            self._raw.init_forms()  # what a form was filled in with is drawn only so
        with _Loaded(self._raw, n, text=False) as loaded:
            width, height = loaded.page.get_size()
            area = max(width * height, 1.0)
            fitting = min(scale, (max_pixels / area) ** 0.5)
            image = loaded.page.render(scale=fitting, may_draw_forms=True).to_pil()
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=85)
        return out.getvalue(), image.size


class _Loaded:
    """One page held in memory; used under the lock."""

    def __init__(self, raw: pypdfium2.PdfDocument, n: int, text: bool = True) -> None:
        if not 1 <= n <= len(raw):
            raise ValidationError(f"There is no page {n}: the document has {len(raw)} pages.")
        self._with_text = text
        self.page: pypdfium2.PdfPage = _guarded(lambda: raw[n - 1], n)
        self._n = n

    def __enter__(self) -> _Loaded:
        return self.load()

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self) -> _Loaded:
        """Read the page's text."""
        if self._with_text:
            self.textpage: pypdfium2.PdfTextPage = _guarded(self.page.get_textpage, self._n)
        return self

    @cached_property
    def indices(self) -> list[int]:
        """For each character of the canonical text the index pdfium knows it by."""
        return self.characters()[1]

    def close(self) -> None:
        """Let go of the page."""
        if self._with_text:
            self.textpage.close()
        self.page.close()

    def _units(self) -> str:
        """pdfium's characters, one for each of its indices (surrogate halves stay apart)."""
        import pypdfium2.raw as pdfium

        count = pdfium.FPDFText_CountChars(self.textpage)
        buffer = (ctypes.c_ushort * (count + 1))()
        written = pdfium.FPDFText_GetText(self.textpage, 0, count, buffer)
        # GetText is fast, but leaves out some control characters, and joins pairs of surrogates; where its text is not
        # of pdfium's own length, each character is asked for, to keep indices right
        if written == count + 1:
            try:
                text = bytes(buffer)[:-2].decode("utf-16-le")
            except UnicodeDecodeError:
                text = ""
            if len(text) == count:
                return text
        return "".join(chr(pdfium.FPDFText_GetUnicode(self.textpage, i)) for i in range(count))

    def text(self) -> str:
        """Canonical text."""
        units = self._units()
        if not units.isascii() or "\0" in units:
            return _canonical(units)[0]
        return units.replace("\r", "").replace("\x02", "-")

    def characters(self) -> tuple[str, list[int]]:
        """Canonical text, and for each character the index pdfium knows it by."""
        return _canonical(self._units())

    def boxes(self, indices: Sequence[int]) -> tuple[Rect, ...]:
        """Boxes of the characters with these pdfium indices, on the page as displayed."""
        import pypdfium2.raw as pdfium

        left, bottom, right, top = self.page.get_bbox()
        rotation = self.page.get_rotation()
        width, height = right - left, top - bottom
        rect, found = pdfium.FS_RECTF(), []
        for index in indices:
            if not pdfium.FPDFText_GetLooseCharBox(self.textpage, index, rect) or rect.left == rect.right:
                found.append(_NO_BOX)
                continue
            x0, y0, x1, y1 = rect.left - left, rect.bottom - bottom, rect.right - left, rect.top - bottom
            if rotation == 0:
                found.append((x0, height - y1, x1, height - y0))
            elif rotation == 90:
                found.append((y0, x0, y1, x1))
            elif rotation == 180:
                found.append((width - x1, y0, width - x0, y1))
            else:
                found.append((height - y1, width - x1, height - y0, width - x0))
        return tuple(found)


def open_pdf(source: str | os.PathLike[str] | bytes, *, name: str | None = None) -> Pdf:
    """Open a PDF; use it in a `with` block.

    Args:
        source: Path, or the file's bytes.
        name: Name for messages; the path's last part if left out.

    Raises:
        ValidationError: The file is missing, damaged, has no pages, or needs a password.
    """
    import pypdfium2

    shown = name or ("the PDF" if isinstance(source, bytes) else Path(source).name)
    with LOCK:
        try:
            raw = pypdfium2.PdfDocument(source if isinstance(source, bytes) else os.fspath(source))
        except FileNotFoundError:
            raise ValidationError(f"There is no file {os.fspath(source)!r}; check the path.") from None
        except pypdfium2.PdfiumError as error:
            if error.err_code == _WRONG_PASSWORD:
                raise ValidationError(
                    f"{shown} needs a password to open; save a copy without one and use that."
                ) from None
            raise ValidationError(
                f"{shown} is damaged or cut short: it cannot be opened as a PDF. Get or export the file again."
            ) from None
        if not len(raw):
            raw.close()
            raise ValidationError(f"{shown} has no pages, so there is nothing to read; get or export the file again.")
        return Pdf(raw)


def render_page(
    source: str | os.PathLike[str] | bytes, page: int, scale: float = 1.5, max_pixels: int = 25_000_000
) -> tuple[bytes, tuple[int, int]]:
    """Draw one page as it is displayed.

    Args:
        source: Path or bytes of a PDF.
        page: Page number from 1.
        scale: Pixels per point; lowered where the image would exceed `max_pixels`.
        max_pixels: Upper bound of width times height.

    Returns:
        JPEG bytes, and (width, height) in pixels.

    Raises:
        ValidationError: The PDF cannot be opened, or has no such page.
    """
    with open_pdf(source) as pdf:
        return pdf.render(page, scale, max_pixels)


def _canonical(units: str) -> tuple[str, list[int]]:
    """Canonical text of pdfium's characters, and the index of each in them."""
    out: list[str] = []
    indices: list[int] = []
    for i, unit in enumerate(units):
        code = ord(unit)
        if code == _CARRIAGE_RETURN or code == 0:
            continue
        if 0xD800 <= code < 0xE000:
            follows = ord(units[i + 1]) if i + 1 < len(units) else 0
            if code >= 0xDC00 or not 0xDC00 <= follows < 0xE000:
                continue
            unit = chr(0x10000 + ((code - 0xD800) << 10) + (follows - 0xDC00))
        out.append(_HYPHENS.get(code, unit))
        indices.append(i)
    return "".join(out), indices


def _guarded(load: Any, n: int) -> Any:
    """Load a page or its text; a broken page is the file's fault, said plainly."""
    import pypdfium2

    try:
        return load()
    except pypdfium2.PdfiumError:
        raise ValidationError(f"Page {n} of the PDF is damaged and cannot be read; get the file again.") from None
