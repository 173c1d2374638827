"""Rates, bills and worst cases."""

from decimal import Decimal, getcontext, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchata_nb.core.pricing import CacheWrite, Price, Rate, dearest
from batchata_nb.core.results import Usage

D = Decimal


def flat(rate_in: str, rate_out: str) -> Price:
    """A price without tiers or cache rates."""
    return Price(input=Rate(D(rate_in)), output=Rate(D(rate_out)))


SONNET = Price(
    input=Rate(D("1")),
    output=Rate(D("5")),
    cache_read=Rate(D(".05")),
    cache_write_5m=Rate(D("1.25")),
    cache_write_1h=Rate(D("2")),
    web_search=D("10"),
)
HAIKU = Price(input=Rate(D(".05"), ((100_000, D(".25")),)), output=Rate(D(".25"), ((100_000, D("1.25")),)))


@pytest.mark.parametrize(("tokens", "expected"), [(0, "1"), (200, "1"), (201, "2"), (300, "2"), (301, "3")])
def test_tier_applies_above_its_start(tokens: int, expected: str) -> None:
    """A tier's price holds for prompts of more tokens than its start, not for its start itself."""
    rate = Rate(D(1), ((200, D(2)), (300, D(3))))

    assert D(expected) == rate.at(tokens)


def test_worst_rate_survives_a_cheaper_tier() -> None:
    """The worst rate of a bound covers every smaller prompt, also where longer prompts are cheaper."""
    rate = Rate(D(4), ((1000, D(2)),))

    assert D(4) == rate.worst(5000)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=3, unique_by=lambda t: t[0]),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=3, unique_by=lambda t: t[0]),
    st.integers(0, 60),
)
def test_max_of_two_rates_is_their_max_at_every_size(
    a: list[tuple[int, int]], b: list[tuple[int, int]], tokens: int
) -> None:
    """The dearer of two rates is the dearer one for every size of prompt."""
    one, two = (Rate(D(3), tuple((s, D(p)) for s, p in sorted(tiers))) for tiers in (a, b))

    assert max(one.at(tokens), two.at(tokens)) == one.max(two).at(tokens)


def test_tier_cliff_reprices_the_whole_request() -> None:
    """One token past the threshold re-prices all tokens, output too."""
    under = HAIKU.cost(Usage(input_tokens=100_000, output_tokens=1_000))
    over = HAIKU.cost(Usage(input_tokens=100_001, output_tokens=1_000))

    assert (D("0.00525"), D("0.02625025")) == (under, over)


def test_cache_tokens_are_parts_of_the_prompt() -> None:
    """Cached and cache-written tokens are billed at their own rates and not again as input."""
    usage = Usage(input_tokens=10_000, cache_read_tokens=1_000, cache_write_tokens=8_000, output_tokens=500)

    assert D("0.01355") == SONNET.cost(usage)


def test_hour_long_cache_writes_have_their_own_rate() -> None:
    """Cache writes that live an hour are billed at the dearer rate, the remaining writes at the other."""
    usage = Usage(input_tokens=8_000, cache_write_tokens=8_000, cache_write_1h_tokens=3_000)

    assert (D(5_000) * D("1.25") + D(3_000) * 2) / 1_000_000 == SONNET.cost(usage)


def test_missing_cache_rates_follow_the_input_rate() -> None:
    """Without cache rates a read costs what input costs, a write 1.25 times as much, an hour's write twice as much."""
    usage = Usage(input_tokens=3_000_000, cache_read_tokens=1_000_000, cache_write_tokens=2_000_000)
    hour = Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000, cache_write_1h_tokens=1_000_000)

    assert (D("7"), D("4")) == (flat("2", "8").cost(usage), flat("2", "8").cost(hour))


def test_searches_are_billed_per_thousand() -> None:
    """Server-side searches are billed at dollars per 1,000."""
    assert D("0.03") == SONNET.cost(Usage(web_searches=3))


