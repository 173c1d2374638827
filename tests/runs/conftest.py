"""What tests of runs share: a folder of their own with quick batches, and the three services as a user reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batchata_nb.practice import PracticeServer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to work in, with practice batches that end at once and are asked about often."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATCHATA_PRACTICE_SECONDS", "0")
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    return tmp_path


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    """The three services on loopback, reached through their own SDKs and the SDKs' environment variables."""
    with PracticeServer(folder / "services", seconds=0) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running
