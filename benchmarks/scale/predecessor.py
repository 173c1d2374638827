"""batchata 0.4.7 in an environment of its own, where there is a Python 3.12 and a package index."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from material import ROOT, environment

WANTED = ("batchata==0.4.7", "anthropic<0.70")
"""The SDK of its time: it sends parameters that the present one's API version refuses."""
PATIENCE = 300.0
"""Seconds after which it is enough to know that it took longer."""
HOME = ROOT / ".cache" / "batchata-0.4.7"


def python() -> Path | None:
    """Return its interpreter, installed on first use; None where that is not possible."""
    made = HOME / "bin" / "python"
    if made.exists():
        return made
    versions = sorted(Path("~/.pyenv/versions").expanduser().glob("3.12*/bin/python"))
    for found in [*map(str, versions), shutil.which("python3.12")]:
        try:
            subprocess.run([found or "", "-m", "venv", str(HOME)], check=True, capture_output=True)
            subprocess.run([str(made), "-m", "pip", "install", "--quiet", *WANTED], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            shutil.rmtree(HOME, ignore_errors=True)
        else:
            return made
    return None


def measured(interpreter: Path, count: int, items: int, folder: Path, **more: str) -> dict[str, Any] | None:
    """Run so many jobs with it; None if it took longer than a measurement may."""
    env = {name: value for name, value in environment(**more).items() if name != "PYTHONPATH"}
    command = [str(interpreter), str(Path(__file__).with_name("predecessor_jobs.py")), str(count), str(items)]
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found["completed"] != count:
        raise RuntimeError(f"batchata completed {found['completed']:,} of {count:,} jobs")
    return found