def test_no_usage_costs_nothing() -> None:
    """A request without usage, such as an errored one, costs exactly zero."""
    assert D(0) == SONNET.cost(Usage())


def test_sums_stay_exact() -> None:
    """Ten thousand bills add up without drift."""
    each = flat(".05", ".25").cost(Usage(input_tokens=333, output_tokens=77))

    assert (D("0.0000359"), D("0.359")) == (each, sum([each] * 10_000, D(0)))


def test_precision_does_not_depend_on_the_caller() -> None:
    """A notebook that lowers the decimal precision does not change a bill."""
    with localcontext() as context:
        context.prec = 3
        cost = HAIKU.cost(Usage(input_tokens=100_001, output_tokens=1_000))
        worst = HAIKU.worst(100_001, 1_000)

    assert (D("0.02625025"), D("0.02625025")) == (cost, worst)
    assert getcontext().prec > 3


def test_reservations_round_up() -> None:
    """A worst case that has more digits than are kept is rounded up, a bill is not."""
    price = flat("0." + "3" * 60, "0")

    assert price.worst(1, 0) > price.cost(Usage(input_tokens=1))


@pytest.mark.parametrize(("cache_write", "expected"), [(None, "0.0062"), ("5m", "0.0065"), ("1h", "0.0074")])
def test_worst_case_counts_the_dearest_possible_write(cache_write: CacheWrite | None, expected: str) -> None:
    """If a cache write can happen, all input is reserved at the write rate."""
    assert D(expected) == SONNET.worst(1_200, 1_000, cache_write=cache_write)


@pytest.mark.parametrize(("bound", "factor"), [(1_023, "1"), (1_024, "1.25")])
def test_implicit_writes_start_at_the_minimum(bound: int, factor: str) -> None:
    """Prompts too short for implicit caching are not reserved at the write rate."""
    assert D(bound) * D(factor) / 1_000_000 == flat("1", "5").worst(bound, 0, cache_write="implicit")


def test_multiplier_scales_tokens() -> None:
    """A regional surcharge applies to tokens, before and after."""
    price = Price(input=Rate(D(1)), output=Rate(D(5)), web_search=D(10), multiplier=D("1.1"))

    assert (D("0.0066"), D("0.0166")) == (
        price.worst(1_000, 1_000),
        price.cost(Usage(input_tokens=1_000, output_tokens=1_000, web_searches=1)),
    )


def test_times_leaves_searches() -> None:
    """Scaling a price scales every token rate and no search."""
    half = SONNET.times(D(".5"))

    assert (D(".5"), D("2.5"), D(".025"), D("10")) == (
        half.input.base,
        half.output.base,
        half.cache_read and half.cache_read.base,
        half.web_search,
    )


def test_dearest_takes_each_rate_from_the_dearer_price() -> None:
    """The dearest of several prices takes the highest of every rate, derived ones too."""
    one = dearest([flat("1", "9"), flat("2", "8"), SONNET])

    assert (D("2"), D("9"), D("2.5"), D("4"), D("10")) == (
        one.input.base,
        one.output.base,
        one.cache_write_5m and one.cache_write_5m.base,
        one.cache_write_1h and one.cache_write_1h.base,
        one.web_search,
    )


@given(
    st.integers(0, 300_000),
    st.integers(0, 5_000),
    st.integers(0, 5_000),
    st.fractions(0, 1),
    st.fractions(0, 1),
)
def test_a_bill_never_exceeds_its_worst_case(bound: int, cap: int, out: int, fill: Fraction, cached: Fraction) -> None:
    """Whatever is used within the bounds, the bill stays within the worst case."""
    prompt = int(bound * fill)
    written = int(prompt * cached)
    usage = Usage(input_tokens=prompt, output_tokens=min(out, cap), cache_write_tokens=written)

    assert HAIKU.cost(usage) <= HAIKU.worst(bound, cap, cache_write="5m")
