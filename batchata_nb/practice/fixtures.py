"""The practice provider as pytest fixtures, for the tests of programs that use batchata_nb.

In a `conftest.py`:

    from batchata_nb.practice import practice, practice_server

and in a test, whose program calls `Batch(...).run()` for any model of the three providers:

    def test_invoices_are_read(practice):
        rows = my_program.read_invoices()
        assert rows[0].total == 12.5

    def test_a_full_queue_is_waited_out(practice):
        practice.faults.add(Fault("status", provider="openai", route="batches.create", status=429))
        ...

No key is needed, nothing leaves the machine, and `practice.book()` tells what was asked and billed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import PracticeServer

SECONDS = 0.1
"""How long a batch takes."""


@pytest.fixture
def practice_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    """A practice server of the test's own, with quick batches; `environment()` holds what leads there."""
    with PracticeServer(tmp_path_factory.mktemp("practice"), seconds=SECONDS) as server:
        yield server


@pytest.fixture
def practice(practice_server: PracticeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PracticeServer:
    """The practice server in the place of Anthropic, OpenAI and Gemini while the test goes on.

    The working folder is the test's `tmp_path`, so that no answer comes into a state store that is in use.
    """
    for name, value in practice_server.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("GOOGLE_API_KEY", "BATCHATA_PRACTICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    monkeypatch.chdir(tmp_path)
    return practice_server
