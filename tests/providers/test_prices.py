"""Which price holds for a model at a time; the vectors are those of the providers' price lists of 2026-11-22."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import DataSnapshot
from genai_prices.types import (
    ClauseEquals,
    ClauseStartsWith,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from batchata_nb.core.errors import UnknownPriceError, ValidationError
from batchata_nb.core.pricing import CacheWrite
from batchata_nb.core.results import Usage
from batchata_nb.providers.prices import PriceBook

D = Decimal
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BATCH = {"processing": "batch"}
VERIFIED = StartDateConstraint(date(2026, 10, 14))


def tiered(base: str, start: int, above: str) -> TieredPrices:
    """A rate with one cliff."""
    return TieredPrices(D(base), [Tier(start, D(above))])


def listed(
    model: str,
    standard: dict[str, str | TieredPrices] | list[ConditionalPrice],
    *variants: tuple[StartDateConstraint | None, dict[str, str | TieredPrices]],
) -> ModelInfo:
    """A model as genai-prices holds it: standard rates, and batch rates by their first day."""
    return ModelInfo(
        id=model,
        match=ClauseStartsWith(model),
        context_window=1_000_000,
        prices=standard if isinstance(standard, list) else row(standard),
        price_variants=[PriceVariant(BATCH, row(prices), since) for since, prices in variants] or None,
    )


def row(rates: dict[str, str | TieredPrices]) -> ModelPrice:
    """Rates in dollars per million tokens (searches: per 1,000)."""
    units = {"web_searches": "web_searches_kcount"}
    return ModelPrice(
        **{units.get(k, f"{k}_mtok"): v if isinstance(v, TieredPrices) else D(v) for k, v in rates.items()}
    )


ANTHROPIC = [
    listed("claude-sonnet-4-0", {"input": "3", "output": "15", "cache_read": ".3", "cache_write": "3.75"}),
    listed("claude-haiku-4-5", {"input": "1", "output": "5"}, (VERIFIED, {"input": ".5", "output": "2.5"})),
    listed(
        "claude-haiku-5-5",
        {"input": tiered(".1", 100_000, ".5"), "output": tiered(".5", 100_000, "2.5")},
        (VERIFIED, {"input": tiered(".05", 100_000, ".25"), "output": tiered(".25", 100_000, "1.25")}),
    ),
    listed(
        "claude-sonnet-5-5",
        {"input": "2", "output": "10", "cache_read": ".1", "cache_write": "2.5", "cache_write_1h": "4"},
        (VERIFIED, {"input": "1", "output": "5", "cache_read": ".05", "cache_write": "1.25", "cache_write_1h": "2"}),
    ),
    listed(
        "claude-opus-5-5",
        {"input": "4", "output": "20", "web_searches": "10"},
        (VERIFIED, {"input": "2", "output": "10"}),
    ),
]
ANTHROPIC[0].match = ClauseStartsWith("claude-sonnet-4-")
OPENAI = [
    listed("gpt-4.1", {"input": "2", "output": "8", "cache_read": ".5"}, (VERIFIED, {"input": "1", "output": "4"})),
    listed(
        "gpt-6.1-sol",
        {"input": tiered("2", 272_000, "4"), "output": tiered("10", 272_000, "15"), "cache_read": ".1"},
        (
            VERIFIED,
            {
                "input": tiered("1", 272_000, "2"),
                "output": tiered("5", 272_000, "7.5"),
                "cache_read": tiered(".05", 272_000, ".1"),
                "cache_write": tiered("1.25", 272_000, "2.5"),
            },
        ),
    ),
    listed("o4-mini", {"input": "1.1", "output": "4.4"}, (VERIFIED, {"input": ".55", "output": "2.2"})),
    listed("gpt-6-luna", {"input": ".1", "output": ".5"}, (VERIFIED, {"input": ".05", "output": ".25"})),
    listed(
        "gpt-5.5-pro",
        {"input": tiered("30", 272_000, "60"), "output": tiered("180", 272_000, "270")},
        (VERIFIED, {"input": "15", "output": "90"}),
    ),
    ModelInfo(id="text-embedding-3", match=ClauseEquals("text-embedding-3"), prices=row({"input": ".02"})),
]
DECEMBER = StartDateConstraint(date(2026, 12, 1))
GOOGLE = [
    listed("gemini-2.5-flash", {"input": ".3", "output": "2.5"}, (VERIFIED, {"input": ".15", "output": "1.25"})),
    listed(
        "gemini-2.5-pro",
        {"input": tiered("1.25", 200_000, "2.5"), "output": tiered("10", 200_000, "15")},
        (VERIFIED, {"input": tiered(".625", 200_000, "1.25"), "output": tiered("5", 200_000, "7.5")}),
    ),
    listed(
        "gemini-4-argon",
        [
            ConditionalPrice(prices=row({"input": "2", "output": "10"})),
            ConditionalPrice(DECEMBER, prices=row({"input": "4", "output": "20"})),
        ],
        (DECEMBER, {"input": "2", "output": "10"}),
        (VERIFIED, {"input": "1", "output": "5"}),
    ),
    listed("gemini-3.7-flash", {"input": ".75", "output": "3.75", "cache_read": ".075"}),
    listed("claude-haiku-4-5", {"input": "1", "output": "5"}),
]
PINNED = DataSnapshot(
    [
        Provider(id=name, name=name, api_pattern="", models=models)
        for name, models in (("anthropic", ANTHROPIC), ("openai", OPENAI), ("google", GOOGLE))
    ],
    from_auto_update=False,
)


@pytest.fixture
def book() -> PriceBook:
    """A price book over the pinned list."""
    return PriceBook(snapshot=PINNED)


def used(prompt: int, output: int, read: int = 0, write: int = 0, hour: int = 0, searches: int = 0) -> Usage:
    """Usage by position."""
    return Usage(prompt, output, read, write, hour, web_searches=searches)


BILLS = {
    "u01": (
        "anthropic",
        "claude-sonnet-4-20250514",
        datetime(2025, 8, 20, tzinfo=UTC),
        used(1_000_000, 100_000),
        "2.25",
    ),
    "u02": ("openai", "gpt-4.1-2025-04-14", NOW, used(10_000, 2_000), "0.018"),
    "u03": ("openai", "gpt-4.1-2025-04-14", NOW, used(10_000, 2_000, read=4_000), "0.016"),
    "u04": ("gemini", "gemini-2.5-flash", NOW, used(10_000, 1_000 + 3_000), "0.0065"),
    "u05": ("gemini", "gemini-2.5-pro", NOW, used(200_000, 1_000), "0.13"),
    "u06": ("gemini", "gemini-2.5-pro", NOW, used(200_001, 1_000), "0.25750125"),
    "u07": ("anthropic", "claude-haiku-5-5", NOW, used(100_000, 1_000), "0.00525"),
    "u08": ("anthropic", "claude-haiku-5-5", NOW, used(100_001, 1_000), "0.02625025"),
    "u09": ("anthropic", "claude-sonnet-5-5", NOW, used(10_000, 500, 1_000, 8_000), "0.01355"),
    "u10": ("anthropic", "claude-sonnet-5-5", NOW, used(10_000, 500, 1_000, 8_000, 8_000), "0.01955"),
    "u11": ("anthropic", "claude-opus-5-5", NOW, used(2_000, 1_000, searches=3), "0.044"),
    "u12": ("openai", "gpt-6.1-sol", NOW, used(20_000, 800, 4_000, 12_000), "0.0232"),
    "u13": ("openai", "gpt-6.1-sol", NOW, used(272_001, 1_000), "0.551502"),
    "u14": ("openai", "o4-mini-2025-04-16", NOW, used(1_000, 5_000), "0.01155"),
    "u15": ("gemini", "gemini-4-argon", datetime(2026, 11, 30, 23, tzinfo=UTC), used(10_000, 2_000), "0.02"),
    "u16": ("gemini", "gemini-4-argon", datetime(2026, 12, 1, 1, tzinfo=UTC), used(10_000, 2_000), "0.04"),
    "u17": ("openai", "gpt-6-luna", NOW, used(333, 77), "0.0000359"),
    "u19": ("anthropic", "claude-haiku-4-5", NOW, Usage(), "0"),
}


@pytest.mark.parametrize(("provider", "model", "at", "usage", "expected"), BILLS.values(), ids=BILLS)
def test_bill(book: PriceBook, provider: str, model: str, at: datetime, usage: Usage, expected: str) -> None:
    """A finished batch request costs what the provider's price list says."""
    assert D(expected) == book.batch(provider, model, at).cost(usage)


