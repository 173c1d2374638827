"""HTML → what a reader sees of it, as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser


def html_to_text(html: str) -> str:
    """Return what a reader sees of an HTML page: blocks on lines of their own, table cells parted by ` | `."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot",
    "thead", "title", "tr", "ul",
})  # fmt: skip
_APART = frozenset({"blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})


_BULLET = re.compile(r" *(-|\d+\.) ")


class _Reader(HTMLParser):
    """Collects lines: text is folded like a browser does, except inside `pre`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._hidden = 0
        self._pre = 0
        self._cells = [0]
        self._outer: list[tuple[list[str], str, list[str]] | None] = []
        self._later: list[str] = []
        self._lists: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._break()
        elif tag in ("td", "th"):
            if self._cells[-1]:
                self._line = self._line.rstrip() + " | "
            self._cells[-1] += 1
        elif tag in _BLOCKS:
            self._start_block(tag)
        elif tag == "img":
            self._add(dict(attrs).get("alt") or "")

    def _start_block(self, tag: str) -> None:
        inside_cell = self._cells[-1] and tag not in ("tr", "table", "thead", "tbody", "tfoot")
        if tag in ("p", "div") and _BULLET.fullmatch(self._line):  # the item's own text
            return
        if inside_cell:  # a paragraph within a cell does not break the row
            self._line += " " if self._line and not self._line.endswith(" ") else ""
            return
        if tag == "table" and self._cells[-1]:  # within a cell: it stands below the row, which it must not break
            self._outer.append((self._lines, self._line, self._later))
            self._lines, self._line, self._later = [], "", []
            self._cells.append(0)
            return
        self._break(apart=tag in _APART and not self._lists)
        if tag == "table":
            self._outer.append(None)
            self._cells.append(0)
        elif tag == "tr":
            self._end_row()
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ol", "ul"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._line = self._bullet()
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._line = "#" * int(tag[1]) + " "

    def _bullet(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            return f"{indent}{number + 1}. "
        return f"{indent}- "

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
            return
        if tag not in _BLOCKS:
            return
        if tag == "table" and self._outer:
            if self._end_table():
                return
        elif tag == "tr":
            self._end_row()
        elif self._cells[-1]:
            return
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag in ("ol", "ul") and self._lists:
            self._lists.pop()
        self._break(apart=tag in _APART and not self._lists)

    def _end_row(self) -> None:
        self._cells[-1] = 0
        self._break(apart=bool(self._later))
        self._lines += self._later
        self._later = []

    def _end_table(self) -> bool:
        """Go back to what is around a table; whether that is a cell."""
        self._end_row()
        self._cells.pop()
        outer = self._outer.pop()
        if outer is None:
            return False
        inner = self._lines
        self._lines, self._line, self._later = outer
        self._later += [*inner, ""] if inner and inner[-1] else inner
        self._line += " " if self._line and not self._line.endswith(" ") else ""
        return True

    def handle_data(self, data: str) -> None:
        self._add(data)

    def _add(self, data: str) -> None:
        if self._hidden:
            return
        if self._pre:
            first, *rest = data.split("\n")
            self._line += first
            for line in rest:
                self._lines.append(self._line.rstrip())
                self._line = line
            return
        folded = re.sub(r"[ \t\r\n\f]+", " ", data)
        if folded.startswith(" ") and (not self._line or self._line.endswith(" ")):
            folded = folded[1:]
        self._line += folded

    def _break(self, apart: bool = False) -> None:
        if self._line.strip():
            self._lines.append(self._line.rstrip())
        self._line = ""
        if apart and self._lines and self._lines[-1]:
            self._lines.append("")

    def text(self) -> str:
        """All lines, without blank ones at either end."""
        while self._outer:  # tables that the page forgot to end
            self._end_table()
        self._end_row()
        return "\n".join(self._lines).strip("\n") + "\n" if self._lines else ""
