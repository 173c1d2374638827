"""One page of an open PDF: its canonical text and where each character stands. All of it is used under pdfium's lock.

Canonical text of a page: pdfium's characters in content order; CR and NUL removed; soft and line-end hyphens as
`-`; halves of a surrogate pair joined, a half without its partner removed. Boxes are pdfium's loose character boxes
(font height, not ink), on the page as displayed: crop box and /Rotate applied, points, origin top left.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..core.citations import Rect
from ..core.errors import ValidationError

if TYPE_CHECKING:
    import pypdfium2

_CARRIAGE_RETURN = 0x0D
_HYPHENS = {0x02: "-", 0xAD: "-", 0xFFFE: "-"}
_NO_BOX: Rect = (0.0, 0.0, 0.0, 0.0)


class LoadedPage:
    """One page held in memory; used under the lock."""

    def __init__(self, raw: pypdfium2.PdfDocument, n: int, text: bool = True) -> None:
        if not 1 <= n <= len(raw):
            raise ValidationError(f"There is no page {n}: the document has {len(raw)} pages.")
        self._with_text = text
        self.page: pypdfium2.PdfPage = _guarded(lambda: raw[n - 1], n)
        self._n = n

    def __enter__(self) -> LoadedPage:
        return self.load()

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self) -> LoadedPage:
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
            return canonical(units)[0]
        return units.replace("\r", "").replace("\x02", "-")

    def characters(self) -> tuple[str, list[int]]:
        """Canonical text, and for each character the index pdfium knows it by."""
        return canonical(self._units())

    def guessed(self, most: int) -> tuple[int, int]:
        """Of the first characters, how many pdfium had to guess since their font does not name them, of how many."""
        import pypdfium2.raw as pdfium

        seen = min(pdfium.FPDFText_CountChars(self.textpage), most)
        marked = sum(
            pdfium.FPDFText_HasUnicodeMapError(self.textpage, i) == 1
            and not pdfium.FPDFText_IsGenerated(self.textpage, i)
            for i in range(seen)
        )
        return marked, seen

    def drawn(self) -> tuple[set[str], float]:
        """What is drawn (`text`, `path`, `image`, `shading`), and the share of the page its largest image covers."""
        import pypdfium2.raw as pdfium

        names = {
            pdfium.FPDF_PAGEOBJ_TEXT: "text",
            pdfium.FPDF_PAGEOBJ_PATH: "path",
            pdfium.FPDF_PAGEOBJ_IMAGE: "image",
            pdfium.FPDF_PAGEOBJ_SHADING: "shading",
        }
        left, bottom, right, top = self.page.get_bbox()
        kinds, largest = set(), 0.0
        for found in self.page.get_objects(max_depth=3):
            kinds.add(names.get(found.type, "other"))
            if found.type == pdfium.FPDF_PAGEOBJ_IMAGE:
                x0, y0, x1, y1 = found.get_bounds()
                width, height = min(x1, right) - max(x0, left), min(y1, top) - max(y0, bottom)
                largest = max(largest, max(width, 0.0) * max(height, 0.0))
        return kinds, largest / max((right - left) * (top - bottom), 1.0)

    def boxes(self, indices: Sequence[int]) -> tuple[Rect, ...]:
        """Boxes of the characters with these pdfium indices, on the page as displayed."""
        import pypdfium2.raw as pdfium

        rect, found, shown = pdfium.FS_RECTF(), [], self._placing()
        for index in indices:
            if not pdfium.FPDFText_GetLooseCharBox(self.textpage, index, rect) or rect.left == rect.right:
                found.append(_NO_BOX)
            else:
                found.append(shown(rect.left, rect.bottom, rect.right, rect.top))
        return tuple(found)

    def box(self, left: float, bottom: float, right: float, top: float) -> Rect:
        """A rectangle in the page's own coordinates, on the page as displayed."""
        return self._placing()(left, bottom, right, top)

    def _placing(self) -> Callable[[float, float, float, float], Rect]:
        """What turns rectangles of the page's own coordinates into ones of the page as displayed.

        One that the crop box hides altogether has no place there.
        """
        left, bottom, right, top = self.page.get_bbox()
        rotation = self.page.get_rotation()
        width, height = right - left, top - bottom

        def place(x0: float, y0: float, x1: float, y1: float) -> Rect:
            x0, y0, x1, y1 = x0 - left, y0 - bottom, x1 - left, y1 - bottom
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                return _NO_BOX
            if rotation == 0:
                return (x0, height - y1, x1, height - y0)
            if rotation == 90:
                return (y0, x0, y1, x1)
            if rotation == 180:
                return (width - x1, y0, width - x0, y1)
            return (height - y1, width - x1, height - y0, width - x0)

        return place


def canonical(units: str) -> tuple[str, list[int]]:
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