@pytest.mark.parametrize(("provider", "model", "at", "usage", "expected"), BILLS.values(), ids=BILLS)
def test_bill_from_the_installed_list(provider: str, model: str, at: datetime, usage: Usage, expected: str) -> None:
    """The oldest supported release of genai-prices, or a later one that agrees, gives the same bills."""
    from importlib.metadata import version

    if version("genai-prices") != "0.2.3":
        pytest.skip("the vectors are stated for genai-prices 0.2.3")

    assert D(expected) == PriceBook().batch(provider, model, at).cost(usage)


def test_real_time_bill(book: PriceBook) -> None:
    """A real-time request costs the standard rate (u18)."""
    assert D("0.006") == book.live("anthropic", "claude-haiku-4-5", NOW).cost(used(1_000, 1_000))


RESERVATIONS: dict[str, tuple[str, str, int, int, CacheWrite | None, str]] = {
    "r01": ("anthropic", "claude-sonnet-5-5", 1_200, 1_000, None, "0.0062"),
    "r02": ("anthropic", "claude-sonnet-5-5", 1_200, 1_000, "1h", "0.0074"),
    "r03": ("openai", "gpt-6.1-sol", 5_000, 2_000, "implicit", "0.01625"),
    "r04": ("openai", "gpt-6.1-sol", 5_000, 2_000, None, "0.015"),
    "r05": ("anthropic", "claude-haiku-5-5", 104_000, 1_000, None, "0.02725"),
    "r08": ("openai", "gpt-5.5-pro", 300_000, 1_000, None, "9.135"),
    "no write rate listed": ("openai", "gpt-4.1", 2_000, 500, "implicit", "0.004"),
    "r09": ("openai", "gpt-4.1-2025-04-14", 2_000, 3 * 500, None, "0.008"),
}


