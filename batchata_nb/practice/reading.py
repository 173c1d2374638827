"""Documents as lines of cells: what the label reader and the citations work on."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from .ask import Source

KEPT = 64
"""How many documents are kept read."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of text on a line: where it stands in the page's text, and from where to where it reaches across.

    `x0` and `x1` are points on a PDF page, columns in a text.
    """

    text: str
    start: int
    end: int
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Line:
    """What the eye takes as one line: `delimited` if its cells are separated by a delimiter rather than by space."""

    cells: tuple[Cell, ...]
    words: tuple[Cell, ...] = ()
    delimited: bool = False

    @property
    def text(self) -> str:
        """The whole line."""
        return " ".join(cell.text for cell in self.cells)


@dataclass(frozen=True)
class Page:
    """One page of a document; `number` is None for text. `block` is the index of a custom chunk."""

    source: int
    number: int | None
    text: str
    lines: tuple[Line, ...]
    block: int = 0


@dataclass(frozen=True)
class Reading:
    """A document, read."""

    pages: tuple[Page, ...]

    @cached_property
    def text(self) -> str:
        """All its text."""
        return "\n".join(page.text for page in self.pages)


_cache: OrderedDict[str, tuple[Page, ...]] = OrderedDict()
_counts: OrderedDict[str, int | str] = OrderedDict()
_lock = threading.Lock()


def page_count(data: bytes) -> int:
    """Return the number of pages of a PDF; raises ValueError with the reason if it cannot be opened."""
    from ..documents.pdf import open_pdf

    key = Source("pdf", data=data).sha256
    with _lock:
        known = _counts.get(key)
    if known is None:
        try:
            with open_pdf(data) as pdf:
                known = pdf.page_count
        except (ValueError, RuntimeError) as error:
            known = str(error)
        with _lock:
            _counts[key] = known
            if len(_counts) > 4096:
                _counts.popitem(last=False)
    if isinstance(known, str):
        raise ValueError(known)
    return known


def read(source: Source, index: int) -> Reading:
    """Read a document; images have no text."""
    if source.kind == "image":
        return Reading(())
    if source.kind != "pdf":
        return Reading(tuple(text_page(part, index, block) for block, part in enumerate(source.parts)))
    key = source.sha256
    with _lock:
        pages = _cache.get(key)
        if pages is not None:
            _cache.move_to_end(key)
    if pages is None:
        pages = tuple(_pdf_pages(source.data))
        with _lock:
            _cache[key] = pages
            if len(_cache) > KEPT:
                _cache.popitem(last=False)
    return Reading(tuple(Page(index, page.number, page.text, page.lines) for page in pages))


def text_page(text: str, source: int, block: int = 0) -> Page:
    """Return a text as one page."""
    return Page(source, None, text, tuple(_text_lines(text)), block)


def _text_lines(text: str) -> Iterator[Line]:
    at = 0
    rows = text.split("\n")
    comma = _delimiter(rows)
    for row in rows:
        start, at = at, at + len(row) + 1
        if not row.strip() or re.fullmatch(r"[\s|:+=-]+", row):
            continue
        bar = row.strip().startswith("|")
        separator = (
            r"\|"
            if bar
            else re.escape(comma)
            if comma and comma in row
            else r"\t+| {2,}|[,;] (?=[^\W\d_][\w ]{0,30}: )"
        )
        cells, last = [], 0
        for found in [*re.finditer(separator, row), None]:
            stop = found.start() if found else len(row)
            piece = row[last:stop]
            inner = piece.strip(" \t\r*_" if bar else ' \t\r"' if comma else " \t\r")
            if inner:
                offset = last + piece.index(inner)
                cells.append(Cell(inner, start + offset, start + offset + len(inner), offset, offset + len(inner)))
            elif (bar and last and found) or comma:
                cells.append(Cell("", start + last, start + last, last, last))
            last = found.end() if found else last
        if cells:
            yield Line(tuple(cells), (), bar or bool(comma and comma in row))


def _delimiter(rows: Sequence[str]) -> str | None:
    """Return `;` or `,` if the text is a table separated by it: the same number of them in each of the first lines."""
    filled = [row for row in rows if row.strip()][:6]
    for mark in (";", ","):
        counts = {row.count(mark) for row in filled}
        if len(filled) >= 2 and len(counts) == 1 and counts.pop() >= 1 and not any(f"{mark} " in row for row in filled):
            return mark
    return None


def _pdf_pages(data: bytes) -> Iterator[Page]:
    from ..documents.pdf import open_pdf

    with open_pdf(data) as pdf:
        for number in range(1, pdf.page_count + 1):
            page = pdf.page(number)
            yield Page(0, number, page.text, tuple(_visual_lines(page.text, upright(page.text, page.boxes))))


Box = tuple[float, float, float, float]


def upright(text: str, boxes: Sequence[Box]) -> Sequence[Box]:
    """Turn the characters of a page that stands on its side, as a reader turns the sheet; others stay as they are."""
    down = up = across = 0
    for found in re.finditer(r"\S{4,}", text):
        first, last = boxes[found.start()], boxes[found.end() - 1]
        aside, below = last[0] - first[0], last[1] - first[1]
        across += abs(aside) >= abs(below)
        down += below > abs(aside)
        up += -below > abs(aside)
    if max(down, up) <= across:
        return boxes
    if down > up:
        return [(y0, -x1, y1, -x0) for x0, y0, x1, y1 in boxes]
    return [(-y1, x0, -y0, x1) for x0, y0, x1, y1 in boxes]


def _words(text: str, boxes: Sequence[Box]) -> list[tuple[Cell, float, float]]:
    """Return the words with their vertical extent."""
    words = []
    for found in re.finditer(r"\S+", text):
        inside = [box for box in boxes[found.start() : found.end()] if box[2] > box[0]]
        if inside:
            x0, x1 = min(box[0] for box in inside), max(box[2] for box in inside)
            cell = Cell(found[0], found.start(), found.end(), x0, x1)
            words.append((cell, min(box[1] for box in inside), max(box[3] for box in inside)))
    return words


def _visual_lines(text: str, boxes: Sequence[Box]) -> Iterator[Line]:
    """Group words into lines as the eye does, from top to bottom, and each line into cells at wide gaps."""
    words = sorted(_words(text, boxes), key=lambda word: (word[1] + word[2]) / 2)
    line: list[tuple[Cell, float, float]] = []
    middle = 0.0
    for word in words:
        centre, height = (word[1] + word[2]) / 2, word[2] - word[1]
        if line and abs(centre - middle) > max(2.0, 0.4 * height):
            yield _visual_line(text, line)
            line = []
        middle = (middle * len(line) + centre) / (len(line) + 1)
        line.append(word)
    if line:
        yield _visual_line(text, line)


def _visual_line(text: str, words: list[tuple[Cell, float, float]]) -> Line:
    ordered = sorted(words, key=lambda word: word[0].x0)
    groups: list[list[Cell]] = []
    for cell, top, bottom in ordered:
        last = groups[-1][-1] if groups else None
        em = bottom - top
        near = last is not None and cell.x0 - last.x1 < (0.75 if cell.start == last.end + 1 else 0.45) * em
        if near:
            groups[-1].append(cell)
        else:
            groups.append([cell])
    return Line(tuple(_joined(text, group) for group in groups), tuple(word[0] for word in ordered))


def _joined(text: str, group: list[Cell]) -> Cell:
    start, end = group[0].start, group[-1].end
    whole = text[start:end] if start < end else ""
    joined = " ".join(cell.text for cell in group)
    if " ".join(whole.split()) != joined:
        start, end = min(cell.start for cell in group), max(cell.end for cell in group)
    return Cell(joined, start, end, group[0].x0, group[-1].x1)
