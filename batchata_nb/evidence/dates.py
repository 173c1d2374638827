"""Dates, times of day and durations, read out of a text in any order and any of the languages known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time

from . import eras, fold, vocabulary
from .printed import Printed, ascii_digits

_ORDINAL = "|".join(sorted(vocabulary.ORDINALS, key=len, reverse=True))
_YEAR = r"(?P<year>(?:19|20|21)\d\d|['’]?\d\d)(?![\d.,]\d|\d)"
_GAP = r"[\s,./\-_']{0,3}"
_NUMERIC_DATE = re.compile(r"(?<!\d)(\d{4}|\d{1,2})\s?([./\-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)")
_DAY_BEFORE = re.compile(
    rf"(?<![\d.,])(?:(?P<day>\d{{1,2}})\s?(?:st|nd|rd|th|er|re|º|°|ª|\.)?|(?<![^\W_])(?P<word>{_ORDINAL}))"
    rf"\s{{0,2}}(?:\([^)\s]{{1,6}}\)\s)?{_GAP}(?:day\s+)?(?:of|de|del|di|do)?\s?(?:the\s+month\s+of\s+)?$",
    re.IGNORECASE,
)
_YEAR_AFTER = re.compile(rf"\.?{_GAP}(?:of|de|del|di|do)?\s{{0,2}}{_YEAR}", re.IGNORECASE)
_DAY_AFTER = re.compile(
    rf"\.?\s{{0,2}}[-_]?(?P<day>\d{{1,2}})(?!\d)\s?(?:st|nd|rd|th)?{_GAP}\s?(?:of\s)?{_YEAR}", re.IGNORECASE
)
_CJK_DATE = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일號号]?")
_PREFIXES = ("ב", "ל", "ה")
"""What Hebrew writes together with the name of a month: `7 במרץ 2024`."""
_COMPACT = re.compile(r"(?<![\d.,])((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)(?!\d)")


def dates(text: str) -> dict[date, list[Printed]]:
    """Return every date that the text prints, in any order and any of the languages known, with its places."""
    found: dict[date, list[Printed]] = defaultdict(list)
    plain = ascii_digits(text)
    for day, printed in _all_dates(plain):
        found[day].append(printed)
    return found


def _all_dates(text: str) -> Iterator[tuple[date, Printed]]:
    for match in _NUMERIC_DATE.finditer(text):
        yield from _numeric(match)
    for match in fold.LETTERS.finditer(text):
        word = match[0].lower()
        prefixed = word[:1] in _PREFIXES and word not in vocabulary.MONTHS
        if month := vocabulary.MONTHS.get(word[prefixed:]):
            yield from _named(text, match.start(), match.end(), month)
    for match in _CJK_DATE.finditer(text):
        yield from _date(match.span(), int(match[1]), int(match[2]), int(match[3]), 1.0)
    for span, year, month, day, quality in eras.by_era(text):
        yield from _date(span, year, month, day, quality)
    for match in _COMPACT.finditer(text):
        yield from _date(match.span(), int(match[1]), int(match[2]), int(match[3]), 0.7)


def _named(text: str, start: int, end: int, month: int) -> Iterator[tuple[date, Printed]]:
    """Dates around the name of a month: `25 March 2019`, `March 25, 2019`."""
    offset = max(0, start - 40)
    before, year_after = _DAY_BEFORE.search(text[offset:start]), _YEAR_AFTER.match(text, end)
    if before and year_after:
        day = vocabulary.ORDINALS[before["word"].lower()] if before["word"] else int(before["day"])
        for year, quality in _years(year_after["year"]):
            yield from _date((offset + before.start(), year_after.end()), year, month, day, quality)
    elif after := _DAY_AFTER.match(text, end):
        for year, quality in _years(after["year"]):
            yield from _date((start, after.end()), year, month, int(after["day"]), quality)


def _numeric(match: re.Match[str]) -> Iterator[tuple[date, Printed]]:
    first, separator, second, third = match.groups()
    text, start, end = match.string, match.start(), match.end()
    if _goes_on(text[max(0, start - 2) : start][::-1], separator) or _goes_on(text[end : end + 2], separator):
        return
    if len(first) == 4:
        if len(third) == 2:
            yield from _date(match.span(), int(first), int(second), int(third), 1.0)
        return
    for year, quality in _years(third):
        day_first = 1.0 if separator == "." or int(first) > 12 else 0.95
        yield from _date(match.span(), year, int(second), int(first), quality * day_first)
        if first != second:
            yield from _date(match.span(), year, int(first), int(second), quality * (0.6 if separator == "." else 0.95))
    if len(third) == 2:
        for year, quality in _years(first):
            yield from _date(match.span(), year, int(second), int(third), quality * 0.7)


def _goes_on(beside: str, separator: str) -> bool:
    """Whether more digits follow behind the same separator, so that it is no date: `1.2.3.4`."""
    return len(beside) == 2 and beside[0] == separator and beside[1].isdigit()


def _years(text: str) -> Iterator[tuple[int, float]]:
    digits = text.lstrip("'’")
    if len(digits) == 4:
        yield int(digits), 1.0
    else:
        yield 2000 + int(digits), 1.0 if int(digits) < 70 else 0.8
        yield 1900 + int(digits), 0.9 if int(digits) >= 50 else 0.7


def _date(span: tuple[int, int], year: int, month: int, day: int, quality: float) -> Iterator[tuple[date, Printed]]:
    try:
        found = date(year, month, day)
    except ValueError:
        return
    yield found, Printed(*span, quality, "the date")


# --- times and durations ---------------------------------------------------------------------------------------------

_TIME = re.compile(
    r"(?<![\d:])(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?(?!\d)\s{0,2}(a\.?m\.?|p\.?m\.?)?", re.IGNORECASE
)


def times(text: str) -> dict[time, list[Printed]]:
    """Return every time of day that the text prints, with its places; seconds that are not printed count as 0."""
    found: dict[time, list[Printed]] = defaultdict(list)
    for match in _TIME.finditer(ascii_digits(text)):
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        half = (match[4] or "")[:1].lower()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        if hour < 24 and minute < 60 and second < 60:
            end = match.end() if half else len(match[0].rstrip()) + match.start()
            found[time(hour, minute, second)].append(Printed(match.start(), end, 1.0, "the time"))
    return found


_UNIT_OF = {
    name: re.compile("(?:" + "|".join(forms.split(" ")) + ")", re.IGNORECASE)
    for name, forms in vocabulary.UNITS.items()
}
_DURATION = re.compile(r"(?P<number>\d+)\s*-?\s*(?P<unit>[^\W\d_]+)\.?")
_ISO_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def duration(value: str) -> re.Pattern[str] | None:
    """Return a pattern for the ways a duration such as `3 years` or `P3Y` may be printed; None if it is none."""
    number, unit = _duration_parts(value.strip())
    if not unit:
        return None
    words = [word for word, amount in vocabulary.NUMBERS.items() if amount == number]
    spelled = "|".join([*words, str(number)])
    units = _UNIT_OF[unit].pattern
    between = (
        r"(?:\s*\(\s*(?:"
        + spelled
        + r")\s*\))?[\s\-]{1,2}(?P<kind>(?:full|consecutive|calendar|additional|further)\s+)?"
    )
    return re.compile(rf"(?<![^\W_])(?:{spelled}){between}\(?{units}(?![^\W_])", re.IGNORECASE)


def _duration_parts(value: str) -> tuple[int, str]:
    iso = _ISO_DURATION.fullmatch(value)
    if iso and len(stated := [(int(n), u) for n, u in zip(iso.groups(), vocabulary.UNITS, strict=False) if n]) == 1:
        return stated[0][0], ("year", "month", "week", "day", "hour", "minute")[
            list(iso.groups()).index(str(stated[0][0]))
        ]
    match = _DURATION.fullmatch(value)
    if match:
        for unit, pattern in _UNIT_OF.items():
            if pattern.fullmatch(match["unit"]):
                return int(match["number"]), unit
    return 0, ""
