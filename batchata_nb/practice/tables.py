"""Tables: a header whose cells name fields, and the rows below it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .labels import fit
from .reading import Cell, Line, Page

_SUMS = re.compile(
    r"\s*(?:grand |sub[ -]?|net )?(?:total|sum\b|vat\b|tax\b|(?:net )?amount\b|balance|discount|shipping|net\b|paid\b)",
    re.I,
)
Names = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""Field → words of its name, words of its description."""


@dataclass(slots=True)
class TableRow:
    """One row: field → the cells that hold it (more than one where text goes on below)."""

    page: Page
    cells: dict[str, list[Cell]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Header:
    line: Line
    columns: tuple[tuple[Cell, str | None], ...]

    @property
    def fields(self) -> set[str]:
        return {name for _, name in self.columns if name}


def find(pages: Sequence[Page], names: Names) -> list[TableRow]:
    """Return the rows of the table that suits the fields best; empty if there is none."""
    best: tuple[int, int, _Header] | None = None
    for number, page in enumerate(pages):
        for index, line in enumerate(page.lines):
            header = _header(line, names)
            if header and (best is None or len(header.fields) > len(best[2].fields)):
                best = (number, index, header)
    if best is None:
        return []
    rows: list[TableRow] = []
    for number in range(best[0], len(pages)):
        first = best[1] + 1 if number == best[0] else 0
        if not _page_rows(pages[number], pages[number].lines[first:], best[2], names, rows, fresh=number > best[0]):
            break
    return rows


def _header(line: Line, names: Names) -> _Header | None:
    columns: list[tuple[Cell, str | None]] = []
    free = dict(names)
    for cell in line.cells:
        if re.search(r"\d", cell.text) or len(cell.text.split()) > 5:
            columns.append((cell, None))
            continue
        scored = [(_suits(name, cell.text, told), key) for key, (name, told) in free.items()]
        score, key = max(scored, default=(0.0, ""))
        columns.append((cell, key if score >= 0.45 else None))
        if score >= 0.45:
            del free[key]
    found = sum(1 for _, key in columns if key)
    return _Header(line, tuple(columns)) if found >= min(2, len(names)) and len(line.cells) >= 2 else None


def _suits(name: Sequence[str], text: str, told: Sequence[str]) -> float:
    """In a table, total and amount mean the same: what a line comes to."""
    plain = fit(name, text, told)
    alike = ["amount" if word in ("total", "subtotal") else word for word in name]
    return max(plain, 0.9 * fit(alike, re.sub(r"(?i)\b(?:sub)?total\b", "amount", text), told))


def _page_rows(page: Page, lines: Sequence[Line], header: _Header, names: Names, rows: list[TableRow], *,
               fresh: bool) -> bool:  # fmt: skip
    """Add the rows of one page; return whether the table may go on on the next page."""
    strange = 0
    started = not fresh
    pending: list[dict[str, Cell]] = []
    for index, line in enumerate(lines):
        if not re.search(r"\w", line.text) or line.text == header.line.text:
            started = started or line.text == header.line.text
            continue
        if not started:  # on a further page: below the header, if it is repeated, else where a row is whole
            again = _header(line, names)
            if again and again.fields == header.fields:
                started = True
                continue
            started = len(line.cells) == len(header.columns)
        if _SUMS.match(line.text) and not line.delimited and len(line.cells) < max(3, len(header.columns)):
            return False
        assigned = _assign(line, header) if started else {}
        if len(set(assigned).union(*pending)) >= _enough(header) and len(assigned) > len(pending):
            rows.append(_row(page, assigned, pending))
            strange, pending = 0, []
        elif assigned and len(line.cells) == 1 and _above(assigned, lines[index + 1 : index + 3], header):
            pending.append(assigned)
        elif assigned and rows and not line.delimited and len(line.cells) == 1 and rows[-1].page is page:
            _go_on(rows[-1], assigned)
        else:
            strange += started
            if strange > 2 and rows:
                return False
    return started or fresh


def _enough(header: _Header) -> int:
    """How many of the fields make a row: half of them, and two if there are two."""
    return max(min(2, len(header.fields)), (len(header.fields) + 1) // 2)


def _row(page: Page, assigned: Mapping[str, Cell], pending: Sequence[Mapping[str, Cell]]) -> TableRow:
    """Return a row; `pending` are texts of it that stood above."""
    cells = {key: [*(early[key] for early in pending if key in early), cell] for key, cell in assigned.items()}
    above = {key: [early[key] for early in pending if key in early] for early in pending for key in early}
    return TableRow(page, {**above, **cells})


def _go_on(row: TableRow, more: Mapping[str, Cell]) -> None:
    """Add a line that goes on with the text of a row; amounts do not go on."""
    for key, cell in more.items():
        held = row.cells.get(key)
        if held and not held[0].text[:1].isdigit():
            held.append(cell)


def _above(assigned: Mapping[str, Cell], below: Sequence[Line], header: _Header) -> bool:
    """Whether a line belongs to the row below, which has no such text of its own (cells centred in height)."""
    for line in below:
        row = _assign(line, header)
        if len(row) >= 2:
            return not set(assigned) & set(row)
        if set(row) != set(assigned):
            return False
    return False


def _assign(line: Line, header: _Header) -> dict[str, Cell]:
    """Return field → cell for one line."""
    if line.delimited:
        pairs = zip(header.columns, line.cells, strict=False)
        return {key: cell for (_, key), cell in pairs if key and cell.text}
    cells = [
        cell for cell in line.cells if cell.x1 > header.columns[0][0].x0
    ]  # what stands beside the table is not in it
    if len(cells) == len(header.columns):
        return {key: cell for (_, key), cell in zip(header.columns, cells, strict=True) if key}
    groups: dict[int, list[Cell]] = {}
    for cell in cells:
        spans = [i for i, (head, _) in enumerate(header.columns) if head.x0 < cell.x1 and head.x1 > cell.x0]
        apart = line.words and len(spans) > 1
        inside = [w for w in line.words if w.x0 >= cell.x0 and w.x1 <= cell.x1] if apart else [cell]
        for piece in inside:
            groups.setdefault(_column(piece, header), []).append(piece)
    return {
        key: _merge(cells) for index, cells in sorted(groups.items()) if (key := header.columns[index][1]) is not None
    }


def _column(cell: Cell, header: _Header) -> int:
    def away(index: int) -> tuple[float, float]:
        head = header.columns[index][0]
        overlap = min(head.x1, cell.x1) - max(head.x0, cell.x0)
        edges = min(abs(head.x0 - cell.x0), abs(head.x1 - cell.x1), abs(head.x0 + head.x1 - cell.x0 - cell.x1) / 2)
        return (-1.0 if overlap > 0 else 0.0, edges)

    return min(range(len(header.columns)), key=away)


def _merge(cells: Sequence[Cell]) -> Cell:
    if len(cells) == 1:
        return cells[0]
    start, end = min(c.start for c in cells), max(c.end for c in cells)
    return Cell(" ".join(c.text for c in cells), start, end, cells[0].x0, cells[-1].x1)
