"""The quickstart notebook: in JupyterLab, or with `--headless` executed here, what its cells show being printed.

The headless run works on a copy of the examples, so that it begins with an empty store each time and leaves the
notebook as it is in the repository.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "example_notebooks"
NAME = "quickstart.ipynb"
WIDTH = 116
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def settings(home: Path) -> dict[str, str]:
    """Return the environment for Jupyter: the kernel of this virtual environment, folders of its own."""
    own = {name: str(home / name.lower()) for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    return {**os.environ, **own, "JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PLATFORM_DIRS": "1"}


def open_lab() -> int:
    """Open JupyterLab on the notebook; return its exit code when it is stopped."""
    command = [sys.executable, "-m", "jupyter", "lab", NAME]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    print(f"== JupyterLab on {EXAMPLES.name}/{NAME}; Ctrl+C stops it", flush=True)
    try:
        env = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
        return subprocess.run(command, cwd=EXAMPLES, check=False, env=env).returncode
    except KeyboardInterrupt:
        return 0


def run_here() -> int:
    """Execute the notebook without a browser and print each cell with what it shows."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / EXAMPLES.name
        shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns(".batchata", ".ipynb_checkpoints"))
        os.environ.update(settings(Path(scratch)))
        book = nbformat.read(folder / NAME, as_version=4)
        print(f"== {EXAMPLES.name}/{NAME}, executed here without a browser", flush=True)
        client = NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}})
        client.extra_arguments = ["--IPKernelApp.log_level=40"]  # it warns that it talks to us over TCP
        try:
            client.execute()
        except CellExecutionError:
            show(book)
            return 1
        show(book)
    return 0


def show(book: Any) -> None:
    """Print the code cells of an executed notebook and what they show."""
    for cell in book.cells:
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
        if cell.cell_type != "code" or cell.execution_count is None or hidden:
            continue
        print("\n" + textwrap.indent(cell.source, "│ ", lambda line: True))
        for text in filter(None, (readable(output) for output in cell.outputs)):
            print("\n".join(folded(text)))


def readable(output: Any) -> str:
    """Return the text of one output as a terminal can show it."""
    if output.output_type == "stream":
        text = output.text
    elif output.output_type == "error":
        text = "\n".join(output.traceback)
    else:
        text = output.data.get("text/plain", "")
    return COLOURS.sub("", text).rstrip()


def folded(text: str) -> Iterator[str]:
    """Yield the lines of a text; long ones that are no table are folded."""
    for line in text.splitlines():
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="    ") if "  " not in line.strip() else [line]


if __name__ == "__main__":
    sys.exit(run_here() if "--headless" in sys.argv[1:] else open_lab())
