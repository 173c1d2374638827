"""Strings in a document: as they are, folded, elided, in pieces, or with faults."""

from __future__ import annotations

import re

from . import faults, fold, printed
from .printed import Printed
from .source import Source, finds

_ELLIPSIS = re.compile(r"\s*(?:\.{3,}|…|\[\s*(?:\.{3}|…)\s*\])\s*")
_DASH_AFTER = re.compile(r"[-–—][^\W_]| [-–—] ")
_DASH_BEFORE = re.compile(r"[^\W_][-–—]$| [-–—] $")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_HYPHENS = ("-", "\u2010")
_LONGEST_ELISION = 6000
_PIECE = 8  # letters; a piece of a broken value shorter than this is chance
_GAP = 900  # letters between two pieces: a footer, a header and some of a column
_SHORTEST, _DIGITS = 4, 6  # letters of a last piece; digits of a piece that has nothing else


def text_places(source: Source, value: str) -> list[Printed]:
    """Places that print a string: as it is, or different in case, spaces, line breaks, hyphens and punctuation only."""
    needle = fold.skeleton(value)
    if not needle:
        return []
    digits = re.findall(r"\d+", value)
    found = []
    starts = finds(source.skeleton, needle)
    if not starts and _RIGHT_TO_LEFT.search(needle):
        needle = needle[::-1]  # some PDFs hold such text in the order it is drawn
        starts = finds(source.skeleton, needle)
    for at in starts:
        start, end = source.places[at], source.places[at + len(needle) - 1] + 1
        quality = _as_words(source, start, end, needle) * _same_digits(digits, source.text[start:end])
        if quality:
            start, end, likeness = _likeness(source.text, start, end, value)
            found.append(
                Printed(start, end, quality * likeness, "the same words" if likeness < 1 else "the very words")
            )
    return sorted(found, key=lambda p: (-p.quality, p.start))


def _as_words(source: Source, start: int, end: int, needle: str) -> float:
    """1 where the match begins and ends with words, less or 0 where it cuts through one."""
    text = source.text
    cuts = fold.cuts(text, start) + fold.cuts(text, end)
    if not cuts:
        quality = 1.0 - 0.15 * (_joined(text, start) + _joined(text, end))
        if needle.isdigit() and _runs_on(text, start, end):
            quality = 0.7
        return quality
    if not needle.isascii():
        return 0.8 if len(needle) > 3 else 0.6
    return 0.6 if len(needle) >= 12 and not needle.isdigit() else 0.0


def _joined(text: str, at: int) -> bool:
    """Whether words go on across a place: joined by a dash, or without a space in a script that has none."""
    before, after = text[max(0, at - 3) : at], text[at : at + 3]
    if not before or not after:
        return False
    if fold.is_word(before[-1]) and fold.is_word(after[0]):
        return True
    return bool(_DASH_AFTER.match(after)) if fold.is_word(before[-1]) else bool(_DASH_BEFORE.search(before))


def _runs_on(text: str, start: int, end: int) -> bool:
    """Whether a number goes on behind a hyphen, slash or point: `553` in `553-2`."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (len(before) == 2 and before[1] in "-/.," and before[0].isdigit()) or (
        len(after) == 2 and after[0] in "-/.," and after[1].isdigit()
    )


def _same_digits(wanted: list[str], text: str) -> float:
    """1 where digits are grouped alike; a long code may be grouped otherwise, a short number may not."""
    if not wanted:
        return 1.0
    there = re.findall(r"\d+", printed.ascii_digits(text))
    if there == wanted or "".join(there) != "".join(wanted):
        return 1.0
    broken = max(len(there), len(wanted)) > 1
    if broken and len("".join(wanted)) <= 6:
        return 0.0
    return 0.6 if "\n" in text else 0.8


def _likeness(text: str, start: int, end: int, value: str) -> tuple[int, int, float]:
    """The span with the punctuation that the value has at its ends, and how alike the two are."""
    for mark in reversed(value[: len(value) - len(value.lstrip("\"'“„«([#•*-%+"))]):
        if start and text[start - 1] == mark:
            start -= 1
    for mark in value[len(value.rstrip("\"'”»)].,;:!?%…")) :]:
        if end < len(text) and text[end] == mark:
            end += 1
    there = text[start:end]
    part = 0.9 if _in_address(text, start, end) else 1.0
    if there == value:
        return start, end, part
    if len(there.split()) * 2 <= len(value.split()):
        return start, end, 0.6  # run together, as in an address of the web
    if " ".join(there.split()) == " ".join(value.split()):
        return start, end, 0.99 * part
    return start, end, part * (0.95 if there.casefold().split() == value.casefold().split() else 0.92)


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether a match is part of a domain, an e-mail address or a longer range: `Acme` in `acme.com`."""
    after, before = text[end : end + 2], text[max(0, start - 2) : start]
    return (after[:1] in (".", "@") and after[1:].isalnum() and after[1:].islower()) or (
        before[1:] in (".", "@") and before[:1].isalnum() and before[:1].islower()
    )


