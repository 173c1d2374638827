"""The ways a value may be printed: numbers are read out of a text wherever they stand (`dates.py` does so for dates).

Reading all that a text could mean, once, and looking values up in that, covers every combination of separators, signs,
orders and languages; writing out all forms of a value and searching for each would not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from . import fold, vocabulary


@dataclass(frozen=True, slots=True)
class Printed:
    """A place in a text and how well it prints the value.

    Attributes:
        start: First character.
        end: One past the last.
        quality: 1 for the plain reading of what stands there, less for a possible one.
        form: What it is, in words, for the reason given to the user.
        pieces: Spans it is made of, where it is printed in several.
    """

    start: int
    end: int
    quality: float
    form: str
    pieces: tuple[tuple[int, int], ...] = ()

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Its pieces, or itself."""
        return self.pieces or ((self.start, self.end),)

    def overlaps(self, other: Printed) -> bool:
        """Whether the two have characters in common."""
        return any(a < d and c < b for a, b in self.spans for c, d in other.spans)


_SPACES = " \u00a0\u2007\u2009\u202f"
_SPACE = re.compile(f"[{_SPACES}]")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_NUMBER = re.compile(r"(?:(?<![\d.,])[.,])?\d+(?:[.,'’\u066b\u066c،]\d+)*")
_JOINED = re.compile(rf"(?<![\d.,])[1-9]\d{{0,2}}(?:[{_SPACES}]\d{{3}})+(?:[.,]\d+)?(?![\d]|[.,]\d)")
_SCALE = re.compile(r"\s{0,2}-?([^\W\d_]+)\b|[ ]?([万億亿])")
_UNIT_BEFORE = re.compile(r"(?:[A-Z]{1,3}|[€$£¥₹₽₩฿]|[nN][oO°º]|#)$")
_UNIT_AFTER = re.compile(r"(?:[€$£¥₹₽₩฿°%‰]|[a-zA-Zµ]{1,3}\d?(?![\w])|(?:st|nd|rd|th)\b)")


