"""Pages as notebooks: every fenced block of a Markdown file, run from top to bottom in one IPython shell.

What a block is, its language says:

    python, cell       run in the page's shell; `python title="x.py"` is written to that file instead
    bash               run by bash, in the page's folder
    output             what the block above prints and is; `…` stands for anything
    json, toml         read, so that they are right
    text, (none)       shown only; a block without a language that begins with `%` is a cell

A block that cannot run here says why in a comment above: `<!-- not run: needs a key -->`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.lib.pretty import pretty
from IPython.utils.capture import capture_output
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
SHOWN = ("text", "output", "")
READ = {"json": json.loads, "toml": tomllib.loads}
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        language: The first word behind the fence.
        text: What it holds.
        line: Where it begins.
        title: The file that it is, or empty.
        excuse: Why it is not run, or empty.
    """

    language: str
    text: str
    line: int
    title: str = ""
    excuse: str = ""

    @property
    def runs(self) -> bool:
        """Whether it is to be run."""
        return self.language in ("python", "cell", "bash") and not self.title and not self.excuse


def blocks(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    excuse = ""
    for token in MarkdownIt().parse(path.read_text(encoding="utf-8")):
        if token.type == "html_block" and (found := NOT_RUN.search(token.content)):
            excuse = found[1]
        if token.type == "fence" and token.map:
            language, _, rest = token.info.strip().partition(" ")
            title = re.search(r'title="([^"]+)"', rest)
            if not language and token.content.startswith("%"):
                language = "cell"
            yield Block(language, token.content, token.map[0] + 1, title[1] if title else "", excuse)
            excuse = ""


class Player:
    """Runs the blocks of a page.

    Args:
        shell: A fresh shell.
        folder: The page's folder.
    """

    def __init__(self, shell: InteractiveShell, folder: Path) -> None:
        self.shell = shell
        self.displays = shell.display_pub = CapturingDisplayPublisher(shell=shell)
        self.folder = folder
        self.seen = ""

    def play(self, block: Block) -> None:
        """Run a block, write it, read it, or compare it, as its language says.

        Raises:
            AssertionError: It fails, or shows something else than the page says.
        """
        if block.excuse:
            return
        if block.title:
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "bash":
            self.seen = self._bash(block.text)
        elif block.language in ("python", "cell"):
            self.seen = self._cell(block.text)
        elif block.language == "output":
            assert fits(block.text, self.seen), f"the page shows\n{block.text}\nbut there is\n{self.seen}"
        elif block.language in READ:
            READ[block.language](block.text)
        else:
            assert block.language in SHOWN, f"nothing is known of the language {block.language!r}"

    def _cell(self, text: str) -> str:
        self.displays.outputs.clear()
        with capture_output(display=False) as said:
            done = self.shell.run_cell(text, store_history=True)
        assert done.success, f"{text}\nraised {done.error_in_exec or done.error_before_exec!r}\n{said.stdout}"
        ends = text.rstrip().endswith(";") or done.result is None
        printed = re.sub(r"^Out\[\d+\]:.*", "", said.stdout, flags=re.MULTILINE | re.DOTALL)
        new = [each["data"].get("text/plain", "") for each in self.displays.outputs if not each.get("update")]
        return "\n".join([*new, printed + ("" if ends else pretty(done.result))])

    def _bash(self, text: str) -> str:
        search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": search, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=env, capture_output=True, text=True,
            timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def fits(wanted: str, found: str) -> bool:
    """Whether text is what a page says, blanks at the ends of lines aside; `…` stands for anything."""
    wanted, found = ("\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (wanted, found))
    return re.fullmatch(".*?".join(re.escape(part) for part in wanted.split("…")), found, re.DOTALL) is not None