def loose(source: Source, value: str) -> list[Printed]:
    """Places of a string that is elided, broken in pieces, or printed with faults."""
    if parts := [part for part in _ELLIPSIS.split(value) if fold.skeleton(part)]:
        elided = _elided(source, parts) if len(parts) > 1 else []
        if elided:
            return elided
    broken = in_pieces(source, value)
    if broken:
        return broken
    return list(faults.faulty(source, value))


def _elided(source: Source, parts: list[str]) -> list[Printed]:
    """`Beginning of a clause ... end of it`: from the first part to the last."""
    needles = [fold.skeleton(part) for part in parts]
    if any(len(needle) < _PIECE for needle in needles):
        return []
    for first in finds(source.skeleton, needles[0]):
        at = first
        for needle in needles:
            at = source.skeleton.find(needle, at)
            if at < 0:
                break
            at += len(needle)
        if 0 < at - first <= _LONGEST_ELISION:
            start, end, _ = _likeness(
                source.text, source.places[first], source.places[at - 1] + 1, parts[0] + parts[-1]
            )
            return [Printed(start, end, 0.9, "the words at its beginning and end")]
    return []


def in_pieces(source: Source, value: str, low: int = 0, high: int | None = None, least: int = _PIECE) -> list[Printed]:
    """Places whose parts stand apart, as over a page break with a footer or in a wrapped table cell; tightest first.

    Args:
        source: The document.
        value: A string of several words.
        low: Where the part of the text begins that is looked at.
        high: Where it ends.
        least: Letters that a piece must have, but for the last.
    """
    words = [w for w in map(fold.skeleton, value.split()) if w]
    if len("".join(words)) < 2 * least:
        return []
    first, last = source.skeleton_at(low), len(source.skeleton) if high is None else source.skeleton_at(high)
    used = _longest_run(source, words, first, last)
    words, used = _hyphenated(source, words, used, (first, last))
    run = "".join(words[:used])
    if not _telling(run, least):
        return []
    found = []
    for at in finds(source.skeleton[first:last], run, 20) if high is not None else finds(source.skeleton, run, 20):
        start = at + (first if high is not None else 0)
        spans = _completed(source, words[used:], [(start, start + len(run))], (first, last), least)
        if spans:
            places = [(source.places[a], source.places[b - 1] + 1) for a, b in spans]
            hull = min(a for a, _ in places), max(b for _, b in places)
            in_order = places == sorted(places)
            found.append(Printed(*hull, 0.8 if in_order else 0.7, "the words, in pieces", tuple(places)))
    return sorted(found, key=lambda place: (-place.quality, place.end - place.start))


def _completed(
    source: Source, words: list[str], spans: list[tuple[int, int]], within: tuple[int, int], least: int
) -> list[tuple[int, int]]:
    """All pieces of a value whose first piece is known; none when the rest does not stand near, behind it or before."""
    while words:
        start, end = spans[-1]
        behind = end, min(within[1], end + _GAP)
        ahead = max(within[0], start - _GAP), start
        used = max(_longest_run(source, words, *behind), _longest_run(source, words, *ahead))
        words, used = _hyphenated(source, words, used, behind)
        run = "".join(words[:used])
        if not used or len(spans) > 4 or not _telling(run, least if used < len(words) else _SHORTEST):
            return []
        after, before = source.skeleton.find(run, *behind), source.skeleton.rfind(run, *ahead)
        at = before if after < 0 or (before >= 0 and start - before - len(run) < after - end) else after
        if any(at < b and a < at + len(run) for a, b in spans):
            return []
        spans.append((at, at + len(run)))
        words = words[used:]
    return spans if len(spans) > 1 else []


def _hyphenated(source: Source, words: list[str], used: int, within: tuple[int, int]) -> tuple[list[str], int]:
    """The words with the one behind a run cut in two, where a hyphen cuts it there: its rest is in the next piece."""
    if not used or used == len(words):
        return words, used
    run, word = "".join(words[:used]), words[used]
    for size in range(len(word) - 1, 1, -1):
        at = source.skeleton.find(run + word[:size], *within)
        if at >= 0:
            behind = source.places[at + len(run) + size - 1] + 1
            if source.text[behind : behind + 1] in _HYPHENS:
                return [*words[:used], word[:size], word[size:], *words[used + 1 :]], used + 1
            break
    return words, used


def _telling(run: str, least: int) -> bool:
    """Whether a piece of a value can hardly stand there by chance."""
    return len(run) >= (_DIGITS if run.isdigit() else least)


def _longest_run(source: Source, words: list[str], low: int, high: int) -> int:
    """How many leading words stand together in a part of the skeleton."""
    shortest, longest = 0, len(words)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if source.skeleton.find("".join(words[:middle]), low, high) >= 0:
            shortest = middle
        else:
            longest = middle - 1
    return shortest
