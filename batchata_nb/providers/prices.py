"""Where prices come from.

Order: what the user states, then shipped corrections, then the batch rates of the package genai-prices, then its
standard rates. A model that none of these knows has no price: `UnknownPriceError`, never zero.

A reservation is `max(batch rate, half the standard rate)` per rate, at the dearest moment of the time in which the
provider may run the batch; without a batch rate it is the standard rate. Price lists disagree in just the two ways that
this covers: a batch row that lacks its long-prompt tier, and a scheduled increase.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ..core.errors import UnknownPriceError, ValidationError
from ..core.pricing import Price, Rate, dearest
from .price_list import HALF, OVERRIDES, Entry, Override, PriceList, plain, search_price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

_CACHE_SIZE = 4096
_PROVIDERS = ("anthropic", "gemini", "openai")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A line of the price list.

    Attributes:
        provider: Name of the provider.
        name: Model name.
        batch: What batch requests cost.
        live: What real-time requests cost.
        context: Most tokens of one prompt, where the list says.
        deprecated: Whether the provider has announced its end.
        stated: Whether the price is the user's.
    """

    provider: str
    name: str
    batch: Price
    live: Price
    context: int | None = None
    deprecated: bool = False
    stated: bool = False


class PriceBook:
    """Prices by provider, model and time. All lookups raise `UnknownPriceError` for a model without a price.

    Args:
        user_prices: Model name to dollars per million (input, output) tokens at batch rates; these win over all lists.
        live_prices: The same for real-time requests. For a model that stands only in `user_prices`, real time costs
            what the list says, else twice the batch price.
        snapshot: Price data to use in place of what genai-prices has loaded.
        overrides: Shipped corrections.
    """

    def __init__(
        self,
        user_prices: Mapping[str, tuple[Decimal, Decimal]] | None = None,
        *,
        live_prices: Mapping[str, tuple[Decimal, Decimal]] | None = None,
        snapshot: DataSnapshot | None = None,
        overrides: Sequence[Override] = OVERRIDES,
    ) -> None:
        self._stated = {plain(model): _pair(model, pair) for model, pair in (user_prices or {}).items()}
        self._stated_live = {plain(model): _pair(model, pair) for model, pair in (live_prices or {}).items()}
        self._list = PriceList(snapshot, overrides)
        # Prices change at full minutes at the earliest, so a minute is looked up once.
        self._entries: dict[tuple[str, str, datetime], Entry] = {}
        self._reserves: dict[tuple[str, str, datetime, float, bool], Price] = {}
        self._used: dict[str, str] = {}

    def batch(self, provider: str, model: str, at: datetime) -> Price:
        """Return what batch requests are billed; without a known batch rate the standard rate."""
        if stated := self._user_price(provider, model, at):
            return stated
        entry = self._entry(provider, model, at)
        self._note(entry)
        return entry.standard if entry.batch is None else entry.batch

    def expected(self, provider: str, model: str, at: datetime) -> Price:
        """Return the price for an estimate: as `batch`, but without a known batch rate half the standard rate."""
        if stated := self._user_price(provider, model, at):
            return stated
        entry = self._entry(provider, model, at)
        self._note(entry)
        if entry.batch is not None:
            return entry.batch
        half = entry.standard.times(HALF)
        return Price(half.input, half.output, web_search=half.web_search, assumed=True)

    def live(self, provider: str, model: str, at: datetime) -> Price:
        """Return what real-time requests are billed."""
        if stated := self._user_price(provider, model, at, live=True):
            return stated
        return self._entry(provider, model, at).standard

    def reserve(self, provider: str, model: str, at: datetime, window_hours: float, *, live: bool = False) -> Price:
        """Return the price to reserve by, for requests sent at a time and run within so many hours.

        Args:
            provider: Name of the provider.
            model: Model name.
            at: When the requests go out, UTC.
            window_hours: How long after that they may run.
            live: Whether they go to the real-time API.
        """
        if stated := self._user_price(provider, model, at, live=live):
            return stated
        start = _minute(at)
        key = (provider, plain(model), start, window_hours, live)
        price = self._reserves.get(key)
        if price is None:
            self._entry(provider, model, start)
            moments = self._list.moments(provider, model, start, window_hours)
            entries = [self._entry(provider, model, moment) for moment in moments]
            price = dearest(entry.standard if live else entry.reserve() for entry in entries)
            _keep(self._reserves, key, price)
        return price

    def settled(self, provider: str, asked: str, reported: str | None, at: datetime, *, live: bool = False) -> Price:
        """Return the price of a finished request: that of the model which answered, where it can be told.

        Names such as `gemini-flash-latest` move. The user's price for the name that was asked for wins.
        """
        price = self.live if live else self.batch
        if reported and not self._user_price(provider, asked, at, live=live):
            try:
                return price(provider, reported, at)
            except UnknownPriceError:
                pass
        return price(provider, asked, at)

    def basis(self) -> str:
        """Return in one line what the prices so far rest on: the package's version, corrections, the user's prices."""
        parts = [self._list.basis(), *sorted(self._used.values())]
        return "; ".join([*parts, "list prices in USD before tax"])

    def models(self, text: str | None = None, *, at: datetime) -> list[KnownModel]:
        """Return the models with a price at a time, by provider and name; `text` keeps those whose name holds it."""
        found, used = [], dict(self._used)
        for provider in _PROVIDERS:
            for info in self._list.models(provider):
                if text and text.lower() not in f"{provider}/{info.id}".lower():
                    continue
                try:
                    batch, live = self.batch(provider, info.id, at), self.live(provider, info.id, at)
                except UnknownPriceError:
                    continue
                stated = plain(info.id) in self._stated or plain(info.id) in self._stated_live
                row = KnownModel(provider, info.id, batch, live, info.context_window, bool(info.deprecated), stated)
                found.append(row)
        self._used = used  # looking a price up in order to show it is no use of it
        return found + self._stated_only(text, {plain(model.name) for model in found})

    def _stated_only(self, text: str | None, listed: set[str]) -> list[KnownModel]:
        rows = []
        for name in sorted({*self._stated, *self._stated_live} - listed):
            if not text or text.lower() in name:
                batch = self._stated.get(name) or self._stated_live[name]
                live = self._stated_live.get(name) or (2 * batch[0], 2 * batch[1])
                rows.append(KnownModel("", name, _flat(batch), _flat(live), stated=True))
        return rows

    def _user_price(self, provider: str, model: str, at: datetime, *, live: bool = False) -> Price | None:
        """The user's price, completed by the list's price for searches."""
        name = plain(model)
        pair = (self._stated_live if live else self._stated).get(name)
        if pair is None and name not in self._stated:
            return None
        try:
            search = self._entry(provider, model, at).standard.web_search
        except UnknownPriceError:
            search = search_price(provider)
            if pair is None:
                pair = (2 * self._stated[name][0], 2 * self._stated[name][1])
        if pair is None:
            return None
        self._used[f"stated {name} {live}"] = (
            f"{name} at {pair[0]} in, {pair[1]} out per million tokens{' in real time' if live else ''}, stated by you"
        )
        return _flat(pair, search)

    def _entry(self, provider: str, model: str, at: datetime) -> Entry:
        minute = _minute(at)
        key = (provider, plain(model), minute)
        entry = self._entries.get(key)
        if entry is None:
            try:
                entry = self._list.entry(provider, model, minute)
            except LookupError:
                raise self._unknown(provider, model) from None
            _keep(self._entries, key, entry)
        return entry

    def _note(self, entry: Entry) -> None:
        if o := entry.override:
            self._used[f"override {o.model}"] = f"{o.model} in batches at half the standard rate ({o.source}; {o.date})"
        elif entry.batch is None:
            self._used[f"standard {entry.name}"] = f"{entry.name} has no listed batch rate"

    def _unknown(self, provider: str, model: str) -> UnknownPriceError:
        names = [info.id for info in self._list.models(provider)] + list(self._stated)
        near = difflib.get_close_matches(plain(model), names, n=3, cutoff=0.7)
        known = f" Known names like it: {', '.join(near)}." if near else ""
        return UnknownPriceError(
            f"No price is known for {model!r} ({provider}).{known} State it in dollars per million tokens at batch "
            f"rates, with --price IN,OUT or Batch.set_price({model!r}, IN, OUT), or leave the cost limit out."
        )


def _pair(model: str, pair: tuple[Any, Any]) -> tuple[Decimal, Decimal]:
    try:
        rate_in, rate_out = (rate if isinstance(rate, Decimal) else Decimal(str(rate)) for rate in pair)
    except (InvalidOperation, TypeError, ValueError):
        rate_in = rate_out = Decimal("NaN")
    if not (rate_in.is_finite() and rate_out.is_finite() and rate_in >= 0 and rate_out >= 0):
        raise ValidationError(
            f"The price of {model!r} must be two numbers, dollars per million input and output tokens, "
            f"such as 1.25,10; it is {pair!r}."
        )
    return rate_in, rate_out


def _flat(pair: tuple[Decimal, Decimal], web_search: Decimal = Decimal(0)) -> Price:
    return Price(Rate(pair[0]), Rate(pair[1]), web_search=web_search)


def _minute(at: datetime) -> datetime:
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.replace(second=0, microsecond=0)


def _keep(cache: dict[Any, Any], key: Any, value: Any) -> None:
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    cache[key] = value
