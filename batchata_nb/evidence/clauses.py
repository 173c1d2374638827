"""Clauses of a cited passage: of an enumeration only its introduction and the one item that is meant.

Providers cite whole sentences or chunks, which cut a long enumeration anywhere: the introduction and the first item may
be cited for what the sixth item says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .labels import Scorer
from .source import Source

_ITEM = re.compile(r"(\(?)([ivx]{1,4}|[a-z]|\d{1,2})([).])\s")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi")
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
_HEADING = re.compile(r"[^\n.:;,]{1,80}\n")
_LAST_END = re.compile(r"\n[ \t]*\n|(?<=[.!?])\s*\n|(?<=[.!?])\s+(?=[A-Z“\"])")
_LONGEST_ITEM = 2000
_CLEARLY, _LEAST = 1.25, 0.2

Span = tuple[int, int]


def narrowed(source: Source, spans: Sequence[Span], scorer: Scorer) -> tuple[Span, ...]:
    """Return the parts of a passage that bear on a field.

    Args:
        source: The document.
        spans: The passage.
        scorer: Scorer of the field; its description tells the items of an enumeration apart.
    """
    if len(spans) != 1:
        return tuple(spans)
    start, end = spans[0]
    while heading := _HEADING.match(source.text, start, end):
        if not source.text[heading.end() : end].strip():
            break
        start = heading.end()
    introduction, items = _enumeration(source.text, start, end)
    if len(items) < 2:
        return ((start, end),)
    ranked = sorted(((scorer.overlap([item]), item) for item in items), key=lambda pair: -pair[0])
    if ranked[0][0] > max(_CLEARLY * ranked[1][0], _LEAST):
        return (introduction, ranked[0][1])
    return ((start, end),)


def _enumeration(text: str, start: int, end: int) -> tuple[Span, list[Span]]:
    """The introduction of an enumeration within a passage, and its items, also those behind the passage's end."""
    for colon in re.finditer(r":\s", text[start : end + 1]):
        at = start + colon.end()
        if _ITEM.match(text, at):
            break
    else:
        return (start, end), []
    items = list(_items(text, at))
    first = max((m.end() for m in re.finditer(r"[.!?]\s+(?=[A-Z“\"])|\n", text[start : at - 1])), default=0)
    return (start + first, at), items


def _items(text: str, at: int) -> Iterator[Span]:
    """Items of an enumeration that begins at a place: each up to the next label, the last to its sentence's end."""
    first = _ITEM.match(text, at)
    labels = iter(_labels_from(first[2]) if first else ())
    while first:
        label = next(labels, None)
        follows = label and re.compile(rf"(?:(?<=[\s;:,.])|^){re.escape(first[1] + label + first[3])}\s").search(
            text, at + 2, at + _LONGEST_ITEM
        )
        if not follows:
            end = _LAST_END.search(text, at + 4, at + _LONGEST_ITEM)
            yield at, end.start() if end else min(len(text), at + _LONGEST_ITEM)
            return
        yield at, follows.start()
        at = follows.start()


def _labels_from(label: str) -> Sequence[str]:
    """The labels that follow one: b, c, … or ii, iii, … or 2, 3, …"""
    if label.isdigit():
        return [str(number) for number in range(int(label) + 1, int(label) + 40)]
    row = _ROMAN if label in _ROMAN and label not in ("v", "x") else _LETTERS
    return row[row.index(label) + 1 :] if label in row else ()
