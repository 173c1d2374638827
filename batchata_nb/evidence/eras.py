"""Dates by era, by the Buddhist calendar, and in numerals of China and Japan: 令和6年3月15日, 二〇二四年三月五日."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import vocabulary

Span = tuple[int, int]
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911, "民国": 1911}
"""The year before the first of each era."""
_LETTERS = {"M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}
_BUDDHIST = 543
_DIGITS = {character: number for number, character in enumerate("〇一二三四五六七八九")} | {"零": 0, "元": 1}
_NUMERAL = "[元〇零一二三四五六七八九十\\d]"
_DAY = rf"\s?年\s?({_NUMERAL}{{1,3}})\s?月\s?({_NUMERAL}{{1,3}})\s?[日號号]?"
_BY_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?({_NUMERAL}{{1,3}}){_DAY}")
_BY_YEAR = re.compile(rf"(?<!{_NUMERAL})([一二][〇零一二三四五六七八九]{{3}}){_DAY}")
_BY_LETTER = re.compile(
    r"(?<![^\W_])([MTSHR])\s?(\d{1,2})\s?([./\-年])\s?(\d{1,2})\s?[./\-月]\s?(\d{1,2})(?![\d./-]\d)"
)
_THAI_MONTHS = "|".join(sorted((name for name in vocabulary.MONTHS if "\u0e00" <= name[0] < "\u0e80"), key=len)[::-1])
_BY_BUDDHA = re.compile(rf"(?<!\d)(\d{{1,2}})\s{{0,2}}({_THAI_MONTHS})\s{{0,2}}(?:พ\.?ศ\.?\s?)?(2[45]\d\d)(?!\d)")


def by_era(text: str) -> Iterator[tuple[Span, int, int, int, float]]:
    """Return span, year, month, day and quality of each such date.

    Args:
        text: The text, its digits as 0 to 9.
    """
    for match in _BY_ERA.finditer(text):
        yield match.span(), _ERAS[match[1]] + _number(match[2]), _number(match[3]), _number(match[4]), 1.0
    for match in _BY_YEAR.finditer(text):
        year = int("".join(str(_DIGITS[c]) for c in match[1]))
        yield match.span(), year, _number(match[2]), _number(match[3]), 1.0
    for match in _BY_LETTER.finditer(text):
        quality = 0.9 if match[3] == "年" else 0.75  # `R6.3.15` may be a revision
        yield match.span(), _LETTERS[match[1]] + int(match[2]), int(match[4]), int(match[5]), quality
    for match in _BY_BUDDHA.finditer(text):
        yield match.span(), int(match[3]) - _BUDDHIST, vocabulary.MONTHS[match[2]], int(match[1]), 1.0


def _number(text: str) -> int:
    """A number up to 99 in either kind of digits: `15`, `十五`, `二十`, `元`; 0 where it is none."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if any(c not in _DIGITS for c in tens + ones):
        return 0
    if not ten:
        return int("".join(str(_DIGITS[c]) for c in ones))
    return 10 * (_DIGITS[tens] if len(tens) == 1 else 1) + (_DIGITS[ones] if len(ones) == 1 else 0)
