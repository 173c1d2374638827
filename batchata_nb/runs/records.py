"""What stands in the store, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from ..core.jobs import Job, JsonObject
from ..core.pricing import CacheWrite, Price


@dataclass(frozen=True, slots=True)
class Sizing:
    """What planning needs of a job, without its content.

    Attributes:
        row: Its place in the run, from 0.
        fingerprint: Its identity.
        provider: Where it goes.
        model: Which model is asked.
        bound: Upper bound of its input tokens, or None where only the provider can count them.
        size: Upper bound of its encoded row in bytes.
        outputs: Most output tokens that can be billed.
        cache_write: The dearest cache write it can cause: `5m`, `1h`, `implicit`, or None.
        surcharge: Factor on prices that its parameters bring, as decimal text.
    """

    row: int
    fingerprint: str
    provider: str
    model: str
    bound: int | None
    size: int
    outputs: int
    cache_write: CacheWrite | None = None
    surcharge: str = "1"

    def worst(self, price: Price) -> Decimal:
        """The most the job can be billed at a price, in dollars; zero where no bound is known."""
        if self.bound is None:
            return Decimal(0)
        factor = Decimal(self.surcharge)
        priced = price if factor == 1 else replace(price, multiplier=price.multiplier * factor)
        return priced.worst(self.bound, self.outputs, cache_write=self.cache_write)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it is stored: what is asked, and what planning needs of it."""

    job: Job
    sizing: Sizing

    @property
    def row(self) -> int:
        """Its place in the run, from 0."""
        return self.sizing.row

    @property
    def fingerprint(self) -> str:
        """Its identity."""
        return self.sizing.fingerprint


@dataclass(frozen=True, slots=True)
class Stored:
    """A result on its way into the store."""

    row: int
    fingerprint: str
    outcome: str
    kind: str | None
    cost: Decimal | None
    fields: JsonObject | None
    body: JsonObject


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as listed."""

    run_id: str
    name: str
    created: float
    digest: str
    spec: JsonObject
    total: int
    over: str | None
