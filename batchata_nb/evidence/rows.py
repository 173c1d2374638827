"""Lists of objects: the values of one item stand in one row, and those of one key in one column."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import strings
from .choose import Choice, Option, Spans, within
from .columns import Column, column, keep_apart
from .fields import Field
from .labels import Labels, Path, Scorer, halved
from .printed import Printed
from .source import Box, Source

_BANDS = 12
_SAME_LINE = 0.62
_IN_ROW = 3.0
_REACH = 250  # characters around a row in which the rest of a wrapped cell may stand
_FEW = 60


@dataclass(slots=True)
class _Cell:
    """One value of a row with its candidates and where they stand."""

    field: Field
    places: list[tuple[Printed, Box | None]]
    cited: Spans = ()

    @property
    def weight(self) -> float:
        """A value printed rarely says more about where its row is."""
        return float(1.0 / len(self.places) ** 0.6)

    def fit(self, band: Box) -> float:
        """How well the best candidate fits a row."""
        best = 0.0
        for place, box in self.places:
            if box is not None and box.page == band.page and (near := _closeness(box, band)) * place.quality > best:
                best = near * place.quality
        return best * self.weight

    def inside(self, band: Box, least: float) -> list[tuple[Printed, Box]]:
        """Candidates in a row."""
        return [
            (p, b) for p, b in self.places if b is not None and b.page == band.page and _closeness(b, band) >= least
        ]


@dataclass(slots=True)
class _Row:
    """One item of a list."""

    cells: list[_Cell]
    band: Box | None = None
    bands: list[tuple[float, Box]] = field(default_factory=list)


def _closeness(box: Box, band: Box) -> float:
    """1 on the same line, less some lines away, 0 farther."""
    lines = abs(box.middle - band.middle) / max(min(box.height, band.height), 1.0)
    if lines < _SAME_LINE:
        return 1.0
    return 0.45 if lines < 1.7 else 0.2 if lines < 3.5 else 0.0


def in_rows(
    labels: Labels,
    found: Sequence[tuple[Field, Sequence[Printed]]],
    cited: Mapping[str, Spans],
) -> list[Choice]:
    """Choose places for the fields of lists of objects."""
    lists: dict[Path, dict[Path, _Row]] = {}
    for one, places in found:
        row = one.row
        assert row is not None
        cell = _Cell(one, [(p, labels.source.box(p.start, p.end)) for p in places[:_FEW]], cited.get(one.name, ()))
        lists.setdefault(row[:-1], {}).setdefault(row, _Row([])).cells.append(cell)
    choices: list[Choice] = []
    for rows in lists.values():
        ordered = list(rows.values())
        _set_bands(ordered)
        choices.extend(_choose(labels, ordered))
    return choices


# --- which line of the document is which row -------------------------------------------------------------------------


def _set_bands(rows: Sequence[_Row]) -> None:
    """Give each row the line that fits it best, rows in the order of the list."""
    open_rows = []
    for row in rows:
        row.bands = _bands(row)
        if row.bands:
            open_rows.append(row)
    if not open_rows:
        return
    scores = [[support for support, _ in open_rows[0].bands]]
    back: list[list[int]] = [[-1] * len(scores[0])]
    for before, row in itertools.pairwise(open_rows):
        best, from_ = [], []
        for support, band in row.bands:
            ways = [s + _step(b, band) for s, (_, b) in zip(scores[-1], before.bands, strict=True)]
            at = max(range(len(ways)), key=ways.__getitem__)
            best.append(support + ways[at])
            from_.append(at)
        scores.append(best)
        back.append(from_)
    at = max(range(len(scores[-1])), key=scores[-1].__getitem__)
    for row, pointers in zip(reversed(open_rows), reversed(back), strict=True):
        row.band = row.bands[at][1]
        at = pointers[at]


def _bands(row: _Row) -> list[tuple[float, Box]]:
    """Lines that may be the row, best first."""
    anchors: dict[tuple[int, int], Box] = {}
    for cell in sorted((c for c in row.cells if c.places), key=lambda c: len(c.places))[:4]:
        for place, box in cell.places:
            if box is not None and (place.quality > 0.5 or len(cell.places) == 1):
                anchors.setdefault((box.page, round(box.middle / 3.0)), box)
    scored = [
        (sum(cell.fit(band) + 0.5 * _is_cited(cell, band) for cell in row.cells if cell.places), band)
        for band in anchors.values()
    ]
    scored.sort(key=lambda pair: (-pair[0], pair[1].page, pair[1].middle))
    return scored[:_BANDS]


def _is_cited(cell: _Cell, band: Box) -> bool:
    return bool(cell.cited) and any(within(place, cell.cited) for place, _ in cell.inside(band, 1.0))


def _step(before: Box, after: Box) -> float:
    """How well one row follows another: below it, and not far."""
    lines = (after.middle - before.middle) / before.height
    if after.page != before.page:
        return 0.1 if after.page == before.page + 1 else -0.1 if after.page > before.page else -0.4
    if abs(lines) < 0.5:
        return -0.25
    return 0.15 + 0.35 * halved(lines, 6.0) if lines > 0 else -0.3


# --- which place in the row is which column --------------------------------------------------------------------------


def _choose(labels: Labels, rows: Sequence[_Row]) -> list[Choice]:
    source, columns = labels.source, _columns(rows)
    ordered = _in_key_order(rows, columns)
    scorers: dict[Path, Scorer] = {}
    for row in rows:
        for cell in row.cells:
            if len(cell.places) > 1 and cell.field.generic not in scorers:
                scorers[cell.field.generic] = labels.scorer(cell.field.generic)
    first = [_pick(source, row, columns, ordered, scorers) for row in rows]
    if columns_too := {**_columns_of(source, first), **columns}:
        first = [_pick(source, row, columns_too, ordered, scorers) for row in rows]
    for row, picked in zip(rows, first, strict=True):
        _wrapped(source, row, picked)
    return [choice for picked in first for choice in picked]


def _pick(
    source: Source, row: _Row, columns: Mapping[Path, Column], ordered: float, scorers: Mapping[Path, Scorer]
) -> list[Choice]:
    """Choose the places of one row."""
    picked = []
    for cell in row.cells:
        generic = cell.field.generic
        scorer = scorers.get(generic) if len(cell.places) > 1 else None
        picked.append(_options(cell, row.band, columns.get(generic), scorer))
    keep_apart(source, picked, ordered)
    return picked


def _wrapped(source: Source, row: _Row, picked: Sequence[Choice]) -> None:
    """Look for a cell's words in pieces within its row, where they stand nowhere in the row as a whole."""
    inside = [choice.best.place for choice in picked if choice.best and choice.in_row]
    if not inside or row.band is None:
        return
    low, high = min(p.start for p in inside) - _REACH, max(p.end for p in inside) + _REACH
    for choice in picked:
        if choice.in_row or not isinstance(choice.field.value, str):
            continue
        for place in strings.in_pieces(source, choice.field.value, max(0, low), min(len(source.text), high), 4):
            box = source.box(*place.spans[0])
            if box is not None and box.page == row.band.page and _closeness(box, row.band) > 0.4:
                choice.options.insert(0, Option(place, company=_IN_ROW))
                choice.in_row = True
                break


