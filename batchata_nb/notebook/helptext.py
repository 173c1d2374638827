"""Help pages, made from the tables that the parser reads."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from .options import OPTIONS, Option


class Command(NamedTuple):
    """One line command, `%batchata status NAME`."""

    name: str
    usage: str
    help: str


COMMANDS: tuple[Command, ...] = (
    Command("status", "status [NAME]", "state, counts and money of a run"),
    Command("dashboard", "dashboard [NAME]", "show the run again, live"),
    Command("results", "results [NAME]", "the results as a data frame"),
    Command("cancel", "cancel [NAME]", "ask the provider to cancel; what it had finished is kept"),
    Command("pause", "pause [NAME]", "send no further batches"),
    Command("resume", "resume [NAME]", "go on sending"),
    Command(
        "retry",
        "retry [NAME] [--kind K] [--max-tokens N]",
        "send the failed jobs again: those of one error kind (truncated, say), or with another max_tokens",
    ),
    Command(
        "reconcile",
        "reconcile NAME [BATCH_ID|never-accepted [TAG]]",
        "submissions of which it is not known whether the provider took them; name the batch, or have them sent again",
    ),
    Command(
        "rest",
        "rest [NAME [MODEL|best]]",
        "run what a preview left out, with the model named or all; what it has run is not paid for again",
    ),
    Command("export", "export NAME PATH", "write the results to a .html, .jsonl or .csv file"),
    Command("forget", "forget NAME", "leave a finished run out of the list; its results stay in the store"),
    Command(
        "attach",
        "attach RUN_ID|BATCH_ID [--as NAME] [--provider P [--schema MODEL]]",
        "bind a run of the store to a variable and go on with it; with --provider, fetch the results of a batch that "
        "was made elsewhere",
    ),
    Command("estimate", "estimate [NAME]", "what the run was expected to cost, and at most"),
    Command("models", "models [TEXT]", "model names with prices at batch and real-time rates"),
    Command("doctor", "doctor", "keys, versions and state folder, and what to fix"),
)
"""The line commands, in the order of the help page."""

_HEAD = """\
Run a prompt as a batch of jobs at an LLM provider: half the price of real time, hours later.

    %%batchata NAME --model M --files "folder/*.pdf" --max-cost 5
    total: float          # fields of the answer, or classes (BaseModel); may be left out
    vendor: str
    ---
    Extract the total and the vendor.

A cell without a line --- is all prompt. Sections: --- (or --- user), --- system, --- assistant. The prompt is a
Jinja2 template: {{ column }} of a row, {{ item }} of a list, {{ file.name }}, {{ index }}, and your own variables.
In the first line {name} and $name stand for your variables. NAME is bound to the run at once; results land in it.
"""
_TAIL = """\
Defaults: %config Batchata.model = "..."; also provider, max_cost, practice, poll_interval, state, wait, reviewer. Each
also as an environment variable: BATCHATA_MODEL, BATCHATA_PROVIDER, BATCHATA_MAX_COST, ...
"""


def cell_help() -> str:
    """Return the page that `%%batchata?` shows."""
    options = [_entry(", ".join(_spelled(option)), option.help) for option in OPTIONS]
    commands = [_entry(f"%batchata {command.usage}", command.help) for command in COMMANDS]
    parts = [_HEAD, "Options", *options, "", "Line commands", _entry("%batchata", "list the runs of this store")]
    return "\n".join([*parts, *commands, "", _TAIL])


def _spelled(option: Option) -> list[str]:
    return [f"{name} {option.meta}".rstrip() for name in option.names]


def _entry(head: str, text: str) -> str:
    lines = textwrap.wrap(text, 84)
    first = f"  {head:<30}  {lines[0]}" if len(head) <= 30 else f"  {head}\n{' ' * 34}{lines[0]}"
    return "\n".join([first, *(" " * 34 + line for line in lines[1:])])
