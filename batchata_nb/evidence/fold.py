"""Text made comparable: case, ligatures, accents, spaces and punctuation taken away, places kept.

The *skeleton* of a text is its letters and digits, folded. Two texts that differ in line breaks, hyphenation,
ligatures, case or punctuation have the same skeleton, and a match in the skeleton leads back to characters of the text.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from itertools import compress

_STRIPPED_MARKS = ((0x0300, 0x036F), (0x0591, 0x05C7), (0x064B, 0x065F), (0x0670, 0x0670), (0x0640, 0x0640))
"""Marks that writers leave out at will: Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowels, tatweel."""
_LOOKALIKES = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ё": "е", "ى": "ي", "ة": "ه"}
_NO_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x30FF),  # kana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0971-\u0dff"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3"
)
WORD = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
"""Words and numbers of all scripts, vowel signs included, which `\\w` leaves out."""
LETTERS = re.compile(rf"(?:[^\W\d_]|[{_MARKS}])+")
"""Words without digits."""


class _Table(dict[str, str]):
    """Folded form of each character, worked out when first met; empty for what is left out."""

    def __missing__(self, character: str) -> str:
        folded = "".join(c for c in fold_text(character) if unicodedata.category(c)[0] in "LNM")
        self[character] = folded
        return folded


def fold_text(text: str) -> str:
    """Fold case, compatibility forms and optional marks; spaces and punctuation stay."""
    out = []
    for character in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()):
        code = ord(character)
        if any(low <= code <= high for low, high in _STRIPPED_MARKS):
            continue
        if 0x0660 <= code <= 0x06F9 or 0x0966 <= code <= 0x096F or 0x0E50 <= code <= 0x0E59:
            character = str(unicodedata.digit(character, character))
        out.append(_LOOKALIKES.get(character, character))
    return unicodedata.normalize("NFC", "".join(out))


_TABLE = _Table()


def skeleton(text: str) -> str:
    """Return the folded letters and digits of a text."""
    return "".join([_TABLE[c] for c in text])


def skeleton_with_places(text: str) -> tuple[str, array[int]]:
    """Return the skeleton, and for each of its characters the index of its character in the text."""
    parts = [_TABLE[c] for c in text]
    joined = "".join(parts)
    if len(joined) == sum(map(bool, parts)):
        return joined, array("I", compress(range(len(parts)), parts))
    return joined, array("I", (i for i, part in enumerate(parts) for _ in part))


def is_unspaced(character: str) -> bool:
    """Whether the character belongs to a script that puts no spaces between words."""
    code = ord(character)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _NO_SPACES)


def is_word(character: str) -> bool:
    """Whether the character is part of words and numbers."""
    return bool(_TABLE[character]) or character == "_"


def splits_word(text: str, at: int) -> bool:
    """Whether a cut before index `at` would go through a word."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if not (is_word(before) and is_word(after)):
        return False
    if unicodedata.category(after)[0] == "M":
        return True
    if is_unspaced(before) or is_unspaced(after):
        return False
    return before.isdigit() == after.isdigit() or not (before.isascii() and after.isascii())


def cuts(text: str, at: int) -> bool:
    """Whether a cut before index `at` would go through a word or a code of letters and digits."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if splits_word(text, at):
        return True
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
