"""What the price lists say of a model: the package genai-prices, and the corrections shipped with batchata_nb."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..core.pricing import Price, Rate

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, PriceVariant

HALF = Decimal("0.5")
_BATCH = {"processing": "batch"}
_LIBRARY_NAMES = {"gemini": "google"}
_SEARCHES = {"anthropic": Decimal(10), "openai": Decimal(10), "gemini": Decimal(35)}


@dataclass(frozen=True, slots=True)
class Override:
    """A shipped correction: this model's batch rate is half of its standard rate, which the package does not say.

    Attributes:
        provider: Name of the provider.
        model: The model's id in genai-prices.
        halves_cache: Whether cached tokens are halved too; if not, they keep the standard rate.
        source: Where the rate is published.
        date: When it was looked up, ISO.
    """

    provider: str
    model: str
    halves_cache: bool
    source: str
    date: str


_ANTHROPIC = "Anthropic pricing page, batch table: 50 % of all token rates, caching included"
_GEMINI = "Gemini API pricing page, Batch tab: 50 % of input and output"
_OPENAI = "OpenAI pricing page, Batch: the >272k tier is halved as the base rate is"
OVERRIDES: tuple[Override, ...] = (
    *(
        Override("anthropic", model, True, _ANTHROPIC, "2026-11-22")
        for model in (
            "claude-3-haiku",
            "claude-3-sonnet",
            "claude-3-opus-latest",
            "claude-3-5-haiku-latest",
            "claude-3-5-sonnet",
            "claude-3-7-sonnet-latest",
            "claude-sonnet-4-0",
            "claude-opus-4-0",
            "claude-opus-4-1",
        )
    ),
    Override("openai", "gpt-5.5-pro", True, _OPENAI, "2026-11-22"),
    Override("gemini", "gemini-3.5-flash", False, _GEMINI, "2026-11-22"),
    Override("gemini", "gemini-3.7-flash", False, _GEMINI, "2026-11-22"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the lists say of one model at one moment.

    Attributes:
        name: The model's id in genai-prices.
        standard: What real-time requests cost.
        batch: What batch requests cost, or None where no batch rate is listed.
        override: The correction that `batch` rests on, if one does.
    """

    name: str
    standard: Price
    batch: Price | None
    override: Override | None

    def reserve(self) -> Price:
        """The price to reserve batch requests by: `max(batch, half of standard)`; without a batch rate the standard."""
        return self.standard if self.batch is None else self.batch.max(self.standard.times(HALF))


class PriceList:
    """Look-up in genai-prices, corrected. All look-ups raise `LookupError` for a model without token rates.

    Args:
        snapshot: Price data to use in place of what genai-prices has loaded.
        overrides: Corrections.
    """

    def __init__(self, snapshot: DataSnapshot | None = None, overrides: Sequence[Override] = OVERRIDES) -> None:
        self._snapshot = snapshot
        self._overrides = {(o.provider, o.model): o for o in overrides}

    def basis(self) -> str:
        """Return version and date of the data."""
        from importlib.metadata import version

        data = self._data()
        loaded = f"data of {data.timestamp:%Y-%m-%d %H:%M}" if data.from_auto_update else "bundled data"
        return f"genai-prices {version('genai-prices')} ({loaded})"

    def models(self, provider: str) -> list[ModelInfo]:
        """Return the models listed for a provider, by id."""
        library = _LIBRARY_NAMES.get(provider, provider)
        infos = (info for p in self._data().providers if p.id == library for info in p.models)
        # Google's list holds Claude models too; those are sold on Vertex, not by the Gemini API.
        mine = (i for i in infos if provider != "gemini" or i.id.startswith(("gemini", "gemma")))
        return sorted(mine, key=lambda info: info.id)

    def entry(self, provider: str, model: str, at: datetime) -> Entry:
        """Return what is listed for a model at a time (aware)."""
        info = self._find(provider, model)
        standard = _price(info.get_prices(at), provider)
        if standard is None:
            raise LookupError(model)
        override = self._overrides.get((provider, info.id))
        batch = None
        if override:
            batch = standard.times(HALF)
            if not override.halves_cache:
                batch = replace(batch, cache_read=standard.cache_read)
        elif any(v.when == _BATCH and (v.constraint is None or v.constraint.active(at)) for v in _variants(info)):
            batch = _price(info.get_prices(at, _BATCH), provider)
        return Entry(info.id, standard, batch, override)

    def moments(self, provider: str, model: str, at: datetime, hours: float) -> Iterator[datetime]:
        """Yield the start of a window, its end, and every moment between at which the model's price may change."""
        return _moments(self._find(provider, model), at, hours)

    def _find(self, provider: str, model: str) -> ModelInfo:
        return self._data().find_provider_model(plain(model), None, _LIBRARY_NAMES.get(provider, provider), None)[1]

    def _data(self) -> DataSnapshot:
        if self._snapshot is not None:
            return self._snapshot
        from genai_prices.data_snapshot import get_snapshot

        return get_snapshot()


def plain(model: str) -> str:
    """Return the name that price lists use: no `models/` before it, lower case."""
    return model.removeprefix("models/").lower()


def search_price(provider: str) -> Decimal:
    """Return dollars per 1,000 searches where a model's own entry has none: the dearest on the provider's list."""
    return _SEARCHES.get(provider, max(_SEARCHES.values()))


def _price(listed: ModelPrice, provider: str) -> Price | None:
    """A row of the list as a Price; None where it has no token rates (speech, embeddings, video)."""
    rate_in, rate_out = _rate(listed.input_mtok), _rate(listed.output_mtok)
    if rate_in is None or rate_out is None:
        return None
    # Where OpenAI and Gemini list no rate for cache writes, none are billed apart from the input.
    written = _rate(listed.cache_write_mtok) or (None if provider == "anthropic" else rate_in)
    search = listed.web_searches_kcount
    return Price(
        input=rate_in,
        output=rate_out,
        cache_read=_rate(listed.cache_read_mtok),
        cache_write_5m=written,
        cache_write_1h=_rate(listed.cache_write_1h_mtok),
        web_search=search if isinstance(search, Decimal) else search_price(provider),
    )


def _rate(value: Any) -> Rate | None:
    if value is None or isinstance(value, Decimal):
        return None if value is None else Rate(value)
    return Rate(value.base, tuple((tier.start, tier.price) for tier in value.tiers))


def _variants(info: ModelInfo) -> Sequence[PriceVariant]:
    return info.price_variants or ()


def _moments(info: ModelInfo, at: datetime, hours: float) -> Iterator[datetime]:
    """The start of a window, its end, and every moment between at which a price of the model may change."""
    end = at + timedelta(hours=hours)
    yield at
    yield end
    listed: list[ConditionalPrice | PriceVariant] = [*_variants(info)]
    if isinstance(info.prices, list):
        listed += info.prices
    clocks = {time(tzinfo=UTC)}
    for entry in listed:
        for name in ("start_time", "end_time"):
            clock = getattr(entry.constraint, name, None)
            if clock is not None:
                clocks.add(clock if clock.tzinfo else clock.replace(tzinfo=UTC))
    for days in range(-1, (end.date() - at.date()).days + 2):
        for clock in clocks:
            moment = datetime.combine(at.date() + timedelta(days=days), clock).astimezone(UTC)
            if at < moment < end:
                yield moment
