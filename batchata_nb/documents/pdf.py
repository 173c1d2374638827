"""PDF: page count, canonical page text, character boxes, page images (pypdfium2).

pdfium is not thread-safe, so every call into it is made under one process-wide lock.
What canonical text and boxes are is said in `page`.
"""

from __future__ import annotations

import io
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.citations import Rect
from ..core.errors import ValidationError
from .forms import Entry, entries
from .legible import PageKind, kind_of
from .page import LoadedPage

if TYPE_CHECKING:
    import pypdfium2

LOCK = threading.RLock()
"""Held around every call into pdfium, also by code outside this module that uses it."""

_WRONG_PASSWORD = 4  # FPDF_ERR_PASSWORD
_MOST_KEPT = 24  # pages


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


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page holds that evidence can be looked for in.

    Attributes:
        text: Canonical text; empty where the page is damaged.
        kind: Whether that text is what a reader sees.
        entries: What the form fields of the page are filled in with; not part of `text`.
    """

    text: str
    kind: PageKind
    entries: tuple[Entry, ...] = ()


class Pdf:
    """An open PDF; pages are read when asked for, and only the last few whose boxes were asked for are kept.

    Attributes:
        page_count: Number of pages.
    """

    def __init__(self, raw: pypdfium2.PdfDocument) -> None:
        self._raw = raw
        self._kept: dict[int, LoadedPage] = {}
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
        return any(self._has_text(n) for n in range(1, self.page_count + 1))

    def _has_text(self, n: int) -> bool:
        try:
            return bool(self.text(n).strip())
        except ValidationError:  # a damaged page has none; that is said where evidence is looked for
            return False

    def text(self, n: int) -> str:
        """Return the canonical text of page `n` (from 1); much cheaper than `page`."""
        with LOCK, LoadedPage(self._raw, n) as loaded:
            return loaded.text()

    def content(self, n: int) -> PageContent:
        """Return the text of page `n` (from 1), whether it is what a reader sees, and the entries of its form."""
        with LOCK:
            self._fill_forms()
            try:
                with LoadedPage(self._raw, n) as loaded:
                    text = loaded.text()
                    return PageContent(text, kind_of(loaded, text), entries(self._raw, loaded))
            except ValidationError:  # one page is damaged; the others are not
                return PageContent("", "damaged")

    def boxes(self, n: int, start: int = 0, end: int | None = None) -> tuple[Rect, ...]:
        """Return the boxes of characters `start` to `end` (exclusive) of page `n`'s canonical text."""
        with LOCK:
            if n not in self._kept:
                while len(self._kept) >= _MOST_KEPT:
                    self._kept.pop(next(iter(self._kept))).close()
                self._kept[n] = LoadedPage(self._raw, n).load()
            return self._kept[n].boxes(self._kept[n].indices[start:end])

    def page(self, n: int) -> PageText:
        """Return text and boxes of page `n` (from 1)."""
        with LOCK, LoadedPage(self._raw, n) as loaded:
            text, indices = loaded.characters()
            width, height = loaded.page.get_size()
            return PageText(n, width, height, loaded.page.get_rotation(), text, loaded.boxes(indices))

    def size(self, n: int) -> tuple[float, float]:
        """Width and height of page `n` (from 1) in points, as displayed."""
        with LOCK, LoadedPage(self._raw, n, text=False) as loaded:
            width, height = loaded.page.get_size()
            return width, height

    def render(self, n: int, scale: float = 1.5, max_pixels: int = 25_000_000) -> tuple[bytes, tuple[int, int]]:
        """Draw page `n` as JPEG; see `render_page`."""
        with LOCK:
            return self._render(n, scale, max_pixels)

    def _fill_forms(self) -> None:
        if self._raw.formenv is None and self._raw.get_formtype():
            self._raw.init_forms()

    def _render(self, n: int, scale: float, max_pixels: int) -> tuple[bytes, tuple[int, int]]:
        self._fill_forms()  # what a form was filled in with is drawn only so
        with LoadedPage(self._raw, n, text=False) as loaded:
            width, height = loaded.page.get_size()
            area = max(width * height, 1.0)
            fitting = min(scale, (max_pixels / area) ** 0.5)
            image = loaded.page.render(scale=fitting, may_draw_forms=True).to_pil()
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=85)
        return out.getvalue(), image.size


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
