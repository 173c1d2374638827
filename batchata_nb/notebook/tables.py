"""Small tables for the line commands: the same rows as HTML and as plain text."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence

MOST_ROWS, MOST_CELL = 200, 120


def bundle(rows: Sequence[Mapping[str, object]], notes: Sequence[str] = (), title: str = "") -> dict[str, str]:
    """Return a table as a MIME bundle; every value is shown as text, shortened where it is long.

    Args:
        rows: Rows with the same keys, which head the columns.
        notes: Sentences below the table.
        title: A line above it.
    """
    heads = list(rows[0]) if rows else []
    lines = [[plain(row.get(head, "")) for head in heads] for row in rows[:MOST_ROWS]]
    below = [
        *([f"and {len(rows) - MOST_ROWS:,} more"] if len(rows) > MOST_ROWS else []),
        *(plain(n, 500) for n in notes),
    ]
    return {"text/html": _html(heads, lines, below, title), "text/plain": _text(heads, lines, below, title)}


def plain(value: object, most: int = MOST_CELL) -> str:
    """Return a value as one line of text in which nothing acts on a terminal or turns the text around."""
    text = "" if value is None else str(value)
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character


def _text(heads: list[str], lines: list[list[str]], below: list[str], title: str) -> str:
    widths = [max(len(line[n]) for line in [heads, *lines]) for n in range(len(heads))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *lines]
    ]
    return "\n".join([*([title] if title else []), *(table if heads else []), *below])


def _html(heads: list[str], lines: list[list[str]], below: list[str], title: str) -> str:
    cell = 'style="text-align:left;padding:2px 10px"'
    head = "".join(f"<th {cell}>{html.escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td {cell}>{html.escape(text)}</td>" for text in line) + "</tr>" for line in lines
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if heads else ""
    above = f"<p><b>{html.escape(title)}</b></p>" if title else ""
    return above + table + "".join(f"<p>{html.escape(note)}</p>" for note in below)
