"""The ceiling holds: whatever is asked, whatever fails, and whoever dies, no bill passes the limit.

A provider that keeps its own books is driven through random weather by processes that come and go.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchata_nb.core import lengths
from batchata_nb.core.errors import BatchSubmissionError, ProviderError, StateError
from batchata_nb.core.jobs import JsonObject
from batchata_nb.core.results import Reply, Usage
from batchata_nb.providers.base import BatchStatus, Row
from batchata_nb.runs.drive import Drive
from tests.runs.edge import Desk, Edge, HeldClock, failed, job, work_now

MILLION = Decimal(1_000_000)
FATES = ("ended", "ended", "ended", "expired", "cancelled", "quota", "refused")


class Weather(Edge):
    """A provider that fails in every way it can, and books what it really charges."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.calm = False
        self.charged = Decimal(0)
        self.good: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.verdicts: dict[str, list[tuple[Row, list[Reply]]]] = {}

    def rough(self, share: float) -> bool:
        return not self.calm and self.chance.random() < share

    def submit(self, tag: str, rows: Any) -> str:
        if self.rough(0.3):
            error = self.chance.choice(
                [
                    ProviderError("slow down", retryable=True, quota=True, retry_after=7.0),
                    ProviderError("reset before", ambiguous=True),
                    BatchSubmissionError("bad request", status=400),
                ]
            )
            raise error
        batch_id = super().submit(tag, rows)
        if self.rough(0.2):
            raise ProviderError("timeout after", ambiguous=True)
        return batch_id

    def poll(self, batch_id: str) -> BatchStatus:
        if self.rough(0.4):
            if self.chance.random() < 0.5:
                raise ProviderError("no answer", retryable=True)
            return BatchStatus("running", "in_progress")
        fate = "ended" if self.calm else self.chance.choice(FATES)
        if batch_id not in self.verdicts and fate in ("quota", "refused"):
            self.verdicts[batch_id] = []
            return BatchStatus("ended", "failed", reason="no", rejected=True, quota=fate == "quota")
        self._settle(batch_id, fate)
        return BatchStatus("ended", fate, done=self.answered[batch_id])

    def _settle(self, batch_id: str, fate: str) -> None:
        """Decide once what became of each row, and charge for it."""
        if batch_id in self.verdicts:
            return
        self.verdicts[batch_id] = lines = []
        for row in self.batches[batch_id]:
            if fate in ("expired", "cancelled") and self.chance.random() < 0.5:
                lines.append((row, []))
                continue
            kind = "ok" if self.calm else self.chance.choice(("ok", "ok", "full", "error", "refused", "lost", "twice"))
            usage = Usage(self.chance.randint(1, 1000), self.chance.randint(1, row.job.max_tokens))
            if kind == "full":
                usage = Usage(1000, row.job.max_tokens)
            if kind not in ("error", "refused"):
                self.answered[batch_id] += 1
                self.charged += (usage.input_tokens + usage.output_tokens) / MILLION
            good = Reply(row.row_id, "succeeded", "fine", usage=usage, model="m")
            cut = Reply(row.row_id, "invalid", "fi", "truncated", "cut", usage=usage, model="m")
            lines.append(
                (
                    row,
                    {
                        "ok": [good],
                        "full": [cut],
                        "twice": [good, good],
                        "lost": [],
                        "error": [failed(row, retryable=True)],
                        "refused": [failed(row, retryable=False)],
                    }[kind],
                )
            )
            self.good[row.job.id] += kind in ("ok", "twice")

    def fetch(self, batch_id: str, handle: JsonObject) -> Iterator[Reply]:
        for _, replies in self.verdicts[batch_id]:
            if self.rough(0.1):
                raise ProviderError("cut", retryable=True)
            yield from replies


