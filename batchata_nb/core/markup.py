"""Text into HTML, the one place where values of models, documents and users become markup; and text that is broken."""

from __future__ import annotations

import html
import unicodedata

KEPT = {"\n", "\t"}


def visible(text: str) -> str:
    """Return text with control, bidirectional and other invisible characters shown as escapes."""
    return "".join(
        _shown(c) if c not in KEPT and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in text
    )


def before_half(text: str) -> str | None:
    """Return the words before the first half of a character, which no encoding has; None where there is none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[max(error.start - 20, 0) : error.start]
    return None


def escape(value: object, most: int | None = None) -> str:
    """Return a value as text for HTML content or a quoted attribute; nothing in it can become markup.

    Args:
        value: Anything; its `str` is shown.
        most: Longest text to show, in characters; how much was cut is said.
    """
    text = str(value)
    if most is not None and len(text) > most:
        least = "at least " if text.endswith("…") else ""  # what comes here may have been cut before
        text = f"{text[:most]}… ({least}{len(text) - most:,} more characters)"
    return html.escape(visible(text), quote=True)


def _shown(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
