"""What requests cost: rates with prompt-size tiers, the bill of a finished request, the worst case of a planned one.

Money is `Decimal` US dollars, list price before tax. Nothing is rounded in the ledger; where a product would need more
digits than `_DIGITS`, reservations round up and bills half to even.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Literal

from .results import Usage

CacheWrite = Literal["5m", "1h", "implicit"]
"""A cache write that a request may cause: asked for with a lifetime (Anthropic), or of the provider's own accord."""

IMPLICIT_CACHE_MINIMUM = 1024
"""Shortest prompt, in tokens, that OpenAI caches by itself."""

_DIGITS = 50
_BILL = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)
_RESERVATION = Context(prec=_DIGITS, rounding=ROUND_CEILING)
_MILLION = Decimal(1_000_000)
_WRITE_5M = Decimal("1.25")
_WRITE_1H = Decimal(2)


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars per million tokens, with the cliffs that long prompts fall off.

    Attributes:
        base: The price until the first tier.
        tiers: Pairs (start, price) by ascending start: a prompt of more than `start` tokens pays `price` for all its
            tokens, output too, not only for those above the start.
    """

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, prompt: int) -> Decimal:
        """Return the price that a prompt of so many tokens pays."""
        price = self.base
        for start, tier in self.tiers:
            if prompt > start:
                price = tier
        return price

    def worst(self, prompt: int) -> Decimal:
        """Return the highest price that a prompt of at most so many tokens may pay."""
        return max([self.base, *(tier for start, tier in self.tiers if prompt > start)])

    def times(self, factor: Decimal) -> Rate:
        """Return the rate with every price multiplied."""
        return Rate(_BILL.multiply(self.base, factor), tuple((s, _BILL.multiply(p, factor)) for s, p in self.tiers))

    def max(self, other: Rate) -> Rate:
        """Return the dearer of the two for every size of prompt."""
        starts = sorted({start for start, _ in (*self.tiers, *other.tiers)})
        tiers = tuple((start, max(self.at(start + 1), other.at(start + 1))) for start in starts)
        return Rate(max(self.base, other.base), tiers)


@dataclass(frozen=True, slots=True)
class Price:
    """The rates of one model, for one way of processing, at one time.

    Attributes:
        input: Prompt tokens.
        output: Billed output tokens, thinking included.
        cache_read: Prompt tokens read from a cache; None: as other prompt tokens.
        cache_write_5m: Prompt tokens written to a cache for minutes; None: 1.25 times `input`.
        cache_write_1h: Prompt tokens written to a cache for an hour; None: twice `input`. Both multiples are those of
            Anthropic's and OpenAI's price lists.
        web_search: Dollars per 1,000 server-side searches.
        multiplier: Surcharge on tokens, 1.1 for inference that stays in one region.
        assumed: The rates rest on an assumption (half of the standard price), not on a price list.
    """

    input: Rate
    output: Rate
    cache_read: Rate | None = None
    cache_write_5m: Rate | None = None
    cache_write_1h: Rate | None = None
    web_search: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)
    assumed: bool = False

    @property
    def _read(self) -> Rate:
        return self.cache_read or self.input

    @property
    def _write_5m(self) -> Rate:
        return self.cache_write_5m or self.input.times(_WRITE_5M)

    @property
    def _write_1h(self) -> Rate:
        return self.cache_write_1h or self.input.times(_WRITE_1H)

    def cost(self, usage: Usage) -> Decimal:
        """Return what a request with this usage is billed, in dollars."""
        prompt = usage.input_tokens
        fresh = prompt - usage.cache_read_tokens - usage.cache_write_tokens
        parts = (
            (max(fresh, 0), self.input),
            (usage.cache_read_tokens, self._read),
            (usage.cache_write_tokens - usage.cache_write_1h_tokens, self._write_5m),
            (usage.cache_write_1h_tokens, self._write_1h),
            (usage.output_tokens, self.output),
        )
        with localcontext(_BILL):
            tokens = sum((count * rate.at(prompt) for count, rate in parts if count), Decimal(0))
            return tokens / _MILLION * self.multiplier + self.web_search * usage.web_searches / 1000

    def worst(self, input_bound: int, max_output: int, *, cache_write: CacheWrite | None = None) -> Decimal:
        """Return the most that a request can be billed for its tokens, in dollars, rounded up.

        Args:
            input_bound: Upper bound of the prompt's tokens; tiers are chosen by it.
            max_output: Cap on billed output tokens, times the number of answers asked for.
            cache_write: The dearest cache write that the request may cause. `implicit` counts from
                `IMPLICIT_CACHE_MINIMUM` tokens on, shorter prompts are not cached.
        """
        rates = [self.input.worst(input_bound), self._read.worst(input_bound)]
        if cache_write == "1h":
            rates.append(self._write_1h.worst(input_bound))
        if cache_write in ("5m", "1h") or (cache_write == "implicit" and input_bound >= IMPLICIT_CACHE_MINIMUM):
            rates.append(self._write_5m.worst(input_bound))
        with localcontext(_RESERVATION):
            tokens = input_bound * max(rates) + max_output * self.output.worst(input_bound)
            return tokens / _MILLION * self.multiplier

    def times(self, factor: Decimal) -> Price:
        """Return the price with all token rates multiplied; searches stay as they are."""
        return replace(
            self,
            input=self.input.times(factor),
            output=self.output.times(factor),
            cache_read=self.cache_read and self.cache_read.times(factor),
            cache_write_5m=self.cache_write_5m and self.cache_write_5m.times(factor),
            cache_write_1h=self.cache_write_1h and self.cache_write_1h.times(factor),
        )

    def max(self, other: Price) -> Price:
        """Return the dearer of the two, rate by rate and for every size of prompt."""
        return Price(
            input=self.input.max(other.input),
            output=self.output.max(other.output),
            cache_read=self._read.max(other._read),
            cache_write_5m=self._write_5m.max(other._write_5m),
            cache_write_1h=self._write_1h.max(other._write_1h),
            web_search=max(self.web_search, other.web_search),
            multiplier=max(self.multiplier, other.multiplier),
            assumed=self.assumed or other.assumed,
        )


def dearest(prices: Iterable[Price]) -> Price:
    """Return the price that is the highest of all, rate by rate; there must be one at least."""
    first, *rest = prices
    for price in rest:
        first = first.max(price)
    return first
