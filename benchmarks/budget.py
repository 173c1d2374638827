"""How well a ceiling is used: jobs done, money spent and submissions made, beside a planner that knows all costs.

The real planner, ledger, store and runner drive 10,000 jobs through a provider in memory, with a clock that is held:
500 input tokens; output lognormal (sigma 0.8) of mean 150 with a cap of 1,000, or of mean 800 with a cap of 8,000;
the rows "adaptive" lower that cap to what the answers needed so far (`--adaptive-max-tokens`);
$1 and $5 per million tokens; a batch takes 20 minutes in the median (lognormal, sigma 1, at most 24 hours). The
all-knowing planner sends the jobs in their order, in one submission, as many as their true cost lets it.

    python benchmarks/budget.py [--seeds 3] [--jobs 10000]
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from batchata_nb.core.jobs import Job, Message
from batchata_nb.core.pricing import Price, Rate
from batchata_nb.core.results import Reply, Usage
from batchata_nb.providers.base import BatchStatus, Limits, Row
from tests.runs.edge import Desk, Edge, FlatPrices, HeldClock

INPUT, MILLION = 500, Decimal(1_000_000)
PRICE = Price(input=Rate(Decimal(1)), output=Rate(Decimal(5)))
LIMITS = Limits(rows=100_000, bytes=10**9, row_bytes=10**6, mixed_models=True, window_hours=24)
CASES = (
    # name, mean output, cap, limit as a share of the true cost of all, input bound over true input, adaptive cap
    ("limit 60 %", 150, 1000, 0.6, 1.0, False, "5,914 jobs, 98 %, 16 submissions"),
    ("60 %, input bound 4x", 150, 1000, 0.6, 4.0, False, "5,908 jobs, 98 %, 21 submissions"),
    ("limit 150 %", 150, 1000, 1.5, 1.0, False, "10,000 jobs, 5 submissions"),
    ("60 %, reasoning", 800, 8000, 0.6, 1.0, False, "5,912 jobs, 34 submissions"),
    ("60 %, all at the cap", None, 1000, 0.6, 1.0, False, "never above 100 %"),
    ("60 %, adaptive", 150, 1000, 0.6, 1.0, True, "5,893 jobs, 98 %, 10 submissions"),
    ("150 %, adaptive", 150, 1000, 1.5, 1.0, True, "10,000 jobs, 4 submissions"),
    ("60 %, reasoning, adaptive", 800, 8000, 0.6, 1.0, True, "5,935 jobs, 16 submissions"),
    ("60 %, all cut, adaptive", None, 1000, 0.6, 1.0, True, "never above 100 %"),
)


class Prices(FlatPrices):
    """One dollar in, five out."""

    def expected(self, *_: Any) -> Price:
        """For estimates."""
        return PRICE

    def reserve(self, *_: Any) -> Price:
        """For the worst case."""
        return PRICE

    def settled(self, *_: Any, live: bool = False) -> Price:
        """For the bill."""
        return PRICE


class Slow(Edge):
    """Batches that take their time, and answers as long as was drawn for them."""

    def __init__(self, clock: HeldClock, chance: random.Random, outputs: Sequence[int]) -> None:
        super().__init__(limits=LIMITS)
        self.clock, self.chance, self.outputs = clock, chance, outputs
        self.ends: dict[str, float] = {}
        self.replies = self.reply

    def submit(self, tag: str, rows: Sequence[Row]) -> str:
        """Take a batch."""
        batch_id = super().submit(tag, rows)
        self.ends[batch_id] = self.clock.at + min(math.exp(self.chance.gauss(math.log(1200), 1)), 86_400)
        return batch_id

    def poll(self, batch_id: str) -> BatchStatus:
        """Ended when its time has come."""
        ended = self.clock.at >= self.ends[batch_id]
        return BatchStatus("ended", "ended") if ended else BatchStatus("running", "in_progress")

    def reply(self, batch_id: str, row: Row) -> list[Reply]:
        """An answer of the length that was drawn, or as much of it as the request leaves room for."""
        length, room = self.outputs[int(row.job.id)], row.job.max_tokens
        if length > room:
            return [Reply(row.row_id, "invalid", error_kind="truncated", usage=Usage(INPUT, room), model="m")]
        return [Reply(row.row_id, "succeeded", "", usage=Usage(INPUT, length), model="m")]


def run(
    count: int, seed: int, average: int | None, cap: int, share: float, slack: float, adaptive: bool
) -> dict[str, float]:
    """One run to its end, beside the all-knowing planner."""
    chance = random.Random(seed)
    drawn = average or 150
    center = math.log(drawn) - 0.8**2 / 2
    lengths = [min(max(int(math.exp(chance.gauss(center, 0.8))), 1), cap) for _ in range(count)]
    costs = [(INPUT + 5 * length) / MILLION for length in lengths]
    limit = sum(costs, Decimal(0)) * Decimal(str(share))
    outputs = [cap] * count if average is None else lengths
    real = [(INPUT + 5 * length) / MILLION for length in outputs]
    known, left = 0, limit
    while known < count and real[known] <= left:
        left -= real[known]
        known += 1
    jobs = [Job(str(n), "edge", "m", (Message("user", str(n)),), cap) for n in range(count)]
    with TemporaryDirectory() as folder:
        clock = HeldClock()
        desk = Desk(Path(folder) / "state.db", Slow(clock, chance, outputs), clock)
        desk.context = _priced(desk.context)  # type: ignore[method-assign]
        drive = desk.start(jobs, bound=int(INPUT * slack), limit=str(limit), adaptive=adaptive)
        start = clock.at
        desk.run(drive, most=100_000)
        state = drive.state
        assert state.ledger.spent <= limit
        return {
            "done": state.counts["succeeded"],
            "of known": state.counts["succeeded"] / known,
            "spent": float(state.ledger.spent / limit),
            "submissions": len(state.submissions),
            "hours": (clock.at - start) / 3600,
        }


def _priced(make: Any) -> Any:
    return lambda: replace(make(), prices=Prices())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=10_000)
    options = parser.parse_args()
    head = ("jobs done", "of all-knowing", "of limit spent", "submissions", "hours")
    print(f"{'':<26}" + "".join(f"{name:>16}" for name in head) + "   expected of the method (costs of simulation)")
    for name, average, cap, share, slack, adaptive, expected in CASES:
        found = [run(options.jobs, seed, average, cap, share, slack, adaptive) for seed in range(options.seeds)]
        done, of_known, spent, submissions, hours = (mean(f[key] for f in found) for key in found[0])
        figures = (f"{done:,.0f}", f"{of_known:.1%}", f"{spent:.1%}", f"{submissions:.1f}", f"{hours:.1f}")
        print(f"{name:<26}" + "".join(f"{figure:>16}" for figure in figures) + f"   {expected}", flush=True)


if __name__ == "__main__":
    main()
