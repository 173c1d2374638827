"""Progress of a run on a terminal, drawn by rich; where there is none, plain lines of what happens, and the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.jobs import JsonObject
from ..core.markup import visible
from ..core.results import OUTCOMES
from .clock import utc
from .estimate import dollars

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from .run import BatchRun

SHOWN = ("succeeded", *(name for name in OUTCOMES if name != "succeeded"), "running", "submitting", "pending", "held")
PRACTICE = "practice: no model is asked, nothing is sent or paid"
Draw = Callable[[dict[str, Any], float, dict[str, Any]], None]


@contextmanager
def shown(run: BatchRun, console: Console | None = None) -> Iterator[Draw]:
    """Show a run's progress while the block lasts; yields what redraws it.

    Args:
        run: The run.
        console: Where to; standard output if left out.
    """
    from rich.console import Console
    from rich.live import Live

    console = console or Console()
    if not console.is_terminal:
        lines = _Lines(run, console)
        yield lines.more
        lines.end()
        return
    with Live(_view(run, console.encoding), console=console, refresh_per_second=4) as live:
        try:
            yield lambda *_: live.update(_view(run, console.encoding))
        finally:
            live.update(_view(run, console.encoding))


class _Lines:
    """What happens, a line each, for logs and pipes."""

    def __init__(self, run: BatchRun, console: Console) -> None:
        self._run, self._console = run, console
        self._seen = 0

    def more(self, *_: Any) -> None:
        log = self._run.drive.state.log
        new, self._seen = log[self._seen :], len(log)
        for at, text in new:
            self._say(f"{utc(at):%Y-%m-%d %H:%M:%S} UTC  {self._run.name}: {text}")

    def end(self) -> None:
        self.more()
        summary = self._run.summary()
        for line in (f"{summary['name']}: {summary['words']}", _jobs(summary), _money(summary), *_causes(summary)):
            self._say(line)
        if summary["practice"]:
            self._say(PRACTICE)

    def _say(self, text: str) -> None:
        self._console.print(_plain(text, encoding=self._console.encoding), soft_wrap=True)


def _view(run: BatchRun, encoding: str = "utf-8") -> Any:
    """The facts of the dashboard: how far, how much, what it waits for, what went wrong. Nothing is read as markup."""
    from rich.console import Group
    from rich.table import Table

    from .terminal_bar import Bars

    plain = partial(_plain, encoding=encoding)
    summary = run.summary()
    total, ended = summary["total"], sum(summary["counts"][name] for name in OUTCOMES)
    head = plain(summary["name"], "bold")
    head.append("  ").append_text(plain(summary["words"]))
    bars = Table.grid(padding=(0, 2))
    drawn = Bars(summary)
    bars.add_row(drawn.jobs(), plain(f"{ended:,} of {total:,} ended"))
    if spending := drawn.money():
        bars.add_row(spending, plain(f"{dollars(Decimal(summary['money']['limit']))} limit"))
    batches = Table.grid(padding=(0, 2))
    for batch in summary["batches"]["list"]:
        done = "" if batch["done"] is None else f"{batch['done']:,} of {batch['rows']:,}"
        cells = (batch["batch_id"] or batch["tag"], batch["word"], done, _waits(batch))
        batches.add_row("", *(plain(cell) for cell in cells))
    lines = [plain(line) for line in (_jobs(summary), _money(summary), _time(summary))]
    causes = [plain(line, "red") for line in _causes(summary)]
    practice = [plain(PRACTICE, "dim")] if summary["practice"] else []
    return Group(head, bars, *lines, batches, *causes, *practice)


def _plain(text: str, style: str = "", encoding: str = "utf-8") -> Text:
    """Text as it is: no markup in it counts, nothing in it acts on the terminal or is more than that can show."""
    from rich.text import Text

    shown = visible(text).replace("\n", " ").replace("×", "×" if encoding.lower().startswith("utf") else "x")
    return Text(shown.encode(encoding, "replace").decode(encoding), style=style)


def _jobs(summary: JsonObject) -> str:
    counts = [f"{summary['counts'][name]:,} {name}" for name in SHOWN if summary["counts"].get(name)]
    reused = f"; {summary['reused']:,} reused for free" if summary["reused"] else ""
    return f"  jobs   {summary['total']:,}: {', '.join(counts) or 'none yet'}{reused}"


def _money(summary: JsonObject) -> str:
    money = summary["money"]
    if not money["known"]:
        return "  money  unknown: no price is known for this model"
    would = "would be " if summary["practice"] else ""
    limit = "no limit" if money["limit"] is None else f"limit {dollars(Decimal(money['limit']))}"
    parts = [f"{dollars(Decimal(money['spent']))} {would}spent"]
    parts += [f"{dollars(Decimal(money['reserved']))} reserved"] if Decimal(money["reserved"]) else []
    parts += [limit]
    if money["saved"] is not None:
        parts.append(f"{dollars(Decimal(money['saved']))} {would}saved against real-time prices")
    held = summary["held"]
    if held:
        parts.append(f"{held['jobs']:,} jobs held, {dollars(Decimal(held['needs']))} more would release them")
    return f"  money  {', '.join(parts)}"


def _time(summary: JsonObject) -> str:
    left = f", {_left(summary)}" if summary["state"] == "running" else ""
    return f"  time   {_seconds(summary['elapsed'])}{left}"


def _left(summary: JsonObject) -> str:
    """When the run may end; what nobody knows is said to be unknown."""
    if summary["eta"] is not None:
        return f"about {_seconds(summary['eta'])} left"
    if usual := summary.get("usual"):
        return f"earlier batches took {_seconds(usual[0])} to {_seconds(usual[1])}"
    promise = f"; promised within {summary['promise']:.0f} h" if summary.get("promise") else ""
    return f"time left not known yet{promise}"


def _waits(batch: JsonObject) -> str:
    looks = "" if batch["next_poll"] is None else f"next look in {_seconds(batch['next_poll'])}"
    return "; ".join(part for part in (batch["note"] or "", looks) if part)


def _causes(summary: JsonObject) -> list[str]:
    """Failures by cause, each with how many there are."""
    return [f"  {e['count']:,} × {e['kind'].replace('_', ' ')}: {e['message']}" for e in summary["errors"]]


def _seconds(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
