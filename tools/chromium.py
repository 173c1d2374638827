"""Find a Chromium for the browser tests, or install one: `python tools/chromium.py [--install]`.

Looked for in this order: `$BATCHATA_CHROMIUM`, PATH, what Playwright has downloaded. `--install` then asks Playwright
to download one and, where that fails, Debian's package manager. A browser counts when it tells its version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ROOT / ".cache" / "browsers"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def candidates() -> Iterator[str]:
    """Yield paths where a Chromium may be, best first."""
    if named := os.environ.get("BATCHATA_CHROMIUM"):
        yield named
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"):
        yield from (str(path) for path in sorted(BROWSERS.glob(pattern), reverse=True))


def version(path: str) -> str | None:
    """Return what the browser calls itself, or None when it does not start."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def find() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    return next((path for path in candidates() if version(path)), None)


def from_playwright() -> bool:
    """Let Playwright download its Chromium into `.cache/browsers`."""
    print("no Chromium on PATH; asking Playwright to download one", flush=True)
    env = {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(BROWSERS)}
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return ran(command, env, seconds=300)


def from_apt() -> bool:
    """Install Debian's package; needs apt-get, and root or a sudo that does not ask."""
    if not shutil.which("apt-get"):
        return False
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and not shutil.which("sudo"):
        return False
    print("Playwright could not; asking apt-get for the package chromium", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    return ran([*root, "apt-get", "update", "-qq"], env, seconds=120) and ran(install, env, seconds=600)


def ran(command: list[str], env: dict[str, str], seconds: int) -> bool:
    """Run a command; say its last words when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {error}")
        return False
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        print(f"  {' '.join(command[:4])}: {lines[-1] if lines else 'failed'}")
    return done.returncode == 0


def main() -> int:
    path = find()
    if path is None and "--install" in sys.argv[1:]:
        for install in (from_playwright, from_apt):
            if install() and (path := find()):
                break
    if path is None:
        print("no Chromium: install one (Debian: apt-get install chromium) or name one in BATCHATA_CHROMIUM")
        return 1
    print(f"== Chromium: {path} ({version(path)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
