"""The ceiling: reserve the worst case before sending, settle at the actual cost, release the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .errors import CostLimitExceededError

ZERO = Decimal(0)


@dataclass(slots=True)
class Ledger:
    """Money of one run, in US dollars; `spent + outstanding <= limit` holds at every moment.

    Attributes:
        limit: The ceiling, or None for no ceiling.
        spent: Actual cost of everything that has come back.
        reserved: Outstanding worst case by submission tag.
        saved: What the same work would have cost in real time, less what it cost.
        cached: What prompt caches saved; a part of what made the cost what it is.
        overruns: Amount by which actual costs went past their own reservations; not zero means that a price or
            bound was wrong, and nothing more is sent.
    """

    limit: Decimal | None = None
    spent: Decimal = ZERO
    reserved: dict[str, Decimal] = field(default_factory=dict)
    saved: Decimal = ZERO
    cached: Decimal = ZERO
    overruns: Decimal = ZERO

    @property
    def outstanding(self) -> Decimal:
        """Worst case of everything in flight."""
        return sum(self.reserved.values(), ZERO)

    @property
    def free(self) -> Decimal | None:
        """What may still be reserved; None without a ceiling."""
        return None if self.limit is None else self.limit - self.spent - self.outstanding

    def reserve(self, tag: str, amount: Decimal) -> None:
        """Set `amount` aside for a submission.

        Raises:
            CostLimitExceededError: The ceiling leaves less than that; nothing has changed.
        """
        free = self.free
        if free is not None and amount > free:
            raise CostLimitExceededError(
                f"This needs up to ${amount} and ${max(free, ZERO)} of the ${self.limit} limit are free."
            )
        self.reserved[tag] = self.reserved.get(tag, ZERO) + amount

    def settle(self, tag: str, released: Decimal, cost: Decimal) -> None:
        """Turn `released` of a submission's reservation into `cost` actually spent."""
        self.reserved[tag] = self.reserved.get(tag, ZERO) - released
        self.spent += cost
        if cost > released:
            self.overruns += cost - released

    def release(self, tag: str) -> None:
        """Give back what is left of a submission's reservation: it is closed, or was provably never accepted."""
        self.reserved.pop(tag, None)
