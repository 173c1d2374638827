"""The dashboard's two bars on a terminal: jobs by state, and money against its limit; told by shade and by colour."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from ..core.jobs import JsonObject
from ..core.results import OUTCOMES

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement
    from rich.text import Text

WIDTH = 48
FAILED = tuple(name for name in OUTCOMES if name != "succeeded")
JOBS = (
    (("succeeded",), 0, "green"),
    (FAILED, 1, "red"),
    (("running", "submitting"), 2, "blue"),
    (("pending", "held"), 3, "bright_black"),
)
SHADES, PLAIN = "█▓▒░", "#x=."
"""From done to not begun; and where the terminal cannot show shades."""


class Bars:
    """The bars of one summary.

    Args:
        summary: What a dashboard is given.
    """

    def __init__(self, summary: JsonObject) -> None:
        self._summary = summary

    def jobs(self) -> Bar:
        """Jobs by what became of them."""
        counts = self._summary["counts"]
        return Bar([(sum(counts.get(name, 0) for name in names), shade, style) for names, shade, style in JOBS])

    def money(self) -> Bar | None:
        """What was spent, what is reserved and what is free; None without a limit or a price."""
        money = self._summary["money"]
        if money["limit"] is None or not money["known"]:
            return None
        spent, reserved = Decimal(money["spent"]), Decimal(money["reserved"])
        free = max(Decimal(money["limit"]) - spent - reserved, Decimal(0))
        return Bar([(float(spent), 0, "default"), (float(reserved), 2, "default"), (float(free), 3, "bright_black")])


class Bar:
    """A bar of parts, each as long as its share; a part that is there shows.

    Args:
        parts: Amount, shade and colour of each.
    """

    def __init__(self, parts: Sequence[tuple[float, int, str]]) -> None:
        self._parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text(SHADES if options.encoding.lower().startswith("utf") else PLAIN)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        return Measurement(WIDTH, WIDTH)

    def text(self, shades: str = SHADES) -> Text:
        """The bar as text."""
        from rich.text import Text

        drawn = Text()
        lengths = self._lengths()
        for (_, shade, style), length in zip(self._parts, lengths, strict=True):
            drawn.append(shades[shade] * length, style)
        return drawn if sum(lengths) else Text(shades[3] * WIDTH, "bright_black")

    def _lengths(self) -> list[int]:
        """Whole characters for each part: at least one where there is something, all together the width."""
        whole = sum(amount for amount, _, _ in self._parts)
        if not whole:
            return [0] * len(self._parts)
        lengths = [max(1, round(WIDTH * amount / whole)) if amount else 0 for amount, _, _ in self._parts]
        lengths[lengths.index(max(lengths))] += WIDTH - sum(lengths)
        return lengths
