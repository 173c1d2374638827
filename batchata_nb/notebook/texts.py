"""Texts of documents for the views, cut into blocks: a long one opens at once, since only what is seen is sent."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict

from ..core.jobs import Document, JsonObject

SIZE, SLACK = 8_000, 2_000
"""Characters of a block at most, and how far before its end a line's end is looked for to cut at."""
MOST_TEXTS, MOST_CHARACTERS = 8, 20_000_000


class BlockText:
    """A text in blocks that end with a line, where lines are not too long.

    Args:
        text: The document's text; positions count its characters (code points), as citations do.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        while self.starts[-1] + SIZE < len(text):
            start = self.starts[-1]
            cut = text.rfind("\n", start + SIZE - SLACK, start + SIZE) + 1
            self.starts.append(cut or start + SIZE)

    def outline(self) -> JsonObject:
        """Where blocks start and how many lines each has, to know how much room they need."""
        ends = [*self.starts[1:], len(self.text)]
        lines = [self.text.count("\n", a, b) + 1 for a, b in zip(self.starts, ends, strict=True)]
        return {"starts": self.starts, "lines": lines, "length": len(self.text)}

    def block_at(self, at: int) -> JsonObject:
        """Return the block that holds a character: its number and its text."""
        block = bisect_right(self.starts, at) - 1
        end = self.starts[block + 1] if block + 1 < len(self.starts) else len(self.text)
        return {"block": block, "text": self.text[self.starts[block] : end]}


class Texts:
    """The texts used last. Used on the runner's thread alone."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, BlockText] = OrderedDict()

    def get(self, digest: str) -> BlockText | None:
        """Return a text that is kept, None otherwise."""
        found = self._kept.get(digest)
        if found is not None:
            self._kept.move_to_end(digest)
        return found

    def put(self, digest: str, text: BlockText) -> None:
        """Keep a text; the ones unused for longest go."""
        self._kept[digest] = text
        self._kept.move_to_end(digest)
        while len(self._kept) > 1 and (
            len(self._kept) > MOST_TEXTS or sum(len(kept.text) for kept in self._kept.values()) > MOST_CHARACTERS
        ):
            self._kept.popitem(last=False)


def read_text(document: Document) -> BlockText:
    """Read a text document; reads the file, which must be the one that was sent.

    Raises:
        ValidationError: It is no text, or the file has changed.
    """
    from ..documents.files import text_of

    return BlockText(text_of(document))
