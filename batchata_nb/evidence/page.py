"""What is needed of a document's page to look for evidence in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..core.citations import Rect

_GRID_X, _GRID_Y = 5.0, 12.0


class Page(Protocol):
    """What is needed of a page; a PDF page computes boxes only when asked."""

    @property
    def number(self) -> int | None:
        """Page number from 1; None where the document has no pages."""

    @property
    def document(self) -> int:
        """Index of the document that the page is of, among those of the request."""

    @property
    def name(self) -> str:
        """Name of that document."""

    @property
    def text(self) -> str:
        """The page's canonical text."""

    @property
    def form(self) -> bool:
        """Whether this is what the form fields of the page are filled in with, which its canonical text leaves out."""

    def boxes(self, start: int, end: int) -> Sequence[Rect]:
        """One box for each character of the span; empty boxes where there is nothing to see."""


@dataclass(frozen=True, slots=True)
class TextPage:
    """A text document as one page; for neighbourhood its characters stand on a grid of lines and columns."""

    text: str
    name: str = ""
    document: int = 0
    number: int | None = None
    form: bool = False

    def boxes(self, start: int, end: int) -> Sequence[Rect]:
        """Boxes on the grid; they tell what stands beside and above, and are not shown to anybody."""
        line = self.text.count("\n", 0, start)
        column = start - (self.text.rfind("\n", 0, start) + 1)
        found: list[Rect] = []
        for character in self.text[start:end]:
            x, y = column * _GRID_X, line * _GRID_Y
            found.append((x, y, x + _GRID_X, y + _GRID_Y - 2))
            column += 1
            if character == "\n":
                line, column = line + 1, 0
        return found