@pytest.mark.parametrize(
    ("provider", "model", "bound", "cap", "write", "expected"), RESERVATIONS.values(), ids=RESERVATIONS
)
@pytest.mark.parametrize("overrides", [True, False], ids=["corrected", "list alone"])
def test_reservation(
    provider: str, model: str, bound: int, cap: int, write: CacheWrite | None, expected: str, overrides: bool
) -> None:
    """The reserved worst case is that of the dearer of batch rate and half the standard rate, tier by tier."""
    book = PriceBook(snapshot=PINNED) if overrides else PriceBook(snapshot=PINNED, overrides=())

    assert D(expected) == book.reserve(provider, model, NOW, 24).worst(bound, cap, cache_write=write)


@pytest.mark.parametrize(("hours", "expected"), [(11, "0.02"), (24, "0.04")])
def test_reservation_covers_a_scheduled_increase(book: PriceBook, hours: float, expected: str) -> None:
    """A price that rises within the processing window is reserved at the higher rate (r06), and only then."""
    at = datetime(2026, 11, 30, 12, tzinfo=UTC)

    assert D(expected) == book.reserve("gemini", "gemini-4-argon", at, hours).worst(10_000, 2_000)


def test_reservation_covers_dear_hours_of_the_day() -> None:
    """A price that holds for some hours of the day is reserved by if the window touches them."""
    peak = TimeOfDateConstraint(clock(3), clock(4, 30))
    model = listed(
        "m",
        [
            ConditionalPrice(prices=row({"input": "1", "output": "1"})),
            ConditionalPrice(peak, prices=row({"input": "9", "output": "9"})),
        ],
    )
    snapshot = DataSnapshot([Provider(id="x", name="x", api_pattern="", models=[model])], from_auto_update=False)
    book = PriceBook(snapshot=snapshot)

    rates = [book.reserve("x", "m", NOW, hours).input.base for hours in (14.9, 15, 48)]

    assert [D(1), D(9), D(9)] == rates


def test_model_without_a_batch_rate_is_reserved_at_the_standard_rate() -> None:
    """Without a batch rate: reserve and settle at the standard rate, estimate at half of it, labelled (r07)."""
    book = PriceBook(snapshot=PINNED, overrides=())
    of = ("gemini", "gemini-3.7-flash", NOW)

    reserved = book.reserve(*of, 48).worst(10_000, 1_000)
    settled = book.batch(*of).cost(used(10_000, 1_000))
    estimate = book.expected(*of)

    assert (D("0.01125"), D("0.01125"), D("0.005625"), True) == (
        reserved,
        settled,
        estimate.cost(used(10_000, 1_000)),
        estimate.assumed,
    )
    assert "gemini-3.7-flash has no listed batch rate" in book.basis()


