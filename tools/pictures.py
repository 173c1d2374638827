"""Take README's pictures anew from what the browser tests have photographed: `make pictures`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {"lab-evidence.png": "evidence.png", "lab-live.png": "dashboard.png"}


def main() -> int:
    (ROOT / "docs").mkdir(exist_ok=True)
    for shot, name in PICTURES.items():
        with Image.open(ROOT / "test-results" / shot) as picture:
            picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(ROOT / "docs" / name, optimize=True)
        print(f"docs/{name}: {(ROOT / 'docs' / name).stat().st_size / 1024:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
