"""Progress of a run in a terminal, drawn by rich."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .estimate import dollars

if TYPE_CHECKING:
    from .run import BatchRun


@contextmanager
def shown(run: BatchRun) -> Iterator[Callable[[dict[str, Any], float, dict[str, Any]], None]]:
    """Show a run's progress while the block lasts; yields what redraws it."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    with Live(_view(run), console=console, refresh_per_second=4, transient=not console.is_terminal) as live:
        try:
            yield lambda *_: live.update(_view(run))
        finally:
            live.update(_view(run))


def _view(run: BatchRun) -> Any:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    summary = run.summary()
    counts, money = summary["counts"], summary["money"]
    ended = sum(counts[k] for k in ("succeeded", "invalid", "errored", "expired", "cancelled", "missing", "held"))
    line = Text.assemble((summary["name"], "bold"), "  ", summary["words"])
    if summary["practice"]:
        line.append("  [practice: no model is asked, nothing is paid]", "dim")
    bar = Table.grid(padding=(0, 2))
    limit = "" if money["limit"] is None else f" of {dollars(Decimal(money['limit']))}"
    failed = ended - counts["succeeded"] - counts["held"]
    bar.add_row(
        ProgressBar(total=max(summary["total"], 1), completed=ended, width=32),
        f"{counts['succeeded']:,} of {summary['total']:,} succeeded" + (f", {failed:,} failed" if failed else ""),
        f"{dollars(Decimal(money['spent'])) if money['known'] else '?'}{limit}",
        f"{summary['elapsed']:.0f} s",
    )
    batches = Table.grid(padding=(0, 2))
    for batch in summary["batches"]["list"]:
        done = "" if batch["done"] is None else f"{batch['done']:,} of {batch['rows']:,}"
        batches.add_row(
            "  ", batch["provider"], batch["batch_id"] or batch["tag"], batch["word"], done, batch["note"] or ""
        )
    return Group(line, bar, batches)
