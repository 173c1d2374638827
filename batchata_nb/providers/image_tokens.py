"""Input tokens of images, from their size in pixels.

Formulas from the vendors' documentation of November 2026, and from third-party counts where that is silent; they are
exact where a provider does not shrink the image, and an upper bound where it does, since shrinking only lowers them.
"""

from __future__ import annotations

import re
from math import ceil

from .anthropic_models import family
from .openai_models import base

CLAUDE_OLD_CAP, CLAUDE_CAP = 1568, 4784
GEMINI_IMAGE = {"LOW": 280, "MEDIUM": 560, "HIGH": 1120, "ULTRA": 2240}
"""Gemini 3 and later, by media resolution; without one it is HIGH."""
GEMINI_TILE = 258
_PATCHES_CAP = 1536


def claude_image(model: str, width: int, height: int) -> int:
    """Return tokens of an image: one for each 28 x 28 pixels, up to the model's cap."""
    return min(ceil(width / 28) * ceil(height / 28), CLAUDE_CAP if new_claude(model) else CLAUDE_OLD_CAP)


def new_claude(model: str) -> bool:
    """Return whether a Claude model has the vocabulary and image size of version 4.7 and later."""
    return family(model)[1] > (4, 6)


def gemini_image(model: str, width: int, height: int, resolution: str = "HIGH") -> int:
    """Return tokens of an image: by tiles for Gemini 2, else by media resolution."""
    if not model.removeprefix("models/").startswith(("gemini-1", "gemini-2")):
        return GEMINI_IMAGE[resolution]
    if max(width, height) <= 384:
        return GEMINI_TILE
    unit = min(max(min(width, height) * 2 // 3, 256), 768)
    return GEMINI_TILE * ceil(width / unit) * ceil(height / unit)


def openai_image(model: str, width: int, height: int) -> int | None:
    """Return tokens of an image at `detail: auto`, or None for a model whose formula is not documented."""
    name = base(model)
    patches = ceil(width / 32) * ceil(height / 32)
    if small := re.match(r"gpt-(?:4\.1|5)-(mini|nano)", name):
        # Hundredths in whole numbers: a float would round the wrong way.
        return -(-min(patches, _PATCHES_CAP) * (162 if small[1] == "mini" else 246) // 100)
    if re.match(r"gpt-(4o|4\.1)(?!-mini|-nano)", name):
        return _tiled(width, height)
    version = re.match(r"gpt-(\d+)(?:\.(\d+))?", name)
    if version and (int(version[1]), int(version[2] or 0)) >= (5, 2) and not re.search(r"mini|nano", name):
        return -(-patches * 12 // 10)
    return None


def _tiled(width: int, height: int) -> int:
    """85 tokens, and 170 for each tile of 512 pixels after fitting into 2048 x 2048 and a shorter side of 768."""
    shrink = min(1.0, 2048 / max(width, height))
    shrink *= min(1.0, 768 / (min(width, height) * shrink))
    # Rounded first: 768.0000001 is one tile and a half, not two.
    return 85 + 170 * ceil(round(width * shrink) / 512) * ceil(round(height * shrink) / 512)
