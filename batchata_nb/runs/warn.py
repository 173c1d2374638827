"""Warnings that point at the user's line, where a plain one would point into this package."""

from __future__ import annotations

import sys
import warnings

_OURS = ("batchata_nb.", "IPython.")


def warn(text: str) -> None:
    """Warn; Python shows the same words once for each line that led to them."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
