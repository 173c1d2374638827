"""Strings that are printed with faults in their letters: misread by a scanner, mistyped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from . import fold
from .printed import Printed
from .source import Source

_FROM = 8  # letters
_LONG = 30
_LONG_NAME = 60  # in a longer text a scanner may have had trouble with a word
_SHORT_WORD = 7
_CONFUSED = str.maketrans("oilsb", "01158")


def faulty(source: Source, value: str) -> Iterator[Printed]:
    """The one alignment of a string with faults in its letters (OCR, typing); digits must agree."""
    from rapidfuzz import fuzz

    needle = fold.skeleton(value)
    size = len(needle)
    if size < _FROM or size > len(source.skeleton):
        return
    least = 92.0 if size < 14 else 90.0 if size < 60 else 85.0
    found = fuzz.partial_ratio_alignment(needle, source.skeleton, score_cutoff=least)
    if found is None or found.dest_end <= found.dest_start:
        return
    text = source.text
    first, last = _trimmed(needle, source.skeleton, found.dest_start, found.dest_end)
    likeness, start, end = max(
        (fuzz.ratio(needle, fold.skeleton(text[a:b])), a, b)
        for a in _word_edges(text, source.places[first])
        for b in _word_edges(text, source.places[last - 1] + 1)
        if a < b
    )
    while start < end and not fold.is_word(text[start]):
        start += 1
    while end > start and not fold.is_word(text[end - 1]):
        end -= 1
    if size < _LONG_NAME and _other_word(value, fold.skeleton(text[start:end])):
        return
    if likeness < least or not _same_codes(_codes(value), _codes(text[start:end]), size):
        return
    yield Printed(start, end, 0.5 + likeness / 400, "nearly the same words")


def _other_word(value: str, there: str) -> bool:
    """Whether a word is another, rather than the same misread.

    Two letters in a row that are two others, or changes in two places of a short word, are seldom a scanner's.
    """
    from rapidfuzz.distance import Indel

    word_of = [n for n, word in enumerate(map(fold.skeleton, fold.WORD.findall(value))) for _ in word]
    lengths = Counter(word_of)
    changed: Counter[int] = Counter()
    lost = new = 0
    for step in Indel.opcodes(fold.skeleton(value), there):
        if step.tag == "equal":
            lost = new = 0
            continue
        if not lost and not new:
            changed[word_of[min(step.src_start, len(word_of) - 1)]] += 1
        lost, new = lost + step.src_end - step.src_start, new + step.dest_end - step.dest_start
        if lost >= 2 and new >= 2:
            return True
    return any(times > 1 and lengths[word] <= _SHORT_WORD for word, times in changed.items())


def _trimmed(needle: str, text: str, start: int, end: int) -> tuple[int, int]:
    """An alignment without what it has too much at its ends: the window is as long as the needle, whatever was lost."""
    from rapidfuzz.distance import Indel

    steps = Indel.opcodes(needle, text[start:end])
    if steps and steps[0].tag == "insert":
        start += steps[0].dest_end - steps[0].dest_start
    if steps and steps[-1].tag == "insert" and end > start:
        end -= steps[-1].dest_end - steps[-1].dest_start
    return (start, end) if start < end else (start, start + 1)


def _word_edges(text: str, at: int) -> tuple[int, int]:
    """The edges of the word that a place lies in; twice the place itself where it cuts through none."""
    before = after = at
    while before > 0 and fold.cuts(text, before):
        before -= 1
    while after < len(text) and fold.cuts(text, after):
        after += 1
    return before, after


def _codes(text: str) -> str:
    """The words of a text that have digits, joined: in these every character counts, save what scanners confuse."""
    words = (word for word in map(fold.skeleton, fold.WORD.findall(text)) if any(c.isdigit() for c in word))
    return "".join(words).translate(_CONFUSED)


def _same_codes(wanted: str, there: str, size: int) -> bool:
    """Whether no digit is another; in a long text a scanner may have lost some."""
    if wanted == there:
        return True
    rest = iter(wanted)
    return size >= _LONG and len(there) >= 0.5 * len(wanted) and all(c in rest for c in there)
