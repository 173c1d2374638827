"""What the documentation is made from besides its pages: tables out of the code, so that there is one source.

A page says where with a comment: `<!-- made: options -->`.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from batchata_nb.core import errors
from batchata_nb.notebook.helptext import COMMANDS
from batchata_nb.notebook.options import OPTIONS
from batchata_nb.practice.faults import FATES
from batchata_nb.providers.anthropic import AnthropicProvider
from batchata_nb.providers.gemini import GeminiProvider
from batchata_nb.providers.openai import OpenAIProvider

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "benchmarks" / "scale" / "measured.json"
"""What `make bench JSON=…` wrote."""
MARK = re.compile(r"<!-- made: (\w+) -->")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(heads), *(list(row) for row in rows)]  # a | inside of `…` ends no cell
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def options() -> str:
    """Return the table of the cell's options, as the parser knows them."""
    return table(
        ("option", "meaning"),
        ((", ".join(f"`{f'{name} {option.meta}'.strip()}`" for name in option.names), option.help)
         for option in OPTIONS),
    )  # fmt: skip


def commands() -> str:
    """Return the table of line commands."""
    return table(("command", "what it does"), ((f"`%batchata {c.usage}`", c.help) for c in COMMANDS))


def defaults() -> str:
    """Return the table of defaults that `%config Batchata` takes, each with its environment variable."""
    from batchata_nb.notebook.magics import Batchata

    rows = []
    for name, trait in Batchata.class_own_traits(config=True).items():
        text, _, variable = trait.help.rstrip(").").rpartition(" (")
        rows.append((f"`Batchata.{name}`", f"`{variable}`", text))
    return table(("`%config`", "environment variable", "meaning"), rows)


def limits() -> str:
    """Return the table of limits that batches are cut by."""
    rows = []
    for provider in (AnthropicProvider, OpenAIProvider, GeminiProvider):
        most = provider.limits
        rows.append(
            (
                {"anthropic": "Anthropic", "openai": "OpenAI", "gemini": "Gemini"}[provider.name],
                f"{most.rows:,}",
                f"{most.bytes / 1e6:,.0f} MB",
                f"{most.row_bytes / 1e6:,.0f} MB",
                "any mix" if most.mixed_models else "one",
                f"{most.window_hours:.0f} h",
            )
        )
    return table(("", "jobs in a batch", "size of a batch", "size of a job", "models in a batch", "window"), rows)


def exceptions() -> str:
    """Return the tree of errors as its module draws it."""
    return "```text\n" + (inspect.getdoc(errors) or "").split("\n\n", 1)[1] + "\n```"


def fates() -> str:
    """Return the table of the practice provider's ways for a batch to end."""
    return table(("fate", "what happens"), ((f"`{fate}`", text) for fate, text in FATES.items()))


def scale() -> str:
    """Return the table of the latest quiet run of `benchmarks/scale`, with what it was measured on."""
    if not MEASURED.exists():
        return "*Not measured yet on a machine that does nothing else:* `make bench` *prints the table.*"
    kept = json.loads(MEASURED.read_text(encoding="utf-8"))
    rows = [(row["what"], row["found"], row["limit"], row["verdict"]) for row in kept["rows"]]
    return f"On {kept['machine']}:\n\n{table(('what', 'measured', 'to reach', ''), rows)}"


def changelog() -> str:
    """Return the changelog without its title."""
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n", 1)[1]


MADE: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (options, commands, defaults, limits, exceptions, fates, scale, changelog)
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what is made in the place of its comments; a name that is not known fails the build."""
    return MARK.sub(lambda found: MADE[found[1]](), markdown)
