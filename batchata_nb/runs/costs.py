"""What a reply cost, at batch rates and against real time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from ..core.errors import UnknownPriceError
from ..core.jobs import Job
from ..core.pricing import Price
from ..core.results import Reply, Usage
from ..providers.worst import surcharged

if TYPE_CHECKING:
    from ..providers.prices import PriceBook


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


class LivePrices:
    """The price book of real-time work: everything at standard rates, so nothing is saved.

    Args:
        book: The price book.
    """

    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def expected(self, provider: str, model: str, at: datetime) -> Price:
        """Price for estimates."""
        return self._book.live(provider, model, at)

    live = expected

    def reserve(self, provider: str, model: str, at: datetime, window_hours: float) -> Price:
        """The dearest standard price while the work goes on."""
        return self._book.reserve(provider, model, at, window_hours, live=True)

    def settled(self, provider: str, asked: str, reported: str | None, at: datetime, *, live: bool = False) -> Price:
        """Price of finished work, by the model that answered."""
        return self._book.settled(provider, asked, reported, at, live=True)

    def basis(self) -> str:
        """What the prices rest on."""
        return self._book.basis()


def at_worst(prices: Prices, job: Job, reply: Reply, worst: Decimal, at: datetime) -> Decimal | None:
    """Return what a reply is booked at whose usage is not known: its worst case; None where that is not known either.

    Unknown is never zero, but for models that cost nothing.
    """
    token, _ = billed(prices, job, replace(reply, usage=Usage(1, 1)), at)
    return token if not token else worst or None


def cache_saving(prices: Prices, job: Job, reply: Reply, at: datetime) -> Decimal:
    """Return what a prompt cache saved of a reply's cost: negative where it was written, zero without a price."""
    usage = reply.usage
    if not usage.cache_read_tokens and not usage.cache_write_tokens:
        return Decimal(0)
    try:
        price = surcharged(prices.settled(job.provider, job.model, reply.model, at), job)
    except UnknownPriceError:
        return Decimal(0)
    plain = replace(usage, cache_read_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0)
    return price.cost(plain) - price.cost(usage)


def billed(prices: Prices, job: Job, reply: Reply, at: datetime) -> tuple[Decimal | None, Decimal]:
    """Return what a reply cost, and how much less that is than real time; None where no price is known."""
    try:
        price = prices.settled(job.provider, job.model, reply.model, at)
        standard = prices.settled(job.provider, job.model, reply.model, at, live=True)
    except UnknownPriceError:
        return None, Decimal(0)
    cost = surcharged(price, job).cost(reply.usage)
    return cost, max(surcharged(standard, job).cost(reply.usage) - cost, Decimal(0))
