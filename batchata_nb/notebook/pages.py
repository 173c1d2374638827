"""Pictures of document pages for the views, and the few of them that are kept."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass

from ..core.errors import ValidationError
from ..core.jobs import Document
from .texts import Texts

Key = tuple[str, int, float]
"""Digest of the document, page from 1, scale."""
MOST_PAGES, MOST_BYTES = 256, 64 * 1024 * 1024
MOST_PIXELS = 25_000_000
_AS_IT_IS = 4 * 1024 * 1024
_SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif")


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as an image.

    Attributes:
        data: The encoded image.
        mime: Its type.
        width: Width of the page in points, of an image in pixels: the unit of citation rectangles.
        height: Height in the same unit.
    """

    data: bytes
    mime: str
    width: float
    height: float


class Pages:
    """The pictures used last, at most 256 of them and 64 MiB; and texts. Used on the runner's thread alone."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Picture] = OrderedDict()
        self.texts = Texts()

    def get(self, key: Key) -> Picture | None:
        """Return a picture that is kept, None otherwise."""
        picture = self._kept.get(key)
        if picture is not None:
            self._kept.move_to_end(key)
        return picture

    def put(self, key: Key, picture: Picture) -> None:
        """Keep a picture; the ones unused for longest go."""
        self._kept[key] = picture
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_PAGES or sum(len(kept.data) for kept in self._kept.values()) > MOST_BYTES:
            self._kept.popitem(last=False)


def draw(document: Document, page: int, scale: float) -> Picture:
    """Draw one page of a document; reads the file, which must be the one that was sent.

    Args:
        document: A PDF or an image.
        page: Page from 1; an image has one.
        scale: Pixels per point of a PDF page.

    Raises:
        ValidationError: There is nothing to draw, no such page, or the file has changed.
    """
    from ..documents.files import checked_path, read

    if document.kind == "text":
        raise ValidationError(f"{document.name} is a text; it has no pages to draw")
    if page > (document.pages or 1):
        raise ValidationError(f"{document.name} has {document.pages or 1} pages, and page {page} was asked for")
    if document.kind == "image":
        return _draw_image(document, read(document))
    return _draw_pdf(checked_path(document), document.name, page, scale)


def _draw_pdf(path: str, name: str, page: int, scale: float) -> Picture:
    from ..documents.pdf import open_pdf

    with open_pdf(path, name=name) as pdf:
        data, _ = pdf.render(page, scale, MOST_PIXELS)
        width, height = pdf.size(page)
    return Picture(data, "image/jpeg", width, height)


def _draw_image(document: Document, content: bytes) -> Picture:
    """Hand an image on as it is where a browser can show it quickly, else as a smaller JPEG."""
    from PIL import Image

    width, height = float(document.width or 0), float(document.height or 0)
    if len(content) <= _AS_IT_IS and document.media_type in _SHOWN and width:
        return Picture(content, document.media_type, width, height)
    with Image.open(io.BytesIO(content)) as image:
        width, height = width or float(image.width), height or float(image.height)
        smaller = image.convert("RGB")
        smaller.thumbnail((2400, 2400))
    out = io.BytesIO()
    smaller.save(out, "JPEG", quality=85)
    return Picture(out.getvalue(), "image/jpeg", width, height)