def _columns_of(source: Source, rows: Sequence[Sequence[Choice]]) -> dict[Path, Column]:
    """Columns, from the places that a first round has chosen in the rows."""
    votes: dict[Path, list[Box]] = {}
    for picked in rows:
        for choice in picked:
            if choice.in_row and choice.best and (box := source.box(choice.best.place.start, choice.best.place.end)):
                votes.setdefault(choice.field.generic, []).append(box)
    return {key: column(boxes) for key, boxes in votes.items() if len(boxes) > 2}


def _columns(rows: Sequence[_Row]) -> dict[Path, Column]:
    """Columns, from the cells that have but one candidate in their row."""
    votes: dict[Path, list[Box]] = {}
    for row in rows:
        if row.band is None:
            continue
        for cell in row.cells:
            inside = cell.inside(row.band, 1.0)
            if len(inside) == 1:
                votes.setdefault(cell.field.generic, []).append(inside[0][1])
    return {key: column(boxes) for key, boxes in votes.items()}


def _in_key_order(rows: Sequence[_Row], columns: Mapping[Path, Column]) -> float:
    """How sure it is that columns stand in the order of the keys: 0 to 1."""
    keys = list(dict.fromkeys(cell.field.generic for row in rows for cell in row.cells))
    known = [columns[key].centre for key in keys if key in columns]
    pairs = [(a, b) for i, a in enumerate(known) for b in known[i + 1 :]]
    if not pairs:
        return 0.5
    right = sum(a < b for a, b in pairs) / len(pairs)
    return max(0.0, 2 * right - 1) if len(pairs) > 1 else 0.2 + 0.6 * right


def _options(cell: _Cell, band: Box | None, column: Column | None, scorer: Scorer | None) -> Choice:
    choice = Choice(cell.field, in_row=False)
    for place, box in cell.places:
        option = Option(place, cited=within(place, cell.cited))
        if band is not None and box is not None and box.page == band.page:
            near = _closeness(box, band)
            lines = abs(box.middle - band.middle) / band.height
            option.company = _IN_ROW * near + 0.3 * halved(lines, 8.0)
            if column is not None and (near or column.votes > 1):
                option.company += column.fit(box) * min(1.0, 0.6 + 0.2 * column.votes)
        if scorer is not None:
            option.label, option.term = scorer.score(place.start, place.end)
            option.label *= 0.6
        choice.options.append(option)
    choice.sort()
    choice.in_row = bool(choice.best and band and choice.best.company >= _IN_ROW)
    return choice
