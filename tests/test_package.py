"""The package as others get it: its wheel, what importing it loads, what it needs, and the state of its house."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "batchata_nb"
HEAVY = (
    "anthropic",
    "openai",
    "google.genai",
    "pypdfium2",
    "pandas",
    "polars",
    "pyarrow",
    "PIL",
    "genai_prices",
    "mammoth",
)
NEEDED = {
    "ipython": "the cell magic",
    "ipywidgets": "the widget protocol",
    "anywidget": "views without a front-end extension",
    "pydantic": "schemas of answers",
    "anthropic": "the provider's SDK",
    "openai": "the provider's SDK",
    "google-genai": "the provider's SDK",
    "httpx2": "what the SDKs speak through; Gemini's jobs are asked directly",
    "nest-asyncio": "drains an awaitable input on the kernel's own loop",
    "nest-asyncio2": "the same on Python 3.14 and in ipykernel 7",
    "jinja2": "prompt templates",
    "narwhals": "pandas, polars and pyarrow through one interface",
    "genai-prices": "prices at batch rates",
    "pypdfium2": "text and pictures of PDF pages",
    "pillow": "images",
    "rapidfuzz": "quotes with small mistakes",
    "mammoth": "text of DOCX files",
    "rich": "progress on a terminal",
    "python-dotenv": "keys from a .env file",
}


def without_node() -> dict[str, str]:
    """Return an environment in which no node and no npm is on PATH."""
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [folder for folder in folders if not any((Path(folder) / name).exists() for name in ("node", "npm"))]
    return {**os.environ, "PATH": os.pathsep.join(kept), "PYTHONPATH": ""}


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without Node and without network."""
    out = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    run(*build, cwd=out, env=without_node())
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that has the wheel, and borrows the other packages of this one."""
    home = tmp_path_factory.mktemp("elsewhere") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home.parent)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # A .pth file inside a folder that a .pth file names is not read: the editable install stays out of sight.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def test_wheel_holds_the_package_and_its_bundle(wheel: Path):
    """The wheel holds every module, the widgets' bundle and the licence, and nothing of tests, js or examples."""
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    modules = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py")}
    bundle = {str(path.relative_to(ROOT)) for path in (PACKAGE / "widgets" / "static").glob("*.*")}

    assert modules | bundle <= inside
    assert {"dashboard.js", "result.js"} <= {Path(name).name for name in bundle}
    assert {"batchata_nb"} == {name.split("/")[0] for name in inside}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_runs_elsewhere(installed: Path, tmp_path: Path):
    """Installed from its wheel, far from the checkout, the package runs a job to its end."""
    (tmp_path / "note.txt").write_text("Invoice number: A-17\nTotal: 12.50 EUR\n", encoding="utf-8")
    script = """
import batchata_nb, pathlib
from pydantic import BaseModel
class Note(BaseModel):
    invoice_number: str
batch = batchata_nb.Batch().use_practice().set_default_params(model="claude-sonnet-5-5", max_tokens=200)
batch.add_job(file="note.txt", prompt="Extract the invoice number.", response_model=Note, enable_citations=True)
(result,) = batch.run().results()["completed"]
print(pathlib.Path(batchata_nb.__file__).parent.parent.name, result.parsed_response.invoice_number, sep="|")
"""
    env = {**os.environ, "BATCHATA_PRACTICE_SECONDS": "0.2"}
    env.pop("PYTHONPATH", None)  # where it names this checkout, the wheel would not be what runs

    assert "site-packages|A-17" == run(installed, "-c", script, cwd=tmp_path, env=env).strip().splitlines()[-1]


@pytest.mark.parametrize(
    "script",
    [
        "import batchata_nb",
        "import IPython; IPython.InteractiveShell.instance().run_line_magic('load_ext', 'batchata_nb')",
    ],
    ids=["import", "load_ext"],
)
def test_loading_is_light(script: str, tmp_path: Path):
    """Neither importing the package nor loading the extension imports an SDK, a frame library, pdfium or prices."""
    found = run(sys.executable, "-c", f"{script}\nimport sys\nprint(*sorted(sys.modules))", cwd=tmp_path).split()

    assert "batchata_nb" in found
    assert [] == [name for name in HEAVY if name in found]


def test_dependencies_are_these():
    """Each run-time dependency is known here with its reason; a new one needs a line and a reason in README."""
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]

    assert list(NEEDED) == [line.partition(">=")[0] for line in lines]


def test_public_names_are_there():
    """Each public name can be had, and the list of them is sorted."""
    import batchata_nb

    assert sorted(batchata_nb.__all__) == batchata_nb.__all__
    for name in batchata_nb.__all__:
        assert getattr(batchata_nb, name) is not None


def test_no_module_is_too_long():
    """A module over 300 lines is two modules ('make check' lists those); over 500 it is a fault."""
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}

    assert {} == {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > 500}


def test_nothing_unfinished_and_nothing_of_one_machine():
    """No file of the project names a folder of one machine or holds a note to finish something later."""
    unwanted = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/|\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    files = [ROOT / name for name in listing.split("\0") if name] or list(PACKAGE.rglob("*.py"))
    kinds = {".py", ".md", ".ts", ".mjs", ".json", ".toml", ".ipynb", ".html", ".txt", ""}
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        if path.suffix in kinds and path.is_file() and "static" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if unwanted.search(line)
    ]

    assert [] == hits
