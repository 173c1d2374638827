"""A real IPython shell for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Give a fresh shell whose working folder is the test's own; nothing of it stays."""
    monkeypatch.chdir(tmp_path)
    main = sys.modules["__main__"]
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    yield made
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


@pytest.fixture
def practised(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """Give a shell with the extension loaded, the practice provider as default, and outputs that are kept."""
    monkeypatch.setenv("BATCHATA_PRACTICE", "1")
    monkeypatch.setenv("BATCHATA_MODEL", "claude-sonnet-5-5")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0")
    shell.display_pub = CapturingDisplayPublisher(shell=shell)
    shell.run_line_magic("load_ext", "batchata_nb")
    return shell
