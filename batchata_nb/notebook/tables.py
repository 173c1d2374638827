"""Small tables for the line commands: the same rows as HTML and as plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..core.markup import escape, visible

MOST_ROWS, MOST_CELL, MOST_NOTE = 200, 120, 500


def bundle(
    rows: Sequence[Mapping[str, object]], notes: Sequence[str] = (), title: str = "", most: int = MOST_CELL
) -> dict[str, str]:
    """Return a table as a MIME bundle; every value is shown as text, shortened where it is long.

    Args:
        rows: Rows with the same keys, which head the columns.
        notes: Sentences below the table.
        title: A line above it.
        most: Longest value shown whole, in characters.
    """
    heads = list(rows[0]) if rows else []
    lines = [[_cut(row.get(head, ""), most) for head in heads] for row in rows[:MOST_ROWS]]
    rest = [f"and {len(rows) - MOST_ROWS:,} more"] if len(rows) > MOST_ROWS else []
    below = [*rest, *(_cut(note, MOST_NOTE) for note in notes)]
    return {"text/html": _html(heads, lines, below, title), "text/plain": _text(heads, lines, below, title)}


def _cut(value: object, most: int) -> str:
    """Return a value as one line, in which nothing acts on a terminal or turns the text around."""
    text = "" if value is None else visible(str(value)).replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(heads: list[str], lines: list[list[str]], below: list[str], title: str) -> str:
    table = [heads, *lines] if heads else []
    widths = [max(len(line[n]) for line in table) for n in range(len(heads))]
    shown = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in table]
    return "\n".join([*([title] if title else []), *shown, *below])


def _html(heads: list[str], lines: list[list[str]], below: list[str], title: str) -> str:
    style = 'style="text-align:left;padding:2px 10px"'
    head = "".join(f"<th {style}>{_plain(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td {style}>{_plain(text)}</td>" for text in line) + "</tr>" for line in lines)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if heads else ""
    above = f"<p><b>{_plain(title)}</b></p>" if title else ""
    return above + table + "".join(f"<p>{_plain(note)}</p>" for note in below)


def _plain(text: str) -> str:
    """Return text as HTML in which no notebook sees mathematics: what stands between two dollar signs, say."""
    return re.sub(r"[$\\]", r"<span>\g<0></span>", escape(text))
