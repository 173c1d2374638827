"""Tab completion in a real shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import IPython
import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from pydantic import BaseModel

from batchata_nb.notebook.completion import Sources, fields, install

Complete = Callable[[str], list[str]]
needs_matchers = pytest.mark.skipif(IPython.version_info < (8, 6), reason="matchers came with IPython 8.6")


class Invoice(BaseModel):
    """A model in the namespace."""

    total: float


@pytest.fixture
def complete(shell: InteractiveShell) -> Iterator[Complete]:
    """Give what the shell offers at the bar in a cell."""
    shell.user_ns.update(df=pd.DataFrame({"text": ["a"], "title": ["b"]}), rows=[{"x": 1}], Invoice=Invoice, total=1)
    models = ("claude-sonnet-5-5", "gpt-6.1-sol", "gpt-6.1-luna")
    remove = install(
        shell,
        Sources(lambda: models, lambda: ("invoices", "tickets"), lambda: ("anthropic", "openai"), shell.user_ns),
    )

    def offered(cell: str) -> list[str]:
        with provisionalcompleter():
            return [hit.text for hit in shell.Completer.completions(cell.replace("|", ""), cell.index("|"))]

    yield offered
    remove()


@needs_matchers
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%%batchata x --mo|", ["--model"]),
        ("%%batchata x --model gpt|", ["gpt-6.1-luna", "gpt-6.1-sol"]),
        ("%%batchata x -m claude|", ["claude-sonnet-5-5"]),
        ("%%batchata x --model=gpt-6.1-s|\n---\nHi", ["gpt-6.1-sol"]),
        ("%%batchata x --provider |", ["anthropic", "openai"]),
        ("%%batchata x --cite q|", ["quotes"]),
        ("%%batchata x --schema In|", ["Invoice"]),
        ("%%batchata in|", ["invoices"]),
        ("%batchata st|", ["status"]),
        ("%batchata status t|", ["tickets"]),
        ("a = 1\n%batchata cancel inv|", ["invoices"]),
        ("%%batchata x --over df\nx: int\n---\nSay {{ te|", ["text"]),
        ("%%batchata x --over df\n---\nSay {{ti|}}", ["title"]),
        ("%%batchata x --over rows\n---\nSay {{ x }} {{ in|", ["index"]),
        ("%%batchata x -f a.pdf\n---\nSay {{ fi|", ["file"]),
        ("%%batchata x\n--- sy|", ["system"]),
        ("%%batchata x --over df --id te|", ["text"]),
        ("%%batchata x --over df --file-column |", ["text", "title"]),
        ("%%batchata x --over=rows --messages |", ["x"]),
        ("%%batchata x --over df --gold ti|", ["title"]),
        ("%%batchata x --over df --gold mood=ti|", ["title"]),
        ("%batchata rest inv|", ["invoices"]),
        ("%batchata rest invoices b|", ["best"]),
        ("%batchata export tic|", ["tickets"]),
    ],
)
def test_what_fits_is_offered(complete: Complete, cell: str, expected: list[str]):
    """Options, models, runs, columns and roles are offered where they may stand, and nothing else with them."""
    assert expected == sorted(complete(cell))


@needs_matchers
def test_an_option_given_is_not_offered_again(complete: Complete):
    """Options that may stand once are not offered twice; repeatable ones are."""
    offered = complete("%%batchata x --max-cost 5 --model a --m|")

    assert sorted(offered) == ["--max-parallel-batches", "--max-tokens", "--messages", "--model"]


@needs_matchers
def test_python_is_left_to_python(complete: Complete):
    """The schema section and cells of others complete as before."""
    assert "total" in complete("%%batchata x\nx: int = tot|\n---\nHi")
    assert "total" in complete("tot|")
    assert "--model" not in complete("%%batchatas --mo|")


@needs_matchers
def test_removed_completions_are_gone(shell: InteractiveShell):
    """Unloading takes the matcher out of the completer."""
    before = list(shell.Completer.custom_matchers)
    remove = install(shell, Sources(tuple, tuple, tuple, {}))

    assert len(before) + 1 == len(shell.Completer.custom_matchers)
    remove()
    remove()
    assert before == shell.Completer.custom_matchers


def test_fields_come_from_what_is_there():
    """Frames, lists of dicts, lists of values and dicts of rows tell their fields; expressions are not run."""
    namespace = {"a": [1, 2], "b": {"k": {"x": 1}}, "c": [], "boom": 1}

    assert fields("x --over a", namespace) == ["item"]
    assert fields("x -o b --file-column p", namespace) == ["x", "file"]
    assert fields("x -o c", namespace) == []
    assert fields("x -o 'boom()'", namespace) == []
    assert fields("x -o 'unclosed", namespace) == []
