"""Whether the text layer of a PDF page is what a reader of the page sees."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from .page import LoadedPage

PageKind = Literal["text", "blank", "scan", "stamped", "drawn", "garbled", "damaged"]
"""`scan`: pictures and no text; `stamped`: a picture of a page with a few words of text on it; `drawn`:
lines and shapes and no text; `garbled`: text that is not what is seen."""

_DOUBTFUL, _STRANGE, _MIXED = 0.3, 0.2, 0.5
"""Shares of a page from which on its text counts as garbled: characters without a Unicode value in their font,
characters that stand for nothing, and words that no writing has."""
_FEW, _WHOLE = 60, 0.6
"""Characters of text, and the share of the page that one picture covers, of a scan with a stamp on it."""
_SIGN_INSIDE = re.compile(r"[^\W\d_][\\\\^~|`{}<>][^\W\d_]")
_CAPITAL_INSIDE = re.compile(r"[a-zß-ÿ][A-Z]")
_CAPITALS_BEFORE = re.compile(r"[A-Z]{3,}[a-zß-ÿ]")
_SAMPLE, _ASKED = 4000, 600  # characters looked at, and those that pdfium is asked about one by one


def kind_of(loaded: LoadedPage, text: str) -> PageKind:
    """Look at a loaded page.

    Args:
        loaded: The page.
        text: Its canonical text.
    """
    letters = sum(not character.isspace() for character in text[:_SAMPLE])
    if letters and _is_garbled(loaded, text):
        return "garbled"
    if letters > _FEW:
        return "text"
    kinds, covered = loaded.drawn()
    if letters:
        return "stamped" if covered > _WHOLE else "text"
    if "image" in kinds:
        return "scan"
    return "drawn" if "path" in kinds or "shading" in kinds else "blank"


def _is_garbled(loaded: LoadedPage, text: str) -> bool:
    """Whether the fonts do not say which characters their shapes are.

    pdfium marks characters that it had to guess. Guesses are often right, so that marked text counts as garbled only
    where it does not read like writing either.
    """
    sample = [character for character in text[:_SAMPLE] if not character.isspace()]
    strange = sum(unicodedata.category(c) in ("Co", "Cn", "Cc") or c == "\ufffd" for c in sample)
    if strange >= _STRANGE * len(sample):
        return True
    guessed, seen = loaded.guessed(_ASKED)
    return seen > 0 and guessed >= _DOUBTFUL * seen and _mixed(text[:_SAMPLE]) >= _MIXED


def _mixed(text: str) -> float:
    """The share of letters that stand in words no writing has: signs within, or capitals where none belong."""
    odd = all_letters = 0
    for word in text.split():
        letters = sum(map(str.isalpha, word))
        if letters < 3:
            continue
        all_letters += letters
        if _SIGN_INSIDE.search(word) or len(_CAPITAL_INSIDE.findall(word)) + len(_CAPITALS_BEFORE.findall(word)) > 1:
            odd += letters
    return odd / all_letters if all_letters else 0.0