class World:
    """Processes that drive the runs of one store, one after another."""

    def __init__(self, folder: Path, chance: random.Random, limit: str, runs: int) -> None:
        self.path, self.chance, self.clock = folder / "state.db", chance, HeldClock()
        self.edge = Weather(chance)
        self.lives = 0
        self.parked: list[tuple[Callable[[], Any], Callable[[Any, BaseException | None], None]]] = []
        self.limit = self.highest = Decimal(limit)
        desk = self._desk()
        budget = "shared" if runs > 1 else None
        ids = []
        for number in range(runs):
            jobs = [job(100 * number + n, max_tokens=chance.choice((200, 1000, 3000))) for n in range(14)]
            items = chance.choice((None, 3, 5))
            adaptive = chance.random() < 0.5
            drive = desk.start(
                jobs, name=f"run{number}", limit=limit, budget=budget, items_per_batch=items, adaptive=adaptive
            )
            ids.append(drive.state.run_id)
        self.drives = [desk.open(run_id) for run_id in ids]

    def _desk(self) -> Desk:
        self.lives += 1
        owner = f"life{self.lives}"
        desk = Desk(self.path, self.edge, self.clock, owner=owner)
        make = desk.context

        def context() -> Any:
            made = make()
            object.__setattr__(made, "work", lambda fn, done: self.parked.append((fn, done)))
            object.__setattr__(made, "gone", lambda other: other != owner)
            return made

        desk.context = context  # type: ignore[method-assign]
        return desk

    def die(self) -> None:
        """The process is killed: of its calls some reach the provider, and no answer reaches anybody."""
        for fn, _ in self.parked:
            if self.chance.random() < 0.5:
                try:
                    fn()
                except (ProviderError, StateError):
                    continue
        self.parked.clear()
        ids = [drive.state.run_id for drive in self.drives]
        before = [(d.state.ledger.spent, d.state.ledger.outstanding) for d in self.drives]
        desk = self._desk()
        self.drives = [desk.open(run_id) for run_id in ids]
        assert before == [(d.state.ledger.spent, d.state.ledger.outstanding) for d in self.drives]

    def answer(self) -> None:
        """One of the calls under way comes to its end."""
        if self.parked:
            work_now(*self.parked.pop(self.chance.randrange(len(self.parked))))

    def command(self, drive: Drive, name: str, **args: Any) -> None:
        drive.command(name, args)
        if name == "raise_limit":
            self.limit = Decimal(args["usd"])
            self.highest = max(self.highest, self.limit)
            for other in self.drives:
                if other is not drive:
                    other.command(name, args)

    def act(self) -> None:
        drive = self.chance.choice(self.drives)
        what = self.chance.random()
        if what < 0.45:
            self.clock.at = max(drive.step(), self.clock.at) if self.chance.random() < 0.7 else self.clock.at
        elif what < 0.85:
            self.answer()
        elif what < 0.89:
            self.die()
        elif what < 0.91:
            self.command(drive, "cancel")
        elif what < 0.93:
            self.command(drive, "resume")
        elif what < 0.96:
            room = self.chance.choice((None, 500, 6000))
            self.command(drive, "retry_failed", max_tokens=room)
        elif what < 0.98:
            self.command(drive, "raise_limit", usd=str(self.highest + Decimal("0.004")))
        else:
            self.command(drive, "raise_limit", usd=str(self.limit / 2))

    def check(self) -> None:
        spent = sum((d.state.ledger.spent for d in self.drives), Decimal(0))
        reserved = sum((d.state.ledger.outstanding for d in self.drives), Decimal(0))
        assert spent + reserved <= self.highest
        assert self.edge.charged <= spent + reserved, "a charge that is neither booked nor reserved"
        assert all(d.crash is None for d in self.drives)

    def finish(self) -> None:
        self.edge.calm = True
        for _ in range(600):
            while self.parked:
                self.answer()
                self.check()
            if all(d.state.over for d in self.drives):
                return
            self.clock.at = max(self.clock.at, min(d.step() for d in self.drives if not d.state.over))
            self.check()
        raise AssertionError([d.summary()["words"] for d in self.drives])


@pytest.mark.parametrize("runs", [1, 2], ids=["one run", "two runs that share a budget"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9), limit=st.sampled_from(["0.004", "0.012", "0.03", "1"]))
def test_nothing_passes_the_limit(runs, seed, limit):
    """Spent and reserved together stay within the limit, and cover every charge, at every moment: through faults,
    retries, cancellations, expiries, restarts, lowered caps and changes of the limit. At the end nothing is left over.
    """
    with TemporaryDirectory() as folder, patch.object(lengths, "ENOUGH", 3), patch.object(lengths, "LEAST", 10):
        world = World(Path(folder), random.Random(seed), limit, runs)
        for _ in range(90):
            world.act()
            world.check()
        world.finish()

        for drive in world.drives:
            state = drive.state
            assert not state.ledger.outstanding
            assert state.total == sum(state.counts[name] for name in ("held", *OUTCOMES))
            assert all(s.accounted == len(s.rows) for s in state.submissions.values() if s.state == "closed")
        assert world.edge.charged <= sum(d.state.ledger.spent for d in world.drives)
        assert set(world.edge.good.values()) <= {0, 1}, "a good answer was paid for twice"


OUTCOMES = ("succeeded", "invalid", "errored", "expired", "cancelled", "missing")
