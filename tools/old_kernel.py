"""Put an ipykernel 6 beside the one that is installed: what hosts without subshells bring, for the browser tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "ipykernel6"


def main() -> int:
    """Install it where it is not there yet; a kernel sees it by `PYTHONPATH`, and nothing else does."""
    if (FOLDER / "ipykernel").exists():
        return 0
    print("== an ipykernel 6 for the tests of busy kernels", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER), "ipykernel<7"]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
