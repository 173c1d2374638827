"""What is seen without a kernel: static HTML and plain text of a run or of one result.

Every string is untrusted. All HTML is made here, from `_Html`: a plain `str` is escaped when it is put in, whatever it
holds. There is no script, no style sheet and no colour but the reader's own: the same markup is to read well in
notebooks, on GitHub (which drops styles) and on paper.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .words import (
    attach_lines,
    counts,
    cut,
    dollars,
    kind,
    money_words,
    number,
    preview_words,
    row_words,
    snippet,
    state_words,
    time_words,
    visible,
)

ROWS, COLUMNS, MOST_BYTES = 50, 12, 90_000
_PRACTICE = "Practice: no model was asked; nothing was sent or paid."


class _Html:
    """Markup that is safe to show. Only this module makes it."""

    __slots__ = ("markup",)

    def __init__(self, markup: str) -> None:
        self.markup = markup


_Child = _Html | str | None


def _safe(value: object) -> str:
    """The one door through which text enters HTML."""
    if isinstance(value, _Html):
        return value.markup
    # Notebooks set as mathematics what stands between dollar signs or after a backslash: "$1 spent, limit $5", and
    # whatever a model may write. An element around the sign ends that; the class on the root is for those that heed it.
    return re.sub(r"[$\\]", r"<span>\g<0></span>", html.escape(visible(str(value)), quote=True))


def _tag(name: str, *children: _Child, style: str = "", colspan: int = 1) -> _Html:
    styled = f' style="{style}"' if style else ""
    spanned = f' colspan="{colspan:d}"' if colspan > 1 else ""
    return _Html(f"<{name}{styled}{spanned}>{_joined(*children).markup}</{name}>")


def _joined(*parts: _Child) -> _Html:
    return _Html("".join(_safe(part) for part in parts if part is not None))


def _root(*parts: _Child, names: str = "") -> str:
    classes = f"tex2jax_ignore mathjax_ignore {names}".rstrip()
    return f'<div class="{classes}" style="{_ROOT}">{_joined(*parts).markup}</div>'


def framed(told: str, call: str, names: str) -> str:
    """Return a paragraph that ends in a line of code, under class names that are made here."""
    return _root(_tag("p", told, _tag("code", cut(call, 200)), style="margin:0;opacity:.75"), names=names)


def report_html(summary: Mapping[str, Any], page: Mapping[str, Any]) -> str:
    """Return a run as static HTML: final numbers, failures by cause, the first rows.

    Args:
        summary: The run's summary, as a dashboard gets it.
        page: The first rows, as the answer to a `rows` message holds them.

    Returns:
        Markup under 100 KB, however large the run.
    """
    head = _tag(
        "p",
        _tag("strong", cut(summary.get("name", "batch"), 80)),
        f" · {state_words(summary)} · ",
        _tag("code", cut(", ".join(map(str, summary.get("models") or ())), 200)),
        style="margin:0 0 4px",
    )
    words = _tag("p", cut(summary.get("words", ""), 400), style="margin:0 0 6px;opacity:.75")
    practice = _tag("p", _tag("strong", _PRACTICE), style=_BAR) if summary.get("practice") else None
    above = _joined(head, words, practice, _facts(summary), _failures(summary))
    rows, shown = _rows(page, MOST_BYTES - len(above.markup.encode()))
    return _root(above, rows, _closing(summary, page, shown))


def report_text(summary: Mapping[str, Any], page: Mapping[str, Any]) -> str:
    """Return the same facts as `report_html` in five to ten lines of plain text."""
    jobs = ", ".join(f"{n:,} {state}" for state, n in counts(summary)) or "none yet"
    name = snippet(summary)
    lines = [
        f"{cut(summary.get('name', 'batch'), 80)}: {state_words(summary)}"
        + (f" ({cut(', '.join(map(str, summary['models'])), 100)})" if summary.get("models") else ""),
        f"  {cut(summary.get('words', ''), 300)}",
        f"  jobs:    {number(summary.get('total'))} in all; {jobs}",
        f"  money:   {money_words(summary)}",
        f"  time:    {time_words(summary)}",
    ]
    if whole := preview_words(summary):
        lines.append(f"  preview: {whole}")
    if summary.get("practice"):
        lines.append(f"  {_PRACTICE}")
    lines += [
        f"  failed:  {number(error.get('count'))} × {kind(error.get('kind'))}: {cut(error.get('message', ''), 100)}"
        for error in (summary.get("errors") or ())[:2]
    ]
    if rows := page.get("rows"):
        lines.append(f"  first:   {row_words(rows[0])}")
    again = " and ".join(attach_lines(summary))
    lines.append(f"  more:    {name}.to_df(), {name}[0], {name}.dashboard; in a new kernel first {again}")
    return "\n".join(visible(line.replace("\n", " ")) for line in lines)


def result_html(detail: Mapping[str, Any]) -> str:
    """Return one result as static HTML: each field with its value and the words it rests on.

    Args:
        detail: The result, as the answer to a `result` message holds it.
    """
    documents = [str(document.get("name", "")) for document in detail.get("documents") or ()]
    head = _tag(
        "p",
        _tag("strong", cut(detail.get("id", ""), 200)),
        f" · {detail.get('state', '')} · ",
        _tag("code", cut(detail.get("model") or "", 80)),
        f" · {dollars(detail['cost'])}" if detail.get("cost") is not None else None,
        style="margin:0 0 4px",
    )
    parts: list[_Child] = [head]
    if documents:
        parts.append(_tag("p", cut(", ".join(documents), 400), style="margin:0 0 6px;opacity:.75"))
    if detail.get("error"):
        cause = _tag("strong", f"{kind(detail.get('error_kind') or 'error')}: ")
        parts.append(_tag("p", cause, cut(detail["error"], 2000), style=_BAR))
    above, below = _joined(*parts), None
    if fields := detail.get("fields"):
        below = _fields(fields, documents, MOST_BYTES - len(above.markup.encode()))
    elif detail.get("raw"):
        below = _tag("pre", cut(detail["raw"], 10_000), style="white-space:pre-wrap;margin:0")
    return _root(above, below)


def result_text(detail: Mapping[str, Any]) -> str:
    """Return one result as a few lines of plain text."""
    lines = [f"{cut(detail.get('id', ''), 200)}: {detail.get('state', '')}"]
    if detail.get("error"):
        lines.append(f"  {kind(detail.get('error_kind') or 'error')}: {cut(detail['error'], 300)}")
    fields = detail.get("fields") or ()
    for field in fields[:20]:
        best = next(iter(field.get("citations") or ()), None)
        where = "" if best is None else f"  [{_where(best, [])}]"
        lines.append(f"  {cut(field.get('path', ''), 60)} = {cut(field.get('value', ''), 120)}{where}")
    if len(fields) > 20:
        lines.append(f"  and {len(fields) - 20:,} more fields")
    if not fields and detail.get("raw"):
        lines.append(f"  {cut(detail['raw'], 1000)}")
    return "\n".join(visible(line.replace("\n", " ")) for line in lines)


# The reader's own font and colours; lines are shades of the text, so that they show on light and on dark.
_ROOT = "font-size:13px;line-height:1.45;font-variant-numeric:tabular-nums"
_BAR = "margin:0 0 6px;padding-left:8px;border-left:3px solid rgba(128,128,128,.6)"
_TABLE = "border-collapse:collapse;margin:6px 0;font-size:inherit"
_LINE = "padding:2px 12px 2px 0;border-bottom:1px solid rgba(128,128,128,.35);text-align:left;vertical-align:top"
_RIGHT = _LINE.replace("text-align:left", "text-align:right")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?")


def _facts(summary: Mapping[str, Any]) -> _Html:
    jobs = ", ".join(f"{n:,} {state}" for state, n in counts(summary)) or "none yet"
    pairs = [
        ("Jobs", f"{number(summary.get('total'))} in all: {jobs}"),
        ("Money", money_words(summary)),
        ("Time", time_words(summary)),
        *((name, preview_words(summary)) for name in ["Preview"] if preview_words(summary)),
    ]
    cells = (_tag("tr", _tag("th", name, style=_LINE), _tag("td", words, style=_LINE)) for name, words in pairs)
    return _tag("table", *cells, style=_TABLE)


def _failures(summary: Mapping[str, Any]) -> _Html | None:
    errors = summary.get("errors") or ()
    if not errors:
        return None
    lines = []
    for error in errors[:4]:
        cause = _tag("strong", f"{number(error.get('count'))} × {kind(error.get('kind'))}")
        lines.append(_tag("li", cause, ": ", cut(error.get("message", ""), 200)))
    call = _tag("code", f"{snippet(summary)}.retry_failed()")
    hint = _tag("p", "To send these again: ", call, style="margin:0 0 6px")
    again = hint if any(error.get("retry") for error in errors) else None
    return _joined(_tag("ul", *lines, style="margin:0 0 4px;padding-left:18px"), again)


def _rows(page: Mapping[str, Any], room: int) -> tuple[_Html, int]:
    """The first rows as a table, as many as there is room for (bytes), and how many those are."""
    rows = list(page.get("rows") or ())[:ROWS]
    columns = [str(column) for column in page.get("columns") or ()][:COLUMNS]
    if not rows:
        return _Html(""), 0
    titles = ["Job", "State", *columns, "Cost"]
    styles = {column: _style(row.get("fields", {}).get(column, "") for row in rows) for column in columns}
    head = _tag("tr", *(_tag("th", cut(title, 60), style=styles.get(title, _LINE)) for title in titles))
    lines = _fitting((_row(row, styles) for row in rows), room)
    return _tag("table", _tag("thead", head), _tag("tbody", *lines), style=_TABLE), len(lines)


def _fitting(lines: Iterable[_Html], room: int) -> list[_Html]:
    """As many lines as there is room for (bytes), with some left for what follows."""
    shown: list[_Html] = []
    for line in lines:
        room -= len(line.markup.encode())
        if room < 3000:
            break
        shown.append(line)
    return shown


def _style(values: Iterable[object]) -> str:
    """How a column stands: numbers to the right; wide enough that no date is broken, and long texts get no towers."""
    texts = [str(value) for value in values if value]
    if texts and all(_NUMBER.fullmatch(text) for text in texts):
        return _RIGHT
    return f"{_LINE};min-width:{12 if max(map(len, texts), default=0) > 60 else 6}em"


def _row(row: Mapping[str, Any], styles: Mapping[str, str]) -> _Html:
    fields = row.get("fields") or {}
    cells = [_tag("td", cut(row.get("id", ""), 80), style=_LINE), _tag("td", str(row.get("state", "")), style=_LINE)]
    if row.get("error") is not None:
        words = f"{kind(row.get('error_kind') or 'error')}: {row['error']}"
        cells.append(_tag("td", _tag("em", cut(words, 200)), style=_LINE, colspan=len(styles)))
    else:
        cells += [_tag("td", cut(fields.get(column, ""), 120), style=style) for column, style in styles.items()]
    cost = "" if row.get("cost") is None else dollars(row["cost"])
    return _tag("tr", *cells, _tag("td", cost, style=_RIGHT))


def _closing(summary: Mapping[str, Any], page: Mapping[str, Any], shown: int) -> _Html:
    name = snippet(summary)
    rest = int(page.get("total") or 0) - shown
    hidden = len(page.get("columns") or ()) - COLUMNS
    more = [f"and {rest:,} more: "] if shown and rest > 0 else ["All of it: "]
    also = f" ({hidden:,} more columns)" if hidden > 0 else None
    calls = [_tag("code", f"{name}{call}") for call in (".to_df()", "[0]", ".dashboard")]
    load, attach = (_tag("code", line) for line in attach_lines(summary))
    words = (*more, calls[0], also, "; one result with its evidence: ", calls[1], "; the live view: ", calls[2])
    return _tag("p", *words, "; in a new kernel first ", load, " and ", attach, ".", style="margin:0;opacity:.75")


def _fields(fields: Sequence[Mapping[str, Any]], documents: Sequence[str], room: int) -> _Html:
    head = _tag("tr", *(_tag("th", title, style=_LINE) for title in ("Field", "Value", "Evidence")))
    lines = _fitting((_field(field, documents) for field in fields), room)
    table = _tag("table", _tag("thead", head), _tag("tbody", *lines), style=_TABLE)
    rest = len(fields) - len(lines)
    return _joined(table, _tag("p", f"and {rest:,} more fields", style="margin:0") if rest else None)


def _field(field: Mapping[str, Any], documents: Sequence[str]) -> _Html:
    citations = field.get("citations") or ()
    evidence: list[_Child] = []
    for citation in citations[:3]:
        sure = f", {citation['confidence']} confidence" if citation.get("confidence") else ""
        words = _tag("q", cut(str(citation.get("text", "")).replace("\n", " "), 300))
        evidence.append(_tag("div", words, f" {_where(citation, documents)}{sure}"))
    if len(citations) > 3:
        evidence.append(_tag("div", f"and {len(citations) - 3:,} more places"))
    none = _tag("em", cut(field.get("note") or "no evidence in the document", 400))
    return _tag(
        "tr",
        _tag("td", cut(field.get("path", ""), 120), style=_LINE),
        _tag("td", _tag("strong", cut(field.get("value", ""), 1000)), style=_LINE + ";white-space:pre-wrap"),
        _tag("td", *(evidence or [none]), style=_LINE),
    )


def _where(citation: Mapping[str, Any], documents: Sequence[str]) -> str:
    index = citation.get("document") or 0
    name = documents[index] if len(documents) > 1 and 0 <= index < len(documents) else ""
    page = f"p. {citation['page']}" if citation.get("page") is not None else "text"
    return f"{cut(name, 80)}, {page}" if name else page
