"""Columns: where the values of one key stand across the page, and how cells of one row share places out."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from .choose import Choice
from .labels import halved
from .printed import Printed
from .source import Box, Source


@dataclass(frozen=True, slots=True)
class Column:
    """Where the values of a key stand across the page."""

    x0: float
    x1: float
    centre: float
    votes: int

    def fit(self, box: Box) -> float:
        """1 where left edge, right edge or middle agree, falling with the distance."""
        away = min(abs(box.x0 - self.x0), abs(box.x1 - self.x1), abs(box.centre - self.centre))
        return halved(away, 10.0)


def column(boxes: Sequence[Box]) -> Column:
    """The column that boxes stand in."""
    return Column(
        statistics.median(b.x0 for b in boxes),
        statistics.median(b.x1 for b in boxes),
        statistics.median(b.centre for b in boxes),
        len(boxes),
    )


def keep_apart(source: Source, picked: Sequence[Choice], ordered: float) -> None:
    """Let no two cells of a row have the same place, and let columns follow the keys where nothing else decides."""
    for first, choice in enumerate(picked):
        for other in picked[first + 1 :]:
            if not choice.best or not other.best or not choice.best.place.overlaps(other.best.place):
                continue
            _part(source, choice, other, ordered)


def _part(source: Source, left: Choice, right: Choice, ordered: float) -> None:
    """Give two cells that want one place the best pair of different places."""
    best, chosen = float("-inf"), None
    for a in left.options[:6]:
        for b in right.options[:6]:
            if a.place.overlaps(b.place):
                continue
            score = a.score + b.score + _order(source, a.place, b.place) * ordered * 0.8
            if score > best:
                best, chosen = score, (a, b)
    if chosen is None or best < max(c.options[0].score for c in (left, right)):
        return
    if best < left.options[0].score + right.options[0].score - 1.8:
        return  # they share the place: the row prints the value once for both
    for choice, option in zip((left, right), chosen, strict=True):
        choice.options.remove(option)
        choice.options.insert(0, option)


def _order(source: Source, left: Printed, right: Printed) -> float:
    a, b = source.box(left.start, left.end), source.box(right.start, right.end)
    if a is None or b is None or a.page != b.page:
        return 0.0
    return 1.0 if a.centre < b.centre else -1.0
