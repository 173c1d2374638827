"""The words that a document may print beside a field's value: its name and description, and their translations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from . import fold, vocabulary
from .source import Box, Source, nearest

Path = tuple[str | int, ...]
Spans = list[tuple[int, int]]

_LONG_NOTE = 4  # terms; from here on a description is compared with sentences
_NOTE, _TERMS = 0.3, 8  # weight of a term of a long description, and from how many terms on it falls
_COMPOUND = 0.75
_SENTENCE, _EXPLICIT = 1.2, 0.3
_SENTENCE_END = re.compile(r"[.!?][\s\"”’)]|[。！？؟।॥]|\n\s*\n|\n(?=[^\n]{0,40}\n)")
_INSTRUCTION = re.compile(r"\([^()]*\b(?:null|none|empty|omit)\b[^()]*\)", re.IGNORECASE)  # said to the model
_STATED = re.compile(r"[^\W\d_][^:=]*[:=]\s*(?:[A-Z]{2,3}|[$€£])?\s*$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+")


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, tuple[str, ...]]:
    """For each known word or phrase those that mean the same."""
    found: dict[str, dict[str, None]] = {}
    for group in vocabulary.GROUPS:
        terms = [_normal(term) for term in group]
        for term in terms:
            found.setdefault(term, {}).update(dict.fromkeys(t for t in terms if t and t != term))
    return {term: tuple(others) for term, others in found.items() if term}


def _normal(term: str) -> str:
    return " ".join(filter(None, (fold.skeleton(word) for word in term.split())))


@dataclass(frozen=True, slots=True)
class Label:
    """What a field is called: folded terms and how much each says; and the same of a description of some length."""

    terms: tuple[tuple[str, float], ...]
    notes: tuple[tuple[str, float], ...] = ()


def label(path: Path, notes: Sequence[str]) -> Label:
    """Return the terms of a field.

    Args:
        path: Its path, keys and indices.
        notes: Titles and descriptions from the schema, outermost first; the last is the field's own.
    """
    weights: dict[str, float] = {}

    def add(term: str, weight: float) -> None:
        if term and term not in vocabulary.STOP:
            weights[term] = max(weights.get(term, 0.0), weight)

    keys = [key for key in path if isinstance(key, str)]
    for depth, key in enumerate(reversed(keys)):
        weight = 1.0 if depth == 0 else 0.45
        words = words_of(key)
        joined = " ".join(words)
        names = [joined, *(" ".join(words[i : i + 2]) for i in range(len(words) - 1))] if len(words) > 1 else []
        for term in (*names, *words):
            add(term, weight * (1.3 if " " in term else 1.0))
            for other in _synonyms().get(term, ()):
                add(other, weight * 0.75)
    described = note_terms(notes[-1]) if notes else []
    long = len(described) >= _LONG_NOTE
    for back, note in enumerate(reversed(notes)):
        for term in note_terms(note):
            add(term, _NOTE * min(1.0, _TERMS / len(described)) if long and back == 0 else 0.8 if back == 0 else 0.3)
            for other in _synonyms().get(term, ()):
                add(other, 0.15 if long else 0.4)
    return Label(tuple(weights.items()), tuple((term, 1.0) for term in described) if long else ())


def words_of(key: str) -> list[str]:
    """Folded words of a key, in snake or camel case."""
    return [w for w in (fold.skeleton(part) for part in _CAMEL.split(key)) if w and not w.isdigit()]


def note_terms(note: str) -> list[str]:
    """Words of a description that say something; runs of scripts without spaces become pairs of letters."""
    found: dict[str, None] = {}
    for match in fold.WORD.finditer(_INSTRUCTION.sub(" ", note)):
        word = fold.skeleton(match[0])
        if not word or word in vocabulary.STOP or (word.isascii() and len(word) < 2):
            continue
        if fold.is_unspaced(word[0]):
            found.update(dict.fromkeys(word[i : i + 3] for i in range(len(word) - 2)))
            found.update(dict.fromkeys(word[i : i + 2] for i in range(len(word) - 1)))
        else:
            found[_stem(word)] = None
    return list(found)


def _stem(word: str) -> str:
    """A word without what inflection may change; enough to be found as the beginning of its other forms."""
    if word.isdigit() or len(word) < 6:
        return word
    return word[:5] if len(word) < 9 else word[: len(word) - 4]


class Labels:
    """The labels of an answer's fields, as they are looked for in a document.

    Args:
        source: The document.
        notes: Field path to titles and descriptions, as `label` takes them.
    """

    def __init__(self, source: Source, notes: Mapping[Path, Sequence[str]]) -> None:
        self.source = source
        self._labels = {path: label(path, said) for path, said in notes.items()}
        self._shared = Counter(term for one in self._labels.values() for term, _ in one.terms)

    def scorer(self, path: Path) -> Scorer:
        """Return what scores places for a field."""
        return Scorer(self.source, self._labels[path], self._shared)


class Scorer:
    """Scores how well places are labelled as a field.

    Args:
        source: The document.
        own: The field's label.
        shared: In how many fields each term occurs; a term of many fields tells them less apart.
    """

    def __init__(self, source: Source, own: Label, shared: Mapping[str, int]) -> None:
        self._source = source
        self._notes: list[tuple[float, list[tuple[int, int]]]] = [
            (w / (1.0 + len(spans) ** 0.5), spans) for t, w in own.notes if (spans := source.occurrences(t))
        ]
        self._noted: float = sum(weight for weight, _ in self._notes)
        self._terms: list[tuple[str, float, Spans, Spans]] = []
        for term, weight in own.terms:
            if spans := source.occurrences(term):
                whole = [span for span in spans if not source.is_compound(term, span[0])]
                parts = spans if len(whole) < len(spans) else []
                rarity = 1.0 / (1.0 + 0.35 * (len(spans) ** 0.5)) / max(1, shared.get(term, 1)) ** 0.5
                self._terms.append((term, weight * rarity, whole, parts))

    def score(self, start: int, end: int) -> tuple[float, str]:
        """Return how well a place is labelled, about 0 to 3, and the term that says most."""
        total, best, said = 0.0, 0.0, ""
        for term, weight, whole, parts in self._terms:
            near = self._nearness(start, end, whole)
            if parts and near < _COMPOUND:
                near = max(near, _COMPOUND * self._nearness(start, end, parts))
            gain = weight * near
            total += gain
            if gain > best:
                best, said = gain, term
        if self._noted:
            total += _SENTENCE * self._covered(start, end)
        return total + _EXPLICIT * self._explicit(start), said

    def _covered(self, start: int, end: int) -> float:
        """How much of a description the sentence around a place has, and the text around that: 0 to 1."""
        text = self._source.text
        low = max(
            (m.end() for m in _SENTENCE_END.finditer(text, max(0, start - 400), start)), default=max(0, start - 400)
        )
        stop = _SENTENCE_END.search(text, end, end + 400)
        high = stop.end() if stop else min(len(text), end + 400)
        covered = 0.0
        for weight, spans in self._notes:
            if any(not start <= a < end for a, _ in nearest(spans, low, 0, high - low - 1)):
                covered += weight
            elif nearest(spans, low, 150, high - low + 150):
                covered += 0.4 * weight
        return covered / self._noted

    def _explicit(self, start: int) -> float:
        """1 where the line says `label:` before the place and that is the field's, -1 where it is another's."""
        text = self._source.text
        line = text[max(text.rfind("\n", 0, start), start - 60, -1) + 1 : start]
        stated = _STATED.search(line)
        if not stated:
            return 0.0
        a, b = start - len(line) + stated.start(), start
        own = any(nearest(parts or whole, a, 0, b - a - 1) for _, weight, whole, parts in self._terms if weight > 0.1)
        return 1.0 if own else -1.0

    def overlap(self, spans: Sequence[tuple[int, int]]) -> float:
        """Return how much of a field's description, or of its name where it has none, stands within spans: 0 to 1."""
        terms = self._notes or [(weight, parts or whole) for _, weight, whole, parts in self._terms]
        total = sum(weight for weight, _ in terms)
        inside = sum(weight for weight, places in terms if any(nearest(places, a, 0, b - a - 1) for a, b in spans))
        return inside / total if total else 0.0

    def _nearness(self, start: int, end: int, spans: list[tuple[int, int]]) -> float:
        """How near the nearest of some words is, along the text or on the page: 1 right before the place."""
        near = 0.0
        for a, b in nearest(spans, start, 260, 260 + end - start):
            if b <= start:
                near = max(near, _fade(start - b, 25.0, 160.0))
            elif a >= end:
                near = max(near, 0.6 * _fade(a - end, 20.0, 160.0))
        if near > 0.8 or not spans:
            return near
        here = self._source.box(start, end)
        if here is None:
            return near
        page = here.page
        low = self._source.page_start(page)
        high = low + len(self._source.pages[page].text)
        for a, b in nearest(spans, low, 0, high - low)[:60]:
            if (a >= end or b <= start) and (there := self._source.box(a, b)) and there.page == page:
                near = max(near, _beside(there, here))
        return near


def halved(distance: float, half: float) -> float:
    """1 at no distance, a half at `half`, and so on."""
    return float(2.0 ** (-distance / half))


def _fade(distance: float, near: float, far: float) -> float:
    return 0.85 * halved(distance, near) + 0.15 * halved(distance, far)


def _beside(word: Box, value: Box) -> float:
    """How much a word's place on the page makes it the label of a value: left of it in its line, or above it."""
    overlap = min(word.y1, value.y1) - max(word.y0, value.y0)
    if overlap > 0.5 * min(word.height, value.height):
        if word.x1 <= value.x0 + 2:
            return 0.95 * halved(value.x0 - word.x1, 160.0)
        return 0.3 * halved(max(0.0, word.x0 - value.x1), 60.0)
    drop = value.y0 - word.y1
    reach = max(word.height, value.height)
    if drop > -0.5 * reach and word.x0 < value.x1 + 6 and word.x1 > value.x0 - 6:
        lines = max(0.0, drop) / reach
        return 0.8 * halved(lines, 1.5) + 0.15 * halved(lines, 20.0)
    return 0.0
