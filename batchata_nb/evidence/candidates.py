"""Candidates: every place in a document that prints a given value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from . import dates, printed, strings, vocabulary
from .printed import Printed
from .source import Source

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?)(?:Z|[+-]\d{2}:?\d{2})?)?")
_ISO_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?")
_MOST = 300


@dataclass(frozen=True, slots=True)
class Hint:
    """What the schema says of a value.

    Attributes:
        format: JSON schema `format`, such as `date`.
        choices: Whether the value is one of a closed set.
    """

    format: str | None = None
    choices: bool = False


def find(source: Source, value: Any, hint: Hint = Hint()) -> list[Printed]:
    """Return the places that print a value, best first; none for values that nothing printed can prove.

    Args:
        source: The document.
        value: A leaf of the answer, as Python or as JSON: string, number, date, time, None, True.
        hint: What the schema says of it.
    """
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, datetime):
        return _moments(source, value.date(), value.time())
    if isinstance(value, date):
        return _of_date(source, value)
    if isinstance(value, time):
        return printed.best_first(source.times.get(value.replace(tzinfo=None, microsecond=0), ()))
    if isinstance(value, (int, float, Decimal)):
        return of_number(source, value)
    return _of_string(source, str(value), hint)[:_MOST]


def of_number(source: Source, value: float | Decimal) -> list[Printed]:
    """Places that print a number, in any format."""
    try:
        wanted = value if isinstance(value, Decimal) else Decimal(repr(value))
    except InvalidOperation:
        return []
    if not wanted.is_finite():
        return []
    found = list(source.numbers.at(wanted))
    if wanted:
        unsigned = 0.8 if wanted > 0 else 0.75
        found.extend(
            Printed(place.start, place.end, place.quality * unsigned, "the number, its sign aside")
            for place in source.numbers.at(-wanted)
        )
    return printed.best_first(found)[:_MOST]


def _of_date(source: Source, value: date) -> list[Printed]:
    return printed.best_first(source.dates.get(value, ()))


def _moments(source: Source, day: date, clock: time) -> list[Printed]:
    """A date with its time where that stands beside it."""
    at = clock.replace(tzinfo=None, microsecond=0)
    clocks = sorted(printed.best_first(source.times.get(at, ())), key=lambda p: p.start)
    found = []
    for place in _of_date(source, day):
        near = [t for t in clocks if -24 <= t.start - place.end <= 24 or -24 <= place.start - t.end <= 24]
        if near and clock != time():
            nearest = min(near, key=lambda t: abs(t.start - place.end))
            start, end = min(place.start, nearest.start), max(place.end, nearest.end)
            found.append(Printed(start, end, place.quality, "the date and time"))
        else:
            found.append(Printed(place.start, place.end, place.quality * 0.95, "the date"))
    return sorted(found, key=lambda p: -p.quality)


def _of_string(source: Source, value: str, hint: Hint) -> list[Printed]:
    stripped = value.strip()
    found = strings.text_places(source, stripped)
    if iso := _ISO_DATE.fullmatch(stripped):
        try:
            day = date(int(iso[1]), int(iso[2]), int(iso[3]))
            others = _moments(source, day, time.fromisoformat(iso[4])) if iso[4] else _of_date(source, day)
        except ValueError:
            others = []
        return printed.best_first([*found, *others])
    if hint.format == "time" and _ISO_TIME.fullmatch(stripped):
        return printed.best_first([*found, *source.times.get(time.fromisoformat(stripped[:8]), ())])
    if pattern := dates.duration(stripped):
        periods = [
            Printed(m.start(), m.end(), 0.8 if m["kind"] else 0.95, "the period") for m in pattern.finditer(source.text)
        ]
        return periods or found
    number = printed.parse_number(stripped)
    if number is not None and not stripped.isdigit():
        found = [p for p in found if source.text[p.start : p.end].split() == stripped.split()]
    if found:
        return found
    if number is not None and not (stripped.isdigit() and (len(stripped) > 9 or stripped[0] == "0")):
        digits = [Printed(p.start, p.end, p.quality * 0.9, p.form) for p in of_number(source, number)]
        return [p for p in digits if p.quality > 0.5]
    if only_date := _whole_date(stripped):
        return _of_date(source, only_date)
    if symbol := vocabulary.CURRENCIES.get(stripped):
        signs = re.finditer(rf"(?<![^\W\d_]){symbol}\s?(?=\d)|(?<=\d)\s?{symbol}(?![^\W\d_])", source.text)
        return [Printed(m.start(), m.end(), 0.55, "the sign of the currency") for m in signs][:_MOST]
    return strings.loose(source, stripped)


def _whole_date(value: str) -> date | None:
    """The date that a string is, if it is one and no more."""
    if not any(c.isdigit() for c in value) or len(value) > 40:
        return None
    sure = [(day, p) for day, places in dates.dates(value).items() for p in places if p.end - p.start >= len(value) - 1]
    return max(sure, key=lambda pair: pair[1].quality)[0] if sure else None


def hints(schema: Mapping[str, Any] | None) -> Hint:
    """What a leaf's JSON schema says that matters here."""
    if not schema:
        return Hint()
    return Hint(schema.get("format"), bool(schema.get("enum")) or "const" in schema)
