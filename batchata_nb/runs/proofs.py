"""What stands beside a value in an HTML report: a picture of its place, or the words around it.

All pictures of a report together are held under a bound; what comes after it is shown in words.
"""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import BatchataError
from ..core.jobs import Document
from ..core.markup import escape

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 25_000_000
"""Of all pictures in a report, as they stand in the file."""
SCALE, QUALITY = 2.0, 80
WIDEST, HIGHEST = 1200, 600
"""Pixels of one picture; a larger place is shown smaller."""
MARGIN, ASIDE, AROUND = 14.0, 80.0, 100
"""Points above and below, and to the sides of, a place in a picture; characters before and behind it in words."""
LONGEST = 600
"""Characters of a place in words."""
_PAGES, _TEXTS = 4, 2

Rects = Sequence[Sequence[float]]


class Proofs:
    """Pictures and words for one report; pages that were drawn and texts that were read last are kept.

    Args:
        most_bytes: Bound on all pictures.

    Attributes:
        left_out: How many places are in words since the bound was reached.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._room = most_bytes
        self._drawn: OrderedDict[tuple[str, int], tuple[Image, float] | None] = OrderedDict()
        self._texts: OrderedDict[str, str | None] = OrderedDict()
        self.left_out = 0

    def of(self, document: Document | None, citation: Mapping[str, Any]) -> str:
        """Return the place of a citation as HTML: an image in the file itself, or a quotation."""
        if document is not None and document.kind == "pdf" and citation["rects"] and citation["page"]:
            picture = self._picture(document, int(citation["page"]), citation["rects"], str(citation["text"]))
            if picture:
                return picture
        if document is not None and document.kind == "text" and citation["start"] is not None:
            words = self._words(document, int(citation["start"]), int(citation["end"]))
            if words:
                return words
        return f"<blockquote>{escape(citation['text'], LONGEST)}</blockquote>"

    def _picture(self, document: Document, page: int, rects: Rects, words: str) -> str:
        if self._room <= 0:
            self.left_out += 1
            return ""
        drawn = _last(self._drawn, (document.sha256, page), lambda: _page(document, page), _PAGES)
        if drawn is None:
            return ""
        image, scale = drawn
        made = f'<img alt="{escape(words, 200)}" src="data:image/jpeg;base64,{_crop(image, scale, rects)}"><br>'
        if len(made) > self._room:
            self._room = 0  # smaller ones that would still fit are in words too: a reader sees where pictures end
            self.left_out += 1
            return ""
        self._room -= len(made)
        return made

    def _words(self, document: Document, start: int, end: int) -> str:
        text = _last(self._texts, document.sha256, lambda: _text(document), _TEXTS)
        if text is None or not 0 <= start < end <= len(text):
            return ""
        before, behind = text[max(0, start - AROUND) : start], text[end : end + AROUND]
        lead, trail = "…" if start > AROUND else "", "…" if end + AROUND < len(text) else ""
        marked = f"<mark>{escape(text[start:end], LONGEST)}</mark>"
        return f"<blockquote>{lead}{escape(before)}{marked}{escape(behind)}{trail}</blockquote>"


def _last(kept: OrderedDict[Any, Any], key: Any, make: Any, most: int) -> Any:
    """What is kept under a key, made when it is not; only the last few are kept."""
    if key not in kept:
        kept[key] = make()
        if len(kept) > most:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]


def _page(document: Document, page: int) -> tuple[Image, float] | None:
    """A page as an image, with its pixels per point; None where the file is gone, changed or cannot be drawn."""
    from PIL import Image

    from ..documents.files import checked_path
    from ..documents.pdf import open_pdf

    try:
        with open_pdf(checked_path(document), name=document.name) as pdf:
            jpeg, (width, _) = pdf.render(page, SCALE)
            return Image.open(io.BytesIO(jpeg)).convert("RGB"), width / pdf.size(page)[0]
    except (BatchataError, OSError):
        return None


def _text(document: Document) -> str | None:
    from ..documents.files import text_of

    try:
        return text_of(document)
    except (BatchataError, OSError):
        return None


def _crop(image: Image, scale: float, rects: Rects) -> str:
    """The part of a page around rectangles, those marked, as JPEG in base64."""
    import PIL.Image
    import PIL.ImageDraw

    box = (
        int(max((min(r[0] for r in rects) - ASIDE) * scale, 0)),
        int(max((min(r[1] for r in rects) - MARGIN) * scale, 0)),
        int(min((max(r[2] for r in rects) + ASIDE) * scale, image.width)),
        int(min((max(r[3] for r in rects) + MARGIN) * scale, image.height)),
    )
    part = image.crop(box).convert("RGBA")
    overlay = PIL.Image.new("RGBA", part.size, (0, 0, 0, 0))
    for x0, y0, x1, y1 in rects:
        marked = (x0 * scale - box[0], y0 * scale - box[1], x1 * scale - box[0], y1 * scale - box[1])
        PIL.ImageDraw.Draw(overlay).rectangle(marked, fill=(255, 213, 79, 110))
    part = PIL.Image.alpha_composite(part, overlay).convert("RGB")
    part.thumbnail((WIDEST, HIGHEST))
    out = io.BytesIO()
    part.save(out, "JPEG", quality=QUALITY)
    return base64.b64encode(out.getvalue()).decode()
