"""What stands beside a value in an HTML report: a picture of its place, or the words around it.

All pictures of a report together are held under a bound; what comes after it is shown in words.
"""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import takewhile
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
MARGIN, ASIDE, NARROW = 14.0, 70.0, 330.0
"""Points above and below a place in a picture, those to its sides, and how wide that is at least where the page is."""
FURTHER, NEARER, QUIET, ROOMY = 20.0, 10.0, 3, 12
"""A picture is cut where no line of text is: so many points past the margin at most, or before it; pixels from one line
to the next that make a gap, and more of them than need be seen."""
AROUND = 100
"""Characters before and behind a place in words."""
ZOOM = 1.6
"""Pixels of a picture for each that it takes on the screen: all are drawn alike, and stay sharp when enlarged."""
NOISE = 24
"""Of 255 shades of grey."""
MARK, FRAME = (255, 224, 112), (199, 119, 0)
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
        data, width = _crop(image, scale, rects)
        made = f'<img alt="{escape(words, 200)}" width="{width}" src="data:image/jpeg;base64,{data}">'
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


def _crop(image: Image, scale: float, rects: Rects) -> tuple[str, int]:
    """The part of a page around rectangles, those marked, as JPEG in base64; and how wide to show it, in pixels."""
    from PIL import Image as Images
    from PIL import ImageChops, ImageDraw

    box = _around(image, scale, rects)
    part = image.crop(box)
    tint = Images.new("RGB", part.size, "white")
    places = [
        (x0 * scale - box[0], y0 * scale - box[1], x1 * scale - box[0], y1 * scale - box[1]) for x0, y0, x1, y1 in rects
    ]
    for place in places:
        ImageDraw.Draw(tint).rectangle(place, fill=MARK)
    part = ImageChops.multiply(part, tint)  # black stays black
    for x0, y0, x1, y1 in places:
        ImageDraw.Draw(part).rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), outline=FRAME, width=2)
    part.thumbnail((WIDEST, HIGHEST))
    out = io.BytesIO()
    part.save(out, "JPEG", quality=QUALITY)
    return base64.b64encode(out.getvalue()).decode(), round(part.width / ZOOM)


def _around(image: Image, scale: float, rects: Rects) -> tuple[int, int, int, int]:
    """What of a page is shown: the places with some room around them, all as wide as the page allows."""
    left, right = min(r[0] for r in rects) - ASIDE, max(r[2] for r in rects) + ASIDE
    room, page = max(0.0, NARROW - (right - left)), image.width / scale
    left = max(0.0, min(left - room / 2, page - NARROW))
    right = min(page, max(right, left + NARROW))
    columns = (int(left * scale), int(right * scale))
    top = _between_lines(image, columns, scale, min(r[1] for r in rects), -1)
    return columns[0], top, columns[1], _between_lines(image, columns, scale, max(r[3] for r in rects), 1)


def _between_lines(image: Image, columns: tuple[int, int], scale: float, edge: float, way: int) -> int:
    """A row of pixels a margin away from a place, above (-1) or below it (1), moved to where no text would be cut."""
    cut = round((edge + way * MARGIN) * scale)

    def gap(start: int) -> int:
        """How many rows in a row are in no line of text."""
        rows = (start + way * n for n in range(ROOMY))
        return sum(1 for _ in takewhile(lambda y: not 0 < y < image.height or _like_the_last(image, columns, y), rows))

    for tried in (*range(round(FURTHER * scale)), *range(-1, -round(NEARER * scale), -1)):
        if (found := gap(cut + way * tried)) >= QUIET:
            cut += way * (tried + found // 2)
            break
    return max(0, min(cut, image.height))


def _like_the_last(image: Image, columns: tuple[int, int], row: int) -> bool:
    """Whether a row of pixels differs no more from the one above it than JPEG makes it: so it is in no line of text."""
    from PIL import ImageChops

    here, above = (image.crop((columns[0], y, columns[1], y + 1)).convert("L") for y in (row, row - 1))
    return max(ImageChops.difference(here, above).histogram()[NOISE:]) == 0
