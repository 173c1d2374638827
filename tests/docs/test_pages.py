"""The documentation is true: its code runs, its links lead somewhere, and its tables are the program's own."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from batchata_nb import BatchRun

from .pages import PAGES, READ, ROOT, SHOWN, Block, Player, blocks, fits

EXAMPLES = ROOT / "example_notebooks"
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """A fresh shell in a folder with the example documents, where only the practice provider can be reached."""
    left = shutil.ignore_patterns(".batchata", ".ipynb_checkpoints", "__pycache__")
    shutil.copytree(EXAMPLES, tmp_path, ignore=left, dirs_exist_ok=True)
    for name, value in (("", "1"), ("_SECONDS", "0.2")):
        monkeypatch.setenv(f"BATCHATA_PRACTICE{name}", value)
    monkeypatch.setenv("BATCHATA_POLL_INTERVAL", "0.05")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    main, known = sys.modules["__main__"], set(sys.modules)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    yield Player(shell, tmp_path)
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:IPython")
@pytest.mark.parametrize("name", [name for name in NAMES if any(block.runs for block in blocks(ROOT / name))])
def test_page_runs_from_top_to_bottom(name, player):
    """Each block of a page runs, in the order of the page, and shows what the page says that it shows."""
    for block in blocks(ROOT / name):
        try:
            player.play(block)
        except AssertionError as error:
            runs = [run for run in player.shell.user_ns.values() if isinstance(run, BatchRun)]
            failed = {run.name: run.get_failed_jobs() for run in runs}
            pytest.fail(f"{name}, line {block.line}: {error}\nfailed jobs: {failed}", pytrace=False)


def test_few_blocks_are_not_run():
    """Code that is not run is the exception: at most one block in ten, each with its reason beside it."""
    found = [block for path in PAGES for block in blocks(path) if block.language not in (*SHOWN, *READ)]
    excused = [block for block in found if block.excuse]

    assert len(found) > 100
    assert len(excused) * 10 <= len(found)


@pytest.mark.parametrize("name", NAMES)
def test_no_block_is_hidden(name):
    """Each fence of a page is one that is looked at: none stands inside a list or a note, out of sight."""
    fences = re.findall(r"^\s*```+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)

    assert len(fences) == 2 * len(list(blocks(ROOT / name)))


def test_a_block_that_fails_is_noticed(player):
    """Code that raises, a shell command that fails, and an output that differs each fail their page."""
    for bad in (Block("python", "1 / 0", 1), Block("bash", "false", 1), Block("toml", "a = b", 1)):
        with pytest.raises((AssertionError, ValueError)):
            player.play(bad)
    player.play(Block("python", "print(6 * 7)", 1))
    player.play(Block("output", "42", 1))
    with pytest.raises(AssertionError):
        player.play(Block("output", "43", 1))


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [("a … c", "a b\nb c", True), ("a\nb", "a  \nb\n", True), ("a.c", "abc", False), ("a", "a b", False)],
)
def test_output_is_compared_word_for_word(wanted, found, same):
    """An output is the page's but for blanks at the ends of lines, and for what `…` stands for."""
    assert fits(wanted, found) is same
