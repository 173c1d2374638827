"""Run the tests with the versions that Colab ships (`tests/colab-constraints.txt`), where there is a Python 3.13.

What Colab has is installed first, then this package's wheel with nothing held fixed, as `pip install` in a Colab cell
does it. A pinned version that has changed after that is a failure: it would make Colab ask for a restart, or break it.
On each later run the wheel is built and installed anew, so that kernels run what a user would install now.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "tests" / "colab-constraints.txt"
VENV = ROOT / ".cache" / "colab"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
BROWSERS = ROOT / "tests" / "e2e"
TEST_TOOLS = ["pytest", "pytest-timeout", "hypothesis", "nbclient", "nbformat", "nbconvert"]
TEST_TOOLS += ["fpdf2", "python-docx", "pyarrow", "build", "hatchling"]


def found(version: str) -> str | None:
    """Return the path of a Python of this version, None where there is none."""
    command = ["bash", "tools/find-python", version]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return None if asked.returncode else asked.stdout.strip()


def pins() -> dict[str, str]:
    """Return the pinned versions by normalised name."""
    lines = (line.split("#")[0].strip() for line in PINS.read_text(encoding="utf-8").splitlines())
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def normal(name: str) -> str:
    """Return a package name in the one spelling that compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, str]:
    """Return the installed versions by normalised name."""
    listing = subprocess.run(
        [str(PYTHON), "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True
    )
    return {normal(row["name"]): row["version"] for row in json.loads(listing.stdout)}


def pip(*args: str) -> None:
    """Run pip in the Colab-like environment."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *args], cwd=ROOT, check=True)


def wheel(folder: str) -> str:
    """Build the wheel of this checkout into a folder; return its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return str(next(Path(folder).glob("*.whl")))


def make(python: str) -> None:
    """Make the environment as Colab has it, without this package."""
    subprocess.run([python, "-m", "venv", "--clear", str(VENV)], check=True)
    pip("-r", str(PINS))


def install(package: str, *, anew: bool) -> dict[str, tuple[str, str | None]]:
    """Install the wheel; return the pins that this has changed: name → (pin, what is installed).

    Args:
        package: Path of the wheel.
        anew: Whether only the package itself is replaced, in an environment that holds what it needs.
    """
    pip(package, *(("--force-reinstall", "--no-deps") if anew else ()))
    now = installed()
    return {name: (pin, now.get(name)) for name, pin in pins().items() if now.get(name) != pin}


def wanted() -> str:
    """Return a digest of all that decides what the environment holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = [*pins().items(), *project["dependencies"], *TEST_TOOLS]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def left_out() -> list[str]:
    """Return tests that import what builds pages or drives a browser, which this environment does not hold."""
    marked = [path for path in BROWSERS.glob("test_*.py") if "mark.colab" not in path.read_text(encoding="utf-8")]
    return ["tests/docs", *(str(path.relative_to(ROOT)) for path in sorted(marked))]


def main() -> int:
    """Bring the environment up to date and run the tests in it; what stands behind the command goes to pytest."""
    python = found("3.13")
    if python is None:
        print("== Colab's versions: left out, there is no Python 3.13 here")
        return 0
    print("== Colab's versions, on Python 3.13", flush=True)
    ready = STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted()
    if not ready:
        make(python)
    with tempfile.TemporaryDirectory() as folder:
        changed = install(wheel(folder), anew=ready)
    for name, (pin, now) in changed.items():
        print(f"installing batchata_nb changes {name} from Colab's {pin} to {now}: widen the range in pyproject.toml")
    if changed:
        return 1
    if not ready:
        pip("-c", str(PINS), *TEST_TOOLS)
        STAMP.write_text(wanted(), encoding="utf-8")
    print(f"== the wheel changes none of the {len(pins())} versions that Colab ships", flush=True)
    # Old ipykernel and traitlets warn on Python 3.13 of themselves.
    tests = [
        str(PYTHON),
        "-m",
        "pytest",
        "-m",
        "colab",
        "-W",
        "ignore",
        "-q",
        *(f"--ignore={each}" for each in left_out()),
    ]
    return subprocess.run([*tests, *sys.argv[1:]], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
