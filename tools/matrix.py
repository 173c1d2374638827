"""Run the tests, but for those in a browser, under each other Python that pyproject.toml names, where it is there.

Each has an environment of its own, made anew when pyproject.toml or that Python has changed. What follows the command
goes to pytest.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

from colab import ROOT, found

HOMES = ROOT / ".cache" / "python"
TESTS = ("-m", "pytest", "-m", "not browser", "-n", "2", "--dist", "loadfile", "-q")


def others() -> list[str]:
    """Return the versions that the package claims, but for the one that runs this."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    last = [line.rpartition(" :: ")[2] for line in project["classifiers"] if ":: Python :: 3." in line]
    return [version for version in last if version != "{}.{}".format(*sys.version_info)]


def environment(version: str, python: str) -> Path:
    """Return the Python of an environment that holds this checkout and all that its tests need."""
    home = HOMES / version
    inside, stamp = home / "bin" / "python", home / "installed"
    exact = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + exact.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([python, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-e", ".[dev]"], cwd=ROOT, check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return inside


def main() -> int:
    """Run the tests under one Python after the other, also when one has failed; say which did."""
    failed: list[str] = []
    for version in others():
        python = found(version)
        if python is None:
            print(f"== Python {version}: left out, there is none here", flush=True)
            continue
        print(f"== Python {version}", flush=True)
        command = [str(environment(version, python)), *TESTS, *sys.argv[1:]]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(version)
    if failed:
        print(f"== failed under Python {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