def test_shipped_correction_halves_the_standard_rate(book: PriceBook) -> None:
    """A shipped correction gives the batch rate that the list lacks, keeps cached Gemini input, and is stated."""
    of = ("gemini", "models/gemini-3.7-flash", NOW)
    price = book.batch(*of)

    assert (D(".375"), D("1.875"), D(".075")) == (
        price.input.base,
        price.output.base,
        price.cache_read and price.cache_read.base,
    )
    assert D("0.005625") == book.reserve(*of, 48).worst(10_000, 1_000)
    assert "gemini-3.7-flash in batches at half the standard rate (Gemini API pricing page" in book.basis()


def test_shipped_correction_keeps_the_long_prompt_tier(book: PriceBook) -> None:
    """A batch row that lost its long-prompt tier is billed with half of the standard tier."""
    price = book.batch("openai", "gpt-5.5-pro", NOW)

    assert (D("4.08"), D("9.135")) == (price.cost(used(266_000, 1_000)), price.cost(used(300_000, 1_000)))


def test_batch_rates_are_not_assumed_before_their_first_day() -> None:
    """A batch rate that is listed from a day on does not hold before it."""
    book = PriceBook(snapshot=PINNED)

    assert D(2) == book.batch("openai", "gpt-4.1", datetime(2026, 10, 13, 23, 59, tzinfo=UTC)).input.base
    assert D(1) == book.batch("openai", "gpt-4.1", datetime(2026, 10, 14, tzinfo=UTC)).input.base


def test_times_of_other_zones_are_understood(book: PriceBook) -> None:
    """The moment counts, not the zone it is written in; a naive time is UTC."""
    at = datetime.fromisoformat("2026-12-01T01:00:00+02:00")

    assert D(1) == book.batch("gemini", "gemini-4-argon", at).input.base
    assert (
        D(2)
        == book.batch("gemini", "gemini-4-argon", datetime(2026, 12, 1, tzinfo=UTC).replace(tzinfo=None)).input.base
    )


def test_unknown_model_is_refused(book: PriceBook) -> None:
    """A model without a price is an error that names its like and the option that states a price (r10)."""
    with pytest.raises(UnknownPriceError) as caught:
        book.reserve("gemini", "gemini-4-carbon", NOW, 48)

    message = caught.value.message
    assert "'gemini-4-carbon' (gemini)" in message
    assert "gemini-4-argon" in message
    assert "--price IN,OUT" in message
    assert "Batch.set_price('gemini-4-carbon', IN, OUT)" in message


@pytest.mark.parametrize(
    ("provider", "model"),
    [("gemini", "gemini-4-carbon"), ("openai", "text-embedding-3"), ("elsewhere", "gpt-4.1"), ("anthropic", "gpt-4.1")],
)
def test_no_lookup_invents_a_price(book: PriceBook, provider: str, model: str) -> None:
    """Every lookup refuses a model without token rates, and a model or provider that is not listed."""
    for lookup in (book.batch, book.live, book.expected):
        with pytest.raises(UnknownPriceError):
            lookup(provider, model, NOW)


def test_stated_price_wins(book: PriceBook) -> None:
    """The user's price is used to bill, estimate and reserve, also where the list knows another."""
    mine = PriceBook({"gemini-4-argon": (D("7"), D("8")), "own-model": (D("1"), D("2"))}, snapshot=PINNED)
    usage = used(1_000_000, 1_000_000)

    for price in (
        mine.batch("gemini", "models/gemini-4-argon", NOW),
        mine.expected("gemini", "Gemini-4-argon", NOW),
        mine.reserve("gemini", "gemini-4-argon", NOW, 48),
    ):
        assert D(15) == price.cost(usage)
    assert D(3) == mine.batch("openai", "own-model", NOW).cost(usage)
    assert "own-model at 1 in, 2 out per million tokens, stated by you" in mine.basis()


def test_real_time_price_of_a_stated_model() -> None:
    """Real time costs what was stated for it, else what the list says, else twice the stated batch price."""
    pair = {"gpt-4.1": (D("7"), D("8")), "own-model": (D("1"), D("2"))}
    mine = PriceBook(pair, snapshot=PINNED)
    local = PriceBook(pair, live_prices={"own-model": (D(0), D(0))}, snapshot=PINNED)

    assert (D(2), D(2), D(0)) == (
        mine.live("openai", "gpt-4.1", NOW).input.base,
        mine.live("openai", "own-model", NOW).input.base,
        local.live("openai", "own-model", NOW).input.base,
    )
    assert D("0") == local.reserve("openai", "own-model", NOW, 1, live=True).worst(1_000, 1_000)