class Numbers:
    """Every number that a text prints, by value.

    Numbers are kept by their significant digits, since these do not depend on separators, percent signs or words of
    scale; what a place may mean is worked out when a value with its digits is looked for.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = ascii_digits(text)
        self._places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for match in _NUMBER.finditer(self._text):
            self._places[_significant(match[0])].append(match.span())
        for match in _JOINED.finditer(self._text):
            self._places[_significant(match[0])].append(match.span())
        for match in fold.LETTERS.finditer(self._text):
            if (word := match[0].lower()) in vocabulary.NUMBERS:
                self._places[_significant(str(vocabulary.NUMBERS[word]))].append(match.span())
        self._known: dict[str, dict[Decimal, list[Printed]]] = {}

    def at(self, value: Decimal) -> list[Printed]:
        """Return the places that print a number."""
        digits = _significant(format(value, "f"))
        if digits not in self._known:
            found: dict[Decimal, list[Printed]] = defaultdict(list)
            for start, end in self._places.get(digits, ()):
                for number, printed in _readings(self._text, start, end):
                    found[number].append(printed)
            self._known[digits] = found
        return self._known[digits].get(value, [])


def _significant(number: str) -> str:
    """The digits of a number without zeros at either end."""
    return _NOT_DIGITS.sub("", number).strip("0")


def parse_number(text: str) -> Decimal | None:
    """Read a string that is nothing but one number, with or without a currency sign; None if it is not."""
    stripped = text.strip()
    core = re.fullmatch(r"(?:[A-Z]{3}|[€$£¥₹])?\s?([-−]?[\d.,][\d.,'’ \u00a0]*)\s?(?:[A-Z]{3}|[€$£¥₹%])?", stripped)
    if not core:
        return None
    digits = core[1].strip()
    sign = -1 if digits[0] in "-−" else 1
    values = list(_values(re.sub(rf"[{_SPACES}]", "", digits.lstrip("-−"))))
    return sign * values[0][0] if values else None


def _readings(text: str, start: int, end: int) -> Iterator[tuple[Decimal, Printed]]:
    core = text[start:end]
    if core[0].isalpha():
        yield Decimal(vocabulary.NUMBERS[core.lower()]), Printed(start, end, 0.55, "the number in words")
        return
    joined = _SPACE.search(core) is not None
    if joined:
        core = _SPACE.sub("", core)
    standing = _standing(text, start, end) * (0.9 if joined else 1.0)
    if not standing:
        return
    first, last, negative = _signs(text, start, end)
    for value, quality in _values(core):
        quality *= standing
        yield (-value if negative else value), Printed(first, last, quality, "the number")
        yield from _scaled(text, end, value, Printed(first if negative else start, end, quality, ""))


def _scaled(text: str, end: int, value: Decimal, at: Printed) -> Iterator[tuple[Decimal, Printed]]:
    """Readings as a share (`15 %` is 0.15) and with a word of scale (`1.2 million`)."""
    after = text[end : end + 14]
    if after.lstrip(_SPACES)[:1] == "%":
        stop = end + after.index("%") + 1
        yield value / 100, Printed(at.start, stop, at.quality * 0.85, "the percentage")
    scale = _SCALE.match(after)
    if scale and (power := vocabulary.SCALES.get((scale[1] or scale[2]).lower())):
        yield value * 10**power, Printed(at.start, end + scale.end(), at.quality * 0.9, "the number with its scale")


def _values(core: str) -> Iterator[tuple[Decimal, float]]:
    """What a run of digits and separators may mean, likeliest first."""
    separators = [c for c in core if not c.isdigit()]
    try:
        if not separators:
            yield Decimal(core), 1.0
        elif core[0] in ".,":
            if len(separators) == 1:
                yield Decimal("0." + core[1:]), 1.0
        elif len(set(separators)) == 1:
            yield from _one_separator(core, separators[0], len(separators))
        elif len(set(separators)) == 2 and separators[-1] != separators[0] and separators.count(separators[-1]) == 1:
            whole, _, fraction = core.rpartition(separators[-1])
            if _grouped(whole, separators[0]):
                yield Decimal(re.sub(r"\D", "", whole) + "." + fraction), 1.0
    except InvalidOperation:  # pragma: no cover - digits of a script Decimal does not know
        return


def _one_separator(core: str, separator: str, count: int) -> Iterator[tuple[Decimal, float]]:
    grouped = _grouped(core, separator)
    if grouped:
        whole = Decimal(core.replace(separator, ""))
        if separator in "'’\u066c،" or count > 1 or separator == ",":
            yield whole, 1.0
            if count == 1 and separator == ",":
                yield Decimal(core.replace(separator, ".")), 0.9
        else:
            yield Decimal(core.replace(separator, ".")), 1.0
            yield whole, 0.95
    elif count == 1 and separator not in "'’\u066c":
        yield Decimal(core.replace(separator, ".")), 1.0


def _grouped(whole: str, separator: str) -> bool:
    """Whether digits stand in groups of three, or of two and then three as in India."""
    groups = whole.split(separator)
    if len(groups) == 1:
        return True
    if not 1 <= len(groups[0]) <= 3 or len(groups[-1]) != 3 or groups[0][0] == "0":
        return False
    middle = {len(group) for group in groups[1:-1]}
    return middle <= {3} or middle <= {2}


def _standing(text: str, start: int, end: int) -> float:
    """How freely a number stands: 1 alone, less as part of something longer, 0 inside a word or code."""
    before, after = text[max(0, start - 4) : start], text[end : end + 4]
    quality = 1.0
    if before[-1:].isascii() and before[-1:].isalpha() and after[:1].isascii() and after[:1].isalpha():
        return 0.0
    if before and (before[-1].isalpha() or before[-1] == "_"):
        if not before[-1].isascii():
            quality *= 0.9
        elif not _UNIT_BEFORE.search(before) or re.search(r"[A-Za-z]{4}$|[\d_][A-Za-z]+$", before):
            return 0.0
        else:
            quality *= 0.8
    if after and (after[0].isalpha() or after[0] == "_"):
        if not after[0].isascii():
            quality *= 0.9
        elif not _UNIT_AFTER.match(text[end : end + 8]):
            return 0.0
        else:
            quality *= 0.85
    if len(before) > 1 and before[-1] in "-/:.–\\" and before[-2].isalnum():
        quality *= 0.6
    if len(after) > 1 and after[0] in "-/:–\\" and after[1].isalnum():
        quality *= 0.6
    return quality


def _signs(text: str, start: int, end: int) -> tuple[int, int, bool]:
    """Span with its sign, and whether the sign is minus."""
    before, after = text[max(0, start - 3) : start], text[end : end + 2]
    bare = before.rstrip(" $€£")
    if bare and bare[-1] in "-−–" and len(before) - len(bare) <= 1:
        front = text[: start - (len(before) - len(bare)) - 1][-1:]
        if not front.isalnum():
            return start - (len(before) - len(bare)) - 1, end, True
    if bare.endswith("(") and after[:1] == ")":
        return start - (len(before) - len(bare)) - 1, end + 1, True
    if after[:1] in ("-", "−") and not after[1:2].strip():
        return start, end + 1, True
    return start, end, False


_SIGNS = dict(zip(map(ord, "，．／％－：（）￥٪"), ",./%-:()¥%", strict=True))
"""Signs of full width and of other scripts that stand within numbers and dates, and what they are otherwise."""


def ascii_digits(text: str) -> str:
    """The text with digits of other scripts as 0 to 9, and their signs as the usual ones, character by character."""
    if text.isascii():
        return text
    others = {c for c in set(text) if c.isdecimal() and not c.isascii()}
    return text.translate({**_SIGNS, **{ord(c): str(unicodedata.decimal(c)) for c in others}})


def best_first(places: Iterable[Printed]) -> list[Printed]:
    """Places by quality, one for each start; of equal ones the earlier in the text."""
    seen: dict[int, Printed] = {}
    for place in sorted(places, key=lambda p: (-p.quality, p.start, -p.end)):
        seen.setdefault(place.start, place)
    return list(seen.values())
