"""Pack what Colab needs into one file to upload: the wheel, and the example notebooks with their documents."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "batchata_nb_colab.zip"
LEFT_OUT = (".batchata", ".ipynb_checkpoints", "__pycache__")


def pack(folder: Path) -> Path:
    """Build the wheel into a folder and pack it with the examples; return the path of the zip."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.whl"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wheel = max(folder.glob("*.whl"), key=lambda path: (path not in before, path.stat().st_mtime))
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "example_notebooks"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    target = folder / NAME
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as kit:
        kit.write(wheel, wheel.name)
        for name in sorted(listed.stdout.splitlines()):
            if not set(Path(name).parts) & set(LEFT_OUT):
                kit.write(ROOT / name, name)
    return target


if __name__ == "__main__":
    print(f"{pack(ROOT / 'dist')}: in Colab, the first cell of each example asks for this file")