@pytest.mark.parametrize("pair", [("a", 1), (1,), (-1, 2), ("NaN", 1), (1, float("inf")), None])
def test_stated_price_must_be_two_amounts(pair: object) -> None:
    """A stated price that is not two amounts is refused with an example."""
    with pytest.raises(ValidationError, match=r"price of 'm' must be two numbers.*1\.25,10"):
        PriceBook({"m": pair})  # type: ignore[dict-item]


def test_stated_price_may_be_a_number_or_text() -> None:
    """Floats and text are taken as they are written."""
    book = PriceBook({"m": (0.1, "0.2")}, snapshot=PINNED)  # type: ignore[dict-item]

    assert D("0.3") == book.batch("openai", "m", NOW).cost(used(1_000_000, 1_000_000))


def test_settled_by_the_model_that_answered(book: PriceBook) -> None:
    """The bill goes by the reported name, by the asked name where the reported one is unknown."""
    known = book.settled("gemini", "gemini-2.5-flash", "gemini-2.5-pro", NOW)
    unknown = book.settled("gemini", "gemini-2.5-flash", "gemini-internal-7", NOW)
    mine = PriceBook({"alias": (D(9), D(9))}, snapshot=PINNED).settled("gemini", "alias", "gemini-2.5-pro", NOW)
    live = book.settled("gemini", "gemini-2.5-flash", None, NOW, live=True)

    assert [D(".625"), D(".15"), D(9), D(".3")] == [price.input.base for price in (known, unknown, mine, live)]


def test_basis_names_the_data() -> None:
    """The basis states package, version and kind of data."""
    from importlib.metadata import version

    expected = f"genai-prices {version('genai-prices')} (bundled data); list prices in USD before tax"

    assert expected == PriceBook(snapshot=PINNED).basis()


def test_models_are_listed_with_prices(book: PriceBook) -> None:
    """The list holds every model with token rates, of its own provider, and leaves the basis as it was."""
    models = book.models(at=NOW)

    assert sorted(info.id for info in ANTHROPIC) == [m.name for m in models if m.provider == "anthropic"]
    assert {"gemini-2.5-flash", "gemini-2.5-pro", "gemini-4-argon", "gemini-3.7-flash"} == {
        m.name for m in models if m.provider == "gemini"
    }
    assert "text-embedding-3" not in {m.name for m in models}
    assert PriceBook(snapshot=PINNED).basis() == book.basis()


def test_models_are_searched_by_text() -> None:
    """A text keeps the models whose provider or name holds it, the user's own included."""
    book = PriceBook({"sonnet-local": (D(1), D(2))}, snapshot=PINNED)
    models = book.models("SONNET", at=NOW)
    expected = [("claude-sonnet-4-0", False), ("claude-sonnet-5-5", False), ("sonnet-local", True)]

    assert expected == [(m.name, m.stated) for m in models]
    assert (D(1), D(2), 1_000_000) == (models[1].batch.input.base, models[1].live.input.base, models[1].context)


def test_a_long_run_does_not_grow_the_cache(book: PriceBook) -> None:
    """Lookups at ever new times stay bounded in memory."""
    for minute in range(5_000):
        book.reserve("openai", "gpt-4.1", NOW + timedelta(minutes=minute), 1)

    assert max(len(book._entries), len(book._reserves)) <= 4_096


def test_bills_stay_within_what_is_reserved(book: PriceBook) -> None:
    """Whatever a listed or a stated model caches, its bill is no higher than its reservation."""
    mine = PriceBook({"gpt-6.1-sol": (D(1), D(5))}, snapshot=PINNED)
    usage = used(20_000, 800, 4_000, 16_000)
    for each, model in ((book, "gpt-4.1"), (book, "gpt-6.1-sol"), (mine, "gpt-6.1-sol")):
        reserved = each.reserve("openai", model, NOW, 25).worst(20_000, 800, cache_write="implicit")

        assert each.batch("openai", model, NOW).cost(usage) <= reserved


def test_import_is_light() -> None:
    """Importing the module loads no price data."""
    code = "import sys, batchata_nb.providers.prices; print('genai_prices' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    expected = "False False"
    assert expected == done.stdout.strip()
