"""Labels and what they label; and how well a label suits a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .abroad import ABROAD
from .reading import Cell, Line, Page

_PHRASES = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"\b(?:amount|balance|total)\s+(?:due|payable|owed|owing)\b|\bgrand total\b|\btotal to pay\b", "total amount"),
        (r"\bamount to pay\b|\bto be paid\b", "total amount"),
        (r"\bbill(?:ed)? to\b|\bsold to\b|\binvoice to\b|\binvoiced to\b|\bship(?:ped)? to\b", "buyer"),
        (r"^\s*(?:to|for)\s*$", "buyer"),
        (r"\bissued by\b|\bsold by\b|\bpay to\b|\bremit to\b|\bbill from\b", "seller"),
        (r"\be-?mail\b", "email"), (r"\bsub[ -]total\b|\bnet (?:amount|total)\b", "subtotal"),
        (r"\bp\.?\s?o\.?\s+(?=number|no|#)|\bpurchase order\b", "order "), (r"#|\bn[°º]", " number "),
        (r"\bunit (?:price|cost|rate)\b|\bprice (?:per|/) unit\b", "price"), (r"\bline total\b", "amount"),
        *ABROAD,
    )
]  # fmt: skip
_SAME = {
    word: canon
    for canon, words in {
        "number": "no nr num number nummer numero ref reference id identifier",
        "seller": "vendor supplier seller merchant issuer provider from company store shop sender",
        "buyer": "consignee customer client buyer purchaser recipient",
        "quantity": "qty quantity units pcs pieces menge hours hrs count",
        "price": "price rate cost unitprice", "amount": "amount sum betrag value charge",
        "total": "total gesamt totals gross", "tax": "tax vat gst mwst ust taxes", "date": "date datum dated day",
        "description": "description item product service details article particulars desc",
        "phone": "phone tel telephone mobile", "address": "address addr", "issue": "issue issued",
        "name": "name", "percent": "percent percentage",
    }.items()
    for word in words.split()
}  # fmt: skip
_VOCABULARY = frozenset(_SAME.values()) | frozenset(
    "invoice order due subtotal terms account payment status unit delivery purchase ship vat method period page".split()
)
_EMPTY = frozenset(
    "the a an of for in on to is are was be and or as at by with this that it its if per any all each from what "
    "which has have should must can printed shown given stated written document text field value iso "
    "format yyyy mm dd".split()
)
GENERIC = frozenset("date number amount name value code type text description address".split())
DOCUMENT = frozenset(
    "invoice bill receipt document message ticket letter contract statement our your answer result response".split()
)
_LABEL = re.compile(r"[^\W\d_][^:]{0,48}")
_COLON = re.compile(r"\s*[*_>\-•]*\s*([^\W\d_][^:\n]{0,60}?)[*_]*\s*:(?![/\d])[*_]*\s*(.*)", re.S)
_TAILS = [
    re.compile(r"(.*\b(?:no|number|nr|id|ref|reference)\b\.?|.*#)\s*(\S*\d\S*)", re.I),
    re.compile(r"(.*\b(?:date|dated|due|on|period)\b)\s+(.*\d.*)", re.I),
    re.compile(r"(.*\b(?:[Ff]rom|[Bb]illed to|[Ss]old to|[Bb]ill to))\s+([^\W\d_a-z].*)"),
    re.compile(
        r"([^\W\d_][^\d]{1,40}?(?:\([^)]*\))?)\s+([-−(]?\s?(?:[$€£]|[A-Z]{3})?\s?[-\d][\d.,' ]*"
        r"(?:\s?(?:%|€|[A-Z]{3}))?\)?)"
    ),
]


def synonyms(word: str) -> tuple[str, ...]:
    """Return the words that count as this one."""
    return (word, *(other for other, canon in _SAME.items() if canon == word and other != word))


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and the text it labels, on one page; `strength` says how plainly."""

    label: str
    value: str
    page: Page
    start: int
    end: int
    label_start: int
    strength: float


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[str, ...]:
    """Return the telling words of a name, label or description, in canonical form, in order."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ").lower()
    for pattern, canon in _PHRASES:
        text = pattern.sub(canon, text)
    found = []
    for word in re.findall(r"[^\W_]+", text):
        same = _SAME.get(word) or _SAME.get(word.removesuffix("s")) or word
        same = same if same in _SAME.values() or len(same) < 4 or same.endswith("ss") else same.removesuffix("s")
        if word not in _EMPTY or word == "from":
            found.append(same)
    return tuple(dict.fromkeys(found))


def is_label(text: str) -> bool:
    """Whether a text can only be a label: it ends like one, or consists of words that name things on forms."""
    if text.rstrip().endswith((":", "#")):
        return True
    found = words(text)
    return len(text) < 40 and len(found) > 1 and not re.search(r"\d", text) and set(found) <= _VOCABULARY


def _weight(of: Iterable[str]) -> float:
    return sum(0.4 if word in DOCUMENT else 0.7 if word in GENERIC else 1.0 for word in of)


def fit(name: Sequence[str], label: str, context: Sequence[str] = ()) -> float:
    """Return how well a label suits a field, 0 to 1; `context` are words of the description."""
    of_label = words(label)
    if not of_label or not name:
        return 0.0
    shared = [word for word in name if word in of_label]
    telling = [word for word in name if word not in GENERIC and word not in DOCUMENT]
    if telling and not any(word in of_label for word in telling):
        shared = []
    elif not telling and set(of_label) - set(name) - DOCUMENT - GENERIC - set(context):
        shared = [] if len(of_label) > 1 and len(shared) < len(name) else shared
    best = 0.0
    if shared:
        best = 0.55 * _weight(shared) / _weight(name) + 0.45 * _weight(shared) / _weight(of_label)
    told = [word for word in of_label if word in context and word not in GENERIC]
    if told and len(of_label) <= 4:
        best = max(best, 0.7 * _weight(told) / _weight(of_label) + (0.1 if shared else 0.0))
    return best


def pairs(pages: Sequence[Page]) -> list[Pair]:
    """Return all labels with what they label."""
    return [pair for page in pages for pair in _page_pairs(page)]


def _page_pairs(page: Page) -> Iterator[Pair]:
    for index, line in enumerate(page.lines):
        below = page.lines[index + 1] if index + 1 < len(page.lines) else None
        for position, cell in enumerate(line.cells):
            after = line.cells[position + 1] if position + 1 < len(line.cells) else None
            yield from _cell_pairs(page, cell, after, below)


def _cell_pairs(page: Page, cell: Cell, after: Cell | None, below: Line | None) -> Iterator[Pair]:
    if found := _COLON.match(cell.text):
        if found[2].strip():
            yield _inside(page, cell, found[1], found[2], 1.0)
        elif after is not None and after.text and not is_label(after.text):
            yield Pair(found[1], after.text, page, after.start, after.end, cell.start, 1.0)
        elif below is not None and (under := _under(cell, below)):
            yield Pair(found[1], under.text, page, under.start, under.end, cell.start, 0.9)
        return
    for pattern in _TAILS:
        if found := pattern.fullmatch(cell.text):
            yield _inside(page, cell, found[1], found[2], 0.8)
    if _LABEL.fullmatch(cell.text) and len(cell.text.split()) <= 5:
        if after is not None and after.text and not is_label(after.text):
            yield Pair(cell.text, after.text, page, after.start, after.end, cell.start, 0.85)
        if below is not None and (under := _under(cell, below)) and ":" not in under.text:
            yield Pair(cell.text, under.text, page, under.start, under.end, cell.start, 0.6)


def _inside(page: Page, cell: Cell, label: str, value: str, strength: float) -> Pair:
    """Return a pair within one cell; the value's place is looked up in the page's own text."""
    value = value.strip(" \t*_")
    at = page.text.rfind(value, cell.start, cell.end) if cell.end - cell.start >= len(value) else -1
    if at < 0:
        return Pair(label, value, page, cell.start, cell.end, cell.start, strength)
    return Pair(label, value, page, at, at + len(value), cell.start, strength)


def _under(cell: Cell, below: Line) -> Cell | None:
    """Return the cell below that stands under this one."""
    for other in below.cells:
        if (
            other.x0 < cell.x1
            and other.x1 > cell.x0
            and abs(other.x0 - cell.x0) < max(40.0, cell.x1 - cell.x0)
            and other.text
        ):
            return other
    return None
