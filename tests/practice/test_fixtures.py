"""The fixtures that programs test themselves with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from batchata_nb import Batch
from batchata_nb.practice import Fault, PracticeServer, practice, practice_server

__all__ = ["practice", "practice_server"]


def program() -> list[str]:
    """A program as a user may have it: three models, the default state file, no word of the practice provider."""
    models = ["claude-sonnet-5-5", "gpt-6.1-sol", "gemini-3.8-flash"]
    return Batch().add_jobs("Say {{ item }}.", over=["hello"], model=models).run(name="p", wait=True).outputs


def test_a_program_asks_the_practice_provider(practice: PracticeServer, tmp_path: Path) -> None:
    """All three providers are led there, and its store is the test's own."""
    assert (3, True) == (len([answer for answer in program() if answer]), (tmp_path / ".batchata/state.db").exists())
    assert [1, 1, 1] == [len(each["batches"]) for each in practice.book().values()]


def test_a_test_can_bring_failures_about(practice: PracticeServer) -> None:
    """A fault happens to the program once, and is got over."""
    practice.faults.add(Fault("status", provider="openai", route="batches.create", status=429, retry_after=0.01))
    program()

    assert [("openai", "batches.create", "status")] == practice.faults.happened


def test_each_test_has_a_server_of_its_own(practice_server: PracticeServer) -> None:
    """Nothing of another test is in its book."""
    assert [0, 0, 0] == [len(each["batches"]) for each in practice_server.book().values()]


def test_pytest_is_loaded_only_for_the_fixtures() -> None:
    """The practice provider works where pytest is not installed."""
    code = "import sys, batchata_nb.practice as p; p.PracticeServer; assert 'pytest' not in sys.modules"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
