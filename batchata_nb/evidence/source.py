"""A document as evidence is looked for in it: one text over all pages, and boxes where they are asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property

from ..core.citations import Rect
from . import dates, fold, printed
from .page import Page

_PAGE_BREAK = "\f"
_SAMPLE = 1500  # characters of a page that tell which way its lines run


@dataclass(frozen=True, slots=True)
class Box:
    """Where the first line of a span stands, as a reader holds the page: x along the lines, y down them."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def height(self) -> float:
        """Height of the line, never 0."""
        return max(self.y1 - self.y0, 1.0)

    @property
    def middle(self) -> float:
        """The line's vertical middle."""
        return (self.y0 + self.y1) / 2

    @property
    def centre(self) -> float:
        """The span's horizontal middle."""
        return (self.x0 + self.x1) / 2


class Source:
    """The pages of one or more documents as one text; all positions are into `text` unless said otherwise.

    Args:
        pages: The pages in order.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = pages
        self.text = _PAGE_BREAK.join(page.text for page in pages)
        self._starts: list[int] = []
        at = 0
        for page in pages:
            self._starts.append(at)
            at += len(page.text) + 1
        self._boxes: dict[tuple[int, int], Box | None] = {}
        self._turns: dict[int, int] = {}
        self._occurrences: dict[str, list[tuple[int, int]]] = {}

    @cached_property
    def _skeleton(self) -> tuple[str, array[int]]:
        return fold.skeleton_with_places(self.text)

    @property
    def skeleton(self) -> str:
        """The folded letters and digits of the text."""
        return self._skeleton[0]

    @property
    def places(self) -> array[int]:
        """For each character of the skeleton its index in the text."""
        return self._skeleton[1]

    @cached_property
    def numbers(self) -> printed.Numbers:
        """Every number printed."""
        return printed.Numbers(self.text)

    @cached_property
    def dates(self) -> dict[date, list[printed.Printed]]:
        """Every date printed."""
        return dates.dates(self.text)

    @cached_property
    def times(self) -> dict[time, list[printed.Printed]]:
        """Every time of day printed."""
        return dates.times(self.text)

    @cached_property
    def vocabulary(self) -> dict[str, list[int]]:
        """Folded words and where they start."""
        found: dict[str, list[int]] = {}
        for match in fold.WORD.finditer(self.text):
            found.setdefault(fold.skeleton(match[0]), []).append(match.start())
        return found

    def page_of(self, at: int) -> int:
        """Index of the page that a position is on."""
        return bisect_right(self._starts, at) - 1

    def page_start(self, index: int) -> int:
        """Position of the first character of a page."""
        return self._starts[index]

    @cached_property
    def document_count(self) -> int:
        """Number of documents."""
        return len({page.document for page in self.pages})

    def document_span(self, document: int) -> tuple[int, int]:
        """Positions of a document's first character and one past its last; (0, 0) when there is no such document."""
        return self.page_range(document, None, None) or (0, 0)

    def page_range(self, document: int, first: int | None, last: int | None) -> tuple[int, int] | None:
        """Positions of a document's pages `first` to `last` (exclusive); None when it has none of them."""
        chosen = [
            i
            for i, page in enumerate(self.pages)
            if page.document == document
            and (first is None or page.number is None or page.number >= first)
            and (last is None or page.number is None or page.number < last)
        ]
        if not chosen:
            return None
        return self._starts[chosen[0]], self._starts[chosen[-1]] + len(self.pages[chosen[-1]].text)

    def skeleton_at(self, at: int) -> int:
        """Index in the skeleton of the first character at or behind a position."""
        return bisect_left(self.places, at)

    def pieces(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """A span as (page index, start, end) within pages, white space at page ends left out."""
        found = []
        for index in range(self.page_of(start), self.page_of(max(start, end - 1)) + 1):
            base, text = self._starts[index], self.pages[index].text
            first, last = max(0, start - base), min(len(text), end - base)
            while first < last and text[first].isspace():
                first += 1
            while last > first and text[last - 1].isspace():
                last -= 1
            if last > first:
                found.append((index, first, last))
        return found

    def box(self, start: int, end: int) -> Box | None:
        """Where the first line of a span stands; None when nothing of it can be seen."""
        key = (start, end)
        if key not in self._boxes:
            self._boxes[key] = self._first_line(start, end)
        return self._boxes[key]

    def _first_line(self, start: int, end: int) -> Box | None:
        page = self.page_of(start)
        base = self._starts[page]
        boxes = self.pages[page].boxes(start - base, min(end, start + 80) - base)
        lines = join_lines(boxes)
        if not lines:
            return None
        x0, y0, x1, y1 = lines[0]
        turn = self._turns.get(page)
        if turn is None:
            turn = self._turns[page] = _turn(self.pages[page])
        if turn > 0:
            return Box(page, y0, -x1, y1, -x0)
        return Box(page, -y1, x0, -y0, x1) if turn < 0 else Box(page, x0, y0, x1, y1)

    def rects(self, page: int, start: int, end: int) -> tuple[Rect, ...]:
        """Boxes of a span within a page, one for each line; none where the document has no pages."""
        if self.pages[page].number is None:
            return ()
        return tuple(join_lines(self.pages[page].boxes(start, end)))

    def occurrences(self, term: str) -> list[tuple[int, int]]:
        """Where a word or phrase (folded, phrases with spaces) stands, also inflected or inside a compound."""
        if term not in self._occurrences:
            self._occurrences[term] = sorted(self._phrases(term) if " " in term else self._words(term))
        return self._occurrences[term]

    def is_compound(self, term: str, start: int) -> bool:
        """Whether an occurrence of a term is only the later part of a longer word: `total` in `Subtotal`."""
        return " " not in term and fold.skeleton(self.text[start : start + 1]) != term[:1]

    def _words(self, term: str) -> list[tuple[int, int]]:
        size = len(term)
        if term and fold.is_unspaced(term[0]):
            return [(self.places[i], self.places[i + size - 1] + 1) for i in finds(self.skeleton, term)]
        hits: list[tuple[int, int]] = []
        for word, starts in self.vocabulary.items():
            longer = len(word) - size
            if (
                word == term
                or (size >= 4 and longer > 0 and term in word and (longer <= 3 or size >= 5))
                or (size >= 6 and -3 <= longer < 0 and len(word) >= 5 and term.startswith(word))
            ):
                hits.extend((start, start + len(word)) for start in starts)
        return hits

    def _phrases(self, term: str) -> list[tuple[int, int]]:
        joined = term.replace(" ", "")
        hits = []
        for at in finds(self.skeleton, joined):
            start, end = self.places[at], self.places[at + len(joined) - 1] + 1
            if not fold.splits_word(self.text, start):
                hits.append((start, end))
        return hits


def finds(text: str, part: str, limit: int = 400) -> list[int]:
    """Where a part stands in a text, the first `limit` of them; overlapping ones too."""
    found: list[int] = []
    at = text.find(part)
    while at >= 0 and len(found) < limit:
        found.append(at)
        at = text.find(part, at + 1)
    return found


def _turn(page: Page) -> int:
    """Which way the lines of a page run as it is displayed: 0 from side to side, 1 down, -1 up."""
    across = down = 0.0
    for match in list(fold.WORD.finditer(page.text[:_SAMPLE]))[:80]:
        boxes = [box for box in page.boxes(*match.span()) if box[0] != box[2]]
        if len(boxes) > 2:
            across += abs(boxes[-1][0] + boxes[-1][2] - boxes[0][0] - boxes[0][2])
            down += boxes[-1][1] + boxes[-1][3] - boxes[0][1] - boxes[0][3]
    return 0 if abs(down) <= 2 * across else 1 if down > 0 else -1


def join_lines(boxes: Sequence[Rect]) -> list[Rect]:
    """Character boxes joined to one box for each line; lines may run down the page, as on a page turned sideways."""
    lines: list[list[float]] = []
    last: Rect | None = None
    for box in boxes:
        if box[0] == box[2]:
            continue
        if last is not None and (_follows(lines[-1], box) or _follows_down(lines[-1], last, box)):
            line = lines[-1]
            line[:] = [min(line[0], box[0]), min(line[1], box[1]), max(line[2], box[2]), max(line[3], box[3])]
        else:
            lines.append(list(box))
        last = box
    return [(a, b, c, d) for a, b, c, d in lines]


def _follows(line: Sequence[float], box: Rect) -> bool:
    """Whether a box goes on a line of writing from side to side."""
    height = box[3] - box[1]
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    gap = max(box[0] - line[2], line[0] - box[2])
    return overlap > 0.4 * min(line[3] - line[1], height) and gap < 4 * height + 4


def _follows_down(line: Sequence[float], last: Rect, box: Rect) -> bool:
    """Whether a box goes on a line of writing that runs up or down the page."""
    if line[2] - line[0] > 1.5 * (last[2] - last[0]):
        return False
    overlap = min(last[2], box[2]) - max(last[0], box[0])
    gap = max(box[1] - last[3], last[1] - box[3])
    return overlap > 0.8 * min(last[2] - last[0], box[2] - box[0]) and gap < 0.8 * (box[2] - box[0])


def nearest(sorted_spans: Sequence[tuple[int, int]], at: int, before: int, after: int) -> Sequence[tuple[int, int]]:
    """Those of sorted spans that start within `before` characters before and `after` characters behind a position."""
    return sorted_spans[bisect_left(sorted_spans, (at - before, 0)) : bisect_right(sorted_spans, (at + after, 1 << 60))]
