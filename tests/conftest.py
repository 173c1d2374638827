"""What holds for every test: no key and no setting of the developer's is seen, and no host but this one is reached."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ("ANTHROPIC_", "OPENAI_", "GEMINI_", "GOOGLE_", "BATCHATA_")
LOOPBACK = ("127.", "::1", "localhost", "::ffff:127.")
COLAB = ("providers", "runs", "widgets", "notebook")  # what touches a package whose version Colab decides


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what must also pass with Colab's versions."""
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    if folder in COLAB and item.get_closest_marker("browser") is None:
        item.add_marker(pytest.mark.colab)


def _keep_off_the_network(event: str, args: tuple[Any, ...]) -> None:
    """Refuse, as an audit hook, to connect to or look up any host but this one."""
    if event == "socket.connect":
        address = args[1]
        host = address[0] if isinstance(address, tuple) else ""  # a path is a Unix socket
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name and not name.startswith(LOOPBACK) and name != "0.0.0.0":
        raise PermissionError(f"a test may not reach {name}: only loopback is open")


sys.addaudithook(_keep_off_the_network)


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide keys, base URLs and settings of whoever runs the tests, and give IPython and Jupyter empty folders."""
    for name in list(os.environ):
        if name.startswith(PRIVATE) and name != "BATCHATA_CHROMIUM":
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "surroundings"
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        folder = home / name.lower()
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
