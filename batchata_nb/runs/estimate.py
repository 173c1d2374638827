"""What a batch will cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ..core import plan as planning
from ..core.errors import UnknownPriceError
from ..core.jobs import JsonObject
from ..core.results import Usage
from .clock import Clock
from .costs import Prices
from .evidence_cost import TOKENS_PER_QUOTE, EvidenceCost, evidence_costs
from .records import JobRecord

if TYPE_CHECKING:
    from ..providers.base import Limits

OUTPUT_SHARE = Decimal("0.25")
"""Expected output as a share of `max_tokens` while nothing has been measured."""


@dataclass(slots=True)
class ModelEstimate:
    """One model's share of an estimate; costs are None where no price is known."""

    provider: str
    model: str
    jobs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    expected: Decimal | None = Decimal(0)
    worst: Decimal | None = Decimal(0)
    live: Decimal | None = Decimal(0)


@dataclass(slots=True)
class Estimate:
    """The price of a run, before it is sent.

    Attributes:
        jobs: How many.
        batches: Into how many batches they go at first.
        models: One line per model.
        limit: The ceiling, or None.
        left_out: Jobs that the ceiling leaves no room for in the first round.
        evidence: Jobs that ask for evidence, by mode.
        evidence_costs: What each mode would add, for comparison; empty where no job asks for evidence.
        notes: What the numbers rest on.
    """

    jobs: int
    batches: int
    models: list[ModelEstimate]
    limit: Decimal | None = None
    left_out: int = 0
    evidence: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    evidence_costs: list[EvidenceCost] = field(default_factory=list)

    @property
    def input_tokens(self) -> int:
        """Estimated prompt tokens."""
        return sum(m.input_tokens for m in self.models)

    @property
    def expected(self) -> Decimal | None:
        """Expected cost in dollars at batch rates."""
        return _total([m.expected for m in self.models])

    @property
    def worst(self) -> Decimal | None:
        """The most it can cost."""
        return _total([m.worst for m in self.models])

    @property
    def live(self) -> Decimal | None:
        """Expected cost of the same work in real time."""
        return _total([m.live for m in self.models])

    @property
    def saving(self) -> Decimal | None:
        """Real-time price less expected cost."""
        return None if self.live is None or self.expected is None else self.live - self.expected

    def rows(self) -> list[JsonObject]:
        """Return the lines of the dry-run table, a total last where there are several models."""
        lines = [
            {
                "model": m.model,
                "jobs": m.jobs,
                "input tokens": f"~{m.input_tokens:,}",
                "output tokens": f"~{m.output_tokens:,}",
                "expected": dollars(m.expected, "~"),
                "worst case": dollars(m.worst, "≤ "),
                "real time": dollars(m.live, "~"),
            }
            for m in self.models
        ]
        if len(lines) > 1:
            lines.append(
                {
                    "model": "all",
                    "jobs": self.jobs,
                    "input tokens": f"~{self.input_tokens:,}",
                    "output tokens": f"~{sum(m.output_tokens for m in self.models):,}",
                    "expected": dollars(self.expected, "~"),
                    "worst case": dollars(self.worst, "≤ "),
                    "real time": dollars(self.live, "~"),
                }
            )
        return lines

    def summary(self) -> list[str]:
        """Return sentences below the table."""
        batches = "1 batch" if self.batches == 1 else f"{self.batches:,} batches"
        jobs = "1 job" if self.jobs == 1 else f"{self.jobs:,} jobs"
        lines = [f"{jobs} in {batches}; saving against real time {dollars(self.saving, '~')}."]
        if self.limit is not None and self.left_out:
            lines.append(
                f"The limit of {dollars(self.limit)} covers the worst case of {self.jobs - self.left_out:,} jobs at "
                f"first; what they do not use funds the others. {dollars(self.worst)} runs everything in one round."
            )
        elif self.limit is not None:
            lines.append(f"The limit of {dollars(self.limit)} covers even the worst case.")
        if self.evidence_costs:
            modes = "; ".join(f"{each}, {dollars(each.cost, '~')}" for each in self.evidence_costs)
            lines.append(f"Evidence, by --cite: {modes}.")
        return lines + self.notes

    def __str__(self) -> str:
        rows = self.rows()
        heads = list(rows[0])
        widths = [max(len(head), *(len(str(row[head])) for row in rows)) for head in heads]
        lines = [[str(row[head]) for head in heads] for row in [dict(zip(heads, heads, strict=True)), *rows]]
        table = [
            "  ".join(
                cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        return "\n".join([*table, *self.summary()])


def estimate(
    found: Sequence[JobRecord],
    prices: Prices,
    limits: Mapping[str, Limits],
    limit: str | None,
    items_per_batch: int | None,
    clock: Clock | None = None,
) -> Estimate:
    """Price jobs without sending anything.

    Args:
        found: The jobs, bounded.
        prices: The price book.
        limits: Limits by provider.
        limit: The ceiling in dollars, or None.
        items_per_batch: The user's cap on jobs in a batch.
        clock: The time.
    """
    from ..providers.tokens import estimate as tokens

    at = datetime.fromtimestamp((clock or Clock()).now(), UTC)
    models: dict[tuple[str, str], ModelEstimate] = {}
    candidates, evidence, unbounded = [], dict[str, int](), 0
    for record in found:
        job = record.job
        line = models.setdefault((job.provider, job.model), ModelEstimate(job.provider, job.model))
        usage = Usage(input_tokens=tokens(job), output_tokens=int(job.max_tokens * OUTPUT_SHARE))
        line.jobs += 1
        line.input_tokens += usage.input_tokens
        line.output_tokens += usage.output_tokens
        worst: Decimal | None = None
        try:
            line.expected = _plus(line.expected, prices.expected(job.provider, job.model, at).cost(usage))
            line.live = _plus(line.live, prices.live(job.provider, job.model, at).cost(usage))
            reserve = prices.reserve(job.provider, job.model, at, limits[job.provider].window_hours)
            if record.sizing.bound is not None:
                worst = record.sizing.worst(reserve)
        except UnknownPriceError:
            line.expected = line.live = None
        unbounded += record.sizing.bound is None
        line.worst = _plus(line.worst, worst)
        candidates.append(
            planning.Candidate(record.row, job.provider, job.model, worst or Decimal(0), record.sizing.size)
        )
        if job.cite:
            evidence[job.cite] = evidence.get(job.cite, 0) + 1
    ceiling = None if limit is None else Decimal(limit)
    plan = planning.make(
        candidates, limits, free=ceiling, limit=ceiling, slots=len(found), items_per_batch=items_per_batch
    )
    return Estimate(
        len(found),
        len(plan.parts),
        list(models.values()),
        ceiling,
        plan.left_out,
        evidence,
        _notes(models, evidence, unbounded, prices),
        evidence_costs([record.job for record in found], prices, at),
    )


def _notes(
    models: Mapping[tuple[str, str], ModelEstimate], evidence: Mapping[str, int], unbounded: int, prices: Prices
) -> list[str]:
    notes = [
        "Input tokens are estimated; output is taken as a quarter of max_tokens until something has been measured."
    ]
    if evidence.get("native"):
        notes.append(
            "Native citations also add a little input for the document's division; cited words are not billed."
        )
    if evidence.get("quotes"):
        notes.append(
            f"Quotes are counted at {TOKENS_PER_QUOTE} output tokens for each category or yes / no, within max_tokens."
        )
    if evidence:
        notes.append("Locating evidence runs on this machine.")
    if unbounded:
        notes.append(
            f"{unbounded:,} jobs have no proven bound of input tokens; under a limit the provider counts them "
            "before they are sent."
        )
    unknown = [m.model for m in models.values() if m.expected is None]
    if unknown:
        notes.append(
            f"No price is known for {', '.join(unknown)}: state one with --price IN,OUT or Batch.set_price(...)."
        )
    notes.append(
        f"List prices, before tax ({prices.basis()})." if hasattr(prices, "basis") else "List prices, before tax."
    )
    return notes


def dollars(amount: Decimal | None, mark: str = "") -> str:
    """Return an amount for display: `?` when unknown, cents from a dollar on, else at least two significant digits."""
    if amount is None:
        return "?"
    if amount == 0:
        return f"{mark}$0"
    if amount >= 1:
        return f"{mark}${amount:,.2f}"
    places = 4 if amount < Decimal("0.01") else 3
    places = max(places, 1 - amount.adjusted())
    return f"{mark}${amount:.{places}f}"


def _plus(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return None if total is None or amount is None else total + amount


def _total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    total: Decimal | None = Decimal(0)
    for amount in amounts:
        total = _plus(total, amount)
    return total
