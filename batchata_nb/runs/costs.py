"""What a reply cost, at batch rates and against real time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from ..core.errors import UnknownPriceError
from ..core.jobs import Job
from ..core.pricing import Price
from ..core.results import Reply
from ..providers.worst import surcharged


class Prices(Protocol):
    """What a run needs of the price book; all raise `UnknownPriceError`."""

    def expected(self, provider: str, model: str, at: datetime) -> Price:
        """Price for estimates of batch work."""
        ...

    def live(self, provider: str, model: str, at: datetime) -> Price:
        """Price of the same in real time."""
        ...

    def reserve(self, provider: str, model: str, at: datetime, window_hours: float) -> Price:
        """The dearest price until the provider's window ends."""
        ...

    def settled(self, provider: str, asked: str, reported: str | None, at: datetime, *, live: bool = False) -> Price:
        """Price of finished work, by the model that answered."""
        ...


def billed(prices: Prices, job: Job, reply: Reply, at: datetime) -> tuple[Decimal | None, Decimal]:
    """Return what a reply cost, and how much less that is than real time; None where no price is known."""
    try:
        price = prices.settled(job.provider, job.model, reply.model, at)
        standard = prices.settled(job.provider, job.model, reply.model, at, live=True)
    except UnknownPriceError:
        return None, Decimal(0)
    cost = surcharged(price, job).cost(reply.usage)
    return cost, max(surcharged(standard, job).cost(reply.usage) - cost, Decimal(0))
