"""Printed values → typed values: numbers, dates, yes and no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

NUMBER = re.compile(
    r"(?P<minus>[-−–]\s?|\()?(?:(?:[$€£¥₹]|\b(?:USD|EUR|GBP|CHF)\b)\s?)?(?P<late>[-−])?"
    r"(?P<digits>\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d[\d.,]*\d|\d)(?P<after>\s?[-−](?!\w))?"
)
MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january januar janvier enero", "feb february februar fevrier février febrero",
         "mar march marz märz mars marzo",
         "apr april avril abril", "may mai mayo", "jun june juni juin junio", "jul july juli juillet julio",
         "aug august aout août agosto",
         "sep sept september septembre septiembre", "oct october oktober okt octobre octubre",
         "nov november novembre noviembre", "dec december dezember dez decembre décembre diciembre"), 1)
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"\b(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})\b")
_WORDED = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]*(?:of\s+)?([A-Za-zäûé]{3,10})\.?,?[\s-]*(\d{4})\b")
_US = re.compile(r"\b([A-Za-zäûé]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_YES = re.compile(r"\b(?:yes|true|ja|oui|x|checked|☒|✓|✔)\b|[☒✓✔]", re.I)
_NO = re.compile(r"\b(?:no|false|nein|non|none|not)\b|☐", re.I)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value read from a text, and where in that text it stands."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Style:
    """How a document writes: `comma` before decimals, the day first in 3/4/2026."""

    comma: bool = False
    day_first: bool = False


def style(text: str) -> Style:
    """Return how a document writes, judged by its amounts and currencies."""
    comma = len(re.findall(r"\d,\d{2}(?!\d)", text)) > len(re.findall(r"\d\.\d{2}(?!\d)", text))
    return Style(comma, comma or bool(re.search("[€£]|EUR|GBP", text) and "$" not in text))


def number(text: str, comma: bool, *, whole: bool = False) -> Parsed | None:
    """Return the first number in a text; `comma`: decimals are written with a comma here."""
    found = NUMBER.search(text)
    if found is None:
        return None
    digits = re.sub(r"[ '’\u00a0\u202f]", "", found["digits"])
    comma_at, point_at = digits.rfind(","), digits.rfind(".")
    if comma_at >= 0 and point_at >= 0:
        decimal = "," if comma_at > point_at else "."
    elif max(comma_at, point_at) < 0:
        decimal = ""
    else:
        mark = "," if comma_at >= 0 else "."
        groups = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits)
        usual = mark == ("," if comma else ".")
        decimal = "" if digits.count(mark) > 1 or (groups and not usual) else mark
    plain = "".join("." if c == decimal else c for c in digits if c.isdigit() or c == decimal)
    value = float(plain)
    if found["minus"] or found["late"] or found["after"]:
        value = -value
    if whole:
        if value != int(value):
            return None
        return Parsed(int(value), found.start(), found.end())
    return Parsed(int(value) if value == int(value) and decimal == "" else value, found.start(), found.end())


def day(text: str, day_first: bool) -> Parsed | None:
    """Return the first date in a text as ISO; `day_first`: 3/4 is the third of April."""
    if found := _ISO.search(text):
        return _iso(found, found[1], found[2], found[3])
    if found := _WORDED.search(text):
        month = MONTHS.get(found[2].lower()) or MONTHS.get(found[2].lower()[:3])
        if month and (parsed := _iso(found, found[3], month, found[1])):
            return parsed
    if found := _US.search(text):
        month = MONTHS.get(found[1].lower()) or MONTHS.get(found[1].lower()[:3])
        if month and (parsed := _iso(found, found[3], month, found[2])):
            return parsed
    if found := _NUMERIC.search(text):
        first, second = int(found[1]), int(found[3])
        year = found[4] if len(found[4]) == 4 else f"20{found[4]}"
        dmy = first > 12 or (second <= 12 and (day_first or found[2] == "."))
        return _iso(found, year, *((second, first) if dmy else (first, second)))
    return None


def _iso(found: re.Match[str], year: str | int, month: str | int, dom: str | int) -> Parsed | None:
    try:
        value = date(int(year), int(month), int(dom))
    except ValueError:
        return None
    return Parsed(value.isoformat(), found.start(), found.end())


def truth(text: str) -> Parsed | None:
    """Return yes or no, if a text says one of them."""
    yes, no = _YES.search(text), _NO.search(text)
    first = min((m for m in (yes, no) if m), key=lambda m: m.start(), default=None)
    return None if first is None else Parsed(first is yes, first.start(), first.end())
